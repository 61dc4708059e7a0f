//! What a message costs, and which bucket pays.

use std::collections::BTreeMap;
use std::fmt;

use fix_dialect::{EncodeBody, EncodeError, Encoder, SessionHeader, Timestamp, fields};

/// A bucket of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// For whatever is not Write.
    Read,
    /// For orders and the flow of quotes that name no shard.
    Write,
    /// For orders that name this shard in `ExDestination (100)`, 1 or above.
    ShardWrite(u16),
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bucket::Read => f.write_str("Read"),
            Bucket::Write => f.write_str("Write"),
            Bucket::ShardWrite(shard) => write!(f, "Write of shard {shard}"),
        }
    }
}

/// What one message, or one request, takes from which bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cost {
    /// The bucket.
    pub bucket: Bucket,
    /// Tokens; 0 for what is free.
    pub tokens: u32,
    /// Whether it also counts towards the one mass cancellation a second.
    pub is_mass_cancel: bool,
}

impl Cost {
    /// Of something that takes so many tokens from a bucket, such as a request over REST.
    #[must_use]
    pub const fn new(bucket: Bucket, tokens: u32) -> Cost {
        Cost {
            bucket,
            tokens,
            is_mass_cancel: false,
        }
    }
}

/// What messages of a type cost, and whether they draw on Write rather than on Read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageCost {
    /// Write rather than Read.
    pub is_write: bool,
    /// Tokens.
    pub tokens: u32,
}

/// What messages cost by their `MsgType (35)`. The venue's `GET /account/endpoint_costs` is authoritative for what does not
/// cost the default: put it in with [`with`](CostTable::with).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTable {
    costs: BTreeMap<String, MessageCost>,
    /// For types that are not listed.
    default: MessageCost,
}

impl CostTable {
    /// As the venue documents it: 10 tokens, 2 for the cancellation of an order. Orders, order groups and the flow of
    /// quotes draw on Write, a mass cancellation too; everything else, a logon included, on Read. Logout, Heartbeat,
    /// TestRequest and what else keeps a session going are free.
    #[must_use]
    pub fn venue() -> CostTable {
        let of = |is_write, tokens| MessageCost { is_write, tokens };
        let mut costs = BTreeMap::new();
        for write in ["D", "G", "q", "UOG", "R", "S", "Z", "U7", "UA", "UE"] {
            costs.insert(write.to_owned(), of(true, DEFAULT));
        }
        costs.insert("F".to_owned(), of(true, CANCEL));
        costs.insert("A".to_owned(), of(false, DEFAULT));
        for free in ["0", "1", "2", "3", "4", "5"] {
            costs.insert(free.to_owned(), of(false, 0));
        }
        CostTable {
            costs,
            default: of(false, DEFAULT),
        }
    }

    /// The same, where messages of this type cost so many tokens.
    #[must_use]
    pub fn with(mut self, msg_type: &str, tokens: u32) -> CostTable {
        let cost = MessageCost {
            tokens,
            ..self.of(msg_type)
        };
        self.costs.insert(msg_type.to_owned(), cost);
        self
    }

    /// The same, where messages of this type draw on Write, or on Read, as well as cost so many tokens: for messages of
    /// one's own.
    #[must_use]
    pub fn with_bucket(mut self, msg_type: &str, cost: MessageCost) -> CostTable {
        self.costs.insert(msg_type.to_owned(), cost);
        self
    }

    /// What messages of this type cost.
    #[must_use]
    pub fn of(&self, msg_type: &str) -> MessageCost {
        self.costs.get(msg_type).copied().unwrap_or(self.default)
    }

    /// What a message costs: by its type, by its `ExDestination (100)`, and by whether it has a `QuoteID (117)`.
    ///
    /// An order, amendment or cancellation that names a shard of 1 or above draws on that shard's bucket, unless it is an
    /// order that accepts a quote.
    #[must_use]
    pub fn cost(&self, msg_type: &str, ex_destination: Option<i64>, has_quote_id: bool) -> Cost {
        let MessageCost { is_write, tokens } = self.of(msg_type);
        let shard = ex_destination
            .and_then(|index| u16::try_from(index).ok())
            .filter(|index| *index >= 1);
        let bucket = match (is_write, shard) {
            (false, _) => Bucket::Read,
            (true, Some(shard)) if names_a_shard(msg_type) && !(msg_type == "D" && has_quote_id) => {
                Bucket::ShardWrite(shard)
            }
            (true, _) => Bucket::Write,
        };
        Cost {
            bucket,
            tokens,
            is_mass_cancel: msg_type == "q",
        }
    }

    /// What a message of any dialect costs. Only those that may name a shard are looked into, by encoding them.
    pub fn cost_of<M: EncodeBody + ?Sized>(&self, message: &M) -> Result<Cost, EncodeError> {
        let msg_type = String::from_utf8_lossy(message.msg_type());
        if !names_a_shard(&msg_type) {
            return Ok(self.cost(&msg_type, None, false));
        }
        let header = SessionHeader::new("FIXT.1.1", "sender", "target")?;
        let mut encoder = Encoder::new();
        let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), message)?;
        Ok(self.cost_of_frame(&msg_type, frame))
    }

    /// What a message costs that is encoded already.
    #[must_use]
    pub fn cost_of_frame(&self, msg_type: &str, frame: &[u8]) -> Cost {
        let mut ex_destination = None;
        let mut has_quote_id = false;
        for field in fields(frame) {
            match field.tag {
                100 => ex_destination = fix_dialect::parse_int(field.value),
                117 => has_quote_id = true,
                _ => {}
            }
        }
        self.cost(msg_type, ex_destination, has_quote_id)
    }
}

impl Default for CostTable {
    fn default() -> CostTable {
        CostTable::venue()
    }
}

/// Whether messages of this type draw on the bucket of the shard that they name. A request to an order group names one too,
/// and does not.
pub(crate) fn names_a_shard(msg_type: &str) -> bool {
    matches!(msg_type, "D" | "F" | "G")
}

const DEFAULT: u32 = 10;
const CANCEL: u32 = 2;

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::{margin, prediction};

    #[track_caller]
    fn check(message: &impl EncodeBody, expected: &str) {
        let cost = CostTable::venue().cost_of(message).expect("a message");
        let mass = if cost.is_mass_cancel { ", one a second" } else { "" };
        assert_eq!(format!("{} of {}{mass}", cost.tokens, cost.bucket), expected);
    }

    fn order() -> prediction::NewOrderSingle<'static> {
        let (one, half) = (Decimal::ONE, Decimal::new(5, 1));
        let (limit, buy) = (prediction::fields::OrdType::Limit, prediction::fields::Side::Buy);
        prediction::NewOrderSingle::new("1", one, limit, half, buy, "M")
    }

    #[test]
    fn orders_draw_on_the_shard_that_they_name() {
        let to = |ex_destination| prediction::NewOrderSingle {
            ex_destination,
            ..order()
        };
        check(&to(None), "10 of Write");
        check(&to(Some(-1)), "10 of Write");
        check(&to(Some(0)), "10 of Write");
        check(&to(Some(1)), "10 of Write of shard 1");
        check(&to(Some(3)), "10 of Write of shard 3");
        let accepting = prediction::NewOrderSingle {
            quote_id: Some("q".into()),
            ..to(Some(1))
        };
        check(&accepting, "10 of Write");
        let side = prediction::fields::Side::Buy;
        let cancel = prediction::OrderCancelRequest {
            ex_destination: Some(2),
            ..prediction::OrderCancelRequest::new("2", "1", side, "M")
        };
        check(&cancel, "2 of Write of shard 2");
        let group = prediction::OrderGroupRequest {
            ex_destination: Some(2),
            ..prediction::OrderGroupRequest::new(prediction::fields::OrderGroupAction::Create)
        };
        check(&group, "10 of Write");
    }

    #[test]
    fn the_rest_by_type() {
        let side = margin::fields::Side::Buy;
        check(
            &margin::OrderCancelRequest::new("2", "1", side, "M"),
            "2 of Write",
        );
        let whole_session = margin::fields::MassCancelRequestType::CancelForSession;
        check(
            &margin::OrderMassCancelRequest::new("3", whole_session),
            "10 of Write, one a second",
        );
        check(&prediction::QuoteCancel::new("q"), "10 of Write");
        check(&prediction::EventResendRequest::new("1;1"), "10 of Read");
        assert_eq!(
            CostTable::venue().cost("V", None, false),
            Cost::new(Bucket::Read, 10)
        );
        assert_eq!(
            CostTable::venue().cost("A", None, false),
            Cost::new(Bucket::Read, 10)
        );
        for free in ["0", "1", "5"] {
            assert_eq!(CostTable::venue().cost(free, None, false).tokens, 0, "{free}");
        }
    }

    #[test]
    fn what_the_venue_tells_overrides_the_table() {
        let table = CostTable::venue().with("G", 5).with("UX", 1);
        assert_eq!(
            table.cost("G", Some(1), false),
            Cost::new(Bucket::ShardWrite(1), 5)
        );
        assert_eq!(table.cost("UX", None, false), Cost::new(Bucket::Read, 1));
        let own = table.with_bucket(
            "UX",
            MessageCost {
                is_write: true,
                tokens: 7,
            },
        );
        assert_eq!(own.cost("UX", None, false), Cost::new(Bucket::Write, 7));
    }
}
