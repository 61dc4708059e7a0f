//! Requests for quote over FIX: what creators and makers send, and what they are told.
//!
//! Fields are in the order of the dictionary.

use std::sync::Arc;

use fix_dialect::{BodyWriter, Decimal, EncodeBody, parse_decimal};

use super::exchange::{
    Acceptance, Announcement, Combo, ComboFault, Leg, Money, NewQuote, NewRfq, Price, QuoteReport, QuoteSide,
    QuoteState, RfqClosing, RfqFault, RfqReport, RfqRequest, RfqSize, SessionId,
};
use super::request::{Refusal, Request};

/// Reads a request of this MsgType (35) that keeps the dictionary's rules; `None` for other types.
pub(super) fn read(request: &Request<'_>) -> Result<Option<RfqRequest>, Refusal> {
    let rfq = || request.optional_text(21023);
    Ok(Some(match request.raw.header().msg_type {
        b"R" => RfqRequest::Create(creation(request)?),
        b"UE" => RfqRequest::Cancel {
            client_id: request.optional_text(131)?,
            rfq: rfq()?,
        },
        b"S" => RfqRequest::Quote(quote(request)?),
        b"Z" => RfqRequest::CancelQuote {
            quote: request.text(117)?,
            rfq: rfq()?,
        },
        b"U7" => RfqRequest::Confirm {
            quote: request.text(117)?,
            rfq: rfq()?,
        },
        b"UA" => RfqRequest::Accept(Acceptance {
            quote: request.text(117)?,
            rfq: rfq()?,
            side: request.side(),
            quantity: request.raw.field(38).map(|_| request.quantity()),
            cl_ord_id: request.optional_text(11)?,
            prefer_better: is_set(request, 21022),
        }),
        _ => return Ok(None),
    }))
}

fn creation(request: &Request<'_>) -> Result<NewRfq, Refusal> {
    let size = match request.raw.field(152) {
        None => RfqSize::Contracts(request.quantity()),
        Some(text) => {
            let cash = parse_decimal(text).and_then(Money::from_decimal);
            RfqSize::Cash(cash.ok_or_else(|| request.value_incorrect(152, "not an amount of dollars"))?)
        }
    };
    let market = match request.optional_text(20180)? {
        None => Ok(request.text(55)?),
        Some(collection) => Err(Combo {
            collection,
            legs: legs(request)?,
        }),
    };
    let (rest_remainder, replace_existing) = flags(request);
    Ok(NewRfq {
        client_id: request.text(131)?,
        market,
        size,
        rest_remainder,
        replace_existing,
        subaccount: request.subaccount()?,
        party: request.party()?,
    })
}

/// RestRemainder (21015) and ReplaceExisting (21016) of a QuoteRequest (R), which count inside the group NoRelatedSym (146)
/// alone.
fn flags(request: &Request<'_>) -> (bool, bool) {
    let mut is_inside = false;
    let mut flags = (false, false);
    for field in request.raw.body() {
        match field.tag {
            146 => is_inside = true,
            79 | 131 | 20180..=20184 => is_inside = false,
            21015 if is_inside => flags.0 = field.value == b"Y",
            21016 if is_inside => flags.1 = field.value == b"Y",
            _ => {}
        }
    }
    flags
}

fn legs(request: &Request<'_>) -> Result<Vec<Leg>, Refusal> {
    let mut legs: Vec<Leg> = Vec::new();
    for field in request.raw.body() {
        let value = || request.as_text(field.tag, field.value);
        match (field.tag, legs.last_mut()) {
            (20182, _) => legs.push(Leg {
                event: value()?,
                market: "".into(),
                side: "".into(),
            }),
            (20183, Some(leg)) => leg.market = value()?,
            (20184, Some(leg)) => leg.side = value()?,
            _ => {}
        }
    }
    Ok(legs)
}

fn quote(request: &Request<'_>) -> Result<NewQuote, Refusal> {
    // Zero is no quote on that side, as absence is.
    let price = |tag| {
        let price = request.raw.field(tag).map(|_| request.price_of(tag)).transpose();
        price.map(|price| price.filter(|price| *price != Price::default()))
    };
    Ok(NewQuote {
        id: request.text(117)?,
        rfq: request.text(131)?,
        symbol: request.text(55)?,
        bid: price(132)?,
        offer: price(133)?,
        post_only: request.raw.field(18).is_some(),
        partial: is_set(request, 21015),
        subaccount: request.subaccount()?,
    })
}

fn is_set(request: &Request<'_>, tag: u32) -> bool {
    request.raw.field(tag) == Some(b"Y")
}

/// What a creator or a maker is told.
pub(super) struct Message<'a>(pub(super) &'a RfqReport);

impl Message<'_> {
    /// The sessions that it is for.
    pub(super) fn recipients(&self) -> Arc<[SessionId]> {
        let one = |session: SessionId| Arc::from([session].as_slice());
        match self.0 {
            RfqReport::Created { creator, .. }
            | RfqReport::Refused { creator, .. }
            | RfqReport::Closed { creator, .. }
            | RfqReport::Accepted { creator, .. } => one(creator.session),
            RfqReport::QuoteRefused { maker, .. }
            | RfqReport::QuoteCancelled { maker, .. }
            | RfqReport::Confirmed { maker, .. } => one(maker.session),
            RfqReport::Quote(quote) => one(quote.maker.session),
            RfqReport::Quoted(quote) => one(quote.creator.session),
            RfqReport::Announced(Announcement { makers, .. }) | RfqReport::Gone { makers, .. } => {
                Arc::clone(makers)
            }
        }
    }
}

impl EncodeBody for Message<'_> {
    fn msg_type(&self) -> &[u8] {
        match self.0 {
            RfqReport::Created { .. } => b"b",
            RfqReport::Refused { .. } | RfqReport::Gone { .. } => b"AG",
            RfqReport::Announced(_) => b"R",
            RfqReport::Closed { .. } => b"UB",
            RfqReport::Quote(_) | RfqReport::QuoteRefused { .. } => b"AI",
            RfqReport::Quoted(_) => b"S",
            RfqReport::QuoteCancelled { .. } => b"U9",
            RfqReport::Confirmed { .. } => b"U8",
            RfqReport::Accepted { .. } => b"UC",
        }
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        match self.0 {
            RfqReport::Created {
                client_id,
                rfq,
                resolved,
                exchange_index,
                ..
            } => {
                out.field(131, client_id.as_bytes())
                    .field(303, b"1")
                    .field(21023, rfq.to_string().as_bytes());
                if let Some(symbol) = resolved {
                    out.field(55, symbol.as_bytes());
                }
                out.unsigned(100, (*exchange_index).into());
            }
            RfqReport::Refused {
                client_id,
                fault,
                combo,
                ..
            } => {
                out.field(131, client_id.as_bytes())
                    .unsigned(658, fault.code().into())
                    .field(58, fault.text().as_bytes());
                if let Some(fault) = combo {
                    offending_legs(fault, out);
                }
            }
            RfqReport::Announced(announcement) => announce(announcement, out),
            RfqReport::Gone { rfq, .. } => {
                out.field(131, rfq.to_string().as_bytes())
                    .unsigned(658, RfqFault::Closed.code().into())
                    .field(58, RfqFault::Closed.text().as_bytes());
            }
            RfqReport::Closed { id, rfq, closing, .. } => {
                let (status, fault) = match closing {
                    RfqClosing::Cancelled => (b"0", None),
                    RfqClosing::Rejected(fault) => (b"1", Some(*fault)),
                    RfqClosing::Expired => (b"2", None),
                };
                out.field(131, id.as_bytes()).field(21013, status);
                if let Some(rfq) = rfq {
                    out.field(21023, rfq.to_string().as_bytes());
                }
                text(fault, out);
            }
            RfqReport::Quote(quote) => quote_status(quote, out),
            RfqReport::QuoteRefused { rfq, fault, .. } => {
                out.field_or_empty(117, b"")
                    .field(131, rfq.as_bytes())
                    .field(297, b"5");
                text(Some(*fault), out);
            }
            RfqReport::Quoted(quote) => quote_notification(quote, out),
            RfqReport::QuoteCancelled { quote, fault, .. } => {
                out.field(117, quote.as_bytes()).field(298, status(*fault));
                text(*fault, out);
            }
            RfqReport::Confirmed { quote, fault, .. } => {
                out.field(117, quote.as_bytes()).field(21010, status(*fault));
                text(*fault, out);
            }
            RfqReport::Accepted {
                quote,
                accepted,
                cl_ord_id,
                ..
            } => {
                let fault = accepted.as_ref().err().copied();
                out.field(117, quote.as_bytes()).field(21025, status(fault));
                if let Ok(accepted) = accepted {
                    out.field(21024, accepted.as_bytes());
                }
                if let Some(id) = cl_ord_id {
                    out.field(11, id.as_bytes());
                }
                text(fault, out);
            }
        }
    }
}

/// 0 for what was done, 1 for what was refused.
fn status(fault: Option<RfqFault>) -> &'static [u8] {
    if fault.is_some() { b"1" } else { b"0" }
}

fn text(fault: Option<RfqFault>, out: &mut BodyWriter) {
    if let Some(fault) = fault {
        out.field(58, fault.text().as_bytes());
    }
}

fn offending_legs(fault: &ComboFault, out: &mut BodyWriter) {
    out.field(20187, fault.code.text().as_bytes());
    if !fault.legs.is_empty() {
        out.unsigned(20185, fault.legs.len() as u64);
        for leg in &fault.legs {
            out.field(20186, leg.as_bytes());
        }
    }
}

/// QuoteRequest (R) to makers. OrderQty (38) is there always; it is zero where the creator named an amount of money.
fn announce(announcement: &Announcement, out: &mut BodyWriter) {
    let Announcement {
        rfq,
        symbol,
        size,
        creator,
        combo,
        ..
    } = announcement;
    out.field(131, rfq.to_string().as_bytes())
        .unsigned(146, 1)
        .field(55, symbol.as_bytes());
    match size {
        RfqSize::Contracts(contracts) => out.decimal(38, contracts.decimal()),
        RfqSize::Cash(cash) => out.decimal(38, Decimal::new(0, 2)).decimal(152, cash.dollars()),
    };
    out.unsigned(453, 1).field(448, creator.as_bytes());
    if let Some(Combo { collection, legs }) = combo {
        out.field(20180, collection.as_bytes())
            .unsigned(20181, legs.len() as u64);
        for leg in legs {
            out.field(20182, leg.event.as_bytes())
                .field(20183, leg.market.as_bytes())
                .field(20184, leg.side.as_bytes());
        }
    }
}

/// QuoteStatusReport (AI): prices are whole cents, whatever the maker quoted in.
fn quote_status(quote: &QuoteReport, out: &mut BodyWriter) {
    out.field(117, quote.quote.as_bytes())
        .field(131, quote.rfq.to_string().as_bytes());
    if let Some(subaccount) = quote.subaccount {
        out.unsigned(79, subaccount.into());
    }
    let (status, accepted) = match quote.state {
        QuoteState::Pending => (10, None),
        QuoteState::Accepted(side, quantity) => (0, Some((side, quantity))),
        QuoteState::Cancelled => (17, None),
    };
    out.unsigned(297, status);
    match accepted.map(|(_, quantity)| quantity).or(quote.contracts) {
        Some(quantity) => out.decimal(38, quantity.decimal()),
        None => out,
    };
    for (tag, price) in [(132, quote.bid), (133, quote.offer)] {
        if let Some(price) = price {
            out.int(tag, price.ten_thousandths() / 100);
        }
    }
    sizes(quote, out);
    match accepted {
        Some((QuoteSide::Bid, _)) => out.field(54, b"1"),
        Some((QuoteSide::Offer, _)) => out.field(54, b"2"),
        None => out,
    };
}

/// Quote (S) to the creator: prices are dollars, whatever its logon asked for.
fn quote_notification(quote: &QuoteReport, out: &mut BodyWriter) {
    out.field(117, quote.quote.as_bytes())
        .field(131, quote.rfq.to_string().as_bytes())
        .field(55, quote.symbol.as_bytes());
    for (tag, price) in [(132, quote.bid), (133, quote.offer)] {
        if let Some(price) = price {
            out.decimal(tag, price.dollars());
        }
    }
    if let Some(contracts) = quote.contracts {
        out.decimal(38, contracts.decimal());
    }
    sizes(quote, out);
    out.unsigned(453, 1)
        .field(448, quote.pseudonym.as_bytes())
        .field(452, b"35");
}

fn sizes(quote: &QuoteReport, out: &mut BodyWriter) {
    for (tag, size) in [(134, quote.bid_size), (135, quote.offer_size)] {
        if size.is_positive() {
            out.decimal(tag, size.decimal());
        }
    }
}
