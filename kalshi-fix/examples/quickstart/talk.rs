//! Messages to and from a session, shown as they go.

use std::time::{Duration, SystemTime};

use kalshi_fix::client::{Event, KalshiSession, Session};
use kalshi_fix::dialect::{Decimal, Dialect as _, EncodeBody, Encoder, SessionHeader, Timestamp};
use kalshi_fix::prediction::{Message, Prediction};

use crate::screen::{Direction, Screen};

/// Whether something happened, or why not.
pub(crate) type Done = Result<(), String>;

/// The next message of a session, shown.
pub(crate) async fn next<S: KalshiSession<Dialect = Prediction>>(
    screen: &mut Screen,
    name: &str,
    session: &mut Session<S>,
) -> Result<Message<'static>, String> {
    let event = tokio::time::timeout(PATIENCE, session.recv()).await;
    match event.map_err(|_| format!("nothing came on {name} within {PATIENCE:?}"))? {
        Some(Event::Message(received)) => {
            screen.frame(Direction::Received, name, received.raw().bytes());
            received
                .to_owned_message()
                .ok_or_else(|| format!("an incomplete message: {:?}", received.violations()))
        }
        Some(Event::Ended(end)) => Err(format!("{name} ended: {end}")),
        Some(other) => Err(format!("on {name}: {other:?}")),
        None => Err(format!("{name} has ended")),
    }
}

/// Shows a message that was sent, as the session wrote it but for the time.
pub(crate) fn show_sent(
    screen: &mut Screen,
    header: Option<&SessionHeader>,
    name: &str,
    sequence: u64,
    message: &impl EncodeBody,
) -> Done {
    let mut encoder = Encoder::new();
    let now = Timestamp::from(SystemTime::now());
    let frame = encoder
        .encode(header.ok_or("no client")?, sequence, now, message)
        .map_err(text)?;
    screen.frame(Direction::Sent, name, frame);
    Ok(())
}

/// What came instead of what should have: the exchange's own words where it has some.
pub(crate) fn unexpected(expected: &str, message: &Message<'_>) -> String {
    let reason = match message {
        Message::ExecutionReport(report) => report.text.as_ref(),
        Message::OrderCancelReject(reject) => reject.text.as_ref(),
        Message::MarketDataRequestReject(reject) => reject.text.as_ref(),
        Message::BusinessMessageReject(reject) => reject.text.as_ref(),
        _ => None,
    };
    let name = Prediction::tables()
        .message(message.msg_type())
        .map_or("?", |(_, table)| table.name);
    match reason {
        Some(reason) => format!("expected {expected}; the exchange answered with {name}: {reason}"),
        None => format!("expected {expected}; the exchange answered with {name}"),
    }
}

pub(crate) fn expect(name: &str, found: Option<Decimal>, expected: Decimal) -> Done {
    if found == Some(expected) {
        Ok(())
    } else {
        Err(format!("{name} should be {expected}, and is {found:?}"))
    }
}

/// What an error says, as the reason why a step did not happen.
#[expect(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
pub(crate) fn text(value: impl ToString) -> String {
    value.to_string()
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
