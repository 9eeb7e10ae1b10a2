//! That runs of health-monitor fail.

use super::failing::{Failing, Next, name_of};
use super::once::Notes;
use super::{of_failure, send};
use crate::act::ecs::{note, take_off};
use crate::config::HealthMonitorConfig;
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::report::Report;
use crate::tags::FAILED_RUNS;

/// Tells people that health-monitor itself fails, when it does so over two runs, once while it lasts
/// and by one run. The service's tag remembers it, whichever execution environment the runs are in;
/// where that may not be written or was not read, the process does. When nobody can be told, the log
/// and the function's error are what remains.
pub async fn failure(
    edge: &Edge,
    config: &HealthMonitorConfig,
    teller: &str,
    error: &HandlerError,
) {
    let now = edge.aws.now();
    let failure = name_of(&error.cause());
    let service = report_of(error).and_then(|report| noted_on(edge, report));
    let noted = match service {
        Some((_, note)) => note.and_then(|note| Failing::parse(note, now)),
        None => edge.memory.failing().filter(|failing| failing.lasts(now)),
    };
    let Some((arn, before)) = service else {
        return match Failing::next(noted, &failure, now) {
            Next::Nothing => {}
            Next::Note(failing) => edge.memory.fail(Some(failing)),
            Next::Tell(failing) => {
                if tell(edge, config, error).await {
                    edge.memory.fail(Some(failing));
                }
            }
        };
    };
    let contest = Notes { aws: &edge.aws, target: &config.target, service: arn, teller };
    match Failing::next(noted, &failure, now) {
        Next::Nothing => {}
        Next::Note(failing) => {
            let value = failing.to_string();
            let noted = note(&edge.aws, &config.target, arn, FAILED_RUNS, &value).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "could not note the failure");
                edge.memory.fail(Some(failing));
                edge.memory.refuse_tags(error.refused);
            }
        }
        Next::Tell(failing) => match contest.fail(&failing, &failure).await {
            Ok(true) => {
                if !tell(edge, config, error).await
                    && let Err(error) = contest.restore(FAILED_RUNS, before).await
                {
                    tracing::error!(%error, "nobody was told of the failure, and nobody will be");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "could not note who tells of the failure"),
        },
    }
}

/// Forgets a failure that people were not told of, when a run ends well: it did not last.
pub async fn recovered(edge: &Edge, config: &HealthMonitorConfig, report: &Report) {
    let now = edge.aws.now();
    if edge.memory.failing().is_some_and(|failing| failing.is_untold()) {
        edge.memory.fail(None);
    }
    let Some((arn, Some(note))) = noted_on(edge, report) else { return };
    // What is no note of Eden's, or is over, is in nobody's way.
    if Failing::parse(note, now).is_some_and(|failing| failing.is_untold())
        && let Err(error) = take_off(&edge.aws, &config.target, arn, FAILED_RUNS).await
    {
        tracing::warn!(%error, "could not take the note of a failure away");
    }
}

fn report_of(error: &HandlerError) -> Option<&Report> {
    match error {
        HandlerError::Incomplete(report) => Some(report),
        HandlerError::Malformed(_) => None,
    }
}

/// The service's ARN and its note, where that was read and may be written.
fn noted_on<'a>(edge: &Edge, report: &'a Report) -> Option<(&'a str, Option<&'a str>)> {
    let may_note = report.is_on && !report.is_tagging_refused && !edge.memory.is_tagging_refused();
    let arn = report.service_arn.as_deref().filter(|_| may_note)?;
    Some((arn, report.failing.as_deref()))
}

/// Tells people; whether one channel worked, or there is none.
async fn tell(edge: &Edge, config: &HealthMonitorConfig, error: &HandlerError) -> bool {
    let message = of_failure(&config.target, error, edge.aws.now());
    let sent = send(edge, &config.people, &message).await;
    let worked = sent.is_empty() || sent.iter().any(|(_, sent)| sent.is_ok());
    for (channel, sent) in sent {
        if let Err(error) = sent {
            tracing::error!(channel, error, "could not tell anybody of the failure");
        }
    }
    worked
}
