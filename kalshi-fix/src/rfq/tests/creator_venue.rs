//! A creator and a venue whose makers confirm, or let their quotes lapse: nothing is stuck.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// A maker quotes.
    Quote,
    /// The best quote is accepted, and the venue takes that or not.
    Accept {
        refused: bool,
    },
    /// The maker of the quote that is accepted confirms: the orders trade.
    Confirm,
    Cancel,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Quote),
        4 => any::<bool>().prop_map(|refused| Step::Accept { refused }),
        1 => Just(Step::Confirm),
        1 => Just(Step::Cancel),
        4 => (0_u64..60).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the venue has of the RFQ.
#[derive(Default)]
struct Venue {
    quotes: Vec<String>,
    /// The quote that is accepted, by which acceptance, and until when it can be confirmed.
    accepted: Option<(String, String, u64)>,
    is_closed: bool,
}

impl Venue {
    /// What is not confirmed in time is void.
    fn lapse(&mut self, now: u64) {
        if let Some((quote, _, _)) = self.accepted.take_if(|(_, _, until)| now >= *until) {
            self.quotes.retain(|known| *known != quote);
        }
    }
}

fn status(quote_id: &str, status: fields::AcceptQuoteStatus) -> Message<'static> {
    Message::AcceptQuoteStatus(AcceptQuoteStatus::new(quote_id.to_owned(), status))
}

proptest! {
    #[test]
    fn an_rfq_is_open_as_long_as_the_venue_has_it_open(steps in steps()) {
        let (mut rfq, mut venue) = (open(), Venue::default());
        let (mut now, mut quotes, mut acceptances) = (0, 0, 0);
        for step in steps {
            match step {
                Step::Quote if !venue.is_closed => {
                    quotes += 1;
                    let id = format!("q{quotes}");
                    let quote = Quote {
                        bid_px: Some(decimal("0.45")),
                        offer_px: Some(decimal("0.50")),
                        ..Quote::new(id.clone(), "rfq-1", "M")
                    };
                    venue.quotes.push(id);
                    rfq.handle(seconds(now), &Message::Quote(quote));
                }
                Step::Accept { refused } => {
                    let best = rfq.best(Contract::Yes).map(|offer| offer.quote_id.clone());
                    acceptances += 1;
                    let id = format!("a{acceptances}");
                    if let Some(best) = best && rfq.accept(&best, Contract::Yes, None, &id, false).is_ok() {
                        let refused = refused || venue.accepted.is_some() || !venue.quotes.contains(&best);
                        let answer = if refused {
                            fields::AcceptQuoteStatus::Rejected
                        } else {
                            venue.accepted = Some((best.clone(), id, now + 30));
                            fields::AcceptQuoteStatus::Accepted
                        };
                        rfq.handle(seconds(now), &status(&best, answer));
                    }
                }
                Step::Confirm => {
                    if let Some((_, id, _)) = venue.accepted.take() {
                        venue.is_closed = true;
                        let zero = Decimal::ZERO;
                        let trade = Message::ExecutionReport(ExecutionReport::new(
                            zero, id.clone(), zero, "1;1", "o", zero,
                            fields::OrdStatus::Filled, fields::Side::Buy, "M", fields::ExecType::Trade, zero,
                        ));
                        prop_assert_eq!(
                            rfq.handle(seconds(now + 15), &trade),
                            [CreatorEvent::Traded { cl_ord_id: id }]
                        );
                    }
                }
                Step::Cancel => {
                    if rfq.cancel().is_ok() {
                        venue.is_closed = true;
                        rfq.handle(seconds(now), &Message::RFQCancelStatus(RFQCancelStatus::new(
                            "rfq-1",
                            fields::RFQCancelStatus::Canceled,
                        )));
                    }
                }
                Step::Wait(time) => {
                    now += time;
                    venue.lapse(now);
                    rfq.handle_timeout(seconds(now));
                }
                Step::Quote => {}
            }
            prop_assert_eq!(rfq.state() == CreatorState::Closed, venue.is_closed);
        }
        // After all windows nothing is under way, and what can be accepted is what the venue has.
        venue.lapse(now + 30);
        rfq.handle_timeout(seconds(now + 47));
        prop_assert_eq!(rfq.next_deadline(), None);
        let expected = if venue.is_closed { CreatorState::Closed } else { CreatorState::Open };
        prop_assert_eq!(rfq.state(), expected);
        let known: Vec<_> = rfq.ranked(Contract::Yes).iter().map(|offer| offer.quote_id.clone()).collect();
        prop_assert_eq!(known, if venue.is_closed { Vec::new() } else { venue.quotes });
    }
}
