//! What the service ran before: the last task definition that a deployment completed with and that
//! services can still be updated to.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus as Status};
use eden_policy::facts::{Former, Service};
use jiff::Timestamp;

use super::{definitions, timestamp};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// ListServiceDeployments lists no more on a page.
const PAGE: i32 = 100;
/// DescribeServiceRevisions takes no more at once; a service deployed more often than that since it
/// last ran well has nothing worth returning to.
const REVISIONS: usize = 20;
/// Most task definitions that are looked at for one that is ACTIVE.
const CANDIDATES: usize = 5;

/// Reads the service's deployments, what the latest of them ran, and which of that is ACTIVE.
///
/// # Errors
/// When a call fails.
pub(super) async fn of(
    aws: &Aws,
    target: &Target,
    service: &Service,
) -> Result<Option<Former>, CallError> {
    let Some(present) = service.primary().map(|deployment| deployment.definition.as_str()) else {
        return Ok(None);
    };
    let deployments = deployments(aws, target).await?;
    let definitions = definitions_of(aws, target, &deployments).await?;
    // Older ones than were described are not looked for.
    let known = deployments.iter().map_while(|deployment| {
        let revision = deployment.target_service_revision_arn()?;
        Some((definitions.get(revision)?.as_str(), deployment))
    });
    let known: Vec<_> = known.collect();
    let Some(Past { definitions, replaced_at, preceded_at }) = before(present, &known) else {
        return Ok(None);
    };
    let mut newest = None;
    for definition in definitions.into_iter().take(CANDIDATES) {
        let active = definitions::is_active(aws, definition).await?;
        let stops = stopped_for(present, definition, &known).filter(|_| active);
        let (definition, stops) = (definition.to_owned(), stops.map(str::to_owned));
        let former = Former { definition, active, stops, replaced_at, preceded_at };
        if active {
            return Ok(Some(former));
        }
        newest.get_or_insert(former);
    }
    Ok(newest)
}

/// All deployments that ECS remembers, newest first: it documents no order of its own (F37).
async fn deployments(aws: &Aws, target: &Target) -> Result<Vec<ServiceDeploymentBrief>, CallError> {
    let request = aws.ecs.list_service_deployments().cluster(&target.cluster);
    let request = request.service(&target.service).max_results(PAGE);
    let (mut deployments, mut next) = (Vec::new(), None);
    loop {
        let answer = request.clone().set_next_token(next).send().await;
        let answer = answer
            .map_err(|error| CallError::new("ListServiceDeployments", &target.service, &error))?;
        deployments.extend(answer.service_deployments.unwrap_or_default());
        next = answer.next_token;
        if next.is_none() {
            break;
        }
    }
    deployments.sort_by_key(|it| std::cmp::Reverse(timestamp(it.created_at())));
    Ok(deployments)
}

/// A deployment, and what it ran.
type Ran<'a> = (&'a str, &'a ServiceDeploymentBrief);

/// What ran before the present task definition.
#[derive(Debug, PartialEq, Eq)]
struct Past<'a> {
    /// The task definitions that a deployment completed with, newest first.
    definitions: Vec<&'a str>,
    replaced_at: Timestamp,
    preceded_at: Option<Timestamp>,
}

fn completed(deployment: &ServiceDeploymentBrief) -> bool {
    deployment.status() == Some(&Status::Successful)
}

/// The other task definitions than `present` that a deployment completed with, of these deployments,
/// newest first; and when the unbroken run of the present one began. None when the present one itself
/// completed before that: it is back, and not what is new.
fn before<'a>(present: &str, deployments: &[Ran<'a>]) -> Option<Past<'a>> {
    let run = deployments.iter().take_while(|(definition, _)| *definition == present).count();
    let (run, earlier) = deployments.split_at(run);
    let replaced_at = timestamp(run.last()?.1.created_at())?;
    let preceded_at = earlier.first().and_then(|(_, it)| timestamp(it.created_at()));
    let mut definitions = Vec::new();
    for (definition, _) in earlier.iter().filter(|(_, it)| completed(it)) {
        if *definition == present {
            return None;
        }
        if !definitions.contains(definition) {
            definitions.push(*definition);
        }
    }
    (!definitions.is_empty()).then_some(Past { definitions, replaced_at, preceded_at })
}

/// The deployment in progress that ECS itself rolls back to this task definition when it is stopped: the
/// one before it completed with that (F53). One that was rolled back in between left that running.
fn stopped_for<'a>(present: &str, former: &str, deployments: &[Ran<'a>]) -> Option<&'a str> {
    let [(now, newest), earlier @ ..] = deployments else { return None };
    let rolled_back = |it: &&Ran<'_>| it.1.status() == Some(&Status::RollbackSuccessful);
    let (then, before) = earlier.iter().find(|it| !rolled_back(it))?;
    let in_progress = matches!(newest.status(), Some(Status::Pending | Status::InProgress));
    let returns = *now == present && *then == former && completed(before);
    newest.service_deployment_arn().filter(|_| in_progress && returns)
}

/// The task definitions of the latest revisions, by revision.
async fn definitions_of(
    aws: &Aws,
    target: &Target,
    deployments: &[ServiceDeploymentBrief],
) -> Result<BTreeMap<String, String>, CallError> {
    let mut revisions: Vec<String> = Vec::new();
    for revision in deployments.iter().filter_map(|it| it.target_service_revision_arn()) {
        if revisions.len() < REVISIONS && !revisions.iter().any(|known| known == revision) {
            revisions.push(revision.to_owned());
        }
    }
    if revisions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let request = aws.ecs.describe_service_revisions();
    let answer = request.set_service_revision_arns(Some(revisions)).send().await;
    let answer = answer
        .map_err(|error| CallError::new("DescribeServiceRevisions", &target.service, &error))?;
    let named = answer.service_revisions().iter().filter_map(|it| {
        Some((it.service_revision_arn()?.to_owned(), it.task_definition()?.to_owned()))
    });
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    const ARN: &str = "arn:aws:ecs:us-east-1:123456789012:service-deployment/shop/web/newest";

    /// Deployments, newest first and an hour apart, the newest at noon: of which task definition, and
    /// how they ended.
    fn deployments(
        history: &[(&'static str, Status)],
    ) -> Vec<(&'static str, ServiceDeploymentBrief)> {
        let deployment = |((definition, status), hours_ago): (&(&'static str, Status), i64)| {
            let at = DateTime::from_secs(3_600 * (12 - hours_ago));
            let brief = ServiceDeploymentBrief::builder().status(status.clone()).created_at(at);
            (*definition, brief.service_deployment_arn(ARN).build())
        };
        history.iter().zip(0..).map(deployment).collect()
    }

    fn refer<'a>(deployments: &'a [(&'static str, ServiceDeploymentBrief)]) -> Vec<Ran<'a>> {
        deployments.iter().map(|(of, brief)| (*of, brief)).collect()
    }

    /// The candidates, and the hour at which the first of them was replaced.
    fn replaced(history: &[(&'static str, bool)]) -> Option<(Vec<&'static str>, i64)> {
        let status = |completed| if completed { Status::Successful } else { Status::Stopped };
        let history: Vec<_> = history.iter().map(|(of, it)| (*of, status(*it))).collect();
        let deployments = deployments(&history);
        let past = before("v3", &refer(&deployments))?;
        let preceded_at = past.preceded_at.map(Timestamp::as_second);
        assert_eq!(preceded_at, Some(past.replaced_at.as_second() - 3_600));
        let names = past.definitions.iter();
        let names = names.filter_map(|it| ["v1", "v2", "v4"].into_iter().find(|name| name == it));
        Some((names.collect(), past.replaced_at.as_second() / 3_600))
    }

    #[test]
    fn what_ran_before_is_the_last_other_definition_that_completed() {
        for (history, expected) in [
            (&[("v3", true), ("v2", true), ("v1", true)][..], Some((vec!["v2", "v1"], 12))),
            // A forced deployment of the same does not make it newer.
            (&[("v3", true), ("v3", true), ("v2", true)], Some((vec!["v2"], 11))),
            (&[("v3", true), ("v2", true), ("v2", true)], Some((vec!["v2"], 12))),
            // One that failed is passed over, and ends the present one's unbroken run.
            (&[("v3", true), ("v2", false), ("v1", true)], Some((vec!["v1"], 12))),
            (&[("v3", true), ("v2", false), ("v3", false), ("v1", true)], Some((vec!["v1"], 12))),
            // What has run well before and is back is not new.
            (&[("v3", true), ("v2", false), ("v3", true), ("v1", true)], None),
            (&[("v3", true), ("v2", true), ("v3", true)], None),
            // ECS itself went back: the newest deployment is another one's.
            (&[("v4", false), ("v3", true), ("v2", true)], None),
            (&[("v3", true)], None),
            (&[("v3", true), ("v2", false)], None),
            (&[], None),
        ] {
            assert_eq!(replaced(history), expected, "{history:?}");
        }
    }

    #[test]
    fn ecs_itself_rolls_back_only_to_what_completed_right_before_what_is_in_progress() {
        use Status::{
            InProgress, Pending, RollbackFailed, RollbackInProgress, RollbackSuccessful, Stopped,
            Successful,
        };
        for (history, expected) in [
            (&[("v3", InProgress), ("v2", Successful)][..], Some(ARN)),
            (&[("v3", Pending), ("v2", Successful)], Some(ARN)),
            (&[("v3", Successful), ("v2", Successful)], None),
            (&[("v3", RollbackInProgress), ("v2", Successful)], None),
            (&[("v3", InProgress), ("v2", Stopped)], None),
            (&[("v3", InProgress), ("v3", Successful), ("v2", Successful)], None),
            (&[("v3", InProgress), ("v4", Successful), ("v2", Successful)], None),
            // What was rolled back left what had run before it.
            (&[("v3", InProgress), ("v4", RollbackSuccessful), ("v2", Successful)], Some(ARN)),
            (&[("v3", InProgress), ("v4", RollbackFailed), ("v2", Successful)], None),
            (&[("v3", InProgress), ("v2", RollbackSuccessful)], None),
            (&[("v4", InProgress), ("v2", Successful)], None),
            (&[("v3", InProgress)], None),
        ] {
            let deployments = deployments(history);
            assert_eq!(stopped_for("v3", "v2", &refer(&deployments)), expected, "{history:?}");
        }
    }
}
