//! Everything that is wrong with enums of a user's own, in one build.

use kalshi_fix::FixEnum;
use kalshi_fix::dialect::Unlisted;

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Holds {
    #[fix(value = '1')]
    Low,
    #[fix(value = '1')]
    High,
    Medium,
    #[fix(valeu = '3')]
    Top,
    Other(u8),
}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Another {
    #[fix(value = "A")]
    First,
    Unlisted(Unlisted<Holds>),
}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Closed {
    #[fix(value = 'é')]
    Accent,
    #[fix(value = 1.5)]
    Half,
}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
struct NoEnum;

fn main() {}
