//! Both sides, step by step, and in any order.

mod any_order;
mod creator;
mod creator_venue;
mod maker;
mod maker_venue;
mod request;

use std::time::Duration;

use fix_dialect::Decimal;

use super::*;
use crate::environment::Product;
use crate::orders::Account;
use crate::prediction::{
    AcceptQuoteStatus, ExecutionReport, Message, Quote, QuoteCancelStatus, QuoteConfirmStatus, QuoteRequest,
    QuoteRequestAck, QuoteRequestReject, QuoteStatusReport, RFQCancelStatus, fields, groups,
};
use crate::ticks::TickGrid;
use crate::units::{Money, Price, PriceUnit, PriceUnits, Quantity};

fn decimal(text: &str) -> Decimal {
    fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
}

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn seconds(time: u64) -> Duration {
    Duration::from_secs(time)
}

fn hundred() -> Size {
    Size::Contracts(Quantity::from_whole(100))
}

fn legs() -> [Leg; 2] {
    [("E1", "M1", true), ("E2", "M2", false)].map(|(event, market, is_yes)| Leg {
        event: event.to_owned(),
        market: market.to_owned(),
        is_yes,
    })
}

// What creators hear.

fn created() -> CreatedRfq {
    CreatedRfq::create(RequestForQuote::market("M", hundred()), "req-1")
        .unwrap()
        .0
}

fn ack(rfq_id: &'static str) -> Message<'static> {
    let ack = QuoteRequestAck::new("req-1", fields::QuoteRequestType::Manual);
    Message::QuoteRequestAck(QuoteRequestAck {
        rfq_id: Some(rfq_id.into()),
        ex_destination: Some(0),
        ..ack
    })
}

fn open() -> CreatedRfq {
    let mut rfq = created();
    rfq.handle(seconds(0), &ack("rfq-1"));
    rfq
}

// What makers send and hear.

fn maker() -> RfqMaker {
    let mut maker = RfqMaker::new(PriceUnits::new(Product::Prediction, PriceUnit::Cents));
    maker.handle(seconds(0), &request("rfq-1"));
    maker
}

fn request(rfq_id: &str) -> Message<'static> {
    let entry = groups::QuoteRequestSymbol {
        symbol: Some("M".into()),
        order_qty: Some(decimal("100")),
        ..groups::QuoteRequestSymbol::new()
    };
    Message::QuoteRequest(QuoteRequest::new(rfq_id.to_owned(), vec![entry]))
}

fn terms() -> QuoteTerms {
    QuoteTerms::both(price("0.45"), price("0.50"))
}

fn report(quote_id: &str, status: fields::QuoteStatus) -> Message<'static> {
    Message::QuoteStatusReport(QuoteStatusReport {
        side: Some(fields::Side::Sell),
        bid_size: Some(decimal("90")),
        offer_size: Some(decimal("80")),
        ..QuoteStatusReport::new(quote_id.to_owned(), "rfq-1", status)
    })
}

fn cancel_status(quote_id: &str, status: fields::QuoteCancelStatus) -> Message<'static> {
    Message::QuoteCancelStatus(QuoteCancelStatus::new(quote_id.to_owned(), status))
}

fn confirm_status(quote_id: &str, status: fields::QuoteConfirmStatus) -> Message<'static> {
    Message::QuoteConfirmStatus(QuoteConfirmStatus::new(quote_id.to_owned(), status))
}

fn gone(rfq_id: &str) -> Message<'static> {
    let reason = fields::QuoteRequestRejectReason::OtherReason;
    Message::QuoteRequestReject(QuoteRequestReject::new(rfq_id.to_owned(), reason, "RFQ_CLOSED"))
}
