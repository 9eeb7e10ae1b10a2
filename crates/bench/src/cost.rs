//! What a month costs at list prices, from measured durations and memory.

use crate::figures::{Cold, Figures, Warm};
use crate::ground::Wire;
use crate::side::{Function, Side};
use crate::spread::Pair;

/// Dollars for a GB of memory over a second, on x86_64 in us-east-1.
pub const GB_SECOND: f64 = 0.000_016_666_7;
/// Dollars for a request.
pub const REQUEST: f64 = 0.20 / 1e6;
/// Dollars for a GB of logs.
pub const LOG_GB: f64 = 0.50;
/// Every five minutes for 730 hours.
pub const CHECKS: f64 = 8_760.0;
/// Task events in a month, as in docs/costs.md.
pub const EVENTS: f64 = 300.0;
/// So much memory has one whole processor; with less, a function gets that part of one.
pub const WHOLE_PROCESSOR_MB: f64 = 1_769.0;

/// A side's month for one service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Month {
    /// The functions' memory.
    pub memory_mb: f64,
    /// What Lambda bills for a health check, in milliseconds.
    pub check_ms: f64,
    /// The same for a task event, with a cold start.
    pub event_ms: f64,
    /// What both log in the month, in bytes.
    pub logged: f64,
    /// Dollars for durations.
    pub durations: f64,
    /// Dollars for requests.
    pub requests: f64,
    /// Dollars for logs.
    pub logs: f64,
    /// Dollars a month for what stands beside the functions: alarms, metrics, key.
    pub standing: f64,
}

impl Month {
    /// What the functions cost, in dollars.
    pub fn functions(&self) -> f64 {
        self.durations + self.requests + self.logs
    }
}

/// The memory that a side's template gives to its functions, and the price of what stands beside
/// them: nine alarms at $0.10, four metrics at $0.30 and a key at $1.00 for Eden, one alarm for the
/// baseline.
fn of_template(side: Side) -> (f64, f64) {
    match side {
        Side::Eden => (128.0, 9.0 * 0.10 + 4.0 * 0.30 + 1.00),
        Side::Baseline => (256.0, 0.10),
    }
}

/// A side's month, if everything was measured that it rests on.
pub fn month(figures: &Figures, side: Side) -> Option<Month> {
    let (memory_mb, standing) = of_template(side);
    let check = figures.warm(Function::HealthMonitor, Wire::Plain, 1, 30)?;
    let moved = figures.warm(Function::IpUpdater, Wire::Tls, 1, 30)?;
    let cold = figures.cold(Function::IpUpdater, Wire::Tls, 30)?;
    let check_ms = billed_check(check, side, memory_mb);
    let event_ms = billed_event(cold, side, memory_mb);
    let gb = memory_mb / 1024.0;
    let logged = CHECKS * logged_of(check, side) + EVENTS * logged_of(moved, side);
    Some(Month {
        memory_mb,
        check_ms,
        event_ms,
        logged,
        durations: (CHECKS * check_ms + EVENTS * event_ms) / 1e3 * gb * GB_SECOND,
        requests: (CHECKS + EVENTS) * REQUEST,
        logs: logged / 1e9 * LOG_GB,
        standing,
    })
}

/// Rounded up to whole milliseconds, as Lambda does.
fn billed_check(check: &Warm, side: Side, memory_mb: f64) -> f64 {
    let (took, cpu) = (of(&check.answered_ms, side), of(&check.cpu_ms, side));
    slowed(took, cpu, memory_mb).ceil()
}

/// Until it asks for an event a function has a whole processor, whatever its memory: AWS does not
/// promise it, but people have measured it.
fn billed_event(cold: &Cold, side: Side, memory_mb: f64) -> f64 {
    let cpu = of(&cold.cpu_ms, side) - of(&cold.cpu_to_poll_ms, side);
    slowed(of(&cold.answered_ms, side), cpu.max(0.0), memory_mb).ceil()
}

/// What took so long on a whole processor, of which it used one so long, takes longer on the part
/// that this much memory has; waiting does not.
fn slowed(took_ms: f64, cpu_ms: f64, memory_mb: f64) -> f64 {
    took_ms + cpu_ms * (WHOLE_PROCESSOR_MB / memory_mb - 1.0)
}

fn of(pair: &Pair, side: Side) -> f64 {
    match side {
        Side::Eden => pair.eden.median,
        Side::Baseline => pair.baseline.median,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few kilobytes")]
fn logged_of(warm: &Warm, side: Side) -> f64 {
    let [eden, baseline] = warm.logged_bytes;
    match side {
        Side::Eden => eden as f64,
        Side::Baseline => baseline as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_uses_the_processor_is_slowed_by_a_small_part_of_one() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(slowed(100.0, 0.0, 128.0), 100.0));
        assert!(close(slowed(100.0, 10.0, WHOLE_PROCESSOR_MB), 100.0));
        assert!(close(slowed(100.0, 10.0, WHOLE_PROCESSOR_MB / 3.0), 120.0));
    }
}
