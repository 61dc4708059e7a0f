//! One connection: TLS, the logon's judgement, and then a request at a time.

use std::sync::Arc;
use std::time::Duration;

use fix_dialect::Profile;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::dialect::message_types;
use super::drop_copy::{EventResendReject, Range, Replay, SERVER_ERROR, TOO_MANY_REQUESTS};
use super::exchange::{Command, RejectReason};
use super::fault::{Effect, Reached};
use super::hub::{Admission, Hub, NoSeat, Seat};
use super::kept::{SENDER, Slot};
use super::reply::MarketDataRequestReject;
use super::request::{Business, Reader, Refusal};
use super::wire::{Control, Wire};
use crate::driver::{self, DriverSettings, Handle, InboundPolicy, SessionStore};
use crate::environment::{Product, SessionKind};
use crate::session::{Event, Identity, Inbound, LogonRequest, Role, SessionSettings};

/// What a listener hands to its connections.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) hub: Arc<Hub>,
    pub(super) product: Product,
    pub(super) kind: SessionKind,
    /// Absent where clients speak plaintext.
    pub(super) tls: Option<TlsAcceptor>,
    /// How many bytes may wait to be read by one client before it is cut off.
    pub(super) outbound: usize,
    /// What breaches of the dialect's rules lead to.
    pub(super) profile: Profile,
    /// How long a client may take to log on.
    pub(super) logon_timeout: Duration,
}

impl Door {
    /// Serves one connection to its end, for which the exchange may ask.
    pub(super) async fn serve(self, stream: TcpStream, mut closes: watch::Receiver<bool>) {
        let control = Arc::new(Control::new(
            Arc::clone(self.hub.faults()),
            self.product,
            self.kind,
        ));
        let held = match control.fault(Reached::Connect) {
            Some(Effect::Disconnect) => return,
            // Held open for as long as a patient client waits.
            Some(Effect::Ignore | Effect::Refuse(_) | Effect::Silence) => Some(IGNORED_CONNECTION),
            Some(Effect::Delay(pause)) => Some(pause),
            Some(
                Effect::Doubt | Effect::Garble | Effect::Duplicate | Effect::Gap(_) | Effect::CutAfter(_),
            )
            | None => None,
        };
        if let Some(held) = held {
            let closes = closes.wait_for(|closes| *closes);
            if tokio::time::timeout(held, closes).await.is_ok() || held == IGNORED_CONNECTION {
                return;
            }
        }
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else {
            return self.carry(stream, control, closes).await;
        };
        match tokio::time::timeout(TLS_HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.carry(stream, control, closes).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS connection came about"),
            Err(_) => {}
        }
    }

    /// Carries a session from its logon to its end.
    async fn carry<S>(self, stream: S, control: Arc<Control>, mut closes: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let slot = Slot::default();
        let mut builder = driver::Builder::new(self.settings(), Role::Acceptor)
            .settings(driver_settings())
            .clock(self.hub.clock());
        if self.kind.profile().retransmission {
            // What is kept here waits for no disk, but for segments and resets.
            builder = builder.store(SessionStore::inline(slot.clone()));
        }
        let (handle, mut events) = match builder.spawn(Wire::new(stream, Arc::clone(&control))) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::error!(%error, "a connection could not be served");
                return;
            }
        };
        control.drives(handle.clone());
        let mut connection = Connection {
            reader: Reader::new(self.product, self.profile),
            door: self,
            handle,
            control,
            slot,
            seat: None,
            replay: None,
        };
        let mut is_closing = false;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = connection.replay_on(), if connection.replay.is_some() => continue,
                _ = closes.wait_for(|closes| *closes), if !is_closing => {
                    is_closing = true;
                    connection.handle.logout(Some("the exchange closes"));
                    continue;
                }
            };
            let Some(event) = event else { break };
            match event {
                driver::Event::Session(Event::LogonRequest(request)) => connection.logon(&request).await,
                driver::Event::Session(Event::Application(inbound)) => connection.request(&inbound).await,
                driver::Event::Session(event) => {
                    tracing::trace!(?event, "on a session of the simulated exchange");
                }
                driver::Event::Ended(end) => {
                    tracing::debug!(%end, "a session of the simulated exchange ended");
                }
                // An acceptor connects to nobody.
                _ => {}
            }
        }
    }

    fn settings(&self) -> SessionSettings {
        let sender = if self.kind == SessionKind::MarketData {
            "KalshiMD"
        } else {
            SENDER
        };
        let identity = Identity::acceptor(sender);
        let mut settings = match self.product {
            Product::Prediction => SessionSettings::kalshi_prediction(identity),
            Product::Margin => SessionSettings::kalshi_margin(identity),
        };
        if self.kind.profile().retransmission {
            settings = settings.retransmitting();
        }
        settings.message_types = message_types(self.product, self.kind);
        settings.logon_timeout = self.logon_timeout;
        settings.disconnect_wait = AFTER_LOGOUT;
        settings.max_frame = LONGEST_REQUEST;
        settings.max_events = WAITING_REQUESTS;
        settings.max_pending_transmit = self.outbound;
        settings
    }
}

struct Connection {
    door: Door,
    reader: Reader,
    handle: Handle,
    control: Arc<Control>,
    slot: Slot,
    seat: Option<Seat>,
    /// Drop copy: what is being sent again.
    replay: Option<Replay>,
}

impl Connection {
    /// Lets a client in, or tells it why not.
    async fn logon(&mut self, request: &LogonRequest) {
        let (product, kind) = (self.door.product, self.door.kind);
        let options = match self.reader.judge(&self.door.hub, product, kind, request) {
            Ok(options) => options,
            Err(text) => return self.turn_away(text),
        };
        self.control.belongs_to(&request.sender_comp_id);
        let effect = self.control.fault(Reached::Logon);
        match &effect {
            Some(Effect::Refuse(text)) => return self.turn_away(text.clone()),
            Some(Effect::Ignore) => return,
            Some(Effect::Disconnect) => return self.handle.abort(),
            Some(effect) => self.misbehave(effect).await,
            None => {}
        }
        let admission = Admission {
            product,
            kind,
            key_id: request.sender_comp_id.clone(),
            options,
            handle: self.handle.clone(),
            slot: self.slot.clone(),
        };
        match self.door.hub.admit(admission) {
            Ok(seat) => self.seat = Some(seat),
            Err(no_seat) => {
                if let NoSeat::NotKept(error) = &no_seat {
                    tracing::error!(%error, "what was kept of a session cannot be opened");
                }
                return self.turn_away(no_seat.to_string());
            }
        }
        if let Some(Effect::Gap(count)) = effect {
            self.control.gap(count);
        }
    }

    /// Effects that strike the connection, and not the message.
    async fn misbehave(&self, effect: &Effect) {
        match effect {
            Effect::Delay(pause) => tokio::time::sleep(*pause).await,
            Effect::Silence => self.control.silence(),
            Effect::CutAfter(bytes) => self.control.cut_after(*bytes),
            _ => {}
        }
    }

    fn turn_away(&self, text: String) {
        if let Err(error) = self.handle.refuse_logon(crate::session::Refusal::Logout(text)) {
            tracing::debug!(%error, "a logon could not be answered");
        }
    }

    async fn request(&mut self, inbound: &Inbound) {
        if self.seat.as_ref().is_none_or(|seat| seat.cut.is_some()) {
            return;
        }
        let effect = self.control.fault(Reached::Message(inbound.msg_type()));
        match &effect {
            None => self.carry_out(inbound, None),
            Some(Effect::Disconnect) => {
                // As if it had not come: a session that retransmits asks for it again.
                if let Some(seat) = &mut self.seat {
                    seat.cut = Some(inbound.msg_seq_num);
                }
                self.handle.abort();
            }
            Some(Effect::Ignore) => {}
            effect @ Some(Effect::Refuse(_) | Effect::Doubt) => self.carry_out(inbound, effect.as_ref()),
            Some(Effect::Duplicate) => {
                self.carry_out(inbound, None);
                self.carry_out(inbound, None);
            }
            Some(Effect::Gap(count)) => {
                self.control.gap(*count);
                self.carry_out(inbound, None);
            }
            Some(effect) => {
                self.misbehave(effect).await;
                self.carry_out(inbound, None);
            }
        }
    }

    /// Carries out a request, or refuses it, or leaves what came of it in doubt.
    fn carry_out(&mut self, inbound: &Inbound, effect: Option<&Effect>) {
        let Some(seat) = &self.seat else { return };
        let refusal = match effect {
            Some(Effect::Refuse(text)) => Some(text),
            _ => None,
        };
        if seat.options.listener {
            let reason = if self.door.product == Product::Prediction {
                NOT_AUTHORIZED
            } else {
                OTHER
            };
            let reject = business(
                inbound,
                reason,
                "a listener session may not send application messages",
            );
            return seat.send(&reject);
        }
        if !seat.allows(inbound.msg_type(), &inbound.frame) {
            let reason = if self.door.product == Product::Prediction {
                THROTTLED
            } else {
                OTHER
            };
            return seat.send(&business(inbound, reason, "rate limit exceeded"));
        }
        if inbound.msg_type() == b"U1" {
            return self.event_resend(inbound, refusal.is_some());
        }
        match (
            self.reader.read(&inbound.frame, seat.origin, &seat.options),
            refusal,
        ) {
            (Ok(command), None) if matches!(effect, Some(Effect::Doubt)) => {
                seat.apply(Command::Doubt(Box::new(command)));
            }
            (Ok(command), None) => seat.apply(command),
            (Ok(command), Some(text)) => match command {
                Command::Unsubscribe(..) | Command::SubscribeStatus(..) | Command::UnsubscribeStatus(..) => {
                    seat.send(&business(inbound, OTHER, text));
                }
                command => {
                    let reason = RejectReason::named(text).unwrap_or(RejectReason::InternalError);
                    seat.apply(Command::Refuse(Box::new(command), reason));
                }
            },
            (Err(refusal), _) => refuse(&self.handle, seat, refusal),
        }
    }

    /// EventResendRequest (U1).
    fn event_resend(&mut self, inbound: &Inbound, refuse_it: bool) {
        let Some(seat) = &self.seat else { return };
        let request = inbound.msg_seq_num;
        let opened = self.reader.open(&inbound.frame, &seat.options);
        let range = match opened.and_then(|request| Range::read(&request)) {
            Ok(range) => range,
            Err(refusal) => return refuse(&self.handle, seat, refusal),
        };
        if refuse_it || self.replay.is_some() {
            let reason = if refuse_it {
                SERVER_ERROR
            } else {
                TOO_MANY_REQUESTS
            };
            return seat.send(&EventResendReject { request, reason });
        }
        match seat.replay(range) {
            Ok(reports) => self.replay = Some(Replay::new(request, reports)),
            Err(refusal) => seat.send(&EventResendReject::refused(request, refusal)),
        }
    }

    async fn replay_on(&mut self) {
        if let (Some(seat), Some(replay)) = (&self.seat, &mut self.replay)
            && replay.go_on(&self.handle, &seat.options).await
        {
            self.replay = None;
        }
    }
}

fn refuse(handle: &Handle, seat: &Seat, refusal: Refusal) {
    match refusal {
        Refusal::Session(reject) => {
            if handle.reject(reject).is_err() {
                handle.abort();
            }
        }
        Refusal::Business(business) => seat.send(&business),
        Refusal::MarketData(reason) => seat.send(&MarketDataRequestReject(reason)),
    }
}

fn business(inbound: &Inbound, reason: u16, text: &str) -> Business {
    Business {
        ref_seq_num: inbound.msg_seq_num,
        ref_msg_type: String::from_utf8_lossy(inbound.msg_type()).into_owned(),
        ref_id: None,
        reason,
        text: text.to_owned(),
    }
}

fn driver_settings() -> DriverSettings {
    DriverSettings {
        inbound_policy: InboundPolicy::Block,
        max_waiting_events: WAITING_REQUESTS,
        max_waiting_bytes: 1 << 20,
        read_chunk: 16 << 10,
        write_timeout: Duration::from_secs(10),
        ..DriverSettings::default()
    }
}

/// BusinessRejectReason (380).
const OTHER: u16 = 0;
const NOT_AUTHORIZED: u16 = 6;
const THROTTLED: u16 = 8;

/// How long the TLS handshake may take.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client that was answered its Logout may take to close the connection itself.
const AFTER_LOGOUT: Duration = Duration::from_millis(100);
/// How long a connection is held that a fault has the exchange ignore.
const IGNORED_CONNECTION: Duration = Duration::from_mins(1);
/// The longest inbound frame in bytes: a market data request for a thousand markets.
const LONGEST_REQUEST: usize = 64 << 10;
/// How many requests of one client may wait; it is not read from meanwhile.
const WAITING_REQUESTS: usize = 256;
