//! Where tasks are reached from the internet: the addresses of their interfaces or hosts, and the
//! port.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use eden_policy::facts::{Task, TaskNetwork};

use super::{enis, hosts};
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
            TaskNetwork::Host { container_instance, port: Some(_) }
                if !addresses.contains_key(container_instance) =>
            {
                instances.push(container_instance.clone());
            }
            TaskNetwork::Interface(_) | TaskNetwork::Host { .. } | TaskNetwork::Unattached => {}
        }
    }
    instances.sort();
    instances.dedup();
    let (of_interfaces, of_instances) =
        tokio::join!(enis::addresses(aws, &interfaces), hosts::addresses(aws, target, &instances));
    addresses.extend(of_interfaces?);
    addresses.extend(of_instances?);
    let endpoint = |task: &Task| {
        let (of, port) = match &task.network {
            TaskNetwork::Interface(id) => (id, gateway.backend_port),
            TaskNetwork::Host { container_instance, port: Some(port) } => {
                (container_instance, *port)
            }
            TaskNetwork::Host { port: None, .. } | TaskNetwork::Unattached => return None,
        };
        let endpoint = SocketAddr::new(*addresses.get(of)?, port);
        let is_a_target = (endpoint.is_ipv4() || gateway.ipv6_targets)
            && gateway.api_type.ports().take(endpoint.port());
        is_a_target.then(|| (task.arn.clone(), endpoint))
    };
    Ok(tasks.iter().filter_map(endpoint).collect())
}
