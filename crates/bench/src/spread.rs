//! What many runs of the same measured: median and spread.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// The middle of several measurements, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them are not above it.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// How many.
    pub runs: usize,
}

impl Spread {
    /// Of these measurements; none give zeros.
    pub fn of(measured: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let runs = sorted.len();
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let median = f64::midpoint(at(runs.saturating_sub(1) / 2), at(runs / 2));
        Self { median, min: at(0), max: at(runs.saturating_sub(1)), runs }
    }

    /// Of these durations, in milliseconds.
    pub fn of_ms(measured: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(measured.into_iter().map(|it| it.as_secs_f64() * 1e3))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.max < 100.0);
        let Self { median, min, max, .. } = self;
        write!(f, "{median:.digits$} ({min:.digits$} to {max:.digits$})")
    }
}

/// The same measured of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// Of Eden.
    pub eden: Spread,
    /// Of the Python pair.
    pub baseline: Spread,
}

impl Pair {
    /// Eden's median as a part of the baseline's.
    pub fn ratio(&self) -> f64 {
        self.eden.median / self.baseline.median
    }

    /// The ratio for people: `1/34`, or `0.46` when it is more than a fifth.
    pub fn ratio_text(&self) -> String {
        ratio_text(self.ratio())
    }
}

/// A ratio for people: `1/34`, or `0.46` when it is more than a fifth.
pub fn ratio_text(ratio: f64) -> String {
    if ratio.is_nan() {
        "–".to_owned()
    } else if ratio > 0.2 {
        format!("{ratio:.2}")
    } else {
        format!("1/{:.0}", 1.0 / ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        let odd = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.min, odd.max, odd.runs), (2.0, 1.0, 3.0, 3));
        assert!((Spread::of([1.0, 2.0, 4.0, 9.0]).median - 3.0).abs() < 1e-9);
        assert_eq!(Spread::of([]).runs, 0);
    }

    #[test]
    fn a_small_ratio_is_told_as_a_fraction() {
        for (ratio, text) in [(0.03, "1/33"), (0.2, "1/5"), (0.46, "0.46"), (1.5, "1.50")] {
            assert_eq!(ratio_text(ratio), text);
        }
    }
}
