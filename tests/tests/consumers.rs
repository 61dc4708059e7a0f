//! Crates outside the workspace build and run, without a warning, as a user's would.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn renamed() {
    let output = run("renamed");
    assert!(
        output.starts_with("both dialects work under another name: 8=FIXT.1.1|"),
        "{output}"
    );
}

/// Builds and runs a copy of a consumer; returns what it prints.
///
/// The copy stands below the target directory, so that nothing is written among the sources. It gets the workspace's
/// lock file, so that it finds every dependency without a network.
fn run(name: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = tests.parent().expect("the workspace");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("consumers")
        .join(name);
    copy_tree(&tests.join("consumers").join(name), &copy);
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let absolute = text.replace("../../../", &format!("{}/", workspace.display()));
    assert_ne!(absolute, text, "no dependency by path");
    fs::write(&manifest, absolute).expect("a manifest");
    fs::copy(workspace.join("Cargo.lock"), copy.join("Cargo.lock")).expect("a lock file");

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(copy.join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "", "a warning");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Copies a directory, without what a build has left in it.
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path: PathBuf = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() && name != "target" {
            copy_tree(&path, &to.join(name));
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}
