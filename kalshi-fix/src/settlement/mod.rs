//! Settlements: pages of MarketSettlementReport (UMS) put together, and what they state reconciled.
//!
//! Post trade sessions (`KalshiPT`) carry them, and order entry with retransmission (`KalshiRT`) where its logon asks for
//! them. A settlement of many parties comes in pages, and after a reconnect pages come again. [`Reassembler`] takes them as
//! they come and gives each [`Settlement`] out once.
//!
//! # What the venue documents, and what follows
//!
//! - Every page has a MarketSettlementReportID (20105) of its own: pages belong together by Symbol (55), and a page that
//!   comes again is known by its id.
//! - TotNumMarketSettlementReports (20106) counts the pages of a batch: it is complete with that many, in whatever order.
//!   Without it LastFragment (893) ends a batch, and a page that is no fragment is a batch.
//! - SettlementPrice (730) is in cents, amounts in the same message are dollars.
//! - CollateralAmountChange (1704) is whole cents, and with MiscFeeAmt (137) what the position is worth exactly. Whatever does
//!   not add up is a [`Finding`], never an error: money has moved, and is told as it was told.
//!
//! ```
//! use kalshi_fix::dialect::{Date, Decimal};
//! use kalshi_fix::prediction::{MarketSettlementReport, fields, groups};
//! use kalshi_fix::settlement::{Handled, Reassembler, ReassemblerSettings};
//!
//! let party = groups::MarketSettlementParty {
//!     long_qty: Some(Decimal::from(100)),
//!     short_qty: Some(Decimal::ZERO),
//!     collateral_amount_changes: Some(vec![groups::CollateralAmountChange::new(
//!         Decimal::new(10_000, 2),
//!         fields::CollateralAmountType::Payout,
//!     )]),
//!     misc_fees: Some(vec![groups::MiscFee::new(
//!         Decimal::new(0, 2),
//!         "USD",
//!         fields::MiscFeeType::ExchangeFees,
//!         fields::MiscFeeBasis::Absolute,
//!     )]),
//!     ..groups::MarketSettlementParty::new("user-456", fields::MarketSettlementPartyRole::CustomerAccount)
//! };
//! let page = |id, party| MarketSettlementReport {
//!     tot_num_market_settlement_reports: Some(2),
//!     market_settlement_party_ids: Some(vec![party]),
//!     ..MarketSettlementReport::new(
//!         id,
//!         "HIGHNY-23DEC31",
//!         Date::new(2023, 12, 31).unwrap(),
//!         fields::MarketResult::YesOutcome,
//!         Decimal::new(10_000, 2), // cents
//!     )
//! };
//! let other = groups::MarketSettlementParty { market_settlement_party_id: "user-457".into(), ..party.clone() };
//!
//! let mut reassembler = Reassembler::new(ReassemblerSettings::default());
//! let first = page("settle-1", party);
//! assert!(matches!(reassembler.handle(&first), Handled::Taken { pages: 1, .. }));
//! assert!(matches!(reassembler.handle(&first), Handled::Duplicate));
//! let Handled::Complete(settlement) = reassembler.handle(&page("settle-2", other)) else { panic!() };
//! assert_eq!(settlement.parties.len(), 2);
//! assert_eq!(settlement.total_payout().unwrap().to_string(), "200.00");
//! ```

mod finding;
mod page;
mod reassembler;
mod settled;
#[cfg(test)]
mod tests;

pub use finding::{Finding, PartyFinding};
pub use page::PageFault;
pub use reassembler::{Handled, Incomplete, Reassembler, ReassemblerSettings};
pub use settled::{SettledParty, Settlement};
