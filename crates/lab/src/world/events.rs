//! The events that AWS services put on the bus, in AWS's shapes (F8 to F14).

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::World;
use super::binding::Binding;
use super::eni::NetworkInterface;
use super::placement::Networking;
use super::service::RolloutState;
use super::task::{Container, ContainerState, HealthStatus, Task, TaskId, TaskStatus};

/// The name of the container of a task's application.
pub(crate) const CONTAINER: &str = "app";

/// `2025-11-10T17:30:00Z`.
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2025-11-10T17:30:00.123Z`.
fn milliseconds(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
}

/// Seconds since 1970, to the millisecond, as AWS's JSON protocols send times.
pub(crate) fn epoch_seconds(at: Timestamp) -> f64 {
    std::time::Duration::from_millis(u64::try_from(at.as_millisecond()).unwrap_or(0)).as_secs_f64()
}

/// How the two places that show a task differ.
struct Face {
    time: fn(Timestamp) -> Value,
    attachment_type: &'static str,
}

const EVENT: Face = Face { time: milliseconds, attachment_type: "eni" };
const API: Face =
    Face { time: |at| epoch_seconds(at).into(), attachment_type: "ElasticNetworkInterface" };

/// A task as `DescribeTasks` shows it, with its tags if they are asked for.
pub(crate) fn described_task(task: &Task, with_tags: bool) -> Value {
    let mut shown = show_task(task, &API);
    shown.insert("healthStatus".into(), task.health.as_str().into());
    let containers = shown["containers"].as_array_mut().into_iter().flatten();
    for container in containers {
        let health =
            if container["name"] == CONTAINER { task.health } else { HealthStatus::Unknown };
        container["healthStatus"] = health.as_str().into();
    }
    let tags = if with_tags { show_tags(&task.tags) } else { Vec::new() };
    shown.insert("tags".into(), tags.into());
    Value::Object(shown)
}

/// Tags as ECS shows them.
pub(crate) fn show_tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// A task as an `ECS Task State Change` tells it: without its health (F11).
fn task_detail(task: &Task) -> Value {
    let mut shown = show_task(task, &EVENT);
    shown.insert("updatedAt".into(), milliseconds(task.milestones.updated));
    Value::Object(shown)
}

fn show_task(task: &Task, face: &Face) -> Map<String, Value> {
    let attachments: Vec<Value> =
        task.interface.iter().map(|interface| attachment(task, interface, face)).collect();
    // The sidecars first: nothing says that ECS lists the application's container before them.
    let containers = task.sidecars.iter().chain([&task.container]);
    let containers: Vec<Value> = containers.map(|it| show_container(task, it)).collect();
    let shown = json!({
        "attachments": attachments,
        "attributes": [{ "name": "ecs.cpu-architecture", "value": "x86_64" }],
        "availabilityZone": task.availability_zone,
        "clusterArn": task.cluster_arn,
        "containers": containers,
        "cpu": "256",
        "createdAt": (face.time)(task.milestones.created),
        "desiredStatus": task.desired_status.as_str(),
        "enableExecuteCommand": false,
        "group": task.group,
        "lastStatus": task.last_status.as_str(),
        "launchType": task.definition.networking.launch_type(),
        "memory": "512",
        "overrides": { "containerOverrides": [{ "name": CONTAINER }] },
        "startedBy": task.started_by,
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition_arn,
        "version": task.version,
    });
    let Value::Object(mut shown) = shown else { return Map::new() };
    match &task.container_instance_arn {
        Some(arn) => shown.extend([("containerInstanceArn".to_owned(), arn.as_str().into())]),
        None => shown.extend([
            ("capacityProviderName".to_owned(), "FARGATE".into()),
            ("ephemeralStorage".to_owned(), json!({ "sizeInGiB": 20 })),
            ("platformVersion".to_owned(), "1.4.0".into()),
        ]),
    }
    let milestones = &task.milestones;
    let reached = [
        ("connectivityAt", milestones.pull_started),
        ("pullStartedAt", milestones.pull_started),
        ("pullStoppedAt", milestones.pull_stopped),
        ("startedAt", milestones.started),
        ("stoppingAt", milestones.stopping),
        ("executionStoppedAt", milestones.execution_stopped),
        ("stoppedAt", milestones.stopped),
    ];
    for (name, at) in reached {
        if let Some(at) = at {
            shown.insert(name.into(), (face.time)(at));
        }
    }
    if milestones.pull_started.is_some() {
        let connectivity = if task.connected { "CONNECTED" } else { "DISCONNECTED" };
        shown.insert("connectivity".into(), connectivity.into());
    }
    if let Some(cause) = &task.stop_cause {
        shown.insert("stopCode".into(), cause.code.as_str().into());
        shown.insert("stoppedReason".into(), cause.reason.clone().into());
    }
    shown
}

fn attachment(task: &Task, interface: &NetworkInterface, face: &Face) -> Value {
    let subnet = json!({ "name": "subnetId", "value": "subnet-0b1c2d3e4f5a6b7c8" });
    let attached = [
        ("networkInterfaceId", interface.id.clone()),
        ("macAddress", interface.mac.clone()),
        ("privateDnsName", interface.private_dns_name()),
        ("privateIPv4Address", interface.private_address.to_string()),
    ];
    let (status, attached) = match task.last_status {
        TaskStatus::Provisioning => ("PRECREATED", &attached[..0]),
        TaskStatus::Pending
        | TaskStatus::Activating
        | TaskStatus::Running
        | TaskStatus::Deactivating
        | TaskStatus::Stopping
        | TaskStatus::Deprovisioning => ("ATTACHED", &attached[..]),
        TaskStatus::Stopped => ("DELETED", &attached[..]),
    };
    let details: Vec<Value> = std::iter::once(subnet)
        .chain(attached.iter().map(|(name, value)| json!({ "name": name, "value": value })))
        .collect();
    json!({
        "id": interface.attachment_id,
        "type": face.attachment_type,
        "status": status,
        "details": details,
    })
}

fn show_container(task: &Task, container: &Container) -> Value {
    let interfaces: Vec<Value> = match task.last_status {
        TaskStatus::Provisioning => Vec::new(),
        TaskStatus::Pending
        | TaskStatus::Activating
        | TaskStatus::Running
        | TaskStatus::Deactivating
        | TaskStatus::Stopping
        | TaskStatus::Deprovisioning
        | TaskStatus::Stopped => task.interface.iter().map(interface_of_container).collect(),
    };
    let mut shown = json!({
        "containerArn": container.arn,
        "taskArn": task.arn,
        "name": container.name,
        "image": container.image,
        "lastStatus": container.state.as_str(),
        "networkInterfaces": interfaces,
        "cpu": "0",
    });
    let ran = match container.state {
        ContainerState::Pending | ContainerState::Stopped(None) => false,
        ContainerState::Running => true,
        ContainerState::Stopped(Some(exit_code)) => {
            shown["exitCode"] = exit_code.into();
            true
        }
    };
    if let Some(reason) = &container.reason {
        shown["reason"] = reason.as_str().into();
    }
    if ran {
        shown["runtimeId"] = container.runtime_id.as_str().into();
        shown["imageDigest"] = container.image_digest.as_str().into();
    }
    if task.container_instance_arn.is_some() {
        shown["networkBindings"] = network_bindings(task, &container.name, ran);
    }
    shown
}

fn interface_of_container(interface: &NetworkInterface) -> Value {
    let mut shown = json!({
        "attachmentId": interface.attachment_id,
        "privateIpv4Address": interface.private_address.to_string(),
    });
    if let Some(IpAddr::V6(address)) = interface.address {
        shown["ipv6Address"] = address.to_string().into();
    }
    shown
}

/// The ports that the container has on its container instance, from when it runs. The agent reports
/// them for `bridge`, and none for `awsvpc` and `host`.
fn network_bindings(task: &Task, container: &str, ran: bool) -> Value {
    match task.definition.networking {
        Networking::Bridge { .. } if ran => {
            let port = task.definition.port;
            let usual = [Binding::of(port)];
            let bindings = task.definition.bindings.as_deref().unwrap_or(&usual);
            let own = bindings.iter().filter(|it| it.container == container);
            own.map(|it| it.show(port, task.endpoint().port())).collect()
        }
        Networking::Bridge { .. }
        | Networking::Fargate(_)
        | Networking::Awsvpc
        | Networking::Host => json!([]),
    }
}

impl World {
    /// `ECS Task State Change`.
    pub(super) fn emit_task(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.get(&id) {
            let (arn, detail) = (task.arn.clone(), task_detail(task));
            self.emit("aws.ecs", "ECS Task State Change", &[arn], &detail);
        }
    }

    /// `ECS Deployment State Change` of the PRIMARY deployment: without the cluster (F13).
    pub(super) fn emit_deployment(&mut self, service_arn: &str) {
        if let Some(service) = self.services.get(service_arn) {
            let deployment = &service.primary;
            let (event_type, event_name) = match deployment.rollout_state {
                RolloutState::InProgress => ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
                RolloutState::Completed => ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
                RolloutState::Failed => ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
            };
            let detail = json!({
                "eventType": event_type,
                "eventName": event_name,
                "deploymentId": deployment.id,
                "updatedAt": whole_seconds(deployment.updated_at),
                "reason": deployment.rollout_state_reason,
            });
            let arn = service.arn.clone();
            self.emit("aws.ecs", "ECS Deployment State Change", &[arn], &detail);
        }
    }
}
