//! The ports of a gateway, and the tasks behind them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fix_dialect::Profile;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::StartError;
use super::connection::Door;
use super::hub::Hub;
use crate::environment::{Product, SessionKind};

/// What a port serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    product: u8,
    kind: u8,
    plaintext: bool,
}

impl Port {
    pub(super) const fn tls(product: Product, kind: SessionKind) -> Port {
        Port {
            product: product as u8,
            kind: kind as u8,
            plaintext: false,
        }
    }

    pub(super) const fn plaintext(product: Product, kind: SessionKind) -> Port {
        Port {
            plaintext: true,
            ..Port::tls(product, kind)
        }
    }
}

/// What all doors of a gateway have in common.
pub(super) struct Doors {
    pub(super) tls: TlsAcceptor,
    /// Those that were asked for.
    pub(super) ports: BTreeMap<Port, u16>,
    pub(super) plaintext: bool,
    pub(super) outbound: usize,
    pub(super) profile: Profile,
    pub(super) logon_timeout: Duration,
    /// For connections, over all doors.
    pub(super) room: Arc<Semaphore>,
}

impl Doors {
    /// Listens on every port, or on none.
    pub(super) async fn open(
        &self,
        hub: &Arc<Hub>,
        tasks: &mut JoinSet<()>,
        closes: &watch::Receiver<bool>,
    ) -> Result<BTreeMap<Port, SocketAddr>, StartError> {
        let mut addresses = BTreeMap::new();
        for product in [Product::Prediction, Product::Margin] {
            for kind in product.sessions().iter().copied() {
                let tls = (Port::tls(product, kind), Some(self.tls.clone()));
                let plaintext = self.plaintext.then(|| (Port::plaintext(product, kind), None));
                for (port, tls) in [Some(tls), plaintext].into_iter().flatten() {
                    let number = self.ports.get(&port).copied().unwrap_or(0);
                    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
                    let failed = |source| StartError::Listen { address, source };
                    let listener = TcpListener::bind(address).await.map_err(failed)?;
                    addresses.insert(port, listener.local_addr().map_err(failed)?);
                    let door = Door {
                        hub: Arc::clone(hub),
                        product,
                        kind,
                        tls,
                        outbound: self.outbound,
                        profile: self.profile,
                        logon_timeout: self.logon_timeout,
                    };
                    tasks.spawn(listen(listener, door, Arc::clone(&self.room), closes.clone()));
                }
            }
        }
        Ok(addresses)
    }
}

/// Accepts connections until the gateway is dropped, which ends them too, or closed, which logs them out.
async fn listen(listener: TcpListener, door: Door, room: Arc<Semaphore>, mut closes: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = closes.wait_for(|closes| *closes) => break,
        };
        match (accepted, Arc::clone(&room).try_acquire_owned()) {
            (Ok((stream, _)), Ok(place)) => {
                let serve = door.clone().serve(stream, closes.clone());
                connections.spawn(async move {
                    serve.await;
                    drop(place);
                });
            }
            (Ok((_, peer)), Err(_)) => tracing::warn!(%peer, "too many connections; this one is closed"),
            (Err(error), _) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Keeps something until the exchange closes.
pub(super) async fn keep<T: Send + Sync>(kept: Arc<T>, mut closes: watch::Receiver<bool>) {
    let _ = closes.wait_for(|closes| *closes).await;
    drop(kept);
}

/// Has happen what is due.
pub(super) async fn keep_time(hub: Arc<Hub>, mut closes: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = interval.tick() => hub.tick(),
            _ = closes.wait_for(|closes| *closes) => return,
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How late an order may expire.
const TICK: Duration = Duration::from_millis(200);
