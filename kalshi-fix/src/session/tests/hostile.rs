//! What no honest peer does: bounds, garbage, bytes in any chunks.

use bytes::{Bytes, BytesMut};

use super::bench::Order;
use super::*;
use crate::session::{
    Acknowledgement, EarlyMessages, EndReason, Event, GapPolicy, InSessionReset, Intake, MessageTypes,
    Recovery, SendError, SessionState, StoreOperation,
};

both_roles! {
    fn garbage_between_frames(us) {
        let mut bytes = b"not fix at all\r\n".to_vec();
        bytes.extend(us.frame("35=U1|34=2"));
        bytes.extend_from_slice(b"8=FIX8=FIXT.1.1\x019=abc\x01");
        bytes.extend(us.frame("35=U1|34=3"));
        us.receive_bytes(&bytes);
        us.expect_events([
            "garbled 16: expected `8=FIX…` at the start of a frame",
            "application U1 2",
            "garbled 22: expected BodyLength (9) with one to nine digits as the second field",
            "application U1 3",
        ]);
        us.expect_sent([]);
    }

    /// A frame of 100 MB is announced: nothing is set aside for it, and what follows is read.
    fn an_oversized_frame_is_announced(us) {
        us.receive_bytes(b"8=FIXT.1.1\x019=100000000\x0135=D\x01");
        assert_eq!(us.next(), (2, 2));
        for _ in 0..1000 {
            us.receive_bytes(&[b'x'; 1000]);
        }
        us.receive("35=U1|34=2");
        let events = us.take_events();
        assert!(matches!(events.last(), Some(Event::Application(_))), "{events:?}");
        us.expect_sent([]);
    }

    /// The length announced never comes true: the peer falls silent, and that ends it.
    fn a_body_length_that_never_comes_true(us) {
        us.receive_bytes(b"8=FIXT.1.1\x019=5000\x0135=D\x01");
        assert!(matches!(us.intake, Intake::NeedMore(more) if more > 5000 && more < 5100), "{:?}", us.intake);
        us.wait(seconds(72));
        assert!(matches!(us.reason(), EndReason::PeerSilent { .. }));
    }

    fn one_byte_at_a_time(us) {
        let mut bytes = us.frame("35=U1|34=2|58=hello");
        bytes.extend(us.frame("35=1|34=3|112=x"));
        for byte in bytes {
            us.receive_bytes(&[byte]);
        }
        us.expect_events(["application U1 2"]);
        us.expect_sent(["35=0|34=2|112=x"]);
    }

    /// `handle_bytes` stops when the events are not taken, and goes on where it stopped.
    fn events_that_nobody_takes(us) {
        us.automatic = false;
        let count = 5000_u64;
        let mut buffer = BytesMut::new();
        for number in 2..2 + count {
            buffer.extend_from_slice(&us.frame(&format!("35=U1|34={number}")));
        }
        let mut taken = 0;
        loop {
            let intake = us.session.handle_bytes(us.now(), &mut buffer);
            let waiting: Vec<Event> = std::iter::from_fn(|| us.session.poll_event()).collect();
            assert!(waiting.len() <= 1024, "{}", waiting.len());
            taken += waiting.len() as u64;
            match intake {
                Intake::Drain => {}
                Intake::NeedMore(_) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(taken, count);
        assert!(buffer.is_empty());
    }

    /// A peer that asks and asks without reading the answers cannot make the queue of answers grow without
    /// bound.
    fn answers_that_nobody_reads(us) {
        us.automatic = false;
        let id = "x".repeat(10_000);
        let mut number = 2;
        let mut buffer = BytesMut::new();
        let intake = loop {
            buffer.extend_from_slice(&us.frame(&format!("35=1|34={number}|112={id}")));
            number += 1;
            let intake = us.session.handle_bytes(us.now(), &mut buffer);
            if !matches!(intake, Intake::NeedMore(_)) || number > 10_000 {
                break intake;
            }
        };
        assert_eq!(intake, Intake::Drain);
        let refused = us.session.send(us.now(), &Order("a"));
        assert!(matches!(refused, Err(SendError::Backlog { max, .. }) if max == 4 << 20), "{refused:?}");
        let mut waiting = 0;
        while let Some(transmit) = us.session.poll_transmit() {
            waiting += transmit.bytes.len();
        }
        assert!((8 << 20..9 << 20).contains(&waiting), "{waiting}");
        us.session.send(us.now(), &Order("a")).unwrap();
        assert!(matches!(us.session.handle_bytes(us.now(), &mut buffer), Intake::NeedMore(_)));
    }

    /// Two sides that send as much as they may, and fill the transport: if each waited for the other one to read before
    /// it reads itself, both would wait for ever.
    fn a_full_outbox_does_not_stop_reading(us) {
        us.automatic = false;
        let long: &'static str = "x".repeat(1 << 20).leak();
        while us.session.send(us.now(), &Order(long)).is_ok() {}
        us.receive("35=0|34=2");
        assert!(matches!(us.intake, Intake::NeedMore(_)), "{:?}", us.intake);
        assert_eq!(us.next().1, 3);
    }

    /// Garbage in many pieces is one event.
    fn garbage_does_not_fill_the_queue(us) {
        us.automatic = false;
        for _ in 0..100_000 {
            us.receive_bytes(b"xyz");
        }
        assert!(matches!(us.session.poll_event(), Some(Event::Garbled { skipped: 300_000, .. })));
        assert_eq!(us.session.poll_event(), None);
    }

    fn text_that_is_no_utf8(us) {
        let mut bytes = us.frame("35=5|34=2|58=??");
        for byte in &mut bytes {
            if *byte == b'?' {
                *byte = 0xff;
            }
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        assert!(body.contains('\u{fffd}'));
        let end = bytes.len() - 7;
        let sum = bytes[..end].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes[end..].copy_from_slice(format!("10={sum:03}\x01").as_bytes());
        us.receive_bytes(&bytes);
        us.expect_events(["logout received: Some(\"\u{fffd}\u{fffd}\")"]);
    }

    fn frames_after_the_end_are_dropped(us) {
        us.end_of_stream();
        us.receive("35=U1|34=2");
        assert_eq!(us.intake, Intake::Closed);
        assert_eq!(us.next(), (2, 2));
    }
}

/// Before the logon garbage is dropped as well, and a frame that never ends does not keep the connection open.
#[test]
fn garbage_before_the_logon() {
    for mut us in [Bench::logging_on(), Bench::listening()] {
        let state = us.session.state();
        us.receive_bytes(b"GET / HTTP/1.1\r\n\r\n");
        us.receive_bytes(b"8=FIXT.1.1\x019=100000000\x0135=A\x01");
        assert_eq!(us.session.state(), state);
        us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        if state == SessionState::AwaitingLogon {
            us.accept();
        }
        assert_eq!(us.session.state(), SessionState::Established);
        let garbled = |event: &Event| matches!(event, Event::Garbled { .. });
        assert!(us.take_events().iter().any(garbled));
    }
    for mut us in [Bench::logging_on(), Bench::listening()] {
        us.receive_bytes(b"8=FIXT.1.1\x019=5000\x0135=A\x01");
        us.wait(seconds(10));
        assert!(
            matches!(us.reason(), EndReason::LogonTimeout { .. }),
            "{:?}",
            us.reason()
        );
    }
}

/// A peer that asks for everything again and again, and reads nothing: the answers do not pile up.
#[test]
fn resend_requests_without_end() {
    for mut us in Bench::both_with(|_| {}) {
        for _ in 0..2000 {
            us.send("an order like any other, of a common length");
        }
        us.automatic = false;
        let mut buffer = BytesMut::new();
        let mut waiting = 0;
        for number in 2..2000 {
            buffer.extend_from_slice(&us.frame(&format!("35=2|34={number}|7=1|16=0")));
            let _ = us.session.handle_bytes(us.now(), &mut buffer);
            while us.session.poll_event().is_some() {}
            while let Some(operation) = us.session.poll_store() {
                if let StoreOperation::Read {
                    ticket,
                    begin,
                    end,
                    max_bytes,
                } = operation
                {
                    let page = super::bench::read(&us.journal, begin, end, max_bytes);
                    waiting += page.iter().map(|(_, frame)| frame.len()).sum::<usize>();
                    us.session.handle_read(us.now(), ticket, page);
                }
            }
        }
        assert!(waiting < 256 << 10, "{waiting}");
        let mut sent = 0;
        while let Some(transmit) = us.session.poll_transmit() {
            sent += transmit.bytes.len();
        }
        assert!(sent < 512 << 10, "{sent}");
    }
}

/// An event's frame is the driver's own buffer, not a copy.
#[test]
fn frames_share_the_receive_buffer() {
    let mut us = Bench::acceptor();
    us.automatic = false;
    let mut buffer = BytesMut::from(&us.frame("35=U1|34=2")[..]);
    let address = buffer.as_ptr();
    let _ = us.session.handle_bytes(us.now(), &mut buffer);
    let Some(Event::Application(inbound)) = us.session.poll_event() else {
        panic!("no message")
    };
    assert_eq!(inbound.frame.as_ptr(), address);
    assert_eq!(inbound.msg_type(), b"U1");
}

/// Bytes of every kind, in every chunking, in every state: no panic, no loop, and every session ends in the
/// end.
#[test]
fn arbitrary_bytes() {
    // A generator of our own: the same bytes in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let tags = [
        "35", "34", "43", "122", "123", "36", "7", "16", "112", "52", "49", "56", "98", "108", "141", "1137",
        "58", "369", "789", "45", "97",
    ];
    let values = [
        "",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "A",
        "Y",
        "N",
        "30",
        "-1",
        "Kalshi",
        "key-1",
        "18446744073709551615",
        "20260817-16:00:00.000",
        "x",
        "99999999999999999999999",
        "D",
        "j",
    ];
    for round in 0..3000 {
        let mut us = match round % 8 {
            0 => Bench::logging_on(),
            1 => Bench::listening(),
            2 => Bench::initiator(),
            3 => Bench::acceptor(),
            4..7 => {
                let [initiator, acceptor] = Bench::both_with(|settings| {
                    settings.next_expected = round % 2 == 0;
                    settings.last_processed = round % 3 == 0;
                    settings.in_session_reset = InSessionReset::Follow;
                    settings.acknowledgement = Acknowledgement::Explicit;
                    settings.gap_policy = GapPolicy::Resend(Recovery {
                        early: if round % 5 == 0 {
                            EarlyMessages::Drop
                        } else {
                            EarlyMessages::Keep {
                                max_messages: 2,
                                max_bytes: 500,
                            }
                        },
                        ..Recovery::default()
                    });
                });
                let mut us = if round % 8 == 4 { initiator } else { acceptor };
                us.gapless = false;
                for _ in 0..next(4) {
                    us.send("an order");
                }
                if next(9) == 0 {
                    us.journal.insert(2, Bytes::from_static(b"torn"));
                }
                us
            }
            _ => {
                let mut settings = Bench::venue_settings();
                settings.message_types = MessageTypes::strict(["D"], ["8"]);
                Bench::acceptor_with(settings)
            }
        };
        if round % 7 == 0 {
            us.logout(None);
        }
        let mut bytes = Vec::new();
        for _ in 0..=next(6) {
            let mut text = format!("35={}|34={}", values[next(values.len())], 1 + next(5));
            for _ in 0..next(6) {
                text = format!(
                    "{text}|{}={}",
                    tags[1 + next(tags.len() - 1)],
                    values[next(values.len())]
                );
            }
            let mut frame = us.frame(&text);
            if next(4) == 0 {
                let at = next(frame.len());
                frame[at] = next(256) as u8;
            }
            bytes.extend(frame);
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(1 + next(rest.len()));
            us.receive_bytes(chunk);
            rest = later;
            if next(7) == 0 && us.session.state() == SessionState::Established {
                us.send("another");
                us.session.acknowledge(next(6) as u64);
            }
            if next(5) == 0 {
                us.wait(seconds(next(40) as u64));
            }
        }
        if us.session.state() == SessionState::Authenticating {
            us.accept();
        }
        us.wait(seconds(200));
        if us.session.state() != SessionState::Ended {
            us.end_of_stream();
        }
        assert!(us.session.state().is_ended());
        let _ = us.reason();
    }
}
