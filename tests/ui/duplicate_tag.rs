//! Two fields have the same tag.

use kalshi_fix::dialect::Decoder;

#[derive(kalshi_fix::Dialect)]
#[fix(dictionary = "dictionaries/duplicate_tag.xml", crate = "kalshi_fix::dialect")]
struct Venue;

fn main() {
    // What uses the dialect adds no errors of its own.
    Decoder::<Venue>::new();
}
