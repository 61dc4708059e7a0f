//! The session core, as an initiator and as an acceptor, under a script: bytes, messages, time, commands, and what a store
//! and an application answer, in any order.
//!
//! An input is six bytes of settings, and steps until it ends: a byte that says which, and what it takes. A script goes on
//! over several connections with one store, which has done what it was asked for, or died with the process.

mod driver;
mod outgoing;

use std::time::Duration;

use fix_dialect::{BodyWriter, EncodeBody};
use kalshi_fix::session::{
    Acceptance, Acknowledgement, EarlyMessages, GapPolicy, Identity, InSessionReset, Journal, JournalGate,
    Logon, MessageTypes, Recovery, Refusal, RefusalStyle, Reject, RejectReason, ResendPolicy, ResetRule,
    Role, Sequences, SessionSettings,
};

use self::driver::{Driver, Message};
use super::input::{Input, Recipe};
use crate::fixtures::wire;

/// The target for a session that opens the connection.
pub fn initiator(data: &[u8]) {
    run(data, true);
}

/// The target for a session that waits for a logon.
pub fn acceptor(data: &[u8]) {
    run(data, false);
}

/// The steps of a script.
#[derive(Debug, Clone, Copy)]
enum Step {
    Message,
    Bytes,
    Wait,
    WaitForDeadline,
    Send,
    TestRequest,
    Reject,
    Logout,
    Decide,
    Sign,
    Stored,
    Hold,
    EndOfStream,
    Acknowledge,
    Reset,
    Reconnect,
    SetClocks,
}

const STEPS: [Step; 22] = [
    Step::Message,
    Step::Bytes,
    Step::Wait,
    Step::WaitForDeadline,
    Step::Send,
    Step::TestRequest,
    Step::Reject,
    Step::Logout,
    Step::Decide,
    Step::Sign,
    Step::Stored,
    Step::Hold,
    Step::EndOfStream,
    // The usual ones more often.
    Step::Message,
    Step::Message,
    Step::WaitForDeadline,
    Step::Acknowledge,
    Step::Reset,
    Step::Reconnect,
    Step::SetClocks,
    Step::Send,
    Step::Stored,
];

/// How many steps of an input are taken.
const MOST: usize = 200;

fn run(data: &[u8], initiates: bool) {
    let mut input = Input::new(data);
    let (settings, role) = settings(&mut input, initiates);
    let mut driver = Driver::new(&settings, role);
    driver.connect();
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        let step = STEPS[usize::from(input.byte()) % STEPS.len()];
        take(step, &mut driver, &mut input);
    }
    driver.finish();
}

fn settings(input: &mut Input<'_>, initiates: bool) -> (SessionSettings, Role) {
    let [profile, journal, limits, types, heartbeat, flags] = [(); 6].map(|()| input.byte());
    let identity = if initiates {
        Identity::initiator("US", "PEER")
    } else {
        Identity::acceptor("US")
    };
    let mut settings = match profile % 6 {
        0 => SessionSettings::kalshi_prediction(identity),
        1 => SessionSettings::kalshi_margin(identity),
        2 => SessionSettings::standard("FIX.4.4", identity),
        3 => SessionSettings::kalshi_prediction_retransmitting(identity),
        4 => SessionSettings::kalshi_margin_retransmitting(identity),
        _ => SessionSettings::standard("FIX.4.4", identity).retransmitting(),
    };
    let retransmits = settings.gap_policy != GapPolicy::Logout;
    settings.journal = match journal % 3 {
        0 if !retransmits => Journal::None,
        1 => Journal::Keep(JournalGate::HandedOut),
        _ => Journal::Keep(JournalGate::Stored),
    };
    if retransmits {
        settings.resend = match journal >> 2 & 3 {
            0 => ResendPolicy::Replay,
            1 => ResendPolicy::ThisConnection,
            2 => ResendPolicy::HoldBack,
            _ => ResendPolicy::Younger(Duration::from_mins(1)),
        };
        settings.next_expected = journal & 16 != 0;
        if journal & 32 != 0 {
            settings.acknowledgement = Acknowledgement::Explicit;
        }
        if journal & 64 != 0 {
            settings.resend_page = 400;
        }
        if journal & 128 != 0 {
            settings.resend_window = Some(Duration::from_hours(1));
        }
        let mut recovery = Recovery::default();
        recovery.early = match types >> 3 & 7 {
            1 => EarlyMessages::Keep {
                max_messages: 3,
                max_bytes: 4 << 20,
            },
            2 => EarlyMessages::Keep {
                max_messages: 10_000,
                max_bytes: 400,
            },
            3 => EarlyMessages::Drop,
            _ => recovery.early,
        };
        settings.gap_policy = GapPolicy::Resend(recovery);
    }
    settings.last_processed = limits & 64 != 0;
    if limits & 128 != 0 {
        settings.in_session_reset = InSessionReset::Follow;
    }
    settings.max_frame = [1 << 20, 4096, 512][usize::from(limits % 3)];
    settings.max_events = [1024, 8, 2, 1][usize::from(limits >> 2) % 4];
    settings.max_pending_transmit = [4 << 20, 2000, 300][usize::from(limits >> 4) % 3];
    if types % 2 == 1 {
        settings.message_types = MessageTypes::strict(["D", "F"], ["8", "9"]);
    }
    if types & 2 != 0 {
        settings.reset = ResetRule::Optional;
    }
    if types & 4 != 0 {
        settings.refusal = RefusalStyle::Silent;
    }
    if !initiates {
        return (settings, Role::Acceptor);
    }
    let seconds = [30, 4, 3600, 0][usize::from(heartbeat) % 4];
    let mut logon = Logon::new(seconds.max(*settings.heart_bt_int.start())).default_appl_ver_id("9");
    if flags & 1 == 0 || settings.reset == ResetRule::Required {
        logon = logon.reset();
    } else {
        settings.sequences = Sequences {
            next_outgoing: u64::from(flags) + 1,
            next_incoming: u64::from(flags >> 2) + 1,
        };
    }
    if flags & 2 != 0 {
        logon = logon.signed();
    }
    if flags & 4 != 0 {
        logon = logon.raw_data_length().field(554, driver::SECRET);
    }
    (settings, Role::Initiator(logon))
}

fn take(step: Step, driver: &mut Driver, input: &mut Input<'_>) {
    match step {
        Step::Message => {
            let msg_type = TYPES[usize::from(input.byte()) % TYPES.len()];
            let (flags, number, body) = (input.byte(), input.number(), input.chunk());
            driver.receive_message(&Message {
                msg_type,
                flags,
                number,
                body,
            });
        }
        Step::Bytes => {
            driver.skip_reset_checks();
            driver.receive(input.chunk());
        }
        Step::Wait => {
            let (unit, number) = (input.byte(), u64::from(input.number()));
            let time = match unit % 3 {
                0 => Duration::from_millis(number),
                1 => Duration::from_secs(number),
                _ => Duration::from_hours(number),
            };
            driver.wait(time, unit & 4 == 0);
        }
        Step::WaitForDeadline => driver.wait_for_deadline(Duration::from_millis(u64::from(input.byte()))),
        Step::Send => {
            let order = Order { text: input.chunk() };
            driver.quote(order.text);
            driver.command(|session, now| session.send(now, &order));
        }
        Step::TestRequest => driver.command(|session, now| session.test_request(now).map(|_| 0)),
        Step::Reject => {
            let (number, text) = (input.number(), input.chunk());
            driver.quote(text);
            let reason = RejectReason::from_code(u32::from(number) % 30).unwrap_or(RejectReason::Other);
            let reject = Reject::new(u64::from(number), reason).with_text(String::from_utf8_lossy(text));
            driver.command(|session, now| session.reject(now, reject));
        }
        Step::Logout => {
            let text = input.chunk();
            driver.quote(text);
            let text = (!text.is_empty()).then(|| String::from_utf8_lossy(text));
            driver.logout(text.as_deref());
        }
        Step::Decide => {
            let (way, numbers) = (input.byte(), input.number());
            let text = input.chunk();
            driver.quote(text);
            let text = String::from_utf8_lossy(text).into_owned();
            match way % 4 {
                0 => driver.refuse(Refusal::Logout(text)),
                1 => driver.refuse(Refusal::SendingTime(text)),
                2 => {
                    let sequences = Sequences {
                        next_outgoing: u64::from(numbers & 0xff) + 1,
                        next_incoming: u64::from(numbers >> 8) + 1,
                    };
                    driver.other_store(sequences);
                    driver.accept(Acceptance {
                        sequences,
                        ..Acceptance::default()
                    });
                }
                _ => driver.accept(Acceptance {
                    sequences: driver.kept(),
                    ..Acceptance::default()
                }),
            }
        }
        Step::Sign => {
            let (way, signature) = (input.byte(), input.chunk());
            driver.sign((way % 4 != 3).then(|| signature.to_vec()));
        }
        Step::Stored => {
            let number = input.byte();
            if number & 0xc0 == 0x40 {
                driver.store_fails();
            } else {
                driver.stored(usize::from(number & 0x3f));
            }
        }
        Step::Acknowledge => driver.acknowledge(u64::from(input.number())),
        Step::Hold => driver.hold(usize::from(input.byte() % 64)),
        Step::EndOfStream => driver.end_of_stream(),
        Step::Reset => driver.reset(),
        Step::Reconnect => driver.reconnect(input.byte() & 1 == 1),
        Step::SetClocks => {
            let (way, seconds) = (input.byte(), i64::from(input.number()));
            let seconds = if way & 1 == 0 { seconds } else { -seconds };
            driver.set_clocks(seconds, way & 2 == 0);
        }
    }
}

/// MsgType (35) of what the peer says.
const TYPES: [&str; 12] = ["A", "0", "1", "2", "3", "4", "5", "D", "8", "j", "ZZ", ""];

/// An application message with a text of the script's.
struct Order<'o> {
    text: &'o [u8],
}

impl EncodeBody for Order<'_> {
    fn msg_type(&self) -> &[u8] {
        b"D"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.field(11, b"order");
        if !self.text.is_empty() {
            out.field(58, self.text);
        }
    }
}

/// A script under way.
#[derive(Clone)]
struct Script(Recipe);

impl Script {
    fn new(settings: [u8; 6]) -> Script {
        Script(Recipe::new().bytes(&settings))
    }

    fn step(self, step: Step) -> Recipe {
        let at = STEPS
            .iter()
            .position(|other| *other as u8 == step as u8)
            .unwrap_or(0);
        self.0.byte(at as u8)
    }

    fn message(self, msg_type: &str, body: &str) -> Script {
        self.odd_message(msg_type, 0, 0, body)
    }

    fn odd_message(self, msg_type: &str, flags: u8, number: u16, body: &str) -> Script {
        let at = TYPES.iter().position(|other| *other == msg_type).unwrap_or(0);
        let recipe = self.step(Step::Message).byte(at as u8);
        Script(recipe.byte(flags).number(number).chunk(&wire(body)))
    }

    fn send(self, text: &str) -> Script {
        Script(self.step(Step::Send).chunk(text.as_bytes()))
    }

    /// Logs on again, on another connection: as the initiator that gets its answer, and as the acceptor that is asked.
    fn again(self) -> Script {
        let same = Recipe::new().byte(3).number(0).chunk(b"").done();
        self.then(Step::Sign, &Recipe::new().byte(0).chunk(b"c2ln").done())
            .message("A", "98=0|108=30|1137=9|")
            .then(Step::Decide, &same)
    }

    fn then(self, step: Step, bytes: &[u8]) -> Script {
        Script(self.step(step).bytes(bytes))
    }

    fn done(self) -> Vec<u8> {
        self.0.done()
    }
}

const LONG: &str =
    "a text of a hundred bytes or so, which makes it visible soon where more is kept than there should be";
const LOGON: &str = "98=0|108=30|141=Y|1137=9|";

/// What the target for initiators starts from.
#[must_use]
pub fn initiator_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for journal in 0..3 {
        let on = Script::new([0, journal, 0, 0, 0, 0]).message("A", LOGON);
        seeds.extend(conversations(&on));
        let signed = Script::new([0, journal, 0, 0, 0, 6]);
        let signed = signed.then(Step::Sign, &Recipe::new().byte(0).chunk(b"c2ln").done());
        seeds.push(signed.message("A", LOGON).send("x").done());
        let gate = journal;
        for (options, limits, types) in [(0, 0, 0), (0x10, 0, 8), (0x48, 0x20, 16), (0x6c, 0x20, 24)] {
            let again = Script::new([3, gate | options, limits, types, 0, 0]).message("A", LOGON);
            seeds.extend(retransmissions(&again));
        }
        let resumed = Script::new([2, journal, 0x14, 3, 1, 9]);
        seeds.extend(conversations(&resumed.message("A", "98=0|108=4|554=S3CR3T|")));
    }
    let refused = Script::new([1, 0, 0, 0, 0, 0]);
    seeds.push(refused.clone().message("5", "58=already exists|").done());
    seeds.push(refused.clone().message("3", "45=1|373=10|58=late|").done());
    seeds.push(
        refused
            .then(
                Step::Bytes,
                &Recipe::new().chunk(b"8=FIXT.1.1\x019=999999999\x01").done(),
            )
            .done(),
    );
    seeds
}

/// What the target for acceptors starts from.
#[must_use]
pub fn acceptor_seeds() -> Vec<Vec<u8>> {
    let accept = Recipe::new().byte(2).number(0).chunk(b"").done();
    let refuse = Recipe::new().byte(0).number(0).chunk(b"already exists").done();
    let mut seeds = Vec::new();
    for journal in 0..3 {
        let asked = Script::new([0, journal, 0, 0, 0, 0]).message("A", LOGON);
        seeds.push(asked.clone().then(Step::Decide, &refuse).done());
        seeds.extend(conversations(&asked.then(Step::Decide, &accept)));
        for (options, limits, types) in [(0, 0x80, 2), (0x10, 0x80, 10), (0x48, 0xa0, 18), (0xac, 0xa0, 26)] {
            let again = Script::new([5, journal | options, limits, types, 0, 0]).message("A", "98=0|108=30|");
            seeds.extend(retransmissions(&again.then(Step::Decide, &accept)));
        }
        let standard = Script::new([2, journal, 0x25, 3, 0, 0]).message("A", "98=0|108=0|95=6|96=S3CR3T|");
        seeds.extend(conversations(&standard.then(Step::Decide, &accept)));
    }
    seeds.push(Script::new([0; 6]).message("0", "").done());
    seeds.push(Script::new([0; 6]).message("A", "98=1|108=2|").done());
    seeds
}

/// What can follow a logon where both sides send again what was lost.
fn retransmissions(on: &Script) -> Vec<Vec<u8>> {
    let stored = |script: Script| script.then(Step::Stored, &[255]);
    let on = stored(on.clone());
    let sent = stored(
        on.clone()
            .send("one")
            .send("two")
            .message("1", "112=x|")
            .send("three"),
    );
    let asked = sent.clone().message("2", "7=2|16=0|");
    let gap = on
        .clone()
        .odd_message("8", 1, 2, "11=late|")
        .odd_message("8", 1, 1, "11=b|");
    let late = Recipe::new().byte(0).number(0).done();
    vec![
        stored(stored(asked.clone().send("four")))
            .message("2", "7=1|16=3|")
            .done(),
        stored(
            asked
                .then(Step::Hold, &[9])
                .message("2", "7=1|16=2|")
                .send("five"),
        )
        .done(),
        gap.clone()
            .odd_message("4", 0, 0, "43=Y|123=Y|36=4|")
            .message("8", "11=c|")
            .done(),
        gap.clone()
            .odd_message("8", 4, 0, "122=20260821-00:00:00|")
            .message("0", "")
            .done(),
        // What came early is more than may wait.
        (4..40)
            .fold(gap.clone(), |gap, number| {
                gap.odd_message("8", 1, number, "11=early|58=xxxxxxxxxxxxxxxxxxxxxxxx|")
            })
            .message("8", "11=b|")
            .done(),
        // Another connection, with and without what the store had not done.
        sent.clone()
            .send("lost?")
            .then(Step::Reconnect, &[0])
            .again()
            .message("2", "7=1|16=0|")
            .then(Step::Stored, &[255])
            .send("new")
            .done(),
        sent.clone()
            .send("lost")
            .then(Step::Reconnect, &[1])
            .again()
            .then(Step::SetClocks, &[1, 20, 0])
            .message("2", "7=1|16=0|")
            .then(Step::Stored, &[255])
            .done(),
        sent.clone()
            .then(Step::Reset, &[])
            .then(Step::Sign, &Recipe::new().byte(0).chunk(b"c2ln").done())
            .odd_message("A", 3, 1, LOGON)
            .then(Step::Stored, &[255])
            .send("first")
            .done(),
        // Nobody takes what is to be sent, while the peer asks, we send, and the peer asks for all of it again.
        (0..60)
            .fold(on.clone().then(Step::Hold, &[63]), |on, _| {
                on.message("1", &format!("112={LONG}|"))
            })
            .done(),
        (0..60)
            .fold(on.clone().then(Step::Hold, &[63]), |on, _| on.send(LONG))
            .done(),
        (0..20)
            .fold(
                stored((0..50).fold(on.clone(), |on, _| stored(on.send(LONG))))
                    .message("2", "7=2|16=0|")
                    .then(Step::Hold, &[40]),
                |on, _| on.then(Step::Stored, &[1]),
            )
            .done(),
        // A part of what was sent, and something new in the middle of it.
        stored(
            sent.clone()
                .message("2", "7=2|16=2|")
                .send("after")
                .message("1", "112=y|"),
        )
        .send("later")
        .done(),
        stored(
            stored((0..9).fold(on.clone(), |on, _| on.send(LONG)))
                .message("2", "7=2|16=0|")
                .send("new")
                .then(Step::Stored, &[1])
                .send("newer")
                .then(Step::Stored, &[1]),
        )
        .done(),
        (0..30)
            .fold(on.clone(), |on, _| on.then(Step::TestRequest, b""))
            .message("0", "112=30|")
            .done(),
        gap.clone()
            .message("2", "7=1|16=0|")
            .then(Step::WaitForDeadline, &late)
            .done(),
        gap.then(Step::WaitForDeadline, &[0])
            .then(Step::WaitForDeadline, &[0])
            .done(),
        sent.clone()
            .odd_message("A", 3, 1, LOGON)
            .send("again")
            .message("8", "")
            .done(),
        stored(sent.then(Step::Acknowledge, &[2, 0]))
            .then(Step::Stored, &[0x40])
            .done(),
    ]
}

/// What can follow a logon.
fn conversations(on: &Script) -> Vec<Vec<u8>> {
    let stored = |script: Script| script.then(Step::Stored, &[255]);
    let idle = |script: Script| script.then(Step::WaitForDeadline, &[0]);
    let on = stored(on.clone());
    let orders = stored(on.clone().send("one").send("two").send("a\u{1}b"));
    vec![
        orders
            .clone()
            .message("8", "11=a|150=F|")
            .message("2", "7=1|16=0|")
            .message("D", "11=b|")
            .done(),
        orders
            .clone()
            .message("4", "36=9|")
            .message("4", "123=Y|36=20|")
            .message("1", "112=x|")
            .done(),
        idle(idle(idle(
            on.clone().then(Step::TestRequest, b"").message("0", "112=1|"),
        )))
        .done(),
        on.clone()
            .odd_message("8", 1, 3, "11=late|")
            .message("8", "")
            .then(Step::EndOfStream, b"")
            .done(),
        on.clone()
            .odd_message("8", 2, 1, "")
            .message("5", "58=bye|")
            .done(),
        on.clone()
            .odd_message("8", 0x14, 2, "122=20260101-00:00:00|")
            .odd_message("8", 0x20, 0, "")
            .done(),
        on.clone()
            .odd_message("8", 0x40, 0, "")
            .message("A", LOGON)
            .done(),
        orders
            .then(Step::Hold, &[4])
            .message("1", "112=y|")
            .message("1", "112=z|")
            .message("0", "")
            .done(),
        on.clone()
            .then(Step::Logout, &Recipe::new().chunk(b"bye").done())
            .message("5", "")
            .done(),
        (0..40)
            .fold(on.clone().then(Step::Hold, &[50]), |all, _| {
                all.message("8", "11=x|").message("1", "112=y|")
            })
            .done(),
        on.then(Step::Reject, &Recipe::new().number(1).chunk(b"no").done())
            .message("3", "45=2|")
            .done(),
    ]
}
