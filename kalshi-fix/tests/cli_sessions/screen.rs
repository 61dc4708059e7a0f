//! `book` on a terminal: what stands on the screen, what keys and sizes do to it, and how the terminal is left.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::terminal::{Left, Terminal};
use super::{SYMBOL, scratch};

const WIDE: (u16, u16) = (24, 80);
const NARROW: (u16, u16) = (20, 50);
const ANOTHER: &str = "ANOTHER-23DEC31";

/// An exchange that another process of the program runs. It ends with the test, whatever becomes of that.
struct Running {
    child: Child,
    printed: BufReader<ChildStdout>,
}

impl Running {
    fn start(directory: &str, more: &[&str]) -> Running {
        Running::try_start(directory, more).expect("it goes on running")
    }

    /// `None`: it has ended at once.
    fn try_start(directory: &str, more: &[&str]) -> Option<Running> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
            .args(["gateway", directory])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let printed = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut running = Running { child, printed };
        // The description is there before anything is said.
        (!running.line().is_empty()).then_some(running)
    }

    /// At ports that it can be started at again: the first of them.
    fn start_at_ports_of_its_own(directory: &str, more: &[&str]) -> (Running, String) {
        // Below those that the system gives away.
        let first = 20_000 + std::process::id() % 8_000;
        let mut ports = (first..30_000).step_by(16).map(|port| port.to_string());
        let started = ports.find_map(|port| {
            let more = [&["--first-port", &port][..], more].concat();
            Some((Running::try_start(directory, &more)?, port))
        });
        started.expect("ten ports in a row are free")
    }

    /// The next line that it prints; empty at its end.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.printed.read_line(&mut line).expect("a line");
        line
    }

    /// Has it carry out a command.
    fn command(&mut self, command: &str) {
        let mut input = self.child.stdin.as_ref().expect("a pipe");
        writeln!(input, "{command}").expect("the command is written");
        loop {
            let line = self.line();
            if line.starts_with("done: ") {
                return;
            }
            assert!(
                !line.is_empty() && !line.starts_with("refused"),
                "{command}: {line}"
            );
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a picture of this size is there: the first line ends at the right edge, and the last one says this.
#[track_caller]
fn wait_for_size(terminal: &mut Terminal, (rows, columns): (u16, u16), foot: &str) {
    terminal.wait_until("a picture of this size", |screen| {
        let lines: Vec<String> = screen.rows(0, columns).collect();
        lines.len() == usize::from(rows)
            && lines[0].trim_end().chars().count() == usize::from(columns)
            && lines[usize::from(rows) - 1].contains(foot)
    });
}

/// The program has ended as if nothing had been there.
#[track_caller]
fn check_left(left: &Left) {
    assert_eq!(left.status.code(), Some(0), "{}", left.screen);
    assert!(left.gave_the_screen_back(), "{}", left.screen);
}

#[test]
fn a_book_its_other_side_and_its_neighbour() {
    for size in [WIDE, NARROW] {
        let mut terminal = Terminal::start(&["book", SYMBOL, ANOTHER], &[], size);
        wait_for_size(&mut terminal, size, "q quit   n as NO   Tab next market");
        let title = format!("{SYMBOL} YES 1/2");
        terminal.wait_until("a live book with bars", |screen| {
            let text = screen.contents();
            let parts = [title.as_str(), "● live", "bids", "offers", "trades", "0.", "█"];
            parts.iter().all(|part| text.contains(part))
        });
        assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
        terminal.keys("n");
        terminal.wait_for(&format!("{SYMBOL} NO 1/2"));
        terminal.wait_for("n as YES");
        terminal.keys("n");
        terminal.wait_for(&title);
        terminal.keys("\t");
        terminal.wait_for(&format!("{ANOTHER} YES 2/2"));
        // Round, and back by Shift-Tab.
        terminal.keys("\t");
        terminal.wait_for(&title);
        terminal.keys("\x1b[Z");
        terminal.wait_for(&format!("{ANOTHER} YES 2/2"));
        for (rows, columns) in [(30, 100), (12, 40), size] {
            terminal.resize(rows, columns);
            wait_for_size(&mut terminal, (rows, columns), "q quit");
        }
        terminal.keys("q");
        check_left(&terminal.left());
    }
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    for name in ["q", "Esc", "Ctrl-C", "TERM", "INT"] {
        let mut terminal = Terminal::start(&["book", SYMBOL], &[], WIDE);
        terminal.wait_for("● live");
        match name {
            "q" => terminal.keys("q"),
            "Esc" => terminal.keys("\x1b"),
            "Ctrl-C" => terminal.keys("\x03"),
            signal => terminal.signal(signal),
        }
        let left = terminal.left();
        assert_eq!(left.status.code(), Some(0), "{name}: {}", left.screen);
        assert!(left.gave_the_screen_back(), "{name}: {}", left.screen);
    }
}

/// One in the place of another has a certificate of its own and other books, and other ports as a rule.
#[test]
fn an_exchange_that_is_started_again() {
    for (size, same_ports) in [(WIDE, false), (NARROW, false), (WIDE, true)] {
        let directory = scratch(&format!("screen-again-{}-{same_ports}", size.1));
        let directory = directory.display().to_string();
        let bots = ["--bots", "3", "--bot-interval", "20"];
        let (exchange, ports) = if same_ports {
            let (exchange, first) = Running::start_at_ports_of_its_own(&directory, &bots);
            (exchange, vec!["--first-port".to_owned(), first])
        } else {
            (Running::start(&directory, &bots), Vec::new())
        };
        let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
        let mut terminal = Terminal::start(&["book", "--gateway", &directory, SYMBOL], &[], size);
        terminal.wait_until("a live book with orders", |screen| {
            let text = screen.contents();
            text.contains("● live") && text.contains('█')
        });
        drop(exchange);
        terminal.wait_until("that the book stands still, and why", |screen| {
            let text = screen.contents();
            let why = "the exchange is not running: waiting for it";
            let parts = ["○ stale", why, "start it again with", "q quit   n as NO"];
            parts.iter().all(|part| text.contains(part))
        });
        // Nobody trades there.
        let anew = Running::start(&directory, &ports);
        terminal.wait_until("the live book of another exchange, which is empty", |screen| {
            let text = screen.contents();
            let parts = ["● live", "another exchange, started ", "q quit"];
            parts.iter().all(|part| text.contains(part)) && !text.contains('█')
        });
        // And again, before the notice of the first was seen; this one has no such market.
        drop(anew);
        terminal.wait_for("the exchange is not running: waiting for it");
        let other = [&ports[..], &["--market", "ANOTHER"]].concat();
        let _other = Running::start(&directory, &other);
        terminal.wait_until("that the market is not there any more", |screen| {
            let text = screen.contents();
            text.contains("○ no such market") && text.contains("another exchange, started ")
        });
        terminal.keys("x");
        terminal.wait_until("that the notice was seen", |screen| {
            let text = screen.contents();
            text.contains("q quit   n as NO") && !text.contains("another exchange")
        });
        terminal.keys("q");
        check_left(&terminal.left());
    }
}

/// The same exchange, which ends a session and takes none for a while.
#[test]
fn a_maintenance_of_the_exchange() {
    let directory = scratch("screen-maintenance").display().to_string();
    let mut exchange = Running::start(&directory, &["--commands", "--bots", "3", "--bot-interval", "20"]);
    let mut terminal = Terminal::start(&["book", "--gateway", &directory, SYMBOL], &[], WIDE);
    terminal.wait_for("● live");
    exchange.command("maintenance begin");
    terminal.wait_until("that the book stands still, and why", |screen| {
        let text = screen.contents();
        let parts = [
            "○ stale",
            "refused: maintenance; trying again",
            "type `maintenance end`",
            "q quit   n as NO",
        ];
        parts.iter().all(|part| text.contains(part))
    });
    exchange.command("maintenance end");
    terminal.wait_until("the live book again, of the same exchange", |screen| {
        let text = screen.contents();
        text.contains("● live") && !text.contains("maintenance")
    });
    terminal.keys("q");
    let left = terminal.left();
    check_left(&left);
    assert!(!left.was_written("another exchange"), "{}", left.screen);
}

#[test]
fn a_market_that_the_exchange_has_not() {
    let directory = scratch("screen-missing").display().to_string();
    let _exchange = Running::start(&directory, &[]);
    let arguments = ["book", "--gateway", &directory, "NOPE", "BTC-PERP", SYMBOL];
    let mut terminal = Terminal::start(&arguments, &[], WIDE);
    terminal.wait_for("○ no such market");
    terminal.wait_for("the exchange has no");
    terminal.keys("\t");
    terminal.wait_for("the other product's: --product margin");
    // One without orders is a market all the same.
    terminal.keys("\t");
    terminal.wait_for("● live");
    terminal.keys("q");
    check_left(&terminal.left());
}

/// Who wants no colours gets none, and who wants them whatever the environment says has them.
#[test]
fn colours() {
    let check = |flags: &[&str], no_color: &str, expected: bool| {
        let arguments = [flags, &["book", SYMBOL]].concat();
        let mut terminal = Terminal::start(&arguments, &[("NO_COLOR", no_color)], WIDE);
        terminal.wait_until("a live book with bars", |screen| {
            let text = screen.contents();
            text.contains("● live") && text.contains('█')
        });
        terminal.keys("q");
        let left = terminal.left();
        check_left(&left);
        assert_eq!(left.was_written("38;5;"), expected, "{flags:?}, {no_color:?}");
        // In reverse video.
        assert!(
            expected || !left.was_written("\x1b[7m"),
            "{flags:?}, {no_color:?}"
        );
    };
    check(&[], "", true);
    check(&[], "1", false);
    check(&["--color", "never"], "", false);
    check(&["--color", "always"], "1", true);
}

#[test]
fn what_is_not_for_a_live_screen() {
    let left = Terminal::start(&["book", SYMBOL, "--levels", "3"], &[], WIDE).left();
    assert_eq!(left.status.code(), Some(2), "{}", left.screen);
    assert!(left.screen.contains("add --once"), "{}", left.screen);
    for more in [&["--once"][..], &["--once", "--levels", "3"], &["--json"]] {
        let left = Terminal::start(&[&["book", SYMBOL], more].concat(), &[], WIDE).left();
        assert_eq!(left.status.code(), Some(0), "{more:?}: {}", left.screen);
        assert!(!left.was_written("\x1b[?1049h"), "{more:?}: {}", left.screen);
    }
    let nowhere = scratch("screen-nowhere").display().to_string();
    let left = Terminal::start(&["book", SYMBOL, "--gateway", &nowhere], &[], WIDE).left();
    assert_eq!(left.status.code(), Some(2), "{}", left.screen);
    assert!(
        left.restored && left.screen.contains("kalshi-fix gateway"),
        "{}",
        left.screen
    );
}
