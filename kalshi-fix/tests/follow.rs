//! `decode --follow`: a log that grows, is cut off and is rotated, and the end by a signal.

#![cfg(unix)]

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long a line may take. It takes a fifth of a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// A heartbeat whose TestReqID (112) tells it from others.
fn heartbeat(id: &str) -> String {
    let body = format!("35=0|49=Kalshi|56=A|34=3|52=20260525-11:36:36.941|112={id}|");
    let front = format!("8=FIXT.1.1|9={}|{body}", body.len());
    let sum = front.replace('|', "\x01").bytes().fold(0_u8, u8::wrapping_add);
    format!("{front}10={sum:03}|\n")
}

fn log(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    File::create(&path).expect("the scratch directory can be written");
    path
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .expect("the log");
    file.write_all(text.as_bytes()).expect("the log can be written");
}

/// The program, following a log.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(path: &Path, arguments: &[&str]) -> Follower {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
            .args(["decode", "--follow"])
            .args(arguments)
            .arg(path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Follower { child, lines }
    }

    /// The next line that has `text` in it.
    #[track_caller]
    fn shows(&self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    /// Ends the program as a user does: the lines that it still writes, and its exit code.
    #[track_caller]
    fn end(mut self, signal: &str) -> (Vec<String>, Option<i32>) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success());
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(error @ RecvTimeoutError::Timeout) => panic!("the program goes on: {error}"),
            }
        }
        (rest, self.child.wait().expect("the program ends").code())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Where a test failed, the program would follow for ever.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_is_followed_as_it_grows() {
    let path = log("grows.log");
    append(&path, &heartbeat("first"));
    let follower = Follower::start(&path, &[]);
    follower.shows("first");
    // A frame that comes in two pieces is one frame.
    let frame = heartbeat("second");
    let (front, rest) = frame.split_at(40);
    append(&path, front);
    append(&path, rest);
    follower.shows("second");
    append(&path, &heartbeat("third"));
    follower.shows("third");
    assert_eq!(follower.end("-INT").1, Some(0));
}

#[test]
fn a_log_that_is_cut_off_begins_anew() {
    let path = log("cut.log");
    append(
        &path,
        &(heartbeat("first") + &heartbeat("second") + "8=FIXT.1.1|9=99|35=0|"),
    );
    let follower = Follower::start(&path, &[]);
    follower.shows("second");
    let file = OpenOptions::new().write(true).open(&path).expect("the log");
    file.set_len(0).expect("the log can be cut");
    follower.shows("garbled");
    append(&path, &heartbeat("anew"));
    follower.shows("anew");
    let (rest, code) = follower.end("-TERM");
    assert!(!rest.concat().contains("garbled"), "{rest:?}");
    assert_eq!(code, Some(0));
}

#[test]
fn a_log_that_is_rotated_is_followed_by_its_name() {
    let path = log("rotated.log");
    append(&path, &heartbeat("first"));
    let follower = Follower::start(&path, &["--json"]);
    follower.shows("first");
    let old = path.with_extension("log.1");
    std::fs::rename(&path, &old).expect("the log can be renamed");
    // What is written to the old file before there is a new one is not lost.
    append(&old, &heartbeat("late"));
    follower.shows("late");
    append(&path, &heartbeat("new"));
    follower.shows("new");
    assert_eq!(follower.end("-INT").1, Some(0));
}

#[test]
fn what_was_found_is_told_at_the_end() {
    let path = log("counted.log");
    // A TestReqID (112) without a value.
    append(&path, &(heartbeat("fine") + &heartbeat("")));
    let watched = Follower::start(&path, &["--validate"]);
    watched.shows("field has no value");
    assert_eq!(watched.end("-INT").1, Some(1));
}

#[test]
fn a_log_that_is_still_empty_is_followed() {
    let path = log("empty.log");
    let idle = Follower::start(&path, &["--validate"]);
    append(&path, "2026-05-25 the program begins\n");
    append(&path, &heartbeat("first"));
    idle.shows("first");
    assert_eq!(idle.end("-INT").1, Some(0));
}
