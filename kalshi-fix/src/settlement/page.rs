//! One page of a settlement, to keep.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use fix_dialect::{Date, Text};
use rust_decimal::Decimal;

use super::finding::PartyFinding;
use super::settled::SettledParty;
use crate::prediction::{MarketSettlementReport, fields, groups};
use crate::units::{Money, Price, Quantity};

/// Why a page cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageFault {
    /// A name is not UTF-8, or empty.
    #[error("{field} is no name: {text:?}")]
    Name {
        /// The field, with its tag.
        field: &'static str,
        /// The value, lossily read as UTF-8.
        text: String,
    },
    /// SettlementPrice (730) has more digits than can be kept as dollars.
    #[error("SettlementPrice (730) is {cents} cents: no price in dollars")]
    Price {
        /// The value.
        cents: Decimal,
    },
}

/// A MarketSettlementReport (UMS) that borrows from nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Page {
    pub(super) id: Arc<str>,
    pub(super) symbol: Arc<str>,
    pub(super) clearing_date: Date,
    pub(super) result: fields::MarketResult,
    pub(super) price: Price,
    /// TotNumMarketSettlementReports (20106).
    pub(super) total: Option<i64>,
    /// LastFragment (893).
    pub(super) last: Option<bool>,
    pub(super) parties: Vec<SettledParty>,
}

impl Page {
    pub(super) fn read(report: &MarketSettlementReport<'_>) -> Result<Page, PageFault> {
        let cents = report.settlement_price;
        let parties = report.market_settlement_party_ids.as_deref().unwrap_or_default();
        Ok(Page {
            id: name(
                "MarketSettlementReportID (20105)",
                &report.market_settlement_report_id,
            )?,
            symbol: name("Symbol (55)", &report.symbol)?,
            clearing_date: report.clearing_business_date,
            result: report.market_result.clone(),
            price: Price::from_cents(cents).map_err(|_| PageFault::Price { cents })?,
            total: report.tot_num_market_settlement_reports,
            last: report.last_fragment,
            parties: parties.iter().map(party).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the page says that none follows, or that there are no others.
    pub(super) fn is_last(&self) -> bool {
        self.last != Some(false)
    }

    /// Tells two pages apart that should be one.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

fn party(party: &groups::MarketSettlementParty<'_>) -> Result<SettledParty, PageFault> {
    let changes = party.collateral_amount_changes.as_deref().unwrap_or_default();
    let fees = party.misc_fees.as_deref().unwrap_or_default();
    let mut findings = Vec::new();
    let of = |kind: fields::CollateralAmountType| {
        let changes = changes
            .iter()
            .filter(move |change| change.collateral_amount_type == kind);
        changes.map(|change| change.collateral_amount_change)
    };
    let payout = sum(of(fields::CollateralAmountType::Payout), &mut findings);
    let balance = sum(of(fields::CollateralAmountType::Balance), &mut findings);
    let fee = sum(fees.iter().map(|fee| fee.misc_fee_amt), &mut findings);
    if changes.len() != 1 {
        findings.push(PartyFinding::CollateralChanges(changes.len()));
    }
    if fees.len() != 1 {
        findings.push(PartyFinding::Fees(fees.len()));
    }
    for change in changes {
        if let fields::CollateralAmountType::Unlisted(value) = &change.collateral_amount_type {
            let text = String::from_utf8_lossy(value.wire()).into_owned();
            findings.push(PartyFinding::CollateralType(text));
        }
    }
    for fee in fees {
        if fee.misc_fee_curr != "USD" {
            findings.push(PartyFinding::Currency(fee.misc_fee_curr.to_string()));
        }
        if !(matches!(fee.misc_fee_type, fields::MiscFeeType::ExchangeFees)
            && matches!(fee.misc_fee_basis, fields::MiscFeeBasis::Absolute))
        {
            findings.push(PartyFinding::FeeKind);
        }
    }
    Ok(SettledParty {
        id: name(
            "MarketSettlementPartyID (20109)",
            &party.market_settlement_party_id,
        )?,
        role: party.market_settlement_party_role,
        long: party.long_qty.map(Quantity::from_contracts),
        short: party.short_qty.map(Quantity::from_contracts),
        payout,
        balance,
        fee,
        findings,
    })
}

/// The sum of some amounts; `None` where there are none, or where the sum cannot be kept exactly.
fn sum(amounts: impl Iterator<Item = Decimal>, findings: &mut Vec<PartyFinding>) -> Option<Money> {
    let mut amounts = amounts.map(Money::from_dollars).peekable();
    amounts.peek()?;
    let sum = Money::checked_sum(amounts);
    if sum.is_none() {
        findings.push(PartyFinding::Uncountable);
    }
    sum
}

fn name(field: &'static str, text: &Text<'_>) -> Result<Arc<str>, PageFault> {
    match text.as_str() {
        Ok(name) if !name.is_empty() => Ok(name.into()),
        _ => Err(PageFault::Name {
            field,
            text: text.to_string(),
        }),
    }
}
