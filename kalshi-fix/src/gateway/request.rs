//! Requests: from a frame to a command of the exchange, or to the reason why it is none.

use std::sync::Arc;

use fix_dialect::{
    Action, Answer, BodyWriter, Context, Decimal, EncodeBody, FieldIndex, Malformed, Profile, RawMessage,
    Rule, Sender, Timestamp, Validator, Violation, parse_decimal, parse_int, parse_unsigned,
};

use super::dialect::tables;
use super::exchange::{
    Amend, Cancel, Command, MarketDataRejectReason, Money, NewOrder, Origin, Party, Price, Quantity,
    SelfTradePrevention, Side, Symbol, Target, Time, TimeInForce,
};
use super::groups;
use super::options::Options;
use super::quotes;
use crate::environment::Product;
use crate::session::{Reject, RejectReason, SequenceNumber};

/// Reads the requests of one session.
#[derive(Debug)]
pub(super) struct Reader {
    product: Product,
    validator: Validator,
    profile: Profile,
    index: FieldIndex,
}

/// What a request must obey to be read at all: nobody is to guess a side, a price or a quantity.
const NEEDED: [Rule; 8] = [
    Rule::Required,
    Rule::Conditional,
    Rule::NotEmpty,
    Rule::Type,
    Rule::Listed,
    Rule::Once,
    Rule::GroupCount,
    Rule::DataLength,
];

/// Parts of a contract that the market does not trade are refused by the exchange, in an execution report.
pub(super) const USUAL: Profile = Profile::strict().with(Rule::Step, Action::Report);

/// Why a message is not a request that the exchange can look at.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// Reject (3): the message breaks the dialect's rules.
    Session(Reject),
    /// BusinessMessageReject (j).
    Business(Business),
    /// MarketDataRequestReject (Y).
    MarketData(MarketDataRejectReason),
}

/// A BusinessMessageReject (j).
#[derive(Clone, Debug)]
pub(super) struct Business {
    pub(super) ref_seq_num: SequenceNumber,
    pub(super) ref_msg_type: String,
    pub(super) ref_id: Option<String>,
    pub(super) reason: u16,
    pub(super) text: String,
}

impl EncodeBody for Business {
    fn msg_type(&self) -> &[u8] {
        b"j"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(45, self.ref_seq_num);
        out.field(372, self.ref_msg_type.as_bytes());
        if let Some(id) = &self.ref_id {
            out.field(379, id.as_bytes());
        }
        out.unsigned(380, self.reason.into());
        out.field(58, self.text.as_bytes());
    }
}

impl Reader {
    pub(super) fn new(product: Product, profile: Profile) -> Reader {
        let profile = NEEDED
            .into_iter()
            .fold(profile, |profile, rule| profile.with(rule, Action::Reject));
        Reader {
            product,
            validator: Validator::new(tables(product)),
            profile,
            index: FieldIndex::new(),
        }
    }

    /// What is wrong with a client's message by the dictionary, first things first.
    pub(super) fn violation(&mut self, frame: &[u8]) -> Result<Option<Violation>, Malformed> {
        // What prices are is left unsaid: whether one is right is the exchange's to tell, in an execution report.
        let context = Context::default().from(Sender::Client);
        let violations = self.validator.validate_in(frame, &context)?;
        let verdict = self.profile.judge(violations);
        for violation in &verdict.reported {
            tracing::debug!(%violation, "a request breaks a rule, and is taken");
        }
        Ok(verdict.rejected.into_iter().next())
    }

    /// Looks at a message of a client's. `frame` is of a type that the session takes.
    pub(super) fn open<'a>(&'a mut self, frame: &'a [u8], options: &Options) -> Result<Request<'a>, Refusal> {
        let product = self.product;
        let violation = self.violation(frame);
        let raw = RawMessage::parse(frame, &mut self.index);
        let (raw, violation) = match (raw, violation) {
            (Ok(raw), Ok(violation)) => (raw, violation),
            (Err(error), _) | (_, Err(error)) => {
                let reject = Reject::new(sequence(frame), RejectReason::InvalidTagNumber);
                return Err(Refusal::Session(reject.with_text(error.to_string())));
            }
        };
        let request = Request {
            raw,
            product,
            dollars: options.dollars,
        };
        match violation {
            None => Ok(request),
            Some(violation) => Err(request.refusal(&violation)),
        }
    }

    /// Reads a request of the exchange's. `frame` is of a type that the session takes.
    pub(super) fn read(
        &mut self,
        frame: &[u8],
        origin: Origin,
        options: &Options,
    ) -> Result<Command, Refusal> {
        let request = self.open(frame, options)?;
        let read = match request.raw.header().msg_type {
            b"D" => Command::NewOrder(origin, request.new_order()?),
            b"G" => Command::Amend(origin, request.amend()?),
            b"F" => {
                let cancel = Cancel {
                    cl_ord_id: request.text(11)?,
                    target: request.target()?,
                };
                Command::Cancel(origin, cancel)
            }
            b"q" => Command::MassCancel(origin, request.text(11)?),
            b"UOG" => Command::Group(origin, groups::read(&request)?),
            b"V" => request.market_data(origin)?,
            b"e" => request.security_status(origin)?,
            _ => match quotes::read(&request)? {
                Some(about_quotes) => Command::Rfq(origin, about_quotes),
                None => return Err(request.business(3, "this message is not supported on this session")),
            },
        };
        Ok(read)
    }
}

/// A message that keeps the dictionary's rules.
pub(super) struct Request<'a> {
    pub(super) raw: RawMessage<'a>,
    product: Product,
    dollars: bool,
}

impl Request<'_> {
    fn new_order(&self) -> Result<NewOrder, Refusal> {
        let time_in_force = match self.raw.field(59) {
            None | Some(b"0") => TimeInForce::Day,
            Some(b"1") => TimeInForce::GoodTillCancel,
            Some(b"3") => TimeInForce::ImmediateOrCancel,
            Some(b"4") => TimeInForce::FillOrKill,
            Some(_) => TimeInForce::GoodTillDate(self.expire_time()?),
        };
        let self_trade_prevention = match self.raw.field(2964) {
            Some(b"0") => SelfTradePrevention::Unknown,
            Some(b"2") => SelfTradePrevention::Maker,
            _ => SelfTradePrevention::TakerAtCross,
        };
        let mut order = NewOrder::limit(
            &self.text(11)?,
            &self.text(55)?,
            self.side(),
            self.price()?,
            self.quantity(),
        );
        order.time_in_force = time_in_force;
        order.self_trade_prevention = self_trade_prevention;
        order.post_only = self.raw.field(18).is_some();
        order.subaccount = self.subaccount()?;
        order.party = self.party()?;
        order.max_execution_cost = self.amount(21009)?;
        order.order_group = self.optional_text(526)?.or(self.optional_text(20130)?);
        order.cancel_on_pause = self.raw.field(21006) == Some(b"Y");
        order.exchange_index = self
            .raw
            .field(100)
            .and_then(parse_int)
            .and_then(|index| u32::try_from(index).ok());
        order.quote = self.optional_text(117)?;
        order.rfq = self.optional_text(21023)?;
        Ok(order)
    }

    fn amend(&self) -> Result<Amend, Refusal> {
        let price = self.raw.field(44).map(|_| self.price()).transpose()?;
        Ok(Amend {
            cl_ord_id: self.text(11)?,
            target: self.target()?,
            price,
            quantity: self.quantity(),
        })
    }

    fn target(&self) -> Result<Target, Refusal> {
        Ok(Target {
            orig_cl_ord_id: self.text(41)?,
            order_id: self.optional_text(37)?,
            symbol: self.text(55)?,
            side: self.side(),
            subaccount: self.subaccount()?,
            party: self.party()?,
        })
    }

    fn market_data(&self, origin: Origin) -> Result<Command, Refusal> {
        let mut symbols: Vec<Symbol> = Vec::new();
        for field in self.raw.body().filter(|field| field.tag == 55) {
            symbols.push(self.as_text(55, field.value)?);
        }
        Ok(match self.raw.field(263) {
            Some(b"2") => Command::Unsubscribe(origin.session, (!symbols.is_empty()).then_some(symbols)),
            Some(b"0") => Command::Snapshot(origin.session, symbols),
            _ => Command::Subscribe(origin.session, symbols),
        })
    }

    fn security_status(&self, origin: Origin) -> Result<Command, Refusal> {
        let symbol = self.text(55)?;
        match self.raw.field(263) {
            Some(b"1") => Ok(Command::SubscribeStatus(origin.session, symbol)),
            Some(b"2") => Ok(Command::UnsubscribeStatus(origin.session, symbol)),
            _ => Err(self.value_incorrect(263, "a trading status can be subscribed to (1) or left (2)")),
        }
    }

    pub(super) fn side(&self) -> Side {
        if self.raw.field(54) == Some(b"2") {
            Side::Sell
        } else {
            Side::Buy
        }
    }

    /// Price (44).
    fn price(&self) -> Result<Price, Refusal> {
        self.price_of(44)
    }

    /// A price: cents, or dollars where the logon asked for them.
    pub(super) fn price_of(&self, tag: u32) -> Result<Price, Refusal> {
        let value = self.raw.field(tag).and_then(parse_decimal).unwrap_or_default();
        let price = if self.dollars {
            Price::from_dollars(value)
        } else {
            Some(value)
                .filter(Decimal::is_integer)
                .and_then(|cents| Price::from_dollars(cents / Decimal::ONE_HUNDRED))
        };
        let expected = if self.dollars {
            "prices are dollars with at most 4 decimals"
        } else {
            "prices are whole cents, since the logon did not set UseDollars (21005)"
        };
        price.ok_or_else(|| self.value_incorrect(tag, expected))
    }

    /// OrderQty (38). One that no market could take becomes a quantity that none takes.
    pub(super) fn quantity(&self) -> Quantity {
        let value = self.raw.field(38).and_then(parse_decimal);
        value
            .and_then(Quantity::from_decimal)
            .unwrap_or(Quantity::from_hundredths(-1))
    }

    /// An amount of dollars, if it is there.
    fn amount(&self, tag: u32) -> Result<Option<Money>, Refusal> {
        let Some(text) = self.raw.field(tag) else {
            return Ok(None);
        };
        let amount = parse_decimal(text).and_then(Money::from_decimal);
        let expected = "amounts are dollars with at most 6 decimals";
        amount
            .map(Some)
            .ok_or_else(|| self.value_incorrect(tag, expected))
    }

    fn expire_time(&self) -> Result<Time, Refusal> {
        match self.raw.field(126).and_then(Timestamp::parse) {
            Some(time) => Ok(Time::from_unix_nanos(time.unix_nanos())),
            None => Err(self.value_incorrect(126, "not a time")),
        }
    }

    /// AllocAccount (79), which excludes a party.
    pub(super) fn subaccount(&self) -> Result<Option<u8>, Refusal> {
        let Some(value) = self.raw.field(79) else {
            return Ok(None);
        };
        match parse_unsigned(value)
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| *number <= 63)
        {
            Some(number) => Ok(Some(number)),
            None => Err(self.value_incorrect(79, "subaccounts are numbered from 0 to 63")),
        }
    }

    pub(super) fn party(&self) -> Result<Option<Party>, Refusal> {
        let Some(id) = self.optional_text(448)? else {
            return Ok(None);
        };
        if self.raw.body().filter(|field| field.tag == 448).nth(1).is_some() {
            return Err(self.value_incorrect(453, "one party at most"));
        }
        let role = self
            .raw
            .field(452)
            .and_then(parse_unsigned)
            .and_then(|role| u32::try_from(role).ok());
        Ok(Some(Party { id, role }))
    }

    pub(super) fn text(&self, tag: u32) -> Result<Arc<str>, Refusal> {
        self.as_text(tag, self.raw.field(tag).unwrap_or_default())
    }

    pub(super) fn optional_text(&self, tag: u32) -> Result<Option<Arc<str>>, Refusal> {
        self.raw
            .field(tag)
            .map(|value| self.as_text(tag, value))
            .transpose()
    }

    pub(super) fn as_text(&self, tag: u32, value: &[u8]) -> Result<Arc<str>, Refusal> {
        std::str::from_utf8(value).map(Arc::from).map_err(|_| {
            let reject = self.reject(RejectReason::IncorrectDataFormat).about(tag);
            Refusal::Session(reject.with_text("the value is not UTF-8"))
        })
    }

    /// What a breach of the dictionary's rules is answered with.
    fn refusal(&self, violation: &Violation) -> Refusal {
        let msg_type = self.raw.header().msg_type;
        if msg_type == b"V" && violation.tag == 263 && violation.rule == Rule::Listed {
            return Refusal::MarketData(MarketDataRejectReason::UnsupportedType);
        }
        let text = match violation.rule {
            Rule::Defined => "Undefined tag received".to_owned(),
            _ => violation.complaint(),
        };
        match violation.answer {
            Answer::BusinessReject(reason) => {
                let name = tables(self.product)
                    .field(violation.tag)
                    .map_or("the field", |field| field.name);
                self.business(
                    reason,
                    &format!("{name} ({}) is required in this case", violation.tag),
                )
            }
            Answer::Reject(reason) => {
                let reason = RejectReason::from_code(reason.into()).unwrap_or(RejectReason::Other);
                Refusal::Session(self.reject(reason).about(violation.tag).with_text(text))
            }
        }
    }

    pub(super) fn value_incorrect(&self, tag: u32, text: &str) -> Refusal {
        Refusal::Session(
            self.reject(RejectReason::ValueIncorrect)
                .about(tag)
                .with_text(text),
        )
    }

    pub(super) fn reject(&self, reason: RejectReason) -> Reject {
        let header = self.raw.header();
        Reject::new(header.msg_seq_num, reason).of_type(String::from_utf8_lossy(header.msg_type))
    }

    fn business(&self, reason: u16, text: &str) -> Refusal {
        let header = self.raw.header();
        let id = self
            .raw
            .field(11)
            .and_then(|id| std::str::from_utf8(id).ok())
            .filter(|id| !id.is_empty());
        Refusal::Business(Business {
            ref_seq_num: header.msg_seq_num,
            ref_msg_type: String::from_utf8_lossy(header.msg_type).into_owned(),
            ref_id: id.map(str::to_owned),
            reason,
            text: text.to_owned(),
        })
    }
}

/// MsgSeqNum (34) of a frame whose header has been read before.
fn sequence(frame: &[u8]) -> SequenceNumber {
    fix_dialect::Header::read(frame).map_or(0, |header| header.msg_seq_num)
}
