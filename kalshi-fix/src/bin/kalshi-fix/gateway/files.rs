//! What the exchange leaves for its clients: a certificate, private keys that only their owner can read, and a description.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Gateway, Issuer};

use super::sessions;
use crate::directory::{self, Access};
use crate::held::{self, Held};
use crate::output::Failure;

/// The directory that was asked for, and that nobody else has as long as this lives.
///
/// The description is there while the exchange runs. The keys stay.
pub(super) struct Directory {
    path: PathBuf,
    _held: Held,
}

/// A member's private key, and the API keys that are registered for it: one for each session, since each takes one connection.
pub(super) struct MemberKeys {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    pub(super) ids: Vec<(Product, SessionKind, String)>,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Directory, Failure> {
        directory::ready(path, Access::OwnerAlone)?;
        let root = path.join(ROOT);
        if !held::was_held(path) && root.try_exists().map_err(Failure::unreadable(&root))? {
            return Err(Failure::Usage(format!(
                "{} is there, and no exchange has written it; name another directory for this one",
                root.display()
            )));
        }
        let held = Held::take(path)?;
        let directory = Directory {
            path: path.to_owned(),
            _held: held,
        };
        // One that was killed has left its own.
        directory.withdraw()?;
        Ok(directory)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.path.join(ROOT)
    }

    pub(super) fn description(&self) -> PathBuf {
        self.path.join("exchange.json")
    }

    /// Who issues the exchange's certificate: whom an earlier run has left, so that its clients go on with this one.
    pub(super) fn issuer(&self) -> Result<Issuer, Failure> {
        let path = self.path.join(ISSUER);
        if path.try_exists().map_err(Failure::unreadable(&path))? {
            let pem = fs::read_to_string(&path).map_err(Failure::unreadable(&path))?;
            return Issuer::from_pem(&pem).map_err(|error| {
                Failure::Usage(format!(
                    "{}: {error}\nan earlier run has left that file; put it right, or remove it to have another issuer, \
                     whose root certificate clients have to read anew",
                    path.display()
                ))
            });
        }
        let issuer = Issuer::generate()?;
        write_private(&path, issuer.to_pem().as_bytes()).map_err(Failure::unwritable(&path))?;
        Ok(issuer)
    }

    pub(super) fn write_root(&self, pem: &str) -> Result<(), Failure> {
        let path = self.root();
        write_private(&path, pem.as_bytes()).map_err(Failure::unwritable(&path))
    }

    pub(super) fn write_description(&self, json: &str) -> Result<(), Failure> {
        let path = self.description();
        write_private(&path, json.as_bytes()).map_err(Failure::unwritable(&path))
    }

    /// What leads a member's own programs here, which depends on this directory's path.
    pub(super) fn write_variables(
        &self,
        member: u32,
        script: impl FnOnce(&Path) -> String,
    ) -> Result<(), Failure> {
        let path = self.path.join(variables_name(member));
        let there = fs::canonicalize(&self.path).map_err(Failure::unreadable(&self.path))?;
        write_private(&path, script(&there).as_bytes()).map_err(Failure::unwritable(&path))
    }

    /// Leads no further client to the exchange.
    pub(super) fn withdraw(&self) -> Result<(), Failure> {
        let mut leads = vec![self.description()];
        let entries = fs::read_dir(&self.path).map_err(Failure::unreadable(&self.path))?;
        leads.extend(entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            is_variables(path.file_name()?.to_str()?).then_some(path)
        }));
        for path in leads {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Failure::unwritable(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether an earlier run has left a member's private key.
    pub(super) fn has_key(&self, member: u32) -> bool {
        self.path.join(key_name(member)).exists()
    }

    /// A new member of the exchange. Its private key is the one that an earlier run has left, so that its API keys are the
    /// same, too.
    pub(super) fn member(&self, number: u32, gateway: &Gateway) -> Result<MemberKeys, Failure> {
        let path = self.path.join(key_name(number));
        let faulty = |source| Failure::Key {
            path: path.clone(),
            source,
        };
        let key = if path.try_exists().map_err(Failure::unreadable(&path))? {
            PrivateKey::from_pem_file(&path).map_err(|error| {
                Failure::Usage(format!(
                    "{error}\nan earlier run has left that file; put it right, or remove it to have a new key made"
                ))
            })?
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

impl Drop for Directory {
    fn drop(&mut self) {
        // However it comes that nothing is served any more.
        let _ = self.withdraw();
    }
}

/// Where sessions that retransmit are kept.
pub(super) fn sessions_in(directory: &Path) -> PathBuf {
    directory.join("sessions")
}

pub(super) fn key_name(member: u32) -> String {
    format!("member-{member}.pem")
}

pub(super) fn variables_name(member: u32) -> String {
    format!("member-{member}.env")
}

fn is_variables(name: &str) -> bool {
    let number = name
        .strip_prefix("member-")
        .and_then(|rest| rest.strip_suffix(".env"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
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

/// The key by which the exchange's certificates are signed.
const ISSUER: &str = "issuer.pem";
/// The certificate to trust.
pub(super) const ROOT: &str = "root.pem";
