//! The attribute itself is wrong.

mod no_dictionary {
    #[derive(kalshi_fix::Dialect)]
    #[fix(crate = "kalshi_fix::dialect")]
    struct Venue;
}

mod unknown_key {
    #[derive(kalshi_fix::Dialect)]
    #[fix(dictionery = "dictionaries/sound.xml", crate = "kalshi_fix::dialect")]
    struct Venue;
}

mod not_a_marker {
    #[derive(kalshi_fix::Dialect)]
    #[fix(dictionary = "dictionaries/sound.xml", crate = "kalshi_fix::dialect")]
    struct Venue {
        name: &'static str,
    }
}

fn main() {}
