//! How far inbound messages are known to have reached the application.

use super::{Acknowledgement, Event, Journal, SequenceNumber, Session};

/// Two numbers suffice, whatever waits: acknowledgements are cumulative.
#[derive(Default)]
pub(super) struct Delivery {
    /// The application has everything up to this number.
    acknowledged: SequenceNumber,
    /// The last application message that was made an event.
    last: SequenceNumber,
    /// What the store was told last.
    told: SequenceNumber,
}

impl Delivery {
    /// An application message becomes an event.
    pub(super) fn arrived(&mut self, sequence: SequenceNumber) {
        if self.last <= self.acknowledged {
            self.acknowledged = sequence - 1;
        }
        self.last = sequence;
    }

    /// What the next connection has to expect so that nothing is lost: the first message that the application
    /// may not have, and else the next one.
    const fn durable(&self, next: SequenceNumber) -> SequenceNumber {
        if self.last > self.acknowledged {
            self.acknowledged + 1
        } else {
            next
        }
    }
}

impl Session {
    /// The application has all messages up to this number.
    pub(super) fn acknowledged(&mut self, through: SequenceNumber) {
        let through = through.min(self.delivery.last);
        if through > self.delivery.acknowledged {
            self.delivery.acknowledged = through;
            self.tell_incoming();
        }
    }

    /// Tells the store the number of the next inbound message, as far as the application is.
    pub(super) fn tell_incoming(&mut self) {
        let next = self.delivery.durable(self.sequences.next_incoming);
        if next != self.delivery.told {
            self.delivery.told = next;
            self.outbox.next_incoming(next);
        }
    }

    /// An event leaves: whoever took it has it.
    pub(super) fn delivered(&mut self, event: &Event) {
        if self.settings.acknowledgement == Acknowledgement::OnDelivery
            && self.settings.journal != Journal::None
            && let Event::Application(inbound) = event
        {
            self.acknowledged(inbound.msg_seq_num);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_acknowledged_is_expected_again() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.durable(2), 2);
        delivery.arrived(5);
        assert_eq!(delivery.durable(6), 5);
        delivery.arrived(6);
        delivery.arrived(9);
        assert_eq!(delivery.durable(12), 5);
        delivery.acknowledged = 6;
        assert_eq!(delivery.durable(12), 7);
        delivery.acknowledged = 9;
        assert_eq!(delivery.durable(12), 12);
        // The numbers between were session messages, which nobody acknowledges.
        delivery.arrived(12);
        assert_eq!(delivery.durable(13), 12);
    }
}
