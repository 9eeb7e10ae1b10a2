//! The report: one page that needs nothing else, and its plots as files.

mod plots;
mod svg;
mod timeline;

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use crate::play::Played;
use crate::summary::Summary;
use svg::escape;

/// Writes `index.html` and the plots to a folder, which is made if it is not there. `shown` are the
/// histories, played with their traces, whose timelines the page has.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, summary: &Summary, shown: &[Played], command: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let plots = [
        ("downtime.svg", "Downtime by fault", plots::downtime(summary)),
        ("recovery.svg", "Time to recovery", plots::recovery(summary)),
        ("actions.svg", "Actions in a hundred histories", plots::actions(summary)),
    ];
    let mut page = head(summary, command);
    for (name, title, plot) in &plots {
        fs::write(folder.join(name), plot)?;
        let _ = writeln!(page, "<h2>{title}</h2>\n{plot}");
    }
    page.push_str("<h2>Histories</h2>\n<p>Hover for what something is. A black line marks the task that the route leads to.</p>\n");
    for played in shown {
        let drawn = timeline::draw(played);
        let name = format!("{}-{}.svg", played.name.replace([' ', ':'], "-"), played.policy);
        fs::write(folder.join(name), &drawn)?;
        let title = format!("{}, {}", played.name, played.policy.title());
        let _ = writeln!(
            page,
            "<h3>{}: {:.0} s of downtime</h3>\n{drawn}\n{}",
            escape(&title),
            played.downtime_s,
            steps(played)
        );
    }
    page.push_str("</body>\n</html>\n");
    fs::write(folder.join("index.html"), page)
}

/// The history step by step, folded.
fn steps(played: &Played) -> String {
    let lines: String = played.trace.iter().map(|line| escape(&format!("{line}\n"))).collect();
    format!("<details><summary>step by step</summary><pre>{lines}</pre></details>")
}

fn head(summary: &Summary, command: &str) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Eden: simulated histories</title>\n<style>\n\
         body { font-family: system-ui, sans-serif; margin: 2rem; max-width: 80rem; }\n\
         table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: right; }\n\
         td:first-child, th:first-child { text-align: left; } tr { border-bottom: 1px solid #ddd; }\n\
         svg { max-width: 100%; height: auto; } pre { font-size: .75rem; overflow-x: auto; }\n\
         </style>\n</head>\n<body>\n<h1>Simulated histories</h1>\n",
    );
    let _ = writeln!(
        page,
        "<p>{} histories of the mix {}, {} broken invariants. Made by <code>{}</code>.</p>\n<table>\n<tr>\
         <th>policy</th><th>downtime</th><th>available</th><th>outages</th><th>half over after</th>\
         <th>90 % after</th><th>99 % after</th></tr>",
        summary.histories,
        summary.mix,
        summary.failures.len(),
        escape(command),
    );
    for of in &summary.policies {
        let recovery = |percent| of.recovery_s(percent).unwrap_or(0.0);
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{:.1} h</td><td>{:.3} %</td><td>{}</td><td>{:.0} s</td>\
             <td>{:.0} s</td><td>{:.0} s</td></tr>",
            of.policy.title(),
            of.downtime_s / 3600.0,
            of.availability(),
            of.outages_s.len(),
            recovery(50.0),
            recovery(90.0),
            recovery(99.0),
        );
    }
    page.push_str("</table>\n");
    page
}
