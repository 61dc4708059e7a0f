//! RFQs come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::account::Account;
use super::super::calendar::Time;
use super::super::engine::{Exchange, LARGEST_QUANTITY};
use super::super::market::{ExchangeStatus, Market, MarketStatus, PriceGrid, Symbol};
use super::super::order::{AccountKey, Origin};
use super::super::report::{Output, RejectReason};
use super::super::turn::Turn;
use super::super::units::{Money, Price};
use super::report::{Announcement, ComboFault, ComboFaultCode, QuoteState, RfqClosing, RfqFault, RfqReport};
use super::request::{Combo, NewRfq, RfqRequest};
use super::state::{Pseudonym, Rfq, RfqId, RfqSize, Timer};

/// Why an RFQ is refused.
struct Refusal {
    fault: RfqFault,
    combo: Option<ComboFault>,
}

impl From<RfqFault> for Refusal {
    fn from(fault: RfqFault) -> Refusal {
        Refusal { fault, combo: None }
    }
}

/// What is known of a new RFQ that can be opened.
struct Admitted {
    symbol: Symbol,
    account: AccountKey,
    /// Older ones that it replaces.
    replaced: Vec<RfqId>,
}

impl Exchange {
    /// Lets creators combine outcomes under this collection's ticker.
    pub fn list_collection(&mut self, ticker: &str) {
        self.rfqs.collections.insert(ticker.into());
    }

    /// How many RFQs are open.
    #[must_use]
    pub fn open_rfqs(&self) -> usize {
        self.rfqs.open.len()
    }

    /// Whether this session hears of RFQs, which is all that it hears of orders.
    #[must_use]
    pub fn is_maker(&self, session: super::super::order::SessionId) -> bool {
        self.rfqs.is_maker(session)
    }

    pub(in super::super) fn rfq(&mut self, turn: &mut Turn, origin: Origin, request: RfqRequest) {
        match request {
            RfqRequest::Create(new) => self.create_rfq(turn, origin, new),
            RfqRequest::Cancel { client_id, rfq } => {
                self.cancel_rfq(turn, origin, client_id.as_ref(), rfq.as_ref());
            }
            RfqRequest::Quote(quote) => self.quote(turn, origin, quote),
            RfqRequest::CancelQuote { quote, rfq } => self.cancel_quote(turn, origin, quote, rfq.as_deref()),
            RfqRequest::Accept(acceptance) => self.accept_quote(turn, origin, acceptance),
            RfqRequest::Confirm { quote, rfq } => self.confirm_quote(turn, origin, quote, rfq.as_deref()),
        }
    }

    /// Whether a market's RFQs can be worked on.
    pub(super) fn rfq_fault(&self, symbol: &Symbol) -> Result<(), RfqFault> {
        match self.status {
            ExchangeStatus::Paused => return Err(RfqFault::ExchangePaused),
            ExchangeStatus::TradingPaused => return Err(RfqFault::TradingPaused),
            ExchangeStatus::Open => {}
        }
        let listing = self.markets.get(symbol).ok_or(RfqFault::MarketNotFound)?;
        match listing.market.status {
            MarketStatus::Active => Ok(()),
            MarketStatus::Inactive | MarketStatus::Closed => Err(RfqFault::MarketInactive),
            MarketStatus::Determined | MarketStatus::Settled => Err(RfqFault::MarketAlreadyClosed),
        }
    }

    fn create_rfq(&mut self, turn: &mut Turn, creator: Origin, new: NewRfq) {
        let client_id = Arc::clone(&new.client_id);
        let Admitted {
            symbol,
            account,
            replaced,
        } = match self.admit(creator, &new) {
            Ok(admitted) => admitted,
            Err(Refusal { fault, combo }) => {
                let refused = RfqReport::Refused {
                    creator,
                    client_id,
                    fault,
                    combo,
                };
                return turn.outputs.push(Output::Rfq(refused));
            }
        };
        for id in replaced {
            self.close_rfq(turn, id, Some(RfqClosing::Expired));
        }
        self.rfqs.last_rfq += 1;
        let id = RfqId(self.rfqs.last_rfq);
        let expires = later(turn.now, self.rules.rfq_lifetime);
        self.rfqs.timers.insert((expires, Timer::Expire(id)));
        turn.outputs.push(Output::Rfq(RfqReport::Created {
            creator,
            client_id: Arc::clone(&client_id),
            rfq: id,
            resolved: new.market.is_err().then(|| Arc::clone(&symbol)),
            exchange_index: account.exchange_index,
        }));
        turn.outputs.push(Output::Rfq(RfqReport::Announced(Announcement {
            makers: self.rfqs.audience(creator.owner),
            rfq: id,
            symbol: Arc::clone(&symbol),
            size: new.size,
            creator: Pseudonym(0x08, creator.owner).to_string().into(),
            combo: self.rfqs.combo_of(&symbol),
        })));
        let rfq = Rfq {
            id,
            creator,
            client_id,
            symbol,
            size: new.size,
            rest_remainder: new.rest_remainder,
            account,
            subaccount: new.subaccount,
            party: new.party,
            expires,
            quotes: BTreeSet::new(),
            accepted: None,
        };
        self.rfqs.open.insert(id, rfq);
    }

    fn admit(&mut self, creator: Origin, new: &NewRfq) -> Result<Admitted, Refusal> {
        let customer = self
            .customer(creator.owner, new.party.as_ref())
            .map_err(|reason| match reason {
                RejectReason::PermissionDeniedForCustomerAccount => RfqFault::PermissionDenied,
                _ => RfqFault::CustomerAccountNotFound,
            })?;
        let symbol = match &new.market {
            Ok(symbol) => Arc::clone(symbol),
            Err(combo) => self.resolve(combo)?,
        };
        self.rfq_fault(&symbol)?;
        let index = self
            .markets
            .get(&symbol)
            .map_or(0, |listing| listing.market.exchange_index);
        let account = AccountKey {
            customer,
            ..AccountKey::new(creator.owner, index, new.subaccount.unwrap_or(0))
        };
        // What it costs at least: the cash itself, or contracts at the lowest price.
        let least = match new.size {
            RfqSize::Contracts(contracts) if contracts > LARGEST_QUANTITY => {
                return Err(RfqFault::ExceedsLimit.into());
            }
            RfqSize::Contracts(contracts) if contracts.is_positive() && self.is_valid(contracts) => {
                Price::from_ten_thousandths(1).times(contracts)
            }
            RfqSize::Cash(cash) if cash > Money::ZERO => cash,
            RfqSize::Contracts(_) | RfqSize::Cash(_) => return Err(RfqFault::InvalidParameters.into()),
        };
        let available = self.account_at(account).map_or(Money::ZERO, Account::available);
        if available < least {
            return Err(RfqFault::InsufficientBalance.into());
        }
        let mut of_member = 0;
        let mut existing = Vec::new();
        for rfq in self
            .rfqs
            .open
            .values()
            .filter(|rfq| rfq.creator.owner == creator.owner)
        {
            of_member += 1;
            if rfq.symbol == symbol && rfq.account == account && !self.is_confirmed(rfq) {
                existing.push(rfq.id);
            }
        }
        if !existing.is_empty() && !new.replace_existing {
            return Err(RfqFault::AlreadyExists.into());
        }
        // The newest one stays, so that two are open.
        existing.pop();
        if of_member - existing.len() >= self.rules.rfqs_per_member {
            return Err(RfqFault::ExceedsLimit.into());
        }
        Ok(Admitted {
            symbol,
            account,
            replaced: existing,
        })
    }

    /// The market of a combination, which is listed when it is first asked for.
    fn resolve(&mut self, combo: &Combo) -> Result<Symbol, Refusal> {
        if !self.rfqs.collections.contains(&combo.collection) {
            return Err(RfqFault::MarketNotFound.into());
        }
        if let Some(fault) = self.combo_fault(combo) {
            return Err(Refusal {
                fault: RfqFault::InvalidCombination,
                combo: Some(fault),
            });
        }
        let mut legs = combo.legs.clone();
        legs.sort_unstable();
        let key = (Arc::clone(&combo.collection), legs);
        if let Some(symbol) = self.rfqs.combos.get(&key) {
            return Ok(Arc::clone(symbol));
        }
        if self.rfqs.combos.len() >= self.rules.combos {
            return Err(RfqFault::ExceedsLimit.into());
        }
        let symbol: Symbol = format!("{}-C{}", combo.collection, self.rfqs.combos.len() + 1).into();
        let mut market = Market::prediction(&symbol)
            .on_index(self.rules.combo_index)
            .with_high_volatility();
        if let Some(grid) = PriceGrid::named("center_deci_edge_centi_cent") {
            market.grid = grid;
        }
        self.list(market);
        self.rfqs.combos.insert(key, Arc::clone(&symbol));
        Ok(symbol)
    }

    fn combo_fault(&self, combo: &Combo) -> Option<ComboFault> {
        let fault = |code, legs| Some(ComboFault { code, legs });
        let legs = &combo.legs;
        let strangers: Vec<Symbol> = legs
            .iter()
            .filter(|leg| !self.markets.contains_key(&leg.market) || !matches!(&*leg.side, "yes" | "no"))
            .map(|leg| Arc::clone(&leg.market))
            .collect();
        if !strangers.is_empty() || legs.len() < 2 {
            return fault(ComboFaultCode::InvalidMarketCombination, strangers);
        }
        let mut seen = std::collections::BTreeMap::new();
        for leg in legs {
            match seen.insert(&leg.market, &leg.side) {
                Some(side) if *side == leg.side => {
                    return fault(ComboFaultCode::DuplicatedLegs, vec![Arc::clone(&leg.market)]);
                }
                Some(_) => {
                    return fault(
                        ComboFaultCode::ConflictingLegOutcomes,
                        vec![Arc::clone(&leg.market)],
                    );
                }
                None => {}
            }
        }
        None
    }

    fn cancel_rfq(
        &mut self,
        turn: &mut Turn,
        creator: Origin,
        client_id: Option<&Arc<str>>,
        rfq: Option<&Arc<str>>,
    ) {
        let named = client_id.or(rfq).map_or_else(|| "".into(), Arc::clone);
        let of_creator = |open: &&Rfq| {
            open.creator.owner == creator.owner
                && client_id.is_none_or(|id| open.client_id == *id)
                && rfq.is_none_or(|id| RfqId::parse(id) == Some(open.id))
        };
        // The newest of them: a creator may use an id again.
        let found = self.rfqs.open.values().rev().find(of_creator);
        let closing = match found {
            None => RfqClosing::Rejected(RfqFault::Closed),
            Some(_) if self.status == ExchangeStatus::Paused => {
                RfqClosing::Rejected(RfqFault::ExchangePaused)
            }
            Some(rfq) if self.is_confirmed(rfq) => RfqClosing::Rejected(RfqFault::AlreadyConfirmed),
            Some(_) => RfqClosing::Cancelled,
        };
        let id = found.map(|rfq| rfq.id);
        turn.outputs.push(Output::Rfq(RfqReport::Closed {
            creator,
            id: named,
            rfq: id,
            closing,
        }));
        if let (RfqClosing::Cancelled, Some(id)) = (closing, id) {
            self.close_rfq(turn, id, None);
        }
    }

    /// Ends an RFQ and its quotes. The creator is told where there is something to tell.
    pub(super) fn close_rfq(&mut self, turn: &mut Turn, id: RfqId, closing: Option<RfqClosing>) {
        let Some(rfq) = self.rfqs.open.get(&id) else {
            return;
        };
        let (creator, expires) = (rfq.creator, rfq.expires);
        let client_id = Arc::clone(&rfq.client_id);
        for number in rfq.quotes.clone() {
            self.drop_quote(turn, number, Some(QuoteState::Cancelled));
        }
        self.rfqs.timers.remove(&(expires, Timer::Expire(id)));
        self.rfqs.open.remove(&id);
        turn.outputs.push(Output::Rfq(RfqReport::Gone {
            makers: self.rfqs.audience(creator.owner),
            rfq: id,
        }));
        if let Some(closing) = closing {
            turn.outputs.push(Output::Rfq(RfqReport::Closed {
                creator,
                id: client_id,
                rfq: Some(id),
                closing,
            }));
        }
    }

    /// The market trades no more, and neither do its RFQs.
    pub(in super::super) fn close_rfqs_of(&mut self, turn: &mut Turn, symbol: &Symbol) {
        let of_market = self.rfqs.open.values().filter(|rfq| rfq.symbol == *symbol);
        let ids: Vec<RfqId> = of_market.map(|rfq| rfq.id).collect();
        for id in ids {
            self.close_rfq(turn, id, Some(RfqClosing::Expired));
        }
    }

    /// Carries out the first timer, whatever the time.
    pub(in super::super) fn rfq_timer(&mut self, turn: &mut Turn) {
        match self.rfqs.timers.pop_first() {
            Some((_, Timer::Deal(number))) => self.finish_deal(turn, number),
            Some((time, Timer::Expire(id))) => {
                let Some(rfq) = self.rfqs.open.get_mut(&id) else {
                    return;
                };
                if rfq.accepted.is_some() {
                    // What is agreed comes first; the deal is done before this is due again.
                    rfq.expires = later(time, super::CONFIRMATION.0 + super::EXECUTION.0);
                    self.rfqs.timers.insert((rfq.expires, Timer::Expire(id)));
                } else {
                    self.close_rfq(turn, id, Some(RfqClosing::Expired));
                }
            }
            None => {}
        }
    }

    pub(super) fn is_confirmed(&self, rfq: &Rfq) -> bool {
        let quote = rfq.accepted.and_then(|number| self.rfqs.quotes.get(&number));
        quote.is_some_and(|quote| quote.deal.as_ref().is_some_and(|deal| deal.confirmed))
    }
}

impl Turn {
    /// Refuses a request without looking at it.
    pub(in super::super) fn refuse_rfq(&mut self, origin: Origin, request: RfqRequest) {
        let fault = RfqFault::InternalError;
        let report = match request {
            RfqRequest::Create(new) => RfqReport::Refused {
                creator: origin,
                client_id: new.client_id,
                fault,
                combo: None,
            },
            RfqRequest::Cancel { client_id, rfq } => RfqReport::Closed {
                creator: origin,
                id: client_id.or(rfq).unwrap_or_else(|| "".into()),
                rfq: None,
                closing: RfqClosing::Rejected(fault),
            },
            RfqRequest::Quote(quote) => RfqReport::QuoteRefused {
                maker: origin,
                rfq: quote.rfq,
                fault,
            },
            RfqRequest::CancelQuote { quote, .. } => RfqReport::QuoteCancelled {
                maker: origin,
                quote,
                fault: Some(fault),
            },
            RfqRequest::Confirm { quote, .. } => RfqReport::Confirmed {
                maker: origin,
                quote,
                fault: Some(fault),
            },
            RfqRequest::Accept(acceptance) => RfqReport::Accepted {
                creator: origin,
                quote: acceptance.quote,
                accepted: Err(fault),
                cl_ord_id: acceptance.cl_ord_id,
            },
        };
        self.outputs.push(Output::Rfq(report));
    }
}

/// So many seconds after `time`.
pub(super) fn later(time: Time, seconds: i64) -> Time {
    Time::from_unix_nanos(
        time.unix_nanos()
            .saturating_add(seconds.saturating_mul(1_000_000_000)),
    )
}
