//! What must not be dropped without a look.

#![deny(unused_must_use)]

use kalshi_fix::prediction::MarketSettlementReport;
use kalshi_fix::settlement::Reassembler;

fn settle(reassembler: &mut Reassembler, page: &MarketSettlementReport<'_>) {
    reassembler.handle(page);
}

fn main() {}
