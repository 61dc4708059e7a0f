//! A message of a user's own does not agree with the dictionary.

use kalshi_fix::FixMessage;

#[derive(FixMessage)]
#[fix(
    msg_type = "D",
    dictionary = "dictionaries/sound.xml",
    crate = "kalshi_fix::dialect"
)]
struct Order {
    side: Option<char>,
    strategy: u32,
}

#[derive(FixMessage)]
#[fix(
    msg_type = "D",
    dictionary = "dictionaries/sound.xml",
    crate = "kalshi_fix::dialect"
)]
struct Typed {
    side: u32,
}

fn main() {}
