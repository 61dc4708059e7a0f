//! The creator's side of one RFQ.
//!
//! ```text
//!             b                 accept              UC
//! Requested ──────► Open ─────────────────► Accepting ─────► Accepted
//!     │ AG           │ ▲ ◄──── UC refused ───── │              │  │
//!     │              │ │ ◄──── no trade in time ┼──────────────┘  │ a report of the trade
//!     │              │ └ UB refused             │                 │
//!     │              └── UE ──► (canceling) ────┤ UB, AG          │
//!     └──────────────────────► Closed ◄─────────┴─────────────────┘
//! ```
//!
//! What the venue closes while an acceptance is under way, or behind, is closed when that has come to its end.

use std::time::Duration;

use super::Windows;
use super::error::RfqError;
use super::offer::{Contract, Offer};
use super::request::{RequestForQuote, parties};
use crate::environment::Product;
use crate::orders::check;
use crate::prediction::{
    AcceptQuote, AcceptQuoteStatus, ExecutionReport, Message, Quote, QuoteRequest, QuoteRequestAck,
    QuoteRequestReject, RFQCancel, RFQCancelStatus, fields,
};
use crate::units::Quantity;

/// One RFQ of ours, from the request to the trade. Times are those since an origin of the caller's choice.
#[derive(Clone, Debug)]
pub struct CreatedRfq {
    quote_req_id: String,
    request: RequestForQuote,
    rfq_id: Option<String>,
    symbol: Option<String>,
    exchange_index: Option<i64>,
    state: CreatorState,
    is_canceling: bool,
    /// The venue has closed it, while an acceptance was under way or behind.
    is_over: bool,
    is_high_volatility: bool,
    /// The best by which a full list drops others are kept.
    offers: Vec<Offer>,
    /// The acceptance that was sent last, unless it was refused.
    accepting: Option<Accepting>,
    /// By their `ClOrdID (11)`: acceptances before that one whose trade was not heard of in time.
    lapsed: Vec<String>,
    /// When the trade is overdue.
    overdue: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Accepting {
    named: String,
    /// The quote that was accepted, once the venue has told it: another one, where it has found a better one.
    taken: Option<String>,
    cl_ord_id: String,
}

/// Where an RFQ of ours stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreatorState {
    /// Sent, and not acknowledged.
    Requested,
    /// Quotes may come, and be accepted.
    Open,
    /// The acceptance of a quote was sent, and not answered.
    Accepting,
    /// A quote was accepted. The maker has yet to confirm, which nobody tells us but by the trade. Without a trade in time
    /// the RFQ is open again.
    Accepted,
    /// It is over: refused, canceled, expired or traded.
    Closed,
}

impl CreatorState {
    const fn name(self) -> &'static str {
        match self {
            CreatorState::Requested => "requested",
            CreatorState::Open => "open",
            CreatorState::Accepting => "accepting a quote",
            CreatorState::Accepted => "accepted",
            CreatorState::Closed => "closed",
        }
    }
}

/// What became of an RFQ of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreatorEvent {
    /// The venue has it. The symbol is that of the market which stands for the legs, or the one asked for.
    Opened {
        /// The venue's id, where it has told one.
        rfq_id: Option<String>,
        /// The market.
        symbol: Option<String>,
        /// The market's exchange index.
        exchange_index: Option<i64>,
    },
    /// The venue refused it, or made an end of it.
    Refused {
        /// Why.
        reason: fields::QuoteRequestRejectReason,
        /// Why, in the venue's words.
        text: String,
        /// The code of what is wrong with a combination.
        combination: Option<fields::MVEValidationReasonCode>,
        /// The markets of the legs that are wrong, as far as the venue names them.
        offending: Vec<String>,
    },
    /// A quote came.
    Quoted {
        /// Its id.
        quote_id: String,
        /// The id of the same maker's quote that it takes the place of.
        replaced: Option<String>,
    },
    /// More quotes are there than are kept: this one, the furthest from a trade, was let go.
    QuoteDropped {
        /// Its id.
        quote_id: String,
    },
    /// A quote was accepted: the maker has its time to confirm, then orders are placed.
    Accepted {
        /// The quote that was named.
        quote_id: String,
        /// The quote that was accepted: another one, where a better one was to be preferred.
        accepted_quote_id: String,
    },
    /// The acceptance was refused; quotes can be accepted again.
    AcceptanceRefused {
        /// The quote that was named.
        quote_id: String,
        /// Why, in the venue's words.
        text: Option<String>,
    },
    /// A report of a trade that belongs to an acceptance, by its `ClOrdID (11)`. There may be several, also once the RFQ is
    /// closed: what is accepted trades on the public book.
    Traded {
        /// The `ClOrdID (11)` that the acceptance was given.
        cl_ord_id: String,
    },
    /// Nothing was heard of a trade in the time that confirmation and execution take: most likely the maker has not
    /// confirmed, and the quote is void. The RFQ is open again, unless the venue has closed it: another quote can be
    /// accepted. A report may be late, or on another session: whoever cannot do with two trades reconciles first.
    TradeOverdue {
        /// The quote that was accepted. It is not among the quotes any more.
        quote_id: String,
        /// The `ClOrdID (11)` that the acceptance was given.
        cl_ord_id: String,
    },
    /// The cancellation was refused: the RFQ stands as it did.
    CancelRefused {
        /// Why, in the venue's words.
        text: Option<String>,
    },
    /// It was canceled, as we asked.
    Canceled,
    /// The venue closed it.
    Expired,
}

impl CreatedRfq {
    /// The message that asks, and the RFQ that comes of it. `quote_req_id` is an id of ours, never used before.
    pub fn create(
        request: RequestForQuote,
        quote_req_id: &str,
    ) -> Result<(CreatedRfq, QuoteRequest<'static>), RfqError> {
        let message = request.message(quote_req_id)?;
        let rfq = CreatedRfq {
            quote_req_id: quote_req_id.to_owned(),
            rfq_id: None,
            symbol: request.symbol().map(ToOwned::to_owned),
            exchange_index: None,
            state: CreatorState::Requested,
            is_canceling: false,
            is_over: false,
            is_high_volatility: request.is_combination(),
            request,
            offers: Vec::new(),
            accepting: None,
            lapsed: Vec::new(),
            overdue: None,
        };
        Ok((rfq, message))
    }

    /// Whether its market is one of high volatility, with shorter windows. Combinations always are.
    pub fn set_high_volatility(&mut self, on: bool) {
        self.is_high_volatility = on || self.request.is_combination();
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> CreatorState {
        self.state
    }

    /// The venue's id, once it has told one.
    #[must_use]
    pub fn rfq_id(&self) -> Option<&str> {
        self.rfq_id.as_deref()
    }

    /// The market: the one asked for, or the one that stands for the legs, once the venue has told it.
    #[must_use]
    pub fn symbol(&self) -> Option<&str> {
        self.symbol.as_deref()
    }

    /// The quotes by what it costs to buy this contract from their makers, the cheapest first, and among those that cost
    /// the same the earliest. Quotes without a bid to take are not among them.
    ///
    /// To sell a contract is to buy the other one.
    #[must_use]
    pub fn ranked(&self, buy: Contract) -> Vec<&Offer> {
        let mut ranked: Vec<(&Offer, _)> = self
            .offers
            .iter()
            .filter_map(|offer| Some((offer, offer.bid_taken_by_buying(buy)?)))
            .collect();
        // The sort is stable. The highest bid for the other contract is the lowest price of this one.
        ranked.sort_by_key(|(_, bid)| std::cmp::Reverse(*bid));
        ranked.into_iter().map(|(offer, _)| offer).collect()
    }

    /// The best quote for who buys this contract.
    #[must_use]
    pub fn best(&self, buy: Contract) -> Option<&Offer> {
        self.ranked(buy).first().copied()
    }

    /// `AcceptQuote (UA)`: buys this contract from the quote's maker, by taking its bid for the other one. Without a
    /// quantity, the whole of it. With `prefer_better` the venue may take a quote that is better by then.
    ///
    /// `cl_ord_id` is an id of ours, never used before: `ClOrdID (11)`, by which the trade is known. The venue can do without
    /// one, but then nobody can tell whether there was a trade.
    pub fn accept(
        &mut self,
        quote_id: &str,
        buy: Contract,
        quantity: Option<Quantity>,
        cl_ord_id: &str,
        prefer_better: bool,
    ) -> Result<AcceptQuote<'static>, RfqError> {
        self.expect(CreatorState::Open, "accept a quote")?;
        let offer = self.offers.iter().find(|offer| offer.quote_id == quote_id);
        let offer = offer.ok_or_else(|| RfqError::UnknownQuote {
            quote_id: quote_id.to_owned(),
        })?;
        if offer.bid_taken_by_buying(buy).is_none() {
            return Err(RfqError::State {
                action: "accept a quote",
                what: format!("quote {quote_id:?}"),
                state: "without a bid on that side",
                expected: "a bid for the contract that is not bought",
            });
        }
        check::identifier(check::CL_ORD_ID, cl_ord_id)?;
        let order_qty = quantity
            .map(|quantity| check::quantity(Product::Prediction, quantity))
            .transpose()?;
        // In this message 1 takes the maker's NO bid, which buys YES, and 2 its YES bid.
        let side = match buy {
            Contract::Yes => fields::Side::Buy,
            Contract::No => fields::Side::Sell,
        };
        self.state = CreatorState::Accepting;
        let accepting = Accepting {
            named: quote_id.to_owned(),
            taken: None,
            cl_ord_id: cl_ord_id.to_owned(),
        };
        // One that is still there has lapsed.
        let lapsed = self.accepting.replace(accepting);
        self.lapsed.extend(lapsed.map(|lapsed| lapsed.cl_ord_id));
        Ok(AcceptQuote {
            rfq_id: self.rfq_id.clone().map(Into::into),
            order_qty,
            cl_ord_id: Some(cl_ord_id.to_owned().into()),
            party_ids: parties(&self.request.account),
            prefer_better_quote: prefer_better.then_some(fields::PreferBetterQuote::Yes),
            ..AcceptQuote::new(quote_id.to_owned(), side)
        })
    }

    /// The acceptance that was made last did not leave, or was refused before the venue looked at it: by `Reject (3)`, or by
    /// `BusinessMessageReject (j)`. Quotes can be accepted again.
    pub fn acceptance_not_sent(&mut self) {
        if self.state == CreatorState::Accepting {
            self.accepting = None;
            self.reopen();
        }
    }

    /// `RFQCancel (UE)`. Not while a quote is accepted, which only its maker can let lapse.
    pub fn cancel(&mut self) -> Result<RFQCancel<'static>, RfqError> {
        if !matches!(self.state, CreatorState::Requested | CreatorState::Open) {
            return Err(self.wrong_state("cancel", "requested or open"));
        }
        self.is_canceling = true;
        let by_ours = self.rfq_id.is_none();
        Ok(RFQCancel {
            quote_req_id: by_ours.then(|| self.quote_req_id.clone().into()),
            rfq_id: self.rfq_id.clone().map(Into::into),
            party_ids: parties(&self.request.account),
            ..RFQCancel::new()
        })
    }

    /// A message of the venue's. What belongs to something else changes nothing.
    pub fn handle(&mut self, now: Duration, message: &Message<'_>) -> Vec<CreatorEvent> {
        if let Message::ExecutionReport(report) = message {
            return self.reported(report);
        }
        if self.state == CreatorState::Closed {
            return Vec::new();
        }
        match message {
            Message::QuoteRequestAck(ack) => self.acknowledged(ack),
            Message::Quote(quote) => self.quoted(quote),
            Message::AcceptQuoteStatus(status) => self.acceptance_answered(now, status),
            Message::RFQCancelStatus(status) => self.cancel_answered(status),
            Message::QuoteRequestReject(reject) => self.rejected(reject),
            _ => Vec::new(),
        }
    }

    /// When [`handle_timeout`](CreatedRfq::handle_timeout) has something to tell, if nothing comes before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.overdue
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) -> Vec<CreatorEvent> {
        if self.overdue.is_none_or(|overdue| now < overdue) {
            return Vec::new();
        }
        self.overdue = None;
        self.reopen();
        let Some(accepting) = &self.accepting else {
            return Vec::new();
        };
        let quote_id = accepting.taken.as_ref().unwrap_or(&accepting.named);
        self.offers.retain(|offer| offer.quote_id != *quote_id);
        vec![CreatorEvent::TradeOverdue {
            quote_id: quote_id.clone(),
            cl_ord_id: accepting.cl_ord_id.clone(),
        }]
    }

    fn acknowledged(&mut self, ack: &QuoteRequestAck<'_>) -> Vec<CreatorEvent> {
        if ack.quote_req_id != *self.quote_req_id || self.state != CreatorState::Requested {
            return Vec::new();
        }
        self.state = CreatorState::Open;
        self.rfq_id = ack.rfq_id.as_ref().map(ToString::to_string);
        if let Some(symbol) = &ack.symbol {
            self.symbol = Some(symbol.to_string());
        }
        self.exchange_index = ack.ex_destination;
        vec![CreatorEvent::Opened {
            rfq_id: self.rfq_id.clone(),
            symbol: self.symbol.clone(),
            exchange_index: self.exchange_index,
        }]
    }

    fn quoted(&mut self, quote: &Quote<'_>) -> Vec<CreatorEvent> {
        if self.rfq_id.as_deref().is_none_or(|id| quote.quote_req_id != *id) {
            return Vec::new();
        }
        let offer = Offer::of(quote);
        let quote_id = offer.quote_id.clone();
        // A maker has one live quote for an RFQ; the same announcement may come twice.
        let same = |known: &Offer| {
            known.quote_id == offer.quote_id || known.maker.is_some() && known.maker == offer.maker
        };
        let replaced = self
            .offers
            .iter()
            .position(same)
            .map(|at| self.offers.remove(at).quote_id);
        self.offers.push(offer);
        let mut events = vec![CreatorEvent::Quoted {
            replaced: replaced.filter(|replaced| *replaced != quote_id),
            quote_id,
        }];
        if self.offers.len() > MOST_OFFERS
            && let Some(dropped) = self.drop_furthest()
        {
            events.push(CreatorEvent::QuoteDropped { quote_id: dropped });
        }
        events
    }

    /// Of the quotes that are the best for neither side, the one that bids least.
    fn drop_furthest(&mut self) -> Option<String> {
        let keep = [Contract::Yes, Contract::No].map(|buy| self.best(buy).map(|best| best.quote_id.clone()));
        let bids = |offer: &Offer| {
            let (yes, no) = (
                offer.yes_bid.unwrap_or_default(),
                offer.no_bid.unwrap_or_default(),
            );
            yes.checked_add(no).unwrap_or_default()
        };
        let others = self
            .offers
            .iter()
            .enumerate()
            .filter(|(_, offer)| keep.iter().all(|keep| keep.as_ref() != Some(&offer.quote_id)));
        // The latest of those that bid the same.
        let at = others
            .min_by_key(|(at, offer)| (bids(offer), std::cmp::Reverse(*at)))
            .map(|(at, _)| at)?;
        Some(self.offers.remove(at).quote_id)
    }

    fn acceptance_answered(&mut self, now: Duration, status: &AcceptQuoteStatus<'_>) -> Vec<CreatorEvent> {
        let ours = self
            .accepting
            .as_mut()
            .filter(|accepting| status.quote_id == *accepting.named);
        let (Some(accepting), CreatorState::Accepting) = (ours, self.state) else {
            return Vec::new();
        };
        let quote_id = accepting.named.clone();
        match status.accept_quote_status {
            fields::AcceptQuoteStatus::Accepted => {
                self.state = CreatorState::Accepted;
                let windows = Windows::of(self.is_high_volatility);
                self.overdue = now.checked_add(windows.confirmation + windows.execution + GRACE);
                let accepted = status.accepted_quote_id.as_ref().map(ToString::to_string);
                accepting.taken.clone_from(&accepted);
                vec![CreatorEvent::Accepted {
                    accepted_quote_id: accepted.unwrap_or_else(|| quote_id.clone()),
                    quote_id,
                }]
            }
            fields::AcceptQuoteStatus::Rejected => {
                self.accepting = None;
                self.reopen();
                let text = status.text.as_ref().map(ToString::to_string);
                vec![CreatorEvent::AcceptanceRefused { quote_id, text }]
            }
            // Neither a yes nor a no: what it means is not known, and the acceptance stays under way.
            fields::AcceptQuoteStatus::Unlisted(_) => Vec::new(),
        }
    }

    fn cancel_answered(&mut self, status: &RFQCancelStatus<'_>) -> Vec<CreatorEvent> {
        let by_venues = status
            .rfq_id
            .as_ref()
            .is_some_and(|id| self.rfq_id.as_deref().is_some_and(|ours| *id == *ours));
        let echoed = status.quote_req_id == *self.quote_req_id
            || self
                .rfq_id
                .as_deref()
                .is_some_and(|id| status.quote_req_id == *id);
        if !by_venues && !echoed {
            return Vec::new();
        }
        match status.rfq_cancel_status {
            fields::RFQCancelStatus::Canceled => self.close(CreatorEvent::Canceled),
            fields::RFQCancelStatus::Expired => self.close(CreatorEvent::Expired),
            fields::RFQCancelStatus::Rejected if self.is_canceling => {
                self.is_canceling = false;
                let text = status.text.as_ref().map(ToString::to_string);
                vec![CreatorEvent::CancelRefused { text }]
            }
            fields::RFQCancelStatus::Rejected | fields::RFQCancelStatus::Unlisted(_) => Vec::new(),
        }
    }

    fn rejected(&mut self, reject: &QuoteRequestReject<'_>) -> Vec<CreatorEvent> {
        let ours = reject.quote_req_id == *self.quote_req_id
            || self
                .rfq_id
                .as_deref()
                .is_some_and(|id| reject.quote_req_id == *id);
        if !ours {
            return Vec::new();
        }
        let legs = reject.mve_offending_legs.iter().flatten();
        self.close(CreatorEvent::Refused {
            reason: reject.quote_request_reject_reason,
            text: reject.text.to_string(),
            combination: reject.mve_validation_reason_code.clone(),
            offending: legs
                .map(|leg| leg.mve_offending_market_ticker.to_string())
                .collect(),
        })
    }

    fn reported(&mut self, report: &ExecutionReport<'_>) -> Vec<CreatorEvent> {
        if report.exec_type != fields::ExecType::Trade {
            return Vec::new();
        }
        let latest = self.accepting.as_ref().map(|accepting| &accepting.cl_ord_id);
        let is_latest = latest.is_some_and(|latest| report.cl_ord_id == **latest);
        let named = latest.filter(|_| is_latest).or_else(|| {
            let mut lapsed = self.lapsed.iter();
            lapsed.find(|lapsed| report.cl_ord_id == ***lapsed)
        });
        let Some(cl_ord_id) = named.cloned() else {
            return Vec::new();
        };
        // An RFQ trades once. Of another acceptance that is under way the venue has yet to say no.
        self.is_over = true;
        self.offers.clear();
        if is_latest || self.state == CreatorState::Open {
            self.overdue = None;
            self.state = CreatorState::Closed;
        }
        vec![CreatorEvent::Traded { cl_ord_id }]
    }

    /// An acceptance has come to nothing.
    fn reopen(&mut self) {
        self.state = if self.is_over {
            CreatorState::Closed
        } else {
            CreatorState::Open
        };
    }

    /// An acceptance that is under way, or behind, goes on: its answer and its trade are still to come.
    fn close(&mut self, event: CreatorEvent) -> Vec<CreatorEvent> {
        (self.is_canceling, self.is_over) = (false, true);
        if !matches!(self.state, CreatorState::Accepting | CreatorState::Accepted) {
            self.state = CreatorState::Closed;
        }
        self.offers.clear();
        vec![event]
    }

    fn expect(&self, expected: CreatorState, action: &'static str) -> Result<(), RfqError> {
        if self.state == expected {
            return Ok(());
        }
        Err(self.wrong_state(action, expected.name()))
    }

    fn wrong_state(&self, action: &'static str, expected: &'static str) -> RfqError {
        RfqError::State {
            action,
            what: format!("RFQ {:?}", self.quote_req_id),
            state: self.state.name(),
            expected,
        }
    }
}

/// The venue's windows are the venue's clock; reports take their way.
const GRACE: Duration = Duration::from_secs(2);
/// Quotes kept for an RFQ.
const MOST_OFFERS: usize = 256;
