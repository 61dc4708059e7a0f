//! A readable index of each dialect, as a snapshot: a new dictionary from the venue shows as a difference of lines that
//! a person can review. CONTRIBUTING.md says how to read one.

use fix_dialect::Dialect;
use fix_dialect::dictionary::Dictionary;
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::index::index;

/// The generated tables and the dictionary that they were generated from.
fn indexed<D: Dialect>(dictionary: &str) -> String {
    let path = format!("{}/../spec/{dictionary}", env!("CARGO_MANIFEST_DIR"));
    let dictionary = Dictionary::load(path).unwrap_or_else(|error| panic!("{error}"));
    index(D::tables(), &dictionary)
}

#[test]
fn prediction() {
    insta::assert_snapshot!(indexed::<Prediction>("kalshi-prediction.xml"));
}

#[test]
fn margin() {
    insta::assert_snapshot!(indexed::<Margin>("kalshi-margin.xml"));
}
