//! docs/benchmarks.md, written from the figures of one run.

mod better;
mod costs;
mod floor;
mod opening;

use crate::figures::{Cold, Figures, Size, Warm};
use crate::ground::Wire;
use crate::instructions::grouped;
use crate::promises::promises;
use crate::side::Function;
use crate::spread::{Pair, Spread, ratio_text};

/// The document, below the checkout's root.
pub const FILE: &str = "docs/benchmarks.md";

/// What was tried, which no run can tell.
const TRIED: &str = include_str!("tried.md");

/// The document.
pub fn of(figures: &Figures) -> String {
    let sections = [
        opening::of(figures),
        promised(figures),
        cold(&figures.cold),
        moves(figures),
        checks(figures),
        memory(figures),
        sizes(&figures.sizes),
        instructions(figures),
        simulation(figures),
        costs::of(figures),
        better::of(figures),
        floor::of(figures),
        TRIED.to_owned(),
    ];
    sections.map(|section| section.trim().to_owned()).join("\n\n") + "\n"
}

/// A table of these columns, the first of which is text and the others are figures.
fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heading: Vec<String> = columns.iter().map(|&it| it.to_owned()).collect();
    let rule = format!("|---|{}\n", "---:|".repeat(columns.len() - 1));
    let rows: String = rows.into_iter().map(|cells| line(&cells)).collect();
    line(&heading) + &rule + &rows
}

fn row(what: impl Into<String>, pair: &Pair) -> Vec<String> {
    vec![what.into(), pair.ratio_text(), pair.eden.to_string(), pair.baseline.to_string()]
}

fn promised(figures: &Figures) -> String {
    let rows = promises(figures).into_iter().map(|it| {
        let kept = if it.is_met() { "yes" } else { "**no**" };
        vec![it.what.clone(), it.measured_text(), it.at_most_text(), kept.to_owned()]
    });
    let table = table(&["what", "measured", "at most", "kept"], rows);
    format!(
        "## What is promised\n\nRatios to the baseline, in this run. The command fails when one is \
         not kept.\n\n{table}"
    )
}

fn by(wire: Wire) -> &'static str {
    match wire {
        Wire::Plain => "HTTP",
        Wire::Tls => "TLS",
    }
}

fn cold(figures: &[Cold]) -> String {
    let rows = figures.iter().flat_map(|it| {
        let on = format!("{}, {}, {} ms a call", it.function, by(it.wire), it.latency_ms);
        // Nothing is called before the first event, so its latency does not matter.
        let start = (it.latency_ms == 0).then(|| {
            row(format!("{}, {}: until it asks", it.function, by(it.wire)), &it.first_poll_ms)
        });
        let cpu = (it.latency_ms == 0).then(|| row(format!("{on}: processor time"), &it.cpu_ms));
        start
            .into_iter()
            .chain([row(format!("{on}: until it has answered"), &it.answered_ms)])
            .chain(cpu)
    });
    let table = table(&["from the start of the process (ms)", "ratio", "Eden", "Python"], rows);
    format!(
        "## Cold start\n\nThe process is started for an event that waits for it, as in Lambda. \
         *Asks* is its first `GET /runtime/invocation/next`. ip-updater moves the route, looks \
         again and writes its audit event before it answers; health-monitor checks a service of \
         one task.\n\n{table}"
    )
}

fn moves(figures: &Figures) -> String {
    let of = |it: &&Warm| it.function == Function::IpUpdater;
    let rows = figures.warm.iter().filter(of).flat_map(|it| {
        let on = format!("{}, {} ms a call", by(it.wire), it.latency_ms);
        let write = it.to_write_ms.as_ref().map(|to| row(format!("{on}: until it is written"), to));
        write.into_iter().chain([
            row(format!("{on}: until it is answered"), &it.answered_ms),
            row(format!("{on}: processor time"), &it.cpu_ms),
        ])
    });
    let table = table(&["from the event (ms)", "ratio", "Eden", "Python"], rows);
    let trips = figures.warm(Function::IpUpdater, Wire::Plain, 1, 30).map(|it| {
        let [to_write, python_to_write] = it.round_trips_to_write.unwrap_or_default();
        let [all, python] = it.round_trips.unwrap_or_default();
        format!(
            "Round trips that wait for one another until the route is written: {to_write} and \
             {python_to_write}; until the event is answered: {all} and {python}. Calls in all: {} \
             and {}. Eden's others look at the service, all integrations and stages, look again \
             after the write, and leave an audit event.",
            it.calls[0], it.calls[1]
        )
    });
    format!(
        "## Moving the route, warm\n\nA process that has answered before; the route leads \
         nowhere, and the event tells of a task that runs.\n\n{table}\n{}",
        trips.unwrap_or_default()
    )
}

fn checks(figures: &Figures) -> String {
    let of = |it: &&Warm| it.function == Function::HealthMonitor;
    let rows = figures.warm.iter().filter(of).map(|it| {
        let what = format!("{} tasks, {} ms a call", grouped(it.tasks.into()), it.latency_ms);
        let mut cells = row(what, &it.answered_ms);
        let trips = it.round_trips.map(|[eden, python]| format!("{eden} / {python}"));
        cells.push(trips.unwrap_or_default());
        cells.push(format!("{} / {}", it.calls[0], it.calls[1]));
        cells.push(format!("{:.1} / {:.1}", it.cpu_ms.eden.median, it.cpu_ms.baseline.median));
        cells
    });
    let columns = [
        "a check of",
        "ratio",
        "Eden (ms)",
        "Python (ms)",
        "round trips",
        "calls",
        "processor (ms)",
    ];
    format!(
        "## A health check, warm\n\nOf a service that is well. Besides what Python reads, Eden \
         reads the tasks that stopped, their addresses, the alarm, the route and the stages with \
         their deployments, asks the API at its own URL and probes a task. Pairs are Eden's and \
         Python's.\n\n{}",
        table(&columns, rows)
    )
}

fn memory(figures: &Figures) -> String {
    let rows = figures.warm.iter().filter(|it| it.latency_ms == 0).map(|it| {
        let on = format!("{}, {} tasks, {}", it.function, grouped(it.tasks.into()), by(it.wire));
        row(on, &it.peak_mb).into_iter().map(|it| first_word(&it)).collect()
    });
    let table = table(&["after all events (MB)", "ratio", "Eden", "Python"], rows);
    format!("## Peak resident memory\n\n`VmHWM` of the process.\n\n{table}")
}

/// A single measurement needs no spread; a name is left as it is.
fn first_word(cell: &str) -> String {
    cell.split_once(" (").map_or(cell, |(median, _)| median).to_owned()
}

fn sizes(figures: &[Size]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "more digits than anybody reads")]
    let number = |bytes: u64| bytes as f64;
    let mb = |bytes: u64| format!("{:.2} MB", number(bytes) / 1e6);
    let rows = figures.iter().map(|it| {
        let python = format!("{:.1} kB", number(it.baseline_zip_bytes) / 1e3);
        vec![it.function.to_string(), mb(it.binary_bytes), mb(it.zip_bytes), python]
    });
    format!(
        "## Size\n\nPython's zip holds its source only: AWS's runtime brings interpreter and boto3 \
         along.\n\n{}",
        table(&["", "Eden's binary", "its zip", "Python's zip"], rows)
    )
}

fn instructions(figures: &Figures) -> String {
    if figures.instructions.is_empty() {
        return "## Instructions\n\nNot counted: valgrind is not installed.".to_owned();
    }
    let rows = figures.instructions.iter().flat_map(|it| {
        let of = |what: &str, eden: &Spread, python: &Spread| {
            let millions = |it: f64| format!("{:.2}", it / 1e6);
            let spread = (eden.max - eden.min) / eden.median * 100.0;
            vec![
                format!("{}, {what}", it.function),
                ratio_text(eden.median / python.median),
                format!("{} (± {:.2} %)", millions(eden.median), spread / 2.0),
                millions(python.median),
            ]
        };
        [
            of("until it asks for an event", &it.start, &it.baseline_start),
            of("one warm event", &it.event, &it.baseline_event),
        ]
    });
    let table = table(&["millions of instructions", "ratio", "Eden", "Python"], rows);
    let runs = figures.instructions.first().map_or(0, |it| it.start.runs);
    format!(
        "## Instructions\n\nCounted by valgrind's callgrind, Eden's {runs} times and Python's \
         once, over plain HTTP. `benches/instructions.json` bounds Eden's counts a few percent \
         above these, and `cargo xtask e2e` checks them on the binaries that it deploys. Of what \
         varies, hash tables with random seeds and the order in which answers come make the \
         most.\n\n{table}"
    )
}

fn simulation(figures: &Figures) -> String {
    let it = &figures.simulation;
    format!(
        "## Simulation\n\n{} histories under {} policies each, in {:.1} s on {} cores: {:.0} calls \
         of AWS at the wire and {:.0} simulated hours a second.",
        it.histories,
        it.policies,
        it.seconds,
        figures.machine.cores,
        it.calls_per_second,
        it.hours_per_second,
    )
}
