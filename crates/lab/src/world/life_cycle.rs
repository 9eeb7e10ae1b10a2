//! The life of a task, from PROVISIONING to STOPPED.

use std::collections::BTreeMap;
use std::time::Duration;

use super::World;
use super::behaviour::Behaviour;
use super::eni::NetworkInterface;
use super::events::CONTAINER;
use super::ids;
use super::placement::Site;
use super::queue::Due;
use super::task::{
    Container, ContainerState, DesiredStatus, HealthStatus, Milestones, StopCause, StopCode, Task,
    TaskId, TaskStatus,
};

/// What a container's exit code is when it was killed (128 + SIGKILL).
const KILLED: i32 = 137;

/// The status that follows; `None` where a task stays.
fn following(task: &Task) -> Option<TaskStatus> {
    use DesiredStatus as Desired;
    use TaskStatus as Status;
    // Only an interface of its own has to be removed.
    let last = if task.interface.is_some() { Status::Deprovisioning } else { Status::Stopped };
    match (task.last_status, task.desired_status) {
        (Status::Provisioning, Desired::Running) => Some(Status::Pending),
        (Status::Pending, Desired::Running) => Some(Status::Activating),
        (Status::Activating, Desired::Running) => Some(Status::Running),
        (Status::Running, Desired::Running) | (Status::Stopped, _) => None,
        // A task whose container never ran has nothing to deactivate.
        (Status::Provisioning | Status::Pending | Status::Activating, Desired::Stopped)
        | (Status::Stopping, _) => Some(last),
        (Status::Running, Desired::Stopped) => Some(Status::Deactivating),
        (Status::Deactivating, _) => Some(Status::Stopping),
        (Status::Deprovisioning, _) => Some(Status::Stopped),
    }
}

impl World {
    /// Starts a task of this deployment of the service; `None` when there is no room for it.
    pub(super) fn start_task(&mut self, service_arn: &str, deployment: &str) -> Option<TaskId> {
        let service = self.services.get(service_arn)?;
        let of = service.deployments().find(|it| it.id == deployment)?;
        let (definition, image_digest) = (of.task_definition.clone(), of.image_digest.clone());
        let cluster = service.cluster.clone();
        let Site { availability_zone, container_instance_arn, interface, endpoint } =
            self.place(service_arn, &cluster, &definition)?;
        // Only an interface of its own has to be made.
        let first =
            if interface.is_some() { TaskStatus::Provisioning } else { TaskStatus::Pending };
        let task_id = ids::hex(&mut self.rng, 32);
        let container_id = ids::uuid(&mut self.rng);
        // Nobody needs it: whatever is drawn later stays what it was for a seed.
        let _ = ids::hex(&mut self.rng, 64);
        let sidecars = self.make_sidecars(&cluster, &task_id, &definition);
        let service = self.services.get(service_arn)?;
        let task = Task {
            arn: self.arns.task(&service.cluster, &task_id),
            cluster_arn: self.arns.cluster(&service.cluster),
            service_arn: service.arn.clone(),
            group: format!("service:{}", service.name),
            definition_arn: self.arns.task_definition(&definition.family, definition.revision),
            started_by: deployment.to_owned(),
            last_status: first,
            desired_status: DesiredStatus::Running,
            version: 0,
            health: HealthStatus::Unknown,
            stop_cause: None,
            milestones: Milestones::created(self.now),
            container: Container {
                name: CONTAINER.to_owned(),
                image: definition.image(),
                arn: self.arns.container(&service.cluster, &task_id, &container_id),
                runtime_id: format!("{task_id}-{}", ids::decimal(&mut self.rng, 10)),
                image_digest,
                state: ContainerState::Pending,
                reason: None,
            },
            sidecars,
            connected: true,
            keeps_its_place: false,
            availability_zone,
            lost: None,
            container_instance_arn,
            interface,
            app: definition.behaviour.app(),
            dependency: service.dependency,
            path_statuses: BTreeMap::new(),
            reachable: true,
            listening: false,
            condemned: false,
            protected_until: None,
            tags: BTreeMap::new(),
            endpoint,
            definition,
        };
        let id = TaskId(self.tasks_made);
        self.tasks_made += 1;
        self.task_ids.insert(task.arn.clone(), id);
        self.tasks.insert(id, task);
        self.enter(id, first);
        self.plan_advance(id);
        Some(id)
    }

    /// Asks a task to stop. Asking again changes nothing.
    pub(super) fn begin_stop(&mut self, id: TaskId, code: StopCode, reason: &str) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.is_wanted()) else { return };
        task.desired_status = DesiredStatus::Stopped;
        task.stop_cause = Some(StopCause { code, reason: reason.to_owned() });
        task.milestones.stopping = Some(now);
        let service_arn = task.service_arn.clone();
        // The first notice still shows the old status (F9).
        self.task_changed(id);
        self.plan_advance(id);
        self.wake_scheduler(&service_arn);
    }

    /// Plans the task's next step. What is on a host that ECS does not hear of takes none.
    pub(super) fn plan_advance(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id).filter(|task| task.connected) else { return };
        if following(task).is_some() {
            let due =
                Due::Advance { task: id, from: task.last_status, desired: task.desired_status };
            self.plan(self.time_in_status(task), due);
        }
    }

    /// How long a task stays in the status it has.
    fn time_in_status(&self, task: &Task) -> Duration {
        match (task.last_status, task.desired_status) {
            (
                TaskStatus::Provisioning
                | TaskStatus::Pending
                | TaskStatus::Activating
                | TaskStatus::Running,
                DesiredStatus::Stopped,
            ) => match &task.stop_cause {
                Some(StopCause { code: StopCode::SpotInterruption, .. }) => {
                    self.timing.spot_warning
                }
                Some(_) | None => self.timing.stop_notice,
            },
            (TaskStatus::Provisioning, DesiredStatus::Running) => self.timing.provisioning,
            (TaskStatus::Pending, DesiredStatus::Running) => self.timing.pending,
            (TaskStatus::Activating, DesiredStatus::Running) => self.timing.activating,
            (TaskStatus::Deactivating, _) => self.timing.deactivating,
            (TaskStatus::Stopping, _) => match task.container.state {
                ContainerState::Running => self.time_to_drain(task),
                ContainerState::Pending | ContainerState::Stopped(_) => Duration::ZERO,
            },
            (TaskStatus::Deprovisioning, _) => self.timing.deprovisioning,
            (TaskStatus::Running, DesiredStatus::Running) | (TaskStatus::Stopped, _) => {
                Duration::ZERO
            }
        }
    }

    fn time_to_drain(&self, task: &Task) -> Duration {
        self.timing.declared(task.definition.stop).min(self.stop_timeout(task))
    }

    /// After this a container of the task that does not stop by itself is killed.
    fn stop_timeout(&self, task: &Task) -> Duration {
        let declared = task.definition.stop_timeout.map(|it| self.timing.declared(it));
        declared.unwrap_or(self.timing.stop_timeout)
    }

    /// The task's next step, unless it has gone another way since this was planned.
    pub(super) fn advance_task(&mut self, id: TaskId, from: TaskStatus, desired: DesiredStatus) {
        let Some(task) = self.tasks.get(&id) else { return };
        if task.last_status != from || task.desired_status != desired || !task.connected {
            return;
        }
        let Some(next) = following(task) else { return };
        if let (TaskStatus::Pending, DesiredStatus::Running, Behaviour::NeverStarts { reason }) =
            (from, desired, &task.definition.behaviour)
        {
            let reason = reason.clone();
            return self.fail_to_start(id, &reason);
        }
        self.leave(id, from);
        self.enter(id, next);
        self.plan_advance(id);
    }

    fn leave(&mut self, id: TaskId, status: TaskStatus) {
        match status {
            TaskStatus::Pending => {
                let now = self.now;
                self.change_task(id, |task| {
                    if task.is_wanted() {
                        task.milestones.pull_stopped = Some(now);
                        task.container.state = ContainerState::Running;
                        task.start_sidecars();
                    }
                });
                // A change of the container is told with the task's status as it was (F11).
                self.task_changed(id);
            }
            TaskStatus::Stopping => self.drained(id),
            TaskStatus::Provisioning
            | TaskStatus::Activating
            | TaskStatus::Running
            | TaskStatus::Deactivating
            | TaskStatus::Deprovisioning
            | TaskStatus::Stopped => {}
        }
    }

    fn drained(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        if task.container.state == ContainerState::Running {
            let in_time = self.timing.declared(task.definition.stop) <= self.stop_timeout(task);
            self.exit_container(id, if in_time { 0 } else { KILLED });
            self.task_changed(id);
        }
    }

    /// The container's process ends: nothing listens any more.
    pub(super) fn exit_container(&mut self, id: TaskId, exit_code: i32) {
        let now = self.now;
        self.change_task(id, |task| {
            task.container.state = ContainerState::Stopped(Some(exit_code));
            task.listening = false;
            task.milestones.execution_stopped = Some(now);
        });
    }

    pub(super) fn enter(&mut self, id: TaskId, status: TaskStatus) {
        let now = self.now;
        self.change_task(id, |task| task.last_status = status);
        match status {
            TaskStatus::Pending => {
                self.change_task(id, |task| task.milestones.pull_started = Some(now));
            }
            TaskStatus::Running => {
                self.change_task(id, |task| task.milestones.started = Some(now));
                self.started(id);
            }
            TaskStatus::Deprovisioning => self.end_containers(id),
            TaskStatus::Stopped => {
                self.end_containers(id);
                self.stopped(id);
            }
            TaskStatus::Provisioning
            | TaskStatus::Activating
            | TaskStatus::Deactivating
            | TaskStatus::Stopping => {}
        }
        self.task_changed(id);
    }

    fn end_containers(&mut self, id: TaskId) {
        self.change_task(id, |task| {
            if task.container.state == ContainerState::Pending {
                task.container.state = ContainerState::Stopped(None);
            }
            task.end_sidecars();
        });
    }

    /// What follows from RUNNING: the interface shows (F24), the application listens, the first
    /// health check passes.
    fn started(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        let service_arn = task.service_arn.clone();
        let start_up = self.timing.declared(task.definition.start_up);
        self.plan_decay(id);
        self.plan_sidecars(id);
        self.plan_health_check(id);
        self.count_start(id);
        self.plan(self.timing.eni_visible, Due::ShowInterface(id));
        self.plan(self.timing.eni_association, Due::ShowAddress(id));
        self.plan(start_up, Due::Listen(id));
        self.wake_scheduler(&service_arn);
    }

    fn stopped(&mut self, id: TaskId) {
        let now = self.now;
        self.change_task(id, |task| task.milestones.stopped = Some(now));
        self.change_interface(id, |interface| {
            interface.visible = false;
            interface.associated = false;
        });
        if let Some(task) = self.tasks.get(&id) {
            let service_arn = task.service_arn.clone();
            if let Some(interface) = &task.interface {
                self.addresses.give_back(interface);
                self.lose_address(id);
            }
            // A task may have been waiting for an address or a port.
            self.wake_scheduler(&service_arn);
        }
        self.plan(self.timing.stopped_retention, Due::Forget(id));
    }

    /// ECS no longer shows a task.
    pub(super) fn forget_task(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.remove(&id) {
            self.task_ids.remove(&task.arn);
        }
    }

    /// EC2 shows the task's interface, unless it is gone.
    pub(super) fn show_interface(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| !task.has_stopped()) {
            self.change_interface(id, |interface| interface.visible = true);
        }
    }

    /// EC2 shows the public address of the task's interface, unless it is gone.
    pub(super) fn show_address(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| !task.has_stopped()) {
            self.change_interface(id, |interface| interface.associated = true);
        }
    }

    fn change_interface(&mut self, id: TaskId, change: impl FnOnce(&mut NetworkInterface)) {
        if let Some(interface) = self.tasks.get_mut(&id).and_then(|task| task.interface.as_mut()) {
            change(interface);
        }
    }

    /// The application is up, unless its container has gone in the meantime.
    pub(super) fn listen(&mut self, id: TaskId) {
        self.change_task(id, |task| {
            task.listening = task.container.state == ContainerState::Running && task.lost.is_none();
        });
    }

    /// The process of a container that runs ends by itself; ECS learns of it a moment later.
    pub(super) fn crash(&mut self, id: TaskId, exit_code: i32) {
        let state = self.tasks.get(&id).map(|task| task.container.state);
        if state == Some(ContainerState::Running) {
            self.exit_container(id, exit_code);
            self.plan(self.timing.exit_report, Due::ReportExit(id));
        }
    }

    /// ECS learns that the container has exited by itself.
    pub(super) fn report_exit(&mut self, id: TaskId) {
        self.begin_stop(
            id,
            StopCode::EssentialContainerExited,
            "Essential container in task exited",
        );
        self.count_failure(id);
    }

    pub(super) fn change_task(&mut self, id: TaskId, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.get_mut(&id) {
            change(task);
        }
    }

    /// Counts the task's version up and tells EventBridge (F8).
    fn task_changed(&mut self, id: TaskId) {
        let now = self.now;
        self.change_task(id, |task| {
            task.version += 1;
            task.milestones.updated = now;
        });
        self.emit_task(id);
    }
}
