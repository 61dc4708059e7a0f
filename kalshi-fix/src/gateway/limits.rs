//! Rate limits: buckets of tokens, of each member and product its own.

use std::collections::BTreeMap;
use std::time::Duration;

use fix_dialect::Timestamp;

use super::exchange::OwnerId;
use crate::environment::Product;
use crate::rate::{Budgets, CostTable, Decision, RateLimiter};

/// How fast members may send; products without budgets have no limits.
pub(super) struct Limits {
    costs: CostTable,
    budgets: BTreeMap<u8, Budgets>,
    /// When the buckets were full: times are counted from here.
    origin: Timestamp,
    buckets: BTreeMap<(OwnerId, u8), RateLimiter>,
}

impl Limits {
    /// The venue's costs, and these budgets by product.
    pub(super) fn new(budgets: BTreeMap<u8, Budgets>, origin: Timestamp) -> Limits {
        Limits {
            costs: CostTable::venue(),
            budgets,
            origin,
            buckets: BTreeMap::new(),
        }
    }

    /// Whether a member may send this message now, for which it then has paid. What is refused costs nothing.
    pub(super) fn allow(
        &mut self,
        now: Timestamp,
        owner: OwnerId,
        product: Product,
        msg_type: &[u8],
        frame: &[u8],
    ) -> bool {
        let Some(budgets) = self.budgets.get(&(product as u8)) else {
            return true;
        };
        let nanos = now.unix_nanos().saturating_sub(self.origin.unix_nanos());
        let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
        let cost = self
            .costs
            .cost_of_frame(&String::from_utf8_lossy(msg_type), frame);
        let buckets = self.buckets.entry((owner, product as u8));
        let buckets = buckets.or_insert_with(|| RateLimiter::new(*budgets));
        buckets.take(since, &cost) == Decision::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Tier;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_nanos(1_786_982_400_000_000_000 + millis * 1_000_000)
    }

    /// How many of so many messages a member may send at a time.
    fn allowed(limits: &mut Limits, millis: i64, owner: u32, msg_type: &[u8], count: usize) -> usize {
        let product = Product::Prediction;
        (0..count)
            .filter(|_| limits.allow(at(millis), OwnerId(owner), product, msg_type, b""))
            .count()
    }

    #[test]
    fn a_member_sends_no_more_than_its_tier_says() {
        let budgets = BTreeMap::from([(Product::Prediction as u8, Budgets::prediction(Tier::Basic))]);
        let mut limits = Limits::new(budgets, at(0));
        // 100 tokens, 10 an order.
        assert_eq!(allowed(&mut limits, 0, 1, b"D", 50), 10);
        assert_eq!(allowed(&mut limits, 0, 2, b"D", 50), 10);
        // A cancel costs 2.
        assert_eq!(allowed(&mut limits, 500, 1, b"F", 50), 25);
        // Whatever time has passed, a bucket holds no more than it can.
        assert_eq!(allowed(&mut limits, 3_600_000, 1, b"D", 50), 10);
        assert_eq!(allowed(&mut limits, 3_600_000, 1, b"q", 50), 0);
        assert_eq!(allowed(&mut limits, 3_601_000, 1, b"q", 50), 1);
        // A clock that was set back gives nothing.
        assert_eq!(allowed(&mut limits, 0, 1, b"D", 50), 9);
    }

    #[test]
    fn a_product_without_budgets_has_no_limits() {
        let mut limits = Limits::new(BTreeMap::new(), at(0));
        assert_eq!(allowed(&mut limits, 0, 1, b"D", 1_000), 1_000);
    }
}
