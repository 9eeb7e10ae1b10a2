//! What becomes of container instances: their agents lose touch, they die, are stopped by hand, or
//! are deregistered.

use super::World;
use super::operator::OperatorError;
use super::task::{DesiredStatus, StopCause, StopCode, TaskId, TaskStatus};

type Done = Result<(), OperatorError>;

impl World {
    /// The agent of a container instance loses touch with ECS, which happens several times an hour
    /// (Developer Guide, container agent): its tasks run on, `connectivity` DISCONNECTED, and nothing
    /// that ECS asks of them is done.
    ///
    /// # Errors
    /// When there is no such container instance.
    pub fn disconnect_agent(&mut self, container_instance: &str) -> Done {
        self.set_agent(container_instance, false)
    }

    /// The agent is back, and does what ECS asked meanwhile.
    ///
    /// # Errors
    /// When there is no such container instance.
    pub fn reconnect_agent(&mut self, container_instance: &str) -> Done {
        self.set_agent(container_instance, true)
    }

    fn set_agent(&mut self, container_instance: &str, connected: bool) -> Done {
        let instance = self.container_instances.iter_mut();
        let instance = instance.into_iter().find(|it| it.arn == container_instance);
        let missing = || OperatorError::NoSuchContainerInstance(container_instance.to_owned());
        instance.ok_or_else(missing)?.agent_connected = connected;
        for id in self.tasks_of_instance(container_instance) {
            self.change_task(id, |task| task.connected = connected);
            self.plan_advance(id);
        }
        Ok(())
    }

    /// The hardware of a container instance fails, and its agent with it: nobody reaches its tasks,
    /// and ECS goes on calling them RUNNING (<https://github.com/aws/containers-roadmap/issues/2040>).
    ///
    /// # Errors
    /// When there is no such container instance.
    pub fn kill_instance(&mut self, container_instance: &str) -> Done {
        self.disconnect_agent(container_instance)?;
        let now = self.now;
        for id in self.tasks_of_instance(container_instance) {
            self.change_task(id, |task| {
                task.lost = Some(now);
                task.listening = false;
                task.reachable = false;
            });
        }
        Ok(())
    }

    /// Somebody stops the EC2 instance and the agent ends first: its tasks stay RUNNING with the
    /// desired status STOPPED and no `stoppingAt`, the service goes on counting them, and neither
    /// starts others nor is helped by a forced deployment. As an incident report of 2026 tells; the
    /// stop code is assumed.
    ///
    /// # Errors
    /// When there is no such container instance.
    pub fn stop_instance(&mut self, container_instance: &str) -> Done {
        self.kill_instance(container_instance)?;
        let instance = self.container_instance(container_instance);
        let ec2 = instance.map_or("", |it| it.ec2_instance_id.as_str());
        let reason = format!("Host EC2 (instance {ec2}) stopped.");
        for id in self.tasks_of_instance(container_instance) {
            let cause = StopCause { code: StopCode::TerminationNotice, reason: reason.clone() };
            self.change_task(id, |task| {
                task.desired_status = DesiredStatus::Stopped;
                task.stop_cause = Some(cause);
                task.keeps_its_place = true;
            });
        }
        Ok(())
    }

    /// Deregisters a container instance with force: ECS forgets the tasks on it and starts others
    /// (API reference of `DeregisterContainerInstance`).
    ///
    /// # Errors
    /// When there is no such container instance.
    pub fn deregister_container_instance(&mut self, container_instance: &str) -> Done {
        let missing = || OperatorError::NoSuchContainerInstance(container_instance.to_owned());
        self.container_instance(container_instance).ok_or_else(missing)?;
        for id in self.tasks_of_instance(container_instance) {
            self.change_task(id, |task| task.desired_status = DesiredStatus::Stopped);
            self.enter(id, TaskStatus::Stopped);
        }
        self.container_instances.retain(|it| it.arn != container_instance);
        Ok(())
    }

    fn tasks_of_instance(&self, container_instance: &str) -> Vec<TaskId> {
        self.tasks.keys_where(|task| {
            !task.has_stopped()
                && task.container_instance_arn.as_deref() == Some(container_instance)
        })
    }
}
