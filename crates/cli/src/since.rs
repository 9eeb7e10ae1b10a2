//! How far back to look.

use std::time::Duration;

/// Reads a span of time: a whole number and its unit.
///
/// # Errors
/// What is accepted.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || {
        format!(
            "{text:?} is not a number of seconds, minutes, hours or days like 90s, 30m, 24h or 7d"
        )
    };
    let unit = text.chars().last().ok_or_else(expected)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| expected())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_its_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "24", "1.5h", "-1h", "24 h", "3€", "99999999999999999999d"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")) && error.contains("24h"), "{error}");
        }
    }
}
