//! Texts for people, in the owner's words.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::config::{People, Target};
use crate::error::HandlerError;
use crate::report::Report;

/// What health-monitor found, did and did not do, or what ip-updater did about the maintenance
/// page.
pub fn healing_text(target: &Target, people: &People, report: &Report) -> String {
    let healthy = report.diagnosis.as_ref().is_some_and(eden_policy::Diagnosis::is_healthy);
    let mut text = String::from("\u{1f6a8} Eden Health Monitor Alert\n\n");
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("Service: {}", target.service));
    line(format!("Cluster: {}", target.cluster));
    // ip-updater only looks at the route.
    if let Some(diagnosis) = &report.diagnosis {
        line(format!("Status: {}", if healthy { "HEALTHY" } else { "UNHEALTHY" }));
        line("\nHealth Check Results:".to_owned());
        if let Some(tasks) = report.tasks {
            line(format!("- Running Tasks: {}/{}", tasks.running, tasks.desired));
        }
        line(format!("- Reason: {diagnosis}"));
    }
    section(&mut line, "Evidence", report.evidence.iter().map(|it| &it.text));
    section(&mut line, "Actions Taken", report.done.iter().map(|it| &it.text));
    section(&mut line, "Not Done", report.held.iter().map(|it| &it.text));
    let next = report.next.iter().map(|next| format!("{:.0}: {}", next.at, next.held));
    section(&mut line, "Next", next);
    if report.condition.is_some() {
        line("\nSomebody has to look at this: Eden has no remedy left for it.".to_owned());
    }
    line(format!("\nTimestamp: {:.0}", report.at));
    line(format!("API Gateway: {}", people.api_gateway_url));
    text
}

fn section(
    line: &mut impl FnMut(String),
    title: &str,
    items: impl Iterator<Item = impl std::fmt::Display>,
) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        line(format!("\n{title}:"));
        items.for_each(|item| line(format!("- {item}")));
    }
}

/// That health-monitor itself failed.
pub(super) fn failure_text(error: &HandlerError, at: Timestamp) -> String {
    format!("\u{1f6a8} Error in health monitor Lambda:\n\n{error}\n\nTimestamp: {at:.0}\n")
}
