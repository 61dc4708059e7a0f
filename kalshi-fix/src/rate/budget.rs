//! How large the buckets are.

/// What one bucket holds, and how fast it refills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Tokens a second.
    pub per_second: u32,
    /// The most tokens that it holds.
    pub capacity: u32,
}

impl Budget {
    /// A budget as the venue's `GET /account/limits` tells it: `refill_rate` and `bucket_capacity`.
    #[must_use]
    pub const fn new(per_second: u32, capacity: u32) -> Budget {
        Budget { per_second, capacity }
    }

    /// A bucket that holds so many seconds' worth.
    #[must_use]
    pub const fn holding_seconds(per_second: u32, seconds: u32) -> Budget {
        Budget {
            per_second,
            capacity: per_second.saturating_mul(seconds),
        }
    }
}

/// The budgets of a product: both products have their own, and neither draws on the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Budgets {
    /// For whatever is not Write: market data, drop copy, logons.
    pub read: Budget,
    /// For orders, amendments, cancellations, order groups and the flow of quotes. Each shard that orders name has a
    /// bucket of this size too.
    pub write: Budget,
}

impl Budgets {
    /// Budgets as the venue's `GET /account/limits` tells them: those of margin, for example, whose tiers are not
    /// published.
    #[must_use]
    pub const fn new(read: Budget, write: Budget) -> Budgets {
        Budgets { read, write }
    }

    /// Those of a tier on prediction markets: Write buckets above Basic, and Read buckets of Basic and Advanced, hold two
    /// seconds' worth, others one.
    #[must_use]
    pub const fn prediction(tier: Tier) -> Budgets {
        let (read, write) = tier.tokens_a_second();
        let (read_seconds, write_seconds) = match tier {
            Tier::Basic => (2, 1),
            Tier::Advanced => (2, 2),
            _ => (1, 2),
        };
        Budgets {
            read: Budget::holding_seconds(read, read_seconds),
            write: Budget::holding_seconds(write, write_seconds),
        }
    }

    /// Those of margin, with the tokens a second that the venue grants: its Read buckets hold one second's worth, its
    /// Write buckets two, or one at the Basic tier.
    #[must_use]
    pub const fn margin(read: u32, write: u32, is_basic: bool) -> Budgets {
        Budgets {
            read: Budget::holding_seconds(read, 1),
            write: Budget::holding_seconds(write, if is_basic { 1 } else { 2 }),
        }
    }
}

/// A level of API usage, by which the venue grants budgets on prediction markets. FIX itself comes with Premier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the venue's own names")]
pub enum Tier {
    Basic,
    Advanced,
    Expert,
    Premier,
    Paragon,
    Prime,
    Prestige,
}

impl Tier {
    /// Every tier, the smallest first.
    pub const ALL: [Tier; 7] = [
        Tier::Basic,
        Tier::Advanced,
        Tier::Expert,
        Tier::Premier,
        Tier::Paragon,
        Tier::Prime,
        Tier::Prestige,
    ];

    /// Tokens a second for Read and for Write.
    #[must_use]
    pub const fn tokens_a_second(self) -> (u32, u32) {
        match self {
            Tier::Basic => (200, 100),
            Tier::Advanced => (300, 300),
            Tier::Expert => (600, 600),
            Tier::Premier => (1_000, 1_000),
            Tier::Paragon => (2_000, 2_000),
            Tier::Prime => (4_000, 4_000),
            Tier::Prestige => (10_000, 8_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_those_that_the_venue_documents() {
        // Tokens a second and capacity, Read and Write (getting_started/rate_limits).
        let documented = [
            (200, 400, 100, 100),
            (300, 600, 300, 600),
            (600, 600, 600, 1_200),
            (1_000, 1_000, 1_000, 2_000),
            (2_000, 2_000, 2_000, 4_000),
            (4_000, 4_000, 4_000, 8_000),
            (10_000, 10_000, 8_000, 16_000),
        ];
        for (tier, (read, read_holds, write, write_holds)) in Tier::ALL.into_iter().zip(documented) {
            let expected = Budgets::new(Budget::new(read, read_holds), Budget::new(write, write_holds));
            assert_eq!(Budgets::prediction(tier), expected, "{tier:?}");
        }
        assert_eq!(
            Budgets::margin(500, 400, false),
            Budgets::new(Budget::new(500, 500), Budget::new(400, 800))
        );
        assert_eq!(Budgets::margin(500, 400, true).write, Budget::new(400, 400));
    }
}
