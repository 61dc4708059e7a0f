//! A settlement, whole.

use std::sync::Arc;

use fix_dialect::Date;

use super::finding::{Finding, PartyFinding};
use crate::prediction::fields;
use crate::units::{Money, Price, Quantity};

/// What the settlement of a market did to the parties of an account, all pages of it.
///
/// Two settlements are equal if the same pages came, in whatever order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settlement {
    /// Symbol (55): the market.
    pub symbol: Arc<str>,
    /// ClearingBusinessDate (715).
    pub clearing_date: Date,
    /// MarketResult (20107).
    pub result: fields::MarketResult,
    /// SettlementPrice (730): what a YES contract pays, in dollars (the wire has cents). A NO contract pays the rest of a
    /// dollar.
    pub price: Price,
    /// MarketSettlementReportID (20105) of each page, in their own order.
    pub report_ids: Vec<Arc<str>>,
    /// The parties, in the order of the pages' ids.
    pub parties: Vec<SettledParty>,
    /// What does not add up in the batch, and in each party. Empty where all is as documented.
    pub findings: Vec<Finding>,
}

/// What a settlement did to one party.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SettledParty {
    /// MarketSettlementPartyID (20109).
    pub id: Arc<str>,
    /// MarketSettlementPartyRole (20110).
    pub role: fields::MarketSettlementPartyRole,
    /// LongQty (704): YES contracts held.
    pub long: Option<Quantity>,
    /// ShortQty (705): NO contracts held.
    pub short: Option<Quantity>,
    /// CollateralAmountChange (1704) of the type PAYOUT; `None` where there is none. All of them together, where there are
    /// several.
    pub payout: Option<Money>,
    /// CollateralAmountChange (1704) of the type BALANCE; `None` where there is none, as is usual here.
    pub balance: Option<Money>,
    /// MiscFeeAmt (137): what rounding to whole cents took; `None` where there is none.
    pub fee: Option<Money>,
    /// What the page says of the party that is not as documented, amounts aside.
    pub(super) findings: Vec<PartyFinding>,
}

impl Settlement {
    /// What all parties were paid together; `None` where one's payout is not stated, or the sum cannot be kept exactly.
    #[must_use]
    pub fn total_payout(&self) -> Option<Money> {
        total(self.parties.iter().map(|party| party.payout))
    }

    /// What rounding took from all parties together; `None` where one's fee is not stated, or the sum cannot be kept exactly.
    #[must_use]
    pub fn total_fees(&self) -> Option<Money> {
        total(self.parties.iter().map(|party| party.fee))
    }

    /// Whether everything is as documented, and all amounts add up.
    #[must_use]
    pub fn is_reconciled(&self) -> bool {
        self.findings.is_empty()
    }
}

impl SettledParty {
    /// What the position is worth at the settlement price, exactly; `None` where no position is stated, or what a YES
    /// contract pays is not within a dollar.
    #[must_use]
    pub fn value(&self, price: Price) -> Option<Money> {
        if self.long.is_none() && self.short.is_none() {
            return None;
        }
        let worth = |quantity: Option<Quantity>, price: Price| match quantity {
            Some(quantity) => price.checked_mul(quantity),
            None => Some(Money::ZERO),
        };
        worth(self.long, price)?.checked_add(worth(self.short, price.complement()?)?)
    }
}

fn total(mut amounts: impl Iterator<Item = Option<Money>>) -> Option<Money> {
    amounts.try_fold(Money::ZERO, |sum, amount| sum.checked_add(amount?))
}
