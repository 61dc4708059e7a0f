//! The floor: two threads and a blocking socket that exchange the bytes of the traffic, and know nothing of FIX.
//!
//! The client sends its orders in the same batches as the driven one, and counts bytes. The other side answers
//! whatever whole orders it has read at once with as many reports, in one write.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::tls::Tls;
use super::traffic::Traffic;
use super::{BATCH, PING_PONG, PIPELINED, Sample, Security, Stopwatch, WARM_UP};

pub(crate) fn measure(security: Security, tls: &Tls, traffic: &Traffic) -> Sample {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::scope(|scope| {
        scope.spawn(|| {
            let (stream, _) = listener.accept().expect("a connection");
            stream.set_nodelay(true).expect("an option");
            match security {
                Security::Plain => answer(stream, traffic),
                Security::Tls => {
                    let session = ServerConnection::new(tls.server.clone()).expect("a session");
                    answer(StreamOwned::new(session, stream), traffic);
                }
            }
        });
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        match security {
            Security::Plain => ask(stream, traffic),
            Security::Tls => {
                let session = ClientConnection::new(tls.client.clone(), Tls::name()).expect("a session");
                ask(StreamOwned::new(session, stream), traffic)
            }
        }
    })
}

fn ask(stream: impl Read + Write, traffic: &Traffic) -> Sample {
    let mut client = Client {
        stream,
        traffic,
        buffer: vec![0; READ],
        sent: 0,
        received: 0,
        left: 0,
    };
    client.pipeline(WARM_UP);
    let watch = Stopwatch::start();
    client.pipeline(PIPELINED);
    let pipelined = watch.stop(PIPELINED);
    let round_trips = (0..PING_PONG).map(|_| {
        let start = Instant::now();
        client.send(1);
        client.receive_to(client.sent);
        start.elapsed()
    });
    let round_trips = round_trips.collect();
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

impl<S: Read + Write> Client<'_, S> {
    fn pipeline(&mut self, count: usize) {
        let end = self.sent + count;
        self.send(BATCH);
        while self.sent < end {
            self.send(BATCH);
            self.receive_to(self.sent - BATCH);
        }
        self.receive_to(end);
    }

    fn send(&mut self, count: usize) {
        let run = self.traffic.orders.run(self.sent, count);
        self.stream.write_all(run).expect("a peer");
        self.sent += count;
    }

    fn receive_to(&mut self, end: usize) {
        while self.received < end {
            self.left += read(&mut self.stream, &mut self.buffer);
            self.received += take(&self.traffic.reports, self.received, &mut self.left);
        }
    }
}

fn answer(mut stream: impl Read + Write, traffic: &Traffic) {
    let mut buffer = vec![0; READ];
    let (mut answered, mut left) = (0, 0);
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => left += count,
            // The client is done. Over TLS it goes without a word.
            _ => return,
        }
        let orders = take(&traffic.orders, answered, &mut left);
        stream
            .write_all(traffic.reports.run(answered, orders))
            .expect("a peer");
        answered += orders;
    }
}

fn read(stream: &mut impl Read, buffer: &mut [u8]) -> usize {
    let count = stream.read(buffer).expect("a peer");
    assert!(count > 0, "the peer has gone");
    count
}

/// How many whole frames, from this place on, are in `left`, which keeps the rest.
pub(crate) fn take(script: &super::traffic::Script, place: usize, left: &mut usize) -> usize {
    let count = script.whole(place, *left);
    *left -= script.run(place, count).len();
    count
}

/// As the driver reads.
pub(crate) const READ: usize = 64 << 10;
