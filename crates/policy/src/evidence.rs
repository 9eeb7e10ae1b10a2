//! Evidence: what a diagnosis rests on, as data for machines and as sentences for people.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::facts::{Alarm, ApiAnswer, task_id};

/// One thing that was seen, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "evidence", rename_all = "snake_case")]
pub enum Evidence {
    /// The service's counts.
    Counts {
        /// Tasks that run.
        running: u32,
        /// Tasks that should.
        desired: u32,
        /// Tasks on their way.
        pending: u32,
    },
    /// What the alarm says now.
    AlarmState {
        /// Its state, in AWS's words.
        state: &'static str,
    },
    /// What the API answered to a probe.
    Api {
        /// The answer, in words.
        answer: String,
    },
    /// What the tasks answered when they were asked themselves, all together.
    Asked {
        /// So many answered well.
        well: usize,
        /// So many were asked.
        asked: usize,
        /// What one answered that did not.
        otherwise: Option<String>,
    },
    /// How many of the API's requests failed in the last minutes.
    RequestsFailed {
        /// So many failed.
        failed: u64,
        /// So many there were.
        all: u64,
    },
    /// The maintenance page answers in the service's place, or is to from now on.
    MaintenancePage,
    /// The route is parked: that the API fails and the alarm rings is by design.
    Parked,
    /// ECS calls the task UNHEALTHY.
    Unhealthy {
        /// The task.
        task: String,
        /// Since when it has been found sick, if that was noted.
        since: Option<Timestamp>,
    },
    /// The task does not answer a probe, while others do.
    Unanswered {
        /// The task.
        task: String,
        /// What it did instead.
        because: String,
        /// Since when it has been found sick, if that was noted.
        since: Option<Timestamp>,
    },
    /// The task died by itself, or ECS gave it up for failing its health checks.
    Died {
        /// The task.
        task: String,
        /// When.
        at: Timestamp,
        /// What the container exited with that ended it.
        exit_code: Option<i32>,
        /// That container, if it is known which one it was.
        container: Option<String>,
        /// The reason that ECS gives.
        reason: String,
    },
    /// The task is to stop, and still runs long after it should have.
    Stuck {
        /// The task.
        task: String,
        /// The container instance that it runs on, if it is known.
        container_instance: Option<String>,
        /// Since when it is known to be to stop.
        since: Timestamp,
    },
    /// ECS does not hear of a task that it calls RUNNING: its agent is gone.
    Disconnected {
        /// The task.
        task: String,
        /// The container instance that it runs on, if it is known.
        container_instance: Option<String>,
    },
    /// The task never ran.
    NotStarted {
        /// The task.
        task: String,
        /// When it was given up.
        at: Timestamp,
        /// The container that did not start, if it is known which one it was.
        container: Option<String>,
        /// The reason that ECS gives.
        reason: String,
    },
    /// A message of ECS about the service.
    Said {
        /// When.
        at: Timestamp,
        /// What.
        text: String,
    },
    /// A deployment in progress.
    InProgress {
        /// Its id.
        deployment: String,
        /// Since when.
        since: Timestamp,
    },
    /// The deployment in progress stands beside the one that serves.
    SideBySide {
        /// The one that serves.
        serving: String,
        /// How far the other is, in AWS's words, if that was read.
        stage: Option<String>,
    },
    /// An image that a tag names: a new deployment takes what the tag means by then.
    MovingTag {
        /// Its name.
        image: String,
        /// The digest that runs, if it is known.
        digest: Option<String>,
    },
    /// What could not be read.
    NotRead {
        /// What.
        what: String,
        /// Why.
        because: String,
    },
}

impl Evidence {
    /// The alarm's state.
    pub fn of_alarm(alarm: Alarm) -> Self {
        let state = match alarm {
            Alarm::Alarm => "ALARM",
            Alarm::Ok => "OK",
            Alarm::InsufficientData => "INSUFFICIENT_DATA",
            Alarm::Missing => "missing",
        };
        Evidence::AlarmState { state }
    }

    /// The API's answer.
    pub fn of_api(answer: &ApiAnswer) -> Self {
        let answer = match answer {
            ApiAnswer::Good { status, latency_ms } => format!("{status} in {latency_ms} ms"),
            ApiAnswer::Unclear { status } => format!("{status}, which may be the gateway itself"),
            ApiAnswer::NotReached(because) => {
                format!("nothing, as it could not be asked from here: {because}")
            }
            ApiAnswer::Bad(because) => because.clone(),
            ApiAnswer::NotAsked => "nothing, as it was not asked".to_owned(),
        };
        Evidence::Api { answer }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = |since: &Option<Timestamp>| {
            since.map_or_else(String::new, |since| format!(", since {since:.0}"))
        };
        match self {
            Evidence::Counts { running, desired, pending } => {
                write!(f, "{running} of {desired} tasks run, {pending} are on their way")
            }
            Evidence::AlarmState { state } => write!(f, "the 5XX alarm is {state}"),
            Evidence::Api { answer } => write!(f, "the API answered {answer}"),
            Evidence::Asked { well, asked, otherwise } => {
                write!(f, "{well} of {asked} tasks answer well when asked themselves")?;
                otherwise.iter().try_for_each(|answer| write!(f, "; {answer}"))
            }
            Evidence::RequestsFailed { failed, all } => {
                write!(f, "{failed} of the last {all} requests of the API failed")
            }
            Evidence::MaintenancePage => {
                f.write_str("the maintenance page answers for the service")
            }
            Evidence::Parked => f.write_str("the route is parked, at an address that is nobody's"),
            Evidence::Unhealthy { task, since: at } => {
                write!(f, "ECS calls task {task} UNHEALTHY{}", since(at))
            }
            Evidence::Unanswered { task, because, since: at } => {
                write!(f, "task {task} does not answer ({because}){}", since(at))
            }
            Evidence::Died { task, at, exit_code, container, reason } => {
                let code = exit_code.map_or_else(String::new, |code| format!(" with code {code}"));
                let of = of_container(container.as_deref());
                write!(f, "task {task} ended{code}{of} at {at:.0}: {reason}")
            }
            Evidence::Stuck { task, container_instance, since } => {
                let on = on_instance(container_instance.as_deref());
                write!(f, "task {task} has been to stop since {since:.0}, and still runs{on}")
            }
            Evidence::Disconnected { task, container_instance } => {
                let on = on_instance(container_instance.as_deref());
                write!(f, "ECS does not hear of task {task}{on}: its agent is disconnected")
            }
            Evidence::NotStarted { task, at, container, reason } => {
                let of = container
                    .as_ref()
                    .map_or_else(String::new, |it| format!(" for container {it}"));
                write!(f, "task {task} never ran{of}, given up at {at:.0}: {reason}")
            }
            Evidence::Said { at, text } => write!(f, "ECS said at {at:.0}: {text}"),
            Evidence::InProgress { deployment, since } => {
                write!(f, "deployment {deployment} has been in progress since {since:.0}")
            }
            Evidence::SideBySide { serving, stage: Some(stage) } => {
                write!(f, "it is in stage {stage}, and the traffic is that of deployment {serving}")
            }
            Evidence::SideBySide { serving, stage: None } => {
                write!(f, "the traffic is that of deployment {serving}")
            }
            Evidence::MovingTag { image, digest } => {
                let runs =
                    digest.as_ref().map_or_else(String::new, |it| format!(": {it} runs so far"));
                write!(
                    f,
                    "image {image} is a tag{runs}, and a new deployment takes what the tag means by \
                     then, released or not"
                )
            }
            Evidence::NotRead { what, because } => write!(f, "{what} could not be read: {because}"),
        }
    }
}

fn of_container(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" of container {name}"))
}

fn on_instance(arn: Option<&str>) -> String {
    arn.map_or_else(String::new, |arn| format!(" on container instance {}", task_id(arn)))
}
