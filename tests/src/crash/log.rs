//! What the child writes down: a line a system call, so that to be killed loses a line at most, and tears none for good.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::oracle::Handled;

/// The child's two records.
#[derive(Debug)]
pub(super) struct Log {
    orders: File,
    reports: File,
    next: u64,
}

impl Log {
    /// Opens them, and learns from them which number the next order has.
    pub(super) fn open(directory: &Path) -> io::Result<Log> {
        let orders = directory.join(ORDERS);
        let next = orders_of(directory)?.last().map_or(1, |last| last + 1);
        mend(&orders)?;
        let reports = directory.join(REPORTS);
        mend(&reports)?;
        Ok(Log {
            orders: append(&orders)?,
            reports: append(&reports)?,
            next,
        })
    }

    /// The last order that was to be sent; 0 if none was.
    pub(super) const fn last(&self) -> u64 {
        self.next - 1
    }

    /// The next order is about to be sent.
    pub(super) fn intend(&mut self) -> io::Result<u64> {
        let id = self.next;
        self.orders.write_all(format!("{id}\n").as_bytes())?;
        self.next += 1;
        Ok(id)
    }

    /// A report was handled.
    pub(super) fn handled(&mut self, handled: &Handled) -> io::Result<()> {
        self.reports.write_all(format!("{handled}\n").as_bytes())
    }
}

/// The orders that were to be sent.
pub(super) fn orders_of(directory: &Path) -> io::Result<Vec<u64>> {
    whole_lines(&directory.join(ORDERS))?
        .lines()
        .map(|line| {
            line.parse()
                .map_err(|_| io::Error::other(format!("no order: {line:?}")))
        })
        .collect()
}

/// The reports that were handled.
pub(super) fn reports_of(directory: &Path) -> io::Result<Vec<Handled>> {
    whole_lines(&directory.join(REPORTS))?
        .lines()
        .map(|line| line.parse().map_err(io::Error::other))
        .collect()
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// A line that was not finished was not written.
fn mend(path: &Path) -> io::Result<()> {
    let whole = whole_lines(path)?.len() as u64;
    let file = append(path)?;
    if file.metadata()?.len() > whole {
        file.set_len(whole)?;
    }
    Ok(())
}

fn whole_lines(path: &Path) -> io::Result<String> {
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    Ok(text)
}

const ORDERS: &str = "orders.log";
const REPORTS: &str = "reports.log";
