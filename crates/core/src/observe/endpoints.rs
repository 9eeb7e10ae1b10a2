//! Where tasks are reached from the internet: the addresses of their interfaces or hosts, and the
//! port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use eden_policy::facts::{HostPort, LastStatus, Task, TaskNetwork};
use futures_util::future::try_join_all;

use super::{definitions, enis, hosts};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::{Gateway, Target};

/// What was looked up already, because an event or an earlier look named it: interfaces, and the
/// addresses of those and of container instances.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    pub(super) ids: Vec<String>,
    pub(super) addresses: BTreeMap<String, IpAddr>,
}

/// The endpoints of tasks, by ARN. A task without an address, without one that is visible yet (F24),
/// or with one that API Gateway does not connect to (F55, F57), is absent.
///
/// # Errors
/// When a call fails.
pub(super) async fn of(
    aws: &Aws,
    target: &Target,
    tasks: &[Task],
    gateway: &Gateway,
    looked_up: LookedUp,
) -> Result<BTreeMap<String, SocketAddr>, CallError> {
    let LookedUp { ids, mut addresses } = looked_up;
    let (mut interfaces, mut instances) = (Vec::new(), Vec::new());
    for task in tasks {
        match &task.network {
            TaskNetwork::Interface(id) if !ids.contains(id) => interfaces.push(id.clone()),
            TaskNetwork::Host { container_instance, .. }
                if !addresses.contains_key(container_instance) =>
            {
                instances.push(container_instance.clone());
            }
            TaskNetwork::Interface(_) | TaskNetwork::Host { .. } | TaskNetwork::Unattached => {}
        }
    }
    instances.sort();
    instances.dedup();
    let (of_interfaces, of_instances, host_mode) = tokio::join!(
        enis::addresses(aws, &interfaces),
        hosts::addresses(aws, target, &instances),
        with_host_networking(aws, tasks),
    );
    addresses.extend(of_interfaces?);
    addresses.extend(of_instances?);
    let host_mode = host_mode?;
    let endpoint = |task: &Task| {
        let (address, port) = match &task.network {
            TaskNetwork::Interface(id) => (addresses.get(id)?, Some(gateway.backend_port)),
            TaskNetwork::Host { container_instance, port } => {
                let address = addresses.get(container_instance)?;
                let port = match *port {
                    HostPort::Bound { ipv4, .. } if address.is_ipv4() => ipv4,
                    HostPort::Bound { ipv6, .. } => ipv6,
                    HostPort::Unbound => {
                        let definition = task.definition.as_deref()?;
                        host_mode.contains(definition).then_some(gateway.backend_port)
                    }
                };
                (address, port)
            }
            TaskNetwork::Unattached => return None,
        };
        let endpoint = SocketAddr::new(*address, port?);
        let is_a_target = (endpoint.is_ipv4() || gateway.ipv6_targets)
            && gateway.api_type.ports().take(endpoint.port());
        is_a_target.then(|| (task.arn.clone(), endpoint))
    };
    Ok(tasks.iter().filter_map(endpoint).collect())
}

/// Those of the task definitions with host networking whose tasks bind no port: nothing else tells
/// them from those that nobody reaches.
async fn with_host_networking<'a>(
    aws: &Aws,
    tasks: &'a [Task],
) -> Result<BTreeSet<&'a str>, CallError> {
    // A task that starts is yet to bind.
    let is_unbound = |it: &&Task| {
        matches!(it.network, TaskNetwork::Host { port: HostPort::Unbound, .. })
            && it.last_status != LastStatus::Starting
    };
    let unbound = tasks.iter().filter(is_unbound).filter_map(|task| task.definition.as_deref());
    let unbound: BTreeSet<&str> = unbound.collect();
    let read = unbound.into_iter().map(async |definition| {
        let is_host = definitions::has_host_networking(aws, definition).await?;
        Ok(is_host.then_some(definition))
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}
