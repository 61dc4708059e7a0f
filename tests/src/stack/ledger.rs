//! What became of each order: by what its sender was told, and by what the exchange did.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use kalshi_fix::driver::SessionEnd;
use kalshi_fix::session::SequenceNumber;

use super::report::Report;

/// The orders of one session without retransmission, each of which the exchange answers with one report.
///
/// It is told of every step, by the session's application and by a witness who hears all that the exchange says, and
/// complains about the first that cannot be. What it keeps is what is under way, and what is in doubt for good.
#[derive(Debug, Default)]
pub struct Ledger {
    orders: BTreeMap<u64, Order>,
    next: u64,
    open: usize,
    tally: Tally,
}

/// How far what was sent on a connection had come when it was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The highest number that the peer is known to have received.
    pub confirmed: SequenceNumber,
    /// The highest number that was given out.
    pub sent: SequenceNumber,
    /// The numbers that are told to be in doubt.
    pub in_doubt: RangeInclusive<SequenceNumber>,
}

impl From<&SessionEnd> for Extent {
    fn from(end: &SessionEnd) -> Extent {
        Extent {
            confirmed: end.confirmed,
            sent: end.sent,
            in_doubt: end.in_doubt(),
        }
    }
}

/// What must not be, in words.
pub type Fault = String;

#[derive(Clone, Copy, Debug)]
struct Order {
    fate: Fate,
    told: Option<Report>,
    truth: Option<Report>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is being handed to the session.
    Offered,
    /// It has this number, and no answer yet.
    Sent(SequenceNumber),
    /// Its connection was lost, and the session says that nobody knows.
    InDoubt,
    /// Its connection was lost, and the session says that the exchange has it.
    Received,
}

/// How many orders went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answered, as the exchange says.
    pub answered: u64,
    /// Of these, filled.
    pub filled: u64,
    /// Refused by the session: it had no connection.
    pub refused: u64,
    /// In doubt when the connection was lost.
    pub in_doubt: u64,
    /// Of these, carried out by the exchange all the same.
    pub in_doubt_and_done: u64,
    /// Without an answer when the connection was lost, and known to have been received.
    pub received: u64,
    /// How often the connection was lost.
    pub disconnections: u64,
}

impl Ledger {
    /// A new order, about to be sent.
    pub fn offer(&mut self) -> u64 {
        self.next += 1;
        let order = Order {
            fate: Fate::Offered,
            told: None,
            truth: None,
        };
        self.orders.insert(self.next, order);
        self.next
    }

    /// The session took it, under this MsgSeqNum (34).
    pub fn sent(&mut self, id: u64, number: SequenceNumber) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.fate = Fate::Sent(number);
            self.open += 1;
        }
    }

    /// The session did not take it: nobody must ever hear of it.
    pub fn refused(&mut self, id: u64) -> Result<(), Fault> {
        self.tally.refused += 1;
        match self.orders.remove(&id) {
            Some(Order {
                told: None,
                truth: None,
                ..
            }) => Ok(()),
            other => Err(format!(
                "order {id} was refused, and sent all the same: {other:?}"
            )),
        }
    }

    /// The session delivered a report.
    pub fn told(&mut self, report: Report) -> Result<(), Fault> {
        let id = report.order;
        let order = self.known(id, "the session delivered a report")?;
        if let Some(before) = order.told.replace(report) {
            return Err(format!("order {id} was reported twice: {before:?}, {report:?}"));
        }
        let was_open = matches!(order.fate, Fate::Sent(_));
        self.open -= usize::from(was_open);
        self.settle(id)
    }

    /// The exchange says that this happened.
    pub fn truth(&mut self, report: Report) -> Result<(), Fault> {
        let id = report.order;
        let order = self.known(id, "the exchange carried out an order")?;
        if let Some(before) = order.truth.replace(report) {
            return Err(format!(
                "order {id} was carried out twice: {before:?}, {report:?}"
            ));
        }
        if order.fate == Fate::InDoubt {
            self.tally.in_doubt_and_done += 1;
        }
        self.settle(id)
    }

    /// The connection is lost: what has no answer must be in doubt, or known to have been received. Nothing was sent on the
    /// next connection: the application has not heard of the loss of this one before.
    pub fn disconnected(&mut self, end: &Extent) -> Result<(), Fault> {
        self.tally.disconnections += 1;
        let doubt = &end.in_doubt;
        for (id, order) in &mut self.orders {
            let Fate::Sent(number) = order.fate else { continue };
            if order.told.is_some() {
                continue;
            }
            self.open -= 1;
            order.fate = if doubt.contains(&number) {
                self.tally.in_doubt += 1;
                self.tally.in_doubt_and_done += u64::from(order.truth.is_some());
                Fate::InDoubt
            } else if number <= end.confirmed {
                self.tally.received += 1;
                Fate::Received
            } else {
                return Err(format!(
                    "order {id}, number {number}, has no answer and is not told to be in doubt ({doubt:?})"
                ));
            };
        }
        Ok(())
    }

    /// How many orders have been sent and not answered, on the connection that there is.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.open
    }

    /// How many orders there have been.
    #[must_use]
    pub const fn offered(&self) -> u64 {
        self.next
    }

    /// How many orders it still keeps.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.orders.len()
    }

    /// How many orders went which way so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The end, when the witness has heard everything: what must have happened by now.
    pub fn close(&self) -> Result<(), Fault> {
        for (id, order) in &self.orders {
            match order {
                Order {
                    fate: Fate::Received,
                    truth: None,
                    ..
                } => {
                    return Err(format!("order {id} is said to have been received, and was not"));
                }
                Order {
                    told: Some(told),
                    truth: None,
                    ..
                } => return Err(format!("order {id}: nobody but its session knows of {told:?}")),
                Order {
                    fate: Fate::Offered | Fate::Sent(_),
                    ..
                } => return Err(format!("order {id} has no end: {order:?}")),
                _ => {}
            }
        }
        Ok(())
    }

    fn known(&mut self, id: u64, what: &str) -> Result<&mut Order, Fault> {
        let next = self.next;
        self.orders.get_mut(&id).ok_or_else(|| {
            let history = if id > next {
                "never sent"
            } else {
                "refused, or reported before"
            };
            format!("{what} for order {id}, which was {history}")
        })
    }

    fn settle(&mut self, id: u64) -> Result<(), Fault> {
        let Some(Order {
            told: Some(told),
            truth: Some(truth),
            ..
        }) = self.orders.get(&id)
        else {
            return Ok(());
        };
        if told != truth {
            return Err(format!(
                "order {id}: the session says {told:?}, the exchange {truth:?}"
            ));
        }
        self.tally.answered += 1;
        self.tally.filled += u64::from(told.is_fill());
        self.orders.remove(&id);
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            answered,
            filled,
            refused,
            in_doubt,
            in_doubt_and_done,
            received,
            disconnections,
        } = self;
        write!(
            f,
            "{answered} orders answered ({filled} filled), {refused} refused, {in_doubt} in doubt ({in_doubt_and_done} of \
             them done), {received} received without an answer, {disconnections} disconnections"
        )
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.answered += other.answered;
        self.filled += other.filled;
        self.refused += other.refused;
        self.in_doubt += other.in_doubt;
        self.in_doubt_and_done += other.in_doubt_and_done;
        self.received += other.received;
        self.disconnections += other.disconnections;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(order: u64, digest: u64) -> Report {
        Report {
            order,
            exec_type: b'F',
            digest,
        }
    }

    #[track_caller]
    fn fails(result: Result<(), Fault>, expected: &str) {
        let text = result.unwrap_err();
        assert!(text.contains(expected), "{text}");
    }

    /// A ledger with an order that was sent as number 2.
    fn one() -> Ledger {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.offer(), 1);
        ledger.sent(1, 2);
        ledger
    }

    #[test]
    fn an_answer_that_both_know_settles_an_order() {
        let mut ledger = one();
        assert_eq!(ledger.open(), 1);
        ledger.told(report(1, 7)).unwrap();
        fails(ledger.close(), "nobody but its session knows");
        ledger.truth(report(1, 7)).unwrap();
        assert_eq!((ledger.kept(), ledger.tally().filled), (0, 1));
        ledger.close().unwrap();
        fails(ledger.told(report(1, 7)), "refused, or reported before");
        fails(ledger.truth(report(1, 8)), "refused, or reported before");
    }

    #[test]
    fn a_lost_connection_sorts_what_has_no_answer() {
        // Numbers 2 to 5 on a connection that confirmed 3.
        let mut ledger = Ledger::default();
        for number in 2..=5 {
            let id = ledger.offer();
            ledger.sent(id, number);
        }
        ledger.told(report(1, 7)).unwrap();
        let mut extent = Extent {
            confirmed: 3,
            sent: 5,
            in_doubt: 4..=5,
        };
        ledger.disconnected(&extent).unwrap();
        let Tally {
            received, in_doubt, ..
        } = ledger.tally();
        assert_eq!((received, in_doubt, ledger.open()), (1, 2, 0));
        // One of those in doubt was done; the other is in doubt for good.
        ledger.truth(report(1, 7)).unwrap();
        ledger.truth(report(3, 7)).unwrap();
        assert_eq!(ledger.tally().in_doubt_and_done, 1);
        fails(
            ledger.close(),
            "order 2 is said to have been received, and was not",
        );
        ledger.truth(report(2, 7)).unwrap();
        let id = ledger.offer();
        ledger.sent(id, 6);
        fails(ledger.close(), "order 5 has no end");
        extent.sent = 6;
        fails(ledger.disconnected(&extent), "order 5, number 6, has no answer");
    }

    #[test]
    fn what_cannot_be_is_told() {
        fails(one().told(report(9, 7)), "never sent");
        let mut ledger = one();
        ledger.told(report(1, 7)).unwrap();
        fails(ledger.told(report(1, 7)), "reported twice");
        let mut ledger = one();
        ledger.truth(report(1, 7)).unwrap();
        fails(ledger.truth(report(1, 8)), "carried out twice");
        let mut ledger = one();
        ledger.truth(report(1, 7)).unwrap();
        fails(ledger.told(report(1, 8)), "the session says");
        let mut ledger = one();
        ledger.truth(report(1, 7)).unwrap();
        fails(ledger.refused(1), "sent all the same");
        fails(one().close(), "has no end");
    }
}
