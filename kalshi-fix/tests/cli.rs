//! The command-line program, run as a user runs it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const ORDER: &str = "8=FIXT.1.1|9=90|35=D|49=A|56=KalshiNR|34=2|52=20260525-22:38:01.097|11=x|38=10|40=2|44=0.5500|\
                     54=9|55=HIGHNY|10=118|";
const HEARTBEAT: &str = "8=FIXT.1.1|9=54|35=0|49=Kalshi|56=A|34=3|52=20260525-11:36:36.941|10=118|";

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input may be gone before it is written.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

/// The exit code, standard output and standard error.
fn told(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = run(arguments, input);
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    (
        output.status.code().expect("the program exits by itself"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A frame with its length and sum put right.
fn sealed(frame: &str, delimiter: &str) -> String {
    let wire = frame.replace('|', "\x01");
    let body = wire.find("35=").expect("a MsgType");
    let end = wire.find("\x0110=").expect("a CheckSum") + 1;
    let front = format!("8=FIXT.1.1\x019={}\x01{}", end - body, &wire[body..end]);
    let sum = front.bytes().fold(0_u8, u8::wrapping_add);
    format!("{front}10={sum:03}\x01").replace('\x01', delimiter)
}

fn scratch(name: &str, contents: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, contents).expect("the scratch directory can be written");
    path
}

fn spec(name: &str) -> String {
    format!("{}/spec/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn without_a_command_it_says_what_to_try() {
    let (code, out, error) = told(&[], "");
    assert_eq!((code, error.as_str()), (0, ""));
    for command in [
        "probe",
        "book",
        "gateway",
        "keygen",
        "decode",
        "dictionary",
        "completions",
    ] {
        assert!(
            out.contains(&format!("  kalshi-fix {command}")),
            "{command}: {out}"
        );
    }
    let widest = out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{out}");
}

#[test]
fn every_command_has_an_example() {
    let check = |command: &[&str]| {
        let (code, out, _) = told(&[command, &["--help"]].concat(), "");
        assert_eq!(code, 0, "{command:?}");
        let examples = out.split_once("Example").expect("examples").1;
        let name = format!("kalshi-fix {}", command.join(" "));
        assert!(examples.contains(name.trim_end()), "{command:?}: {out}");
    };
    for command in [
        "",
        "probe",
        "book",
        "gateway",
        "keygen",
        "decode",
        "dictionary",
        "completions",
    ] {
        check(&[command][usize::from(command.is_empty())..]);
    }
    for command in ["check", "diff", "show", "html"] {
        check(&["dictionary", command]);
    }
}

/// Every variable that a key is read from, and in eighty columns.
#[test]
fn where_keys_come_from_is_told_completely() {
    for command in ["probe", "book"] {
        let (_, out, _) = told(&[command, "--help"], "");
        for part in [
            "  KALSHI_KEY_ID ",
            "  KALSHI_PRIVATE_KEY_PATH ",
            "  KALSHI_PRIVATE_KEY ",
            "  KALSHI_PRIVATE_KEY_PASSPHRASE ",
            "KALSHI_PERPS_",
            "KALSHI_MD_KEY_ID",
        ] {
            assert!(out.contains(part), "{command}: {part}: {out}");
        }
        let (_, keys) = out.split_once("take a key from").expect("where keys come from");
        let widest = keys.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{keys}");
    }
}

#[test]
fn help_and_version_are_no_findings() {
    for arguments in [&["--help"][..], &["--version"], &["dictionary", "--help"]] {
        let (code, out, _) = told(arguments, "");
        assert_eq!(code, 0, "{arguments:?}");
        assert!(out.contains("kalshi-fix"), "{out}");
    }
    assert_eq!(told(&["decoed"], "").0, 2);
    assert!(told(&["decoed"], "").2.contains("'decode'"));
    assert!(told(&["completions", "bash"], "").1.contains("complete -F"));
}

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
        let (code, out, _) = told(&["decode", "-t", "Heartbeat"], &log);
        assert_eq!((code, out.contains("NewOrderSingle")), (0, false));
    }
}

/// What has no frame is input that cannot be read, whatever was asked for; nothing at all is no fault.
#[test]
fn an_input_without_a_frame_is_an_error() {
    let empty = scratch("empty.log", "").to_string_lossy().into_owned();
    let none = format!("kalshi-fix: {empty} is empty: no frames\n");
    let counted = "0 frames shown, 0 garbled, 0 of unknown type, 0 violations in 0 frames\n";
    for options in [
        &[][..],
        &["--validate"],
        &["--json"],
        &["--count"],
        &["--count", "--validate"],
    ] {
        let count = if options.contains(&"--count") { counted } else { "" };
        for input in [
            "junk",
            "junk \u{1}\u{0}|",
            &"x".repeat(3_000_000),
            "8=FIXT.1.1;9=5;35=0;10=241;\n",
        ] {
            let (code, out, error) = told(&[&["decode"], options].concat(), input);
            assert_eq!((code, &out[..]), (2, count), "{options:?}: {error}");
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
        assert_eq!((found.0, &found.1[..], &found.2[..]), (0, count, &none[..]));
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
            "3 frames shown, 1 garbled, 0 of unknown type, 0 violations in 0 frames\n",
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
        out.contains("     54  Side                  9  <- value is not among those listed\n"),
        "{out}"
    );
    let (code, out, _) = told(&["decode", "--validate", "--json"], &order);
    assert_eq!(code, 1);
    assert!(out.contains(r#"{"tag":54,"name":"Side","value":"9"}"#), "{out}");
    assert!(
        out.ends_with(concat!(
            r#""violations":[{"tag":54,"path":"NewOrderSingle/54","rule":"value is not among those listed","#,
            r#""session_reject_reason":5,"value":"9"}]}"#,
            "\n"
        )),
        "{out}"
    );
    assert_eq!(told(&["decode", "--validate"], &sealed(HEARTBEAT, "|")).0, 0);
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

#[test]
fn dictionaries_are_checked() {
    let (code, out, _) = told(
        &[
            "dictionary",
            "check",
            &spec("kalshi-prediction.xml"),
            &spec("kalshi-margin.xml"),
        ],
        "",
    );
    assert_eq!((code, &out[..]), (0, "2 files: no errors, no warnings\n"));
    // By their names, as elsewhere.
    let (code, out, _) = told(
        &["dictionary", "check", "--deny-warnings", "prediction", "margin"],
        "",
    );
    assert_eq!((code, &out[..]), (0, "2 files: no errors, no warnings\n"));
    let source = std::fs::read_to_string(spec("kalshi-margin.xml")).expect("the dictionary");
    let broken = scratch(
        "broken.xml",
        &source.replacen("'Price' required", "'Pricee' required", 1),
    );
    let (code, out, _) = told(&["dictionary", "check", &broken.to_string_lossy()], "");
    assert_eq!(code, 1);
    let mut lines = out.lines();
    let first = lines.next().unwrap_or_default();
    assert!(
        first.ends_with(": error: no field named \"Pricee\"; did you mean `Price`?"),
        "{out}"
    );
    let (shown, caret) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert_eq!(caret.find('^'), shown.find("Pricee"), "{out}");
    let (code, out, _) = told(&["dictionary", "check", "--json", &broken.to_string_lossy()], "");
    assert_eq!(code, 1);
    assert!(
        out.contains(r#""severity":"error","message":"no field named \"Pricee\"","suggestion":"Price"}"#),
        "{out}"
    );
    assert_eq!(told(&["dictionary", "check", "no-such-file.xml"], "").0, 2);
    let warned = scratch(
        "warned.xml",
        &source.replace(
            "</fields>",
            "<field number='9999' name='Unused' type='INT'/></fields>",
        ),
    );
    let warned = warned.to_string_lossy();
    let (code, out, _) = told(&["dictionary", "check", &warned], "");
    assert_eq!(code, 0, "{out}");
    assert!(out.ends_with("1 file: no errors, 1 warning\n"), "{out}");
    assert_eq!(
        told(&["dictionary", "check", "--deny-warnings", &warned], "").0,
        1
    );
}

const ODDITIES: &str = "\
oddities.xml:14:20: warning: `NoRelatedSym` counts a group, yet is used as a plain field
    14 |       <field name='NoRelatedSym' required=\"Y\"/>
       |                    ^

oddities.xml:15:38: warning: required='C' leaves the condition open; expected `Y` or `N`
    15 |       <field name=\"Symbol\" required='C'/>
       |                                      ^

oddities.xml:22:5: warning: component `Parties` is in no message
    22 |     <component name=\"Parties\">
       |     ^

oddities.xml:24:41: warning: required='C' leaves the condition open; expected `Y` or `N`
    24 |         <field name=\"PartyID\" required='C'/>
       |                                         ^

oddities.xml:32:5: warning: field `SecurityID` (48) is in no message
    32 |     <field number='48' name='SecurityID' type='STRING'/>
       |     ^

1 file: no errors, 5 warnings
";

/// What a venue publishes is used as it is, and its oddities are told.
#[test]
fn odd_dictionaries_pass_with_warnings() {
    let path = format!(
        "{}/tests/fixtures/dictionaries/oddities.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    let (code, out, _) = told(&["dictionary", "check", &path], "");
    assert_eq!((code, &out.replace(&path, "oddities.xml")[..]), (0, ODDITIES));
    assert_eq!(told(&["dictionary", "check", "--deny-warnings", &path], "").0, 1);
    let frame = "8=FIXT.1.1|9=0|35=5|49=A|56=B|34=1|52=20260525-22:38:01|58=bye|10=0|";
    let (code, out, _) = told(&["decode", "-d", &path], &sealed(frame, "|"));
    assert_eq!((code, out.contains("Text")), (0, true), "{out}");
}

#[test]
fn a_dictionary_has_layers() {
    let application = "<fix type='FIX' major='5' minor='0' servicepack='2'>
<messages><message name='Order' msgtype='D' msgcat='app'><field name='Side' required='Y'/></message></messages>
<fields><field number='54' name='Side' type='CHAR'/></fields>
</fix>";
    let transport = "<fix type='FIXT' major='1' minor='1'>
<header><field name='BeginString' required='Y'/></header>
<messages><message name='Logout' msgtype='5' msgcat='admin'/></messages>
<fields><field number='8' name='BeginString' type='STRING'/></fields>
</fix>";
    let overlay = "<fix>
<messages><message name='Order'><field name='Strategy' required='Y'/></message></messages>
<fields><field number='20001' name='Strategy' type='STRING'/></fields>
</fix>";
    let write = |name: &str, text: &str| scratch(name, text).to_string_lossy().into_owned();
    let (application, transport_file) = (write("app.xml", application), write("transport.xml", transport));
    let overlay_file = write("overlay.xml", overlay);
    let layers = ["--transport", &transport_file, "--overlay", &overlay_file];

    let check = |layers: &[&str]| told(&[&["dictionary", "check", &application], layers].concat(), "");
    let (code, out, _) = check(&layers);
    assert_eq!((code, &out[..]), (0, "3 files: no errors, no warnings\n"));
    // A fault of an overlay is told with the overlay's line.
    let faulty = write(
        "faulty-overlay.xml",
        &overlay.replace("'Strategy' required", "'Strategie' required"),
    );
    let (code, out, _) = check(&["--overlay", &faulty]);
    let expected = format!(
        "{faulty}:2:46: error: no field named \"Strategie\"; did you mean `Strategy`?\n     2 | …ages><message"
    );
    assert!(code == 1 && out.starts_with(&expected), "{out}");
    let (_, out, _) = check(&["--overlay", &faulty, "--json"]);
    assert!(
        out.contains(r#"faulty-overlay.xml","line":2,"column":46,"#),
        "{out}"
    );
    let other = write("other-transport.xml", &transport.replace("='8'", "='54'"));
    let (code, out, _) = check(&["--transport", &other]);
    let expected = "app.xml: error: tag 54 is `BeginString` in the transport dictionary and `Side` in the \
                    application's\n\n2 files: 1 error, no warnings\n";
    assert!(code == 1 && out.ends_with(expected), "{out}");
    assert_eq!(check(&["--overlay", "no-such-file.xml"]).0, 2);

    let new = write(
        "new-app.xml",
        &std::fs::read_to_string(&application)
            .expect("it")
            .replace("'CHAR'", "'INT'"),
    );
    let diff = |layers: &[&str]| {
        told(
            &[&["dictionary", "diff", &application, &new], layers].concat(),
            "",
        )
    };
    let (code, out, _) = diff(&layers);
    assert!(
        code == 1 && out.contains("Side (54): the type was CHAR and is INT"),
        "{out}"
    );
    // One side alone has a layer, too.
    let one = |flag: &str, file: &str| {
        told(
            &["dictionary", "diff", &application, &application, flag, file],
            "",
        )
    };
    let (code, out, _) = one("--new-overlay", &overlay_file);
    assert!(code == 1 && out.contains("Strategy"), "{out}");
    let (_, other, _) = one("--old-overlay", &overlay_file);
    assert!(other.contains("Strategy") && other != out, "{other}");
    let (_, out, _) = one("--new-transport", &transport_file);
    assert!(out.contains("Logout"), "{out}");
    assert_eq!(
        one("--overlay", &overlay_file).1,
        "The two dictionaries mean the same.\n"
    );
    let both = [
        &["dictionary", "diff", &application, &new][..],
        &layers,
        &["--new-overlay", &overlay_file],
    ]
    .concat();
    assert_eq!(told(&both, "").0, 2);
    // What the overlay gives to both is no difference.
    let mine = write(
        "mine.xml",
        "<fix><fields><field name='Side' type='STRING'/></fields></fix>",
    );
    assert_eq!(
        diff(&["--overlay", &mine]).1,
        "The two dictionaries mean the same.\n"
    );
    let (_, out, _) = told(
        &[&["dictionary", "show", "Order", "-d", &application], &layers[..]].concat(),
        "",
    );
    assert!(out.contains("Strategy"), "{out}");
}

/// The overlay that the README shows is one.
#[test]
fn the_overlay_of_the_readme_is_sound() {
    let path = format!("{}/README.md", env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(path).expect("the README");
    let (_, sample) = readme.split_once("```xml\n").expect("a sample of XML");
    let (sample, rest) = sample.split_once("```\n").expect("its end");
    assert!(!rest.contains("```xml"), "another sample, which nothing tries");
    let overlay = scratch("my-tags.xml", sample).to_string_lossy().into_owned();
    let (code, out, error) = told(&["dictionary", "check", "prediction", "--overlay", &overlay], "");
    assert_eq!(
        (code, &out[..]),
        (0, "2 files: no errors, no warnings\n"),
        "{error}"
    );
    let (_, out, _) = told(&["dictionary", "show", "Desk", "--overlay", &overlay], "");
    assert!(
        out.contains("Desk  tag 20001, STRING") && out.contains("in NewOrderSingle, Inventory\n"),
        "{out}"
    );
    let diff = [
        "dictionary",
        "diff",
        "prediction",
        "prediction",
        "--new-overlay",
        &overlay,
    ];
    assert!(told(&diff, "").1.contains("Inventory"), "{}", told(&diff, "").1);
}

#[test]
fn what_cannot_be_read_is_said_in_plain_words() {
    let check = |arguments: &[&str], input: &str, code: i32, out: &str, error: &str| {
        let found = told(arguments, input);
        assert_eq!(
            (found.0, &found.1[..], &found.2[..]),
            (code, out, error),
            "{arguments:?}"
        );
    };
    let directory = env!("CARGO_TARGET_TMPDIR");
    let is_directory = format!("kalshi-fix: cannot read {directory}: Is a directory (os error 21)\n");
    check(&["decode", directory], "", 2, "", &is_directory);
    check(&["dictionary", "check", directory], "", 2, "", &is_directory);
    let missing = "kalshi-fix: cannot read no/such.log: No such file or directory (os error 2)\n";
    check(&["decode", "no/such.log"], "", 2, "", missing);
    let typo = "kalshi-fix: \"predicton\" is neither a dialect (prediction, margin) nor a file; did you mean `prediction`?\n";
    check(&["dictionary", "diff", "predicton", "margin"], "", 2, "", typo);
    check(&["decode", "--dialect", "predicton"], "", 2, "", typo);
    check(&["dictionary", "check", "predicton"], "", 2, "", typo);
    check(&["dictionary", "show", "-d", "predicton"], "", 2, "", typo);
    check(
        &["decode", "--follow", "-"],
        "",
        2,
        "",
        "kalshi-fix: --follow needs a file\n",
    );
    let other = "kalshi-fix: standard input: no frame of type D among 1\n";
    check(&["decode", "-t", "D"], &sealed(HEARTBEAT, "|"), 0, "", other);
    check(
        &["decode", "-t", "NewOrderSingel"],
        "",
        2,
        "",
        "kalshi-fix: no message of prediction is named \"NewOrderSingel\"; did you mean `NewOrderSingle`?\n",
    );
    let junk = Path::new(directory).join("junk.xml");
    std::fs::write(&junk, b"<fix \xff\x00").expect("the scratch directory can be written");
    let junk = junk.to_string_lossy();
    let out = format!(
        "{junk}:1:6: error: the file is not UTF-8 from here on: save it as UTF-8\n\n1 file: 1 error, no warnings\n"
    );
    check(&["dictionary", "check", &junk], "", 1, &out, "");
}

#[test]
fn dictionaries_are_compared() {
    let (code, out, _) = told(&["dictionary", "diff", "margin", &spec("kalshi-margin.xml")], "");
    assert_eq!((code, &out[..]), (0, "The two dictionaries mean the same.\n"));
    let source = std::fs::read_to_string(spec("kalshi-margin.xml")).expect("the dictionary");
    let reused = scratch("reused.xml", &source.replace("'AvgPx'", "'MeanPx'"));
    let reused = reused.to_string_lossy();
    let (code, out, _) = told(&["dictionary", "diff", "margin", &reused], "");
    assert_eq!(code, 1);
    assert!(
        out.starts_with("Numbers that name something else now:\n") && out.contains("the tag 6 is MeanPx now"),
        "{out}"
    );
    let (code, out, _) = told(
        &[
            "dictionary",
            "diff",
            "margin",
            &reused,
            "--format",
            "markdown",
            "--fail-on",
            "never",
        ],
        "",
    );
    assert_eq!(code, 0);
    assert!(out.starts_with("**Verdict.** "), "{out}");
    let (_, out, _) = told(&["dictionary", "diff", "margin", &reused, "--format", "json"], "");
    assert!(
        out.contains(r#""subject":"tag reuse","place":"AvgPx (6)""#),
        "{out}"
    );
}

#[test]
fn names_are_explained() {
    let (code, out, _) = told(&["dictionary", "show", "8"], "");
    assert_eq!(code, 0);
    assert!(
        out.contains("ExecutionReport  message 8") && out.contains("BeginString  tag 8, STRING"),
        "{out}"
    );
    let (code, _, error) = told(&["dictionary", "show", "OrderQyt"], "");
    assert_eq!(code, 1);
    assert!(error.contains("did you mean `OrderQty`?"), "{error}");
    let (_, out, _) = told(&["dictionary", "show", "Side", "--json", "-d", "margin"], "");
    assert!(
        out.starts_with("[\n{\"kind\":\"field\",\"name\":\"Side\",\"tag\":54"),
        "{out}"
    );
    assert!(told(&["dictionary", "show"], "").1.contains("order-entry"));
}

/// Whatever was meant is told with the command that shows it.
#[test]
fn unknown_names_are_met_with_names_that_there_are() {
    let check = |arguments: &[&str], expected: &str| {
        let (code, out, error) = told(&[&["dictionary", "show"], arguments].concat(), "");
        assert_eq!(
            (code, &out[..], &error[..]),
            (1, "", &*format!("kalshi-fix: {expected}\n"))
        );
    };
    check(
        &["neworderSingel"],
        "nothing in prediction is called \"neworderSingel\"; did you mean `NewOrderSingle`?",
    );
    check(
        &["MarketSettlementReport", "-d", "margin"],
        "nothing in margin is called \"MarketSettlementReport\"; prediction has it: kalshi-fix dictionary show \
         MarketSettlementReport --dialect prediction",
    );
    check(
        &["settle"],
        "nothing in prediction is called \"settle\"; names with it: MarketSettlementReport, \
         ReceiveSettlementReports, SettlementPrice, MarketSettlementReportID, TotNumMarketSettlementReports, \
         NoMarketSettlementPartyIDs, and 2 more",
    );
    check(
        &["Nothing Of The Kind"],
        "nothing in prediction is called \"Nothing Of The Kind\"; without a name, `dictionary show` lists the messages",
    );
    let (code, _, error) = told(&["decode", "-d", "margin", "-t", "QuoteRequest"], "");
    assert_eq!(
        (code, &error[..]),
        (
            2,
            "kalshi-fix: no message of margin is named \"QuoteRequest\"; prediction has it: add --dialect prediction\n"
        )
    );
}

#[test]
fn a_reference_is_written() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference");
    let (code, out, _) = told(&["dictionary", "html", &directory.to_string_lossy()], "");
    assert_eq!(code, 0);
    assert!(out.ends_with("open index.html\n"), "{out}");
    let page = std::fs::read_to_string(directory.join("message-NewOrderSingle.html")).expect("a page");
    assert!(page.contains("href='field-54.html'"), "{page}");
    // A long name may go on in the next line of a narrow window, between two of its words.
    assert!(page.contains("<h1>New<wbr>Order<wbr>Single <code"), "{page}");
    let file = scratch("not-a-directory", "");
    assert_eq!(told(&["dictionary", "html", &file.to_string_lossy()], "").0, 2);
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
