//! What the system tells about a running process.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The most memory that it had at once so far, in bytes (`VmHWM`).
///
/// # Errors
/// When there is no such process.
pub fn peak_memory(pid: u32) -> Result<f64> {
    let file = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    kilobytes(&status, "VmHWM:")
        .map(|kb| kb * 1024.0)
        .with_context(|| format!("{file} has no VmHWM in kB"))
}

fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// How long its present threads have run on a processor.
///
/// # Errors
/// When there is no such process, or the system does not tell.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let threads = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
    let mut nanoseconds = 0;
    for thread in threads {
        let file =
            thread.with_context(|| format!("cannot read {folder}"))?.path().join("schedstat");
        // A thread may end in the meantime.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let first = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        nanoseconds += first
            .with_context(|| format!("{} begins with {text:?}, not a number", file.display()))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_found_among_what_the_system_tells() {
        let status = "Name:\tbootstrap\nVmPeak:\t  90000 kB\nVmHWM:\t    7312 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), Some(7312.0));
        assert_eq!(kilobytes("Name:\tx\n", "VmHWM:"), None);
    }

    #[test]
    fn a_process_that_is_there_has_used_memory_and_time() {
        let pid = std::process::id();
        assert!(peak_memory(pid).unwrap() > 100_000.0);
        assert!(cpu_time(pid).unwrap() > Duration::ZERO);
        assert!(peak_memory(u32::MAX).is_err());
    }
}
