//! Connections: two pipes each, in which bytes are delayed, split, joined, cut off and swallowed.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::MILLI;
use super::Nanos;
use super::random::Random;

/// Bytes on their way in one direction.
#[derive(Debug)]
pub(super) struct Pipe {
    segments: VecDeque<Segment>,
    in_flight: usize,
    last_arrival: Nanos,
    /// When the reader sees the end of the stream.
    end: Option<Nanos>,
    /// The way is dead, and neither side knows.
    silent: bool,
    pub(super) quality: Quality,
    stalled_until: Nanos,
    /// The next frame that is written loses a byte's value.
    pub(super) corrupt: bool,
    pub(super) drop: Option<Target>,
}

/// How a pipe treats what is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quality {
    pub(super) latency: Nanos,
    pub(super) jitter: Nanos,
    /// The longest segment; `usize::MAX` splits nothing.
    pub(super) segment: usize,
    /// Everything that has arrived is read at once.
    pub(super) joined: bool,
}

/// Which frame is to vanish: a broken proxy, not TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ResendRequest,
    PossDup,
}

#[derive(Debug)]
struct Segment {
    at: Nanos,
    bytes: Bytes,
}

/// What a pipe gives its reader.
pub(super) enum Arrival {
    Bytes { segments: usize },
    End,
}

impl Pipe {
    pub(super) const fn new(quality: Quality) -> Self {
        Pipe {
            segments: VecDeque::new(),
            in_flight: 0,
            last_arrival: 0,
            end: None,
            silent: false,
            quality,
            stalled_until: 0,
            corrupt: false,
            drop: None,
        }
    }

    pub(super) const fn has_room(&self) -> bool {
        self.in_flight < WINDOW
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(super) fn write(&mut self, now: Nanos, mut bytes: Bytes, random: &mut Random) {
        if self.silent || self.end.is_some() {
            return;
        }
        if self.corrupt {
            self.corrupt = false;
            let mut changed = BytesMut::from(&bytes[..]);
            let at = random.below(changed.len() as u64) as usize;
            changed[at] ^= 1 << random.below(8);
            bytes = changed.freeze();
        }
        while !bytes.is_empty() {
            let length = match self.quality.segment {
                usize::MAX => bytes.len(),
                most => (random.between(1, most as u64) as usize).min(bytes.len()),
            };
            let jitter = if self.quality.jitter == 0 {
                0
            } else {
                random.below(self.quality.jitter)
            };
            let at = (now + self.quality.latency + jitter)
                .max(self.stalled_until)
                .max(self.last_arrival);
            self.last_arrival = at;
            self.in_flight += length;
            let bytes = bytes.split_to(length);
            self.segments.push_back(Segment { at, bytes });
        }
    }

    pub(super) fn next_arrival(&self) -> Option<Nanos> {
        self.segments.front().map_or(self.end, |segment| Some(segment.at))
    }

    /// What has arrived by now.
    pub(super) fn read(&mut self, now: Nanos, into: &mut BytesMut) -> Option<Arrival> {
        let mut segments = 0;
        while let Some(segment) = self.segments.pop_front_if(|segment| segment.at <= now) {
            self.in_flight -= segment.bytes.len();
            into.extend_from_slice(&segment.bytes);
            segments += 1;
            if !self.quality.joined {
                break;
            }
        }
        if segments > 0 {
            return Some(Arrival::Bytes { segments });
        }
        self.end.filter(|end| *end <= now && self.segments.is_empty())?;
        Some(Arrival::End)
    }

    /// Nothing arrives before then. It comes in order, and perhaps all at once.
    pub(super) fn stall(&mut self, until: Nanos) {
        self.stalled_until = self.stalled_until.max(until);
        for segment in &mut self.segments {
            segment.at = segment.at.max(until);
        }
        self.last_arrival = self.last_arrival.max(until);
        self.end = self.end.map(|end| end.max(until));
    }

    /// The writer is done: the end comes after what is under way.
    pub(super) fn close(&mut self, now: Nanos) {
        if !self.silent && self.end.is_none() {
            self.end = Some((now + self.quality.latency).max(self.last_arrival));
        }
    }

    /// Breaks at any byte of what is under way. The reader sees the end, or, half-open, nothing ever.
    pub(super) fn cut(&mut self, now: Nanos, half_open: bool, random: &mut Random) {
        let mut keep = random.below(self.in_flight as u64 + 1) as usize;
        self.in_flight = keep;
        self.segments.retain_mut(|segment| {
            let length = keep.min(segment.bytes.len());
            segment.bytes.truncate(length);
            keep -= length;
            length > 0
        });
        if half_open {
            self.silent = true;
            self.end = None;
        } else {
            let last = self.segments.back().map_or(now, |segment| segment.at);
            self.end = Some(last.max(now + random.below(50 * MILLI)));
        }
    }
}

/// What fits on the way before a writer has to wait.
const WINDOW: usize = 16 << 10;
