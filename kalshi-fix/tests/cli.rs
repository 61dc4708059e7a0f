//! The command-line program, run as a user runs it.

#[path = "cli/decode.rs"]
mod decode;
#[path = "cli/dictionary.rs"]
mod dictionary;

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

/// As a summary and at length, for every command that there is.
#[test]
fn help_fits_into_eighty_columns() {
    let mut commands = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        for flag in ["-h", "--help"] {
            let (code, out, _) = told(&[&command[..], &[flag]].concat(), "");
            assert_eq!(code, 0, "{command:?}");
            let wide: Vec<&str> = out.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{command:?} {flag}: {wide:#?}");
        }
        seen += 1;
        let (_, out, _) = told(&[&command[..], &["-h"]].concat(), "");
        let below = out.split_once("\nCommands:\n").map_or("", |(_, below)| below);
        let lines = below.lines().take_while(|line| !line.is_empty());
        // What is further in goes on with the line before.
        let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()) {
            // It says what the others say.
            if name != "help" {
                let name: &str = String::leak(name.to_owned());
                commands.push([&command[..], &[name]].concat());
            }
        }
    }
    assert_eq!(seen, 12);
}

/// Every variable that a key is read from.
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

/// What bash offers for the last of these words.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes() {
    let script = told(&["completions", "bash"], "").1;
    let check = |line: &str, expected: &[&str]| {
        let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let asked = format!(
            "{script}\nfunction=$(complete -p kalshi-fix | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
             COMP_WORDS=({}) COMP_CWORD={}\n$function kalshi-fix {} {}\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        // Completion speaks of its options where it cannot set them, as outside of a terminal.
        let shell = std::process::Command::new("bash")
            .args(["--norc", "-c", &asked])
            .output()
            .unwrap();
        let offered = String::from_utf8(shell.stdout).unwrap();
        let offered: Vec<&str> = offered.lines().collect();
        for word in expected {
            assert!(offered.contains(word), "{line}: {word}: {offered:?}");
        }
    };
    check("kalshi-fix d", &["decode", "dictionary"]);
    check("kalshi-fix dictionary sh", &["show"]);
    check("kalshi-fix probe --se", &["--session", "--server-name"]);
    check("kalshi-fix probe --session ", &["nr", "rfq"]);
    check("kalshi-fix dictionary html --h", &["--help"]);
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
