//! The commands that open sessions, run as a user runs them: against an exchange of their own, and against one of the test's.

#[path = "cli_sessions/book.rs"]
mod book;
#[path = "cli_sessions/gateway.rs"]
mod gateway;
#[path = "cli_sessions/keygen.rs"]
mod keygen;
#[path = "cli_sessions/passphrase.rs"]
mod passphrase;
#[path = "cli_sessions/probe.rs"]
mod probe;
#[path = "cli_sessions/screen.rs"]
mod screen;
#[path = "cli_sessions/terminal.rs"]
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::gateway::Gateway;

const SYMBOL: &str = "HIGHNY-23DEC31";

/// What the program has said, and how it ended.
#[derive(Debug)]
struct Told {
    code: i32,
    out: String,
    error: String,
}

/// Runs the program without any credentials, unless some are given.
async fn told(arguments: &[&str], variables: &[(&str, &str)]) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"));
    command.args(arguments).stdin(Stdio::null());
    without_credentials(&mut command);
    command.envs(variables.iter().copied());
    // On a thread of its own: the exchange of a test runs on this one's runtime.
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("the thread ends").expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Told {
        code: output.status.code().expect("the program exits by itself"),
        out: text(output.stdout),
        error: text(output.stderr),
    }
}

/// Whoever runs the tests may have keys of the venue at hand.
fn without_credentials(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KALSHI_") {
            command.env_remove(name);
        }
    }
}

/// A place for a test's files that is empty.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sessions").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the scratch directory can be made");
    path
}

/// An exchange of the test's, and what a client needs to know of it.
struct Venue {
    gateway: Gateway,
    root: String,
    key: String,
    id: String,
}

impl Venue {
    fn new(gateway: Gateway, name: &str) -> Venue {
        let directory = scratch(name);
        let (root, path) = (directory.join("root.pem"), directory.join("key.pem"));
        std::fs::write(&root, gateway.root_certificate()).expect("the root is written");
        let key = PrivateKey::generate().expect("a key");
        std::fs::write(&path, key.to_pem().expect("a PEM").as_bytes()).expect("the key is written");
        Venue {
            id: gateway.member().add_key(key.public_key()),
            gateway,
            root: root.display().to_string(),
            key: path.display().to_string(),
        }
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [
            ("KALSHI_KEY_ID", &self.id),
            ("KALSHI_PRIVATE_KEY_PATH", &self.key),
        ]
    }
}
