//! What the figures are of: how they were measured, on what, and when.

use crate::figures::{Figures, Warm};
use crate::machine::Machine;
use crate::side::Function;
use crate::spread::Spread;

/// The document's first part.
pub(super) fn of(figures: &Figures) -> String {
    let quick = if figures.quick {
        "**A quick run: its figures only show that the bench works.**\n\n"
    } else {
        ""
    };
    format!(
        "# Benchmarks\n\n{quick}\
         Eden beside a plain pair of Python functions that do the same job with boto3 \
         (`benches/baseline/`: one call after the other, as people write them inline in a \
         template), in one run on one machine. This file is written by\n\n\
         ```sh\ncargo xtask bench\n```\n\n{}\n{}",
        method(figures),
        machine(figures)
    )
}

fn method(figures: &Figures) -> String {
    let moves = figures.warm.iter().filter_map(|it| it.to_write_ms);
    let is_check = |it: &&Warm| it.function == Function::HealthMonitor;
    let checks = || figures.warm.iter().filter(is_check).map(|it| it.answered_ms.eden.runs);
    format!(
        "- **Both sides** are real processes behind the same Lambda Runtime API, get the same \
         events and call the same simulated AWS over loopback. They take turns, so that whatever \
         else the machine does disturbs both. Each answer is checked: a route that did not move, \
         or a check that found something, ends the run.\n\
         - **Eden** is what `sam build` makes and users deploy. **The baseline** runs under \
         `awslambdaric`, AWS's own client of the Runtime API, pinned in \
         `benches/baseline/requirements.txt`; it makes its clients once, when it is loaded. \
         It updates the route without looking whether it is right, probes nothing, looks at \
         nothing afterwards and leaves no audit trail: Eden's times include all of that.\n\
         - **Times** are medians, with the least and the greatest in brackets: of {} cold starts \
         on each side, {} warm moves, and {} to {} health checks. What comes first is left out, \
         as it fills caches.\n\
         - **Latency** of 30 ms is what the simulated AWS waits before it does what a call asks \
         for, and answers. On TLS, each service has a port of its own, and an RSA certificate that \
         is trusted beside all those that the system trusts.\n\
         - **Ratios** are Eden's median by the baseline's: 1/5 is a fifth of the time.",
        runs(figures.cold.iter().map(|it| it.answered_ms.eden)),
        runs(moves.map(|it| it.eden)),
        checks().min().unwrap_or_default(),
        checks().max().unwrap_or_default(),
    )
}

fn runs(spreads: impl Iterator<Item = Spread>) -> usize {
    spreads.map(|it| it.runs).max().unwrap_or_default()
}

fn machine(figures: &Figures) -> String {
    let Machine { at, processor, cores, memory_gb, kernel, python, load } = &figures.machine;
    let end = figures.load_at_end;
    format!(
        "- **Machine:** {processor}, {cores} cores, {memory_gb:.0} GB, Linux {kernel}, {python}. \
         **When:** {at}. **Load** (one-minute average): {load:.2} at the start and {end:.2} at \
         the end, of which the bench itself makes one to two."
    )
}
