//! Whose addresses are: those that interfaces of this account have, and nobody else can get.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use eden_policy::facts::Task;

use super::{enis, hosts};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// Which of these addresses are those of interfaces of this account, and of which. The container
/// instances on which tasks of the service ran are left out: their ports are free for any other
/// container.
///
/// # Errors
/// When a call fails.
pub(super) async fn of(
    aws: &Aws,
    target: &Target,
    tasks: &[Task],
    addresses: &BTreeSet<IpAddr>,
) -> Result<BTreeMap<IpAddr, String>, CallError> {
    let mut owners = enis::owners(aws, addresses).await?;
    let instances: BTreeSet<_> =
        tasks.iter().filter_map(|task| task.container_instance.clone()).collect();
    if !owners.is_empty() && !instances.is_empty() {
        let instances: Vec<_> = instances.into_iter().collect();
        let own: BTreeSet<_> =
            hosts::addresses(aws, target, &instances).await?.into_values().collect();
        owners.retain(|address, _| !own.contains(address));
    }
    Ok(owners)
}
