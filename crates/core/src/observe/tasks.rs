//! The service's tasks: all pages listed, described in batches.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::describe_tasks::DescribeTasksOutput;
use aws_sdk_ecs::types::{
    Attachment, Connectivity, Container, DesiredStatus, Failure, HealthStatus, Task as EcsTask,
    TaskField, TaskStopCode,
};
use eden_input::trigger::NETWORK_INTERFACE_ID;
use eden_policy::facts::{
    Ended, Image, LastStatus, Stop, StopCode, Task, TaskHealth, TaskNetwork, is_possible,
};
use futures_util::future::try_join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{AT_ONCE, ports, timestamp};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::tags::SUSPECT_SINCE;

/// DescribeTasks takes no more at once (F17).
const BATCH: usize = 100;

const DESCRIBE: &str = "DescribeTasks";

/// Which tasks to list: ListTasks gives one desired status at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those meant to run, also while they are still PENDING.
    Running,
    /// Those that are stopping, or stopped within the last hour or so (F18).
    Stopped,
}

/// Reads all tasks of the service, those that are hinted at while they are being listed, and each
/// page of the others while the next one is being listed. A task that is hinted at, not listed and
/// not over yet is among them: it stops, or is too new to be listed.
///
/// # Errors
/// When a call fails, or when DescribeTasks answers for fewer tasks than were listed: a partial
/// answer is not an empty one (F17). Tasks that have stopped may expire between the two calls (F18):
/// an answer that lacks only those is whole.
pub(super) async fn describe(
    aws: &Aws,
    target: &Target,
    port: u16,
    wanted: &[Wanted],
    hinted: &[String],
) -> Result<Vec<Task>, CallError> {
    let reader = Reader { aws, target, port, turns: &Semaphore::new(AT_ONCE) };
    let asked: BTreeSet<&str> = hinted.iter().map(String::as_str).collect();
    let lists: Vec<_> = wanted.iter().map(|wanted| reader.list(*wanted, &asked)).collect();
    let (lists, hinted) = tokio::join!(try_join_all(lists), reader.describe_hinted(hinted));
    let (listed, described): (Vec<_>, Vec<_>) = lists?.into_iter().unzip();
    let is_running = |of: &Wanted| *of == Wanted::Running;
    let of_running = wanted.iter().zip(&listed).filter(|(of, _)| is_running(of));
    let running: BTreeSet<String> = of_running.flat_map(|(_, arns)| arns).cloned().collect();
    let listed: BTreeSet<String> = listed.into_iter().flatten().collect();
    let hinted = hinted?.into_iter().filter(|it| listed.contains(&it.arn) || is_attached(it));
    // A task that begins to stop between two lists is in both.
    let mut tasks: BTreeMap<String, Task> =
        described.into_iter().flatten().map(|task| (task.arn.clone(), task)).collect();
    tasks.extend(hinted.map(|task| (task.arn.clone(), task)));
    // ECS knows what it lists: no answer to the hint is a partial answer.
    let missing = listed.into_iter().filter(|arn| !tasks.contains_key(arn));
    let (runs, over): (Vec<_>, Vec<_>) = missing.partition(|arn| running.contains(arn));
    let runs = reader.describe_all(runs, Wanted::Running).await?;
    let over = reader.describe_all(over, Wanted::Stopped).await?;
    let now = aws.now();
    let noted = |mut task: Task| {
        task.suspect_since = task.suspect_since.filter(|at| is_possible(*at, now));
        task
    };
    Ok(tasks.into_values().chain(runs).chain(over).map(noted).collect())
}

/// Whether the task still has what carries its address: it is not over.
fn is_attached(task: &Task) -> bool {
    task.network != TaskNetwork::Unattached
}

/// Reads the tasks of one service for one look.
#[derive(Clone, Copy)]
struct Reader<'a> {
    aws: &'a Aws,
    target: &'a Target,
    port: u16,
    /// Lists and hints are described at the same time, and keep to [`AT_ONCE`] together.
    turns: &'a Semaphore,
}

impl Reader<'_> {
    /// Those of the hinted tasks that there are. What is only hinted at may well be gone.
    async fn describe_hinted(self, arns: &[String]) -> Result<Vec<Task>, CallError> {
        let Reader { aws, target, port, turns } = self;
        let calls: Vec<_> =
            arns.chunks(BATCH).map(|batch| in_turn(turns, call(aws, target, batch))).collect();
        let answers = try_join_all(calls).await?;
        let group = format!("service:{}", target.service);
        let tasks = answers.iter().flat_map(DescribeTasksOutput::tasks);
        let ours = tasks.filter(|task| task.group() == Some(&group));
        Ok(ours.filter_map(|task| facts(task, target, port)).collect())
    }

    /// Lists tasks, and describes those that are not asked for anyway.
    async fn list(
        self,
        wanted: Wanted,
        asked: &BTreeSet<&str>,
    ) -> Result<(Vec<String>, Vec<Task>), CallError> {
        let desired = match wanted {
            Wanted::Running => DesiredStatus::Running,
            Wanted::Stopped => DesiredStatus::Stopped,
        };
        let service = &self.target.service;
        let mut pages = self
            .aws
            .ecs
            .list_tasks()
            .cluster(&self.target.cluster)
            .service_name(service)
            .desired_status(desired)
            .into_paginator()
            .send();
        let (mut listed, mut described, mut more) = (Vec::new(), Vec::new(), true);
        let mut describing = FuturesUnordered::new();
        while more || !describing.is_empty() {
            // In this order, so that the same answers always make the same calls.
            tokio::select! {
                biased;
                Some(tasks) = describing.next() => described.extend(tasks?),
                page = pages.next(), if more => {
                    more = page.is_some();
                    let Some(page) = page else { continue };
                    let page =
                        page.map_err(|error| CallError::new("ListTasks", service, &error))?;
                    let arns = page.task_arns.unwrap_or_default();
                    let others = arns.iter().filter(|arn| !asked.contains(arn.as_str()));
                    describing.push(self.describe_all(others.cloned().collect(), wanted));
                    listed.extend(arns);
                }
            }
        }
        Ok((listed, described))
    }

    /// A page of ListTasks is a batch, unless the pages are longer one day.
    async fn describe_all(self, arns: Vec<String>, wanted: Wanted) -> Result<Vec<Task>, CallError> {
        let Reader { aws, target, port, turns } = self;
        let calls: Vec<_> = arns
            .chunks(BATCH)
            .map(|batch| in_turn(turns, describe_batch(aws, target, port, batch, wanted)))
            .collect();
        Ok(try_join_all(calls).await?.concat())
    }
}

/// Makes a call when it is its turn.
async fn in_turn<T>(turns: &Semaphore, call: impl Future<Output = T>) -> T {
    // Nobody closes it, so the turn always comes.
    let _turn = turns.acquire().await;
    call.await
}

/// Why a task that was found sick need not be stopped any more, if so: it stops already, or ECS
/// called it `unhealthy` and calls it HEALTHY again.
///
/// # Errors
/// When it could not be read.
pub async fn no_reason_to_stop(
    aws: &Aws,
    target: &Target,
    task: &str,
    unhealthy: bool,
) -> Result<Option<String>, CallError> {
    let asked = [task.to_owned()];
    let tasks = describe_batch(aws, target, 0, &asked, Wanted::Stopped).await?;
    let moved = match tasks.first() {
        None => Some("it is gone"),
        Some(task) if !task.runs() => Some("it stops already"),
        Some(task) if unhealthy && task.health == TaskHealth::Healthy => Some("it is well again"),
        Some(_) => None,
    };
    Ok(moved.map(str::to_owned))
}

async fn describe_batch(
    aws: &Aws,
    target: &Target,
    port: u16,
    arns: &[String],
    wanted: Wanted,
) -> Result<Vec<Task>, CallError> {
    let answer = call(aws, target, arns).await?;
    let is_over = |it: &Failure| wanted == Wanted::Stopped && it.reason() == Some("MISSING");
    let (over, failures): (Vec<_>, Vec<_>) = answer.failures().iter().partition(|it| is_over(it));
    if let Some(failure) = failures.first() {
        let arn = failure.arn().unwrap_or("a task");
        let reason = failure.reason().unwrap_or("no reason given");
        return Err(CallError::answered(DESCRIBE, arn, reason));
    }
    let answered = answer.tasks().len() + over.len();
    if answered != arns.len() {
        let because = format!("{answered} of {} tasks answered", arns.len());
        return Err(CallError::answered(DESCRIBE, &target.service, because));
    }
    Ok(answer.tasks().iter().filter_map(|task| facts(task, target, port)).collect())
}

async fn call(
    aws: &Aws,
    target: &Target,
    arns: &[String],
) -> Result<DescribeTasksOutput, CallError> {
    let request = aws.ecs.describe_tasks().cluster(&target.cluster);
    let request = request.set_tasks(Some(arns.to_vec())).include(TaskField::Tags);
    request.send().await.map_err(|error| CallError::new(DESCRIBE, &target.service, &error))
}

/// A task without an ARN cannot be acted on, and is none to ECS either.
fn facts(task: &EcsTask, target: &Target, port: u16) -> Option<Task> {
    Some(Task {
        arn: task.task_arn()?.to_owned(),
        last_status: last_status(task.last_status()),
        status: task.last_status().unwrap_or("in no status").to_owned(),
        wanted: task.desired_status() == Some("RUNNING"),
        health: health(task.health_status()),
        unchecked: task.containers().iter().any(is_unchecked),
        created_at: timestamp(task.created_at()),
        started_at: timestamp(task.started_at()),
        stopping_at: timestamp(task.stopping_at().or(task.stopped_at())),
        deployment: task.started_by().map(str::to_owned),
        definition: task.task_definition_arn().map(str::to_owned),
        container_instance: task.container_instance_arn().map(str::to_owned),
        connected: task.connectivity() != Some(&Connectivity::Disconnected),
        network: network(task, port),
        interface: interface(task).map(str::to_owned),
        stop: stop(task),
        images: task.containers().iter().filter_map(image).collect(),
        suspect_since: suspect_since(task, target),
    })
}

/// Why it stopped (F18).
fn stop(task: &EcsTask) -> Option<Stop> {
    let reason = task.stopped_reason()?.to_owned();
    let code = match task.stop_code() {
        Some(TaskStopCode::TaskFailedToStart) => StopCode::TaskFailedToStart,
        Some(TaskStopCode::EssentialContainerExited) => StopCode::EssentialContainerExited,
        Some(TaskStopCode::UserInitiated) => StopCode::UserInitiated,
        Some(TaskStopCode::ServiceSchedulerInitiated) if reason.contains("health check") => {
            StopCode::FailedHealthChecks
        }
        Some(TaskStopCode::ServiceSchedulerInitiated) => StopCode::ServiceSchedulerInitiated,
        Some(
            TaskStopCode::SpotInterruption
            | TaskStopCode::TerminationNotice
            | TaskStopCode::InfrastructureHealth,
        ) => StopCode::Infrastructure,
        Some(_) | None => StopCode::Unknown,
    };
    let containers = task.containers().iter().map(ended).collect();
    Some(Stop { code, reason, containers })
}

fn image(container: &Container) -> Option<Image> {
    let name = container.image()?.to_owned();
    Some(Image { name, digest: container.image_digest().map(str::to_owned) })
}

fn ended(container: &Container) -> Ended {
    Ended {
        name: container.name().unwrap_or("without a name").to_owned(),
        exit_code: container.exit_code(),
        reason: container.reason().map(str::to_owned),
    }
}

fn suspect_since(task: &EcsTask, target: &Target) -> Option<Timestamp> {
    let key = target.tag(SUSPECT_SINCE);
    let tag = task.tags().iter().find(|tag| tag.key() == Some(&*key))?;
    tag.value()?.parse().ok()
}

/// A task that is over has nothing that carries an address: its interface is gone, and its ports
/// are its host's again.
fn network(task: &EcsTask, port: u16) -> TaskNetwork {
    if matches!(task.last_status(), Some("DEPROVISIONING" | "STOPPED" | "DELETED")) {
        return TaskNetwork::Unattached;
    }
    match (interface(task), task.container_instance_arn()) {
        (Some(id), _) => TaskNetwork::Interface(id.to_owned()),
        (None, Some(arn)) => TaskNetwork::Host {
            container_instance: arn.to_owned(),
            port: ports::of_host(task.containers(), port),
        },
        (None, None) => TaskNetwork::Unattached,
    }
}

/// Its network interface, whatever its attachment's type is called (F10).
fn interface(task: &EcsTask) -> Option<&str> {
    let mut details = task.attachments().iter().flat_map(Attachment::details);
    details.find(|detail| detail.name() == Some(NETWORK_INTERFACE_ID))?.value()
}

fn last_status(status: Option<&str>) -> LastStatus {
    match status {
        Some("PROVISIONING" | "PENDING" | "ACTIVATING") => LastStatus::Starting,
        Some("RUNNING") => LastStatus::Running,
        Some("DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED" | "DELETED") => {
            LastStatus::Stopping
        }
        Some(_) | None => LastStatus::Unknown,
    }
}

fn is_unchecked(container: &Container) -> bool {
    health(container.health_status()) == TaskHealth::Unknown
}

fn health(status: Option<&HealthStatus>) -> TaskHealth {
    match status {
        Some(HealthStatus::Healthy) => TaskHealth::Healthy,
        Some(HealthStatus::Unhealthy) => TaskHealth::Unhealthy,
        Some(_) | None => TaskHealth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::KeyValuePair;

    use super::*;

    /// <https://github.com/aws/containers-roadmap/issues/2171>: an old task is DEACTIVATING for minutes.
    #[test]
    fn a_task_that_is_deactivating_is_on_its_way_out() {
        for status in ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"] {
            assert_eq!(last_status(Some(status)), LastStatus::Stopping, "{status}");
        }
        // A status of a later ECS is none of these.
        assert_eq!(last_status(Some("HIBERNATING")), LastStatus::Unknown);
    }

    /// A running task with an EBS volume, and after it an interface whose attachment is of this type.
    fn attached(kind: &str) -> EcsTask {
        let detail = |name: &str, value: &str| KeyValuePair::builder().name(name).value(value);
        let volume = Attachment::builder()
            .r#type("AmazonElasticBlockStorage")
            .details(detail("volumeId", "vol-1").build());
        let interface = Attachment::builder()
            .r#type(kind)
            .details(detail("subnetId", "subnet-1").build())
            .details(detail(NETWORK_INTERFACE_ID, "eni-1").build());
        let task = EcsTask::builder().last_status("RUNNING").attachments(volume.build());
        task.attachments(interface.build()).build()
    }

    /// An independent emulator showed two rules for one fact: an event's attachment of any type, and of a
    /// task read only those of one type.
    #[test]
    fn an_interface_is_one_whatever_its_attachments_type_is_called() {
        for kind in ["ElasticNetworkInterface", "eni", "network-interface"] {
            let expected = TaskNetwork::Interface("eni-1".to_owned());
            assert_eq!(network(&attached(kind), 8000), expected, "{kind}");
        }
    }
}
