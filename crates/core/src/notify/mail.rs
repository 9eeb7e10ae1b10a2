//! Texts for people, in the owner's words. Nothing is said twice: what stands in one line is left
//! out of the others.

use std::fmt::Write as _;

use eden_policy::plan::Known;
use eden_policy::redact::redacted;
use eden_policy::{Diagnosis, Evidence, Hold, Step};
use jiff::Timestamp;

use super::Note;
use super::quoted::in_one_line;
use crate::config::{People, Target};
use crate::error::HandlerError;
use crate::report::{Counts, Done, Look, Report};

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
    // What was done is told with what it rested on; what a later look found, as that.
    let (looks, after) = report.looks();
    let looks: Vec<&Look> = if looks.is_empty() {
        report.look.as_deref().into_iter().collect()
    } else {
        looks.into_iter().map(|it| &**it).collect()
    };
    let reason = looks.last().map(|look| &look.diagnosis);
    text.extend(reason.map(|diagnosis| results(diagnosis, report)));
    section(&mut text, "Evidence", evidence(looks.iter().copied()));
    section(&mut text, "Actions Taken", actions(report, reason));
    section(&mut text, "Seen Afterwards", after.map(|look| seen(look)).unwrap_or_default());
    let is_shown = |step: &Step| matches!(step, Step::ShowMaintenance { .. } | Step::Park { .. });
    let shown = report.done.iter().any(|it| is_shown(&it.what));
    let said = |hold: &Hold| match hold {
        Hold::AlreadyRouted { .. } => true,
        Hold::InMaintenance { .. } | Hold::Parked { .. } => shown,
        _ => false,
    };
    let held = || report.held.iter().filter(|it| !said(&it.what));
    let not = held().filter(|it| it.what.until().is_none());
    let title = if after.is_some() { "Not Done Afterwards" } else { "Not Done" };
    section(&mut text, title, not.map(|it| it.text.clone()).collect());
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
fn evidence<'a>(looks: impl Iterator<Item = &'a Look>) -> Vec<String> {
    let elsewhere =
        |it: &Evidence| matches!(it, Evidence::Counts { .. } | Evidence::NotRead { .. });
    let evidence = looks.flat_map(|look| &look.evidence).filter(|it| !elsewhere(&it.what));
    let mut lines: Vec<String> = Vec::new();
    for line in evidence.map(|it| &it.text) {
        if !lines.contains(line) {
            lines.push(line.clone());
        }
    }
    lines
}

/// Why a service is deployed is the reason among the results, and told only where an action rested on
/// another one; notes for later runs are no actions.
fn actions(report: &Report, reason: Option<&Diagnosis>) -> Vec<String> {
    let told = |done: &Done| {
        let own = done.rested_on.as_ref().map(|look| &look.diagnosis);
        let because = own.map(|own| format!(": {own}")).unwrap_or_default();
        let text = done.text.strip_suffix(&because).unwrap_or(&done.text);
        match own.filter(|own| Some(*own) != reason) {
            Some(own) => format!("{text} (for: {own})"),
            None => text.to_owned(),
        }
    };
    let is_told = |step: &Step| !step.is_a_note() || matches!(step, Step::Park { .. });
    report.done.iter().filter(|it| is_told(&it.what)).map(told).collect()
}

/// What the last look found, when something had been done before it.
fn seen(look: &Look) -> Vec<String> {
    [look.diagnosis.to_string()].into_iter().chain(evidence([look].into_iter())).collect()
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
            let names = Known::parse(told).map(|known| known.names());
            let names = names.unwrap_or_else(|| told.clone());
            vec![format!("Nothing more: what needed a human is over ({names})")]
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
        let _ = writeln!(text, "- {}", in_one_line(&line));
    }
}

/// That somebody takes Eden's tags off the service, and the cure.
pub(super) fn removed_tags_text(target: &Target, held: &str, at: Timestamp) -> String {
    let Target { service, cluster, app_name, .. } = target;
    let mut text =
        format!("\u{1f6a8} Eden Health Monitor Alert\n\nService: {service}\nCluster: {cluster}\n");
    section(&mut text, "Evidence", vec![held.to_owned()]);
    let to_do = [
        format!(
            "Let whatever manages the service leave tags alone that begin with {app_name}: \
             (Terraform's AWS provider: ignore_tags {{ key_prefixes = [\"{app_name}:\"] }})"
        ),
        format!(
            "Look whether it takes {app_name}:healing off as well: then a pause by that tag does \
             not last"
        ),
        "See \"The tags that Eden writes\" in docs/operations.md".to_owned(),
    ];
    section(&mut text, "What To Do", to_do.into());
    let _ = write!(text, "\nTimestamp: {at:.0}\n");
    text
}

/// That this is a test.
pub(super) fn trial_text(target: &Target, at: Timestamp) -> String {
    let Target { service, cluster, .. } = target;
    format!(
        "This is a test: nothing is the matter. Somebody ran `eden verify --notify`.\n\n\
         Service: {service}\nCluster: {cluster}\nTimestamp: {at:.0}\n"
    )
}

/// That health-monitor itself failed.
pub(super) fn failure_text(target: &Target, error: &HandlerError, at: Timestamp) -> String {
    let Target { service, cluster, .. } = target;
    let error = in_one_line(&redacted(&error.to_string()));
    format!(
        "\u{1f6a8} Error in health monitor Lambda:\n\n{error}\n\n\
         Service: {service}\nCluster: {cluster}\nTimestamp: {at:.0}\n"
    )
}
