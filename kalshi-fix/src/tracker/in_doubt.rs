//! Requests whose answer may not come: put in doubt where it was lost, and taken out of it where it will come after all.

use std::ops::RangeInclusive;

use super::order::Sent;
use super::state::Doubt;
use super::{Tracker, TrackerEvent};

impl Tracker {
    /// The venue asked for these numbers of order entry again, and what was among them was held back
    /// ([`HeldBack`](crate::session::Event::HeldBack)). [`observe`](Tracker::observe) calls this.
    ///
    /// A new order among them is in doubt ([`Doubt::HeldBack`]), and not gone: the venue may have asked for more than it had
    /// missed. An amend or a cancel leaves its order as it was reported, and stays among its
    /// [requests](super::Order::pending_requests), in doubt. What the venue has acknowledged as pending is none of this.
    pub fn held_back(&mut self, numbers: &RangeInclusive<u64>, events: &mut Vec<TrackerEvent>) {
        let connection = self.feeds.connection;
        let is_meant = |sent: &Sent| {
            sent.connection == connection
                && numbers.contains(&sent.msg_seq_num)
                && !sent.acknowledged
                && sent.doubt != Some(Doubt::Unavailable)
        };
        for order in self.orders.values_mut() {
            let is_entered = order.latest.is_none() && !order.state.is_final();
            let entry = order.entry.as_mut().filter(|_| is_entered);
            let requests = order.requests.iter_mut().map(|request| &mut request.sent);
            let all = entry.map(|entry| &mut entry.sent).into_iter().chain(requests);
            for sent in all.filter(|sent| is_meant(sent)) {
                sent.doubt = Some(Doubt::HeldBack);
            }
        }
        self.settle_all(events);
    }

    /// Requests without an answer are in doubt. `is_lost` is whether it may have come already, and got lost here.
    pub(super) fn doubt_requests(&mut self, in_doubt: &RangeInclusive<u64>, is_lost: bool) {
        let connection = self.feeds.connection;
        for order in self.orders.values_mut() {
            let is_entered = order.latest.is_none() && !order.state.is_final();
            let entry = order.entry.as_mut().filter(|_| is_entered);
            let requests = order.requests.iter_mut().map(|request| &mut request.sent);
            for sent in entry.map(|entry| &mut entry.sent).into_iter().chain(requests) {
                if sent.connection != connection {
                    continue;
                }
                sent.may_be_lost |= is_lost;
                if sent.doubt.is_none() {
                    sent.doubt = Some(if in_doubt.contains(&sent.msg_seq_num) && !sent.acknowledged {
                        Doubt::Unconfirmed
                    } else {
                        Doubt::Unanswered
                    });
                }
            }
        }
    }

    /// The numbers of order entry go on: what the venue received, it answers.
    pub(super) fn answers_will_come(&mut self) {
        let connection = self.feeds.connection;
        for order in self.orders.values_mut() {
            let entry = order.entry.as_mut().map(|entry| &mut entry.sent);
            let requests = order.requests.iter_mut().map(|request| &mut request.sent);
            for sent in entry.into_iter().chain(requests) {
                let comes = sent.connection == connection && !sent.may_be_lost;
                if comes && sent.doubt == Some(Doubt::Unanswered) {
                    sent.doubt = None;
                }
            }
        }
    }
}
