//! There is no such file: the places where it was looked for are told.

#[derive(kalshi_fix::Dialect)]
#[fix(dictionary = "/no/such/directory/venue.xml", crate = "kalshi_fix::dialect")]
struct Venue;

fn main() {}
