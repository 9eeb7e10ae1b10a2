//! Eden: the handlers that Lambda runs, in processes as Lambda has them.

use std::sync::{Arc, Mutex, PoisonError};

use eden_core::{Edge, HandlerError, Report};
use eden_lab::Lab;
use eden_lab::lambda::Lambda;
use eden_lab::template::Stack;

use crate::clients;
use crate::install::{self, Ended, Process};
use crate::mutants::{Blaming, Mutant};
use crate::record::{self, About, Record};
use crate::tap::{self, Tap};

/// What a process keeps between its invocations.
type Warm = (Edge, Arc<Tap>);

/// Installs Eden. Each invocation gets a process that no other has at the time, warm if there is
/// one; a process whose invocation was cut off is gone.
pub(crate) fn install(
    lab: &Lab,
    lambda: &Lambda,
    stack: &Stack,
    record: &record::Shared,
    mutant: Option<Mutant>,
) {
    install::install(lambda, stack, |function| {
        let idle: Arc<Mutex<Vec<Warm>>> = Arc::default();
        let (lab, record, function) = (lab.clone(), Arc::clone(record), function.to_owned());
        move |_: &str| {
            let warm = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (edge, tap) = warm.unwrap_or_else(|| {
                let tap = Arc::new(Tap::new(&function, &lab, &record, mutant));
                let aws = clients::of_one_process(&tap::tapped(&lab, &tap));
                let network = install::network(&lab);
                let network = match mutant {
                    Some(Mutant::BlamesTasks) => Arc::new(Blaming::new(&lab, network)),
                    _ => network,
                };
                (install::edge_through(&lab, aws, network), tap)
            });
            tap.begin();
            let (idle, record, process) = (Arc::clone(&idle), Arc::clone(&record), edge.clone());
            Process::watched(edge, move |ended| {
                let now = process.aws.now();
                let condition = report(ended).and_then(|report| report.condition.as_ref());
                let condition = condition.map(ToString::to_string);
                tap.end(now, ended.is_ok(), condition.as_deref());
                note(&mut record::write(&record), now, ended);
                idle.lock().unwrap_or_else(PoisonError::into_inner).push((process, tap));
            })
        }
    });
}

/// What there is to report of an invocation.
fn report(ended: &Ended) -> Option<&Report> {
    match ended {
        Ok(report) => Some(report),
        Err(HandlerError::Incomplete(report)) => Some(report),
        Err(HandlerError::Malformed(_)) => None,
    }
}

/// Notes what an invocation found and decided.
fn note(record: &mut Record, now: jiff::Timestamp, ended: &Ended) {
    let report: &Report = match ended {
        Ok(report) => report,
        Err(HandlerError::Incomplete(report)) => report,
        Err(HandlerError::Malformed(error)) => {
            return record.breaks(now, "every event can be read", error.to_string());
        }
    };
    if let Some(diagnosis) = &report.diagnosis {
        record.see("diagnosis", &tag(diagnosis, "diagnosis"));
    }
    for done in &report.done {
        record.see("remedy", &tag(&done.what, "action"));
    }
    for held in &report.held {
        record.see("hold", held.what.reason());
    }
    record.note(now, About::Decision, || describe(report));
}

/// The name that a thing has in JSON.
fn tag(thing: &impl serde::Serialize, member: &str) -> String {
    let json = serde_json::to_value(thing).unwrap_or_default();
    json[member].as_str().unwrap_or_default().to_owned()
}

fn describe(report: &Report) -> String {
    let mut parts = vec![format!("{} ({})", report.function, report.trigger)];
    parts.extend(report.diagnosis.iter().map(|it| format!("found: {it}")));
    parts.extend(report.done.iter().map(|it| format!("did: {}", it.text)));
    parts.extend(report.skipped.iter().map(|it| format!("skipped: {}", it.text)));
    parts.extend(report.held.iter().map(|it| format!("held [{}]: {}", it.what.reason(), it.text)));
    parts.extend(report.failed.iter().map(|it| format!("failed: {it}")));
    parts.join("\n    ")
}
