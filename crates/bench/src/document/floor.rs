//! What round trips take by themselves: what a caller that computes nothing would reach.

use super::table;
use crate::figures::Figures;
use crate::ground::Wire;
use crate::side::Function;
use crate::spread::Pair;

/// The section; empty when nothing was measured with latency.
pub(super) fn of(figures: &Figures) -> String {
    let moved = figures.warm(Function::IpUpdater, Wire::Plain, 1, 30);
    let first = figures.cold(Function::IpUpdater, Wire::Plain, 30);
    let (Some(moved), Some(first)) = (moved, first) else {
        return String::new();
    };
    let [to_write, _] = moved.round_trips_to_write.unwrap_or_default();
    let [to_answer, _] = moved.round_trips.unwrap_or_default();
    let one = figures.floor_ms.median;
    let row = |what: &str, trips: usize, pair: &Pair| {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let alone = trips as f64 * one;
        vec![
            what.to_owned(),
            trips.to_string(),
            format!("{alone:.1}"),
            format!("{:.3}", alone / pair.baseline.median),
            format!("{:.1}", pair.eden.median),
            format!("{:.3}", pair.ratio()),
        ]
    };
    let mut rows = Vec::new();
    if let Some(to) = &moved.to_write_ms {
        rows.push(row("event until the route is written", to_write, to));
    }
    rows.push(row("event until it is answered", to_answer, &moved.answered_ms));
    rows.push(row("start until the first event is answered", to_answer, &first.answered_ms));
    let columns =
        ["ip-updater", "round trips", "they alone (ms)", "ratio", "Eden (ms)", "Eden's ratio"];
    format!(
        "## What round trips alone take\n\nA call of AWS with 30 ms takes a caller that computes \
         nothing {} ms (over HTTP and one connection, {} times): the simulated AWS waits by a \
         timer that counts in milliseconds. By these medians, so many round trips one after the \
         other, and nothing else, have these ratios to the baseline's time:\n\n{}",
        figures.floor_ms,
        figures.floor_ms.runs,
        table(&columns, rows)
    )
}
