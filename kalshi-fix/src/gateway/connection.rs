//! One connection: TLS, the logon's judgement, and then a request at a time.

use std::sync::Arc;
use std::time::Duration;

use fix_dialect::Profile;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::dialect::message_types;
use super::exchange::{Command, RejectReason};
use super::fault::{Effect, Step};
use super::hub::{Hub, NoSeat, Seat};
use super::options::Options;
use super::reply::MarketDataRequestReject;
use super::request::{Business, Reader, Refusal};
use super::tap::{Tap, Tapped};
use crate::driver::{self, DriverSettings, Handle, InboundPolicy};
use crate::environment::{Product, SessionKind};
use crate::session::{Acceptance, Event, Identity, Inbound, LogonRequest, Role, SessionSettings};

/// What a listener hands to its connections.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) hub: Arc<Hub>,
    pub(super) product: Product,
    pub(super) kind: SessionKind,
    pub(super) tls: TlsAcceptor,
    /// How many bytes may wait to be read by one client before it is cut off.
    pub(super) outbound: usize,
    /// What breaches of the dialect's rules lead to.
    pub(super) profile: Profile,
}

impl Door {
    /// Serves one connection to its end.
    pub(super) async fn serve(self, stream: TcpStream) {
        match self.hub.fault(self.kind, &Step::Connect) {
            None => {}
            Some(Effect::Disconnect) => return,
            Some(Effect::Ignore | Effect::Refuse(_)) => {
                // Held open for as long as a patient client waits.
                tokio::time::sleep(IGNORED_CONNECTION).await;
                return;
            }
        }
        let _ = stream.set_nodelay(true);
        let accepted = tokio::time::timeout(TLS_HANDSHAKE, self.tls.accept(stream)).await;
        let stream = match accepted {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS connection came about");
                return;
            }
            Err(_) => return,
        };
        let tap = Arc::new(Tap::default());
        let spawned = driver::spawn_with_clock(
            Tapped::new(stream, Arc::clone(&tap)),
            self.settings(),
            Role::Acceptor,
            None,
            driver_settings(),
            self.hub.clock(),
        );
        let (handle, mut events) = match spawned {
            Ok(ends) => ends,
            Err(error) => {
                tracing::error!(%error, "a connection could not be served");
                return;
            }
        };
        let mut connection = Connection {
            reader: Reader::new(self.product, self.profile),
            door: self,
            handle,
            tap,
            seat: None,
        };
        while let Some(event) = events.recv().await {
            match event {
                driver::Event::Session(Event::LogonRequest(request)) => connection.logon(&request),
                driver::Event::Session(Event::Application(inbound)) => connection.request(&inbound),
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
            "Kalshi"
        };
        let identity = Identity::acceptor(sender);
        let mut settings = match self.product {
            Product::Prediction => SessionSettings::kalshi_prediction(identity),
            Product::Margin => SessionSettings::kalshi_margin(identity),
        };
        settings.message_types = message_types(self.product, self.kind);
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
    tap: Arc<Tap>,
    seat: Option<Seat>,
}

impl Connection {
    /// Lets a client in, or tells it why not.
    fn logon(&mut self, request: &LogonRequest) {
        let decision = self.judge(request);
        let answered = match decision {
            Ok(Some(seat)) => {
                let accepted = self.handle.accept_logon(Acceptance::default());
                if accepted.is_ok() {
                    self.door.hub.attach(&seat, self.handle.clone());
                    if let Some(effect) = self.door.hub.fault(self.door.kind, &Step::Logout) {
                        self.tap.at_logout(&effect);
                    }
                }
                self.seat = Some(seat);
                accepted
            }
            Ok(None) => Ok(()),
            Err(text) => self.handle.refuse_logon(crate::session::Refusal::Logout(text)),
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "a logon could not be answered");
        }
    }

    /// Whether the logon is authentic and welcome: a seat, or a text; neither where a fault wants silence.
    fn judge(&mut self, request: &LogonRequest) -> Result<Option<Seat>, String> {
        let Door {
            hub, product, kind, ..
        } = &self.door;
        let target = kind.profile().target_comp_id;
        if request.target_comp_id != target {
            return Err(format!(
                "TargetCompID (56) is {:?} on the port of {target}",
                request.target_comp_id
            ));
        }
        let public = hub.public_key(&request.sender_comp_id);
        let public = public.ok_or_else(|| "unknown API key in SenderCompID (49)".to_owned())?;
        let raw_data = request
            .raw_data
            .as_deref()
            .ok_or("RawData (96) is missing: a logon is signed")?;
        public
            .verify_signed_text(&request.pre_hash, raw_data)
            .map_err(|_| "invalid signature in RawData (96)".to_owned())?;
        let options = Options::read(*product, &request.frame);
        if let Some(fault) = options.fault() {
            return Err(fault.to_owned());
        }
        match self.reader.violation(&request.frame) {
            Ok(None) => {}
            Ok(Some(violation)) => return Err(violation.to_string()),
            Err(malformed) => return Err(malformed.to_string()),
        }
        match hub.fault(*kind, &Step::Logon) {
            None => {}
            Some(Effect::Refuse(text)) => return Err(text),
            Some(Effect::Ignore) => return Ok(None),
            Some(Effect::Disconnect) => {
                self.handle.abort();
                return Ok(None);
            }
        }
        hub.seat(&request.sender_comp_id, *product, *kind, options)
            .map(Some)
            .map_err(|no_seat| {
                match no_seat {
                    NoSeat::UnknownKey => "unknown API key in SenderCompID (49)",
                    NoSeat::AlreadyExists => "already exists",
                }
                .to_owned()
            })
    }

    fn request(&mut self, inbound: &Inbound) {
        let Some(seat) = &self.seat else { return };
        let effect = self.door.hub.message_fault(self.door.kind, inbound.msg_type());
        match effect {
            Some(Effect::Disconnect) => return self.handle.abort(),
            Some(Effect::Ignore) => return,
            Some(Effect::Refuse(_)) | None => {}
        }
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
            return Hub::deliver(&self.handle, &reject);
        }
        match (
            self.reader.read(&inbound.frame, seat.origin, &seat.options),
            effect,
        ) {
            (Ok(command), None) => seat.apply(command),
            (Ok(command), Some(Effect::Refuse(text))) => match command {
                Command::Unsubscribe(..) | Command::SubscribeStatus(..) | Command::UnsubscribeStatus(..) => {
                    Hub::deliver(&self.handle, &business(inbound, OTHER, &text));
                }
                command => seat.apply(Command::Refuse(Box::new(command), RejectReason::InternalError)),
            },
            (Ok(_), Some(_)) => {}
            (Err(refusal), _) => self.refuse(refusal),
        }
    }

    fn refuse(&self, refusal: Refusal) {
        match refusal {
            Refusal::Session(reject) => {
                if self.handle.reject(reject).is_err() {
                    self.handle.abort();
                }
            }
            Refusal::Business(business) => Hub::deliver(&self.handle, &business),
            Refusal::MarketData(reason) => Hub::deliver(&self.handle, &MarketDataRequestReject(reason)),
        }
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
