//! All faults of a dictionary are told at once.

use kalshi_fix::dialect::Decoder;

#[derive(kalshi_fix::Dialect)]
#[fix(dictionary = "dictionaries/many.xml", crate = "kalshi_fix::dialect")]
struct Venue;

fn main() {
    // What uses the dialect adds no errors of its own.
    Decoder::<Venue>::new();
}
