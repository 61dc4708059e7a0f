//! Which dictionary a dialect is made of: a file, laid over its transport's, cut down to the messages that are wanted.

use fix_dialect::dictionary::Dictionary;

use super::ir::Ir;
use crate::attribute::DialectAttribute;
use crate::errors::Errors;
use crate::source::{self, Source};

/// Loads what the attribute names; every fault stands at the key that it belongs to.
pub(super) fn load(attribute: &DialectAttribute, errors: &mut Errors) -> Option<Source> {
    let application = source::load(&attribute.dictionary, attribute.overlay.as_ref(), errors);
    let transport = attribute
        .transport
        .as_ref()
        .map(|transport| source::load(transport, None, errors).map(|source| (transport, source)));
    let mut source = application?;
    if let Some(transport) = transport {
        let (literal, Source { dictionary, watched }) = transport?;
        // In the merged dictionary, a place does not tell any more which file it is in.
        if let Err(faults) = Ir::new(&dictionary, &literal.value()) {
            for fault in faults {
                errors.at(literal.span(), fault);
            }
            return None;
        }
        source.dictionary = match source.dictionary.over(&dictionary) {
            Ok(merged) => merged,
            Err(error) => {
                let message = format!("the dictionary does not go over this transport: {error}");
                errors.at(literal.span(), message);
                return None;
            }
        };
        source.watched.extend(watched);
    }
    source.dictionary = only(source.dictionary, attribute, errors)?;
    Some(source)
}

fn only(dictionary: Dictionary, attribute: &DialectAttribute, errors: &mut Errors) -> Option<Dictionary> {
    let Some(literal) = &attribute.messages else {
        return Some(dictionary);
    };
    let list = literal.value();
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    if names.contains(&"") {
        let message = "expected names or types of messages, separated by commas: \"D, 8, NewOrderSingle\"";
        errors.at(literal.span(), message);
        return None;
    }
    match dictionary.only(names) {
        Ok(part) => Some(part),
        Err(unknown) => {
            for error in unknown {
                let message = format!("{}: {error}", attribute.dictionary.value());
                errors.at(literal.span(), message);
            }
            None
        }
    }
}
