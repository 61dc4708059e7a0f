//! `keygen`: a key pair for the venue, whose private half nobody else can read.

mod passphrase;

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kalshi_fix::credentials::{PrivateKey, PublicKey};
use rsa::sha2::{Digest as _, Sha256};

use crate::arguments::{KeyBits, KeygenArguments};
use crate::output::{Failure, Findings, Output, Style};
use crate::shell::quoted;
use passphrase::passphrase;

pub(crate) fn run(arguments: &KeygenArguments, output: &mut Output) -> Result<Findings, Failure> {
    let private = &arguments.file;
    let public = public_path(private);
    // Before the work, and before a passphrase is asked for.
    check_place(private)?;
    for path in [private, &public] {
        if path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
    }
    let passphrase = arguments.encrypt.then(passphrase).transpose()?;
    let faulty = |source| Failure::Key {
        path: private.clone(),
        source,
    };
    let bits = match arguments.bits {
        KeyBits::Bits2048 => 2048,
        KeyBits::Bits3072 => 3072,
        KeyBits::Bits4096 => 4096,
    };
    let key = PrivateKey::generate_with(bits).map_err(faulty)?;
    let pem = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase),
        None => key.to_pem(),
    };
    let public_pem = key.public_key().to_pem().map_err(faulty)?;
    write_new(private, pem.map_err(faulty)?.as_bytes(), OWNER_ALONE)?;
    if let Err(failure) = write_new(&public, public_pem.as_bytes(), EVERYBODY) {
        // A key that nobody has seen yet is of no use without its other half.
        let _ = fs::remove_file(private);
        return Err(failure);
    }
    let text = summary(arguments, &public, &key.public_key(), &public_pem, bits, output).map_err(faulty)?;
    output.write(&text)?;
    Ok(Findings::None)
}

/// Whether a file can be made there, as far as that can be told beforehand.
fn check_place(private: &Path) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::Usage(why));
    let text = private.to_string_lossy();
    if text == "-" {
        return refused(
            "a private key goes into a file, and never to the output; name one, such as kalshi.pem"
                .to_owned(),
        );
    }
    let inside = private.join("kalshi.pem");
    let inside = inside.display();
    if private.is_dir() {
        return refused(format!(
            "{text} is a directory; name a file in it, such as {inside}"
        ));
    }
    let named = text.trim_end_matches(std::path::is_separator);
    if named.len() < text.len() {
        return refused(if Path::new(named).symlink_metadata().is_ok() {
            format!("{named} is no directory, as the name {text} has it; name a file that is to be made")
        } else {
            format!(
                "there is no directory {named}; make it first, and name a file in it, such as {inside}: mkdir -p {}",
                quoted(named)
            )
        });
    }
    if let Some(other) = private_name(private) {
        return refused(format!(
            "{text} is the name of a public key, which others may have; name the private key's file, such as {}: the \
             public one becomes {}",
            other.display(),
            public_path(&other).display()
        ));
    }
    match private.parent() {
        Some(directory) if directory.is_dir() || directory.as_os_str().is_empty() => Ok(()),
        Some(directory) if directory.exists() => refused(format!(
            "{} is a file, so that {text} cannot be in it",
            directory.display()
        )),
        Some(directory) => refused(format!(
            "there is no directory {0}; make it first: mkdir -p {1}",
            directory.display(),
            quoted(&directory.display().to_string())
        )),
        None => Ok(()),
    }
}

fn summary(
    arguments: &KeygenArguments,
    public: &Path,
    key: &PublicKey,
    pem: &str,
    bits: usize,
    output: &Output,
) -> Result<String, kalshi_fix::credentials::KeyError> {
    // It is used from anywhere.
    let path = std::path::absolute(&arguments.file);
    let path = path.as_deref().unwrap_or(&arguments.file).display().to_string();
    let exported = quoted(&path);
    let private = arguments.file.display();
    let strong = |text: &str| output.styled(Style::Strong, text);
    let mut text = String::new();
    let secret = if arguments.encrypt { ", encrypted" } else { "" };
    let _ = writeln!(
        text,
        "private key  {private} (RSA, {bits} bits{secret}; keep it to yourself)"
    );
    let _ = writeln!(text, "public key   {}", public.display());
    let _ = writeln!(text, "fingerprint  SHA256:{}", fingerprint(key)?);
    let _ = write!(
        text,
        "\n{}\n  1. Open https://demo.kalshi.co/account/profile\n     (real money: https://kalshi.com/account/profile).\n  \
         2. Press \"Create key\", name it, and paste this into \"RSA public key\":\n\n{pem}\n  \
         3. Press \"Create\", and copy the id that it shows (a UUID).\n     \
         Sessions that are open at the same time need a key each, and\n     \
         the demo environment and production do not know each other's.\n\n{}\n{ACCESS}\n{}\n  \
         export KALSHI_KEY_ID=<the id>\n  export KALSHI_PRIVATE_KEY_PATH={exported}\n",
        strong("What to do with it"),
        strong("Who may log on with it"),
        strong("Then"),
    );
    if arguments.encrypt {
        let _ = writeln!(text, "  export {}=<the passphrase>", passphrase::VARIABLE);
    }
    text.push_str("  kalshi-fix probe --demo\n\nFor margin, the names begin with KALSHI_PERPS_, and it is\n`kalshi-fix probe --demo --product margin`.\n");
    Ok(text)
}

/// SHA-256 of the public key's DER, in hexadecimal: what `openssl pkey -pubin -outform DER | openssl dgst -sha256` says.
fn fingerprint(key: &PublicKey) -> Result<String, kalshi_fix::credentials::KeyError> {
    let pem = key.to_pem()?;
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    // It was encoded a moment ago.
    let der = STANDARD.decode(base64).unwrap_or_default();
    let mut text = String::new();
    for byte in Sha256::digest(der) {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// `demo.pub.pem` beside `demo.pem`.
fn public_path(private: &Path) -> PathBuf {
    let is_pem = private.extension().is_some_and(|extension| extension == "pem");
    if is_pem {
        private.with_extension("pub.pem")
    } else {
        let mut name = private.as_os_str().to_owned();
        name.push(".pub");
        PathBuf::from(name)
    }
}

/// What the private key is called whose public half has this name; `None` where it is no public key's name.
fn private_name(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let lower = name.to_ascii_lowercase();
    let (public, private) = [(".pub.pem", ".pem"), (".pub", "")]
        .into_iter()
        .find(|(public, _)| lower.ends_with(public))?;
    let stem = &name[..name.len() - public.len()];
    Some(path.with_file_name(match stem {
        "" => "kalshi.pem".to_owned(),
        stem => format!("{stem}{private}"),
    }))
}

fn exists(path: &Path) -> Failure {
    Failure::Usage(format!(
        "{} is there already, and no key is ever overwritten; name another file",
        path.display()
    ))
}

/// Writes a file that was not there, or leaves none.
fn write_new(path: &Path, contents: &[u8], mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::unwritable(path)(error),
    })?;
    let written = file.write_all(contents).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        Failure::unwritable(path)(error)
    })
}

/// As the venue's documentation had it in August 2026 (its pages Common Components, Connectivity, and Rate Limits and Tiers).
const ACCESS: &str = "  \
  The venue's documentation: \"Members on the Premier tier or above have FIX
  access by default.\" It makes no exception for the demo environment, and of
  margin says nothing. Tiers are earned by trading volume, or assigned by
  Kalshi; GET /account/limits says which one is yours. KalshiRT and KalshiPT
  are had on request: institutional@kalshi.com. Without access a logon is
  refused, and `kalshi-fix probe` says so.
";
const OWNER_ALONE: u32 = 0o600;
const EVERYBODY: u32 = 0o644;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_half_lies_beside_it() {
        let check = |private: &str, expected: &str| {
            assert_eq!(public_path(Path::new(private)), Path::new(expected));
        };
        check("demo.pem", "demo.pub.pem");
        check("keys/a.b.pem", "keys/a.b.pub.pem");
        check("kalshi-fix.key", "kalshi-fix.key.pub");
        check("demo", "demo.pub");
    }

    #[test]
    fn a_public_keys_name_is_none_for_a_private_one() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(
                private_name(Path::new(name)).as_deref(),
                expected.map(Path::new),
                "{name}"
            );
        };
        check("keys/demo.pub.pem", Some("keys/demo.pem"));
        check("a.b.pub", Some("a.b"));
        check("DEMO.PUB", Some("DEMO"));
        check(".pub", Some("kalshi.pem"));
        check("keys/.pub.pem", Some("keys/kalshi.pem"));
        check("demo.pem", None);
        check("pub.pem", None);
        check("pub", None);
        check("x.pub/demo.pem", None);
    }
}
