//! A proxy on the loopback interface that does to connections what networks do: it cuts them at any byte, stalls, brings
//! bytes one at a time or late, lets one direction die, opens a connection twice, or after the next one.
//!
//! It stands between a client and a server and knows nothing of what they say to each other: under TLS it could not. What
//! goes wrong on which connection is a [`Plan`], and [`Planner`] draws plans from a seed. All its waiting is tokio's, so
//! that a test can let time pass.

mod plan;
mod way;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use plan::{Kind, Opening, Plan, Planner, Trouble, Way};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use way::{End, carry};

/// A running proxy. Dropping it closes all of its connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    tally: Arc<Tally>,
    _tasks: JoinSet<()>,
}

/// What a proxy has done so far.
#[derive(Debug, Default)]
pub struct Tally {
    accepted: AtomicU64,
    open: AtomicU64,
    calm: AtomicBool,
    kinds: [AtomicU64; Kind::ALL.len()],
    pace: Mutex<Pace>,
}

/// How fast connections came.
#[derive(Debug, Default)]
struct Pace {
    last: VecDeque<Instant>,
    densest: Option<Duration>,
}

impl Proxy {
    /// Listens on a port of the system's choice, and carries connections to a server; `plan` is asked for each of them
    /// until [`calm`](Proxy::calm) is called.
    pub async fn start(
        server: SocketAddr,
        mut plan: impl FnMut() -> Plan + Send + 'static,
    ) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let tally = Arc::new(Tally::default());
        let shared = Arc::clone(&tally);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let client = tokio::select! {
                    accepted = listener.accept() => accepted,
                    Some(_) = connections.join_next() => continue,
                };
                let Ok((client, _)) = client else { continue };
                shared.accept();
                let plan = if shared.calm.load(Ordering::Relaxed) {
                    Plan::default()
                } else {
                    plan()
                };
                let open = Open::new(&shared);
                connections.spawn(async move {
                    // An address that does not answer is a connection that does not come about.
                    let _ = connection(client, server, plan, Arc::clone(&open.0)).await;
                    drop(open);
                });
            }
        });
        Ok(Proxy {
            port,
            tally,
            _tasks: tasks,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From here on nothing goes wrong on new connections.
    pub fn calm(&self) {
        self.tally.calm.store(true, Ordering::Relaxed);
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.tally.accepted.load(Ordering::Relaxed)
    }

    /// The shortest time in which [`BURST`] connections came one after the other; `None` if there were fewer.
    #[must_use]
    pub fn densest(&self) -> Option<Duration> {
        self.tally.pace().densest
    }

    /// How many connections there are, on either side.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.tally.open.load(Ordering::Relaxed)
    }

    /// How often each kind of trouble struck.
    #[must_use]
    pub fn struck(&self) -> [(Kind, u64); Kind::ALL.len()] {
        Kind::ALL.map(|kind| (kind, self.tally.kinds[kind as usize].load(Ordering::Relaxed)))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections", self.accepted())?;
        for (kind, count) in self.struck() {
            if count > 0 {
                write!(f, ", {kind:?} {count}")?;
            }
        }
        Ok(())
    }
}

impl Tally {
    fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let mut pace = self.pace();
        pace.last.push_back(Instant::now());
        if pace.last.len() == BURST {
            let took = pace.last.pop_front().map(|first| first.elapsed());
            pace.densest = pace.densest.into_iter().chain(took).min();
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, kind: Kind) {
        self.kinds[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a connection for as long as it is there.
struct Open(Arc<Tally>);

impl Open {
    fn new(tally: &Arc<Tally>) -> Open {
        tally.open.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(tally))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection(client: TcpStream, server: SocketAddr, plan: Plan, tally: Arc<Tally>) -> io::Result<()> {
    let mut second = None;
    match plan.opening {
        Opening::AtOnce => {}
        Opening::Refused => {
            tally.count(Kind::Refused);
            return Ok(());
        }
        Opening::After(time) => {
            tally.count(Kind::Delayed);
            sleep(time).await;
        }
        Opening::Twice => {
            tally.count(Kind::Doubled);
            let (mut answers, bytes) = TcpStream::connect(server).await?.into_split();
            second = Some(bytes);
            tokio::spawn(async move {
                let mut nowhere = tokio::io::sink();
                let _ = tokio::io::copy(&mut answers, &mut nowhere).await;
            });
        }
    }
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(from_client, to_server, second, plan.up, Arc::clone(&tally));
    let down = carry(from_server, to_client, None, plan.down, tally);
    tokio::pin!(up, down);
    let (mut up_open, mut down_open) = (true, true);
    let mut kept = Vec::new();
    while up_open || down_open {
        let end = tokio::select! {
            end = &mut up, if up_open => { up_open = false; end }
            end = &mut down, if down_open => { down_open = false; end }
        };
        match end {
            // To drop both directions closes both connections.
            End::Cut => break,
            end => kept.push(end),
        }
    }
    Ok(())
}

/// So many connections in a row are looked at together.
pub const BURST: usize = 4;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    /// A server that sends back what it gets, and ends when its client does.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address
    }

    /// What comes back of a hundred bytes, by a client that then closes its side.
    async fn check(plan: Plan, expected: usize, struck: &[Kind]) {
        let mut plans = vec![plan.clone()];
        let proxy = Proxy::start(echo().await, move || plans.pop().unwrap_or_default())
            .await
            .unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
            .await
            .unwrap();
        let sent: Vec<u8> = (0..100).collect();
        // A connection that is closed at once may refuse them.
        let _ = stream.write_all(&sent).await;
        let _ = stream.shutdown().await;
        let mut back = Vec::new();
        let mut buffer = [0; 64];
        while let Ok(Ok(count @ 1..)) = timeout(Duration::from_millis(500), stream.read(&mut buffer)).await {
            back.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(back, sent[..expected], "{plan:?}");
        let found: Vec<Kind> = proxy
            .struck()
            .into_iter()
            .filter_map(|(kind, count)| (count > 0).then_some(kind))
            .collect();
        assert_eq!(found, struck, "{plan:?}");
        assert_eq!(proxy.accepted(), 1);
    }

    #[tokio::test]
    async fn each_kind_of_trouble_does_what_it_says() {
        let up = |place, trouble| Plan {
            up: Way {
                troubles: vec![(place, trouble)],
                ..Way::default()
            },
            ..Plan::default()
        };
        let down = |place, trouble| Plan {
            down: up(place, trouble).up,
            ..Plan::default()
        };
        let opening = |opening| Plan {
            opening,
            ..Plan::default()
        };
        let milli = Duration::from_millis(1);
        check(Plan::default(), 100, &[]).await;
        check(opening(Opening::Refused), 0, &[Kind::Refused]).await;
        check(opening(Opening::After(milli)), 100, &[Kind::Delayed]).await;
        check(opening(Opening::Twice), 100, &[Kind::Doubled]).await;
        check(down(40, Trouble::Cut), 40, &[Kind::Cut]).await;
        check(up(0, Trouble::Cut), 0, &[Kind::Cut]).await;
        check(up(40, Trouble::Stall(milli)), 100, &[Kind::Stall]).await;
        let mut both = up(40, Trouble::Stall(milli));
        both.up.troubles.push((40, Trouble::Cut));
        check(both, 40, &[Kind::Cut, Kind::Stall]).await;
        check(up(40, Trouble::Dead), 40, &[Kind::HalfOpen]).await;
        check(down(7, Trouble::Dead), 7, &[Kind::HalfOpen]).await;
        // The client has closed its side, so that what was held comes.
        check(up(40, Trouble::Late), 100, &[Kind::Late]).await;
        let slow = Plan {
            up: Way {
                latency: milli,
                drip: 10..20,
                troubles: Vec::new(),
            },
            ..Plan::default()
        };
        check(slow, 100, &[Kind::Latency, Kind::Drip]).await;
    }

    #[test]
    fn plans_follow_from_the_seed() {
        let plans = |seed| {
            let mut planner = Planner::new(seed, 10_000);
            std::array::from_fn::<Plan, 32, _>(|_| planner.next_plan())
        };
        assert_eq!(plans(1), plans(1));
        assert_ne!(plans(1), plans(2));
    }

    #[tokio::test]
    async fn the_calm_begins_with_the_next_connection() {
        let proxy = Proxy::start(echo().await, || Plan {
            opening: Opening::Refused,
            ..Plan::default()
        })
        .await
        .unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
            .await
            .unwrap();
        assert!(!matches!(stream.read(&mut [0; 1]).await, Ok(1..)));
        proxy.calm();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
            .await
            .unwrap();
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 1);
        assert_eq!(proxy.to_string(), "2 connections, Refused 1");
    }
}
