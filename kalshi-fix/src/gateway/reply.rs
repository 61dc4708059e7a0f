//! Answers: from what the exchange says to the bodies of messages, as each session asked to read them.
//!
//! Fields are in the order of the dictionary.

use fix_dialect::{BodyWriter, Decimal, EncodeBody, Precision, Timestamp};

use super::exchange::{
    CancelReason, CancelReject, Ended, Fill, Increment, MarketDataRejectReason, MarketStatus,
    MassCancelReport, Money, Order, OrderEvent, OrderReport, Price, Quantity, Side, Snapshot, Symbol, Time,
    TimeInForce,
};
use super::options::Options;
use crate::environment::Product;

/// ExecutionReport (8) for one session.
pub(super) struct ExecutionReport<'a> {
    pub(super) report: &'a OrderReport,
    pub(super) options: &'a Options,
}

impl ExecutionReport<'_> {
    /// Whether the session asked to hear of this.
    pub(super) fn is_wanted(&self) -> bool {
        let options = self.options;
        match &self.report.event {
            OrderEvent::PendingNew | OrderEvent::PendingCancel | OrderEvent::PendingReplace => {
                !options.skip_pending
            }
            OrderEvent::New { trade_follows } => options.new_before_trade || !trade_follows,
            OrderEvent::Canceled(CancelReason::ImmediateOrCancelled) => {
                options.ioc_cancel_report || !self.report.order.filled.is_positive()
            }
            _ => true,
        }
    }

    /// ExecType (150) and OrdStatus (39).
    fn status(&self) -> (u8, u8) {
        let expired = if self.options.expired_status { b'C' } else { b'4' };
        match &self.report.event {
            OrderEvent::PendingNew => (b'A', b'A'),
            OrderEvent::PendingCancel => (b'6', b'6'),
            OrderEvent::PendingReplace => (b'E', b'E'),
            OrderEvent::New { .. } => (b'0', b'0'),
            OrderEvent::Replaced => (b'5', b'5'),
            OrderEvent::Canceled(_) => (b'4', b'4'),
            OrderEvent::Expired => (expired, expired),
            OrderEvent::Rejected(_) => (b'8', b'8'),
            OrderEvent::Trade(_) if self.report.order.leaves().is_positive() => (b'F', b'1'),
            OrderEvent::Trade(_) => (b'F', b'2'),
        }
    }

    /// LeavesQty (151): nothing is open of an order that has ended.
    fn leaves(&self) -> Quantity {
        match self.report.event {
            OrderEvent::Canceled(_) | OrderEvent::Expired | OrderEvent::Rejected(_) => Quantity::ZERO,
            _ => self.report.order.leaves(),
        }
    }

    fn text(&self) -> Option<&'static str> {
        match &self.report.event {
            OrderEvent::Canceled(reason) => reason.text(),
            OrderEvent::Rejected(reason) => Some(reason.text()),
            _ => None,
        }
    }

    fn fill(&self) -> Option<&Fill> {
        match &self.report.event {
            OrderEvent::Trade(fill) => Some(fill),
            _ => None,
        }
    }

    fn price(&self, price: Price) -> Decimal {
        if self.options.dollars {
            price.dollars()
        } else {
            (price.dollars() * Decimal::ONE_HUNDRED).normalize()
        }
    }

    /// AvgPx (6), which can lie between two prices.
    fn average(&self, order: &Order) -> Decimal {
        let average = order.average_price().unwrap_or_default();
        if self.options.dollars {
            at_least(average, 4)
        } else {
            (average * Decimal::ONE_HUNDRED).normalize()
        }
    }
}

impl EncodeBody for ExecutionReport<'_> {
    fn msg_type(&self) -> &[u8] {
        b"8"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let report = self.report;
        let order = &report.order;
        let (exec_type, ord_status) = self.status();
        let quantity = if self.options.original_quantity {
            order.quantity
        } else {
            order.filled + self.leaves()
        };
        let fill = self.fill();

        out.decimal(6, self.average(order));
        out.field(11, report.cl_ord_id.as_bytes());
        out.decimal(14, order.filled.decimal());
        match report.exec_id {
            Some(exec_id) => out.field(17, exec_id.to_string().as_bytes()),
            None => out.field(17, PENDING),
        };
        if let Some(fill) = fill {
            out.field(30, order.exchange_index.to_string().as_bytes());
            out.decimal(31, self.price(fill.price));
            out.decimal(32, fill.quantity.decimal());
        }
        out.field(37, order.id.to_string().as_bytes());
        out.decimal(38, quantity.decimal());
        out.field(39, &[ord_status]);
        if let Some(orig_cl_ord_id) = &report.orig_cl_ord_id {
            out.field(41, orig_cl_ord_id.as_bytes());
        }
        out.decimal(44, self.price(order.price));
        out.field(54, side(order.side));
        out.field(55, order.symbol.as_bytes());
        if let Some(text) = self.text() {
            out.field(58, text.as_bytes());
        }
        out.timestamp(60, report.time.timestamp());
        if let OrderEvent::Rejected(reason) = &report.event {
            out.unsigned(103, reason.code().into());
        }
        if let Some(expires) = expiry(order) {
            out.timestamp(126, expires.timestamp());
        }
        out.field(150, &[exec_type]);
        out.decimal(151, self.leaves().decimal());
        if let Some(party) = &order.party {
            out.unsigned(453, 1).field(448, party.id.as_bytes());
            if let Some(role) = party.role {
                out.unsigned(452, role.into());
            }
        }
        if let Some(subaccount) = order.subaccount {
            out.unsigned(79, subaccount.into());
        }
        if let Some(fill) = fill {
            encode_fill(fill, out);
        }
    }
}

/// What only trades have: positions, fees, the match, and what it did to the balance.
fn encode_fill(fill: &Fill, out: &mut BodyWriter) {
    out.decimal(704, fill.position.or_zero().decimal());
    out.decimal(705, (-fill.position).or_zero().decimal());
    out.unsigned(136, 1)
        .decimal(137, amount(fill.fee, 2))
        .field(138, b"USD")
        .field(139, b"4")
        .unsigned(891, 0);
    out.field(880, fill.match_id.to_string().as_bytes());
    out.boolean(1057, fill.is_aggressor);
    // What the balance changed by, of which the fee is a part.
    out.unsigned(1703, 1)
        .decimal(1704, amount(fill.balance_change - fill.fee, 4))
        .field(1705, b"BALANCE");
}

/// OrderCancelReject (9).
pub(super) struct OrderCancelReject<'a>(pub(super) &'a CancelReject);

impl EncodeBody for OrderCancelReject<'_> {
    fn msg_type(&self) -> &[u8] {
        b"9"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let reject = self.0;
        let status = match (&reject.order, reject.ended) {
            (Some(order), _) if order.filled.is_positive() => b"1",
            (Some(_), _) => b"0",
            (None, Some(Ended::Filled)) => b"2",
            (None, Some(Ended::Canceled)) => b"4",
            (None, None) => b"8",
        };
        match reject.order_id {
            Some(id) => out.field(37, id.to_string().as_bytes()),
            None => out.field(37, b"NONE"),
        };
        out.field(11, reject.cl_ord_id.as_bytes());
        out.field(41, reject.orig_cl_ord_id.as_bytes());
        out.field(39, status);
        out.field(434, if reject.is_amend { b"2" } else { b"1" });
        out.unsigned(102, reject.reason.code().into());
        out.field(58, reject.reason.text().as_bytes());
    }
}

/// OrderMassCancelReport (r).
pub(super) struct OrderMassCancelReport<'a>(pub(super) &'a MassCancelReport);

impl EncodeBody for OrderMassCancelReport<'_> {
    fn msg_type(&self) -> &[u8] {
        b"r"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let report = self.0;
        out.field(11, report.cl_ord_id.as_bytes());
        out.field(37, report.operation.to_string().as_bytes());
        if report.cancelled.is_some() {
            out.field(531, b"6");
        } else {
            out.field(531, b"0").unsigned(532, 99);
        }
    }
}

/// MarketDataSnapshotFullRefresh (W).
pub(super) struct FullRefresh<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) product: Product,
}

impl EncodeBody for FullRefresh<'_> {
    fn msg_type(&self) -> &[u8] {
        b"W"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let Snapshot {
            symbol,
            bids,
            offers,
            time,
            ..
        } = self.snapshot;
        out.field(55, symbol.as_bytes());
        out.unsigned(268, (bids.len() + offers.len()) as u64);
        for (entry_type, levels) in [(b"0", bids), (b"1", offers)] {
            for (price, size) in levels {
                out.field(269, entry_type)
                    .decimal(270, price.dollars())
                    .decimal(271, size.decimal());
                date_and_time(self.product, *time, out);
            }
        }
    }
}

/// MarketDataIncrementalRefresh (X): trades first, then the levels.
pub(super) struct IncrementalRefresh<'a> {
    pub(super) increment: &'a Increment,
    pub(super) product: Product,
}

impl EncodeBody for IncrementalRefresh<'_> {
    fn msg_type(&self) -> &[u8] {
        b"X"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let Increment {
            symbol,
            trades,
            levels,
            time,
            ..
        } = self.increment;
        out.unsigned(268, (trades.len() + levels.len()) as u64);
        for trade in trades {
            out.field(279, b"0").field(55, symbol.as_bytes()).field(269, b"2");
            out.decimal(270, trade.price.dollars())
                .decimal(271, trade.quantity.decimal());
            date_and_time(self.product, *time, out);
            out.field(2446, side(trade.aggressor));
        }
        for level in levels {
            let action = match (level.size.is_positive(), level.existed) {
                (false, _) => b"2",
                (true, false) => b"0",
                (true, true) => b"1",
            };
            let entry_type = match level.side {
                Side::Buy => b"0",
                Side::Sell => b"1",
            };
            out.field(279, action)
                .field(55, symbol.as_bytes())
                .field(269, entry_type);
            out.decimal(270, level.price.dollars())
                .decimal(271, level.size.decimal());
            date_and_time(self.product, *time, out);
        }
    }
}

/// MarketDataRequestReject (Y).
pub(super) struct MarketDataRequestReject(pub(super) MarketDataRejectReason);

impl EncodeBody for MarketDataRequestReject {
    fn msg_type(&self) -> &[u8] {
        b"Y"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let (reason, text) = match self.0 {
            MarketDataRejectReason::TooManySymbols => (b"2", "too many symbols"),
            MarketDataRejectReason::UnsupportedType => (b"4", "unsupported SubscriptionRequestType"),
        };
        out.field(281, reason).field(58, text.as_bytes());
    }
}

/// SecurityStatus (f); prediction only.
pub(super) struct SecurityStatus<'a> {
    pub(super) symbol: &'a Symbol,
    pub(super) status: MarketStatus,
}

impl EncodeBody for SecurityStatus<'_> {
    fn msg_type(&self) -> &[u8] {
        b"f"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let status = match self.status {
            MarketStatus::Inactive | MarketStatus::Closed => 2,
            MarketStatus::Active => 3,
            MarketStatus::Determined => 100,
            MarketStatus::Settled => 101,
        };
        out.field(55, self.symbol.as_bytes()).unsigned(326, status);
    }
}

/// MDEntryDate (272) and MDEntryTime (273), which margin does not have.
fn date_and_time(product: Product, time: Time, out: &mut BodyWriter) {
    if product == Product::Prediction {
        let text = Timestamp::from_unix_nanos(time.unix_nanos())
            .with_precision(Precision::MILLIS)
            .to_string();
        if let Some((date, time)) = text.split_once('-') {
            out.field(272, date.as_bytes()).field(273, time.as_bytes());
        }
    }
}

fn side(side: Side) -> &'static [u8] {
    match side {
        Side::Buy => b"1",
        Side::Sell => b"2",
    }
}

fn expiry(order: &Order) -> Option<Time> {
    match order.time_in_force {
        TimeInForce::GoodTillDate(time) => Some(time),
        _ => order.expires,
    }
}

/// An amount of dollars with at least so many decimals.
pub(super) fn amount(money: Money, decimals: u32) -> Decimal {
    at_least(money.dollars().normalize(), decimals)
}

pub(super) fn at_least(mut value: Decimal, decimals: u32) -> Decimal {
    if value.scale() < decimals {
        value.rescale(decimals);
    }
    value
}

/// ExecID (17) of pending reports.
const PENDING: &[u8] = b"-1;-1";
