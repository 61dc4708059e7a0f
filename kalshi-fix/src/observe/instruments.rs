//! The handles of a session's metrics: registered once, when the session is started.

use crate::driver::Event;

#[cfg(feature = "metrics")]
pub(crate) use counting::Instruments;
#[cfg(not(feature = "metrics"))]
pub(crate) use nothing::Instruments;

/// What is counted of events, for both kinds of instruments.
impl Instruments {
    /// This happened on the session.
    pub(crate) fn event(&self, event: &Event) {
        if Instruments::ENABLED {
            self.count(event);
        }
    }
}

/// How much waits where, for the gauges.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody looks"))]
pub(crate) struct Depths {
    pub(crate) waiting_events: usize,
    pub(crate) waiting_bytes: usize,
    pub(crate) pending_bytes: usize,
    pub(crate) store_operations: usize,
    pub(crate) clock_offset_millis: Option<i64>,
}

#[cfg(not(feature = "metrics"))]
mod nothing {
    use std::time::Duration;

    use super::{Depths, Event};
    use crate::observe::Labels;
    use crate::session::Role;

    /// Counts nothing.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Instruments;

    #[expect(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "the same as with the feature, and nothing of it"
    )]
    impl Instruments {
        pub(crate) const ENABLED: bool = false;

        pub(crate) const fn new(_: &Labels, _: &Role) -> Instruments {
            Instruments
        }

        pub(crate) const fn received(&mut self, _: &[u8], _: usize) {}

        pub(crate) const fn sent(&mut self, _: &[u8], _: usize) {}

        pub(crate) const fn garbled(&self, _: usize) {}

        pub(crate) const fn dropped(&self, _: u64) {}

        pub(crate) const fn established(&self, _: bool) {}

        pub(crate) const fn stored(&self, _: Duration) {}

        pub(crate) const fn depths(&self, _: Depths) {}

        pub(super) const fn count(&self, _: &Event) {}

        pub(crate) const fn log_dropped(_: u64) {}
    }
}

#[cfg(feature = "metrics")]
mod counting {
    use std::fmt;
    use std::sync::Arc;
    use std::time::Duration;

    use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram};

    use super::{Depths, Event};
    use crate::observe::Labels;
    use crate::observe::labels::role_name;
    use crate::observe::metrics as names;
    use crate::session::{self, Role};

    /// Clones share their handles, but for those of message types, which each has of its own.
    #[derive(Clone)]
    pub(crate) struct Instruments {
        shared: Arc<Shared>,
        incoming: Types,
        outgoing: Types,
    }

    struct Shared {
        labels: Vec<Label>,
        garbled_bytes: Counter,
        gaps: Counter,
        resend_requests: [Counter; 2],
        resent: Counter,
        rejects_in: Counter,
        rejects_out: [Counter; 2],
        logons: Counter,
        dropped: Counter,
        established: Gauge,
        waiting_events: Gauge,
        waiting_bytes: Gauge,
        pending_bytes: Gauge,
        store_operations: Gauge,
        store_seconds: Histogram,
        round_trip_seconds: Histogram,
        clock_offset_seconds: Gauge,
    }

    /// The counters of one direction.
    #[derive(Clone)]
    struct Types {
        labels: Vec<Label>,
        bytes: Counter,
        /// In the order in which they were first seen; a session has few types.
        messages: Vec<(Box<[u8]>, Counter)>,
        other: Counter,
    }

    impl Instruments {
        pub(crate) const ENABLED: bool = true;

        pub(crate) fn new(labels: &Labels, role: &Role) -> Instruments {
            let labels = vec![
                Label::from_static_parts("product", labels.product),
                Label::from_static_parts("kind", labels.kind),
                Label::from_static_parts("role", role_name(role)),
            ];
            let with = |extra: &[(&'static str, &'static str)]| {
                let mut labels = labels.clone();
                labels.extend(
                    extra
                        .iter()
                        .map(|(name, value)| Label::from_static_parts(name, value)),
                );
                labels
            };
            let counted = |name, extra: &[(&'static str, &'static str)]| counter!(name, with(extra));
            let gauged = |name| gauge!(name, with(&[]));
            let shared = Shared {
                garbled_bytes: counted(names::GARBLED_BYTES, &[]),
                gaps: counted(names::SEQUENCE_GAPS, &[]),
                resend_requests: ["in", "out"]
                    .map(|way| counted(names::RESEND_REQUESTS, &[("direction", way)])),
                resent: counted(names::RESENT_MESSAGES, &[]),
                rejects_in: counted(names::REJECTS, &[("direction", "in"), ("level", "session")]),
                rejects_out: ["session", "business"]
                    .map(|level| counted(names::REJECTS, &[("direction", "out"), ("level", level)])),
                logons: counted(names::LOGONS, &[]),
                dropped: counted(names::DROPPED_MESSAGES, &[]),
                established: gauged(names::ESTABLISHED),
                waiting_events: gauged(names::WAITING_EVENTS),
                waiting_bytes: gauged(names::WAITING_BYTES),
                pending_bytes: gauged(names::PENDING_BYTES),
                store_operations: gauged(names::STORE_OPERATIONS),
                store_seconds: histogram!(names::STORE_SECONDS, with(&[])),
                round_trip_seconds: histogram!(names::ROUND_TRIP_SECONDS, with(&[])),
                clock_offset_seconds: gauged(names::CLOCK_OFFSET_SECONDS),
                labels: labels.clone(),
            };
            Instruments {
                shared: Arc::new(shared),
                incoming: Types::new(with(&[("direction", "in")])),
                outgoing: Types::new(with(&[("direction", "out")])),
            }
        }

        pub(crate) fn received(&mut self, msg_type: &[u8], length: usize) {
            self.incoming.count(msg_type, length);
        }

        pub(crate) fn sent(&mut self, msg_type: &[u8], length: usize) {
            self.outgoing.count(msg_type, length);
        }

        pub(crate) fn garbled(&self, length: usize) {
            self.shared.garbled_bytes.increment(length as u64);
        }

        pub(crate) fn dropped(&self, messages: u64) {
            self.shared.dropped.increment(messages);
        }

        pub(crate) fn established(&self, established: bool) {
            self.shared.established.set(f64::from(u8::from(established)));
        }

        /// How long the store took for a batch.
        pub(crate) fn stored(&self, took: Duration) {
            self.shared.store_seconds.record(took.as_secs_f64());
        }

        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and what waits is far below 2^52 bytes"
        )]
        pub(crate) fn depths(&self, depths: Depths) {
            let shared = &self.shared;
            shared.waiting_events.set(depths.waiting_events as f64);
            shared.waiting_bytes.set(depths.waiting_bytes as f64);
            shared.pending_bytes.set(depths.pending_bytes as f64);
            shared.store_operations.set(depths.store_operations as f64);
            if let Some(millis) = depths.clock_offset_millis {
                shared.clock_offset_seconds.set(millis as f64 / 1000.0);
            }
        }

        pub(super) fn count(&self, event: &Event) {
            let shared = &self.shared;
            let by_class = |name, class: crate::reconnect::FailureClass| {
                let mut labels = shared.labels.clone();
                labels.push(Label::new("class", class.to_string()));
                // Rare, so that its handle is looked up each time.
                counter!(name, labels).increment(1);
            };
            match event {
                Event::Session(session::Event::Established(_)) | Event::Reconnected(_) => {
                    shared.logons.increment(1);
                }
                Event::Session(event) => shared.count(event),
                Event::Disconnected(event) => by_class(names::DISCONNECTIONS, event.class),
                Event::AttemptFailed(event) => by_class(names::ATTEMPTS_FAILED, event.class),
                _ => {}
            }
        }

        /// Lines that a message log has dropped.
        pub(crate) fn log_dropped(lines: u64) {
            counter!(names::LOG_DROPPED).increment(lines);
        }
    }

    impl Shared {
        fn count(&self, event: &session::Event) {
            let [asked_by_them, asked_by_us] = &self.resend_requests;
            let [session, business] = &self.rejects_out;
            match event {
                session::Event::ResendAsked { attempt, .. } => {
                    asked_by_us.increment(u64::from(*attempt > 0));
                    self.gaps.increment(u64::from(*attempt <= 1));
                }
                session::Event::ResendRequested { .. } => asked_by_them.increment(1),
                session::Event::ResendServed { replayed, .. } => self.resent.increment(*replayed),
                session::Event::RejectReceived(_) => self.rejects_in.increment(1),
                session::Event::RejectSent(_) => session.increment(1),
                session::Event::BusinessRejectSent(_) => business.increment(1),
                session::Event::TestRequestAnswered { round_trip, .. } => {
                    self.round_trip_seconds.record(round_trip.as_secs_f64());
                }
                _ => {}
            }
        }
    }

    impl Types {
        fn new(labels: Vec<Label>) -> Types {
            let mut other = labels.clone();
            other.push(Label::from_static_parts("msg_type", "other"));
            Types {
                bytes: counter!(names::BYTES, labels.clone()),
                other: counter!(names::MESSAGES, other),
                messages: Vec::new(),
                labels,
            }
        }

        fn count(&mut self, msg_type: &[u8], length: usize) {
            self.bytes.increment(length as u64);
            if let Some((_, counter)) = self.messages.iter().find(|(known, _)| **known == *msg_type) {
                counter.increment(1);
                return;
            }
            let name = std::str::from_utf8(msg_type).ok();
            let Some(name) =
                name.filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
            else {
                return self.other.increment(1);
            };
            if self.messages.len() == MAX_TYPES || name.len() > LONGEST_TYPE {
                return self.other.increment(1);
            }
            let mut labels = self.labels.clone();
            labels.push(Label::new("msg_type", name.to_owned()));
            let counter = counter!(names::MESSAGES, labels);
            counter.increment(1);
            self.messages.push((msg_type.into(), counter));
        }
    }

    impl fmt::Debug for Instruments {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Instruments").finish_non_exhaustive()
        }
    }

    /// A peer can send as many types as it likes; so many of them are told apart.
    const MAX_TYPES: usize = 64;
    /// No dictionary has a longer one.
    const LONGEST_TYPE: usize = 8;
}
