//! How long something has been, as people say it.

/// The two largest units of a number of seconds.
pub fn age(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        DAY.. => format!("{}d {}h", seconds / DAY, seconds % DAY / HOUR),
        HOUR.. => format!("{}h {}m", seconds / HOUR, seconds % HOUR / MINUTE),
        MINUTE.. => format!("{}m {}s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_two_largest_units() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (61, "1m 1s"), (7_260, "2h 1m"), (93_600, "1d 2h")]
        {
            assert_eq!(age(seconds), text);
        }
    }
}
