//! The scenes: what is broken, and how one sees that it was repaired.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{
    API, CLUSTER, HEALTH_MONITOR, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{
    AppState, HealthStatus, Message, OperatorError, RolloutState, Task, TaskDefinition,
};
use serde_json::Value;

use super::releases;

/// An address of the lab's network at which nobody answers.
const DEAD: &str = "http://127.0.0.1:9";

/// One scene.
pub struct Scene {
    /// Its name, also in the file of figures.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub story: &'static str,
    /// What is done.
    pub trouble: Trouble,
    /// Whether the world, and what was done and said since the trouble, show that it was repaired.
    pub repaired: fn(&World, &Since<'_>) -> bool,
    /// Whether no request may fail meanwhile.
    pub lossless: bool,
}

/// What Eden did and said since the trouble.
pub struct Since<'a> {
    /// The actions, as the audit log has them.
    pub actions: &'a [Value],
    /// The mails.
    pub mails: &'a [Message],
}

/// What is done in a scene.
pub enum Trouble {
    /// Something breaks.
    Break(fn(&mut World) -> Result<(), OperatorError>),
    /// No task can serve until users have seen the maintenance page for a while.
    Outage,
    /// A release exits again and again, until people are called and deploy another.
    CrashLoop,
    /// A release exits again and again, and may be rolled back.
    BadRelease,
    /// Somebody invokes this function by hand.
    Invoke(&'static str),
}

/// All scenes, in the order in which they are played.
pub const SCENES: [Scene; 11] = [
    Scene {
        name: "first task",
        story: "The service starts its first task; the API leads nowhere yet.",
        trouble: Trouble::Break(|_| Ok(())),
        repaired: |_, since| since.took("point_integration"),
        lossless: false,
    },
    Scene {
        name: "crash",
        story: "The task crashes; ECS starts a successor, which has a new address.",
        trouble: Trouble::Break(|world| {
            let arn = running(world).arn.clone();
            world.crash_task(&arn, 137)
        }),
        repaired: |_, since| since.took("point_integration"),
        lossless: false,
    },
    Scene {
        name: "hand edit",
        story: "Somebody edits both integrations, and types a dead address.",
        trouble: Trouble::Break(|world| {
            world.set_integration_uri(API, ROOT_INTEGRATION, &format!("{DEAD}/"))?;
            world.set_integration_uri(API, PROXY_INTEGRATION, &format!("{DEAD}/{{proxy}}"))
        }),
        repaired: |_, since| since.took("point_integration"),
        lossless: false,
    },
    Scene {
        name: "application fails",
        story: "The application answers 500 while ECS sees nothing wrong; only the alarm does.",
        trouble: Trouble::Break(|world| {
            world.set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500))
        }),
        repaired: |world, since| since.took("force_deployment") && is_steady(world),
        lossless: false,
    },
    Scene {
        name: "unhealthy container",
        story: "The container fails its health check: ECS calls the task UNHEALTHY.",
        trouble: Trouble::Break(|world| {
            let arn = running(world).arn.clone();
            world.set_app(&arn, AppState::Failing(503))?;
            world.set_container_health(&arn, HealthStatus::Unhealthy)
        }),
        repaired: |world, since| since.took("stop_task") && is_steady(world),
        lossless: false,
    },
    Scene {
        name: "scaled to zero",
        story: "Somebody scales the service to 0 tasks.",
        trouble: Trouble::Break(|world| world.set_desired_count(CLUSTER, SERVICE, 0)),
        repaired: |world, since| since.took("restore_desired_count") && is_steady(world),
        lossless: false,
    },
    Scene {
        name: "rolling deployment",
        story: "A release that takes half a minute to start replaces one that drains for a minute.",
        trouble: Trouble::Break(deploy_slow_release),
        repaired: |world, since| {
            since.took("point_integration")
                && is_steady(world)
                // The old release has drained as well.
                && world.listeners().len() == 1
        },
        lossless: true,
    },
    Scene {
        name: "crash loop",
        story: "A release exits again and again: people are called once, and deploy a better one.",
        trouble: Trouble::CrashLoop,
        repaired: |world, since| {
            called(since.mails) == 1 && !since.took("force_deployment") && is_steady(world)
        },
        lossless: false,
    },
    Scene {
        name: "bad release",
        story: "Another one does, and Eden may return to what ran before.",
        trouble: Trouble::BadRelease,
        repaired: |world, since| since.took("roll_back") && is_steady(world),
        lossless: false,
    },
    Scene {
        name: "manual test",
        story: "Somebody invokes health-monitor by hand while all is well.",
        trouble: Trouble::Invoke(HEALTH_MONITOR),
        // That the service is well again is noted: people hear of it after a quarter of an hour.
        repaired: |world, since| since.only_noted() && is_steady(world),
        lossless: true,
    },
    Scene {
        name: "maintenance page",
        story: "The stack gets a maintenance page; then every task crashes as soon as it starts.",
        trouble: Trouble::Outage,
        repaired: |world, since| {
            since.took("show_maintenance") && since.took("clear_unserved") && is_steady(world)
        },
        lossless: false,
    },
];

fn deploy_slow_release(world: &mut World) -> Result<(), OperatorError> {
    let start_up = Duration::from_secs(30);
    releases::release(world, |present| TaskDefinition { start_up, ..present })
}

impl Since<'_> {
    /// Whether nothing was done but notes taken or given up.
    fn only_noted(&self) -> bool {
        let kinds = self.actions.iter().map(|it| it["detail"]["step"]["action"].as_str());
        let is_note = |kind: &str| kind.starts_with("mark_") || kind.starts_with("clear_");
        kinds.flatten().all(is_note)
    }

    /// Whether one of the actions is of that kind.
    fn took(&self, kind: &str) -> bool {
        self.actions.iter().any(|action| action["detail"]["step"]["action"] == kind)
    }
}

/// How often people were called.
pub fn called(mails: &[Message]) -> usize {
    let calls = mails.iter().filter(|mail| mail.subject.as_deref() == Some("Eden Needs a Human"));
    calls.count()
}

/// The task that serves.
fn running(world: &World) -> &Task {
    let tasks = world.tasks(CLUSTER, SERVICE);
    // Invariant: a scene begins only when the service is steady, or brings no task down.
    tasks.into_iter().find(|task| task.is_running()).expect("a steady service has a running task")
}

/// Whether the service runs what it wants, all of it well, and is not being deployed.
pub fn is_steady(world: &World) -> bool {
    let Some(service) = world.service(CLUSTER, SERVICE) else {
        return false;
    };
    let ready = world.tasks(CLUSTER, SERVICE).iter().filter(|task| task.is_ready()).count();
    service.desired_count > 0
        && usize::try_from(service.desired_count).is_ok_and(|desired| desired == ready)
        && service.replaced.is_empty()
        && service.primary.rollout_state == RolloutState::Completed
}
