//! A venue for the client to talk to: TLS in front of drivers in the acceptor's role.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use fix_dialect::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::client::{ClientBuilder, KalshiProduct};
use crate::credentials::{Credentials, PrivateKey, PublicKey};
use crate::driver::{Builder, Event, Events, Handle, SessionStore};
use crate::environment::{Product, SessionKind};
use crate::session::{self, Acceptance, Identity, LogonRequest, Refusal, Role, SessionSettings};
use crate::store::Store as _;
use crate::transport::testing::{Authority, BOTH};

use super::retransmission::Kept;

/// One client's connection, logged on.
pub(super) struct Connection {
    pub(super) handle: Handle,
    pub(super) events: Events,
    pub(super) request: LogonRequest,
}

impl Connection {
    /// The next application message, with `|` for SOH.
    pub(super) async fn next_message(&mut self) -> String {
        loop {
            match self.events.recv().await.expect("a message, before the end") {
                Event::Session(session::Event::Application(inbound)) => {
                    return String::from_utf8_lossy(&inbound.frame).replace('\x01', "|");
                }
                Event::Ended(end) => panic!("ended before a message: {end}"),
                _ => {}
            }
        }
    }

    pub(super) async fn end(&mut self) -> String {
        loop {
            if let Event::Ended(end) = self.events.recv().await.expect("the end") {
                return end.to_string();
            }
        }
    }
}

/// A venue that listens on a loopback port, for one registered key.
pub(super) struct Venue {
    pub(super) authority: Authority,
    pub(super) port: u16,
    pub(super) connections: mpsc::Receiver<Connection>,
    /// What presents the certificate to those who connect.
    acceptor: Arc<Mutex<TlsAcceptor>>,
}

impl Venue {
    pub(super) async fn start(product: Product, refuse: Option<&'static str>) -> Venue {
        Venue::start_with(product, refuse, None).await
    }

    /// A venue whose sessions are kept in this store, one after the other, and send again whatever is asked for.
    pub(super) async fn start_keeping(product: Product, kept: Kept) -> Venue {
        Venue::start_with(product, None, Some(kept)).await
    }

    async fn start_with(product: Product, refuse: Option<&'static str>, kept: Option<Kept>) -> Venue {
        let authority = Authority::new(&["127.0.0.1"]);
        let acceptor = Arc::new(Mutex::new(authority.acceptor(BOTH)));
        let presents = Arc::clone(&acceptor);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, connections) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let presents = presents.lock().unwrap().clone();
                let Ok(tls) = presents.accept(tcp).await else {
                    continue;
                };
                let identity = Identity::acceptor("Kalshi");
                let settings = match product {
                    Product::Prediction => SessionSettings::kalshi_prediction(identity),
                    Product::Margin => SessionSettings::kalshi_margin(identity),
                };
                let builder = match &kept {
                    None => Builder::new(settings, Role::Acceptor),
                    Some(kept) => Builder::new(settings.retransmitting(), Role::Acceptor)
                        .store(SessionStore::inline(kept.clone())),
                };
                let (handle, mut events) = builder.spawn(tls).unwrap();
                let Some(Event::Session(session::Event::LogonRequest(request))) = events.recv().await else {
                    continue;
                };
                match judge(&request, refuse) {
                    Ok(()) => {
                        let mut acceptance = Acceptance::default();
                        if let Some(kept) = &kept {
                            acceptance.sequences = kept.state().sequences;
                        }
                        handle.accept_logon(acceptance).unwrap();
                    }
                    Err(text) => {
                        handle.refuse_logon(Refusal::Logout(text)).unwrap();
                        while events.recv().await.is_some() {}
                        continue;
                    }
                }
                let _ = sender
                    .send(Connection {
                        handle,
                        events,
                        request,
                    })
                    .await;
            }
        });
        Venue {
            authority,
            port,
            connections,
            acceptor,
        }
    }

    /// From the next connection on, the venue has this certificate.
    pub(super) fn present(&self, authority: &Authority) {
        *self.acceptor.lock().unwrap() = authority.acceptor(BOTH);
    }

    /// A client's builder that reaches this venue, with the registered key.
    pub(super) fn client<D: KalshiProduct>(&self) -> ClientBuilder<D> {
        self.client_with_key(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem"))
    }

    pub(super) fn client_with_key<D: KalshiProduct>(&self, key: &str) -> ClientBuilder<D> {
        let key = PrivateKey::from_pem(key).unwrap();
        crate::client::Client::<D>::builder(crate::environment::Environment::Loopback)
            .credentials(Credentials::new("key-id", key).unwrap())
            .tls(self.authority.trust())
            .endpoints(|endpoints| {
                D::PRODUCT
                    .sessions()
                    .iter()
                    .fold(endpoints, |endpoints, kind| endpoints.port(*kind, self.port))
            })
    }

    pub(super) async fn connection(&mut self) -> Connection {
        self.connections.recv().await.expect("a connection")
    }
}

fn judge(request: &LogonRequest, refuse: Option<&str>) -> Result<(), String> {
    if let Some(text) = refuse {
        return Err(text.to_owned());
    }
    let known = SessionKind::ALL
        .iter()
        .any(|kind| kind.profile().target_comp_id == request.target_comp_id);
    if request.sender_comp_id != "key-id" || !known {
        return Err("unknown CompID".to_owned());
    }
    let age = Timestamp::from(std::time::SystemTime::now()).unix_nanos() - request.sending_time.unix_nanos();
    if age.abs() > 30_000_000_000 {
        return Err("SendingTime accuracy problem".to_owned());
    }
    let key = PublicKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-public.pem")).unwrap();
    let raw_data = request.raw_data.as_deref().unwrap_or_default();
    key.verify_signed_text(&request.pre_hash, raw_data)
        .map_err(|error| format!("invalid signature: {error}"))
}
