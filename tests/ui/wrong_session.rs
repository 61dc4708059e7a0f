//! A message on a session on which the client does not send it.

use kalshi_fix::dialect::ClientSends;
use kalshi_fix::prediction::{QuoteCancel, sessions};

fn send<S, M: ClientSends<S>>(_message: &M) {}

fn quote(cancel: &QuoteCancel<'_>) {
    send::<sessions::RFQ, _>(cancel);
    send::<sessions::MD, _>(cancel);
}

fn main() {}
