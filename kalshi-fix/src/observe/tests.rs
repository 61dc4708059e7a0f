//! The message log by itself: slow and broken writers, and files that rotate.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use fix_dialect::Timestamp;

use super::redact::Loose;
use super::*;
use crate::testing::Written;

const LONG: Duration = Duration::from_mins(1);

fn log_frame(log: &MessageLog, frame: &str) {
    let time = Timestamp::parse(b"20261122-12:00:00.123456").unwrap();
    let bytes = frame.replace('|', "\x01");
    log.frame(
        time,
        &Labels::new("prediction", "KalshiNR"),
        "out",
        bytes.as_bytes(),
    );
}

#[test]
fn lines() {
    let written = Written::default();
    let log = MessageLog::writer(written.clone(), LogQueue::default()).unwrap();
    log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    let labels = Labels::default();
    let (time, mut loose) = (Timestamp::parse(b"20261122-12:00:01").unwrap(), Loose::default());
    log.garbled(time, &labels, b"8=FIX\x0135=A\x01554=hunter2", &mut loose);
    assert!(log.flush(LONG));
    assert_eq!(
        written.text(),
        "20261122-12:00:00.123456 KalshiNR out 8=FIXT.1.1|9=5|35=0|10=163|\n\
         20261122-12:00:01.000000 - garbled 8=FIX|35=A|<11 bytes>\n"
    );
    assert_eq!(log.dropped(), 0);
}

#[test]
fn it_can_be_waited_for_as_long_as_it_takes() {
    let log = MessageLog::writer(Written::default(), LogQueue::default()).unwrap();
    log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    assert!(log.flush(Duration::MAX));
}

/// Blocks in each write until it is let go.
struct Slow(Written, mpsc::Receiver<()>, Arc<AtomicUsize>);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.2.fetch_add(1, Ordering::SeqCst);
        let _ = self.1.recv();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_slow_holds_up_nobody_and_the_log_says_what_is_missing() {
    let (written, begun) = (Written::default(), Arc::new(AtomicUsize::new(0)));
    let (go_on, gate) = mpsc::channel();
    let queue = LogQueue {
        max_bytes: 1000,
        ..LogQueue::default()
    };
    let log = MessageLog::writer(Slow(written.clone(), gate, Arc::clone(&begun)), queue).unwrap();
    log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    while begun.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    // The writer is stuck: none of these waits for it, and no more of them wait than may.
    for _ in 0..100 {
        log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    }
    let line = 66;
    assert_eq!(log.dropped(), 100 - 1000 / line);
    assert!(!log.flush(Duration::ZERO));
    drop(go_on);
    assert!(log.flush(LONG));
    log_frame(&log, "8=FIXT.1.1|9=5|35=1|10=164|");
    assert!(log.flush(LONG));
    let text = written.text();
    assert_eq!(text.lines().count() as u64, 1 + 1000 / line + 2);
    let note = format!(
        "# {} lines are missing here: they could not be written in time",
        log.dropped()
    );
    assert!(text.contains(&note), "{text}");
}

/// Fails while it is told to.
struct Broken(Written, Arc<AtomicBool>);

impl Write for Broken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full() {
    for overload in [LogOverload::DropNewest, LogOverload::Stop] {
        let (written, broken) = (Written::default(), Arc::new(AtomicBool::new(true)));
        let queue = LogQueue {
            overload,
            ..LogQueue::default()
        };
        let log = MessageLog::writer(Broken(written.clone(), Arc::clone(&broken)), queue).unwrap();
        log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
        assert!(
            log.flush(LONG),
            "what cannot be written is given up, not waited for"
        );
        assert_eq!(log.dropped(), 1);
        broken.store(false, Ordering::SeqCst);
        // The disk is tried again within a second, or never.
        for _ in 0..200 {
            log_frame(&log, "8=FIXT.1.1|9=5|35=1|10=164|");
            assert!(log.flush(LONG));
            if written.text().contains("35=1") {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if overload == LogOverload::DropNewest {
            assert!(written.text().starts_with("# "), "{}", written.text());
        } else {
            assert_eq!(written.text(), "");
            assert_eq!(log.dropped(), 201);
        }
    }
}

/// A directory of this test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("kalshi-fix-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Directory(path)
    }

    /// File names and sizes in lines.
    fn files(&self) -> Vec<(String, usize)> {
        let mut found: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let bytes = fs::read(entry.path()).unwrap();
                let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
                (entry.file_name().into_string().unwrap(), lines)
            })
            .collect();
        found.sort();
        found
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_rotate_by_size_and_are_few() {
    let directory = Directory::new("rotation");
    let mut settings = LogFiles::new(&directory.0, "orders");
    settings.max_bytes = 66 * 10;
    settings.max_files = 3;
    let log = MessageLog::files(settings.clone()).unwrap();
    for _ in 0..25 {
        log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    }
    assert!(log.flush(LONG));
    let names = |lines: [usize; 3]| {
        let names = ["orders.1.log", "orders.2.log", "orders.log"];
        names
            .map(str::to_owned)
            .into_iter()
            .zip(lines)
            .collect::<Vec<_>>()
    };
    assert_eq!(directory.files(), names([10, 10, 5]));
    // The next process goes on with the file.
    drop(log);
    let log = MessageLog::files(settings).unwrap();
    for _ in 0..17 {
        log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
    }
    assert!(log.flush(LONG));
    assert_eq!(directory.files(), names([10, 10, 2]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(directory.0.join("orders.log"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn files_rotate_by_age() {
    let directory = Directory::new("age");
    let mut settings = LogFiles::new(&directory.0, "orders");
    settings.max_age = Some(Duration::ZERO);
    settings.max_files = 2;
    let log = MessageLog::files(settings).unwrap();
    for _ in 0..3 {
        log_frame(&log, "8=FIXT.1.1|9=5|35=0|10=163|");
        assert!(log.flush(LONG));
    }
    assert_eq!(
        directory.files(),
        [("orders.1.log".to_owned(), 1), ("orders.log".to_owned(), 1)]
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let directory = Directory::new("names");
    for name in ["", "..", "a/b", "/tmp/x"] {
        assert!(
            MessageLog::files(LogFiles::new(&directory.0, name)).is_err(),
            "{name}"
        );
    }
    let mut settings = LogFiles::new(&directory.0, "orders");
    settings.max_files = 0;
    assert!(MessageLog::files(settings).is_err());
}
