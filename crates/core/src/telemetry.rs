//! Logs: one JSON line an event on stdout, where Lambda collects them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at `level`. The SDK's own lines stay at `warn` unless more than `info` is asked
/// for.
pub fn start(level: LevelFilter) {
    let others = if level > LevelFilter::INFO { level } else { level.min(LevelFilter::WARN) };
    // A report is logged as JSON where it is finished: the runtime would show it once more, as Rust's
    // own notation.
    let filter = Targets::new()
        .with_default(others)
        .with_target("eden_core", level)
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    // A second start in one process keeps the first subscriber: nothing to report.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// Writes lines as they are, for whoever reads the log by machine.
pub fn write(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}
