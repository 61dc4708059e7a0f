//! The open RFQs and their quotes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::super::calendar::Time;
use super::super::market::Symbol;
use super::super::order::{
    AccountKey, NewOrder, OrderId, Origin, OwnerId, Party, SessionId, Side, uuid_like, uuid_number,
};
use super::super::units::{Money, Price, Quantity};
use super::report::{QuoteReport, QuoteState};
use super::request::{Combo, Leg};

/// The exchange's number of an RFQ. Displays as RfqId (21023), in the form of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RfqId(pub u64);

impl fmt::Display for RfqId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, 0x09, self.0)
    }
}

impl RfqId {
    pub(super) fn parse(text: &str) -> Option<RfqId> {
        let id = RfqId(uuid_number(text)?);
        id.to_string().eq_ignore_ascii_case(text).then_some(id)
    }
}

/// How much an RFQ asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RfqSize {
    /// So many contracts.
    Contracts(Quantity),
    /// As many contracts as the creator gets for this.
    Cash(Money),
}

impl RfqSize {
    /// How many contracts a bid of a maker's is for.
    pub(super) fn at(self, bid: Option<Price>) -> Quantity {
        match (self, bid) {
            (_, None) => Quantity::ZERO,
            (RfqSize::Contracts(contracts), Some(_)) => contracts,
            (RfqSize::Cash(cash), Some(bid)) => {
                let each = i128::from(bid.complement().ten_thousandths()).max(1);
                // Ten-thousandths of a dollar times hundredths of a contract are millionths of a dollar.
                Quantity::from_hundredths(i64::try_from(cash.millionths() / each).unwrap_or(i64::MAX))
            }
        }
    }
}

/// One of a quote's two bids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteSide {
    /// The maker's bid for YES: the creator sells.
    Bid,
    /// The maker's bid for NO: the creator buys.
    Offer,
}

impl QuoteSide {
    /// The bid that a creator takes who does this.
    pub(super) const fn taken_by(creator: Side) -> QuoteSide {
        match creator {
            Side::Sell => QuoteSide::Bid,
            Side::Buy => QuoteSide::Offer,
        }
    }

    /// What the maker does in YES terms.
    pub(super) const fn maker(self) -> Side {
        match self {
            QuoteSide::Bid => Side::Buy,
            QuoteSide::Offer => Side::Sell,
        }
    }
}

/// An open RFQ.
#[derive(Debug)]
pub(super) struct Rfq {
    pub(super) id: RfqId,
    pub(super) creator: Origin,
    pub(super) client_id: Arc<str>,
    pub(super) symbol: Symbol,
    pub(super) size: RfqSize,
    pub(super) rest_remainder: bool,
    pub(super) account: AccountKey,
    pub(super) subaccount: Option<u8>,
    pub(super) party: Option<Party>,
    pub(super) expires: Time,
    /// The live quotes, by number.
    pub(super) quotes: BTreeSet<u64>,
    /// The quote that was accepted.
    pub(super) accepted: Option<u64>,
}

/// A live quote.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) id: Arc<str>,
    pub(super) rfq: RfqId,
    pub(super) maker: Origin,
    pub(super) bid: Option<Price>,
    pub(super) offer: Option<Price>,
    pub(super) post_only: bool,
    pub(super) partial: bool,
    pub(super) subaccount: Option<u8>,
    pub(super) deal: Option<Deal>,
}

impl Quote {
    pub(super) fn price(&self, side: QuoteSide) -> Option<Price> {
        match side {
            QuoteSide::Bid => self.bid,
            QuoteSide::Offer => self.offer,
        }
    }

    /// A bid of this quote's as a price for YES.
    pub(super) fn yes_price(&self, side: QuoteSide) -> Option<Price> {
        match side {
            QuoteSide::Bid => self.bid,
            QuoteSide::Offer => self.offer.map(Price::complement),
        }
    }
}

/// What was accepted of a quote.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) side: QuoteSide,
    pub(super) quantity: Quantity,
    /// The creator's order, which waits.
    pub(super) order: NewOrder,
    /// Who entered it.
    pub(super) from: Origin,
    /// Its number, where it was a NewOrderSingle (D) and is pending.
    pub(super) pending: Option<OrderId>,
    pub(super) confirmed: bool,
    /// When it is void, or executed once it is confirmed.
    pub(super) due: Time,
}

/// What time brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// An RFQ expires.
    Expire(RfqId),
    /// A quote's deal is void, or executed.
    Deal(u64),
}

/// All of it.
#[derive(Debug, Default)]
pub(in super::super) struct Rfqs {
    pub(super) open: BTreeMap<RfqId, Rfq>,
    pub(super) quotes: BTreeMap<u64, Quote>,
    /// Live quotes by QuoteID (117).
    pub(super) names: BTreeMap<Arc<str>, u64>,
    /// The sessions that hear of RFQs.
    pub(super) makers: BTreeMap<SessionId, OwnerId>,
    pub(super) timers: BTreeSet<(Time, Timer)>,
    pub(super) collections: BTreeSet<Arc<str>>,
    pub(super) combos: BTreeMap<(Arc<str>, Vec<Leg>), Symbol>,
    pub(super) last_rfq: u64,
    pub(super) last_quote: u64,
}

impl Rfqs {
    pub(in super::super) fn next_timer(&self) -> Option<Time> {
        self.timers.first().map(|(time, _)| *time)
    }

    pub(in super::super) fn attach(&mut self, origin: Origin) {
        self.makers.insert(origin.session, origin.owner);
    }

    pub(in super::super) fn detach(&mut self, session: SessionId) {
        self.makers.remove(&session);
    }

    pub(in super::super) fn is_maker(&self, session: SessionId) -> bool {
        self.makers.contains_key(&session)
    }

    /// The sessions that hear of a member's RFQ: those of all other makers.
    pub(super) fn audience(&self, creator: OwnerId) -> Arc<[SessionId]> {
        let others = self.makers.iter().filter(|(_, owner)| **owner != creator);
        others.map(|(session, _)| *session).collect()
    }

    /// The live quote of this id, on this RFQ where one is named.
    pub(super) fn find_quote(&self, id: &str, rfq: Option<&str>) -> Option<(u64, &Quote)> {
        let number = *self.names.get(id)?;
        let quote = self.quotes.get(&number)?;
        let belongs = rfq.is_none_or(|rfq| RfqId::parse(rfq) == Some(quote.rfq));
        belongs.then_some((number, quote))
    }

    /// A quote as it is told.
    pub(super) fn describe(&self, number: u64, state: QuoteState) -> Option<QuoteReport> {
        let quote = self.quotes.get(&number)?;
        let rfq = self.open.get(&quote.rfq)?;
        Some(QuoteReport {
            maker: quote.maker,
            creator: rfq.creator,
            pseudonym: Pseudonym(0x07, quote.maker.owner).to_string().into(),
            quote: Arc::clone(&quote.id),
            rfq: rfq.id,
            symbol: Arc::clone(&rfq.symbol),
            bid: quote.bid,
            offer: quote.offer,
            bid_size: rfq.size.at(quote.bid),
            offer_size: rfq.size.at(quote.offer),
            contracts: match rfq.size {
                RfqSize::Contracts(contracts) => Some(contracts),
                RfqSize::Cash(_) => None,
            },
            subaccount: quote.subaccount,
            state,
        })
    }

    /// The combination that a market stands for.
    pub(super) fn combo_of(&self, symbol: &Symbol) -> Option<Combo> {
        let ((collection, legs), _) = self.combos.iter().find(|(_, of)| *of == symbol)?;
        Some(Combo {
            collection: Arc::clone(collection),
            legs: legs.clone(),
        })
    }
}

/// What the other side of an RFQ is told a member's name is.
pub(super) struct Pseudonym(pub(super) u8, pub(super) OwnerId);

impl fmt::Display for Pseudonym {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, self.0, self.1.0.into())
    }
}
