//! A recorded message log, played into what follows messages: the tracker, a book, or code of one's own.
//!
//! A [`Log`] reads one line at a time: a frame with whatever text in front of it, as `kalshi-fix decode` reads them, its
//! delimiter as SOH, `|` or `^A`. The time of a line is the first word in front of the frame that is one (`20260817-16:00:00.123`
//! or `2026-08-17T16:00:00.123Z`) or, where there is none, the frame's SendingTime (52). That time is the clock of what the
//! line is played into: nothing here reads another one. The log has no file: lines come from the caller.
//!
//! ```
//! use kalshi_fix::prediction::Prediction;
//! use kalshi_fix::replay::Log;
//! use kalshi_fix::tracker::{OrderState, Source, Tracker, TrackerSettings};
//! use kalshi_fix::units::PriceUnit;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = "\
//! 20260817-16:00:00.000 out 8=FIXT.1.1|9=103|35=D|49=key|56=KalshiNR|34=2|52=20260817-16:00:00.000|11=a|38=10|40=2|44=0.55|54=1|55=M|10=000|
//! 20260817-16:00:00.004 in  8=FIXT.1.1|9=140|35=8|49=Kalshi|56=key|34=2|52=20260817-16:00:00.003|6=0|11=a|14=0|17=4;7|37=o|38=10|39=0|54=1|55=M|150=0|151=10|10=000|
//! ";
//! let mut tracker = Tracker::new(TrackerSettings::default());
//! let (mut log_reader, mut events) = (Log::<Prediction>::new(), Vec::new());
//! for line in log.lines() {
//!     if let Some(recorded) = log_reader.line(line.as_bytes())? {
//!         recorded.track(Source::OrderEntry, PriceUnit::Dollars, &mut tracker, &mut events)?;
//!     }
//! }
//! assert_eq!(tracker.by_cl_ord_id("a").unwrap().state(), OrderState::New);
//! # Ok(())
//! # }
//! ```
//!
//! Lengths and checksums are not checked: a log that people can read has lost them. What cannot be decoded is an error of its
//! line, and the next line can be read all the same.

use std::time::Duration;

use fix_dialect::{Decoded, Decoder, Dialect, Malformed, SOH, Timestamp};

use crate::book::{BookEvent, Books, MarketDataProduct};
use crate::client::KalshiProduct;
use crate::tracker::{AsIncoming, AsRequest, Source, Tracker, TrackerEvent, ViewError};
use crate::units::PriceUnit;

/// Reads the lines of a log. It keeps the storage of its decoder, and nothing of a line once the next is read.
#[derive(Debug)]
pub struct Log<D: Dialect> {
    decoder: Decoder<D>,
    /// The frame of the present line, its delimiters put back.
    wire: Vec<u8>,
    line: u64,
    /// The time of the first message.
    first: Option<Timestamp>,
}

/// One message of a log.
#[derive(Debug)]
pub struct Recorded<'a, D: Dialect> {
    at: Timestamp,
    elapsed: Duration,
    is_ours: bool,
    decoded: Decoded<'a, D>,
}

/// Why a line cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The body of the frame is not a sequence of fields.
    #[error("line {line}: {source}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        source: Malformed,
    },
    /// The line is longer than any message is.
    #[error("line {line} has {length} bytes: expected {MOST_BYTES} at most")]
    TooLong {
        /// The line, from 1.
        line: u64,
        /// Its length.
        length: usize,
    },
}

impl<D: Dialect> Log<D> {
    /// A reader at the beginning of a log.
    #[must_use]
    pub fn new() -> Log<D> {
        Log {
            decoder: Decoder::new(),
            wire: Vec::new(),
            line: 0,
            first: None,
        }
    }

    /// The message of a line; `None` where it has none.
    ///
    /// # Errors
    ///
    /// Where there is a frame that cannot be read. The next line can be.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Recorded<'_, D>>, ReplayError> {
        self.line += 1;
        let number = self.line;
        if line.len() > MOST_BYTES {
            let length = line.len();
            return Err(ReplayError::TooLong { line: number, length });
        }
        let Some((before, frame)) = split(line) else {
            return Ok(None);
        };
        restore(frame, &mut self.wire);
        let decoded = self.decoder.decode(&self.wire);
        let decoded = decoded.map_err(|source| ReplayError::Malformed { line: number, source })?;
        let header = decoded.header();
        let at = time_of(before).unwrap_or(header.sending_time);
        let first = *self.first.get_or_insert(at);
        let nanos = at.unix_nanos().saturating_sub(first.unix_nanos());
        Ok(Some(Recorded {
            at,
            elapsed: Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)),
            is_ours: header.target_comp_id.starts_with(VENUE),
            decoded,
        }))
    }
}

impl<D: Dialect> Default for Log<D> {
    fn default() -> Log<D> {
        Log::new()
    }
}

impl<'a, D: Dialect> Recorded<'a, D> {
    /// When it was recorded.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How long after the first message of the log; nothing for one that was recorded as before it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Whether we sent it: its TargetCompID (56) is the venue's.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// The message, for what else is to follow it.
    #[must_use]
    pub fn decoded(&self) -> &Decoded<'a, D> {
        &self.decoded
    }

    /// Plays the message into a tracker, at the recorded time: a request of ours as sent, what the venue says as received on
    /// `source`. A logon of the venue's that starts the numbers anew counts as a connection after which reports may be
    /// missing, unless it is the first, whether the log has the end of the one before or not; a logout as the end of one; a
    /// SequenceReset (4) of the venue's that is no gap fill as a loss of messages.
    ///
    /// # Errors
    ///
    /// Where the message is about orders and cannot be read.
    pub fn track(
        &self,
        source: Source,
        unit: PriceUnit,
        tracker: &mut Tracker,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError>
    where
        D: KalshiProduct,
        D::Message<'a>: AsIncoming + AsRequest,
    {
        tracker.advance(self.at, events);
        let header = self.decoded.header();
        match (header.msg_type, self.is_ours) {
            (b"A", false) => {
                let is_reset = self.decoded.raw().field(RESET_SEQ_NUM_FLAG) == Some(b"Y");
                // The first connection finds nothing that could have been missed.
                let knows_something = tracker.has_seen_reports() || tracker.open_orders().next().is_some();
                tracker.connected(source, is_reset && knows_something, events);
            }
            // Numbers that jump, rather than a gap that is filled.
            (b"4", false) if self.decoded.raw().field(GAP_FILL_FLAG) != Some(b"Y") => {
                tracker.lost_messages(source, events);
            }
            (b"5", _) => tracker.disconnected(source, &(1..=u64::MAX), events),
            (_, true) => {
                if let Some(message) = self.decoded.message() {
                    tracker.sent(self.at, header.msg_seq_num, message, unit, events)?;
                }
            }
            (_, false) => {
                if let Some(message) = self.decoded.message() {
                    tracker.read(self.at, source, message, unit, events)?;
                }
            }
        }
        Ok(())
    }
}

impl<D: MarketDataProduct> Recorded<'_, D> {
    /// Plays the message into books, at the time since the first message of the log. Books are of the markets that were
    /// [subscribed](Books::subscribe) to there: nothing is asked of anybody. A message of ours changes none.
    pub fn update_books(&self, books: &mut Books, events: &mut Vec<BookEvent>) {
        if self.is_ours {
            return;
        }
        let now = self.elapsed;
        if let Some(message) = self.decoded.message() {
            if let Some(data) = D::market_data(message) {
                books.handle(data, now, events);
            }
        } else {
            let msg_type = self.decoded.header().msg_type;
            books.unreadable(msg_type, Some(self.decoded.raw()), now, events);
        }
    }
}

/// The text in front of a frame, and the frame.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.windows(MARK.len()).position(|window| window == MARK)?;
    let line = line.trim_ascii_end();
    (at < line.len()).then(|| line.split_at(at))
}

/// A frame with its delimiters put back.
fn restore(frame: &[u8], wire: &mut Vec<u8>) {
    wire.clear();
    // The delimiter is what stands behind BeginString (8).
    let behind = frame.iter().position(|byte| matches!(*byte, SOH | b'|' | b'^'));
    match behind.map(|at| frame[at]) {
        Some(b'|') => wire.extend(frame.iter().map(|byte| if *byte == b'|' { SOH } else { *byte })),
        Some(b'^') => {
            let mut rest = frame;
            while let Some(at) = rest.windows(2).position(|pair| pair == b"^A") {
                wire.extend_from_slice(&rest[..at]);
                wire.push(SOH);
                rest = &rest[at + 2..];
            }
            wire.extend_from_slice(rest);
        }
        _ => wire.extend_from_slice(frame),
    }
    if wire.last() != Some(&SOH) {
        wire.push(SOH);
    }
}

/// The first word that is a time.
fn time_of(before: &[u8]) -> Option<Timestamp> {
    let mut words = before.split(|byte| byte.is_ascii_whitespace() || matches!(*byte, b'[' | b']' | b','));
    words.find_map(|word| Timestamp::parse(word).or_else(|| iso(word)))
}

/// `2026-08-17T16:00:00.123Z`.
fn iso(word: &[u8]) -> Option<Timestamp> {
    let word = word.strip_suffix(b"Z")?;
    let (date, rest) = word.split_at_checked(10)?;
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let time = rest.strip_prefix(b"T")?;
    let mut text = year.to_vec();
    text.extend([*m1, *m2, *d1, *d2, b'-']);
    text.extend_from_slice(time);
    Timestamp::parse(&text)
}

/// What a frame begins with.
const MARK: &[u8] = b"8=FIX";
/// What the venue's CompIDs begin with.
const VENUE: &[u8] = b"Kalshi";
const RESET_SEQ_NUM_FLAG: u32 = 141;
const GAP_FILL_FLAG: u32 = 123;
/// No line is longer.
const MOST_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::BooksSettings;
    use crate::environment::Product;
    use crate::prediction::Prediction;
    use crate::tracker::{AccountRef, OrderState, TrackerSettings};

    fn header(msg_type: &str, number: u64, is_ours: bool) -> String {
        let (sender, target) = if is_ours {
            ("key", "KalshiNR")
        } else {
            ("Kalshi", "key")
        };
        format!("8=FIXT.1.1|9=1|35={msg_type}|49={sender}|56={target}|34={number}|52=20260817-16:00:00.000|")
    }

    fn order(id: &str, number: u64) -> String {
        format!(
            "{}11={id}|38=10|40=2|44=0.55|54=1|55=M|59=3|10=000|",
            header("D", number, true)
        )
    }

    fn trade(id: &str, exec_id: &str, cum: u32) -> String {
        format!(
            "{}6=0.5|11={id}|14={cum}|17={exec_id}|31=0.5|32={cum}|37=o-{id}|38=10|39=1|54=1|55=M|150=F|151={}|\
             136=1|137=0.01|138=USD|139=4|891=0|10=000|",
            header("8", 9, false),
            10 - cum
        )
    }

    fn play(lines: &[String]) -> (Tracker, Vec<TrackerEvent>) {
        let mut tracker = Tracker::new(TrackerSettings::default());
        let (mut log, mut events) = (Log::<Prediction>::new(), Vec::new());
        for line in lines {
            if let Some(recorded) = log.line(line.as_bytes()).expect("a line that can be read") {
                recorded
                    .track(Source::OrderEntry, PriceUnit::Dollars, &mut tracker, &mut events)
                    .expect("a message that can be tracked");
            }
        }
        (tracker, events)
    }

    #[test]
    fn a_log_in_any_form_is_played() {
        let plain = [order("a", 2), trade("a", "4;1", 4)];
        let forms: [fn(&str) -> String; 3] = [
            |line| format!("20260817-16:00:00.100 in {line}"),
            |line| format!("[2026-08-17T16:00:00.100Z] {}\r\n", line.replace('|', "^A")),
            |line| line.replace('|', "\x01"),
        ];
        for form in forms {
            let lines = [
                form(&plain[0]),
                "a remark".to_owned(),
                form(&plain[1]),
                form(&plain[1]),
            ];
            let (tracker, events) = play(&lines);
            let position = tracker.position("M", AccountRef::default()).unwrap();
            assert_eq!(position.net().unwrap().to_string(), "4");
            let fills = events
                .iter()
                .filter(|event| matches!(event, TrackerEvent::Fill(_)))
                .count();
            assert_eq!(fills, 1);
        }
    }

    #[test]
    fn the_recorded_time_is_the_clock() {
        let mut log = Log::<Prediction>::new();
        let check = |log: &mut Log<Prediction>, before: &str, expected: &str| {
            let line = format!("{before}{}", order("a", 2));
            let recorded = log.line(line.as_bytes()).unwrap().unwrap();
            assert_eq!(recorded.at().to_string(), expected);
            assert!(recorded.is_ours());
        };
        check(&mut log, "", "20260817-16:00:00.000");
        check(&mut log, "20260817-16:00:01.5 out ", "20260817-16:00:01.5");
        check(
            &mut log,
            "INFO 2026-08-17T16:00:02.123456Z ",
            "20260817-16:00:02.123456",
        );
        check(&mut log, "2026-13-17T16:00:02Z ", "20260817-16:00:00.000");
        // An immediate order that is partly filled ends as time passes in the log.
        let late = format!("20260817-16:10:00.000 {}", order("b", 3));
        let (tracker, _) = play(&[order("a", 2), trade("a", "4;1", 4), late]);
        assert_eq!(tracker.by_cl_ord_id("a").unwrap().state(), OrderState::Canceled);
    }

    #[test]
    fn sessions_of_a_log_come_and_go() {
        let logon = |number| format!("{}98=0|108=30|141=Y|10=000|", header("A", number, false));
        let logout = format!("{}10=000|", header("5", 8, false));
        let new = format!(
            "{}6=0|11=a|14=0|17=4;7|37=o|38=10|39=0|54=1|55=M|150=0|151=10|10=000|",
            header("8", 2, false)
        );
        let lines = [logon(1), order("a", 2), new, logout, logon(1)];
        assert_eq!(
            play(&lines[..3]).0.by_cl_ord_id("a").unwrap().state(),
            OrderState::New
        );
        let (tracker, _) = play(&lines);
        assert_eq!(tracker.by_cl_ord_id("a").unwrap().state(), OrderState::Unknown);
        assert_eq!(tracker.gaps().count(), 1);
    }

    #[test]
    fn a_connection_may_be_cut_without_a_logout() {
        let logon = |reset: &str| format!("{}98=0|108=30|{reset}10=000|", header("A", 1, false));
        let new = format!(
            "{}6=0|11=a|14=0|17=4;7|37=o|38=10|39=0|54=1|55=M|150=0|151=10|10=000|",
            header("8", 2, false)
        );
        let check = |lines: &[String], id: &str, expected: OrderState, gaps: usize| {
            let (tracker, _) = play(lines);
            let state = tracker.by_cl_ord_id(id).unwrap().state();
            assert_eq!((state, tracker.gaps().count()), (expected, gaps), "{lines:?}");
        };
        let (anew, on) = (logon("141=Y|"), logon(""));
        let traded = [anew.clone(), order("a", 2), new];
        check(&traded, "a", OrderState::New, 0);
        let then = |line: &String| [&traded[..], std::slice::from_ref(line)].concat();
        check(&then(&anew), "a", OrderState::Unknown, 1);
        // The numbers go on: whatever was missed is further down in the log.
        check(&then(&on), "a", OrderState::New, 0);
        // The venue's numbers jump.
        let jump = |fill: &str| format!("{}{fill}36=9|10=000|", header("4", 3, false));
        check(&then(&jump("")), "a", OrderState::Unknown, 1);
        check(&then(&jump("123=N|")), "a", OrderState::Unknown, 1);
        check(&then(&jump("123=Y|")), "a", OrderState::New, 0);
        // Of an order that was under way nobody knows.
        check(&[anew.clone(), order("b", 2)], "b", OrderState::PendingNew, 0);
        check(&[anew.clone(), order("b", 2), anew], "b", OrderState::Unknown, 0);
    }

    #[test]
    fn books_are_those_of_the_log() {
        let snapshot = format!(
            "{}55=M|268=2|269=0|270=0.40|271=10|269=1|270=0.60|271=5|10=000|",
            header("W", 2, false)
        );
        let update = format!(
            "{}268=1|279=0|55=M|269=0|270=0.45|271=3|10=000|",
            header("X", 3, false)
        );
        let broken = format!(
            "{}268=1|279=0|55=M|269=0|270=four|271=3|10=000|",
            header("X", 4, false)
        );
        let mut books = Books::new(Product::Prediction, BooksSettings::default());
        books.subscribe("M", Duration::ZERO).unwrap();
        let (mut log, mut events) = (Log::<Prediction>::new(), Vec::new());
        let mut best = |line: &str| {
            let recorded = log.line(line.as_bytes()).unwrap().unwrap();
            recorded.update_books(&mut books, &mut events);
            let book = books.book("M").unwrap();
            (
                book.is_live(),
                book.best_bid().map(|level| level.price.to_string()),
            )
        };
        assert_eq!(best(&snapshot), (true, Some("0.4000".to_owned())));
        assert_eq!(best(&update), (true, Some("0.4500".to_owned())));
        // What cannot be read leaves a book that says so.
        assert!(!best(&broken).0);
    }

    #[test]
    fn lines_that_cannot_be_read_are_told() {
        let mut log = Log::<Prediction>::new();
        let error = log.line(b"8=FIXT.1.1|nonsense|").unwrap_err();
        assert!(error.to_string().starts_with("line 1: "), "{error}");
        let long = vec![b' '; MOST_BYTES + 1];
        let error = log.line(&long).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 has 1048577 bytes: expected 1048576 at most"
        );
        assert!(log.line(order("a", 2).as_bytes()).unwrap().is_some());
        assert!(log.line(b"8=FIX").is_err() || log.line(b"").unwrap().is_none());
    }
}
