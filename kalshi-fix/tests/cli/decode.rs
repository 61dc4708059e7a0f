//! `decode`: frames found, read and judged.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{HEARTBEAT, ORDER, scratch, sealed, told};

#[test]
fn frames_are_decoded_from_any_log() {
    for delimiter in [
        "\x01", "|", "^A", "<SOH>", "\\x01", "\\u0001", "\\001", "\u{2401}",
    ] {
        let log = format!(
            "12:00:01 INFO out: {}\nnoise\n12:00:02 INFO in: {}\n",
            sealed(ORDER, delimiter),
            sealed(HEARTBEAT, delimiter)
        );
        let (code, out, _) = told(&["decode"], &log);
        assert_eq!(code, 0);
        assert!(
            out.starts_with("12:00:01 INFO out:\nNewOrderSingle (D)\n"),
            "{out}"
        );
        assert!(out.contains("\n     44  Price                 0.5500\n"), "{out}");
        assert!(
            out.contains("12:00:02 INFO in:\nHeartbeat (0)\n") && !out.contains("garbled"),
            "{out}"
        );
        let (_, out, _) = told(&["decode", "--json"], &log);
        let starts: Vec<bool> = out
            .lines()
            .zip([
                r#"{"before":"12:00:01 INFO out:","message":"NewOrderSingle","#,
                r#"{"before":"12:00:02 INFO in:","message":"Heartbeat","#,
            ])
            .map(|(line, start)| line.starts_with(start))
            .collect();
        assert_eq!(starts, [true, true], "{out}");
        let (code, out, _) = told(&["decode", "-t", "Heartbeat"], &log);
        assert_eq!((code, out.contains("NewOrderSingle")), (0, false));
    }
}

/// What has no frame is input that cannot be read, whatever was asked for; nothing at all is no fault.
#[test]
fn an_input_without_a_frame_is_an_error() {
    let empty = scratch("empty.log", "").to_string_lossy().into_owned();
    let none = format!("kalshi-fix: {empty} is empty: no frames\n");
    let counted = |judged| format!("0 frames shown, 0 garbled, 0 of unknown type, {judged}\n");
    for options in [
        &[][..],
        &["--validate"],
        &["--json"],
        &["--count"],
        &["--count", "--validate"],
    ] {
        let count = match options {
            ["--count"] => counted("not validated (add --validate)"),
            ["--count", _] => counted("0 violations in 0 frames"),
            _ => String::new(),
        };
        for input in [
            "junk",
            "junk \u{1}\u{0}|",
            &"x".repeat(3_000_000),
            "8=FIXT.1.1;9=5;35=0;10=241;\n",
        ] {
            let (code, out, error) = told(&[&["decode"], options].concat(), input);
            assert_eq!((code, &out[..]), (2, &count[..]), "{options:?}: {error}");
            let expected = format!(
                "kalshi-fix: standard input: no FIX frame in {} bytes\n",
                input.len()
            );
            assert!(
                error.starts_with(&expected) && error.contains("8=FIXT.1.1|9=5|35=0|10=241|"),
                "{error}"
            );
            let path = scratch("junk.log", input).to_string_lossy().into_owned();
            assert_eq!(told(&[&["decode", &path], options].concat(), "").0, 2);
        }
        let found = told(&[&["decode", &empty], options].concat(), "");
        assert_eq!((found.0, &found.1[..], &found.2[..]), (0, &count[..], &none[..]));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fix.log.gz");
    std::fs::write(&path, b"\x1f\x8b\x08\x00").expect("the scratch directory can be written");
    let (code, _, error) = told(&["decode", &path.to_string_lossy()], "");
    let hint = format!("gzip -dc {} | kalshi-fix decode\n", path.display());
    assert!(code == 2 && error.ends_with(&hint), "{error}");
}

#[test]
fn frames_among_junk_are_found_and_a_cut_one_is_told() {
    let frame = sealed(HEARTBEAT, "|");
    let log = format!(
        "junk\n{frame}\n8=FIXT.1.1;9=5;35=0;\n\u{0}\u{1}junk {frame} junk\n{}",
        &frame[..40]
    );
    let (code, out, error) = told(&["decode", "--count"], &log);
    assert_eq!(
        (code, &out[..], &error[..]),
        (
            0,
            "3 frames shown, 1 garbled, 0 of unknown type, not validated (add --validate)\n",
            "kalshi-fix: standard input: a place with 8=FIX is no frame, and was passed over: 8=FIXT.1.1;9=5;35=0;\n"
        )
    );
    let (code, out, _) = told(&["decode", "--validate"], &frame[..40]);
    assert!(
        code == 1 && out.contains("garbled: the frame ends before its CheckSum (10)"),
        "{out}"
    );
}

#[test]
fn violations_are_findings_when_they_are_asked_for() {
    let order = sealed(ORDER, "|");
    assert_eq!(told(&["decode"], &order).0, 0);
    let (code, out, _) = told(&["decode", "--validate"], &order);
    assert_eq!(code, 1);
    assert!(
        out.contains("     54  Side                  9  <- value is not among those listed; expected 1 (BUY), 2 (SELL)\n"),
        "{out}"
    );
    let (code, out, _) = told(&["decode", "--validate", "--json"], &order);
    assert_eq!(code, 1);
    assert!(out.contains(r#"{"tag":54,"name":"Side","value":"9"}"#), "{out}");
    assert!(
        out.ends_with(concat!(
            r#""violations":[{"tag":54,"path":"NewOrderSingle/54","rule":"value is not among those listed","#,
            r#""session_reject_reason":5,"value":"9","expected":"1 (BUY), 2 (SELL)"}]}"#,
            "\n"
        )),
        "{out}"
    );
    assert_eq!(told(&["decode", "--validate"], &sealed(HEARTBEAT, "|")).0, 0);
    let (_, out, _) = told(&["decode", "--validate", "--count"], &order);
    assert_eq!(
        out,
        "1 frame shown, 0 garbled, 0 of unknown type, 1 violation in 1 frame\n"
    );
    // The second frame's BodyLength (9) and CheckSum (10) are wrong.
    let (code, out, _) = told(&["decode", "--validate", "--count"], &(order.clone() + HEARTBEAT));
    assert_eq!(
        (code, &out[..]),
        (
            1,
            "2 frames shown, 1 garbled, 0 of unknown type, 3 violations in 2 frames\n"
        )
    );
}

#[test]
fn secrets_and_escape_sequences_do_not_come_through() {
    let logon =
        "8=FIXT.1.1|9=0|35=A|49=A|56=B|34=1|52=20260525-22:38:01|98=0|108=30|95=4|96=hush|58=\x1b[2J|10=0|";
    for arguments in [&["decode"][..], &["decode", "--json"], &["decode", "--validate"]] {
        let (_, out, _) = told(arguments, &sealed(logon, "|"));
        assert!(
            out.contains("<redacted>") && !out.contains("hush") && !out.contains('\x1b'),
            "{out}"
        );
    }
}

/// What stands in front of a frame may be the rest of a logon, by a log that begins or is cut there.
#[test]
fn secrets_do_not_come_through_in_front_of_a_frame() {
    let logon = "8=FIXT.1.1|9=0|35=A|49=A|56=B|34=1|52=20260525-22:38:01|98=0|108=30|95=14|96=TOPSECRETSIGN=|554=hunter2|\
                 1137=9|10=0|";
    let capture = sealed(logon, "\x01") + &sealed(HEARTBEAT, "\x01");
    let logon = sealed(logon, "\x01").len();
    // Every place is tried where the text is made; here it is enough to come into each secret.
    for cut in (1..logon).step_by(7) {
        for arguments in [&["decode"][..], &["decode", "--json"]] {
            let (code, out, _) = told(arguments, &capture[cut..]);
            assert_eq!(code, 0, "{cut}: {out}");
            assert!(out.contains("Heartbeat"), "{cut}: {out}");
            for part in ["SECRET", "SIGN", "hunt", "nter2"] {
                assert!(!out.contains(part), "{cut}: {out}");
            }
        }
    }
    let (_, out, _) = told(&["decode"], &capture[60..]);
    assert!(out.contains("96=<redacted>\nHeartbeat (0)\n"), "{out}");
    let line = format!("login 554=hunter2 {}", sealed(HEARTBEAT, "|"));
    assert!(
        told(&["decode"], &line)
            .1
            .starts_with("login 554=<redacted>\nHeartbeat (0)\n")
    );
    let (_, _, error) = told(&["decode"], "8=FIX;554=hunter2\n");
    assert!(!error.contains("hunter2"), "{error}");
}

/// A pipe has no end to come back to.
#[test]
#[cfg(unix)]
fn what_cannot_grow_is_not_followed() {
    let (code, _, error) = told(&["decode", "--follow", "/dev/null"], "");
    let expected = "kalshi-fix: /dev/null is no file that could grow; leave --follow out, and it is read to its end, \
                    however late that comes\n";
    assert_eq!((code, &error[..]), (2, expected));
}

#[test]
fn groups_are_nested_in_json() {
    let refresh = "8=FIXT.1.1|9=0|35=X|49=A|56=B|34=1|52=20260525-22:38:01|268=2|279=0|269=0|55=S|270=0.5|271=1|\
                   279=2|269=1|55=S|10=0|";
    let (code, out, _) = told(&["decode", "--json"], &sealed(refresh, "|"));
    assert_eq!(code, 0);
    assert!(
        out.contains(concat!(
            r#"{"tag":268,"name":"NoMDEntries","value":"2","entries":[["#,
            r#"{"tag":279,"name":"MDUpdateAction","value":"0","meaning":"NEW"}"#
        )),
        "{out}"
    );
    assert!(
        out.contains(concat!(
            r#"{"tag":271,"name":"MDEntrySize","value":"1"}],"#,
            r#"[{"tag":279,"name":"MDUpdateAction","value":"2","meaning":"DELETE"}"#
        )),
        "{out}"
    );
    assert!(
        out.contains(r#"{"tag":55,"name":"Symbol","value":"S"}]]},{"tag":10,"#),
        "{out}"
    );
}

#[test]
fn colour_is_for_terminals() {
    let order = sealed(ORDER, "|");
    assert!(!told(&["decode"], &order).1.contains('\x1b'));
    assert!(told(&["--color", "always", "decode"], &order).1.contains("\x1b["));
}

/// Whatever the length of the input, the program needs what it needs for a part of it.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_input() {
    const FRAMES: u32 = 60_000;
    /// The room that an allocator may take now or later, in KiB.
    const SLACK: u64 = 1024;
    let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
        .args(["decode", "--validate", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let peak = || -> u64 {
        let status = std::fs::read_to_string(&status).expect("the program runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .expect("a peak");
        let number = line.split_whitespace().nth(1).expect("a number");
        number.parse().expect("a number of KiB")
    };
    let mut input = child.stdin.take().expect("a pipe");
    let mut write = |frames: std::ops::Range<u32>| {
        for number in frames {
            // Other tags, values and message types all the time: nothing of them is to be remembered for good.
            let extra = format!("|{}=x{number}|10=118|", 30_000 + number % 40_000);
            let frame = match number % 3 {
                0 => ORDER.replace("|10=118|", &extra),
                1 => HEARTBEAT.replace("|10=118|", &extra),
                _ => ORDER.replace("|35=D|", &format!("|35=Z{}|", number % 9_000)),
            };
            input
                .write_all(sealed(&frame, "\x01").as_bytes())
                .expect("the program reads on");
        }
    };
    write(0..FRAMES / 10);
    let early = peak();
    write(FRAMES / 10..FRAMES);
    let late = peak();
    drop(input);
    assert_eq!(child.wait().expect("the program ends").code(), Some(1));
    assert!(
        late <= early + SLACK,
        "{early} KiB after a tenth of the frames, {late} KiB after all"
    );
}
