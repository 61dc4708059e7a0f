//! Credentials from environment variables.

use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::error::{CredentialsError, KeyError};
use super::key::PrivateKey;
use super::ring::{KeyRing, KeyUse};
use super::{Credentials, check_key_id};
use crate::environment::{Product, SessionKind};

/// The names of the variables for one key.
pub(crate) struct Variables {
    pub(crate) key_id: String,
    /// That of the other product, if there is one.
    pub(crate) other_product: Option<String>,
    pub(crate) text: String,
    pub(crate) path: String,
    pub(crate) passphrase: String,
}

impl Variables {
    pub(super) fn new(product: Product, key_use: Option<KeyUse>) -> Variables {
        let prefix = |product: Product| {
            let product = match product {
                Product::Prediction => "KALSHI_",
                Product::Margin => "KALSHI_PERPS_",
            };
            match key_use {
                None => product.to_owned(),
                Some(KeyUse::Session(kind)) => format!("{product}{}_", short(kind)),
                Some(KeyUse::Listener(kind)) => format!("{product}{}_LISTENER_", short(kind)),
            }
        };
        let (prefix, other) = (prefix(product), prefix(product.other()));
        Variables {
            key_id: format!("{prefix}KEY_ID"),
            other_product: Some(format!("{other}KEY_ID")),
            text: format!("{prefix}PRIVATE_KEY"),
            path: format!("{prefix}PRIVATE_KEY_PATH"),
            passphrase: format!("{prefix}PRIVATE_KEY_PASSPHRASE"),
        }
    }

    fn all(&self) -> [&str; 4] {
        [&self.key_id, &self.text, &self.path, &self.passphrase]
    }
}

/// `NR` of `KalshiNR`.
fn short(kind: SessionKind) -> &'static str {
    let name = kind.profile().target_comp_id;
    name.strip_prefix("Kalshi").unwrap_or(name)
}

impl Credentials {
    /// Reads the credentials for a product from the process's environment.
    ///
    /// | | prediction | margin |
    /// | --- | --- | --- |
    /// | id of the API key | `KALSHI_KEY_ID` | `KALSHI_PERPS_KEY_ID` |
    /// | the PEM itself, or | `KALSHI_PRIVATE_KEY` | `KALSHI_PERPS_PRIVATE_KEY` |
    /// | a file with it | `KALSHI_PRIVATE_KEY_PATH` | `KALSHI_PERPS_PRIVATE_KEY_PATH` |
    /// | its passphrase, if it is encrypted | `KALSHI_PRIVATE_KEY_PASSPHRASE` | `KALSHI_PERPS_PRIVATE_KEY_PASSPHRASE` |
    ///
    /// An empty variable counts as not set. In the PEM, `\n` written as two characters counts as the end of a line,
    /// since many deployment tools allow one line only.
    pub fn from_env(product: Product) -> Result<Credentials, CredentialsError> {
        Credentials::from_lookup(product, |name| std::env::var_os(name))
    }

    /// As [`from_env`](Credentials::from_env), reading through `lookup`: for tests, and for configuration that lives
    /// elsewhere.
    pub fn from_lookup<V: Into<OsString>>(
        product: Product,
        mut lookup: impl FnMut(&str) -> Option<V>,
    ) -> Result<Credentials, CredentialsError> {
        Credentials::read(Variables::new(product, None), &mut |name| present(lookup(name)))
    }

    pub(crate) fn read(variables: Variables, value: Lookup<'_>) -> Result<Credentials, CredentialsError> {
        let key_id = value(&variables.key_id).ok_or_else(|| CredentialsError::MissingKeyId {
            variable: variables.key_id.clone(),
            other_product: variables
                .other_product
                .clone()
                .filter(|other| value(other).is_some()),
        })?;
        let key_id = unicode(&variables.key_id, key_id)?;
        let key_id = key_id.trim();
        check_key_id(key_id).map_err(|problem| CredentialsError::InvalidKeyId {
            variable: Some(variables.key_id.clone()),
            problem,
        })?;

        let passphrase = value(&variables.passphrase)
            .map(|value| unicode(&variables.passphrase, value))
            .transpose()?;
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        let (text, path) = (variables.text.clone(), variables.path.clone());
        let (variable, key) = match (value(&variables.text), value(&variables.path)) {
            (Some(text), None) => {
                let text = unicode(&variables.text, text)?;
                let text = Zeroizing::new(text.replace("\\n", "\n"));
                (variables.text, PrivateKey::read(&text, passphrase))
            }
            (None, Some(path)) => (
                variables.path,
                PrivateKey::read_file(&PathBuf::from(path), passphrase),
            ),
            (Some(text), Some(_)) => {
                drop(unicode(&variables.text, text));
                return Err(CredentialsError::TwoKeys {
                    text: variables.text,
                    path: variables.path,
                });
            }
            (None, None) => {
                return Err(CredentialsError::NoKey {
                    text: variables.text,
                    path: variables.path,
                });
            }
        };
        let key = key.map_err(|source| match source {
            source if lacks_passphrase(&source) => CredentialsError::PassphraseMissing {
                variable,
                passphrase: variables.passphrase,
            },
            source if is_of_passphrase(&source) => CredentialsError::WrongPassphrase {
                variable,
                passphrase: variables.passphrase,
                source,
            },
            KeyError::TextForPath => CredentialsError::TextForPath { path: variable, text },
            KeyError::PathForText => CredentialsError::PathForText { text: variable, path },
            source => CredentialsError::Key { variable, source },
        })?;
        Credentials::new(key_id, key)
    }
}

impl KeyRing {
    /// Reads the keys for a product from the process's environment: the usual one as [`Credentials::from_env`] does, and one
    /// for each session that has variables of its own.
    ///
    /// | a key for | prediction | margin |
    /// | --- | --- | --- |
    /// | all that has none of its own | `KALSHI_KEY_ID` | `KALSHI_PERPS_KEY_ID` |
    /// | `KalshiNR` | `KALSHI_NR_KEY_ID` | `KALSHI_PERPS_NR_KEY_ID` |
    /// | a listener on `KalshiNR` | `KALSHI_NR_LISTENER_KEY_ID` | `KALSHI_PERPS_NR_LISTENER_KEY_ID` |
    ///
    /// And so for `RT`, `DC`, `PT`, `RFQ` and `MD`, and for `PRIVATE_KEY`, `PRIVATE_KEY_PATH` and
    /// `PRIVATE_KEY_PASSPHRASE` in the place of `KEY_ID`. Whoever sets one variable of a key has to set the others that it needs.
    pub fn from_env(product: Product) -> Result<KeyRing, CredentialsError> {
        KeyRing::from_lookup(product, |name| std::env::var_os(name))
    }

    /// As [`from_env`](KeyRing::from_env), reading through `lookup`.
    pub fn from_lookup<V: Into<OsString>>(
        product: Product,
        mut lookup: impl FnMut(&str) -> Option<V>,
    ) -> Result<KeyRing, CredentialsError> {
        let value: Lookup<'_> = &mut |name| present(lookup(name));
        let mut ring = KeyRing::of_variables(product);
        for key_use in KeyUse::all().filter(|key_use| product.offers(key_use.kind())) {
            let variables = Variables::new(product, Some(key_use));
            if variables.all().into_iter().any(|name| value(name).is_some()) {
                ring = ring.with(key_use, Credentials::read(variables, value)?);
            }
        }
        let usual = Variables::new(product, None);
        // Without any key at all, the error says how to give the usual one.
        if ring.is_empty() || usual.all().into_iter().any(|name| value(name).is_some()) {
            ring = ring.usual(Credentials::read(usual, value)?);
        }
        Ok(ring)
    }
}

pub(crate) type Lookup<'a> = &'a mut dyn FnMut(&str) -> Option<OsString>;

/// An empty variable counts as not set.
fn present<V: Into<OsString>>(value: Option<V>) -> Option<OsString> {
    value.map(Into::into).filter(|value: &OsString| !value.is_empty())
}

fn lacks_passphrase(error: &KeyError) -> bool {
    match error {
        KeyError::PassphraseMissing => true,
        KeyError::InFile { source, .. } => lacks_passphrase(source),
        _ => false,
    }
}

fn is_of_passphrase(error: &KeyError) -> bool {
    match error {
        KeyError::WrongPassphrase => true,
        KeyError::InFile { source, .. } => is_of_passphrase(source),
        _ => false,
    }
}

fn unicode(variable: &str, value: OsString) -> Result<Zeroizing<String>, CredentialsError> {
    value
        .into_string()
        .map(Zeroizing::new)
        .map_err(|_| CredentialsError::NotUnicode {
            variable: variable.to_owned(),
        })
}
