//! A maker and a venue that answers in order: what the maker believes is what the venue knows.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Quote,
    /// Of the quotes that the maker knows, the one at this place, if there are as many.
    Cancel(usize),
    /// The venue takes the next message, and finds fault with it or not.
    Process {
        refused: bool,
        status_first: bool,
    },
    /// The last message of ours does not leave.
    Unsend,
    /// The creator accepts the live quote.
    Accept,
    /// The maker hears the next message.
    Hear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Quote),
        3 => (0_usize..3).prop_map(Step::Cancel),
        5 => (any::<bool>(), any::<bool>()).prop_map(|(refused, status_first)| Step::Process { refused, status_first }),
        1 => Just(Step::Unsend),
        1 => Just(Step::Accept),
        5 => Just(Step::Hear),
    ];
    prop::collection::vec(step, 1..80)
}

enum Sent {
    Quote(String),
    Cancel(String),
}

/// The venue's side of one RFQ, and the two ways between it and the maker.
#[derive(Default)]
struct Venue {
    sent: VecDeque<Sent>,
    /// Messages, and which quote is rejected by each.
    told: VecDeque<(Message<'static>, Option<String>)>,
    live: Option<String>,
    is_accepted: bool,
}

impl Venue {
    fn tell(&mut self, message: Message<'static>) {
        self.told.push_back((message, None));
    }

    fn process(&mut self, refused: bool, status_first: bool) {
        match self.sent.pop_front() {
            // A quote that is accepted stays.
            Some(Sent::Quote(quote)) if refused || self.is_accepted => {
                let rejected = QuoteStatusReport::new("", "rfq-1", fields::QuoteStatus::Rejected);
                self.told
                    .push_back((Message::QuoteStatusReport(rejected), Some(quote)));
            }
            Some(Sent::Quote(quote)) => {
                if let Some(replaced) = self.live.replace(quote.clone()) {
                    self.tell(report(&replaced, fields::QuoteStatus::Cancelled));
                }
                self.tell(report(&quote, fields::QuoteStatus::Pending));
            }
            Some(Sent::Cancel(quote)) if !refused && self.live.as_ref() == Some(&quote) => {
                (self.live, self.is_accepted) = (None, false);
                let mut answers = [
                    report(&quote, fields::QuoteStatus::Cancelled),
                    cancel_status(&quote, fields::QuoteCancelStatus::Cancelled),
                ];
                if status_first {
                    answers.reverse();
                }
                for answer in answers {
                    self.tell(answer);
                }
            }
            Some(Sent::Cancel(quote)) => {
                self.tell(cancel_status(&quote, fields::QuoteCancelStatus::Rejected));
            }
            None => {}
        }
    }

    fn accept(&mut self) {
        if let Some(quote) = self.live.clone().filter(|_| !self.is_accepted) {
            self.is_accepted = true;
            self.tell(report(&quote, fields::QuoteStatus::Accepted));
        }
    }

    fn hear(&mut self, maker: &mut RfqMaker) -> Result<(), TestCaseError> {
        let Some((message, rejected)) = self.told.pop_front() else {
            return Ok(());
        };
        let events = maker.handle(seconds(0), &message);
        let told = events.iter().find_map(|event| match event {
            MakerEvent::Rejected { quote_id, .. } => Some(quote_id.clone()),
            _ => None,
        });
        prop_assert_eq!(told, rejected, "which quote is rejected");
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_maker_believes_what_the_venue_knows(steps in steps()) {
        let (mut maker, mut venue) = (maker(), Venue::default());
        let mut quotes = 0;
        for step in steps {
            match step {
                Step::Quote => {
                    quotes += 1;
                    let id = format!("q{quotes}");
                    if maker.quote("rfq-1", &id, &terms()).is_ok() {
                        venue.sent.push_back(Sent::Quote(id));
                    }
                }
                Step::Cancel(at) => {
                    let id = maker.quotes_of("rfq-1").get(at).map(|quote| quote.quote_id.clone());
                    if let Some(id) = id && maker.cancel(&id).is_ok() {
                        venue.sent.push_back(Sent::Cancel(id));
                    }
                }
                Step::Process { refused, status_first } => venue.process(refused, status_first),
                Step::Unsend => {
                    if let Some(Sent::Quote(id) | Sent::Cancel(id)) = venue.sent.pop_back() {
                        maker.not_sent(&id);
                    }
                }
                Step::Accept => venue.accept(),
                Step::Hear => venue.hear(&mut maker)?,
            }
        }
        while !venue.sent.is_empty() {
            venue.process(false, false);
        }
        while !venue.told.is_empty() {
            venue.hear(&mut maker)?;
        }
        let believed: Vec<_> = maker
            .quotes_of("rfq-1")
            .iter()
            .map(|quote| (quote.quote_id.clone(), matches!(quote.state, QuoteState::Accepted { .. })))
            .collect();
        let known: Vec<_> = venue.live.iter().map(|quote| (quote.clone(), venue.is_accepted)).collect();
        prop_assert_eq!(believed, known);
        for quote in maker.quotes_of("rfq-1") {
            prop_assert!(matches!(quote.state, QuoteState::Live | QuoteState::Accepted { .. }), "{:?}", quote.state);
        }
    }
}
