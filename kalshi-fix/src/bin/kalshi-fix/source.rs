//! Which dictionary a command goes by.

use std::path::Path;

use kalshi_fix::dialect::Dialect;
use kalshi_fix::dialect::dictionary::{Dictionary, Faults, nearest};
use kalshi_fix::dialect::tables::Tables;
use kalshi_fix::{margin::Margin, prediction::Prediction};

use crate::arguments::{DialectArguments, Layers};
use crate::output::Failure;

const DIALECTS: [&str; 2] = ["prediction", "margin"];
const PREDICTION: &str = include_str!("../../../spec/kalshi-prediction.xml");
const MARGIN: &str = include_str!("../../../spec/kalshi-margin.xml");

/// A dictionary's file.
pub(crate) struct Source {
    /// The name that faults give it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Source {
    /// A built-in dialect by its name, or a file.
    pub(crate) fn named(name: &str) -> Result<Source, Failure> {
        let built_in = |name: &str, text: &str| Source {
            name: name.to_owned(),
            bytes: text.into(),
        };
        Ok(match name {
            "prediction" => built_in("kalshi-prediction.xml", PREDICTION),
            "margin" => built_in("kalshi-margin.xml", MARGIN),
            // A slip in a dialect's name is no file that is missing.
            file if !file.contains(['.', '/', '\\']) && !Path::new(file).exists() => {
                let meant = nearest(file, DIALECTS);
                let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
                return Err(Failure::Usage(format!(
                    "\"{file}\" is neither a dialect (prediction, margin) nor a file{meant}"
                )));
            }
            file => Source::read(Path::new(file))?,
        })
    }

    pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
        Ok(Source {
            name: path.to_string_lossy().into_owned(),
            bytes: std::fs::read(path).map_err(Failure::unreadable(path))?,
        })
    }

    /// The dictionary in this file, with an overlay if there is one.
    pub(crate) fn parse(&self, overlay: Option<&Source>) -> Result<Dictionary, Faults> {
        match overlay {
            None => Dictionary::parse_bytes(&self.bytes, &self.name),
            Some(overlay) => {
                let base = (&self.bytes[..], &self.name[..]);
                Dictionary::parse_with_overlay(base, (&overlay.bytes, &overlay.name))
            }
        }
    }
}

/// The other of the built-in dialects: its name and its tables.
pub(crate) fn other_dialect(name: &str) -> Option<(&'static str, &'static Tables)> {
    match name {
        "prediction" => Some(("margin", Margin::tables())),
        "margin" => Some(("prediction", Prediction::tables())),
        _ => None,
    }
}

/// A dictionary by the name of a built-in dialect, or from a file, between its layers.
pub(crate) fn dictionary(name: &str, layers: &Layers) -> Result<Dictionary, Failure> {
    let overlay = layers.overlay.as_deref().map(Source::read).transpose()?;
    let application = Source::named(name)?.parse(overlay.as_ref())?;
    match &layers.transport {
        None => Ok(application),
        Some(path) => Ok(application.over(&Source::read(path)?.parse(None)?)?),
    }
}

impl DialectArguments {
    pub(crate) fn dictionary(&self) -> Result<Dictionary, Failure> {
        dictionary(&self.dialect, &self.layers)
    }

    pub(crate) fn tables(&self) -> Result<&'static Tables, Failure> {
        match (&self.dialect[..], &self.layers) {
            (
                name @ ("prediction" | "margin"),
                Layers {
                    transport: None,
                    overlay: None,
                },
            ) => Ok(if name == "margin" {
                Margin::tables()
            } else {
                Prediction::tables()
            }),
            _ => Ok(self.dictionary()?.leak_tables()),
        }
    }
}
