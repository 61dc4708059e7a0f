//! Reading a snapshot.

use std::str::FromStr;
use std::sync::Arc;

use fix_dialect::Timestamp;

use super::super::alone::{Alone, Live};
use super::super::coverage::{Feed, Gap, IndexProgress};
use super::super::exec_id::{ExecId, ExecPlace};
use super::super::fills::{FillMemory, MAX_EXCHANGE_INDEXES, Window};
use super::super::order::{
    Entry, Identifier, Latest, Order, OrderKey, PendingRequest, Rejection, RequestKind, Resolution, Sent,
};
use super::super::position::{Account, Position, Totals};
use super::super::report::{OrdStatus, Side};
use super::super::state::{Doubt, OrderState};
use super::super::{Named, NamedKind, Tracker, TrackerSettings};
use super::{DOWN, HEADER, NONE, RestoreError, VERSION};

pub(super) fn restore(snapshot: &str, settings: TrackerSettings) -> Result<Tracker, RestoreError> {
    let body = checked(snapshot)?;
    let mut tracker = Tracker::new(settings);
    let mut windows: Vec<Window> = Vec::new();
    let mut order: Option<Order> = None;
    let mut kept = Vec::new();
    let mut last = 0;
    for (at, line) in body.lines().enumerate().skip(1) {
        last = at + 1;
        let mut fields = Fields::of(last, line);
        let what = fields.next("a kind of line")?;
        let is_part = matches!(what, "entry" | "identifier" | "latest" | "request" | "rejection");
        if !is_part && let Some(order) = order.take() {
            kept.push(order);
        }
        match (what, &mut order) {
            ("tracker", _) => read_tracker(&mut tracker, &mut fields)?,
            ("index", _) => tracker.indexes.push(read_index(&mut fields)?),
            ("window", _) => windows.push(Window {
                exchange_index: fields.number("an exchange index")?,
                watermark: fields.maybe("a place", place)?,
                fills: std::collections::VecDeque::new(),
            }),
            ("fill", _) => {
                let fill = (fields.by("a place", place)?, fields.number("a number")?);
                let window = windows
                    .last_mut()
                    .ok_or(fields.expected("a window before the fill"))?;
                window.fills.push_back(fill);
            }
            ("position", _) => read_position(&mut tracker, &mut fields)?,
            ("order", _) => order = Some(read_order(&mut fields)?),
            ("entry", Some(order)) => order.entry = Some(read_entry(&mut fields)?),
            ("identifier", Some(order)) => order.identifiers.push(read_identifier(&mut fields)?),
            ("latest", Some(order)) => order.latest = Some(read_latest(&mut fields)?),
            ("request", Some(order)) => order.requests.push(read_request(&mut fields)?),
            ("rejection", Some(order)) => order.rejection = Some(read_rejection(&mut fields)?),
            ("finished", _) => tracker.finished.push_back(OrderKey(fields.number("a key")?)),
            ("immediate", _) => tracker.immediate.push(OrderKey(fields.number("a key")?)),
            ("mass", _) => tracker.mass_cancels.push_back(fields.text("a ClOrdID")?.into()),
            ("name", _) => {
                let cl_ord_id = fields.text("a ClOrdID")?;
                let order = OrderKey(fields.number("a key")?);
                let kind = fields.by("order or request", |kind| match kind {
                    "order" => Some(NamedKind::Order),
                    "request" => Some(NamedKind::Request),
                    _ => None,
                })?;
                tracker
                    .by_cl_ord_id
                    .insert(cl_ord_id.into(), Named { order, kind });
            }
            _ => return Err(fields.expected("a line of this version, in its place")),
        }
        fields.end()?;
    }
    kept.extend(order);
    keep(&mut tracker, kept, windows).ok_or(RestoreError::Line {
        line: last,
        expected: "orders and fills that fit together",
    })?;
    tracker.lose_all();
    Ok(tracker)
}

/// The lines before the end, once the end is that of them.
fn checked(snapshot: &str) -> Result<&str, RestoreError> {
    let first = snapshot.lines().next().unwrap_or_default();
    let version = first.strip_prefix(HEADER).ok_or(RestoreError::NotASnapshot)?;
    if version.trim_start() != VERSION {
        let found = version.trim_start().to_owned();
        return Err(RestoreError::Version { found });
    }
    let damaged = |what: &str| RestoreError::Damaged {
        what: what.to_owned(),
    };
    let whole = snapshot
        .strip_suffix('\n')
        .ok_or(damaged("the last line has no end"))?;
    let at = whole.rfind('\n').ok_or(damaged("there is no last line"))? + 1;
    let (body, end) = snapshot.split_at(at);
    let end = end
        .trim_end()
        .strip_prefix("end\t")
        .ok_or(damaged("the last line is not its end"))?;
    let sum = crc32fast::hash(body.as_bytes());
    let expected = format!("{}\t{sum:08x}", body.lines().count());
    if end != expected {
        let what = format!("its end is {end:?}, and that of its lines {expected:?}");
        return Err(RestoreError::Damaged { what });
    }
    Ok(body)
}

/// Puts the parts together; `None` where they do not fit.
fn keep(tracker: &mut Tracker, orders: Vec<Order>, windows: Vec<Window>) -> Option<()> {
    tracker.fills = FillMemory::restore(tracker.settings.remembered_fills, windows)?;
    let coverage = tracker.feeds.coverage();
    for mut order in orders {
        order.state = order.derive_state(coverage);
        if order.key.0 > tracker.next_key {
            return None;
        }
        if let Some(order_id) = &order.order_id
            && tracker.by_order_id.insert(order_id.clone(), order.key).is_some()
        {
            return None;
        }
        if tracker.orders.insert(order.key, order).is_some() {
            return None;
        }
    }
    let is_kept = |key: &OrderKey| tracker.orders.contains_key(key);
    let named = tracker.by_cl_ord_id.values().map(|named| &named.order);
    let all_kept = named
        .chain(&tracker.finished)
        .chain(&tracker.immediate)
        .all(is_kept);
    (all_kept && tracker.indexes.len() <= MAX_EXCHANGE_INDEXES).then_some(())
}

fn read_tracker(tracker: &mut Tracker, fields: &mut Fields<'_>) -> Result<(), RestoreError> {
    tracker.next_key = fields.number("a key")?;
    tracker.forgotten = fields.number("a count")?;
    tracker.feeds.order_entry = fields.by("a state of a session", feed)?;
    tracker.feeds.listener = fields.by("a state of a session", feed)?;
    tracker.feeds.period = fields.number("a count")?;
    tracker.feeds.connection = fields.number("a count")?;
    Ok(())
}

fn read_index(fields: &mut Fields<'_>) -> Result<IndexProgress, RestoreError> {
    Ok(IndexProgress {
        exchange_index: fields.number("an exchange index")?,
        high: fields.by("a place", place)?,
        gap: fields.gap()?,
        last_gap: fields.gap()?,
        alone: Live {
            order_entry: fields.alone()?,
            listener: fields.alone()?,
        },
        forgotten: fields.maybe("a place", place)?,
    })
}

fn read_position(tracker: &mut Tracker, fields: &mut Fields<'_>) -> Result<(), RestoreError> {
    let symbol: Arc<str> = fields.text("a symbol")?.into();
    let account = fields.account()?;
    let mut position = Position::new(Arc::clone(&symbol), account);
    position.bought = fields.totals()?;
    position.sold = fields.totals()?;
    position.fees = fields.number("an amount")?;
    position.without_fee = fields.number("a count")?;
    let exec_id = fields.maybe("an ExecID", exec_id)?;
    let quantity = fields.maybe("a quantity", |text| text.parse().ok())?;
    position.reported = exec_id.zip(quantity);
    tracker
        .by_market
        .entry(symbol)
        .or_default()
        .push(tracker.positions.len());
    tracker.positions.push(position);
    Ok(())
}

fn read_order(fields: &mut Fields<'_>) -> Result<Order, RestoreError> {
    Ok(Order {
        key: OrderKey(fields.number("a key")?),
        symbol: fields.text("a symbol")?.into(),
        side: fields.by("buy or sell", |side| match side {
            "buy" => Some(Side::Buy),
            "sell" => Some(Side::Sell),
            _ => None,
        })?,
        account: fields.account()?,
        order_group: fields.maybe_text("an order group")?.map(Into::into),
        order_id: fields.maybe_text("an OrderID")?.map(Into::into),
        filled: fields.totals()?,
        fees: fields.number("an amount")?,
        confirmed: fields.number("a count")?,
        contradicted: fields.flag()?,
        resolution: fields.maybe("a resolution", |resolution| match resolution {
            "never" => Some(Resolution::NeverAccepted),
            "open" => Some(Resolution::Open),
            "ended" => Some(Resolution::Ended),
            _ => None,
        })?,
        is_over: fields.flag()?,
        is_retired: fields.flag()?,
        reported_price: {
            let place = fields.maybe("a place", place)?;
            let price = fields.maybe("a price", |text| text.parse().ok())?;
            place.map(|place| (place, price))
        },
        entry: None,
        identifiers: Vec::new(),
        latest: None,
        requests: Vec::new(),
        rejection: None,
        state: OrderState::Unknown,
    })
}

fn read_entry(fields: &mut Fields<'_>) -> Result<Entry, RestoreError> {
    Ok(Entry {
        cl_ord_id: fields.text("a ClOrdID")?.into(),
        sent: fields.sent()?,
        order_qty: fields.number("a quantity")?,
        price: fields.maybe("a price", |text| text.parse().ok())?,
        is_immediate: fields.flag()?,
        expire_time: fields.maybe("a time", time)?,
        attempts: fields.number("a count")?,
        was_in_doubt: fields.flag()?,
    })
}

fn read_identifier(fields: &mut Fields<'_>) -> Result<Identifier, RestoreError> {
    let cl_ord_id = fields.text("a ClOrdID")?.into();
    let place = fields.maybe("a place", place)?;
    let is_own = fields.flag()?;
    let since = place.map(|place| (place, is_own));
    Ok(Identifier { cl_ord_id, since })
}

fn read_latest(fields: &mut Fields<'_>) -> Result<Latest, RestoreError> {
    Ok(Latest {
        exec_id: fields.by("an ExecID", exec_id)?,
        status: OrdStatus::from_wire(fields.number("a status")?),
        order_qty: fields.number("a quantity")?,
        cum_qty: fields.number("a quantity")?,
        leaves_qty: fields.number("a quantity")?,
        cl_ord_id: fields.text("a ClOrdID")?.into(),
        text: fields.maybe_text("a text")?.map(Into::into),
        transact_time: fields.maybe("a time", time)?,
        expire_time: fields.maybe("a time", time)?,
        is_answer: fields.flag()?,
        received: fields.by("a time", time)?,
    })
}

fn read_request(fields: &mut Fields<'_>) -> Result<PendingRequest, RestoreError> {
    Ok(PendingRequest {
        kind: fields.by("replace or cancel", |kind| match kind {
            "replace" => Some(RequestKind::Replace),
            "cancel" => Some(RequestKind::Cancel),
            _ => None,
        })?,
        cl_ord_id: fields.text("a ClOrdID")?.into(),
        sent: fields.sent()?,
        order_qty: fields.maybe("a quantity", |text| text.parse().ok())?,
        price: fields.maybe("a price", |text| text.parse().ok())?,
    })
}

fn read_rejection(fields: &mut Fields<'_>) -> Result<Rejection, RestoreError> {
    Ok(Rejection {
        exec_id: fields.maybe("an ExecID", exec_id)?,
        reason: fields.maybe("a reason", |text| text.parse().ok())?,
        text: fields.maybe_text("a text")?.map(Into::into),
    })
}

fn feed(text: &str) -> Option<Feed> {
    match text {
        "unused" => Some(Feed::Unused),
        "up" => Some(Feed::Up),
        down => {
            let since = down.strip_prefix(DOWN)?.parse().ok()?;
            Some(Feed::Down { since })
        }
    }
}

fn place(text: &str) -> Option<ExecPlace> {
    ExecId::parse(text.as_bytes())
        .filter(|exec_id| exec_id.exchange_index() == 0)
        .map(|exec_id| exec_id.place())
}

fn exec_id(text: &str) -> Option<ExecId> {
    ExecId::parse(text.as_bytes())
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text.as_bytes())
}

/// The fields of a line.
struct Fields<'a> {
    line: usize,
    rest: std::str::Split<'a, char>,
}

impl<'a> Fields<'a> {
    fn of(line: usize, text: &'a str) -> Fields<'a> {
        Fields {
            line,
            rest: text.split('\t'),
        }
    }

    fn expected(&self, expected: &'static str) -> RestoreError {
        let line = self.line;
        RestoreError::Line { line, expected }
    }

    fn next(&mut self, expected: &'static str) -> Result<&'a str, RestoreError> {
        self.rest.next().ok_or(self.expected(expected))
    }

    fn by<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, RestoreError> {
        let text = self.next(expected)?;
        read(text).ok_or(self.expected(expected))
    }

    fn maybe<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, RestoreError> {
        self.by(expected, |text| match text {
            NONE => Some(None),
            text => read(text).map(Some),
        })
    }

    fn number<T: FromStr>(&mut self, expected: &'static str) -> Result<T, RestoreError> {
        self.by(expected, |text| text.parse().ok())
    }

    fn flag(&mut self) -> Result<bool, RestoreError> {
        self.by("0 or 1", |text| match text {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }

    fn text(&mut self, expected: &'static str) -> Result<String, RestoreError> {
        self.by(expected, |text| if text == NONE { None } else { plain(text) })
    }

    fn maybe_text(&mut self, expected: &'static str) -> Result<Option<String>, RestoreError> {
        self.maybe(expected, plain)
    }

    fn account(&mut self) -> Result<Account, RestoreError> {
        Ok(Account {
            subaccount: self.number("a subaccount")?,
            party: self.maybe_text("a party")?.map(Into::into),
        })
    }

    fn totals(&mut self) -> Result<Totals, RestoreError> {
        Ok(Totals {
            quantity: self.number("a quantity")?,
            notional: self.number("an amount")?,
            fills: self.number("a count")?,
        })
    }

    fn sent(&mut self) -> Result<Sent, RestoreError> {
        Ok(Sent {
            at: self.by("a time", time)?,
            msg_seq_num: self.number("a number")?,
            connection: self.number("a count")?,
            acknowledged: self.flag()?,
            may_be_lost: self.flag()?,
            doubt: self.maybe("a doubt", |doubt| match doubt {
                "unconfirmed" => Some(Doubt::Unconfirmed),
                "unanswered" => Some(Doubt::Unanswered),
                "unavailable" => Some(Doubt::Unavailable),
                "held-back" => Some(Doubt::HeldBack),
                _ => None,
            })?,
        })
    }

    fn gap(&mut self) -> Result<Option<Gap>, RestoreError> {
        let after = self.maybe("a place", place)?;
        let period = self.maybe("a count", |text| text.parse().ok())?;
        let by = self.brings()?;
        Ok(after.zip(period).map(|(after, period)| Gap { after, period, by }))
    }

    fn alone(&mut self) -> Result<Option<Alone>, RestoreError> {
        let after = self.maybe("a place", place)?;
        let by = self.brings()?;
        Ok(after.map(|after| Alone { after, by }))
    }

    fn brings(&mut self) -> Result<Live<bool>, RestoreError> {
        Ok(Live {
            order_entry: self.flag()?,
            listener: self.flag()?,
        })
    }

    fn end(mut self) -> Result<(), RestoreError> {
        match self.rest.next() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the line")),
        }
    }
}

/// A text without its escapes.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        plain.push(match character {
            '\\' => match rest.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                escaped @ ('\\' | '~') => escaped,
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}
