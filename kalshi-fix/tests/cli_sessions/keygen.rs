//! `keygen`: what it writes, and what it refuses.

use std::fs;

use kalshi_fix::credentials::{PrivateKey, PublicKey};

use super::{scratch, told};

#[tokio::test]
async fn a_pair_that_belongs_together() {
    let directory = scratch("keygen");
    let (private, public) = (directory.join("demo.pem"), directory.join("demo.pub.pem"));
    let path = private.display().to_string();
    let told_first = told(&["keygen", &path], &[]).await;
    assert_eq!(
        (told_first.code, told_first.error.as_str()),
        (0, ""),
        "{told_first:?}"
    );
    let key = PrivateKey::from_pem_file(&private).unwrap();
    let other_half = fs::read_to_string(&public).unwrap();
    assert_eq!(key.public_key().to_pem().unwrap(), other_half);
    assert!(PublicKey::from_pem_file(&public).is_ok());
    assert!(
        fs::read_to_string(&private)
            .unwrap()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    // What is said has all that is to be pasted, and nothing that is to be kept.
    assert!(told_first.out.contains(&other_half), "{}", told_first.out);
    assert!(!told_first.out.contains("PRIVATE KEY-----"), "{}", told_first.out);
    let fingerprint = told_first
        .out
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint  SHA256:"));
    assert_eq!(fingerprint.map(str::len), Some(64), "{}", told_first.out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&private), 0o600);
        // The umask may take something away.
        assert_eq!(mode(&public) & 0o600, 0o600);
    }

    let (before, again) = (fs::read(&private).unwrap(), told(&["keygen", &path], &[]).await);
    assert_eq!(again.code, 2);
    assert!(again.error.contains("no key is ever overwritten"), "{again:?}");
    assert_eq!(fs::read(&private).unwrap(), before);
    // A public key that is there is not overwritten either, and no private one is left without its own.
    fs::rename(&private, directory.join("kept")).unwrap();
    let again = told(&["keygen", &path], &[]).await;
    assert_eq!(again.code, 2);
    assert!(again.error.contains("demo.pub.pem is there already"), "{again:?}");
    assert!(!private.exists());
}

#[tokio::test]
async fn an_encrypted_key_opens_by_its_passphrase() {
    let directory = scratch("keygen-encrypted");
    let path = directory.join("key").display().to_string();
    let arguments = ["keygen", &path, "--encrypt"];
    let without = told(&arguments, &[]).await;
    assert_eq!(without.code, 2);
    assert!(
        without.error.contains("KALSHI_PRIVATE_KEY_PASSPHRASE"),
        "{without:?}"
    );
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let with = told(&arguments, &[("KALSHI_PRIVATE_KEY_PASSPHRASE", "open sesame")]).await;
    assert_eq!(with.code, 0, "{with:?}");
    assert!(!with.out.contains("sesame"), "{with:?}");
    let key = PrivateKey::from_encrypted_pem_file(&path, "open sesame").unwrap();
    let public = fs::read_to_string(directory.join("key.pub")).unwrap();
    assert_eq!(key.public_key().to_pem().unwrap(), public);
    assert!(PrivateKey::from_pem_file(&path).is_err());
}

/// What is to be pasted into a shell works from everywhere, and the venue's own words on access are there.
#[tokio::test]
async fn what_to_do_with_it() {
    let directory = scratch("keygen-said");
    let path = directory.join("it's mine.pem");
    // However it is named.
    let detour = format!("{}/./it's mine.pem", directory.display());
    let told = told(&["keygen", &detour], &[]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let quoted = path.display().to_string().replace('\'', r"'\''");
    let line = format!("\n  export KALSHI_PRIVATE_KEY_PATH='{quoted}'\n");
    assert!(told.out.contains(&line), "{line}: {}", told.out);
    for words in [
        "Members on the Premier tier or above have FIX\n  access by default.",
        "GET /account/limits",
        "institutional@kalshi.com",
        "kalshi-fix probe --demo\n",
        "`kalshi-fix probe --demo --product margin`",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let prose = told
        .out
        .lines()
        .filter(|line| !line.contains("mine") && !line.contains("SHA256:"));
    for line in prose {
        assert!(line.chars().count() <= 80, "{line}");
    }
    #[cfg(unix)]
    {
        // A shell reads back what was meant.
        let exported = told.out.lines().find(|line| line.contains("PRIVATE_KEY_PATH"));
        let script = format!("{}; printf %s \"$KALSHI_PRIVATE_KEY_PATH\"", exported.unwrap());
        let shell = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        let read = String::from_utf8(shell.stdout).unwrap();
        assert_eq!(fs::canonicalize(read).unwrap(), fs::canonicalize(path).unwrap());
    }
}

#[tokio::test]
async fn what_cannot_be() {
    let directory = scratch("keygen-refused");
    let inside = |name: &str| directory.join(name).display().to_string();
    let check = async |arguments: &[&str], expected: &str| {
        let told = told(arguments, &[]).await;
        assert_eq!(told.code, 2, "{arguments:?}: {told:?}");
        assert!(told.error.contains(expected), "{arguments:?}: {told:?}");
    };
    check(&["keygen"], "<FILE>").await;
    check(
        &["keygen", &inside("a"), "--bits", "1024"],
        "possible values: 2048, 3072, 4096",
    )
    .await;
    let missing = inside("no such/place");
    check(
        &["keygen", &format!("{missing}/key.pem")],
        &format!("there is no directory {missing}; make it first: mkdir -p '{missing}'\n"),
    )
    .await;
    check(
        &["keygen", "-"],
        "a private key goes into a file, and never to the output",
    )
    .await;
    let named = format!(
        "{0} is a directory; name a file in it, such as {0}/kalshi.pem\n",
        directory.display()
    );
    check(&["keygen", &directory.display().to_string()], &named).await;
    check(
        &["keygen", "."],
        ". is a directory; name a file in it, such as ./kalshi.pem",
    )
    .await;
    let new = inside("new");
    let made_first = format!(
        "kalshi-fix: there is no directory {new}; make it first, and name a file in it, such as {new}/kalshi.pem: mkdir -p \
         {new}\n"
    );
    check(&["keygen", &inside("new/")], &made_first).await;
    fs::write(directory.join("file"), "").unwrap();
    check(
        &["keygen", &inside("file/")],
        "file is no directory, as the name ",
    )
    .await;
    // A public key's name, under which somebody would hand it over.
    for (name, private, public) in [
        ("d.pub.pem", "d.pem", "d.pub.pem"),
        ("c.pub", "c", "c.pub"),
        (".pub", "kalshi.pem", "kalshi.pub.pem"),
    ] {
        let expected = format!(
            "kalshi-fix: {} is the name of a public key, which others may have; name the private key's file, such as {}: the \
             public one becomes {}\n",
            inside(name),
            inside(private),
            inside(public)
        );
        check(&["keygen", &inside(name)], &expected).await;
    }
    check(&["keygen", &inside("file/key.pem")], "file is a file, so that ").await;
    // Before a passphrase is asked for, too.
    let arguments = ["keygen", &inside("none/key.pem"), "--encrypt"];
    check(&arguments, "there is no directory").await;
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    #[cfg(unix)]
    {
        // A link to nowhere is not followed.
        std::os::unix::fs::symlink(directory.join("elsewhere"), directory.join("link")).unwrap();
        check(&["keygen", &inside("link")], "no key is ever overwritten").await;
        assert!(!directory.join("elsewhere").exists());
    }
}
