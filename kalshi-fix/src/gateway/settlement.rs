//! Settlements: from what the exchange says to MarketSettlementReport (UMS).

use fix_dialect::{BodyWriter, Decimal, EncodeBody};

use super::exchange::SettlementReport;
use super::reply::{amount, at_least};

/// MarketSettlementReport (UMS): one page of a batch, which belongs together by Symbol (55).
pub(super) struct MarketSettlementReport<'a>(pub(super) &'a SettlementReport);

impl EncodeBody for MarketSettlementReport<'_> {
    fn msg_type(&self) -> &[u8] {
        b"UMS"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let report = self.0;
        out.field(20105, report.id.to_string().as_bytes())
            .field(55, report.symbol.as_bytes())
            .field(715, report.time.date_in_new_york().as_bytes());
        if report.pages > 1 {
            out.unsigned(20106, report.pages as u64);
        }
        // In cents, whatever UseDollars (21005) says.
        let cents = report.outcome.price().dollars() * Decimal::ONE_HUNDRED;
        out.field(20107, report.outcome.text().as_bytes())
            .decimal(730, at_least(cents.normalize(), 2))
            .boolean(893, report.is_last);
        if report.parties.is_empty() {
            return;
        }
        out.unsigned(20108, report.parties.len() as u64);
        for party in &report.parties {
            out.field(20109, party.id.as_bytes())
                .unsigned(20110, CUSTOMER_ACCOUNT)
                .decimal(704, party.position.or_zero().decimal())
                .decimal(705, (-party.position).or_zero().decimal());
            out.unsigned(1703, 1)
                .decimal(1704, amount(party.payout, 2))
                .field(1705, b"PAYOUT");
            out.unsigned(136, 1)
                .decimal(137, amount(party.fee, 2))
                .field(138, b"USD")
                .field(139, b"4")
                .unsigned(891, 0);
        }
    }
}

/// MarketSettlementPartyRole (20110).
const CUSTOMER_ACCOUNT: u64 = 24;
