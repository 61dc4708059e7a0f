//! Messages of a user's own on a session, against our acceptor and against the simulated exchange: sent where their
//! attribute says, found in the inbound stream, validated by the session's profiles, printed.

#![expect(
    clippy::struct_field_names,
    reason = "fields have the names that the dictionary gives them"
)]

use std::net::Ipv4Addr;
use std::time::Duration;

use kalshi_fix::client::{Client, Event, Session, Validation};
use kalshi_fix::credentials::{Credentials, PrivateKey};
use kalshi_fix::dialect::{CustomDecoder, Decimal, Outcome, Printer, Profile, Rule, Text, Unknown, Unlisted};
use kalshi_fix::driver::{self, DriverSettings, Events, Handle};
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::gateway::Gateway;
use kalshi_fix::prediction::{Message, Prediction, fields, sessions::NR};
use kalshi_fix::session::{self, Acceptance, Identity, Role, SendError, SessionSettings};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};
use tokio::net::TcpListener;
use tokio::time::timeout;

const MARKET: &str = "HIGHNY-23DEC31";
const KEY: &str = include_str!("../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");

/// The venue's order, with a private tag in it and in its entries.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, crate = "kalshi_fix::dialect", client = NR)]
struct Order<'a> {
    cl_ord_id: Text<'a>,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: fields::Side,
    symbol: Text<'a>,
    #[fix(tag = 20001)]
    strategy: Option<Text<'a>>,
}

/// A request that no dictionary has.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "U77", crate = "kalshi_fix::dialect", client = NR)]
struct Ask<'a> {
    #[fix(tag = 11)]
    id: Text<'a>,
    #[fix(tag = 20002)]
    urgency: Urgency,
    #[fix(tag = 20011, length = 20010)]
    blob: Option<Vec<u8>>,
    #[fix(tag = 20020)]
    legs: Option<Vec<Leg<'a>>>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Leg<'a> {
    #[fix(tag = 20021)]
    symbol: Text<'a>,
    #[fix(tag = 20022)]
    ratio: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Urgency {
    #[fix(value = '1')]
    Low,
    #[fix(value = '2')]
    High,
    Other(Unlisted<Self>),
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "U78", crate = "kalshi_fix::dialect", exchange = NR)]
struct Answer<'a> {
    #[fix(tag = 11)]
    id: Text<'a>,
    #[fix(tag = 20002)]
    urgency: Urgency,
    #[fix(unknown)]
    unknown: Unknown<'a>,
}

/// ExecutionReport, with a private tag.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "8", dialect = Prediction, crate = "kalshi_fix::dialect", exchange = NR)]
struct Report<'a> {
    avg_px: Decimal,
    cl_ord_id: Text<'a>,
    cum_qty: Decimal,
    exec_id: Text<'a>,
    last_px: Option<Decimal>,
    order_id: Text<'a>,
    order_qty: Decimal,
    ord_status: fields::OrdStatus,
    side: fields::Side,
    symbol: Text<'a>,
    exec_type: fields::ExecType,
    leaves_qty: Decimal,
    #[fix(tag = 20001)]
    strategy: Option<Text<'a>>,
    #[fix(unknown)]
    rest: Unknown<'a>,
}

fn order<'a>() -> Order<'a> {
    Order {
        cl_ord_id: "o-1".into(),
        order_qty: 10.into(),
        ord_type: fields::OrdType::Limit,
        price: Decimal::new(5500, 4),
        side: fields::Side::Buy,
        symbol: MARKET.into(),
        strategy: None,
    }
}

fn ask<'a>() -> Ask<'a> {
    Ask {
        id: "a-1".into(),
        urgency: Urgency::High,
        blob: Some(b"any\x01bytes\x0111=x".to_vec()),
        legs: Some(vec![Leg {
            symbol: "S".into(),
            ratio: Some(2),
        }]),
    }
}

fn answer<'a>(urgency: Urgency) -> Answer<'a> {
    Answer {
        id: "a-1".into(),
        urgency,
        unknown: Unknown::new(),
    }
}

fn report<'a>() -> Report<'a> {
    Report {
        avg_px: Decimal::ZERO,
        cl_ord_id: "o-1".into(),
        cum_qty: Decimal::ZERO,
        exec_id: "1;1".into(),
        last_px: None,
        order_id: "v-1".into(),
        order_qty: 10.into(),
        ord_status: fields::OrdStatus::New,
        side: fields::Side::Buy,
        symbol: MARKET.into(),
        exec_type: fields::ExecType::New,
        leaves_qty: 10.into(),
        strategy: Some("momentum".into()),
        rest: Unknown::new(),
    }
}

/// A value that the enum does not list.
fn unheard_of() -> Urgency {
    Urgency::Other(Unlisted::new(b'9').expect("not listed"))
}

/// An acceptor's end of a session.
struct Peer {
    handle: Handle,
    events: Events,
}

impl Peer {
    async fn accept(listener: TcpListener) -> Peer {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let settings = SessionSettings::kalshi_prediction(Identity::acceptor("Kalshi"));
        let (handle, mut events) =
            driver::spawn(tcp, settings, Role::Acceptor, None, DriverSettings::default()).expect("a session");
        while let Some(event) = events.recv().await {
            if let driver::Event::Session(session::Event::LogonRequest(_)) = event {
                break;
            }
        }
        handle.accept_logon(Acceptance::default()).expect("a logon");
        Peer { handle, events }
    }

    /// The next application message.
    async fn frame(&mut self) -> Vec<u8> {
        loop {
            match self.events.recv().await.expect("a message, before the end") {
                driver::Event::Session(session::Event::Application(inbound)) => {
                    return inbound.frame.to_vec();
                }
                driver::Event::Ended(end) => panic!("ended before a message: {end}"),
                _ => {}
            }
        }
    }
}

/// A client's session and its peer, by these profiles.
async fn connected(validation: Validation) -> (Session<NR>, Peer) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let peer = tokio::spawn(Peer::accept(listener));
    let key = PrivateKey::from_pem(KEY).expect("a key");
    let client: Client<Prediction> = Client::builder(Environment::Loopback)
        .credentials(Credentials::new("key-id", key).expect("credentials"))
        .plaintext()
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntry, port))
        .validation(validation)
        .build()
        .expect("a client");
    let session = client.order_entry().await.expect("a session");
    (session, peer.await.expect("a peer"))
}

async fn bounded<T>(test: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), test).await.expect("in time")
}

#[tokio::test]
async fn messages_go_out_and_come_back() {
    bounded(async {
        let (mut session, mut peer) = connected(Validation::default()).await;
        let mut decoder = CustomDecoder::new();
        let extended = Order {
            strategy: Some("momentum".into()),
            ..order()
        };
        assert_eq!(session.send(&extended).await, Ok(2));
        assert_eq!(session.sender().try_send(&ask()), Ok(3));
        let frame = peer.frame().await;
        assert_eq!(
            decoder.decode::<Order<'_>>(&frame).expect("an order").message,
            extended
        );
        let frame = peer.frame().await;
        assert_eq!(decoder.decode::<Ask<'_>>(&frame).expect("an ask").message, ask());

        peer.handle.send(&answer(Urgency::Low)).await.expect("sent");
        peer.handle.send(&ask()).await.expect("sent");
        peer.handle.send(&report()).await.expect("sent");
        {
            let Some(Event::Message(received)) = session.recv().await else {
                panic!("an answer");
            };
            assert!(matches!(received.outcome(), Outcome::UnknownType));
            let found = received.decode_as::<Answer<'_>>().expect("an answer");
            assert_eq!(found.message, answer(Urgency::Low));
            assert!(received.decode_as::<Report<'_>>().is_err(), "another type");
        }
        {
            // DATA with delimiters in it, of tags that the dialect does not have.
            let Some(Event::Message(received)) = session.recv().await else {
                panic!("an ask");
            };
            assert_eq!(received.decode_as::<Ask<'_>>().expect("an ask").message, ask());
            let text = Printer::new(<Ask<'_> as kalshi_fix::FixMessage<'_>>::tables())
                .to_string(received.raw().bytes(), &[]);
            for line in [
                "Ask (U77)\n",
                "  20002  Urgency               2  High\n",
                "  20011  Blob                  any\\u{1}bytes\\u{1}11=x\n",
                "        Leg 0\n",
                "      20022  Ratio                 2\n",
            ] {
                assert!(text.contains(line), "{line}: {text}");
            }
        }
        let Some(Event::Message(received)) = session.recv().await else {
            panic!("a report");
        };
        // The dialect reads it too, and keeps what it does not know.
        let Some(Message::ExecutionReport(typed)) = received.message() else {
            panic!("{received:?}");
        };
        assert_eq!(typed.unknown.get(20001), Some(&b"momentum"[..]));
        assert_eq!(
            received.decode_as::<Report<'_>>().expect("a report").message,
            report()
        );
        let by_own_rules = received.judge_as::<Report<'_>>().expect("fields");
        assert_eq!(
            (by_own_rules.reported, by_own_rules.rejected),
            (Vec::new(), Vec::new())
        );
        let rules: Vec<Rule> = received.report().iter().map(|violation| violation.rule).collect();
        assert_eq!(
            rules,
            [Rule::Defined],
            "by the dialect's alone, a private tag is one"
        );
    })
    .await;
}

#[tokio::test]
async fn a_breach_is_refused_before_it_takes_a_number() {
    bounded(async {
        let (session, mut peer) = connected(Validation::default()).await;
        let refused = |sent: Result<u64, SendError>| match sent {
            Err(SendError::Invalid { violations }) => violations
                .iter()
                .map(|violation| (violation.rule, violation.tag))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        // Its own rules.
        let unlisted = Ask {
            urgency: unheard_of(),
            ..ask()
        };
        assert_eq!(refused(session.send(&unlisted).await), [(Rule::Listed, 20002)]);
        // Those of the dialect, on this session.
        let fine = Order {
            price: Decimal::new(55_005, 5),
            strategy: Some("momentum".into()),
            ..order()
        };
        assert_eq!(refused(session.send(&fine).await), [(Rule::Step, 44)]);
        assert_eq!(session.send(&ask()).await, Ok(2));
        assert!(peer.frame().await.starts_with(b"8=FIXT.1.1\x01"));

        // Told, and sent, where the profile says so.
        let (session, mut peer) = connected(Validation::default().outbound(Profile::lenient())).await;
        assert_eq!(session.send(&unlisted).await, Ok(2));
        let frame = peer.frame().await;
        let found = CustomDecoder::new()
            .decode::<Ask<'_>>(&frame)
            .expect("an ask")
            .into_message();
        assert_eq!(found, unlisted);
    })
    .await;
}

#[tokio::test]
async fn what_comes_in_is_judged_by_the_profile() {
    async fn judged(profile: Profile) -> (usize, usize) {
        let (mut session, peer) = connected(Validation::default().inbound(profile)).await;
        peer.handle.send(&answer(unheard_of())).await.expect("sent");
        let Some(Event::Message(received)) = session.recv().await else {
            panic!("an answer");
        };
        // Whatever is wrong with it, it is there.
        assert!(received.decode_as::<Answer<'_>>().is_ok());
        let verdict = received.judge_as::<Answer<'_>>().expect("fields");
        (verdict.rejected.len(), verdict.reported.len())
    }
    bounded(async {
        assert_eq!(judged(Profile::lenient()).await, (0, 1));
        assert_eq!(judged(Profile::strict()).await, (1, 0));
        assert_eq!(judged(Profile::off()).await, (0, 0));
    })
    .await;
}

#[tokio::test]
async fn the_simulated_exchange_takes_an_order_of_ones_own() {
    bounded(async {
        let gateway = Gateway::builder()
            .market(MARKET)
            .start()
            .await
            .expect("an exchange");
        let key = PrivateKey::from_pem(KEY).expect("a key");
        let client: Client<Prediction> = gateway
            .client_builder(gateway.member().credentials(&key))
            .build()
            .expect("a client");
        let mut session = client.order_entry().await.expect("a session");
        session.send(&order()).await.expect("sent");
        let report = loop {
            match session.recv().await.expect("a report, before the end") {
                Event::Message(received) => {
                    if let Ok(report) = received.decode_as::<Report<'_>>()
                        && report.ord_status == fields::OrdStatus::New
                    {
                        assert_eq!(received.judge_as::<Report<'_>>().expect("fields").reported, []);
                        break kalshi_fix::IntoOwned::into_owned(report.into_message());
                    }
                }
                Event::Session(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(report.cl_ord_id, "o-1");
        assert_eq!(report.leaves_qty, Decimal::from(10));
        // A private tag is the sender's matter, and the exchange's to refuse: it is strict.
        let private = Order {
            cl_ord_id: "o-2".into(),
            strategy: Some("momentum".into()),
            ..order()
        };
        session.send(&private).await.expect("sent");
        loop {
            match session.recv().await.expect("a reject, before the end") {
                Event::Rejected(_) => break,
                Event::Session(_) | Event::Message(_) => {}
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
}
