//! Any order and any repetition of a history's reports, from any session, leads to the same; and that is the truth.

use std::collections::{BTreeMap, VecDeque};

use kalshi_fix::tracker::{
    AsIncoming, AsRequest, ExecId, Inconsistency, OrderState, Source, Tracker, TrackerEvent, TrackerSettings,
};
use kalshi_fix::units::{Money, Price, PriceUnit, Quantity};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::history::{Action, History, MARKETS, Options, Said, Sent, Step, actions, time};

pub(crate) fn options() -> impl Strategy<Value = Options> {
    any::<[bool; 3]>().prop_map(|[new_before_trade, pending, expired_status]| Options {
        new_before_trade,
        pending,
        expired_status,
    })
}

pub(crate) fn settings() -> TrackerSettings {
    TrackerSettings {
        ioc_cancel_reports: true,
        ..TrackerSettings::default()
    }
}

pub(crate) fn send(tracker: &mut Tracker, number: u64, request: &Sent, events: &mut Vec<TrackerEvent>) {
    let (now, unit) = (time(0), PriceUnit::Dollars);
    let sent = match request {
        Sent::New(message) => tracker.sent(now, number, message, unit, events),
        Sent::Replace(message) => tracker.sent(now, number, message, unit, events),
        Sent::Cancel(message) => tracker.sent(now, number, message, unit, events),
    };
    sent.expect("a request that can be read");
}

pub(crate) fn hear(tracker: &mut Tracker, source: Source, message: &Said, events: &mut Vec<TrackerEvent>) {
    let said = match message {
        Said::Report(report) => tracker.read(time(0), source, report, PriceUnit::Dollars, events),
        Said::Reject(reject) => tracker.read(time(0), source, reject, PriceUnit::Dollars, events),
    };
    said.expect("a message that can be read");
}

/// What of a tracker is to be the same however reports came: all but the keys.
#[derive(Debug, PartialEq)]
struct View {
    orders: BTreeMap<String, OrderView>,
    positions: BTreeMap<String, String>,
    requests_under_way: usize,
}

#[derive(Debug, PartialEq)]
struct OrderView {
    state: OrderState,
    identifiers: Vec<String>,
    cl_ord_id: String,
    terms: String,
    filled: (Quantity, Money, u64),
    fees: Money,
    missing: Quantity,
    ended: Option<kalshi_fix::tracker::Ended>,
    last: Option<ExecId>,
}

fn view(tracker: &Tracker) -> View {
    let order = |order: &kalshi_fix::tracker::Order| {
        let name = order
            .order_id()
            .map_or_else(|| order.cl_ord_id().to_owned(), str::to_owned);
        let filled = order.filled();
        let view = OrderView {
            state: order.state(),
            identifiers: order.identifiers().map(str::to_owned).collect(),
            cl_ord_id: order.cl_ord_id().to_owned(),
            terms: format!(
                "{:?} {:?} {} {} {:?}",
                order.order_qty(),
                order.price(),
                order.cum_qty(),
                order.leaves_qty(),
                order.text()
            ),
            filled: (filled.quantity, filled.notional, filled.fills),
            fees: order.fees(),
            missing: order.missing_fills(),
            ended: order.ended(),
            last: order.last_exec_id(),
        };
        (name, view)
    };
    let position = |position: &kalshi_fix::tracker::Position| {
        let fills = position.bought().fills + position.sold().fills;
        let values = format!(
            "{:?} {:?} {:?} {:?} {fills}",
            position.net(),
            position.cash(),
            position.fees(),
            position.reported()
        );
        (position.symbol().to_owned(), values)
    };
    View {
        orders: tracker.orders().map(order).collect(),
        positions: tracker.positions().map(position).collect(),
        requests_under_way: tracker.orders().map(|order| order.pending_requests().len()).sum(),
    }
}

/// As it happened.
fn played(history: &History, settings: TrackerSettings) -> (Tracker, Vec<TrackerEvent>) {
    let (mut tracker, mut events) = (Tracker::new(settings), Vec::new());
    let mut number = 1;
    for step in &history.steps {
        match step {
            Step::Sent(request) => {
                number += 1;
                send(&mut tracker, number, request, &mut events);
            }
            Step::Said(message) => hear(&mut tracker, Source::OrderEntry, message, &mut events),
        }
    }
    (tracker, events)
}

/// As it happened, but that the tracker is told of each request so many steps later, in the order of their numbers.
fn played_late(
    history: &History,
    settings: TrackerSettings,
    delays: &[usize],
) -> (Tracker, Vec<TrackerEvent>) {
    let (mut tracker, mut events) = (Tracker::new(settings), Vec::new());
    let mut delays = delays.iter().cycle();
    let mut untold = VecDeque::new();
    let mut number = 1;
    for (at, step) in history.steps.iter().enumerate() {
        match step {
            Step::Sent(request) => {
                number += 1;
                let delay = *delays.next().expect("some delays");
                untold.push_back((at + delay, number, request));
            }
            Step::Said(message) => hear(&mut tracker, Source::OrderEntry, message, &mut events),
        }
        while let Some((_, number, request)) = untold.pop_front_if(|(due, ..)| *due <= at) {
            send(&mut tracker, number, request, &mut events);
        }
    }
    for (_, number, request) in untold {
        send(&mut tracker, number, request, &mut events);
    }
    (tracker, events)
}

/// All that was sent first, then all that was said, in this order.
fn told(
    history: &History,
    settings: TrackerSettings,
    order: &[(usize, Source)],
) -> (Tracker, Vec<TrackerEvent>) {
    let (mut tracker, mut events) = (Tracker::new(settings), Vec::new());
    let (sent, said) = history.apart();
    for (number, request) in (2..).zip(sent) {
        send(&mut tracker, number, request, &mut events);
    }
    for (which, source) in order {
        hear(&mut tracker, *source, said[*which], &mut events);
    }
    (tracker, events)
}

/// A permutation of so many reports with repetitions of some, each from some session: numbered ones from any, the others
/// from order entry, which alone has them.
fn telling(history: &History, keys: &[(u32, u8, u8)]) -> Vec<(usize, Source)> {
    let (_, said) = history.apart();
    let mut order = Vec::new();
    for (which, message) in said.iter().enumerate() {
        let (_, copies, _) = keys[which % keys.len()];
        for copy in 0..=usize::from(copies % 3) {
            let (place, _, source) = keys[(which * 7 + copy * 13 + 1) % keys.len()];
            let is_numbered = matches!(message, Said::Report(report)
                if report.exec_id != "-1;-1" && report.ord_status != kalshi_fix::prediction::fields::OrdStatus::Rejected);
            let source = match source % 3 {
                0 if is_numbered => Source::DropCopy,
                1 if is_numbered => Source::Listener,
                _ => Source::OrderEntry,
            };
            let place = place.wrapping_mul(
                (which as u32)
                    .wrapping_mul(2_654_435_761)
                    .wrapping_add(copy as u32 + 1),
            );
            order.push((place, which, source));
        }
    }
    order.sort_by_key(|(place, which, _)| (*place, *which));
    order
        .into_iter()
        .map(|(_, which, source)| (which, source))
        .collect()
}

fn keys() -> impl Strategy<Value = Vec<(u32, u8, u8)>> {
    proptest::collection::vec(any::<(u32, u8, u8)>(), 1..40)
}

#[track_caller]
fn check_truth(tracker: &Tracker, history: &History) {
    assert_eq!(tracker.orders().count(), history.orders.len());
    for (name, truth) in &history.orders {
        let order = tracker.by_order_id(name).or_else(|| tracker.by_cl_ord_id(name));
        let order = order.unwrap_or_else(|| panic!("{name} is not known"));
        assert_eq!(!order.state().is_final(), truth.is_open, "{name}: {order:?}");
        assert_eq!(
            order.state() == OrderState::Rejected,
            truth.is_rejected,
            "{name}: {order:?}"
        );
        assert_eq!(order.leaves_qty().contracts(), truth.leaves, "{name}");
        assert_eq!(order.filled().quantity.contracts(), truth.filled, "{name}");
        assert!(order.missing_fills().is_zero(), "{name}");
        assert!(order.pending_requests().is_empty(), "{name}");
        if truth.is_open {
            assert_eq!(order.cl_ord_id(), truth.cl_ord_id, "{name}");
            assert_eq!(order.price().map(Price::dollars), Some(truth.price), "{name}");
            let filled = !truth.filled.is_zero();
            let expected = if filled {
                OrderState::PartiallyFilled
            } else {
                OrderState::New
            };
            assert_eq!(order.state(), expected, "{name}");
        }
    }
    for symbol in MARKETS {
        let position = tracker.position(symbol, kalshi_fix::tracker::AccountRef::default());
        let net = position.map_or(Quantity::ZERO, |position| position.net().unwrap());
        assert_eq!(net.contracts(), history.positions[symbol], "{symbol}");
        // The venue's own word of it agrees.
        if let Some(reported) = position.and_then(kalshi_fix::tracker::Position::reported) {
            assert_eq!(reported, net, "{symbol}");
        }
    }
    let fees = tracker.positions().map(kalshi_fix::tracker::Position::fees);
    assert_eq!(Money::checked_sum(fees).unwrap().dollars(), history.fees);
}

fn fills(events: &[TrackerEvent]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, TrackerEvent::Fill(_)))
        .count()
}

fn inconsistencies(events: &[TrackerEvent]) -> Vec<&Inconsistency> {
    let mut found = Vec::new();
    for event in events {
        if let TrackerEvent::Inconsistent(inconsistency) = event {
            found.push(inconsistency);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// As it happened, the tracker follows the exchange, and nothing is odd about it.
    #[test]
    fn a_history_leads_to_the_truth(actions in actions(), options in options()) {
        let history = History::of(&actions, options);
        let (tracker, events) = played(&history, settings());
        check_truth(&tracker, &history);
        prop_assert_eq!(fills(&events), history.fills);
        prop_assert_eq!(inconsistencies(&events), Vec::<&Inconsistency>::new());
        let odd = events.iter().find(|event| matches!(event, TrackerEvent::Unattributed(_) | TrackerEvent::Adopted { .. }));
        prop_assert_eq!(odd, None);
    }

    /// The tracker is told of requests when their answers were read already: it comes to the same.
    #[test]
    fn requests_that_are_told_late_lead_to_the_same(
        actions in actions(), options in options(), delays in proptest::collection::vec(0..30_usize, 1..20),
    ) {
        let history = History::of(&actions, options);
        let (tracker, events) = played_late(&history, settings(), &delays);
        check_truth(&tracker, &history);
        prop_assert_eq!(fills(&events), history.fills);
        prop_assert_eq!(inconsistencies(&events), Vec::<&Inconsistency>::new());
        let (in_time, _) = played(&history, settings());
        prop_assert_eq!(view(&tracker), view(&in_time));
    }

    /// In any order, any number of times, from any session.
    #[test]
    fn any_interleaving_leads_to_the_same(actions in actions(), options in options(), keys in keys()) {
        let history = History::of(&actions, options);
        let (tracker, events) = told(&history, settings(), &telling(&history, &keys));
        check_truth(&tracker, &history);
        prop_assert_eq!(fills(&events), history.fills);
        let (in_order, _) = played(&history, settings());
        prop_assert_eq!(view(&tracker), view(&in_order));
    }

    /// Orders that were not sent from here, of which only reports are known.
    #[test]
    fn a_listener_alone_comes_to_the_same(actions in actions(), options in options(), keys in keys()) {
        let history = History::of(&actions, options);
        let (_, said) = history.apart();
        let listen = |order: &[(usize, Source)]| {
            let (mut tracker, mut events) = (Tracker::new(settings()), Vec::new());
            for (which, source) in order {
                let is_numbered = matches!(said[*which], Said::Report(report)
                    if report.exec_id != "-1;-1" && report.ord_status != kalshi_fix::prediction::fields::OrdStatus::Rejected);
                if is_numbered {
                    hear(&mut tracker, *source, said[*which], &mut events);
                }
            }
            prop_assert_eq!(fills(&events), history.fills);
            Ok(view(&tracker))
        };
        let in_order: Vec<_> = (0..said.len()).map(|which| (which, Source::Listener)).collect();
        prop_assert_eq!(listen(&telling(&history, &keys))?, listen(&in_order)?);
    }

    /// A snapshot in the middle is the tracker whose sessions are gone, reads as it was written, and goes on likewise.
    #[test]
    fn a_snapshot_goes_on_as_the_tracker_would(
        actions in actions(), options in options(), keys in keys(), cut in any::<prop::sample::Index>(),
    ) {
        let history = History::of(&actions, options);
        let order = telling(&history, &keys);
        let at = cut.index(order.len() + 1);
        let (mut tracker, mut events) = told(&history, settings(), &order[..at]);
        let text = tracker.snapshot();
        let mut restored = Tracker::restore(&text, settings()).expect("a snapshot that was just made");
        let (sent, said) = history.apart();
        let listens = order[..at].iter().any(|(_, source)| *source == Source::Listener);
        let trades = !sent.is_empty() || order[..at].iter().any(|(_, source)| *source == Source::OrderEntry);
        let sources = [(Source::OrderEntry, trades), (Source::Listener, listens)];
        let sources: Vec<Source> = sources.into_iter().filter(|(_, was)| *was).map(|(source, _)| source).collect();
        for source in &sources {
            tracker.disconnected(*source, &(1..=u64::MAX), &mut events);
        }
        prop_assert_eq!(restored.snapshot(), tracker.snapshot());
        let mut again = Vec::new();
        events.clear();
        for source in &sources {
            tracker.connected(*source, false, &mut events);
            restored.connected(*source, false, &mut again);
        }
        for (which, source) in &order[at..] {
            hear(&mut tracker, *source, said[*which], &mut events);
            hear(&mut restored, *source, said[*which], &mut again);
        }
        prop_assert_eq!(events, again);
        prop_assert_eq!(restored.snapshot(), tracker.snapshot());
    }

    /// However little is remembered, nothing counts twice, and what does not count is told.
    #[test]
    fn a_short_memory_never_doubles(
        actions in actions(), options in options(), keys in keys(), remembered in 1_usize..6, kept in 0_usize..4,
    ) {
        let history = History::of(&actions, options);
        let tight = TrackerSettings { remembered_fills: remembered, finished_orders: kept, ..settings() };
        let (tracker, events) = told(&history, tight, &telling(&history, &keys));
        let mut counted = BTreeMap::new();
        let mut outside = std::collections::BTreeSet::new();
        for event in &events {
            match event {
                TrackerEvent::Fill(fill) => *counted.entry(fill.exec_id.to_string()).or_insert(0) += 1,
                TrackerEvent::Inconsistent(Inconsistency::OutsideMemory { exec_id, .. }) => {
                    outside.insert(exec_id.to_string());
                }
                _ => {}
            }
        }
        prop_assert!(counted.values().all(|count| *count == 1), "{:?}", counted);
        let (_, said) = history.apart();
        for message in said {
            if let Said::Report(report) = message && report.last_qty.is_some() {
                let exec_id = report.exec_id.to_string();
                prop_assert!(counted.contains_key(&exec_id) || outside.contains(&exec_id), "{} is lost", exec_id);
            }
        }
        let open = tracker.open_orders().count();
        prop_assert!(tracker.orders().count() <= open + kept);
    }
}

/// A script in which each kind of thing happens: the properties above are not of empty histories.
#[test]
fn histories_have_something_in_them() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut fills, mut rejects, mut open, mut replaced) = (0, 0, 0, 0);
    for _ in 0..50 {
        let actions: Vec<Action> = actions().new_tree(&mut runner).unwrap().current();
        let options = Options {
            new_before_trade: true,
            pending: true,
            expired_status: true,
        };
        let history = History::of(&actions, options);
        fills += history.fills;
        open += history.orders.values().filter(|order| order.is_open).count();
        let (_, said) = history.apart();
        for message in said {
            match message {
                Said::Reject(_) => rejects += 1,
                Said::Report(report) => {
                    replaced +=
                        usize::from(report.ord_status == kalshi_fix::prediction::fields::OrdStatus::Replaced);
                }
            }
        }
    }
    assert!(
        fills > 80 && rejects > 20 && open > 40 && replaced > 20,
        "{fills} {rejects} {open} {replaced}"
    );
}

/// Not every request can be read by accident: the views are of the messages that were sent.
#[test]
fn views_are_of_what_was_sent() {
    let actions = [Action::New {
        own: true,
        market: 0,
        buys: true,
        cents: 50,
        contracts: 3,
        kind: 1,
    }];
    let options = Options {
        new_before_trade: true,
        pending: true,
        expired_status: true,
    };
    let history = History::of(&actions, options);
    let (sent, said) = history.apart();
    let [Sent::New(order)] = sent[..] else {
        panic!("{sent:?}")
    };
    assert!(order.as_request(PriceUnit::Dollars).unwrap().is_some());
    let [Said::Report(first), ..] = said[..] else {
        panic!("{said:?}")
    };
    assert!(first.as_incoming(PriceUnit::Dollars).unwrap().is_some());
}
