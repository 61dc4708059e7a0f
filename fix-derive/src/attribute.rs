//! `#[fix(…)]` as written.

use syn::{DeriveInput, LitStr, Path};

use crate::errors::Errors;
use crate::keys;
use crate::runtime::Runtime;

/// The keys of `#[fix(…)]` on a dialect's marker.
pub(crate) struct DialectAttribute {
    pub(crate) dictionary: LitStr,
    pub(crate) overlay: Option<LitStr>,
    pub(crate) transport: Option<LitStr>,
    /// The messages that are wanted, as one list; all without it.
    pub(crate) messages: Option<LitStr>,
    pub(crate) krate: Path,
}

const KEYS: [&str; 5] = ["crate", "dictionary", "messages", "overlay", "transport"];

impl DialectAttribute {
    /// Reads the attributes of `input`; every fault goes to `errors`.
    pub(crate) fn read(
        runtime: Runtime,
        input: &DeriveInput,
        errors: &mut Errors,
    ) -> Option<DialectAttribute> {
        let mut dictionary: Option<LitStr> = None;
        let mut overlay: Option<LitStr> = None;
        let mut transport: Option<LitStr> = None;
        let mut messages: Option<LitStr> = None;
        let mut krate: Option<Path> = None;
        let mut is_stated = false;
        let misspelt = keys::read(&input.attrs, "a dialect", &KEYS, errors, |key, meta, errors| {
            match key {
                "dictionary" => {
                    is_stated = true;
                    let text = keys::text(meta, errors)?;
                    dictionary = dictionary.take().or(text);
                }
                "overlay" => overlay = keys::text(meta, errors)?,
                "transport" => transport = keys::text(meta, errors)?,
                "messages" => messages = keys::text(meta, errors)?,
                "crate" => krate = keys::path(meta, errors)?,
                _ => return Ok(false),
            }
            Ok(true)
        });
        // A key that is written wrongly may be the one that is missing, and one without a sound value has been told.
        if dictionary.is_none() && !misspelt && !is_stated {
            let message = "a dialect needs `#[fix(dictionary = \"path/to/dictionary.xml\")]`";
            errors.at(input.ident.span(), message);
        }
        Some(DialectAttribute {
            dictionary: dictionary?,
            overlay,
            transport,
            messages,
            krate: krate.unwrap_or_else(|| runtime.path()),
        })
    }
}
