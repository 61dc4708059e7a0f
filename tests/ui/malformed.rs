//! The XML is not well-formed.

use kalshi_fix::dialect::Decoder;

#[derive(kalshi_fix::Dialect)]
#[fix(dictionary = "dictionaries/malformed.xml", crate = "kalshi_fix::dialect")]
struct Venue;

fn main() {
    // What uses the dialect adds no errors of its own.
    Decoder::<Venue>::new();
}
