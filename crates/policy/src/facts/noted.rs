//! Times that Eden noted in tags, which anybody may write.

use std::time::Duration;

use jiff::Timestamp;

/// Maximum lead of another clock.
const AHEAD: Duration = Duration::from_mins(2);

/// A time in a tag; what is none, or lies in the future by more than another clock may, was not
/// written by Eden, and counts as nothing.
pub fn noted_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    text.parse().ok().filter(|at| is_possible(*at, now))
}

/// Whether Eden may have noted that time by now.
pub fn is_possible(at: Timestamp, now: Timestamp) -> bool {
    at <= now.checked_add(AHEAD).unwrap_or(Timestamp::MAX)
}
