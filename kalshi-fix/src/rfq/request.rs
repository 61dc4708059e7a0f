//! What a creator asks for.

use crate::environment::Product;
use crate::orders::{Account, OrderError, check};
use crate::prediction::{QuoteRequest, fields, groups};
use crate::units::{Money, Quantity};

/// A request for quotes: `QuoteRequest (R)` once [`message`](RequestForQuote::message) has checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request is sent as the message that it makes"]
pub struct RequestForQuote {
    subject: Subject,
    size: Size,
    rest_remainder: Option<bool>,
    replace_existing: Option<bool>,
    pub(super) account: Account,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Market(String),
    Combination { collection: String, legs: Vec<Leg> },
}

/// How much is asked for: one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many contracts, in steps of 0.01: `OrderQty (38)`.
    Contracts(Quantity),
    /// As many as so many dollars buy at the quoted price: `CashOrderQty (152)`.
    Cost(Money),
}

/// A leg of a combination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leg {
    /// The ticker of its event.
    pub event: String,
    /// The ticker of its market.
    pub market: String,
    /// Whether it is that market's YES, rather than its NO.
    pub is_yes: bool,
}

impl RequestForQuote {
    /// Quotes on a market.
    pub fn market(symbol: impl Into<String>, size: Size) -> RequestForQuote {
        RequestForQuote::new(Subject::Market(symbol.into()), size)
    }

    /// Quotes on a combination of legs out of a collection. The venue finds or makes the market that stands for it, and
    /// names it in its answer.
    pub fn combination(
        collection: impl Into<String>,
        legs: impl IntoIterator<Item = Leg>,
        size: Size,
    ) -> RequestForQuote {
        let subject = Subject::Combination {
            collection: collection.into(),
            legs: legs.into_iter().collect(),
        };
        RequestForQuote::new(subject, size)
    }

    fn new(subject: Subject, size: Size) -> RequestForQuote {
        RequestForQuote {
            subject,
            size,
            rest_remainder: None,
            replace_existing: None,
            account: Account::Primary,
        }
    }

    /// Whether what is left of the quote after the execution rests in the book: `RestRemainder (21015)`.
    pub fn rest_remainder(mut self, on: bool) -> Self {
        self.rest_remainder = Some(on);
        self
    }

    /// Whether older RFQs on the market are closed, but for the newest: `ReplaceExisting (21016)`. Without it the venue
    /// refuses a second one.
    pub fn replace_existing(mut self, on: bool) -> Self {
        self.replace_existing = Some(on);
        self
    }

    /// For whom: a subaccount, or the customer of a futures commission merchant (its subtrader's id).
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// Whether it is a combination. All of those are markets of high volatility, with shorter windows.
    #[must_use]
    pub fn is_combination(&self) -> bool {
        matches!(self.subject, Subject::Combination { .. })
    }

    pub(super) fn symbol(&self) -> Option<&str> {
        match &self.subject {
            Subject::Market(symbol) => Some(symbol),
            Subject::Combination { .. } => None,
        }
    }

    /// The message. `quote_req_id` is an id of ours, never used before.
    pub fn message(&self, quote_req_id: &str) -> Result<QuoteRequest<'static>, OrderError> {
        check::identifier(QUOTE_REQ_ID, quote_req_id)?;
        check::account(Product::Margin, &self.account)?; // A subtrader's id is no UUID, as a customer's on orders is.
        let (mut order_qty, mut cash_order_qty) = (None, None);
        match self.size {
            Size::Contracts(quantity) => order_qty = Some(check::quantity(Product::Prediction, quantity)?),
            Size::Cost(cost) if cost.is_positive() => cash_order_qty = Some(cost.dollars()),
            Size::Cost(cost) => return Err(OrderError::value(CASH_ORDER_QTY, &cost, "dollars above 0")),
        }
        let entry = groups::QuoteRequestSymbol {
            symbol: self.symbol().map(|symbol| symbol.to_owned().into()),
            order_qty,
            cash_order_qty,
            rest_remainder: self.rest_remainder.map(yes_or_no_rest),
            replace_existing: self.replace_existing.map(yes_or_no_replace),
            party_ids: parties(&self.account),
            ..groups::QuoteRequestSymbol::new()
        };
        let mut message = QuoteRequest::new(quote_req_id.to_owned(), vec![entry]);
        if let Account::Subaccount(number) = self.account {
            message.alloc_account = Some(i64::from(number));
        }
        match &self.subject {
            Subject::Market(symbol) => check::symbol(symbol)?,
            Subject::Combination { collection, legs } => {
                if legs.is_empty() || legs.len() > MOST_LEGS {
                    return Err(OrderError::value(
                        LEGS,
                        &legs.len(),
                        format!("1 to {MOST_LEGS} legs"),
                    ));
                }
                check::identifier(COLLECTION, collection)?;
                message.multivariate_collection_ticker = Some(collection.clone().into());
                message.multivariate_selected_legs =
                    Some(legs.iter().map(Leg::group).collect::<Result<_, _>>()?);
            }
        }
        Ok(message)
    }
}

impl Leg {
    fn group(&self) -> Result<groups::MultivariateSelectedLeg<'static>, OrderError> {
        check::symbol(&self.event)?;
        check::symbol(&self.market)?;
        let side = if self.is_yes {
            fields::MultivariateSelectedSide::YesLeg
        } else {
            fields::MultivariateSelectedSide::NoLeg
        };
        Ok(groups::MultivariateSelectedLeg::new(
            self.event.clone(),
            self.market.clone(),
            side,
        ))
    }

    /// As a maker is told of it; `None` when the side is none that is known.
    pub(super) fn of_group(group: &groups::MultivariateSelectedLeg<'_>) -> Option<Leg> {
        let is_yes = match group.multivariate_selected_side {
            fields::MultivariateSelectedSide::YesLeg => true,
            fields::MultivariateSelectedSide::NoLeg => false,
            fields::MultivariateSelectedSide::Unlisted(_) => return None,
        };
        Some(Leg {
            event: group.multivariate_selected_event_ticker.to_string(),
            market: group.multivariate_selected_market_ticker.to_string(),
            is_yes,
        })
    }
}

/// The customer that something is done for, as a group of its message.
pub(super) fn parties(account: &Account) -> Option<Vec<groups::Party<'static>>> {
    let Account::Customer(id) = account else {
        return None;
    };
    Some(vec![groups::Party {
        party_id: Some(id.clone().into()),
        party_role: Some(fields::PartyRole::CustomerAccount),
        ..groups::Party::new()
    }])
}

pub(super) fn yes_or_no_rest(on: bool) -> fields::RestRemainder {
    if on {
        fields::RestRemainder::Yes
    } else {
        fields::RestRemainder::No
    }
}

fn yes_or_no_replace(on: bool) -> fields::ReplaceExisting {
    if on {
        fields::ReplaceExisting::Yes
    } else {
        fields::ReplaceExisting::No
    }
}

const QUOTE_REQ_ID: &str = "QuoteReqID (131)";
const CASH_ORDER_QTY: &str = "CashOrderQty (152)";
const COLLECTION: &str = "MultivariateCollectionTicker (20180)";
const LEGS: &str = "NoMultivariateSelectedLegs (20181)";
/// No number is documented; more than this is a mistake.
const MOST_LEGS: usize = 100;
