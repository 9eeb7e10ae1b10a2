//! What the service ran before: the last deployment that completed with another task definition.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus};
use eden_policy::facts::{Former, Service};

use super::timestamp;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// DescribeServiceRevisions takes no more at once; a service deployed more often than that since it
/// last ran well has nothing worth returning to.
const REVISIONS: usize = 20;

/// Reads the service's deployments, newest first, and what the latest of them ran.
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
    let request = aws.ecs.list_service_deployments().cluster(&target.cluster);
    let answer = request.service(&target.service).send().await;
    let answer = answer
        .map_err(|error| CallError::new("ListServiceDeployments", &target.service, &error))?;
    let mut deployments = answer.service_deployments.unwrap_or_default();
    deployments.sort_by_key(|it| std::cmp::Reverse(timestamp(it.created_at())));
    let definitions = definitions(aws, target, &deployments).await?;
    // Older ones than were described are not looked for.
    let known = deployments.iter().map_while(|deployment| {
        let revision = deployment.target_service_revision_arn()?;
        Some((definitions.get(revision)?.as_str(), deployment))
    });
    Ok(before(present, known))
}

/// The last deployment that completed with another task definition than `present`, of these
/// deployments with what they ran, newest first; and when the unbroken run of the present one began.
/// None when the present one itself completed before that: it is back, and not what is new.
fn before<'a>(
    present: &str,
    deployments: impl Iterator<Item = (&'a str, &'a ServiceDeploymentBrief)>,
) -> Option<Former> {
    let mut deployments = deployments.peekable();
    let mut replaced_at = None;
    while let Some((_, deployment)) = deployments.next_if(|(definition, _)| *definition == present)
    {
        replaced_at = timestamp(deployment.created_at());
    }
    let preceded_at = deployments.peek().and_then(|(_, it)| timestamp(it.created_at()));
    let completed =
        |it: &ServiceDeploymentBrief| it.status() == Some(&ServiceDeploymentStatus::Successful);
    let earlier: Vec<_> = deployments.filter(|(_, it)| completed(it)).map(|(it, _)| it).collect();
    if earlier.contains(&present) {
        return None;
    }
    let definition = (*earlier.first()?).to_owned();
    Some(Former { definition, replaced_at: replaced_at?, preceded_at })
}

/// The task definitions of the latest revisions, by revision.
async fn definitions(
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
    use jiff::Timestamp;

    use super::*;

    /// Deployments, newest first and an hour apart, the newest at noon: of which task definition, and
    /// whether it completed.
    fn replaced(history: &[(&'static str, bool)]) -> Option<(String, i64)> {
        let deployments: Vec<_> = history
            .iter()
            .zip(0..)
            .map(|((definition, completed), hours_ago)| {
                let status = if *completed {
                    ServiceDeploymentStatus::Successful
                } else {
                    ServiceDeploymentStatus::Stopped
                };
                let at = DateTime::from_secs(3_600 * (12 - hours_ago));
                let brief = ServiceDeploymentBrief::builder().status(status).created_at(at).build();
                (*definition, brief)
            })
            .collect();
        let former = before("v3", deployments.iter().map(|(of, brief)| (*of, brief)))?;
        let preceded_at = former.preceded_at.map(Timestamp::as_second);
        assert_eq!(preceded_at, Some(former.replaced_at.as_second() - 3_600));
        Some((former.definition, former.replaced_at.as_second() / 3_600))
    }

    #[test]
    fn what_ran_before_is_the_last_other_definition_that_completed() {
        for (history, expected) in [
            (&[("v3", true), ("v2", true), ("v1", true)][..], Some(("v2", 12))),
            // A forced deployment of the same does not make it newer.
            (&[("v3", true), ("v3", true), ("v2", true)], Some(("v2", 11))),
            // One that failed is passed over, and ends the present one's unbroken run.
            (&[("v3", true), ("v2", false), ("v1", true)], Some(("v1", 12))),
            (&[("v3", true), ("v2", false), ("v3", false), ("v1", true)], Some(("v1", 12))),
            // What has run well before and is back is not new.
            (&[("v3", true), ("v2", false), ("v3", true), ("v1", true)], None),
            (&[("v3", true), ("v2", true), ("v3", true)], None),
            // ECS itself went back: the newest deployment is another one's.
            (&[("v4", false), ("v3", true), ("v2", true)], None),
            (&[("v3", true)], None),
            (&[("v3", true), ("v2", false)], None),
            (&[], None),
        ] {
            let expected = expected.map(|(definition, at)| (definition.to_owned(), at));
            assert_eq!(replaced(history), expected, "{history:?}");
        }
    }
}
