//! The typed layer on the venue's own examples and on the recorded frames.
//!
//! A typed message encodes in the dictionary's order, so that `encode(decode(x))` equals `x` only where `x` is in that
//! order; for the others, the typed message that comes back must be the same, and the fields must be the same set.

use fix_dialect::{Decoder, Dialect, Outcome, Rule, parse_decimal};
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::fixtures::{self, Example, Kind, readable};
use kalshi_fix_tests::round_trip::{assert_same_message, reencode, sorted_fields};

/// A complete message without a fault that survives encoding; returns whether it was in canonical order.
fn check<D: Dialect>(frame: &[u8]) -> bool {
    let again = reencode::<D>(frame);
    assert_eq!(sorted_fields(&again), sorted_fields(frame), "{}", readable(frame));
    assert_same_message::<D>(frame, &again);
    again == frame
}

#[test]
fn every_recorded_frame() {
    for kind in Kind::ALL {
        for frame in kind.frames() {
            let canonical = check::<Prediction>(&frame);
            // The recorded entries of refreshes have 269 before 55.
            let reordered = matches!(kind, Kind::Refresh1 | Kind::Refresh10);
            assert!(canonical || reordered, "{}", readable(&frame));
        }
    }
}

#[test]
fn every_example_of_the_documentation() {
    for example in Example::all()
        .into_iter()
        .filter(|example| !example.is_fragment())
    {
        match example.dialect {
            fixtures::Dialect::Prediction => check::<Prediction>(&example.frame()),
            fixtures::Dialect::Margin => check::<Margin>(&example.frame()),
        };
    }
}

/// The two fragments lack what their pages leave out, and that alone is held against them; the rest can be used.
#[test]
fn fragments_are_incomplete_and_readable() {
    fn check(fragment: &Example, missing: &[u32], strict: &[&str], readable: &[(u32, &str)]) {
        let mut decoder = Decoder::<Prediction>::new();
        let frame = fragment.frame();
        let decoded = decoder.decode(&frame).expect("a sound frame");
        let Outcome::Incomplete(violations) = decoded.outcome() else {
            panic!("{:?}", decoded.outcome());
        };
        let tags: Vec<u32> = violations.iter().map(|violation| violation.tag).collect();
        assert_eq!(tags, missing);
        assert!(
            violations
                .iter()
                .all(|violation| violation.rule == Rule::Required),
            "{violations:?}"
        );
        let validated = decoded.validate();
        let others = validated
            .iter()
            .filter(|violation| violation.rule != Rule::Required);
        assert_eq!(others.map(ToString::to_string).collect::<Vec<_>>(), strict);
        for &(tag, value) in readable {
            let price = decoded
                .raw()
                .field(tag)
                .and_then(parse_decimal)
                .expect("a decimal");
            assert_eq!(price.to_string(), value);
        }
    }
    let fragments: Vec<Example> = Example::all().into_iter().filter(Example::is_fragment).collect();
    let [order, report] = &fragments[..] else {
        panic!("{fragments:?}")
    };
    // The page shows a TransactTime that no table lists for an order.
    let undefined = ["NewOrderSingle/60: tag is not defined for this message: `20250926-21:54:16.040`"];
    check(order, &[11, 55], &undefined, &[(38, "100.0"), (44, "0.7500")]);
    let amounts = [
        (6, "0.6600"),
        (31, "0.7000"),
        (32, "60"),
        (38, "100.0000"),
        (44, "0.7500"),
    ];
    check(report, &[11, 17, 37, 54, 55, 150, 151], &[], &amounts);
}
