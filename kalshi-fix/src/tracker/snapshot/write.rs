//! Writing a snapshot.

use std::fmt::{Display, Write as _};

use super::super::alone::Live;
use super::super::coverage::Feed;
use super::super::order::{Entry, Latest, Order, Resolution, Sent};
use super::super::position::{Account, Position, Totals};
use super::super::report::{OrdStatus, Side};
use super::super::state::Doubt;
use super::super::{NamedKind, RequestKind, Tracker};
use super::{DOWN, HEADER, NONE, VERSION};

pub(super) fn snapshot(tracker: &Tracker) -> String {
    let mut out = Lines::default();
    let feeds = &tracker.feeds;
    out.start("tracker");
    out.put(tracker.next_key).put(tracker.forgotten);
    out.put(feed(feeds.order_entry)).put(feed(feeds.listener));
    out.put(feeds.period).put(feeds.connection);
    for index in &tracker.indexes {
        out.start("index").put(index.exchange_index).put(index.high);
        for gap in [index.gap, index.last_gap] {
            out.maybe(gap.map(|gap| gap.after))
                .maybe(gap.map(|gap| gap.period));
            brings(&mut out, gap.map(|gap| gap.by).unwrap_or_default());
        }
        for alone in [index.alone.order_entry, index.alone.listener] {
            out.maybe(alone.map(|alone| alone.after));
            brings(&mut out, alone.map(|alone| alone.by).unwrap_or_default());
        }
        out.maybe(index.forgotten);
    }
    for window in tracker.fills.windows() {
        out.start("window")
            .put(window.exchange_index)
            .maybe(window.watermark);
        for (place, content) in &window.fills {
            out.start("fill").put(place).put(content);
        }
    }
    for position in &tracker.positions {
        write_position(&mut out, position);
    }
    for order in tracker.orders.values() {
        write_order(&mut out, order);
    }
    for key in &tracker.finished {
        out.start("finished").put(key.0);
    }
    for key in &tracker.immediate {
        out.start("immediate").put(key.0);
    }
    for cl_ord_id in &tracker.mass_cancels {
        out.start("mass").text(cl_ord_id);
    }
    let mut names: Vec<_> = tracker.by_cl_ord_id.iter().collect();
    names.sort_unstable_by_key(|(cl_ord_id, _)| *cl_ord_id);
    for (cl_ord_id, named) in names {
        let kind = match named.kind {
            NamedKind::Order => "order",
            NamedKind::Request => "request",
        };
        out.start("name").text(cl_ord_id).put(named.order.0).put(kind);
    }
    out.end()
}

fn write_position(out: &mut Lines, position: &Position) {
    out.start("position").text(&position.symbol);
    account(out, &position.account);
    totals(out, &position.bought);
    totals(out, &position.sold);
    out.put(position.fees).put(position.without_fee);
    out.maybe(position.reported.map(|(exec_id, _)| exec_id));
    out.maybe(position.reported.map(|(_, quantity)| quantity));
}

fn write_order(out: &mut Lines, order: &Order) {
    out.start("order")
        .put(order.key.0)
        .text(&order.symbol)
        .put(match order.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        });
    account(out, &order.account);
    out.maybe_text(order.order_group.as_deref());
    out.maybe_text(order.order_id.as_deref());
    totals(out, &order.filled);
    out.put(order.fees);
    out.put(order.confirmed).put(u8::from(order.contradicted));
    out.maybe(order.resolution.map(|resolution| match resolution {
        Resolution::NeverAccepted => "never",
        Resolution::Open => "open",
        Resolution::Ended => "ended",
    }));
    out.put(u8::from(order.is_over)).put(u8::from(order.is_retired));
    out.maybe(order.reported_price.map(|(place, _)| place));
    out.maybe(order.reported_price.and_then(|(_, price)| price));
    if let Some(entry) = &order.entry {
        write_entry(out, entry);
    }
    for identifier in &order.identifiers {
        out.start("identifier").text(&identifier.cl_ord_id);
        out.maybe(identifier.since.map(|(place, _)| place));
        out.put(u8::from(identifier.since.is_some_and(|(_, is_own)| is_own)));
    }
    if let Some(latest) = &order.latest {
        write_latest(out, latest);
    }
    for request in &order.requests {
        out.start("request").put(match request.kind {
            RequestKind::Replace => "replace",
            RequestKind::Cancel => "cancel",
        });
        out.text(&request.cl_ord_id);
        sent(out, &request.sent);
        out.maybe(request.order_qty).maybe(request.price);
    }
    if let Some(rejection) = &order.rejection {
        out.start("rejection")
            .maybe(rejection.exec_id)
            .maybe(rejection.reason);
        out.maybe_text(rejection.text.as_deref());
    }
}

fn write_entry(out: &mut Lines, entry: &Entry) {
    out.start("entry").text(&entry.cl_ord_id);
    sent(out, &entry.sent);
    out.put(entry.order_qty).maybe(entry.price);
    out.put(u8::from(entry.is_immediate)).maybe(entry.expire_time);
    out.put(entry.attempts).put(u8::from(entry.was_in_doubt));
}

fn write_latest(out: &mut Lines, latest: &Latest) {
    out.start("latest").put(latest.exec_id).put(status(latest.status));
    out.put(latest.order_qty)
        .put(latest.cum_qty)
        .put(latest.leaves_qty);
    out.text(&latest.cl_ord_id);
    out.maybe_text(latest.text.as_deref());
    out.maybe(latest.transact_time).maybe(latest.expire_time);
    out.put(u8::from(latest.is_answer)).put(latest.received);
}

fn account(out: &mut Lines, account: &Account) {
    out.put(account.subaccount).maybe_text(account.party.as_deref());
}

fn totals(out: &mut Lines, totals: &Totals) {
    out.put(totals.quantity).put(totals.notional).put(totals.fills);
}

fn sent(out: &mut Lines, sent: &Sent) {
    out.put(sent.at).put(sent.msg_seq_num).put(sent.connection);
    out.put(u8::from(sent.acknowledged))
        .put(u8::from(sent.may_be_lost));
    out.maybe(sent.doubt.map(|doubt| match doubt {
        Doubt::Unconfirmed => "unconfirmed",
        Doubt::Unanswered => "unanswered",
        Doubt::Unavailable => "unavailable",
        Doubt::HeldBack => "held-back",
    }));
}

/// Which sessions bring what was missed, if they resume.
fn brings(out: &mut Lines, by: Live<bool>) {
    out.put(u8::from(by.order_entry)).put(u8::from(by.listener));
}

fn feed(feed: Feed) -> String {
    match feed {
        Feed::Unused => "unused".to_owned(),
        Feed::Up => "up".to_owned(),
        Feed::Down { since } => format!("{DOWN}{since}"),
    }
}

/// OrdStatus (39) as the number of its byte.
fn status(status: OrdStatus) -> u8 {
    match status {
        OrdStatus::New => b'0',
        OrdStatus::PartiallyFilled => b'1',
        OrdStatus::Filled => b'2',
        OrdStatus::Canceled => b'4',
        OrdStatus::Replaced => b'5',
        OrdStatus::PendingCancel => b'6',
        OrdStatus::Rejected => b'8',
        OrdStatus::PendingNew => b'A',
        OrdStatus::Expired => b'C',
        OrdStatus::PendingReplace => b'E',
        OrdStatus::Unlisted(byte) => byte,
    }
}

/// Lines of fields.
struct Lines {
    text: String,
    lines: usize,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            text: format!("{HEADER} {VERSION}"),
            lines: 1,
        }
    }
}

impl Lines {
    fn start(&mut self, what: &str) -> &mut Lines {
        self.text.push('\n');
        self.text.push_str(what);
        self.lines += 1;
        self
    }

    fn put(&mut self, value: impl Display) -> &mut Lines {
        // Writing to a string does not fail.
        let _ = write!(self.text, "\t{value}");
        self
    }

    fn maybe(&mut self, value: Option<impl Display>) -> &mut Lines {
        match value {
            Some(value) => self.put(value),
            None => self.put(NONE),
        }
    }

    fn maybe_text(&mut self, value: Option<&str>) -> &mut Lines {
        match value {
            Some(value) => self.text(value),
            None => self.put(NONE),
        }
    }

    fn text(&mut self, value: &str) -> &mut Lines {
        self.text.push('\t');
        if value.starts_with(NONE) {
            self.text.push('\\');
        }
        for character in value.chars() {
            match character {
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\\' => self.text.push_str("\\\\"),
                other => self.text.push(other),
            }
        }
        self
    }

    fn end(mut self) -> String {
        self.text.push('\n');
        let sum = crc32fast::hash(self.text.as_bytes());
        let _ = writeln!(self.text, "end\t{}\t{sum:08x}", self.lines);
        self.text
    }
}
