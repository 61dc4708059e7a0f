//! `keygen --encrypt` in front of a terminal: the passphrase is asked for.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use kalshi_fix::credentials::PrivateKey;

use super::scratch;
use super::terminal::{Left, Terminal};

const WINDOW: (u16, u16) = (80, 100);
const ONCE: &str = "passphrase: ";
const AGAIN: &str = "the same once more: ";

/// The program in front of its first question, and where it is to write the key.
fn asked(name: &str) -> (Terminal, PathBuf) {
    let key = scratch(name).join("key.pem");
    let path = key.display().to_string();
    (Terminal::start(&["keygen", &path, "--encrypt"], &[], WINDOW), key)
}

/// A key that opens by this passphrase, and the terminal as it was. What was typed was never shown.
#[track_caller]
fn check_made(left: &Left, key: &Path, passphrase: &str) {
    assert_eq!(left.status.code(), Some(0), "{}", left.screen);
    assert!(left.restored, "{}", left.screen);
    assert!(!left.was_written(passphrase), "{}", left.screen);
    let opened = PrivateKey::from_encrypted_pem_file(key, passphrase).expect("the key opens");
    let public = fs::read_to_string(key.with_extension("pub.pem")).unwrap();
    assert_eq!(opened.public_key().to_pem().unwrap(), public);
    assert!(PrivateKey::from_pem_file(key).is_err());
}

/// Nothing was written, and the terminal is as it was.
#[track_caller]
fn check_refused(left: &Left, key: &Path, why: &str) {
    assert_eq!(left.status.code(), Some(2), "{}", left.screen);
    assert!(left.screen.contains(why), "{why}: {}", left.screen);
    assert!(left.restored, "{}", left.screen);
    check_nothing_left(key);
}

#[track_caller]
fn check_nothing_left(key: &Path) {
    let directory = fs::read_dir(key.parent().unwrap()).unwrap();
    let files: Vec<_> = directory.map(|entry| entry.unwrap().file_name()).collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn a_passphrase_that_is_typed_twice_opens_the_key() {
    let (mut terminal, key) = asked("passphrase-typed");
    terminal.wait_for(ONCE);
    terminal.keys("open sésame\r");
    terminal.wait_for(AGAIN);
    terminal.keys("open sésame\r");
    let left = terminal.left();
    check_made(&left, &key, "open sésame");
    let lines: Vec<&str> = left.screen.lines().take(2).collect();
    assert_eq!(lines, [ONCE, AGAIN], "{}", left.screen);
}

#[test]
fn a_passphrase_is_mended_while_it_is_typed() {
    let (mut terminal, key) = asked("passphrase-mended");
    terminal.wait_for(ONCE);
    // Backspace takes one character back, Ctrl-U all; other keys of control are no part of it.
    terminal.keys("wrong\x15open sésamé\x7fe\x01\x1b[A\r");
    terminal.wait_for(AGAIN);
    terminal.keys("open sésame\r");
    check_made(&terminal.left(), &key, "open sésame");
}

#[test]
fn what_is_typed_ahead_counts() {
    // Before the program has asked, perhaps before it has taken the terminal: that line ends in another byte.
    let (mut terminal, key) = asked("passphrase-ahead");
    terminal.keys("open sesame\ropen sesame\r");
    let left = terminal.left();
    assert_eq!(left.status.code(), Some(0), "{}", left.screen);
    assert!(PrivateKey::from_encrypted_pem_file(&key, "open sesame").is_ok());
}

#[test]
fn passphrases_that_protect_nothing() {
    let (mut terminal, key) = asked("passphrase-two");
    terminal.wait_for(ONCE);
    terminal.keys("open sesame\r");
    terminal.wait_for(AGAIN);
    terminal.keys("open sesam\r");
    check_refused(
        &terminal.left(),
        &key,
        "the two passphrases differ; nothing was written",
    );

    let (mut terminal, key) = asked("passphrase-empty");
    terminal.wait_for(ONCE);
    terminal.keys("\r");
    check_refused(&terminal.left(), &key, "an empty passphrase protects nothing");

    // One that would be cut off could not be typed again elsewhere.
    let (mut terminal, key) = asked("passphrase-long");
    terminal.wait_for(ONCE);
    terminal.keys(&format!("{}\r", "x".repeat(513)));
    check_refused(
        &terminal.left(),
        &key,
        "longer than 512 bytes; nothing was written",
    );
}

#[test]
fn who_thinks_better_of_it_leaves_nothing() {
    for (name, keys) in [("interrupt", "\x03"), ("end", "\x04"), ("begun", "open\x03")] {
        let (mut terminal, key) = asked(&format!("passphrase-{name}"));
        terminal.wait_for(ONCE);
        terminal.keys(keys);
        check_refused(&terminal.left(), &key, "given up; nothing was written");
    }
    let (mut terminal, key) = asked("passphrase-second");
    terminal.wait_for(ONCE);
    terminal.keys("open sesame\r");
    terminal.wait_for(AGAIN);
    terminal.keys("\x03");
    check_refused(&terminal.left(), &key, "given up; nothing was written");
}
