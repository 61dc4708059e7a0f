//! The two dialects as data: which messages the exchange takes, on which sessions.

use fix_dialect::Dialect as _;
use fix_dialect::tables::Tables;

use crate::environment::{Product, SessionKind};
use crate::margin::Margin;
use crate::prediction::Prediction;
use crate::session::MessageTypes;

pub(super) fn tables(product: Product) -> &'static Tables {
    match product {
        Product::Prediction => Prediction::tables(),
        Product::Margin => Margin::tables(),
    }
}

/// Messages that this session answers; other application messages of the dialect are refused with a
/// BusinessMessageReject (j), and unknown ones with a Reject (3).
pub(super) fn message_types(product: Product, kind: SessionKind) -> MessageTypes {
    let supported: &[&str] = match (product, kind) {
        (_, SessionKind::OrderEntry) => &["D", "F", "G", "q", "UOG"],
        // Mass cancels are for sessions without retransmission.
        (Product::Prediction, SessionKind::OrderEntryRetransmitting) => {
            &["D", "F", "G", "UOG", "R", "UA", "UE"]
        }
        (Product::Margin, SessionKind::OrderEntryRetransmitting) => &["D", "F", "G", "UOG"],
        (Product::Prediction, SessionKind::Rfq) => &["S", "Z", "U7"],
        (_, SessionKind::DropCopy) => &["U1"],
        (Product::Prediction, SessionKind::MarketData) => &["V", "e"],
        (Product::Margin, SessionKind::MarketData) => &["V"],
        _ => &[],
    };
    let defined = tables(product)
        .messages
        .iter()
        .filter(|message| !message.admin)
        .map(|message| message.msg_type);
    MessageTypes::strict(supported, defined)
}
