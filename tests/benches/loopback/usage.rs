//! What this process uses.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of all threads, user and system.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Resident memory now, in bytes; `None` on a system that does not tell.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The highest resident memory since [`forget_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// Lets the peak begin at what is resident now.
pub(crate) fn forget_peak() {
    // Where it cannot be done, the peak is that of the whole run: too high rather than too low.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
