//! Everything that is wrong with a message of a user's own, in one build.

use kalshi_fix::dialect::{CustomDecoder, Text, Unknown};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};

#[derive(FixMessage)]
#[fix(msgtype = "U77", crate = "kalshi_fix::dialect")]
struct Misspelt {
    #[fix(tag = 11)]
    id: u32,
}

#[derive(FixMessage)]
#[fix(crate = "kalshi_fix::dialect")]
struct Instruction<'a> {
    #[fix(tga = 11)]
    id: Text<'a>,
    #[fix(tag = 35)]
    kind: u8,
    #[fix(tag = 20001)]
    one: u32,
    #[fix(tag = 20001)]
    two: u32,
    three: u32,
    #[fix(tag = 20002)]
    text: &str,
    #[fix(unknown)]
    unknown: Unknown<'a>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Empty {}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Urgency {
    #[fix(value = '1')]
    Low,
    #[fix(value = 2)]
    High,
    Other(u8),
}

fn main() {
    // What uses the message adds no errors of its own.
    let _ = CustomDecoder::new().decode::<Instruction>(b"");
}
