//! The timeline of one history: traffic, faults, tasks, the route and what was decided.

use std::collections::BTreeMap;

use super::plots::colour;
use super::svg::Svg;
use crate::play::Played;
use crate::record::About;
use crate::spans::{Being, Span};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 120.0;
const ROW: f64 = 12.0;
/// More rows of tasks than this make nothing clearer.
const MOST_ROWS: usize = 40;

fn shade(being: Being) -> &'static str {
    match being {
        Being::Starting => "#c7d7e8",
        Being::Serving => "#7fbf7b",
        Being::Sick => "#d6604d",
        Being::Stopping => "#d9d9d9",
    }
}

/// Puts tasks that follow each other into one row.
fn rows(spans: &[Span]) -> Vec<Vec<&Span>> {
    let mut tasks: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        tasks.entry(&span.task).or_default().push(span);
    }
    let mut tasks: Vec<_> = tasks.into_values().collect();
    tasks.sort_by(|one, other| one[0].from_s.total_cmp(&other[0].from_s));
    let mut rows: Vec<Vec<&Span>> = Vec::new();
    for task in tasks {
        let free = |row: &&mut Vec<&Span>| row.last().is_none_or(|last| last.to_s < task[0].from_s);
        match rows.iter_mut().find(free) {
            Some(row) => row.extend(task),
            None => rows.push(task),
        }
    }
    rows.truncate(MOST_ROWS);
    rows
}

/// Draws a history that was played with its trace.
#[expect(clippy::cast_precision_loss, reason = "milliseconds and rows of a plot")]
pub(super) fn draw(played: &Played) -> String {
    let rows = rows(&played.spans);
    let end = played.spans.iter().map(|span| span.to_s).fold(600.0, f64::max);
    let x = |seconds: f64| LEFT + (WIDTH - LEFT - 20.0) * seconds / end;
    let height = 110.0 + rows.len() as f64 * ROW;
    let mut svg = Svg::new(WIDTH, height);
    let mut tick = 0.0;
    while tick <= end {
        svg.line((x(tick), 14.0), (x(tick), height - 8.0), "#eee");
        svg.text((x(tick) + 2.0, 11.0), &format!("{:.0} min", tick / 60.0));
        tick += 900.0;
    }
    svg.label((LEFT - 8.0, 32.0), "faults");
    svg.label((LEFT - 8.0, 52.0), "traffic");
    svg.label((LEFT - 8.0, 72.0), "decisions");
    svg.label((LEFT - 8.0, 92.0), "tasks");
    svg.rect((x(0.0), 42.0), (x(end) - x(0.0), 12.0), "#7fbf7b", "requests get through");
    for (from, to) in &played.outages {
        let title = format!("requests fail for {:.0} s", to - from);
        svg.rect((x(*from), 42.0), ((x(*to) - x(*from)).max(0.7), 12.0), "#b2182b", &title);
    }
    for line in &played.trace {
        let at = x(line.at_ms as f64 / 1000.0);
        match line.about {
            About::Fault => svg.dot((at, 28.0), "#762a83", &line.text),
            About::Decision if line.text.contains("did: ") => {
                svg.dot((at, 68.0), colour(played.policy), &line.text);
            }
            About::Broken => svg.dot((at, 68.0), "#000", &line.text),
            _ => {}
        }
    }
    for (row, spans) in rows.iter().enumerate() {
        let y = 84.0 + row as f64 * ROW;
        for span in spans {
            let title = format!("{} {:?}", span.task, span.being).to_lowercase();
            let size = ((x(span.to_s) - x(span.from_s)).max(0.7), ROW - 3.0);
            svg.rect((x(span.from_s), y), size, shade(span.being), &title);
            if span.routed {
                let size = (size.0, 3.0);
                svg.rect((x(span.from_s), y + ROW - 6.0), size, "#000", "the route leads here");
            }
        }
    }
    svg.finish()
}
