//! The tables that a dictionary becomes when it is loaded at run time, against those that the derive generates.

use fix_dialect::dictionary::Dictionary;
use fix_dialect::tables::Tables;
use fix_dialect::{Dialect, Validator};
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::fixtures::Kind;

fn loaded(name: &str) -> &'static Tables {
    let path = format!("{}/../spec/{name}", env!("CARGO_MANIFEST_DIR"));
    Dictionary::load(path).expect("a sound dictionary").leak_tables()
}

/// Field by field, all the way down: tables have no other way to be compared, and need none.
fn check(loaded: &Tables, generated: &Tables) {
    for (loaded, generated) in loaded.fields.iter().zip(generated.fields) {
        assert_eq!(format!("{loaded:?}"), format!("{generated:?}"));
    }
    for (loaded, generated) in loaded.messages.iter().zip(generated.messages) {
        assert_eq!(format!("{loaded:?}"), format!("{generated:?}"));
    }
    assert_eq!(format!("{loaded:?}"), format!("{generated:?}"));
}

#[test]
fn prediction_loads_as_generated() {
    check(loaded("kalshi-prediction.xml"), Prediction::tables());
}

#[test]
fn margin_loads_as_generated() {
    check(loaded("kalshi-margin.xml"), Margin::tables());
}

#[test]
fn a_loaded_dictionary_judges_as_the_generated_one() {
    let mut by_loaded = Validator::new(loaded("kalshi-prediction.xml"));
    let mut by_generated = Validator::new(Prediction::tables());
    for frame in Kind::ALL.into_iter().flat_map(Kind::frames) {
        // Side (54) and MDEntryType (269) with values that nobody lists.
        let broken = String::from_utf8(frame).expect("the fixtures are UTF-8");
        let broken = broken
            .replace("\x0154=1", "\x0154=9")
            .replace("\x01269=0", "\x01269=?");
        let expected = by_generated.validate(broken.as_bytes()).expect("a raw message");
        assert_eq!(by_loaded.validate(broken.as_bytes()), Ok(expected));
    }
}
