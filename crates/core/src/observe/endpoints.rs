//! Where tasks are reached from the internet: the addresses of their interfaces or hosts, and the
//! port.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use eden_policy::facts::{Task, TaskNetwork};

use super::{enis, hosts};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// What was looked up already, because an event or an earlier look named it: interfaces, and the
/// addresses of those and of container instances.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    pub(super) ids: Vec<String>,
    pub(super) addresses: BTreeMap<String, IpAddr>,
}

/// The endpoints of tasks, by ARN. A task without an address, or without one that is visible yet
/// (F24), is absent.
///
/// # Errors
/// When a call fails.
pub(super) async fn of(
    aws: &Aws,
    target: &Target,
    tasks: &[Task],
    port: u16,
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
            TaskNetwork::Interface(id) => (id, port),
            TaskNetwork::Host { container_instance, port: Some(port) } => {
                (container_instance, *port)
            }
            TaskNetwork::Host { port: None, .. } | TaskNetwork::Unattached => return None,
        };
        Some((task.arn.clone(), SocketAddr::new(*addresses.get(of)?, port)))
    };
    Ok(tasks.iter().filter_map(endpoint).collect())
}
