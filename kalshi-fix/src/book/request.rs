//! What is sent to the venue to get market data.

use std::sync::Arc;

use fix_dialect::{BodyWriter, ClientSends, EncodeBody};

use crate::{margin, prediction};

/// A request of a market data session. It can be sent as it is, on the session of either product.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// MarketDataRequest (V) for snapshots alone: of books that are subscribed to already.
    Snapshot(Vec<Arc<str>>),
    /// MarketDataRequest (V) for snapshots and updates.
    Subscribe(Vec<Arc<str>>),
    /// MarketDataRequest (V) to end subscriptions. The venue does not answer it.
    Unsubscribe(Vec<Arc<str>>),
    /// SecurityStatusRequest (e): the changes of a market's trading status. Prediction only; the venue does not answer it.
    SubscribeStatus(Arc<str>),
    /// SecurityStatusRequest (e) to end that.
    UnsubscribeStatus(Arc<str>),
}

impl Request {
    /// The markets that it is for.
    #[must_use]
    pub fn symbols(&self) -> &[Arc<str>] {
        match self {
            Request::Snapshot(symbols) | Request::Subscribe(symbols) | Request::Unsubscribe(symbols) => {
                symbols
            }
            Request::SubscribeStatus(symbol) | Request::UnsubscribeStatus(symbol) => {
                std::slice::from_ref(symbol)
            }
        }
    }

    /// SubscriptionRequestType (263).
    const fn wire_type(&self) -> &'static [u8; 1] {
        match self {
            Request::Snapshot(_) => b"0",
            Request::Subscribe(_) | Request::SubscribeStatus(_) => b"1",
            Request::Unsubscribe(_) | Request::UnsubscribeStatus(_) => b"2",
        }
    }
}

impl EncodeBody for Request {
    fn msg_type(&self) -> &[u8] {
        match self {
            Request::Snapshot(_) | Request::Subscribe(_) | Request::Unsubscribe(_) => b"V",
            Request::SubscribeStatus(_) | Request::UnsubscribeStatus(_) => b"e",
        }
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.field(263, self.wire_type());
        match self {
            // Without symbols the venue would take it for all of them, which nobody can ask for here.
            Request::Snapshot(symbols) | Request::Subscribe(symbols) | Request::Unsubscribe(symbols) => {
                out.unsigned(146, symbols.len() as u64);
                for symbol in symbols {
                    out.field(55, symbol.as_bytes());
                }
            }
            Request::SubscribeStatus(symbol) | Request::UnsubscribeStatus(symbol) => {
                out.field(55, symbol.as_bytes());
            }
        }
    }
}

impl ClientSends<prediction::sessions::MD> for Request {}
impl ClientSends<margin::sessions::MD> for Request {}

#[cfg(test)]
mod tests {
    use fix_dialect::{Encoder, SessionHeader, Timestamp, validate};

    use super::*;

    #[test]
    fn requests_are_what_the_dictionaries_describe() {
        let header = SessionHeader::new("FIXT.1.1", "me", "KalshiMD").unwrap();
        let symbols = || vec![Arc::from("A"), Arc::from("B")];
        let check = |request: Request, expected: &str| {
            let time = Timestamp::from_unix_nanos(0);
            let mut encoder = Encoder::new();
            let frame = encoder.encode(&header, 1, time, &request).unwrap();
            let shown = String::from_utf8_lossy(frame).replace('\x01', "|");
            assert!(shown.contains(expected), "{shown}");
            assert_eq!(validate::<prediction::Prediction, _>(&request).unwrap(), []);
            if shown.contains("|35=V|") {
                assert_eq!(validate::<margin::Margin, _>(&request).unwrap(), []);
            }
        };
        check(Request::Snapshot(symbols()), "|263=0|146=2|55=A|55=B|10=");
        check(Request::Subscribe(symbols()), "|263=1|146=2|55=A|55=B|10=");
        check(Request::Unsubscribe(symbols()), "|263=2|146=2|55=A|55=B|10=");
        check(Request::SubscribeStatus(Arc::from("A")), "|263=1|55=A|10=");
        check(Request::UnsubscribeStatus(Arc::from("A")), "|263=2|55=A|10=");
    }
}
