//! Sending requests.

use std::sync::{Arc, Mutex, PoisonError};

use fix_dialect::tables::Tables;
use fix_dialect::{BodyWriter, Decoder, EncodeBody};

use super::ledger::Record;
use super::outcome::{SubmitError, Submitted};
use super::pending::Pending;
use super::request::Request;
use crate::client::gate::Pass;
use crate::client::product::KalshiSession;
use crate::client::session::Sender;
use crate::session::Inbound;

impl<S: KalshiSession> Sender<S> {
    /// Sends a request, and waits until the venue has acknowledged it, has rejected it, or until its fate is in doubt: for
    /// want of an answer in time ([`request_timeout`](crate::client::ClientBuilder::request_timeout)), after a lost
    /// connection, or because the venue says that it does not know.
    ///
    /// Nobody has to read the session's receiver for it, where every answer goes as well. While the queue to the receiver
    /// is full, though, nothing is read from the venue, and requests run into their time-outs:
    /// [`Doubt::TimedOut`](crate::client::Doubt::TimedOut) tells how many events wait there.
    ///
    /// Dropping the future before the request has its number sends nothing; dropping it later does not take the request
    /// back. To have the number before the answer, [`begin`](Sender::begin): that is what to use beside a
    /// [tracker](crate::tracker), which has to be told of the number before the answer is read
    /// ([how](crate::guide::order_entry#with-a-tracker)).
    ///
    /// A refusal that names no more than the request's `ClOrdID (11)` leaves it in doubt where an earlier message with the same
    /// one had no answer: it may be that one's. An acknowledgement counts whichever of the two it is to.
    ///
    /// Where the client has pre-trade limits, a request that is rejected is not counted beside what the tracker shows any
    /// more.
    ///
    /// On a session that resumes (`KalshiRT`), a lost connection alone decides nothing: the answer may come after it.
    ///
    /// ```
    /// use kalshi_fix::client::{Response, Unacknowledged};
    /// # use kalshi_fix::credentials::PrivateKey;
    /// # use kalshi_fix::dialect::Decimal;
    /// # use kalshi_fix::gateway::Gateway;
    /// # use kalshi_fix::prediction::{NewOrderSingle, OrderCancelRequest, Prediction, fields};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
    /// # let key = PrivateKey::generate()?;
    /// # let client = gateway.client_builder::<Prediction>(gateway.member().credentials(&key)).build()?;
    /// # let session = client.order_entry().await?;
    /// # let (ten, price) = (Decimal::from(10), Decimal::new(5500, 4));
    /// # let limit = fields::OrdType::Limit;
    /// # let order = NewOrderSingle::new("1", ten, limit, price, fields::Side::Buy, "HIGHNY-23DEC31");
    /// let submitted = session.submit(&order).await?;
    /// match submitted.response {
    ///     Response::Acknowledged(answer) => println!("{:?}", answer.message),
    ///     Response::Rejected(rejection) => println!("{rejection}"),
    ///     Response::InDoubt { reason } => println!("reconcile: {reason}"),
    /// }
    ///
    /// // Or, where anything but a yes is an error:
    /// let cancel = OrderCancelRequest::new("2", "1", fields::Side::Sell, "HIGHNY-23DEC31");
    /// let refused = session.submit(&cancel).await?.acknowledged().unwrap_err();
    /// assert!(matches!(refused, Unacknowledged::Rejected(_)), "not the order's side");
    /// # session.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn submit<R: Request<S>>(&self, request: &R) -> Result<Submitted<R::Answer>, SubmitError> {
        Ok(self.begin(request).await?.await)
    }

    /// Sends a request, when there is room for it or as soon as there is, and returns what waits for its answer.
    /// Dropping the future before it is ready sends nothing, and keeps no place for the request.
    pub async fn begin<R: Request<S>>(&self, request: &R) -> Result<Pending<R::Answer>, SubmitError> {
        self.check(request)?;
        let pass = self.admit(request).await?;
        let (ticket, told) = self.requests.reserve(request.identity())?;
        let note = |sequence, record, pass: &Pass<'_>| ticket.sent(sequence, record, pass.counted());
        let sequence = self.deliver(pass, request, note).await?;
        Ok(Pending::new(
            sequence,
            self.handle.clone(),
            ticket,
            told,
            self.request_timeout,
            self.reader::<R>(),
        ))
    }

    /// As [`begin`](Sender::begin), at once or not at all.
    pub fn try_begin<R: Request<S>>(&self, request: &R) -> Result<Pending<R::Answer>, SubmitError> {
        self.check(request)?;
        let pass = self.try_admit(request)?;
        let (ticket, told) = self.requests.reserve(request.identity())?;
        let note = |sequence, record, pass: &Pass<'_>| ticket.sent(sequence, record, pass.counted());
        let sequence = self.try_deliver(pass, request, note)?;
        Ok(Pending::new(
            sequence,
            self.handle.clone(),
            ticket,
            told,
            self.request_timeout,
            self.reader::<R>(),
        ))
    }

    /// Reads answers where they are waited for, with a decoder that the session's senders share.
    fn reader<R: Request<S>>(&self) -> impl FnMut(Inbound, Vec<Inbound>) -> R::Answer + Send + 'static {
        let decoder: Arc<Mutex<Decoder<S::Dialect>>> = Arc::clone(&self.answers);
        move |inbound, replayed| {
            let mut decoder = decoder.lock().unwrap_or_else(PoisonError::into_inner);
            R::read(inbound, replayed, &mut decoder)
        }
    }
}

/// A message that is written down as it is encoded.
pub(in crate::client) struct Noted<'m, M> {
    message: &'m M,
    /// Never waited for: one task encodes the message.
    record: Mutex<Option<Record>>,
}

impl<'m, M: EncodeBody> Noted<'m, M> {
    pub(in crate::client) fn new(message: &'m M) -> Noted<'m, M> {
        Noted {
            message,
            record: Mutex::new(None),
        }
    }

    /// What is to be known of the message. To be called when it was encoded.
    pub(in crate::client) fn record(&self) -> Record {
        let record = *self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.unwrap_or_else(|| Record::of(self.message.msg_type(), &[]))
    }
}

impl<M: EncodeBody> EncodeBody for Noted<'_, M> {
    fn msg_type(&self) -> &[u8] {
        self.message.msg_type()
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let start = out.written().len();
        self.message.encode_body(out);
        let body = out.written().get(start..).unwrap_or_default();
        let record = Record::of(self.message.msg_type(), body);
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    fn own_tables(&self) -> Option<&'static Tables> {
        self.message.own_tables()
    }

    fn named_by(&self) -> Option<&'static Tables> {
        self.message.named_by()
    }
}
