//! What a month costs, with its arithmetic.

use super::table;
use crate::cost::{self, Month};
use crate::figures::Figures;
use crate::side::Side;

/// The section.
pub(super) fn of(figures: &Figures) -> String {
    let both = Side::BOTH.map(|side| cost::month(figures, side));
    let [Some(eden), Some(python)] = both else {
        return "## Cost\n\nNot measured.".to_owned();
    };
    let row = |what: &str, how: String, of: &dyn Fn(&Month) -> String| {
        vec![what.to_owned(), how, of(&eden), of(&python)]
    };
    let dollars = |amount: f64| format!("{amount:.4}");
    let ms = |amount: f64| format!("{amount:.0}");
    let rows = [
        row("memory (MB)", "as in Eden's template, and in the plain pair's".to_owned(), &|it| {
            ms(it.memory_mb)
        }),
        row(
            "billed for a health check (ms)",
            "measured + processor × (1,769 / memory − 1)".to_owned(),
            &|it| ms(it.check_ms),
        ),
        row(
            "billed for a task event, cold (ms)",
            "the same, on TLS; with a whole processor until it asks".to_owned(),
            &|it| ms(it.event_ms),
        ),
        row(
            "durations ($)",
            format!(
                "({:.0} checks + {:.0} events) × billed × GB × {:.10}",
                cost::CHECKS,
                cost::EVENTS,
                cost::GB_SECOND
            ),
            &|it| dollars(it.durations),
        ),
        row(
            "requests ($)",
            format!("{:.0} × 0.20 / 1,000,000", cost::CHECKS + cost::EVENTS),
            &|it| dollars(it.requests),
        ),
        row("logs ($)", "measured bytes × 0.50 / GB".to_owned(), &|it| {
            format!("{:.4} ({:.1} MB)", it.logs, it.logged / 1e6)
        }),
        row("**the functions, 1 service ($)**", String::new(), &|it| {
            format!("**{:.4}**", it.functions())
        }),
        row("**the functions, 1,000 services ($)**", "× 1,000".to_owned(), &|it| {
            format!("**{:.2}**", it.functions() * 1e3)
        }),
        row(
            "what stands beside them, 1 service ($)",
            "Eden: 9 alarms, 4 metrics, a key; plain pair: 1 alarm".to_owned(),
            &|it| format!("{:.2}", it.standing),
        ),
        row("all, 1 service ($)", String::new(), &|it| {
            format!("{:.2}", it.functions() + it.standing)
        }),
        row("all, 1,000 services ($)", "× 1,000".to_owned(), &|it| {
            format!("{:.0}", (it.functions() + it.standing) * 1e3)
        }),
    ];
    format!(
        "## Cost of a month\n\nList prices of us-east-1 for x86_64, without what is free, for a \
         check every five minutes and 300 task events, each with a cold start. A Lambda function \
         of less than 1,769 MB gets that part of a processor, so its processor time counts for \
         more there; waiting does not.\n\n{}",
        table(&["", "how", "Eden", "Python"], rows)
    )
}
