//! Two names of a dictionary that become one in Rust.

#[derive(kalshi_fix::Dialect)]
#[fix(dictionary = "dictionaries/name_collision.xml", crate = "kalshi_fix::dialect")]
struct Venue;

fn main() {}
