//! Credentials from environment variables.

use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::error::{CredentialsError, KeyError};
use super::key::PrivateKey;
use super::{Credentials, check_key_id};
use crate::environment::Product;

struct Variables {
    key_id: &'static str,
    text: &'static str,
    path: &'static str,
    passphrase: &'static str,
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
        let variables = variables(product);
        let mut value = |name| {
            lookup(name)
                .map(Into::into)
                .filter(|value: &OsString| !value.is_empty())
        };

        let key_id = value(variables.key_id).ok_or(CredentialsError::MissingKeyId {
            variable: variables.key_id,
        })?;
        let key_id = unicode(variables.key_id, key_id)?;
        let key_id = key_id.trim();
        check_key_id(key_id)?;

        let passphrase = value(variables.passphrase)
            .map(|value| unicode(variables.passphrase, value))
            .transpose()?;
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        let (variable, key) = match (value(variables.text), value(variables.path)) {
            (Some(text), None) => {
                let text = unicode(variables.text, text)?;
                let text = Zeroizing::new(text.replace("\\n", "\n"));
                (variables.text, PrivateKey::read(&text, passphrase))
            }
            (None, Some(path)) => (
                variables.path,
                PrivateKey::read_file(&PathBuf::from(path), passphrase),
            ),
            (Some(text), Some(_)) => {
                drop(unicode(variables.text, text));
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
            source => CredentialsError::Key { variable, source },
        })?;
        Credentials::new(key_id, key)
    }
}

fn lacks_passphrase(error: &KeyError) -> bool {
    match error {
        KeyError::PassphraseMissing => true,
        KeyError::InFile { source, .. } => lacks_passphrase(source),
        _ => false,
    }
}

fn unicode(variable: &'static str, value: OsString) -> Result<Zeroizing<String>, CredentialsError> {
    value
        .into_string()
        .map(Zeroizing::new)
        .map_err(|_| CredentialsError::NotUnicode { variable })
}

const fn variables(product: Product) -> Variables {
    match product {
        Product::Prediction => Variables {
            key_id: "KALSHI_KEY_ID",
            text: "KALSHI_PRIVATE_KEY",
            path: "KALSHI_PRIVATE_KEY_PATH",
            passphrase: "KALSHI_PRIVATE_KEY_PASSPHRASE",
        },
        Product::Margin => Variables {
            key_id: "KALSHI_PERPS_KEY_ID",
            text: "KALSHI_PERPS_PRIVATE_KEY",
            path: "KALSHI_PERPS_PRIVATE_KEY_PATH",
            passphrase: "KALSHI_PERPS_PRIVATE_KEY_PASSPHRASE",
        },
    }
}
