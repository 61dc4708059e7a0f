//! What sessions take that do nothing but stay.
//!
//! Both ends are in this process, over sockets: each client is logged on at a venue of its own. What the operating
//! system keeps for the sockets is not counted.

use std::net::Ipv4Addr;

use kalshi_fix::driver::{Event, Events, Handle};
use kalshi_fix::session::{self, Acceptance};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::driven::Keep;
use super::tls::Tls;
use super::{Security, driven, usage};

const SESSIONS: usize = 1000;

/// Holds them all at once, and prints what an end takes. To be run in a process that has done nothing else, whose
/// memory is not strewn with what others have freed.
pub(crate) fn print(security: Security) {
    driven::runtime().block_on(async {
        let tls = Tls::generate();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        // The first one brings what they share.
        let first = pair(security, &tls, &listener).await;
        let before = usage::resident();
        let mut ends = Vec::with_capacity(2 * SESSIONS);
        for _ in 0..SESSIONS {
            ends.extend(pair(security, &tls, &listener).await);
        }
        let all = ends.iter().chain(&first);
        assert!(all.into_iter().all(|(handle, _)| handle.state().is_established()));
        let taken = usage::resident()
            .zip(before)
            .map(|(after, before)| after - before);
        let taken = taken.map_or("of unknown size".to_owned(), |bytes| {
            let (end, all) = (
                bytes as f64 / 1024.0 / ends.len() as f64,
                bytes as f64 / 1024.0 / 1024.0,
            );
            format!("{end:.1} KiB an end, {all:.1} MiB in all")
        });
        println!("{SESSIONS} idle sessions and their peers, {security:?}: {taken}");
    });
}

type End = (Handle, Events);

async fn pair(security: Security, tls: &Tls, listener: &TcpListener) -> [End; 2] {
    let address = listener.local_addr().expect("an address");
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (far, _)) = (near.expect("a connection"), far.expect("a connection"));
    match security {
        Security::Plain => logged_on(near, far).await,
        Security::Tls => {
            let connector = TlsConnector::from(tls.client.clone());
            let acceptor = TlsAcceptor::from(tls.server.clone());
            let (near, far) = tokio::join!(connector.connect(Tls::name(), near), acceptor.accept(far));
            logged_on(near.expect("a handshake"), far.expect("a handshake")).await
        }
    }
}

async fn logged_on<N, F>(near: N, far: F) -> [End; 2]
where
    N: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut ends = [
        driven::client(Keep::Nothing, near),
        driven::venue(Keep::Nothing, far),
    ];
    let [_, (handle, events)] = &mut ends;
    while !matches!(
        events.recv().await.expect("a session"),
        Event::Session(session::Event::LogonRequest(_))
    ) {}
    handle.accept_logon(Acceptance::default()).expect("a logon");
    for (handle, events) in &mut ends {
        assert!(handle.ready().await, "the logon is accepted");
        while !matches!(
            events.recv().await.expect("a session"),
            Event::Session(session::Event::Established(_))
        ) {}
    }
    ends
}
