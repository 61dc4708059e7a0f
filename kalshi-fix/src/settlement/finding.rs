//! What does not add up.

use std::collections::HashSet;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::page::Page;
use super::settled::SettledParty;
use crate::prediction::fields::{MarketResult, MarketSettlementPartyRole};
use crate::units::{Money, Price};

/// Something about a settlement that is not as the venue documents it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// No page has TotNumMarketSettlementReports (20106), and there are several: only LastFragment (893) says that none is
    /// missing.
    #[error(
        "{pages} pages without TotNumMarketSettlementReports (20106): whether one is missing is not known"
    )]
    Uncounted {
        /// How many there are.
        pages: usize,
    },
    /// Pages state several totals, or one that is none. The highest counts.
    #[error("TotNumMarketSettlementReports (20106) is {totals:?}")]
    Totals {
        /// Each value that is stated, in order.
        totals: Vec<i64>,
    },
    /// Not one page says that it is the last, but none or several.
    #[error("{pages} pages are the last by LastFragment (893)")]
    LastFragments {
        /// How many say so.
        pages: usize,
    },
    /// Pages of the batch differ in a field that is of the market. The settlement has that of the first id.
    #[error("pages differ in {field}")]
    PagesDiffer {
        /// The field, with its tag.
        field: &'static str,
    },
    /// The price is not within a dollar, is not what the result says, or the result is none that the venue documents.
    #[error("the price is {price} dollars, with the result {result:?}")]
    Price {
        /// SettlementPrice (730), in dollars.
        price: Price,
        /// MarketResult (20107).
        result: MarketResult,
    },
    /// A party is in the batch more than once.
    #[error("{party} is there {times} times")]
    PartyAgain {
        /// MarketSettlementPartyID (20109).
        party: Arc<str>,
        /// How often.
        times: usize,
    },
    /// Something about one party.
    #[error("{party}: {finding}")]
    Party {
        /// MarketSettlementPartyID (20109).
        party: Arc<str>,
        /// What it is.
        finding: PartyFinding,
    },
    /// The market was settled before: this is another batch of the same symbol, with pages that are all new. It may correct
    /// the first.
    #[error("the market was settled before")]
    SettledBefore,
}

/// Something about a party of a settlement that is not as the venue documents it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PartyFinding {
    /// MarketSettlementPartyRole (20110) is none that the venue documents.
    #[error("MarketSettlementPartyRole (20110) is {0}")]
    Role(i64),
    /// Neither LongQty (704) nor ShortQty (705): what the position was worth is not known.
    #[error("no position is stated")]
    NoPosition,
    /// A negative position, or one on both sides: only net positions are settled.
    #[error("the position is no net position")]
    Position,
    /// Not exactly one CollateralAmountChange (1704).
    #[error("{0} collateral changes, instead of one")]
    CollateralChanges(usize),
    /// CollateralAmountType (1705) is none that the venue documents: the amount is in no sum.
    #[error("CollateralAmountType (1705) is {0:?}")]
    CollateralType(String),
    /// No CollateralAmountChange (1704) of the type PAYOUT.
    #[error("no payout is stated")]
    NoPayout,
    /// A payout of parts of a cent.
    #[error("the payout is {0}, no whole cents")]
    PayoutInParts(Money),
    /// Not exactly one MiscFeeAmt (137).
    #[error("{0} fees, instead of one")]
    Fees(usize),
    /// MiscFeeCurr (138) is not USD.
    #[error("a fee in {0}")]
    Currency(String),
    /// MiscFeeType (139) or MiscFeeBasis (891) is none that the venue documents.
    #[error("a fee of an undocumented type or basis")]
    FeeKind,
    /// A fee although the result is no scalar one: only parts of a cent are taken.
    #[error("a fee of {0} on a whole payout")]
    UnexpectedFee(Money),
    /// A sum that cannot be kept exactly.
    #[error("amounts that cannot be added exactly")]
    Uncountable,
    /// The payout and the fee are not together what the position is worth.
    #[error("payout and fee are {stated}, the position is worth {worth}")]
    Value {
        /// CollateralAmountChange (1704) and MiscFeeAmt (137) together.
        stated: Money,
        /// By LongQty (704), ShortQty (705) and SettlementPrice (730).
        worth: Money,
    },
}

/// What does not add up in a batch whose pages are in their own order.
pub(super) fn find(pages: &[Page], settled_before: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if settled_before {
        findings.push(Finding::SettledBefore);
    }
    of_pages(pages, &mut findings);
    if let Some(first) = pages.first() {
        of_price(first, &mut findings);
        of_parties(pages, first, &mut findings);
    }
    findings
}

fn of_pages(pages: &[Page], findings: &mut Vec<Finding>) {
    let mut totals: Vec<i64> = pages.iter().filter_map(|page| page.total).collect();
    totals.sort_unstable();
    totals.dedup();
    match totals.as_slice() {
        [] if pages.len() == 1 => {}
        [] => findings.push(Finding::Uncounted { pages: pages.len() }),
        [total] if usize::try_from(*total) == Ok(pages.len()) => {}
        _ => findings.push(Finding::Totals { totals }),
    }
    let last = match pages {
        [only] => usize::from(only.is_last()),
        // Of several pages each has to say.
        several => several.iter().filter(|page| page.last == Some(true)).count(),
    };
    if last != 1 {
        findings.push(Finding::LastFragments { pages: last });
    }
    let differ = |field: fn(&Page, &Page) -> bool| {
        pages
            .iter()
            .zip(pages.iter().skip(1))
            .any(|(one, other)| !field(one, other))
    };
    if differ(|one, other| one.clearing_date == other.clearing_date) {
        findings.push(Finding::PagesDiffer {
            field: "ClearingBusinessDate (715)",
        });
    }
    if differ(|one, other| one.result == other.result) {
        findings.push(Finding::PagesDiffer {
            field: "MarketResult (20107)",
        });
    }
    if differ(|one, other| one.price == other.price) {
        findings.push(Finding::PagesDiffer {
            field: "SettlementPrice (730)",
        });
    }
}

fn of_price(page: &Page, findings: &mut Vec<Finding>) {
    let Page { price, result, .. } = page;
    let fits = match result {
        MarketResult::YesOutcome => *price == Price::ONE_DOLLAR,
        MarketResult::NoOutcome => price.is_zero(),
        MarketResult::ScalarValue => price.complement().is_some(),
        MarketResult::Unlisted(_) => false,
    };
    if !fits {
        let (price, result) = (*price, result.clone());
        findings.push(Finding::Price { price, result });
    }
}

fn of_parties(pages: &[Page], first: &Page, findings: &mut Vec<Finding>) {
    let mut known = HashSet::new();
    let mut again = Vec::new();
    for party in pages.iter().flat_map(|page| &page.parties) {
        if !known.insert(&party.id) {
            again.push(&party.id);
        }
        let mut tell = |finding| {
            let party = Arc::clone(&party.id);
            findings.push(Finding::Party { party, finding });
        };
        of_party(party, first, &mut tell);
    }
    again.sort_unstable();
    for same in again.chunk_by(|one, other| one == other) {
        let (party, times) = (Arc::clone(same[0]), same.len() + 1);
        findings.push(Finding::PartyAgain { party, times });
    }
}

fn of_party(party: &SettledParty, page: &Page, tell: &mut impl FnMut(PartyFinding)) {
    party.findings.iter().cloned().for_each(&mut *tell);
    if let MarketSettlementPartyRole::Unlisted(value) = party.role {
        tell(PartyFinding::Role(*value.wire()));
    }
    let held =
        |quantity: Option<crate::units::Quantity>| quantity.is_some_and(|quantity| !quantity.is_zero());
    let negative = [party.long, party.short]
        .into_iter()
        .flatten()
        .any(|quantity| quantity.contracts() < Decimal::ZERO);
    if negative || held(party.long) && held(party.short) {
        tell(PartyFinding::Position);
    }
    if party.long.is_none() && party.short.is_none() {
        tell(PartyFinding::NoPosition);
    }
    match party.payout {
        None => tell(PartyFinding::NoPayout),
        Some(payout) if payout.to_cents().is_ok_and(|cents| cents.is_integer()) => {}
        Some(payout) => tell(PartyFinding::PayoutInParts(payout)),
    }
    if let Some(fee) = party.fee
        && !fee.is_zero()
        && page.result != MarketResult::ScalarValue
    {
        tell(PartyFinding::UnexpectedFee(fee));
    }
    if let (Some(payout), Some(fee)) = (party.payout, party.fee) {
        match (payout.checked_add(fee), party.value(page.price)) {
            (Some(stated), Some(worth)) if stated != worth => tell(PartyFinding::Value { stated, worth }),
            (Some(_), _) => {}
            (None, _) => tell(PartyFinding::Uncountable),
        }
    }
}
