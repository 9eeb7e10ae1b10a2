//! The containers of a task that is over, and which of them ended it.

use std::time::Duration;

use super::task::{Stop, StopCode};

/// What becomes of a container that is told to stop: it ends itself, or is killed (128 + SIGTERM, 128
/// + SIGKILL). That it was is a consequence of another's end, unless its reason says more.
const TOLD_TO_STOP: [i32; 2] = [143, 137];
/// What the names of the containers begin with that AWS puts into tasks without their definition
/// knowing of them: GuardDuty's agent and Service Connect's proxy.
const INJECTED: [&str; 2] = ["aws-guardduty-agent", "ecs-service-connect-"];

/// A container of a task that is over (F50).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its name.
    pub name: String,
    /// What it exited with, if it ran.
    pub exit_code: Option<i32>,
    /// What ECS says of it besides: why its image could not be pulled, that it ran out of memory.
    pub reason: Option<String>,
}

/// A task definition, as far as it tells of its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Its ARN.
    pub arn: String,
    /// Its containers; those that AWS injects into tasks are not among them.
    pub containers: Vec<ContainerDefinition>,
}

/// A container of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Its name.
    pub name: String,
    /// Whether its end ends the task.
    pub essential: bool,
    /// How long it may take to stop before it is killed, if the definition says.
    pub stop_timeout: Option<Duration>,
}

/// Why a task ended, as people are to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// ECS's reason, and what it says of the container that ended the task.
    pub reason: String,
    /// That container, if it is known which one it was.
    pub container: Option<String>,
    /// What it exited with, if it ran.
    pub exit_code: Option<i32>,
}

impl Ended {
    /// Whether something beyond its exit code speaks of it.
    fn is_explained(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| !reason.is_empty())
    }

    fn was_told_to_stop(&self) -> bool {
        self.exit_code.is_some_and(|code| TOLD_TO_STOP.contains(&code))
    }

    /// Whether it belongs to the application, as far as is known.
    fn is_own(&self, definition: Option<&TaskDefinition>) -> bool {
        match definition {
            Some(definition) => definition.container(&self.name).is_some(),
            None => !INJECTED.iter().any(|prefix| self.name.starts_with(prefix)),
        }
    }

    /// Whether its end would end the task, as far as is known.
    fn may_end_its_task(&self, definition: Option<&TaskDefinition>) -> bool {
        match definition {
            Some(definition) => definition.container(&self.name).is_some_and(|it| it.essential),
            None => self.is_own(None),
        }
    }
}

impl TaskDefinition {
    fn container(&self, name: &str) -> Option<&ContainerDefinition> {
        self.containers.iter().find(|container| container.name == name)
    }
}

impl Stop {
    /// Whether its containers tell different stories, so that the task definition has to tell which of
    /// them is essential.
    pub fn is_contested(&self) -> bool {
        let story = |it: &Ended| (it.exit_code, it.reason.clone());
        let first = self.containers.first().map(story);
        self.is_of_containers() && self.containers.iter().any(|it| Some(story(it)) != first)
    }

    /// Why it ended, by the definition that it ran where that is known. The exit code is that of the
    /// container that ended the task; without the definition, or where several essential ones may
    /// have, none is singled out, and the reason names them all.
    pub fn cause(&self, definition: Option<&TaskDefinition>) -> Cause {
        if let Some(ended) = self.ended_by(definition) {
            let more = ended.reason.as_deref().filter(|it| !self.reason.contains(it));
            let reason = match more.filter(|more| !more.is_empty()) {
                Some(more) => format!("{}: {more}", self.reason),
                None => self.reason.clone(),
            };
            let container = Some(ended.name.clone());
            return Cause { reason, container, exit_code: ended.exit_code };
        }
        let ran = |it: &Ended| Some(format!("{} exited with {}", it.name, it.exit_code?));
        let of_task = self.containers.iter().filter(|it| it.may_end_its_task(definition));
        let ran: Vec<_> = of_task.filter_map(ran).collect();
        let reason = if ran.is_empty() || !self.is_of_containers() {
            self.reason.clone()
        } else {
            format!("{} ({})", self.reason, ran.join(", "))
        };
        Cause { reason, container: None, exit_code: None }
    }

    /// Whether a container ended the task, and not somebody who stopped it.
    fn is_of_containers(&self) -> bool {
        match self.code {
            StopCode::TaskFailedToStart
            | StopCode::EssentialContainerExited
            | StopCode::Unknown => true,
            StopCode::FailedHealthChecks
            | StopCode::UserInitiated
            | StopCode::ServiceSchedulerInitiated
            | StopCode::Infrastructure => false,
        }
    }

    /// The container that ended the task. AWS does not say in which order containers end.
    fn ended_by(&self, definition: Option<&TaskDefinition>) -> Option<&Ended> {
        if let [only] = &self.containers[..] {
            return Some(only);
        }
        if !self.is_of_containers() {
            return None;
        }
        let essential = |it: &&Ended| it.may_end_its_task(definition);
        if self.code == StopCode::TaskFailedToStart {
            let never_ran = |it: &&Ended| it.exit_code.is_none() && it.is_explained();
            let own = self.containers.iter().filter(|it| it.is_own(definition)).filter(never_ran);
            let found = own.clone().find(essential).or_else(|| own.clone().next());
            if found.is_some() {
                return found;
            }
        }
        let ran: Vec<_> =
            self.containers.iter().filter(|it| it.exit_code.is_some()).filter(essential).collect();
        let failed = |it: &&Ended| it.exit_code != Some(0) && !it.was_told_to_stop();
        let explained = ran.iter().copied().find(|it| it.is_explained());
        let failed: Vec<_> = ran.iter().copied().filter(failed).collect();
        let ended: Vec<_> = ran.iter().copied().filter(|it| it.exit_code == Some(0)).collect();
        match (explained, &failed[..], &ended[..], &ran[..]) {
            (Some(explained), ..) => Some(explained),
            (None, [failed], ..) | (None, [], _, [failed]) => Some(failed),
            // The end of an essential container is the task's, whatever it exits with; but one that
            // is not essential may have ended well long ago.
            (None, [], [ended], _) if definition.is_some() => Some(ended),
            (None, ..) => None,
        }
    }
}
