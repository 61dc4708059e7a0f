//! The floors of the benchmarks do the work that they are timed for.

#[path = "../benches/floor/mod.rs"]
mod floor;

use floor::{scan, values::Message, vector, write::Writer};
use kalshi_fix_tests::fixtures::{Kind, SOH, readable};

fn frames() -> Vec<Vec<u8>> {
    Kind::ALL.into_iter().flat_map(Kind::frames).collect()
}

#[test]
fn writer_reproduces_every_frame() {
    let mut writer = Writer::new();
    for frame in frames() {
        let message = Message::read(&frame);
        assert_eq!(readable(writer.encode(&message)), readable(&frame));
    }
}

#[test]
fn vector_pass_finds_every_delimiter_and_the_sum() {
    let mut positions = [0_u16; 512];
    for frame in frames() {
        let (count, sum) = vector::index(&frame, &mut positions);
        let expected: Vec<u16> = frame
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == SOH)
            .map(|(at, _)| at as u16)
            .collect();
        assert_eq!(positions[..count], expected);
        assert_eq!(sum, frame.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
    }
}

#[test]
fn scanner_accepts_every_frame_and_no_changed_one() {
    for frame in frames() {
        assert!(scan::decode(&frame).is_some(), "{}", readable(&frame));
        for at in 0..frame.len() {
            let mut changed = frame.clone();
            changed[at] ^= 0x04;
            assert!(
                scan::decode(&changed).is_none(),
                "byte {at} of {}",
                readable(&frame)
            );
        }
        assert!(scan::decode(&frame[..frame.len() - 1]).is_none());
    }
}

#[test]
fn scanner_converts_values_and_refuses_what_it_cannot_convert() {
    fn check(body: &str, accepted: bool) {
        let head = "49=A|56=B|34=1|52=20260821-14:30:00.125|";
        let frame =
            kalshi_fix_tests::fixtures::frame(&kalshi_fix_tests::fixtures::wire(&body.replace('~', head)));
        assert_eq!(scan::decode(&frame).is_some(), accepted, "{body}");
    }
    check("35=D|~44=0.5500|", true);
    check("35=D|~44=0.55.0|", false);
    check("35=D|~44=|", false);
    check("35=D|~44=-|", false);
    check("35=D|~44=1e3|", false);
    check("35=D|~54=12|", false);
    check("35=8|~1057=X|", false);
    check("35=8|~60=20260229-00:00:00.000|", false);
    check("35=8|~60=20280229-00:00:00.000|", true);
    check("35=8|~60=20260821-24:00:00.000|", false);
    check("35=8|~136=one|", false);
    check("35=0|~112=anything|", true);
    check("35=0|~9999=anything|", true);
}
