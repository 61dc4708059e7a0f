//! What tokio itself costs: the floor's exchange by two tasks, each on a thread with a runtime of its own, as the sessions
//! are run. They know nothing of FIX either.
//!
//! What a session takes beyond this is its own; what this takes beyond the floor is the price of waiting for a socket by
//! way of a runtime.

use std::net::{Ipv4Addr, TcpListener as StandardListener};
use std::thread;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::driven::{accepted, run};
use super::floor::{READ, take};
use super::tls::Tls;
use super::traffic::Traffic;
use super::{BATCH, PING_PONG, PIPELINED, Sample, Security, Stopwatch, WARM_UP};

pub(crate) fn measure(security: Security, tls: &'static Tls, traffic: &'static Traffic) -> Sample {
    let listener = StandardListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let venue = thread::spawn(move || {
        run(async move {
            let stream = accepted(listener).await;
            match security {
                Security::Plain => answer(stream, traffic).await,
                Security::Tls => {
                    let acceptor = TlsAcceptor::from(tls.server.clone());
                    answer(acceptor.accept(stream).await.expect("a handshake"), traffic).await;
                }
            }
        });
    });
    let sample = run(async move {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        match security {
            Security::Plain => ask(stream, traffic).await,
            Security::Tls => {
                let connector = TlsConnector::from(tls.client.clone());
                let stream = connector.connect(Tls::name(), stream).await.expect("a handshake");
                ask(stream, traffic).await
            }
        }
    });
    venue.join().expect("a venue that did its part");
    sample
}

async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin, traffic: &Traffic) -> Sample {
    let mut client = Client {
        stream,
        traffic,
        buffer: vec![0; READ],
        sent: 0,
        received: 0,
        left: 0,
    };
    client.pipeline(WARM_UP).await;
    let watch = Stopwatch::start();
    client.pipeline(PIPELINED).await;
    let pipelined = watch.stop(PIPELINED);
    let mut round_trips = Vec::with_capacity(PING_PONG);
    for _ in 0..PING_PONG {
        let start = Instant::now();
        client.send(1).await;
        client.receive_to(client.sent).await;
        round_trips.push(start.elapsed());
    }
    Sample::new(pipelined, round_trips)
}

struct Client<'a, S> {
    stream: S,
    traffic: &'a Traffic,
    buffer: Vec<u8>,
    sent: usize,
    received: usize,
    /// Bytes that were read behind the last whole report.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<'_, S> {
    async fn pipeline(&mut self, count: usize) {
        let end = self.sent + count;
        self.send(BATCH).await;
        while self.sent < end {
            self.send(BATCH).await;
            self.receive_to(self.sent - BATCH).await;
        }
        self.receive_to(end).await;
    }

    async fn send(&mut self, count: usize) {
        let run = self.traffic.orders.run(self.sent, count);
        self.stream.write_all(run).await.expect("a peer");
        self.stream.flush().await.expect("a peer");
        self.sent += count;
    }

    async fn receive_to(&mut self, end: usize) {
        while self.received < end {
            let count = self.stream.read(&mut self.buffer).await.expect("a peer");
            assert!(count > 0, "the peer has gone");
            self.left += count;
            self.received += take(&self.traffic.reports, self.received, &mut self.left);
        }
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, traffic: &Traffic) {
    let mut buffer = vec![0; READ];
    let (mut answered, mut left) = (0, 0);
    loop {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => left += count,
            // The client is done. Over TLS it goes without a word.
            _ => return,
        }
        let orders = take(&traffic.orders, answered, &mut left);
        let reports = traffic.reports.run(answered, orders);
        stream.write_all(reports).await.expect("a peer");
        stream.flush().await.expect("a peer");
        answered += orders;
    }
}
