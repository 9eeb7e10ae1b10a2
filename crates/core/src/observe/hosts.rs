//! Container instances: the public addresses of the EC2 instances that tasks with bridge or host
//! networking share (F25).

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{AT_ONCE, enis};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// DescribeContainerInstances takes no more at once.
const BATCH: usize = 100;

/// The public addresses of container instances, by ARN. One without is absent, and so is one that ECS
/// does not know any more: it keeps no other's tasks from being reached.
///
/// # Errors
/// When a call fails, or when DescribeContainerInstances answers for fewer than were asked for.
pub(super) async fn addresses(
    aws: &Aws,
    target: &Target,
    arns: &[String],
) -> Result<BTreeMap<String, IpAddr>, CallError> {
    let calls: Vec<_> = arns.chunks(BATCH).map(|batch| of_batch(aws, target, batch)).collect();
    let batches: Vec<_> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
    Ok(batches.into_iter().flatten().collect())
}

async fn of_batch(
    aws: &Aws,
    target: &Target,
    arns: &[String],
) -> Result<Vec<(String, IpAddr)>, CallError> {
    const OPERATION: &str = "DescribeContainerInstances";
    let answer = aws
        .ecs
        .describe_container_instances()
        .cluster(&target.cluster)
        .set_container_instances(Some(arns.to_vec()))
        .send()
        .await
        .map_err(|error| CallError::new(OPERATION, arns.join(", "), &error))?;
    let mut failures = answer.failures().iter();
    if let Some(failure) = failures.find(|failure| failure.reason() != Some("MISSING")) {
        let reason = failure.reason().unwrap_or("no reason given");
        return Err(CallError::answered(OPERATION, failure.arn().unwrap_or("one"), reason));
    }
    let instances: BTreeMap<String, String> = answer
        .container_instances()
        .iter()
        .filter_map(|it| {
            Some((it.ec2_instance_id()?.to_owned(), it.container_instance_arn()?.to_owned()))
        })
        .collect();
    if instances.is_empty() {
        return Ok(Vec::new());
    }
    let addresses = enis::of_instances(aws, instances.keys().cloned().collect()).await?;
    let named = addresses
        .into_iter()
        .filter_map(|(id, address)| instances.get(&id).map(|arn| (arn.clone(), address)));
    Ok(named.collect())
}
