//! Which ClOrdIDs a member has used, and for what.

use std::collections::{HashMap, VecDeque};

use super::order::{ClOrdId, OrderId};
use super::report::Ended;

/// A member's ClOrdIDs: those of open orders, and the latest of those that are used up.
///
/// The venue's documentation says in one place that an identifier must not match an open order's, in another that it must
/// never have been used. The stricter reading holds here as long as the identifier is remembered.
#[derive(Debug)]
pub(super) struct Identifiers {
    uses: HashMap<ClOrdId, Use>,
    used_up: VecDeque<ClOrdId>,
    remembered: usize,
}

/// What a ClOrdID stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The current identifier of an open order.
    Open(OrderId),
    /// The last identifier of an order that ended.
    Ended(OrderId, Ended),
    /// An identifier that an amend has replaced.
    Replaced(OrderId),
}

impl Identifiers {
    /// Remembers as many used identifiers as are given.
    pub(super) fn new(remembered: usize) -> Identifiers {
        Identifiers {
            uses: HashMap::new(),
            used_up: VecDeque::new(),
            remembered,
        }
    }

    pub(super) fn find(&self, cl_ord_id: &str) -> Option<Use> {
        self.uses.get(cl_ord_id).copied()
    }

    pub(super) fn open(&mut self, cl_ord_id: &ClOrdId, order: OrderId) {
        self.uses.insert(ClOrdId::clone(cl_ord_id), Use::Open(order));
    }

    /// Says that an identifier no longer stands for an open order.
    pub(super) fn retire(&mut self, cl_ord_id: &ClOrdId, now: Use) {
        self.uses.insert(ClOrdId::clone(cl_ord_id), now);
        self.used_up.push_back(ClOrdId::clone(cl_ord_id));
        if self.used_up.len() > self.remembered
            && let Some(oldest) = self.used_up.pop_front()
        {
            self.uses.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_used_identifier_is_forgotten_and_an_open_one_never() {
        let mut identifiers = Identifiers::new(2);
        let ids: Vec<ClOrdId> = ["a", "b", "c", "d"].map(Into::into).to_vec();
        for (number, id) in (0..).zip(&ids) {
            identifiers.open(id, OrderId(number));
        }
        for (number, id) in (0..).zip(&ids[..3]) {
            identifiers.retire(id, Use::Ended(OrderId(number), Ended::Filled));
        }
        assert_eq!(identifiers.find("a"), None);
        assert_eq!(identifiers.find("b"), Some(Use::Ended(OrderId(1), Ended::Filled)));
        assert_eq!(identifiers.find("d"), Some(Use::Open(OrderId(3))));
    }
}
