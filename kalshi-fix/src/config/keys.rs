//! Where the keys of a configuration are: by path or by the name of a variable, never in it.

use std::ffi::OsString;
use std::path::PathBuf;

use super::value::{Expected, Raw};
use crate::credentials::{Credentials, CredentialsError, KeyRing, KeyUse, Variables, is_key_text};
use crate::environment::{Product, SessionKind};

/// Where one key is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySource {
    pub(super) key_id: Option<String>,
    pub(super) private_key_path: Option<PathBuf>,
    pub(super) private_key_variable: Option<String>,
    pub(super) passphrase_variable: Option<String>,
}

/// The key sources of a configuration: the usual one, and those of single sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySources(pub(super) Vec<(Option<KeyUse>, KeySource)>);

/// The tables under `credentials`, and what each is for.
pub(super) const TABLES: [(&str, Option<KeyUse>); 9] = [
    ("", None),
    ("NR.", Some(KeyUse::Session(SessionKind::OrderEntry))),
    ("NR_LISTENER.", Some(KeyUse::Listener(SessionKind::OrderEntry))),
    (
        "RT.",
        Some(KeyUse::Session(SessionKind::OrderEntryRetransmitting)),
    ),
    (
        "RT_LISTENER.",
        Some(KeyUse::Listener(SessionKind::OrderEntryRetransmitting)),
    ),
    ("DC.", Some(KeyUse::Session(SessionKind::DropCopy))),
    ("PT.", Some(KeyUse::Session(SessionKind::PostTrade))),
    ("RFQ.", Some(KeyUse::Session(SessionKind::Rfq))),
    ("MD.", Some(KeyUse::Session(SessionKind::MarketData))),
];

/// What each of them takes.
pub(super) const FIELDS: [&str; 4] = [
    "key_id",
    "private_key_path",
    "private_key_variable",
    "passphrase_variable",
];

/// What one might look for there, and where it is instead.
pub(super) const SECRETS: [(&str, &str); 3] = [
    (
        "private_key",
        "give `private_key_path`, or name the variable that holds it in `private_key_variable`",
    ),
    (
        "passphrase",
        "name the variable that holds it in `passphrase_variable`",
    ),
    (
        "private_key_passphrase",
        "name the variable that holds it in `passphrase_variable`",
    ),
];

/// Why a key cannot be had, and the table that says where it is, if one does.
pub(super) struct NoKey {
    pub(super) error: CredentialsError,
    pub(super) table: Option<String>,
}

/// The keys of a product's tables, in full.
pub(super) fn full_names(product: Product) -> impl Iterator<Item = String> {
    let offered = TABLES
        .into_iter()
        .filter(move |(_, key_use)| key_use.is_none_or(|key_use| product.offers(key_use.kind())));
    offered.flat_map(|(table, _)| FIELDS.map(|field| format!("credentials.{table}{field}")))
}

/// The variable that has what somebody sought by a variable named after a key: `KALSHI_NR_KEY_ID` for
/// `CREDENTIALS_NR_KEY_ID`, or for `NR_KEY_ID`.
pub(super) fn variable(product: Product, sought: &str) -> Option<String> {
    let sought = sought.strip_prefix("CREDENTIALS_").unwrap_or(sought);
    let tables = TABLES
        .iter()
        .filter(|(_, key_use)| key_use.is_none_or(|key_use| product.offers(key_use.kind())));
    for (table, _) in tables {
        let table = table.replace('.', "_");
        let Some(field) = sought.strip_prefix(&table) else {
            continue;
        };
        let variable = match field {
            "KEY_ID" => "KEY_ID",
            "PRIVATE_KEY" | "PRIVATE_KEY_VARIABLE" => "PRIVATE_KEY",
            "PRIVATE_KEY_PATH" => "PRIVATE_KEY_PATH",
            "PASSPHRASE" | "PASSPHRASE_VARIABLE" | "PRIVATE_KEY_PASSPHRASE" => "PRIVATE_KEY_PASSPHRASE",
            _ => continue,
        };
        let product = match product {
            Product::Prediction => "KALSHI_",
            Product::Margin => "KALSHI_PERPS_",
        };
        return Some(format!("{product}{table}{variable}"));
    }
    None
}

impl KeySources {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn set(&mut self, key_use: Option<KeyUse>, field: &str, raw: &Raw) -> Result<(), Expected> {
        let text = raw.text()?.to_owned();
        // Whatever is taken is shown in errors: a secret in its place must not be.
        let problem = match field {
            "private_key_path" if is_key_text(&text) => Some("the path of the key's file, not its text"),
            "private_key_variable" | "passphrase_variable" if !is_variable(&text) => {
                Some("the name of an environment variable (letters, digits and _), not what is in it")
            }
            "key_id" if is_key_text(&text) => Some("the short id of the API key, not the key"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(problem.to_owned());
        }
        let at = self.0.iter().position(|(known, _)| *known == key_use);
        let at = at.unwrap_or_else(|| {
            self.0.push((key_use, KeySource::default()));
            self.0.len() - 1
        });
        let source = &mut self.0[at].1;
        match field {
            "key_id" => source.key_id = Some(text),
            "private_key_path" => source.private_key_path = Some(PathBuf::from(text)),
            "private_key_variable" => source.private_key_variable = Some(text),
            _ => source.passphrase_variable = Some(text),
        }
        Ok(())
    }

    /// Reads the keys. Without any source, from the variables that [`KeyRing::from_lookup`] names.
    pub(super) fn ring(
        &self,
        product: Product,
        lookup: &mut dyn FnMut(&str) -> Option<OsString>,
    ) -> Result<KeyRing, NoKey> {
        if self.is_empty() {
            return KeyRing::from_lookup(product, lookup).map_err(|error| NoKey { error, table: None });
        }
        let mut ring = KeyRing::empty();
        for (key_use, source) in &self.0 {
            let table = name(*key_use);
            let credentials = source.read(&table, lookup).map_err(|error| NoKey {
                error,
                table: Some(table),
            })?;
            ring = match key_use {
                Some(key_use) => ring.with(*key_use, credentials),
                None => ring.usual(credentials),
            };
        }
        Ok(ring)
    }
}

fn is_variable(name: &str) -> bool {
    name.len() <= LONGEST_VARIABLE
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `credentials`, or `credentials.NR`.
fn name(key_use: Option<KeyUse>) -> String {
    let table = TABLES.iter().find(|(_, known)| *known == key_use);
    let table = table.map_or("", |(table, _)| table.trim_end_matches('.'));
    if table.is_empty() {
        "credentials".to_owned()
    } else {
        format!("credentials.{table}")
    }
}

impl KeySource {
    fn read(
        &self,
        name: &str,
        lookup: &mut dyn FnMut(&str) -> Option<OsString>,
    ) -> Result<Credentials, CredentialsError> {
        let or = |variable: &Option<String>, field: &str| match variable {
            Some(variable) => variable.clone(),
            None => format!("{name}.{field}"),
        };
        let variables = Variables {
            key_id: format!("{name}.key_id"),
            other_product: None,
            text: or(&self.private_key_variable, "private_key_variable"),
            path: format!("{name}.private_key_path"),
            passphrase: or(&self.passphrase_variable, "passphrase_variable"),
        };
        let (key_id, path) = (variables.key_id.clone(), variables.path.clone());
        Credentials::read(variables, &mut |asked| {
            let found = if asked == key_id {
                self.key_id.clone().map(OsString::from)
            } else if asked == path {
                self.private_key_path.clone().map(PathBuf::into_os_string)
            } else if [&self.private_key_variable, &self.passphrase_variable]
                .into_iter()
                .any(|variable| variable.as_deref() == Some(asked))
            {
                lookup(asked)
            } else {
                None
            };
            found.filter(|value| !value.is_empty())
        })
    }
}

const LONGEST_VARIABLE: usize = 128;
