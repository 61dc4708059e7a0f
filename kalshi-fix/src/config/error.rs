//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

use crate::client::BuildError;
use crate::credentials::CredentialsError;
use crate::environment::Product;
use crate::store::StoreError;
use crate::transport::TlsSettingsError;

/// Why a configuration cannot be used. No text of it holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The text is not TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        message: String,
    },
    /// There is no such key.
    #[error("{}{}", unknown(place, key), suggest(suggestion.as_ref()))]
    UnknownKey {
        /// Where.
        place: Place,
        /// The whole key, with its tables.
        key: String,
        /// The key that is perhaps meant; of a variable, the variable.
        suggestion: Option<String>,
    },
    /// The key is for the other product.
    #[error("{place}: {key} is for {only} alone, and this is a configuration for {product}")]
    OtherProduct {
        /// Where.
        place: Place,
        /// The whole key.
        key: String,
        /// The product that has it.
        only: Product,
        /// The product that is configured.
        product: Product,
    },
    /// The value is not one for this key.
    #[error("{place}: {key} is {found}; expected {expected}")]
    Value {
        /// Where.
        place: Place,
        /// The whole key.
        key: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A secret in a configuration.
    #[error("{place}: {key} does not belong in a configuration, which is copied, shown and kept; {instead}")]
    Secret {
        /// Where.
        place: Place,
        /// The whole key.
        key: String,
        /// Where it belongs.
        instead: &'static str,
    },
    /// Nothing says which installation of the venue is meant: that is never guessed.
    #[error(
        "no environment: set `environment`, or the variable {variable}, to \"production\", \"demo\" or \"loopback\""
    )]
    NoEnvironment {
        /// The variable that sets it.
        variable: String,
    },
    /// What was set cannot be used, as was found when the client was put together.
    #[error("{place}: {key}: {source}")]
    Setting {
        /// Where it was set.
        place: Place,
        /// The whole key, or the table of `credentials`.
        key: String,
        /// Why it cannot be used.
        source: Box<ConfigError>,
    },
    /// There is no place for what a session with retransmission keeps.
    #[error("no store: set `store.directory` to keep what sessions with retransmission send and receive")]
    NoStore,
    /// The keys cannot be had.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The TLS settings cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsSettingsError),
    /// The parts do not go together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The store cannot be opened.
    #[error("{}: {source}", directory.display())]
    Store {
        /// Its directory.
        directory: PathBuf,
        /// What it said.
        source: StoreError,
    },
}

/// A variable is its own place.
fn unknown(place: &Place, key: &str) -> String {
    match place {
        Place::Variable(name) => format!("{name}: no key is behind this variable"),
        _ => format!("{place}: unknown key {key:?}"),
    }
}

fn suggest(suggestion: Option<&String>) -> String {
    suggestion.map_or_else(String::new, |known| format!("; did you mean {known:?}?"))
}

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In a text of TOML.
    Text {
        /// The file, if it is one.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
    },
    /// In an environment variable.
    Variable(String),
    /// In the program ([`Config::set`](super::Config::set)).
    Code,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text {
                path: Some(path),
                line,
            } => write!(f, "{}:{line}", path.display()),
            Place::Text { path: None, line } => write!(f, "line {line}"),
            Place::Variable(name) => f.write_str(name),
            Place::Code => f.write_str("set"),
        }
    }
}
