//! Whose addresses are: those that interfaces of this account have, and nobody else can get.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use eden_policy::facts::Task;

use super::{enis, hosts};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// Which of these addresses are those of interfaces of this account, and of which. Those of the
/// service's own tasks are left out, which go with them, and the container instances on which they ran:
/// their ports are free for any other container.
///
/// # Errors
/// When a call fails.
pub(super) async fn of(
    aws: &Aws,
    target: &Target,
    tasks: &[Task],
    addresses: &BTreeSet<IpAddr>,
) -> Result<BTreeMap<IpAddr, String>, CallError> {
    let own: BTreeSet<_> = tasks.iter().filter_map(|task| task.interface.as_deref()).collect();
    let mut owners = enis::owners(aws, addresses, &own).await?;
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
