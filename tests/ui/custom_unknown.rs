//! A field for unknown fields that cannot keep them: told at the field.

use kalshi_fix::FixMessage;

#[derive(FixMessage)]
#[fix(msg_type = "U77")]
struct Note {
    #[fix(tag = 20001)]
    text: String,
    #[fix(unknown)]
    rest: String,
}

fn main() {}
