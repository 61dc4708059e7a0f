//! Which dictionary a command goes by.

use std::path::Path;

use kalshi_fix::dialect::Dialect;
use kalshi_fix::dialect::dictionary::Dictionary;
use kalshi_fix::dialect::tables::Tables;
use kalshi_fix::{margin::Margin, prediction::Prediction};

use crate::arguments::DialectArguments;
use crate::output::Failure;

const PREDICTION: &str = include_str!("../../../spec/kalshi-prediction.xml");
const MARGIN: &str = include_str!("../../../spec/kalshi-margin.xml");

/// A dictionary by the name of a built-in dialect, or from a file.
pub(crate) fn dictionary(name: &str) -> Result<Dictionary, Failure> {
    Ok(match name {
        "prediction" => Dictionary::parse(PREDICTION, "kalshi-prediction.xml")?,
        "margin" => Dictionary::parse(MARGIN, "kalshi-margin.xml")?,
        file => load(Path::new(file))?,
    })
}

fn load(path: &Path) -> Result<Dictionary, Failure> {
    let bytes = std::fs::read(path).map_err(Failure::unreadable(path))?;
    Ok(Dictionary::parse_bytes(&bytes, &path.to_string_lossy())?)
}

impl DialectArguments {
    pub(crate) fn dictionary(&self) -> Result<Dictionary, Failure> {
        let application = dictionary(&self.dialect)?;
        match &self.transport {
            None => Ok(application),
            Some(path) => Ok(application.over(&load(path)?)?),
        }
    }

    pub(crate) fn tables(&self) -> Result<&'static Tables, Failure> {
        match (&self.dialect[..], &self.transport) {
            ("prediction", None) => Ok(Prediction::tables()),
            ("margin", None) => Ok(Margin::tables()),
            _ => Ok(self.dictionary()?.leak_tables()),
        }
    }
}
