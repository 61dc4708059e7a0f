//! What the exchange leaves for its clients: a certificate, private keys that only their owner can read, and a description.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;

use super::sessions;
use crate::output::Failure;

/// The directory that was asked for.
pub(super) struct Directory(PathBuf);

/// A member's private key, and the API keys that are registered for it: one for each session, since each takes one connection.
pub(super) struct MemberKeys {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    pub(super) ids: Vec<(Product, SessionKind, String)>,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Directory, Failure> {
        create_private(path).map_err(Failure::unwritable(path))?;
        Ok(Directory(path.to_owned()))
    }

    pub(super) fn root(&self) -> PathBuf {
        self.0.join(ROOT)
    }

    pub(super) fn description(&self) -> PathBuf {
        self.0.join("exchange.json")
    }

    pub(super) fn sessions(&self) -> PathBuf {
        self.0.join("sessions")
    }

    pub(super) fn write_root(&self, pem: &str) -> Result<(), Failure> {
        let path = self.root();
        write_private(&path, pem.as_bytes()).map_err(Failure::unwritable(&path))
    }

    pub(super) fn write_description(&self, json: &str) -> Result<(), Failure> {
        let path = self.description();
        write_private(&path, json.as_bytes()).map_err(Failure::unwritable(&path))
    }

    /// A new member of the exchange. Its private key is the one that an earlier run has left, so that its API keys are the
    /// same, too.
    pub(super) fn member(&self, number: u32, gateway: &Gateway) -> Result<MemberKeys, Failure> {
        let path = self.0.join(key_name(number));
        let faulty = |source| Failure::Key {
            path: path.clone(),
            source,
        };
        let key = if path.try_exists().map_err(Failure::unreadable(&path))? {
            PrivateKey::from_pem_file(&path).map_err(faulty)?
        } else {
            let key = PrivateKey::generate().map_err(faulty)?;
            let pem = key.to_pem().map_err(faulty)?;
            write_private(&path, pem.as_bytes()).map_err(Failure::unwritable(&path))?;
            key
        };
        let member = gateway.member();
        let ids = sessions()
            .map(|(product, kind)| (product, kind, member.add_key(key.public_key())))
            .collect();
        Ok(MemberKeys { number, path, ids })
    }
}

pub(super) fn key_name(member: u32) -> String {
    format!("member-{member}.pem")
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Writes a file that only its owner can read, in one step: who looks finds the old one or the new one.
fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

/// The certificate to trust.
pub(super) const ROOT: &str = "root.pem";
