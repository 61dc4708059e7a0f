use super::*;
use crate::testing::frame;

/// A message of the venue's, by its fields: `8|11=a|150=0`.
fn inbound(fields: &str) -> Inbound {
    Inbound::of(&frame("Kalshi", fields))
}

/// A session's requests, which wait under names of their own. The first has number 2.
struct Desk {
    correlator: Correlator<&'static str>,
    ids: Vec<(&'static str, RequestId)>,
    next: SequenceNumber,
}

impl Desk {
    fn new(requests: &[(&'static str, Identity)]) -> Desk {
        let mut desk = Desk {
            correlator: Correlator::new(8),
            ids: Vec::new(),
            next: 2,
        };
        for (name, identity) in requests {
            desk.send(name, identity.clone()).unwrap();
        }
        desk
    }

    fn send(&mut self, name: &'static str, identity: Identity) -> Result<(), SubmitError> {
        let id = self.correlator.reserve(identity, name)?;
        self.correlator.sent(id, self.next);
        self.ids.push((name, id));
        self.next += 1;
        Ok(())
    }

    fn give_up(&mut self, name: &str) -> bool {
        let (_, id) = self.ids.iter().find(|(known, _)| *known == name).unwrap();
        self.correlator.abandon(*id)
    }

    /// Who is told what by this message.
    fn receive(&mut self, fields: &str) -> String {
        match self.correlator.message(&inbound(fields)) {
            None => "-".to_owned(),
            Some((name, settlement)) => format!("{name} {}", words(&settlement)),
        }
    }
}

fn words(settlement: &Settlement) -> String {
    match settlement {
        Settlement::Acknowledged { replayed, .. } if replayed.is_empty() => "yes".to_owned(),
        Settlement::Acknowledged { replayed, .. } => format!("yes, {} reports", replayed.len()),
        Settlement::Rejected(rejection) => rejection.to_string(),
        Settlement::Unavailable(_) => "unavailable".to_owned(),
        Settlement::Unclear(_) => "unclear".to_owned(),
        Settlement::Ambiguous(_) => "ambiguous".to_owned(),
        Settlement::TooManyReports { limit } => format!("more than {limit}"),
        Settlement::HeldBack => "held back".to_owned(),
    }
}

fn check(requests: &[(&'static str, Identity)], script: &[(&str, &str)]) {
    let mut desk = Desk::new(requests);
    for (fields, expected) in script {
        assert_eq!(desk.receive(fields), *expected, "{fields}");
    }
}

fn of(kind: Kind, id: &str) -> Identity {
    Identity::new(kind, id)
}

#[test]
fn orders() {
    let order = || [("order", of(Kind::Order, "a"))];
    check(
        &order(),
        &[
            ("8|11=b|150=0|39=0", "-"),
            ("8|11=a|150=A|39=A", "-"),
            ("8|11=a|150=0|39=0", "order yes"),
            ("8|11=a|150=F|39=2", "-"),
        ],
    );
    // The acknowledgement can be folded into the first fill, or be the end.
    check(&order(), &[("8|11=a|150=F|39=1", "order yes")]);
    check(&order(), &[("8|11=a|58=POST_ONLY_CROSS|150=4", "order yes")]);
    check(&order(), &[("8|11=a|150=C", "order yes")]);
    check(
        &order(),
        &[(
            "8|11=a|39=8|58=INSUFFICIENT_BALANCE|103=3|150=8",
            "order rejected by ExecutionReport (8): INSUFFICIENT_BALANCE (103=3)",
        )],
    );
    check(
        &order(),
        &[(
            "8|11=a|39=8|58=EXCHANGE_UNAVAILABLE|103=99|150=8",
            "order unavailable",
        )],
    );
    // What is not known to be an answer is none.
    check(
        &order(),
        &[
            ("8|11=a|150=Z", "-"),
            ("8|11=a", "-"),
            ("9|11=a|39=8|434=1", "-"),
            ("r|11=a|531=6", "-"),
        ],
    );
}

#[test]
fn what_is_held_back_is_waited_for_no_longer() {
    let mut desk = Desk::new(&[
        ("a", of(Kind::Order, "a")),
        ("b", of(Kind::Order, "b")),
        ("group", of(Kind::GroupAction, "g")),
        ("c", of(Kind::Cancel, "c")),
    ]);
    let mut held = |numbers| {
        let settled = desk.correlator.held_back(&numbers);
        let name = |(name, settlement)| format!("{name} {}", words(&settlement));
        settled.into_iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(held(RangeInclusive::new(9, 1)), [] as [&str; 0]);
    assert_eq!(held(6..=u64::MAX), [] as [&str; 0]);
    assert_eq!(held(3..=4), ["b held back", "group held back"]);
    assert_eq!(held(3..=4), [] as [&str; 0]);
    // Others have their answers, and the id can be used again.
    assert_eq!(desk.receive("8|11=b|150=0"), "-");
    assert_eq!(desk.receive("8|11=a|150=0"), "a yes");
    assert_eq!(
        desk.receive("9|11=c|434=1"),
        "c rejected by OrderCancelReject (9)"
    );
    desk.send("b again", of(Kind::Order, "b")).unwrap();
    // The venue may have had the first one: its answer is not that of the next.
    desk.send("group again", of(Kind::GroupAction, "g")).unwrap();
    assert_eq!(desk.receive("UOH|20130=g"), "-");
    assert_eq!(desk.receive("UOH|20130=g"), "group again yes");
}

#[test]
fn cancels_and_amends() {
    let both = || [("cancel", of(Kind::Cancel, "c")), ("amend", of(Kind::Amend, "m"))];
    check(
        &both(),
        &[
            ("8|11=c|41=a|150=6", "-"),
            ("8|11=m|41=a|150=E", "-"),
            // The order is filled in the meantime.
            ("8|11=a|150=F", "-"),
            ("8|11=m|41=a|150=5", "amend yes"),
            ("8|11=c|41=m|150=4", "cancel yes"),
        ],
    );
    check(
        &both(),
        &[
            (
                "9|37=1|11=c|39=2|434=1|102=0",
                "cancel rejected by OrderCancelReject (9) (102=0)",
            ),
            (
                "9|37=1|11=m|39=2|434=2|102=99|58=EXCHANGE_UNAVAILABLE",
                "amend unavailable",
            ),
        ],
    );
    // A fill under the amend's id is of the amended order; one under the cancel's tells nothing of the cancel.
    check(&both(), &[("8|11=c|150=F", "-"), ("8|11=m|150=F", "amend yes")]);
}

#[test]
fn mass_cancels() {
    let mass = || [("mass", of(Kind::MassCancel, "q"))];
    check(
        &mass(),
        &[
            ("8|11=q|150=4", "-"),
            ("r|11=q|37=0|531=6", "mass yes"),
            ("r|11=q|37=0|531=6", "-"),
        ],
    );
    check(
        &mass(),
        &[(
            "r|11=q|37=0|531=0|532=99",
            "mass rejected by OrderMassCancelReport (r): the venue says no more than a code; it takes one mass cancel a second, \
             and none while there is no trading (532=99)",
        )],
    );
    check(&mass(), &[("r|11=q|37=0", "mass unclear")]);
    // A code that is no number is no code.
    check(
        &mass(),
        &[(
            "r|11=q|37=0|531=0|532=+1|58=no",
            "mass rejected by OrderMassCancelReport (r): no",
        )],
    );
}

#[test]
fn rejects_that_name_a_number() {
    let two = || [("one", of(Kind::Order, "a")), ("two", of(Kind::Cancel, "b"))];
    check(
        &two(),
        &[
            ("j|45=9|372=D|380=8", "-"),
            ("j|45=3|372=D|380=8", "-"),
            ("j|45=3|372=F|379=a|380=8", "-"),
            (
                "j|45=3|372=F|58=Rate limit exceeded|380=8",
                "two rejected by BusinessMessageReject (j): Rate limit exceeded (380=8)",
            ),
            ("j|372=D|380=8", "-"),
            ("j|379=a|380=8", "-"),
            (
                "j|372=D|379=a|380=6",
                "one rejected by BusinessMessageReject (j) (380=6)",
            ),
        ],
    );
}

/// Whatever message says that the exchange cannot be reached, nobody knows what became of the request.
#[test]
fn a_reject_that_does_not_know_either() {
    for (text, expected) in [
        (Some("EXCHANGE_UNAVAILABLE"), "unavailable"),
        (Some("EXCHANGE"), "rejected by Reject (3): EXCHANGE (373=99)"),
        (None, "rejected by Reject (3) (373=99)"),
    ] {
        let mut desk = Desk::new(&[("order", of(Kind::Order, "a"))]);
        let reject = RejectReceived {
            inbound: inbound("3|45=2|372=D|373=99"),
            ref_seq_num: Some(2),
            ref_tag_id: None,
            ref_msg_type: Some("D".to_owned()),
            reason: Some(99),
            text: text.map(str::to_owned),
        };
        let (_, settlement) = desk.correlator.reject(&reject).unwrap();
        assert_eq!(words(&settlement), expected, "{text:?}");
    }
}

#[test]
fn order_groups() {
    let create = || Identity::unnamed(Kind::GroupAction);
    let on = |group: &str| of(Kind::GroupAction, group);
    check(
        &[
            ("first", create()),
            ("reset g", on("g")),
            ("second", create()),
            ("delete g", on("g")),
            ("reset h", on("h")),
        ],
        &[
            ("UOH|20130=new-1|20132=5", "first yes"),
            ("UOH|20130=g", "reset g yes"),
            ("UOH|20130=h", "reset h yes"),
            ("UOH|20130=new-2|20132=5", "second yes"),
            (
                "j|45=5|372=UOG|58=ORDER_GROUP_NOT_FOUND|380=1",
                "delete g rejected by BusinessMessageReject (j): ORDER_GROUP_NOT_FOUND (380=1)",
            ),
            ("UOH|20130=g", "-"),
        ],
    );
    // Whoever gave up keeps their place, or the next one would be told of the wrong group.
    let mut desk = Desk::new(&[("first", create()), ("second", create())]);
    assert!(desk.give_up("first"));
    assert!(!desk.give_up("first"));
    assert_eq!(desk.receive("UOH|20130=new-1|20132=5"), "-");
    assert_eq!(desk.receive("UOH|20130=new-2|20132=5"), "second yes");
    assert_eq!(desk.correlator.len(), 0);
}

#[test]
fn rfqs() {
    check(
        &[
            ("rfq", of(Kind::QuoteRequest, "r-1")),
            ("other", of(Kind::QuoteRequest, "r-2")),
        ],
        &[
            ("b|131=r-1|303=1|21023=server-1|100=0", "rfq yes"),
            ("S|117=q|131=server-1|55=X", "-"),
            (
                "AG|131=r-2|658=99|58=RFQ already exists",
                "other rejected by QuoteRequestReject (AG): RFQ already exists (658=99)",
            ),
            ("AG|131=r-1|658=99|58=cancelled", "-"),
        ],
    );
    let cancel = || of(Kind::RfqCancel, "r-1").or(Some("server-1"));
    check(
        &[("cancel", cancel())],
        &[("UB|131=r-2|21013=0", "-"), ("UB|131=r-1|21013=0", "cancel yes")],
    );
    check(
        &[("cancel", cancel())],
        &[("UB|131=x|21013=2|21023=server-1", "cancel yes")],
    );
    check(
        &[("cancel", cancel())],
        &[(
            "UB|131=r-1|21013=1|58=gone",
            "cancel rejected by RFQCancelStatus (UB): gone (21013=1)",
        )],
    );
    let accept = || of(Kind::AcceptQuote, "q-1").or(Some("mine"));
    check(
        &[("accept", accept())],
        &[
            ("UC|117=q-2|21025=0|21024=q-2", "-"),
            ("UC|117=q-1|21025=0|21024=q-9|11=yours", "-"),
            ("UC|117=q-1|21025=0|21024=q-9|11=mine", "accept yes"),
        ],
    );
    check(
        &[("accept", accept())],
        &[(
            "UC|117=q-1|21025=1|58=late",
            "accept rejected by AcceptQuoteStatus (UC): late (21025=1)",
        )],
    );
}

#[test]
fn quotes() {
    let two = || {
        [
            ("old", of(Kind::Quote, "q-1").or(Some("server-1"))),
            ("new", of(Kind::Quote, "q-2").or(Some("server-2"))),
        ]
    };
    check(
        &two(),
        &[
            ("AI|117=q-0|131=server-1|297=17", "-"),
            ("AI|117=q-2|131=server-2|297=10|38=1", "new yes"),
            // A rejected quote's id is empty.
            (
                "AI|117=|131=server-1|297=5|58=no",
                "old rejected by QuoteStatusReport (AI): no (297=5)",
            ),
        ],
    );
    check(
        &two(),
        &[
            ("AI|117=|131=server-1|297=10", "-"),
            ("AI|117=q-1|131=server-1|297=3", "old unclear"),
        ],
    );
    // Whoever gave up keeps their place, or another quote of the RFQ would be taken for the one that is rejected.
    let mut desk = Desk::new(&[
        ("old", of(Kind::Quote, "q-1").or(Some("server-1"))),
        ("new", of(Kind::Quote, "q-2").or(Some("server-1"))),
    ]);
    assert!(desk.give_up("old"));
    assert_eq!(desk.receive("AI|117=|131=server-1|297=5|58=no"), "-");
    assert_eq!(desk.receive("AI|117=q-2|131=server-1|297=10"), "new yes");
    assert_eq!(desk.correlator.len(), 0);
    // Two messages say that a quote is cancelled, in either order.
    let cancel = || [("cancel", of(Kind::QuoteCancel, "q-1"))];
    let (report, status) = ("AI|117=q-1|131=server-1|297=17", "U9|117=q-1|298=0");
    check(&cancel(), &[(report, "cancel yes"), (status, "-")]);
    check(&cancel(), &[(status, "cancel yes"), (report, "-")]);
    check(
        &cancel(),
        &[(
            "U9|117=q-1|298=1|58=gone",
            "cancel rejected by QuoteCancelStatus (U9): gone (298=1)",
        )],
    );
    let confirm = || [("confirm", of(Kind::QuoteConfirm, "q-1"))];
    check(
        &confirm(),
        &[("U8|117=q-2|21010=0", "-"), ("U8|117=q-1|21010=0", "confirm yes")],
    );
    check(&confirm(), &[("U8|117=q-1|297=0", "confirm yes")]);
    check(
        &confirm(),
        &[(
            "U8|117=q-1|21010=1|58=late",
            "confirm rejected by QuoteConfirmStatus (U8): late (21010=1)",
        )],
    );
    check(&confirm(), &[("U8|117=q-1|21010=7", "confirm unclear")]);
}

#[test]
fn replays() {
    let replay = || of(Kind::Replay, "");
    check(
        &[("replay", replay())],
        &[
            ("8|11=a|17=4;7|150=F", "-"),
            ("8|11=b|17=4;8|150=8|58=EXCHANGE_UNAVAILABLE", "-"),
            ("U2|45=9|21003=2", "-"),
            ("U2|45=2|21003=2", "replay yes, 2 reports"),
            ("8|11=c|17=4;9|150=F", "-"),
        ],
    );
    check(&[("replay", replay())], &[("U2|45=2|21003=0", "replay yes")]);
    check(
        &[("replay", replay())],
        &[(
            "U3|45=2|21004=3",
            "replay rejected by EventResendReject (U3) (21004=3)",
        )],
    );
    // One at a time, also when nobody waits for it: its reports must not be taken for the next one's.
    let mut desk = Desk::new(&[("replay", replay())]);
    desk.receive("8|11=a|17=4;7|150=F");
    assert!(desk.give_up("replay"));
    assert!(matches!(
        desk.send("next", replay()),
        Err(SubmitError::UnderWay { .. })
    ));
    assert_eq!(desk.receive("8|11=b|17=4;8|150=F"), "-");
    assert_eq!(desk.receive("U2|45=2|21003=2"), "-");
    desk.send("next", replay()).unwrap();
    assert_eq!(desk.receive("U2|45=3|21003=0"), "next yes");
}

#[test]
fn a_replay_is_bounded() {
    let mut desk = Desk::new(&[("replay", of(Kind::Replay, ""))]);
    let report = inbound("8|11=a|17=4;7|150=F");
    for _ in 0..MOST_REPLAYED {
        assert_eq!(desk.correlator.message(&report), None);
    }
    let (name, settlement) = desk.correlator.message(&report).unwrap();
    assert_eq!((name, words(&settlement).as_str()), ("replay", "more than 65536"));
    assert_eq!(desk.correlator.message(&report), None);
    assert_eq!(desk.receive("U2|45=2|21003=65538"), "-");
    assert_eq!(desk.correlator.len(), 0);
}

#[test]
fn nothing_is_leaked_and_nothing_answered_before_it_is_sent() {
    let mut desk = Desk::new(&[("a", of(Kind::Order, "a"))]);
    // The id is taken while its request waits, over all messages that have a ClOrdID.
    let error = desk.send("again", of(Kind::Cancel, "a")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a request \"a\" (MsgType F) waits for its answer already"
    );
    assert!(desk.give_up("a"));
    assert_eq!(desk.receive("8|11=a|150=0"), "-");
    assert_eq!((desk.correlator.len(), desk.correlator.sent.len()), (0, 0));

    // With room, and not sent yet: what comes is about another one of this name.
    let id = desk.correlator.reserve(of(Kind::Order, "a"), "a").unwrap();
    assert_eq!(desk.receive("8|11=a|150=0"), "-");
    desk.correlator.sent(id, 7);
    assert_eq!(desk.receive("8|11=a|150=0"), "a yes");

    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        desk.send(name, of(Kind::Order, name)).unwrap();
    }
    let error = desk.send("i", of(Kind::Order, "i")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "8 requests wait for their answers, and no more may"
    );

    // Those whose connection is gone, and not the one that is about to be sent on the next.
    assert!(desk.give_up("h"));
    let later = desk
        .correlator
        .reserve(of(Kind::Order, "later"), "later")
        .unwrap();
    assert_eq!(desk.correlator.disconnect(), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(desk.correlator.len(), 1);
    assert_eq!(desk.correlator.disconnect(), [] as [&str; 0]);
    desk.correlator.sent(later, 2);
    assert_eq!(desk.receive("8|11=later|150=0"), "later yes");
    assert!(desk.correlator.named.iter().all(HashMap::is_empty));
}
