//! What is to go wrong on one connection, drawn from a seed.

use std::ops::Range;
use std::time::Duration;

use crate::simulation::random::Random;

/// What is to go wrong on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How the connection comes about.
    pub opening: Opening,
    /// From the client to the server.
    pub up: Way,
    /// From the server to the client.
    pub down: Way,
}

/// How a connection comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// At once.
    #[default]
    AtOnce,
    /// It is closed without a word.
    Refused,
    /// The server sees it only after this long: a later one may be there before it.
    After(Duration),
    /// The server sees it twice: a second connection brings it the same bytes, and what it says to that is thrown away.
    Twice,
}

/// What is to go wrong in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// How long each piece is under way.
    pub latency: Duration,
    /// These bytes come one at a time.
    pub drip: Range<u64>,
    /// What happens when so many bytes have passed, in the order of the bytes.
    pub troubles: Vec<(u64, Trouble)>,
}

/// What happens at a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection breaks, in both directions.
    Cut,
    /// Nothing passes for this long.
    Stall(Duration),
    /// Nothing passes any more this way, the end neither: the connection is half open.
    Dead,
    /// Nothing passes until the sender has closed the connection, and then all of it does.
    Late,
}

/// What went wrong, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// [`Opening::Refused`]
    Refused,
    /// [`Opening::After`]
    Delayed,
    /// [`Opening::Twice`]
    Doubled,
    /// [`Way::latency`]
    Latency,
    /// [`Way::drip`]
    Drip,
    /// [`Trouble::Cut`]
    Cut,
    /// [`Trouble::Stall`]
    Stall,
    /// [`Trouble::Dead`]
    HalfOpen,
    /// [`Trouble::Late`]
    Late,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 9] = [
        Kind::Refused,
        Kind::Delayed,
        Kind::Doubled,
        Kind::Latency,
        Kind::Drip,
        Kind::Cut,
        Kind::Stall,
        Kind::HalfOpen,
        Kind::Late,
    ];
}

/// Draws the plans of one connection after the other.
#[derive(Debug)]
pub struct Planner {
    random: Random,
    reach: u64,
}

impl Planner {
    /// Plans whose trouble comes within the first `reach` bytes of a direction: everything follows from the seed.
    #[must_use]
    pub const fn new(seed: u64, reach: u64) -> Planner {
        Planner {
            random: Random::new(seed),
            reach,
        }
    }

    /// The plan of the next connection, which does not last.
    pub fn next_plan(&mut self) -> Plan {
        let mut plan = Plan::default();
        match self.random.below(12) {
            0 => plan.opening = Opening::Refused,
            1 => plan.opening = Opening::After(self.millis(1, 3_000)),
            2 => plan.opening = Opening::Twice,
            _ => {}
        }
        if self.random.percent(25) {
            plan.up.latency = self.millis(1, 40);
        }
        if self.random.percent(25) {
            plan.down.latency = self.millis(1, 40);
        }
        if self.random.percent(20) {
            let from = self.place();
            plan.up.drip = from..from + self.random.between(1, 2_000);
        }
        if self.random.percent(20) {
            let from = self.place();
            plan.down.drip = from..from + self.random.between(1, 2_000);
        }
        let place = self.place();
        let troubles = match self.random.below(10) {
            0..4 => vec![(place, Trouble::Cut)],
            4..6 => {
                let stall = (place, Trouble::Stall(self.millis(10, 20_000)));
                vec![stall, (place + self.place(), Trouble::Cut)]
            }
            6..8 => vec![(place, Trouble::Dead)],
            _ => vec![(place, Trouble::Late)],
        };
        let way = if self.random.percent(50) {
            &mut plan.up
        } else {
            &mut plan.down
        };
        way.troubles = troubles;
        plan
    }

    /// A third of all trouble is within the handshake and the logon.
    fn place(&mut self) -> u64 {
        if self.random.percent(33) {
            self.random.below(3_000.min(self.reach))
        } else {
            self.random.below(self.reach)
        }
    }

    const fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.random.skewed(least, most))
    }
}
