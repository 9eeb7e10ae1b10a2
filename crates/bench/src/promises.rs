//! What Eden promises about its speed and size, as data: the document and the command's exit status
//! say whether it is kept.

use std::fmt;

use crate::figures::Figures;
use crate::ground::Wire;
use crate::side::Function;
use crate::spread::ratio_text;

/// A figure and the most that it may be.
#[derive(Debug, Clone)]
pub struct Promise {
    /// What is measured.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// The most that it may be.
    pub at_most: f64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Ratio,
    RoundTrips,
    Milliseconds,
    Megabytes,
}

impl Promise {
    /// Whether it is kept.
    pub fn is_met(&self) -> bool {
        self.measured <= self.at_most
    }

    /// What was measured, for people.
    pub fn measured_text(&self) -> String {
        self.unit.text(self.measured)
    }

    /// What it may be, for people.
    pub fn at_most_text(&self) -> String {
        self.unit.text(self.at_most)
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Ratio => ratio_text(value),
            Self::RoundTrips => format!("{value:.0}"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Megabytes => format!("{value:.2} MB"),
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, at most {}", self.what, self.measured_text(), self.at_most_text())
    }
}

/// Every promise, with what this run measured.
pub fn promises(figures: &Figures) -> Vec<Promise> {
    use Function::{HealthMonitor, IpUpdater};
    use Wire::{Plain, Tls};
    let mut all = Vec::new();
    let mut promise = |what: String, unit, measured: Option<f64>, at_most| {
        // What was not measured was not kept.
        all.push(Promise { what, measured: measured.unwrap_or(f64::INFINITY), at_most, unit });
    };
    for function in Function::BOTH {
        let start = figures.cold(function, Plain, 0).map(|it| it.first_poll_ms.ratio());
        let what = format!("{function}: start until it asks for an event");
        promise(what, Unit::Ratio, start, 1.0 / 30.0);
    }
    for (wire, by) in [(Plain, "HTTP"), (Tls, "TLS")] {
        let first = figures.cold(IpUpdater, wire, 30).map(|it| it.answered_ms.ratio());
        let what =
            format!("ip-updater: start until its first event is answered, 30 ms a call, {by}");
        promise(what, Unit::Ratio, first, 1.0 / 5.0);
    }
    let moved = figures.warm(IpUpdater, Plain, 1, 30);
    let to_write = moved.and_then(|it| it.to_write_ms.as_ref()).map(crate::spread::Pair::ratio);
    let what = "ip-updater: event until the route is written, 30 ms a call".to_owned();
    promise(what, Unit::Ratio, to_write, 0.47);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let trips = moved.and_then(|it| it.round_trips_to_write).map(|[eden, _]| eden as f64);
    promise("ip-updater: round trips of that".to_owned(), Unit::RoundTrips, trips, 2.0);
    for function in Function::BOTH {
        let memory = figures.warm(function, Plain, 1, 0).map(|it| it.peak_mb.ratio());
        promise(format!("{function}: peak memory"), Unit::Ratio, memory, 1.0 / 10.0);
    }
    for size in &figures.sizes {
        #[expect(clippy::cast_precision_loss, reason = "more digits than anybody reads")]
        let megabytes = size.zip_bytes as f64 / 1e6;
        // The checks that keep health-monitor from doing harm are in its binary alone.
        let most = if size.function == HealthMonitor { 2.6 } else { 2.5 };
        promise(format!("{}: zip", size.function), Unit::Megabytes, Some(megabytes), most);
    }
    let check = figures.warm(HealthMonitor, Plain, 1_000, 30);
    let what = "health-monitor: check of 1,000 tasks, 30 ms a call".to_owned();
    promise(what, Unit::Milliseconds, check.map(|it| it.answered_ms.eden.median), 400.0);
    all
}
