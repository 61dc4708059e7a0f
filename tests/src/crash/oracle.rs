//! The child's records against what the exchange did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::stack::{Fault, Report};

/// A report as the child has handled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Which of its lives it was, from 1.
    pub incarnation: u32,
    /// MsgSeqNum (34).
    pub sequence: u64,
    /// Whether it said that it might be a duplicate.
    pub poss_dup: bool,
    /// What it said.
    pub report: Report,
}

/// A report as the exchange gave it, to a witness who was there all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// What it said.
    pub report: Report,
    /// Whether it rejects an order whose ClOrdID (11) the exchange knows.
    pub repeated: bool,
}

/// What the comparison came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Orders that were to be sent.
    pub intended: usize,
    /// Of these, those that reached the exchange.
    pub arrived: usize,
    /// What the exchange reported.
    pub reports: usize,
    /// Of these, fills.
    pub fills: usize,
    /// How often a report was handled that might have been handled before.
    pub poss_dups: usize,
    /// How often one was that had been: the child was killed, or lost its connection, before the session knew.
    pub repeated: usize,
}

/// Compares; the orders are those that the child wrote down, in their order.
pub fn check(orders: &[u64], truth: &[Truth], handled: &[Handled]) -> Result<Summary, Fault> {
    let intended: BTreeSet<u64> = orders.iter().copied().collect();
    if intended.len() != orders.len() {
        return Err("the child's own numbers are not unique".to_owned());
    }
    let mut happened = BTreeSet::new();
    let mut arrived = BTreeSet::new();
    for Truth { report, repeated } in truth {
        if *repeated {
            return Err(format!("order {} was sent twice", report.order));
        }
        if !intended.contains(&report.order) {
            return Err(format!(
                "order {} reached the exchange, and was never to be sent",
                report.order
            ));
        }
        if !happened.insert(*report) {
            return Err(format!("the exchange says twice that {report:?}"));
        }
        arrived.insert(report.order);
    }
    let mut seen = BTreeMap::<Report, Handled>::new();
    let mut summary = Summary {
        intended: intended.len(),
        arrived: arrived.len(),
        reports: happened.len(),
        fills: happened.iter().filter(|report| report.is_fill()).count(),
        ..Summary::default()
    };
    for again in handled {
        summary.poss_dups += usize::from(again.poss_dup);
        if let Some(first) = seen.get(&again.report) {
            summary.repeated += 1;
            if !again.poss_dup || again.sequence != first.sequence {
                return Err(format!("handled twice, without saying so: {first:?}, {again:?}"));
            }
        }
        seen.insert(again.report, *again);
    }
    if let Some(invented) = seen.values().find(|handled| !happened.contains(&handled.report)) {
        return Err(format!("never happened: {invented:?}"));
    }
    let lost: Vec<&Report> = happened
        .iter()
        .filter(|report| !seen.contains_key(report))
        .collect();
    if let Some(first) = lost.first() {
        return Err(format!("{} reports are lost, the first is {first:?}", lost.len()));
    }
    Ok(summary)
}

impl fmt::Display for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Handled {
            incarnation,
            sequence,
            poss_dup,
            report:
                Report {
                    order,
                    exec_type,
                    digest,
                },
        } = self;
        write!(
            f,
            "{incarnation} {sequence} {poss_dup} {order} {exec_type} {digest}"
        )
    }
}

impl FromStr for Handled {
    type Err = String;

    fn from_str(line: &str) -> Result<Handled, String> {
        let read = || {
            let mut words = line.split(' ');
            let handled = Handled {
                incarnation: words.next()?.parse().ok()?,
                sequence: words.next()?.parse().ok()?,
                poss_dup: words.next()?.parse().ok()?,
                report: Report {
                    order: words.next()?.parse().ok()?,
                    exec_type: words.next()?.parse().ok()?,
                    digest: words.next()?.parse().ok()?,
                },
            };
            words.next().is_none().then_some(handled)
        };
        read().ok_or_else(|| format!("no report: {line:?}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            intended,
            arrived,
            reports,
            fills,
            poss_dups,
            repeated,
        } = self;
        write!(
            f,
            "{intended} orders, of which {arrived} arrived; {reports} reports, {fills} of them fills; {poss_dups} came as \
             possible duplicates, and {repeated} were"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(order: u64) -> Report {
        Report {
            order,
            exec_type: b'F',
            digest: order * 100,
        }
    }

    fn truth(order: u64) -> Truth {
        Truth {
            report: report(order),
            repeated: false,
        }
    }

    fn handled(incarnation: u32, order: u64, poss_dup: bool) -> Handled {
        Handled {
            incarnation,
            sequence: order + 10,
            poss_dup,
            report: report(order),
        }
    }

    #[track_caller]
    fn check(orders: &[u64], truth: &[Truth], handled: &[Handled], expected: &str) {
        match super::check(orders, truth, handled) {
            Ok(summary) => assert_eq!(summary.to_string(), expected),
            Err(fault) => assert!(fault.contains(expected), "{fault}"),
        }
    }

    #[test]
    fn what_was_lost_doubled_or_invented_is_told() {
        check(
            &[1, 2, 3],
            &[truth(1), truth(2)],
            &[handled(1, 1, false), handled(2, 1, true), handled(2, 2, true)],
            "3 orders, of which 2 arrived; 2 reports, 2 of them fills; 2 came as possible duplicates, and 1 were",
        );
        check(&[1], &[truth(1)], &[], "1 reports are lost");
        check(&[1], &[], &[handled(1, 1, false)], "never happened");
        check(&[1], &[truth(2)], &[], "was never to be sent");
        check(&[1, 1], &[], &[], "not unique");
        check(&[1], &[truth(1), truth(1)], &[], "says twice");
        let twice = [handled(1, 1, false), handled(2, 1, false)];
        check(&[1], &[truth(1)], &twice, "without saying so");
        let mut other = handled(2, 1, true);
        other.sequence += 1;
        let twice = [handled(1, 1, false), other];
        check(&[1], &[truth(1)], &twice, "without saying so");
        let mut repeated = truth(1);
        repeated.repeated = true;
        check(&[1], &[repeated], &[], "sent twice");
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let handled = handled(7, 8, true);
        assert_eq!(handled.to_string().parse(), Ok(handled));
        assert!("7 8 true 8 70".parse::<Handled>().is_err());
        assert!("7 8 true 8 70 800 9".parse::<Handled>().is_err());
    }
}
