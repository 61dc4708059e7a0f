//! The end of a market: its outcome is determined, positions are paid out, and each member is told in pages.
//!
//! A YES contract pays the settlement price, a NO contract the rest of the dollar; only net positions are settled. What is
//! paid is whole cents: the part of a cent that a scalar outcome can leave is a fee, so that payout and fee are the exact value
//! together. Every page of a member's batch has a number of its own; what holds a batch together is the symbol.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::account::Payout;
use super::calendar::Time;
use super::engine::{Exchange, Listing};
use super::market::{MarketStatus, Symbol};
use super::operation::OperationError;
use super::order::{AccountKey, OwnerId, uuid_like};
use super::report::Output;
use super::turn::Turn;
use super::units::{Money, Price, Quantity};
use crate::environment::Product;

/// What a market's contracts turned out to be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A YES contract pays a dollar.
    Yes,
    /// A NO contract pays a dollar.
    No,
    /// A YES contract pays this part of a dollar, a NO contract the rest. Made by [`Outcome::scalar`].
    Scalar(ScalarValue),
}

/// The value of a YES contract of a market with a scalar outcome: 0 to 100 cents, with at most 2 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalarValue(Price);

impl Outcome {
    /// A scalar outcome in cents; `None` beyond 0 to 100, or with more than 2 decimals.
    #[must_use]
    pub fn scalar(cents: Decimal) -> Option<Outcome> {
        let price = Price::from_dollars(cents.checked_div(Decimal::ONE_HUNDRED)?)?;
        (Price::default() <= price && price <= Price::ONE_DOLLAR)
            .then_some(Outcome::Scalar(ScalarValue(price)))
    }

    /// What a YES contract pays.
    #[must_use]
    pub const fn price(self) -> Price {
        match self {
            Outcome::Yes => Price::ONE_DOLLAR,
            Outcome::No => Price::from_cents(0),
            Outcome::Scalar(ScalarValue(price)) => price,
        }
    }

    /// MarketResult (20107).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Outcome::Yes => "yes",
            Outcome::No => "no",
            Outcome::Scalar(_) => "scalar",
        }
    }
}

/// The number of one page of settlements: MarketSettlementReportID (20105). Displays in the form of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementId(pub u64);

impl fmt::Display for SettlementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, 0x0b, self.0)
    }
}

/// One page of what the settlement of a market did to a member: MarketSettlementReport (UMS).
#[derive(Clone, Debug)]
pub struct SettlementReport {
    /// The page's number, another on each.
    pub id: SettlementId,
    /// The member that it is for.
    pub owner: OwnerId,
    /// The market.
    pub symbol: Symbol,
    /// What it turned out to be worth.
    pub outcome: Outcome,
    /// When it was settled. The clearing date is this instant's [date in New York](Time::date_in_new_york).
    pub time: Time,
    /// How many pages the member's batch has.
    pub pages: usize,
    /// Whether this is the last of them.
    pub is_last: bool,
    /// Those whose positions were paid out, at most [`Rules::settlement_page`](super::Rules::settlement_page).
    pub parties: Vec<SettledParty>,
}

/// One account whose position was paid out.
#[derive(Clone, Debug)]
pub struct SettledParty {
    /// The account.
    pub account: AccountKey,
    /// MarketSettlementPartyID (20109).
    pub id: Arc<str>,
    /// The position: YES contracts, NO contracts where it is negative.
    pub position: Quantity,
    /// What was paid out, in whole cents: the change of the PAYOUT collateral.
    pub payout: Money,
    /// What the payout lacks of the position's exact value.
    pub fee: Money,
}

impl Exchange {
    /// The latest pages of settlements of a member, the oldest first
    /// ([`Rules::remembered_settlements`](super::Rules::remembered_settlements) of them).
    pub fn settlements(&self, owner: OwnerId) -> impl Iterator<Item = &Arc<SettlementReport>> {
        self.settlements.get(&owner).into_iter().flatten()
    }

    /// What a market turned out to be worth, once it is determined.
    #[must_use]
    pub fn outcome(&self, symbol: &str) -> Option<Outcome> {
        self.markets.get(symbol)?.outcome
    }

    /// MarketSettlementPartyID (20109) of an account: a customer's PartyID, or an id of the member's subaccount.
    #[must_use]
    pub fn settlement_party(&self, account: AccountKey) -> Arc<str> {
        match account.customer.and_then(|id| self.customers.party(id)) {
            Some(party) => Arc::clone(party),
            None => PartyId(account).to_string().into(),
        }
    }

    /// Sets the outcome, anew where it was disputed.
    pub(super) fn determine(
        &mut self,
        turn: &mut Turn,
        symbol: &Symbol,
        outcome: Outcome,
    ) -> Result<(), OperationError> {
        let listing = self.with_outcome(symbol)?;
        let (status, symbol) = (listing.market.status, Symbol::clone(symbol));
        let asked = MarketStatus::Determined;
        if status == MarketStatus::Settled {
            return Err(OperationError::TooLate {
                symbol,
                status,
                asked,
            });
        }
        if status == asked && listing.outcome == Some(outcome) {
            return Err(OperationError::OutcomeAlready { symbol });
        }
        listing.outcome = Some(outcome);
        self.change_market(turn, &symbol, asked);
        Ok(())
    }

    /// Pays out the positions of a market that is determined.
    pub(super) fn settle_market(&mut self, turn: &mut Turn, symbol: &Symbol) -> Result<(), OperationError> {
        let listing = self.with_outcome(symbol)?;
        let outcome = match (listing.market.status, listing.outcome) {
            (MarketStatus::Determined, Some(outcome)) => outcome,
            (status, _) => {
                let symbol = Symbol::clone(symbol);
                return Err(if status == MarketStatus::Settled {
                    OperationError::MarketAlready { symbol, status }
                } else {
                    OperationError::Undetermined { symbol, status }
                });
            }
        };
        let mut settled: BTreeMap<OwnerId, Vec<SettledParty>> = BTreeMap::new();
        let terms = self.terms();
        let mut fees = Money::ZERO;
        let mut paid = Vec::new();
        for (key, account) in &mut self.accounts {
            if let Some(payout) = account.pay_out(terms, symbol, outcome.price()) {
                fees += payout.fee;
                paid.push((*key, payout));
            }
        }
        self.collect_fee(fees);
        for (
            account,
            Payout {
                position,
                amount,
                fee,
            },
        ) in paid
        {
            settled.entry(account.owner).or_default().push(SettledParty {
                account,
                id: self.settlement_party(account),
                position,
                payout: amount,
                fee,
            });
        }
        self.change_market(turn, symbol, MarketStatus::Settled);
        for (owner, parties) in settled {
            let page = self.rules.settlement_page.max(1);
            let pages = parties.len().div_ceil(page);
            for (number, parties) in (1..).zip(parties.chunks(page)) {
                self.last_settlement += 1;
                let report = Arc::new(SettlementReport {
                    id: SettlementId(self.last_settlement),
                    owner,
                    symbol: Arc::clone(symbol),
                    outcome,
                    time: turn.now,
                    pages,
                    is_last: number == pages,
                    parties: parties.to_vec(),
                });
                let kept: &mut VecDeque<_> = self.settlements.entry(owner).or_default();
                kept.push_back(Arc::clone(&report));
                if kept.len() > self.rules.remembered_settlements {
                    kept.pop_front();
                }
                turn.outputs.push(Output::Settlement(report));
            }
        }
        Ok(())
    }

    /// A market that turns out to be worth something.
    fn with_outcome(&mut self, symbol: &Symbol) -> Result<&mut Listing, OperationError> {
        let owned = || Symbol::clone(symbol);
        let product = self.rules.product;
        let listing = self.markets.get_mut(symbol);
        let listing = listing.ok_or_else(|| OperationError::UnknownMarket { symbol: owned() })?;
        match product {
            Product::Prediction => Ok(listing),
            Product::Margin => Err(OperationError::NoOutcome { symbol: owned() }),
        }
    }
}

/// Names a member's subaccount in the form of a UUID.
struct PartyId(AccountKey);

impl fmt::Display for PartyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountKey {
            owner, subaccount, ..
        } = self.0;
        uuid_like(formatter, 0x0d, u64::from(owner.0) << 8 | u64::from(subaccount))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Market, NewOrder, Origin, Rules, SessionId, Side};
    use super::*;

    const START: Time = Time::from_unix_seconds(1_767_225_600);

    /// Positions of `(owner, subaccount, hundredths)` against a member 9, in a market `M` at 50 cents.
    fn with_positions(rules: Rules, positions: &[(u32, u8, i64)]) -> Exchange {
        let mut exchange = Exchange::new(rules);
        let fees = super::super::FeeSchedule::free(Product::Prediction);
        exchange.list(Market::prediction("M").with_fees(fees));
        exchange.deposit(OwnerId(9), 0, Money::from_dollars(1_000));
        for (number, &(owner, subaccount, hundredths)) in positions.iter().enumerate() {
            exchange.deposit(OwnerId(owner), subaccount, Money::from_dollars(100));
            let (side, other) = if hundredths > 0 {
                (Side::Buy, Side::Sell)
            } else {
                (Side::Sell, Side::Buy)
            };
            for (owner, subaccount, side) in [(9, 0, other), (owner, subaccount, side)] {
                let id = format!("{owner} {number}");
                let quantity = Quantity::from_hundredths(hundredths.abs());
                let mut order = NewOrder::limit(&id, "M", side, Price::from_cents(50), quantity);
                order.subaccount = Some(subaccount);
                exchange.apply(START, Command::NewOrder(origin(owner), order));
            }
        }
        exchange
    }

    fn origin(owner: u32) -> Origin {
        Origin {
            session: SessionId(owner),
            owner: OwnerId(owner),
        }
    }

    fn settle(exchange: &mut Exchange, outcome: Outcome) -> Vec<Arc<SettlementReport>> {
        exchange.apply(START, Command::Determine("M".into(), outcome));
        let outputs = exchange.apply(START, Command::Settle("M".into()));
        let reports = outputs.into_iter().filter_map(|output| match output {
            Output::Settlement(report) => Some(report),
            _ => None,
        });
        reports.collect()
    }

    /// What the parties of owner 1 are paid, as `position payout fee`, and that no money was made or lost.
    #[track_caller]
    fn check(outcome: Outcome, hundredths: i64, expected: &str) {
        let mut exchange = with_positions(Rules::prediction(), &[(1, 0, hundredths)]);
        let reports = settle(&mut exchange, outcome);
        let party = &reports[0].parties[0];
        assert_eq!(
            format!("{} {} {}", party.position, party.payout, party.fee),
            expected,
            "{outcome:?}"
        );
        assert_eq!((reports.len(), reports[0].owner), (2, OwnerId(1)));
        assert_eq!((reports[0].pages, reports[0].is_last), (1, true));
        assert_eq!(exchange.outcome("M"), Some(outcome));
        let balances: Money = exchange.accounts().map(|(_, account)| account.balance()).sum();
        assert_eq!(balances + exchange.fees(), Money::from_dollars(1_100));
        assert_eq!(
            exchange
                .accounts()
                .flat_map(|(_, account)| account.positions())
                .count(),
            0
        );
        // Once only.
        assert_eq!(settle(&mut exchange, Outcome::No).len(), 0);
    }

    fn scalar(cents: &str) -> Outcome {
        Outcome::scalar(cents.parse().expect("a decimal")).expect("a value")
    }

    #[test]
    fn positions_are_paid_their_value_in_whole_cents() {
        check(Outcome::Yes, 1_000, "10.00 10.0000 0.0000");
        check(Outcome::Yes, -1_000, "-10.00 0.0000 0.0000");
        check(Outcome::No, -1_001, "-10.01 10.0100 0.0000");
        check(scalar("30.60"), 1_000, "10.00 3.0600 0.0000");
        check(scalar("30.66"), 300, "3.00 0.9100 0.0098");
        check(scalar("30.66"), -300, "-3.00 2.0800 0.0002");
        check(scalar("0.01"), 1, "0.01 0.0000 0.000001");
        check(scalar("100"), 100, "1.00 1.0000 0.0000");
    }

    #[test]
    fn a_scalar_outcome_is_between_nothing_and_a_dollar() {
        for cents in ["-0.01", "100.01", "30.605"] {
            assert_eq!(
                Outcome::scalar(cents.parse().expect("a decimal")),
                None,
                "{cents}"
            );
        }
    }

    #[test]
    fn a_batch_has_pages_with_ids_of_their_own() {
        let rules = Rules {
            settlement_page: 2,
            remembered_settlements: 2,
            ..Rules::prediction()
        };
        let mut exchange = with_positions(
            rules,
            &[(1, 0, 100), (1, 1, 200), (1, 7, -300), (1, 63, 400), (1, 2, 500)],
        );
        let reports = settle(&mut exchange, Outcome::Yes);
        let pages: Vec<_> = reports
            .iter()
            .map(|page| {
                let parties = page.parties.iter().map(|party| party.account.subaccount);
                (
                    page.owner.0,
                    page.pages,
                    page.is_last,
                    parties.collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            pages,
            [
                (1, 3, false, vec![0, 1]),
                (1, 3, false, vec![2, 7]),
                (1, 3, true, vec![63]),
                (9, 1, true, vec![0]),
            ]
        );
        let ids: std::collections::BTreeSet<_> = reports.iter().map(|page| page.id).collect();
        assert_eq!(ids.len(), 4);
        let kept: Vec<_> = exchange.settlements(OwnerId(1)).map(|page| page.id).collect();
        assert_eq!(
            kept,
            [reports[1].id, reports[2].id],
            "the latest, as many as are remembered"
        );
        assert_eq!(&*reports[0].parties[1].id, "0000000d-0000-8000-8000-000000000101");
    }

    #[test]
    fn open_orders_end_first_and_a_settled_market_stays_so() {
        let mut exchange = with_positions(Rules::prediction(), &[(1, 0, 100)]);
        let order = NewOrder::limit(
            "open",
            "M",
            Side::Buy,
            Price::from_cents(40),
            Quantity::from_contracts(5),
        );
        exchange.apply(START, Command::NewOrder(origin(1), order));
        exchange.apply(START, Command::Settle("M".into()));
        assert_eq!(exchange.open_orders(), 1, "not determined yet");
        settle(&mut exchange, Outcome::Yes);
        assert_eq!(exchange.open_orders(), 0);
        let account = exchange.account(OwnerId(1), 0).expect("an account");
        assert_eq!(account.available(), account.balance());
        exchange.apply(START, Command::SetMarketStatus("M".into(), MarketStatus::Active));
        let statuses: Vec<_> = exchange.markets().map(|market| market.status).collect();
        assert_eq!(statuses, [MarketStatus::Settled]);
    }

    #[test]
    fn a_customer_is_a_party_of_its_own() {
        let mut exchange = with_positions(Rules::prediction(), &[]);
        let customer = exchange
            .add_customer(OwnerId(1), "customer-1")
            .expect("nobody else's");
        let account = AccountKey::of_customer(OwnerId(1), customer);
        exchange.deposit_to(account, Money::from_dollars(10));
        let bid = |id, owner, side| {
            let mut order =
                NewOrder::limit(id, "M", side, Price::from_cents(50), Quantity::from_contracts(1));
            if owner == 1 {
                order.party = Some(super::super::Party {
                    id: "customer-1".into(),
                    role: Some(24),
                });
            }
            Command::NewOrder(origin(owner), order)
        };
        exchange.apply(START, bid("b", 1, Side::Buy));
        exchange.apply(START, bid("s", 9, Side::Sell));
        let reports = settle(&mut exchange, Outcome::Yes);
        assert_eq!(&*reports[0].parties[0].id, "customer-1");
        let balance = exchange.account_at(account).expect("an account").balance();
        assert_eq!(balance, Money::from_millionths(10_500_000));
        assert_eq!(
            exchange
                .account(OwnerId(1), 0)
                .map(super::super::Account::balance),
            None
        );
    }
}
