//! Plain typed values: what the scanner converts to, and what the writer writes.

use rust_decimal::Decimal;

/// A UTC timestamp, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) millis: u16,
}

/// The standard header of a message that is written.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) sender: String,
    pub(crate) target: String,
    pub(crate) sequence: u64,
    pub(crate) sending_time: Stamp,
}

/// The body of `NewOrderSingle` (D).
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) cl_ord_id: String,
    pub(crate) quantity: Decimal,
    pub(crate) ord_type: u8,
    pub(crate) price: Decimal,
    pub(crate) side: u8,
    pub(crate) symbol: String,
    pub(crate) time_in_force: u8,
}

/// The body of a Trade `ExecutionReport` (8).
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) avg_px: Decimal,
    pub(crate) cl_ord_id: String,
    pub(crate) cum_qty: Decimal,
    pub(crate) exec_id: String,
    pub(crate) last_px: Decimal,
    pub(crate) last_qty: Decimal,
    pub(crate) order_id: String,
    pub(crate) order_qty: Decimal,
    pub(crate) ord_status: u8,
    pub(crate) price: Decimal,
    pub(crate) side: u8,
    pub(crate) symbol: String,
    pub(crate) transact_time: Stamp,
    pub(crate) exec_type: u8,
    pub(crate) leaves_qty: Decimal,
    pub(crate) long_qty: Decimal,
    pub(crate) short_qty: Decimal,
    pub(crate) fees: Vec<Fee>,
    pub(crate) trd_match_id: String,
    pub(crate) aggressor: bool,
    pub(crate) collateral: Vec<Collateral>,
}

/// An entry of `NoMiscFees` (136).
#[derive(Clone, Debug)]
pub(crate) struct Fee {
    pub(crate) amount: Decimal,
    pub(crate) currency: String,
    pub(crate) kind: u8,
    pub(crate) basis: u32,
}

/// An entry of `NoCollateralAmountChanges` (1703).
#[derive(Clone, Debug)]
pub(crate) struct Collateral {
    pub(crate) change: Decimal,
    pub(crate) kind: String,
}

/// An entry of `NoMDEntries` (268) in `MarketDataIncrementalRefresh` (X).
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) action: u8,
    pub(crate) kind: u8,
    pub(crate) symbol: String,
    pub(crate) price: Decimal,
    pub(crate) size: Decimal,
}

/// A message as the writer takes it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) head: Head,
    pub(crate) body: Body,
}

/// What stands between header and trailer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Order(Order),
    Report(Box<Report>),
    Refresh(Vec<Entry>),
    Heartbeat,
}

impl Message {
    /// The values of a recorded frame; panics where it is not one of the five kinds. Not timed.
    pub(crate) fn read(frame: &[u8]) -> Message {
        let text = std::str::from_utf8(frame).expect("recorded frames are ASCII");
        let mut fields = Fields(
            text.split_terminator('\u{1}')
                .map(|field| field.split_once('=').expect("tag=value"))
                .collect(),
        );
        let kind = fields.text("35");
        let head = Head {
            sender: fields.text("49"),
            target: fields.text("56"),
            sequence: fields.text("34").parse().expect("a number"),
            sending_time: fields.stamp("52"),
        };
        let body = match kind.as_str() {
            "D" => Body::Order(fields.order()),
            "8" => Body::Report(Box::new(fields.report())),
            "X" => Body::Refresh(fields.entries()),
            "0" => Body::Heartbeat,
            other => panic!("no floor for MsgType {other}"),
        };
        Message { head, body }
    }
}

/// Fields not read yet, in the order of the wire.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl Fields<'_> {
    /// Takes the first field with this tag.
    fn text(&mut self, tag: &str) -> String {
        let at = self
            .0
            .iter()
            .position(|field| field.0 == tag)
            .unwrap_or_else(|| panic!("no field {tag}"));
        self.0.remove(at).1.to_owned()
    }

    fn character(&mut self, tag: &str) -> u8 {
        self.text(tag).as_bytes()[0]
    }

    fn decimal(&mut self, tag: &str) -> Decimal {
        Decimal::from_str_exact(&self.text(tag)).expect("a decimal")
    }

    fn count(&mut self, tag: &str) -> usize {
        self.text(tag).parse().expect("a count")
    }

    fn stamp(&mut self, tag: &str) -> Stamp {
        let text = self.text(tag);
        let number = |from: usize, to: usize| text[from..to].parse::<u16>().expect("digits");
        Stamp {
            year: number(0, 4),
            month: number(4, 6) as u8,
            day: number(6, 8) as u8,
            hour: number(9, 11) as u8,
            minute: number(12, 14) as u8,
            second: number(15, 17) as u8,
            millis: number(18, 21),
        }
    }

    fn order(&mut self) -> Order {
        Order {
            cl_ord_id: self.text("11"),
            quantity: self.decimal("38"),
            ord_type: self.character("40"),
            price: self.decimal("44"),
            side: self.character("54"),
            symbol: self.text("55"),
            time_in_force: self.character("59"),
        }
    }

    fn report(&mut self) -> Report {
        Report {
            avg_px: self.decimal("6"),
            cl_ord_id: self.text("11"),
            cum_qty: self.decimal("14"),
            exec_id: self.text("17"),
            last_px: self.decimal("31"),
            last_qty: self.decimal("32"),
            order_id: self.text("37"),
            order_qty: self.decimal("38"),
            ord_status: self.character("39"),
            price: self.decimal("44"),
            side: self.character("54"),
            symbol: self.text("55"),
            transact_time: self.stamp("60"),
            exec_type: self.character("150"),
            leaves_qty: self.decimal("151"),
            long_qty: self.decimal("704"),
            short_qty: self.decimal("705"),
            fees: (0..self.count("136")).map(|_| self.fee()).collect(),
            trd_match_id: self.text("880"),
            aggressor: self.character("1057") == b'Y',
            collateral: (0..self.count("1703")).map(|_| self.collateral()).collect(),
        }
    }

    fn fee(&mut self) -> Fee {
        Fee {
            amount: self.decimal("137"),
            currency: self.text("138"),
            kind: self.character("139"),
            basis: self.text("891").parse().expect("a number"),
        }
    }

    fn collateral(&mut self) -> Collateral {
        Collateral {
            change: self.decimal("1704"),
            kind: self.text("1705"),
        }
    }

    fn entries(&mut self) -> Vec<Entry> {
        (0..self.count("268")).map(|_| self.entry()).collect()
    }

    fn entry(&mut self) -> Entry {
        Entry {
            action: self.character("279"),
            kind: self.character("269"),
            symbol: self.text("55"),
            price: self.decimal("270"),
            size: self.decimal("271"),
        }
    }
}
