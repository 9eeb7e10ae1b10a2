//! Texts for people, in the owner's words. Nothing is said twice: what stands in one line is left
//! out of the others.

use std::fmt::Write as _;

use eden_policy::{Diagnosis, Evidence, Hold, Step};
use jiff::Timestamp;

use super::Note;
use crate::config::{People, Target};
use crate::error::HandlerError;
use crate::report::{Counts, Report};

/// So many lines a section may have: the log has them all.
const LINES: usize = 8;

/// What health-monitor found, did and did not do, or what ip-updater did about the maintenance
/// page.
pub(super) fn healing_text(
    target: &Target,
    people: &People,
    report: &Report,
    note: &Note,
) -> String {
    let mut text = format!(
        "\u{1f6a8} Eden Health Monitor Alert\n\nService: {}\nCluster: {}\n",
        target.service, target.cluster
    );
    text.extend(report.diagnosis.as_ref().map(|diagnosis| results(diagnosis, report)));
    section(&mut text, "Evidence", evidence(report));
    section(&mut text, "Actions Taken", actions(report));
    let is_shown = |step: &Step| matches!(step, Step::ShowMaintenance { .. } | Step::Park { .. });
    let shown = report.done.iter().any(|it| is_shown(&it.what));
    let said = |hold: &Hold| match hold {
        Hold::AlreadyRouted { .. } => true,
        Hold::InMaintenance { .. } | Hold::Parked { .. } => shown,
        _ => false,
    };
    let held = || report.held.iter().filter(|it| !said(&it.what));
    let not = held().filter(|it| it.what.until().is_none());
    section(&mut text, "Not Done", not.map(|it| it.text.clone()).collect());
    let mut later: Vec<_> = held().filter(|it| it.what.until().is_some()).collect();
    later.sort_by_key(|it| it.what.until());
    section(&mut text, "Not Done Yet", later.iter().map(|it| it.text.clone()).collect());
    section(&mut text, "What To Do", to_do(target, report, note));
    let _ = write!(text, "\nTimestamp: {:.0}\nAPI Gateway: ", report.at);
    text + &people.api_gateway_url + "\n"
}

/// Status, counts and the reason. ip-updater only looks at the route, and has none of them.
fn results(diagnosis: &Diagnosis, report: &Report) -> String {
    let healthy = diagnosis.is_healthy();
    let mut text = format!("Status: {}\n", if healthy { "HEALTHY" } else { "UNHEALTHY" });
    let counts = report.tasks.map(|Counts { running, desired, pending, .. }| {
        let pending = if pending > 0 { format!(", {pending} on the way") } else { String::new() };
        format!("Running Tasks: {running}/{desired}{pending}")
    });
    let reason = (!healthy).then(|| format!("Reason: {diagnosis}"));
    section(&mut text, "Health Check Results", counts.into_iter().chain(reason).collect());
    text
}

/// The counts are among the results, and what could not be read among what was not done.
fn evidence(report: &Report) -> Vec<String> {
    let elsewhere =
        |it: &Evidence| matches!(it, Evidence::Counts { .. } | Evidence::NotRead { .. });
    let evidence = report.evidence.iter().filter(|it| !elsewhere(&it.what));
    evidence.map(|it| it.text.clone()).collect()
}

/// Why a service is deployed is the reason among the results; notes for later runs are no actions.
fn actions(report: &Report) -> Vec<String> {
    let because = report.diagnosis.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
    let done = report.done.iter().filter(|it| !it.what.is_a_note()).map(|it| it.text.as_str());
    done.map(|text| text.strip_suffix(&because).unwrap_or(text).to_owned()).collect()
}

/// What people have to do, or no longer have to.
fn to_do(target: &Target, report: &Report, note: &Note) -> Vec<String> {
    let Target { environment, app_name, .. } = target;
    if let Some(condition) = report.condition.as_ref().filter(|condition| condition.lasts) {
        return vec![
            format!("Look yourself: Eden has no remedy left ({})", condition.name),
            "See \"When Eden says that it needs a human\" in docs/operations.md".to_owned(),
            format!(
                "This is told once; {environment}-{app_name}-needs-human rings until it is over"
            ),
        ];
    }
    match (note, &report.told) {
        (Note::Forgotten, Some(told)) => {
            let name = told.split(' ').next().unwrap_or(told);
            vec![format!("Nothing more: what needed a human is over ({name})")]
        }
        _ => Vec::new(),
    }
}

fn section(text: &mut String, title: &str, mut lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    if lines.len() > LINES {
        let left_out = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(format!("and {left_out} more, which are in the log"));
    }
    let _ = write!(text, "\n{title}:\n");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}

/// That health-monitor itself failed.
pub(super) fn failure_text(target: &Target, error: &HandlerError, at: Timestamp) -> String {
    let Target { service, cluster, .. } = target;
    format!(
        "\u{1f6a8} Error in health monitor Lambda:\n\n{error}\n\n\
         Service: {service}\nCluster: {cluster}\nTimestamp: {at:.0}\n"
    )
}
