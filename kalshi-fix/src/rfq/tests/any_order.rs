//! Whatever the venue says, in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Hear(Box<Message<'static>>),
    Quote(String, String),
    Cancel(String),
    Confirm(String),
    Wait(u64),
    Disconnect,
}

fn hear(message: Message<'static>) -> Step {
    Step::Hear(Box::new(message))
}

fn steps() -> impl Strategy<Value = Step> {
    let rfq = || (1_u8..4).prop_map(|number| format!("rfq-{number}"));
    let quote = || (1_u8..6).prop_map(|number| format!("q{number}"));
    let status = prop::sample::select(vec![
        fields::QuoteStatus::Accepted,
        fields::QuoteStatus::Rejected,
        fields::QuoteStatus::Pending,
        fields::QuoteStatus::Cancelled,
    ]);
    prop_oneof![
        rfq().prop_map(|rfq| hear(request(&rfq))),
        rfq().prop_map(|rfq| hear(gone(&rfq))),
        (prop_oneof![quote(), Just(String::new())], rfq(), status).prop_map(|(quote, rfq, status)| {
            hear(Message::QuoteStatusReport(QuoteStatusReport::new(
                quote, rfq, status,
            )))
        }),
        (quote(), any::<bool>()).prop_map(|(quote, yes)| {
            let status = if yes {
                fields::QuoteCancelStatus::Cancelled
            } else {
                fields::QuoteCancelStatus::Rejected
            };
            hear(cancel_status(&quote, status))
        }),
        (quote(), any::<bool>()).prop_map(|(quote, yes)| {
            let status = if yes {
                fields::QuoteConfirmStatus::Accepted
            } else {
                fields::QuoteConfirmStatus::Rejected
            };
            hear(confirm_status(&quote, status))
        }),
        (rfq(), quote()).prop_map(|(rfq, quote)| Step::Quote(rfq, quote)),
        quote().prop_map(Step::Cancel),
        quote().prop_map(Step::Confirm),
        (0_u64..40).prop_map(Step::Wait),
        Just(Step::Disconnect),
    ]
}

proptest! {
    /// Each quote that was sent comes to one end at most, and only what was accepted is confirmed.
    #[test]
    fn a_quote_ends_once_whatever_the_venue_says(steps in prop::collection::vec(steps(), 1..120)) {
        let units = PriceUnits::new(Product::Prediction, PriceUnit::Dollars);
        let mut maker = RfqMaker::with_capacity(units, 2);
        let mut now = 0;
        let mut alive = std::collections::HashSet::new();
        for step in steps {
            let mut events = Vec::new();
            match step {
                Step::Hear(message) => events = maker.handle(seconds(now), &message),
                Step::Quote(rfq, quote) => {
                    if maker.quote(&rfq, &quote, &terms()).is_ok() {
                        prop_assert!(alive.insert(quote));
                    }
                }
                Step::Cancel(quote) => prop_assert!(maker.cancel(&quote).is_err() || alive.contains(&quote)),
                Step::Confirm(quote) => prop_assert!(maker.confirm(seconds(now), &quote).is_err() || alive.contains(&quote)),
                Step::Wait(time) => {
                    now += time;
                    events = maker.handle_timeout(seconds(now));
                    prop_assert!(maker.next_deadline().is_none_or(|deadline| deadline > seconds(now)));
                }
                Step::Disconnect => {
                    for quote in maker.disconnected() {
                        prop_assert!(alive.remove(&quote.quote_id));
                    }
                }
            }
            for event in events {
                match event {
                    MakerEvent::Rejected { quote_id, .. }
                    | MakerEvent::Lapsed { quote_id }
                    | MakerEvent::ConfirmationRefused { quote_id, .. }
                    | MakerEvent::ConfirmationUnanswered { quote_id }
                    | MakerEvent::Executing { quote_id }
                    | MakerEvent::Canceled { quote_id, .. } => prop_assert!(alive.remove(&quote_id), "{quote_id}"),
                    MakerEvent::RequestGone { .. } => {
                        // Those that nobody is bound by are gone with it.
                        let kept: Vec<_> = (1..4).flat_map(|rfq| maker.quotes_of(&format!("rfq-{rfq}"))).collect();
                        alive.retain(|id| kept.iter().any(|quote| quote.quote_id == *id));
                    }
                    _ => {}
                }
            }
            let known = (1..4).map(|rfq| maker.quotes_of(&format!("rfq-{rfq}")).len()).sum::<usize>();
            prop_assert_eq!(known, alive.len());
            prop_assert!(maker.requests().count() <= 2);
        }
    }
}
