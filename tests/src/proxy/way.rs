//! One direction of a connection.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Tally;
use super::plan::{Kind, Trouble, Way};

/// How a direction came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// The sender closed it, and the receiver was told.
    Closed,
    /// The plan breaks the connection.
    Cut,
    /// The sender closed it, and the receiver does not hear of it as long as this is kept.
    Silent(#[expect(dead_code, reason = "it is kept, not used")] OwnedWriteHalf),
}

/// Carries one direction to its end. What the server is sent goes to the second connection as well, if there is one.
pub(super) async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut second: Option<OwnedWriteHalf>,
    way: Way,
    tally: Arc<Tally>,
) -> End {
    let mut buffer = vec![0; PIECE];
    let mut passed = 0_u64;
    let mut troubles = way.troubles.iter().copied().peekable();
    if !way.latency.is_zero() {
        tally.count(Kind::Latency);
    }
    let mut dripping = false;
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            let _ = to.shutdown().await;
            return End::Closed;
        };
        if !way.latency.is_zero() {
            sleep(way.latency).await;
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            if let Some((_, what)) = troubles.next_if(|(place, _)| *place <= passed) {
                match what {
                    Trouble::Cut => {
                        tally.count(Kind::Cut);
                        return End::Cut;
                    }
                    Trouble::Stall(time) => {
                        tally.count(Kind::Stall);
                        sleep(time).await;
                        continue;
                    }
                    Trouble::Dead => {
                        tally.count(Kind::HalfOpen);
                        swallow(&mut from).await;
                        return End::Silent(to);
                    }
                    Trouble::Late => {
                        tally.count(Kind::Late);
                        let late = hold(&mut from, rest.to_vec()).await;
                        let _ = to.write_all(&late).await;
                        let _ = to.shutdown().await;
                        return End::Closed;
                    }
                }
            }
            let drips = way.drip.contains(&passed);
            if drips && !dripping {
                tally.count(Kind::Drip);
            }
            dripping = drips;
            let piece = piece(&way, passed, troubles.peek().map(|(place, _)| *place), rest.len());
            let (now, later) = rest.split_at(piece);
            // A receiver that is gone takes nothing; that is no reason not to hear the sender out.
            let _ = to.write_all(now).await;
            if let Some(other) = &mut second
                && other.write_all(now).await.is_err()
            {
                second = None;
            }
            if drips {
                // With Nagle's algorithm off, each byte is a segment; the receiver gets the chance to read it alone.
                yield_now().await;
            }
            passed += piece as u64;
            rest = later;
        }
    }
}

/// How many of these bytes go at once: not beyond where something happens.
fn piece(way: &Way, passed: u64, trouble: Option<u64>, length: usize) -> usize {
    if way.drip.contains(&passed) {
        return 1;
    }
    let next = [Some(way.drip.start), trouble]
        .into_iter()
        .flatten()
        .filter(|place| *place > passed)
        .min();
    next.map_or(length, |place| {
        usize::try_from(place - passed).map_or(length, |room| room.min(length))
    })
}

async fn swallow(from: &mut OwnedReadHalf) {
    let mut buffer = vec![0; PIECE];
    while let Ok(1..) = from.read(&mut buffer).await {}
}

/// Everything to the sender's end, as far as it is kept.
async fn hold(from: &mut OwnedReadHalf, mut held: Vec<u8>) -> Vec<u8> {
    let mut buffer = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if held.len() < MOST_HELD {
            held.extend_from_slice(&buffer[..count]);
        }
    }
    held
}

const PIECE: usize = 16 << 10;
const MOST_HELD: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_where_something_happens() {
        #[track_caller]
        fn check(drip: std::ops::Range<u64>, trouble: Option<u64>, passed: u64, expected: usize) {
            let way = Way {
                drip,
                ..Way::default()
            };
            assert_eq!(piece(&way, passed, trouble, 100), expected);
        }
        check(0..0, None, 0, 100);
        check(0..0, Some(7), 0, 7);
        check(0..0, Some(7), 7, 100);
        check(20..30, None, 0, 20);
        check(20..30, Some(10), 0, 10);
        check(20..30, Some(10), 20, 1);
        check(20..30, None, 30, 100);
        check(0..0, Some(5_000), 0, 100);
    }
}
