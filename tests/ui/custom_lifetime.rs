//! A struct without the lifetime of its fields. The compiler tells of the same places in its own words: a derive cannot
//! keep it from looking at the struct.

use kalshi_fix::FixMessage;
use kalshi_fix::dialect::{CustomDecoder, Text, Unknown};

#[derive(FixMessage)]
#[fix(msg_type = "U77", crate = "kalshi_fix::dialect")]
struct Note {
    #[fix(tag = 20001)]
    text: Text,
    #[fix(tag = 20002)]
    more: Option<&str>,
    #[fix(unknown)]
    unknown: Unknown,
}

fn main() {
    let _ = CustomDecoder::new().decode::<Note>(b"");
}
