//! What the tracker adds to decoding a report, round by round in one process, as a table.
//!
//! Both lanes decode the same frames; one of them also gives the typed message to a tracker. Ratios are medians of the
//! ratios of the rounds, and hold on a busy machine, where nanoseconds do not.

#![expect(clippy::cast_precision_loss, reason = "nanoseconds and counts of a benchmark")]

use std::hint::black_box;
use std::time::Instant;

use kalshi_fix::dialect::{Decimal, Decoder, Encoder, Precision, SessionHeader, Timestamp};
use kalshi_fix::prediction::{ExecutionReport, Message, NewOrderSingle, Prediction, fields, groups};
use kalshi_fix::tracker::{Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::PriceUnit;

const ORDERS: u64 = 500;
/// Of each order: New, trades, and the cancel of the rest.
const TRADES: u64 = 6;
const ROUNDS: usize = 60;

fn main() {
    let frames = frames();
    let reports = frames.len() as f64;
    println!(
        "{} reports, {} bytes each on average",
        frames.len(),
        bytes(&frames) / frames.len()
    );
    println!(
        "{:<24} {:>10} {:>12} {:>9} {:>13}",
        "", "decode", "and track", "ratio", "allocations"
    );
    let fresh = || prepared(TrackerSettings::default());
    let told = || {
        let mut tracker = fresh();
        track(&mut tracker, &frames, Source::OrderEntry);
        tracker
    };
    let forgetful = || {
        prepared(TrackerSettings {
            finished_orders: 50,
            ..TrackerSettings::default()
        })
    };
    let lanes: [(&str, &dyn Fn() -> Tracker, Source); 4] = [
        ("in order", &fresh, Source::OrderEntry),
        ("again, by drop copy", &told, Source::DropCopy),
        (
            "of other orders",
            &|| Tracker::new(TrackerSettings::default()),
            Source::Listener,
        ),
        ("50 ended orders kept", &forgetful, Source::OrderEntry),
    ];
    for (name, tracker, source) in lanes {
        let (mut alone, mut both, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut tracker = tracker();
            let start = Instant::now();
            decode(&frames);
            let decoding = start.elapsed().as_nanos() as f64 / reports;
            let start = Instant::now();
            track(&mut tracker, &frames, source);
            let tracking = start.elapsed().as_nanos() as f64 / reports;
            alone.push(decoding);
            both.push(tracking);
            ratios.push(tracking / decoding);
        }
        let mut counted = tracker();
        let counted = allocation_counter::measure(|| track(&mut counted, &frames, source));
        println!(
            "{name:<24} {:>7.0} ns {:>9.0} ns {:>9.2} {:>13.2}",
            median(alone),
            median(both),
            median(ratios),
            counted.count_total as f64 / reports
        );
    }
}

/// A tracker of which all orders were sent.
fn prepared(settings: TrackerSettings) -> Tracker {
    let (mut tracker, mut events) = (Tracker::new(settings), Vec::new());
    for order in 0..ORDERS {
        let (ten, limit, price) = (Decimal::from(10), fields::OrdType::Limit, Decimal::new(55, 2));
        let request = NewOrderSingle::new(
            name(order),
            ten,
            limit,
            price,
            fields::Side::Buy,
            "HIGHNY-23DEC31",
        );
        let sent = tracker.sent(now(), order + 2, &request, PriceUnit::Dollars, &mut events);
        sent.expect("a request that can be read");
    }
    tracker
}

fn decode(frames: &[Vec<u8>]) {
    let mut decoder = Decoder::<Prediction>::new();
    for frame in frames {
        let decoded = decoder.decode(frame).expect("a sound frame");
        black_box(decoded.message());
    }
}

fn track(tracker: &mut Tracker, frames: &[Vec<u8>], source: Source) {
    let mut decoder = Decoder::<Prediction>::new();
    let mut events: Vec<TrackerEvent> = Vec::new();
    for frame in frames {
        let decoded = decoder.decode(frame).expect("a sound frame");
        let message: &Message<'_> = decoded.message().expect("a whole message");
        let read = tracker.read(now(), source, message, PriceUnit::Dollars, &mut events);
        read.expect("a report that can be read");
        black_box(&events);
        events.clear();
    }
}

/// The reports of all orders, by turns.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut encoder = Encoder::new();
    let header = SessionHeader::new("FIXT.1.1", "Kalshi", "550e8400-e29b-41d4-a716-446655440000");
    let header = header.expect("a header that can be written");
    for turn in 0..TRADES + 2 {
        for order in 0..ORDERS {
            let number = frames.len() as u64 + 2;
            let report = report(order, turn, number);
            let frame = encoder
                .encode(&header, number, now(), &report)
                .expect("a report that can be encoded");
            frames.push(frame.to_vec());
        }
    }
    frames
}

fn report(order: u64, turn: u64, number: u64) -> ExecutionReport<'static> {
    use fields::{ExecType, OrdStatus};
    let (exec_type, status) = match turn {
        0 => (ExecType::New, OrdStatus::New),
        turn if turn <= TRADES => (ExecType::Trade, OrdStatus::PartiallyFilled),
        _ => (ExecType::Canceled, OrdStatus::Canceled),
    };
    let filled = Decimal::from(turn.min(TRADES));
    let leaves = if turn > TRADES {
        Decimal::ZERO
    } else {
        Decimal::from(10) - filled
    };
    let price = Decimal::new(5500, 4);
    let mut report = ExecutionReport {
        price: Some(price),
        transact_time: Some(now()),
        orig_cl_ord_id: (turn > TRADES).then(|| name(order).into()),
        ..ExecutionReport::new(
            price,
            name(order),
            filled,
            format!("{number};1"),
            format!("000000{order:026}"),
            filled + leaves,
            status,
            fields::Side::Buy,
            "HIGHNY-23DEC31",
            exec_type,
            leaves,
        )
    };
    if exec_type == ExecType::Trade {
        let fee = groups::MiscFee::new(
            Decimal::new(17, 3),
            "USD",
            fields::MiscFeeType::ExchangeFees,
            fields::MiscFeeBasis::Absolute,
        );
        report.last_qty = Some(Decimal::ONE);
        report.last_px = Some(price);
        report.long_qty = Some(filled);
        report.short_qty = Some(Decimal::ZERO);
        report.misc_fees = Some(vec![fee]);
        report.trd_match_id = Some(format!("f0000000-0000-8000-8000-{number:012}").into());
        report.aggressor_indicator = Some(true);
    }
    report
}

fn name(order: u64) -> String {
    format!("a0000000-0000-8000-8000-{order:012}")
}

fn now() -> Timestamp {
    Timestamp::from_unix_nanos(1_767_225_600_123_000_000).with_precision(Precision::MILLIS)
}

fn bytes(frames: &[Vec<u8>]) -> usize {
    frames.iter().map(Vec::len).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
