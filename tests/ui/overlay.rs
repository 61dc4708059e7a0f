//! The faults of an overlay name its file.

#[derive(kalshi_fix::Dialect)]
#[fix(
    dictionary = "dictionaries/sound.xml",
    overlay = "dictionaries/faulty_overlay.xml",
    crate = "kalshi_fix::dialect"
)]
struct Venue;

fn main() {}
