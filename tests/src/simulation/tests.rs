//! Seeds that run with the other tests.

use super::{Counters, run};

/// A few seeds of every kind, in a build without optimisation.
#[test]
fn the_first_seeds() {
    let mut counters = Counters::default();
    for seed in 0..300 {
        match run(seed, false) {
            Ok(met) => counters.add(&met),
            Err(violation) => panic!("{violation}"),
        }
    }
    assert!(counters.delivered > 300 * 150, "{counters}");
}

/// Seeds that found something once, with what they found. A change of what is drawn from a seed changes their meaning: the
/// tests of the session core that are named here stay.
#[test]
fn seeds_that_found_something() {
    // An empty page of a range that had become longer: `case_8_an_empty_page_of_a_shorter_range`.
    // Both sides waited for the other one to read: `a_full_outbox_does_not_stop_reading`.
    for seed in [8801, 2501, 2618, 3933, 6516, 39_213] {
        if let Err(violation) = run(seed, false) {
            panic!("{violation}");
        }
    }
}

/// A run is its seed's alone.
#[test]
fn runs_repeat() {
    let seen = |seed| run(seed, false).map(|counters| counters.to_string());
    assert_eq!(seen(7), seen(7));
}
