//! Where the plain pair is better.

use super::by;
use crate::cost;
use crate::figures::Figures;
use crate::instructions::grouped;
use crate::side::Side;
use crate::spread::Pair;

/// The section.
pub(super) fn of(figures: &Figures) -> String {
    let mut points = vec![
        "- **Its zip** is a few hundred bytes of source against megabytes.".to_owned(),
        "- **Calls:** it makes fewer, because it looks at less; Eden's run at the same time."
            .to_owned(),
    ];
    let worse = |pair: &Pair| pair.ratio() > 1.0;
    for it in &figures.warm {
        let on = format!(
            "{}, {} tasks, {}, {} ms a call",
            it.function,
            grouped(it.tasks.into()),
            by(it.wire),
            it.latency_ms
        );
        let measured = [("takes", &it.answered_ms), ("uses the processor for", &it.cpu_ms)];
        for (verb, pair) in measured.into_iter().filter(|(_, pair)| worse(pair)) {
            points.push(format!(
                "- **{on}:** Eden {verb} {:.1} ms, Python {:.1} ms.",
                pair.eden.median, pair.baseline.median
            ));
        }
        if it.logged_bytes[0] > it.logged_bytes[1] {
            points.push(format!(
                "- **{on}:** Eden logs {} bytes an event, Python {}.",
                it.logged_bytes[0], it.logged_bytes[1]
            ));
        }
    }
    if let [Some(eden), Some(python)] = Side::BOTH.map(|side| cost::month(figures, side)) {
        points.push(format!(
            "- **The stack's standing price:** ${:.2} a month a service against ${:.2}, for \
             alarms, metrics and an encryption key that the plain pair does not have.",
            eden.standing, python.standing
        ));
    }
    points.push("- **Building** it takes minutes; Python is not built at all.".to_owned());
    format!("## Where the plain pair is better\n\n{}", points.join("\n"))
}
