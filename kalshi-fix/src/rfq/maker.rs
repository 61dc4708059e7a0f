//! The maker's side of all RFQs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use fix_dialect::Text;

use super::Windows;
use super::error::RfqError;
use super::maker_event::{KnownRequest, MakerEvent};
use super::maker_quote::{MakerQuote, QuoteState, QuoteTerms};
use super::offer::Contract;
use crate::prediction::{
    Message, Quote, QuoteCancel, QuoteCancelStatus, QuoteConfirm, QuoteConfirmStatus, QuoteRequest,
    QuoteRequestReject, QuoteStatusReport, fields,
};
use crate::units::{PriceUnits, Quantity};

/// The requests that a maker has heard of, and its quotes. Times are those since an origin of the caller's choice.
///
/// Requests are many, and the venue need not say when one goes away: at most so many are kept
/// ([`with_capacity`](RfqMaker::with_capacity)), and the oldest without a quote of ours is forgotten first.
#[derive(Clone, Debug)]
pub struct RfqMaker {
    units: PriceUnits,
    capacity: usize,
    rfqs: HashMap<String, Rfq>,
    /// Those without quotes, in the order in which they came.
    idle: BTreeMap<u64, String>,
    /// Which RFQ a quote belongs to.
    quotes: HashMap<String, String>,
    next_arrival: u64,
}

#[derive(Clone, Debug)]
struct Rfq {
    request: KnownRequest,
    arrival: u64,
    is_high_volatility: bool,
    /// The venue let go of it; it is kept for the quotes that are accepted.
    is_gone: bool,
    /// In the order in which they were sent.
    quotes: Vec<MakerQuote>,
}

impl RfqMaker {
    /// A maker on a session whose prices have these units, that keeps up to 10,000 requests.
    #[must_use]
    pub fn new(units: PriceUnits) -> RfqMaker {
        RfqMaker::with_capacity(units, DEFAULT_CAPACITY)
    }

    /// A maker that keeps up to this many requests, and at least one.
    #[must_use]
    pub fn with_capacity(units: PriceUnits, capacity: usize) -> RfqMaker {
        RfqMaker {
            units,
            capacity: capacity.max(1),
            rfqs: HashMap::new(),
            idle: BTreeMap::new(),
            quotes: HashMap::new(),
            next_arrival: 0,
        }
    }

    /// The requests that are known, and have not gone away.
    pub fn requests(&self) -> impl Iterator<Item = &KnownRequest> {
        self.rfqs
            .values()
            .filter(|rfq| !rfq.is_gone)
            .map(|rfq| &rfq.request)
    }

    /// Our quotes of a request that the venue has not made an end of, in the order in which they were sent.
    #[must_use]
    pub fn quotes_of(&self, rfq_id: &str) -> &[MakerQuote] {
        self.rfqs.get(rfq_id).map_or(&[], |rfq| &rfq.quotes)
    }

    /// Whether a request's market is one of high volatility, with 3 seconds to confirm rather than 30. Combinations always
    /// are.
    pub fn set_high_volatility(&mut self, rfq_id: &str, on: bool) {
        if let Some(rfq) = self.rfqs.get_mut(rfq_id) {
            rfq.is_high_volatility = on || !rfq.request.legs.is_empty();
        }
    }

    /// `Quote (S)`. A maker has one live quote for a request: this one takes the place of the last.
    pub fn quote(
        &mut self,
        rfq_id: &str,
        quote_id: &str,
        terms: &QuoteTerms,
    ) -> Result<Quote<'static>, RfqError> {
        if self.quotes.contains_key(quote_id) {
            let quote_id = quote_id.to_owned();
            return Err(RfqError::QuoteIdUsed { quote_id });
        }
        let unknown = || RfqError::UnknownRfq {
            rfq_id: rfq_id.to_owned(),
        };
        let rfq = self
            .rfqs
            .get_mut(rfq_id)
            .filter(|rfq| !rfq.is_gone)
            .ok_or_else(unknown)?;
        if let Some(bound) = rfq.quotes.iter().find(|quote| quote.state.is_accepted()) {
            return Err(RfqError::State {
                action: "quote",
                what: format!("quote {:?} of RFQ {rfq_id:?}", bound.quote_id),
                state: bound.state.name(),
                expected: "no quote that is accepted",
            });
        }
        if rfq.quotes.len() >= MOST_QUOTES {
            return Err(RfqError::TooManyQuotes {
                rfq_id: rfq_id.to_owned(),
                most: MOST_QUOTES,
            });
        }
        let message = terms.message(self.units, quote_id, rfq_id, &rfq.request.symbol)?;
        for quote in &mut rfq.quotes {
            quote.is_replaced = true;
        }
        rfq.quotes.push(MakerQuote::sent(quote_id, terms));
        self.idle.remove(&rfq.arrival);
        self.quotes.insert(quote_id.to_owned(), rfq_id.to_owned());
        Ok(message)
    }

    /// `QuoteConfirm (U7)`, within the window that the acceptance opened. From then on nobody can withdraw.
    pub fn confirm(&mut self, now: Duration, quote_id: &str) -> Result<QuoteConfirm<'static>, RfqError> {
        let (rfq_id, quote) = self.quote_mut(quote_id)?;
        quote.turn(match quote.state {
            QuoteState::Accepted { confirm_by, .. } if now < confirm_by => QuoteState::Confirming {
                answer_by: confirm_by.saturating_add(ANSWER),
            },
            QuoteState::Accepted { .. } => return Err(wrong_state("confirm", quote, "accepted, in time")),
            _ => return Err(wrong_state("confirm", quote, "accepted")),
        });
        Ok(QuoteConfirm {
            rfq_id: Some(rfq_id.into()),
            ..QuoteConfirm::new(quote_id.to_owned())
        })
    }

    /// `QuoteCancel (Z)`. Not once it is confirmed; an accepted one may as well be left to lapse.
    pub fn cancel(&mut self, quote_id: &str) -> Result<QuoteCancel<'static>, RfqError> {
        let (rfq_id, quote) = self.quote_mut(quote_id)?;
        if matches!(
            quote.state,
            QuoteState::Confirming { .. } | QuoteState::Confirmed { .. } | QuoteState::Canceling
        ) {
            return Err(wrong_state("cancel", quote, "sent, live or accepted"));
        }
        quote.turn(QuoteState::Canceling);
        Ok(QuoteCancel {
            rfq_id: Some(rfq_id.into()),
            ..QuoteCancel::new(quote_id.to_owned())
        })
    }

    /// The message that was made last about a quote did not leave, or was refused before the venue looked at it: by
    /// `Reject (3)`, or by `BusinessMessageReject (j)`. A quote is forgotten, a cancellation or a confirmation is taken back,
    /// and can be made again.
    ///
    /// Of a quote that has no answer this has to be told: the venue's rejection of a quote does not name it, and is
    /// taken for that of the first without an answer.
    pub fn not_sent(&mut self, quote_id: &str) {
        let Ok((_, quote)) = self.quote_mut(quote_id) else {
            return;
        };
        match quote.state {
            QuoteState::Canceling | QuoteState::Confirming { .. } => quote.state = quote.before,
            QuoteState::Live | QuoteState::Accepted { .. } | QuoteState::Confirmed { .. } => {}
            QuoteState::Sent => {
                let rfq_id = self.quotes.get(quote_id).cloned();
                self.forget_quote(quote_id);
                let rfq = rfq_id.and_then(|rfq_id| self.rfqs.get_mut(&rfq_id));
                // It took no quote's place.
                if let Some(last) = rfq.and_then(|rfq| rfq.quotes.last_mut()) {
                    last.is_replaced = false;
                }
            }
        }
    }

    /// Forgets a request, and the quotes of it that nobody is bound by: for one that the venue never made an end of.
    pub fn forget(&mut self, rfq_id: &str) {
        self.gone(rfq_id);
    }

    /// A message of the venue's. What belongs to something else changes nothing.
    pub fn handle(&mut self, now: Duration, message: &Message<'_>) -> Vec<MakerEvent> {
        match message {
            Message::QuoteRequest(request) => self.requested(request),
            Message::QuoteStatusReport(report) => self.reported(now, report),
            Message::QuoteCancelStatus(status) => self.cancel_answered(status),
            Message::QuoteConfirmStatus(status) => self.confirmation_answered(now, status),
            Message::QuoteRequestReject(reject) => self.request_gone(reject),
            _ => Vec::new(),
        }
    }

    /// When [`handle_timeout`](RfqMaker::handle_timeout) has something to tell, if nothing comes before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        // Only those with quotes can have one, and these are few.
        let rfqs = self.quotes.values().filter_map(|rfq_id| self.rfqs.get(rfq_id));
        rfqs.flat_map(|rfq| &rfq.quotes)
            .filter_map(|quote| deadline(quote.state))
            .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) -> Vec<MakerEvent> {
        let mut events = Vec::new();
        let due = |quote: &&MakerQuote| deadline(quote.state).is_some_and(|deadline| deadline <= now);
        let rfqs = self.quotes.values().filter_map(|rfq_id| self.rfqs.get(rfq_id));
        let mut over: Vec<_> = rfqs
            .flat_map(|rfq| &rfq.quotes)
            .filter(due)
            .map(|quote| (deadline(quote.state), quote.clone()))
            .collect();
        over.sort_by(|(left, quote), (right, other)| (left, &quote.quote_id).cmp(&(right, &other.quote_id)));
        over.dedup();
        for (_, quote) in over {
            self.forget_quote(&quote.quote_id);
            let quote_id = quote.quote_id;
            events.push(match quote.state {
                QuoteState::Confirmed { .. } => MakerEvent::Executing { quote_id },
                QuoteState::Confirming { .. } => MakerEvent::ConfirmationUnanswered { quote_id },
                _ => MakerEvent::Lapsed { quote_id },
            });
        }
        events
    }

    /// The connection is gone, and with it what was known: everything begins anew. What comes back are the quotes whose
    /// fate is in doubt, since somebody may be bound by them: their trades show on the sessions for orders.
    pub fn disconnected(&mut self) -> Vec<MakerQuote> {
        let rfqs = std::mem::take(&mut self.rfqs);
        self.idle.clear();
        self.quotes.clear();
        let mut doubtful: Vec<_> = rfqs.into_values().flat_map(|rfq| rfq.quotes).collect();
        doubtful.sort_by(|left, right| left.quote_id.cmp(&right.quote_id));
        doubtful
    }

    fn requested(&mut self, request: &QuoteRequest<'_>) -> Vec<MakerEvent> {
        let rfq_id = request.quote_req_id.to_string();
        if self.rfqs.contains_key(&rfq_id) {
            return Vec::new();
        }
        let Some(request) = KnownRequest::of(request) else {
            return vec![MakerEvent::Ignored { rfq_id }];
        };
        let mut events = Vec::new();
        if self.rfqs.len() >= self.capacity {
            let Some((_, oldest)) = self.idle.pop_first() else {
                return vec![MakerEvent::Ignored { rfq_id }];
            };
            self.rfqs.remove(&oldest);
            events.push(MakerEvent::Forgotten { rfq_id: oldest });
        }
        let arrival = self.next_arrival;
        self.next_arrival += 1;
        self.idle.insert(arrival, rfq_id.clone());
        let rfq = Rfq {
            request: request.clone(),
            arrival,
            is_high_volatility: !request.legs.is_empty(),
            is_gone: false,
            quotes: Vec::new(),
        };
        self.rfqs.insert(rfq_id, rfq);
        events.push(MakerEvent::Requested(request));
        events
    }

    fn reported(&mut self, now: Duration, report: &QuoteStatusReport<'_>) -> Vec<MakerEvent> {
        let quote_id = self.reported_quote(report);
        let Some(quote_id) = quote_id else {
            return Vec::new();
        };
        let Some((windows, quote)) = self.with_windows(&quote_id) else {
            return Vec::new();
        };
        match report.quote_status {
            fields::QuoteStatus::Pending => {
                if !quote.is_unanswered() {
                    return Vec::new();
                }
                if quote.state == QuoteState::Canceling {
                    quote.before = QuoteState::Live;
                    return Vec::new();
                }
                quote.state = QuoteState::Live;
                vec![MakerEvent::Live { quote_id }]
            }
            fields::QuoteStatus::Rejected => {
                self.forget_quote(&quote_id);
                vec![MakerEvent::Rejected {
                    quote_id,
                    text: words(report.text.as_ref()),
                }]
            }
            fields::QuoteStatus::Accepted => {
                if quote.state.is_accepted() || quote.before.is_accepted() {
                    return Vec::new();
                }
                let contract = match report.side {
                    // In this message 1 is the maker's YES bid and 2 its NO bid; in AcceptQuote it is the other way round.
                    Some(fields::Side::Buy) => Some(Contract::Yes),
                    Some(fields::Side::Sell) => Some(Contract::No),
                    Some(fields::Side::Unlisted(_)) | None => None,
                };
                let sized = match contract {
                    Some(Contract::Yes) => report.bid_size,
                    Some(Contract::No) => report.offer_size,
                    None => None,
                };
                let confirm_by = now.saturating_add(windows.confirmation);
                quote.state = QuoteState::Accepted { contract, confirm_by };
                vec![MakerEvent::Accepted {
                    quote_id,
                    contract,
                    quantity: sized.or(report.order_qty).map(Quantity::from_contracts),
                    confirm_by,
                }]
            }
            fields::QuoteStatus::Cancelled => self.canceled(&quote_id),
            fields::QuoteStatus::Unlisted(_) => Vec::new(),
        }
    }

    /// A rejected quote's report names no quote. Quotes are answered in the order in which they were sent: it is the first of
    /// its RFQ that has no answer yet, one that is being canceled among them.
    fn reported_quote(&self, report: &QuoteStatusReport<'_>) -> Option<String> {
        if !report.quote_id.as_bytes().is_empty() {
            let named = report.quote_id.to_string();
            return self.quotes.contains_key(&named).then_some(named);
        }
        if report.quote_status != fields::QuoteStatus::Rejected {
            return None;
        }
        let rfq = self.rfqs.get(&*report.quote_req_id.to_string())?;
        let unanswered = rfq.quotes.iter().find(|quote| quote.is_unanswered());
        unanswered.map(|quote| quote.quote_id.clone())
    }

    fn cancel_answered(&mut self, status: &QuoteCancelStatus<'_>) -> Vec<MakerEvent> {
        let quote_id = status.quote_id.to_string();
        match status.quote_cancel_status {
            fields::QuoteCancelStatus::Cancelled => self.canceled(&quote_id),
            fields::QuoteCancelStatus::Rejected => match self.quote_mut(&quote_id) {
                Ok((_, quote)) if quote.state == QuoteState::Canceling => {
                    quote.state = quote.before;
                    vec![MakerEvent::CancelRefused {
                        quote_id,
                        text: words(status.text.as_ref()),
                    }]
                }
                // An acceptance came in between, which says the same.
                _ => Vec::new(),
            },
            fields::QuoteCancelStatus::Unlisted(_) => Vec::new(),
        }
    }

    /// The first answer to a cancellation makes an end of the quote, so that the second finds none.
    fn canceled(&mut self, quote_id: &str) -> Vec<MakerEvent> {
        let Some(quote) = self.forget_quote(quote_id) else {
            return Vec::new();
        };
        vec![MakerEvent::Canceled {
            quote_id: quote.quote_id,
            was_asked_for: quote.state == QuoteState::Canceling,
        }]
    }

    fn confirmation_answered(&mut self, now: Duration, status: &QuoteConfirmStatus<'_>) -> Vec<MakerEvent> {
        let quote_id = status.quote_id.to_string();
        let Some((windows, quote)) = self.with_windows(&quote_id) else {
            return Vec::new();
        };
        if !matches!(quote.state, QuoteState::Confirming { .. }) {
            return Vec::new();
        }
        match status.quote_confirm_status {
            fields::QuoteConfirmStatus::Accepted => {
                let executes_at = now.saturating_add(windows.execution);
                quote.state = QuoteState::Confirmed { executes_at };
                vec![MakerEvent::Confirmed {
                    quote_id,
                    executes_at,
                }]
            }
            fields::QuoteConfirmStatus::Rejected => {
                self.forget_quote(&quote_id);
                vec![MakerEvent::ConfirmationRefused {
                    quote_id,
                    text: words(status.text.as_ref()),
                }]
            }
            fields::QuoteConfirmStatus::Unlisted(_) => Vec::new(),
        }
    }

    fn request_gone(&mut self, reject: &QuoteRequestReject<'_>) -> Vec<MakerEvent> {
        let rfq_id = reject.quote_req_id.to_string();
        if !self.gone(&rfq_id) {
            return Vec::new();
        }
        vec![MakerEvent::RequestGone {
            rfq_id,
            text: reject.text.to_string(),
        }]
    }

    fn gone(&mut self, rfq_id: &str) -> bool {
        let Some(rfq) = self.rfqs.get_mut(rfq_id).filter(|rfq| !rfq.is_gone) else {
            return false;
        };
        rfq.is_gone = true;
        let quotes = &mut self.quotes;
        rfq.quotes.retain(|quote| {
            let is_bound = quote.state.is_accepted();
            if !is_bound {
                quotes.remove(&quote.quote_id);
            }
            is_bound
        });
        self.settle(rfq_id);
        true
    }

    fn quote_mut(&mut self, quote_id: &str) -> Result<(String, &mut MakerQuote), RfqError> {
        let unknown = || RfqError::UnknownQuote {
            quote_id: quote_id.to_owned(),
        };
        let rfq_id = self.quotes.get(quote_id).ok_or_else(unknown)?;
        let rfq = self.rfqs.get_mut(rfq_id).ok_or_else(unknown)?;
        let quote = rfq.quotes.iter_mut().find(|quote| quote.quote_id == quote_id);
        Ok((rfq_id.clone(), quote.ok_or_else(unknown)?))
    }

    fn with_windows(&mut self, quote_id: &str) -> Option<(Windows, &mut MakerQuote)> {
        let rfq = self.rfqs.get_mut(self.quotes.get(quote_id)?)?;
        let windows = Windows::of(rfq.is_high_volatility);
        let quote = rfq.quotes.iter_mut().find(|quote| quote.quote_id == quote_id)?;
        Some((windows, quote))
    }

    fn forget_quote(&mut self, quote_id: &str) -> Option<MakerQuote> {
        let rfq_id = self.quotes.remove(quote_id)?;
        let rfq = self.rfqs.get_mut(&rfq_id)?;
        let at = rfq.quotes.iter().position(|quote| quote.quote_id == quote_id)?;
        let quote = rfq.quotes.remove(at);
        self.settle(&rfq_id);
        Some(quote)
    }

    /// A request without quotes may be forgotten, or is.
    fn settle(&mut self, rfq_id: &str) {
        let Some(rfq) = self.rfqs.get(rfq_id) else { return };
        if !rfq.quotes.is_empty() {
            return;
        }
        if rfq.is_gone {
            self.idle.remove(&rfq.arrival);
            self.rfqs.remove(rfq_id);
        } else {
            self.idle.insert(rfq.arrival, rfq_id.to_owned());
        }
    }
}

fn deadline(state: QuoteState) -> Option<Duration> {
    match state {
        QuoteState::Accepted { confirm_by, .. } => Some(confirm_by),
        QuoteState::Confirming { answer_by } => Some(answer_by),
        QuoteState::Confirmed { executes_at } => Some(executes_at),
        _ => None,
    }
}

fn words(text: Option<&Text<'_>>) -> Option<String> {
    text.map(ToString::to_string)
}

fn wrong_state(action: &'static str, quote: &MakerQuote, expected: &'static str) -> RfqError {
    RfqError::State {
        action,
        what: format!("quote {:?}", quote.quote_id),
        state: quote.state.name(),
        expected,
    }
}

const DEFAULT_CAPACITY: usize = 10_000;
/// How long after the window the answer to a confirmation may come.
const ANSWER: Duration = Duration::from_secs(30);
/// Quotes of one RFQ that were replaced faster than the venue answers.
const MOST_QUOTES: usize = 16;
