//! Facts as chainable builders: a healthy service of one task at a fixed time, and its variations.

use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::facts::{
    Alarm, Deployment, DeploymentController, Integration, IntegrationKind, LastStatus, Pointer,
    Readiness, RolloutState, Route, Serves, Service, ServiceStatus, Stage, StageDeployment, Task,
    TaskHealth, TaskNetwork,
};
use eden_policy::mode::ModeTag;
use eden_policy::{Facts, Observed};
use jiff::Timestamp;

pub const PORT: u16 = 8000;

/// The time of every decision.
pub fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

pub fn ago(seconds: u64) -> Timestamp {
    now().checked_sub(Duration::from_secs(seconds)).unwrap()
}

/// The PRIMARY deployment, and the one before it.
pub const PRIMARY: &str = "ecs-svc/1";
pub const OLD: &str = "ecs-svc/0";

fn task_arn(n: u8) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:task/prod-eden-cluster/task{n}")
}

/// A task of the PRIMARY deployment that has been running for an hour; number `n` answers at
/// 203.0.113.`n`.
pub fn task(n: u8) -> Task {
    Task {
        arn: task_arn(n),
        last_status: LastStatus::Running,
        wanted: true,
        health: TaskHealth::Unknown,
        created_at: Some(ago(3_660)),
        started_at: Some(ago(3_600)),
        stopping_at: None,
        deployment: Some(PRIMARY.to_owned()),
        network: TaskNetwork::Interface(format!("eni-{n}")),
    }
}

pub trait TaskExt {
    fn started(self, seconds_ago: u64) -> Self;
    fn health(self, health: TaskHealth) -> Self;
    fn starting(self) -> Self;
    fn stopping(self, seconds_ago: u64) -> Self;
    fn old(self) -> Self;
}

impl TaskExt for Task {
    fn started(mut self, seconds_ago: u64) -> Self {
        self.started_at = Some(ago(seconds_ago));
        self
    }

    fn health(mut self, health: TaskHealth) -> Self {
        self.health = health;
        self
    }

    fn starting(mut self) -> Self {
        self.last_status = LastStatus::Starting;
        self.started_at = None;
        self
    }

    /// Still RUNNING, but no longer wanted (F9).
    fn stopping(mut self, seconds_ago: u64) -> Self {
        self.wanted = false;
        self.stopping_at = Some(ago(seconds_ago));
        self
    }

    /// Of the deployment before the PRIMARY one.
    fn old(mut self) -> Self {
        self.deployment = Some(OLD.to_owned());
        self
    }
}

pub fn endpoint(n: u8) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, n], PORT))
}

pub fn leading_to(uri: &str) -> Observed<Integration> {
    Observed::Known(Integration { kind: IntegrationKind::Http, uri: Some(uri.to_owned()) })
}

pub fn uri_of(n: u8) -> String {
    format!("http://{}/{{proxy}}", endpoint(n))
}

pub fn leading_to_task(n: u8) -> Observed<Integration> {
    leading_to(&uri_of(n))
}

pub fn integration(id: &str) -> Pointer {
    Pointer::Integration(id.to_owned())
}

/// A route whose one integration leads to task `n`, on a stage that deploys by itself; every task
/// up to number 40 has an address and answers there.
pub fn route_to(n: u8) -> Route {
    Route {
        api: "a1b2c3d4e5".to_owned(),
        port: PORT,
        endpoints: Observed::Known((1..=40).map(|n| (task_arn(n), endpoint(n))).collect()),
        readiness: (1..=40).map(|n| (endpoint(n), Readiness::Ready)).collect(),
        pointers: vec![(integration("int1"), leading_to_task(n))],
        stages: Observed::Known(vec![Stage {
            name: "$default".to_owned(),
            auto_deploy: true,
            serves: Serves::Nothing,
        }]),
    }
}

pub trait RouteExt {
    fn silent(self, tasks: &[u8]) -> Self;
    fn unasked(self) -> Self;
    fn unaddressed(self, task: u8) -> Self;
    fn pointers(self, pointers: Vec<(Pointer, Observed<Integration>)>) -> Self;
    fn stage(self, stage: Stage) -> Self;
}

impl RouteExt for Route {
    /// These tasks do not answer.
    fn silent(mut self, tasks: &[u8]) -> Self {
        let silent = || Readiness::NotReady(SILENCE.to_owned());
        self.readiness.extend(tasks.iter().map(|n| (endpoint(*n), silent())));
        self
    }

    /// Nobody was probed yet.
    fn unasked(mut self) -> Self {
        self.readiness.clear();
        self
    }

    fn unaddressed(mut self, task: u8) -> Self {
        if let Observed::Known(endpoints) = &mut self.endpoints {
            endpoints.remove(&task_arn(task));
        }
        self
    }

    fn pointers(mut self, pointers: Vec<(Pointer, Observed<Integration>)>) -> Self {
        self.pointers = pointers;
        self
    }

    fn stage(mut self, stage: Stage) -> Self {
        self.stages = Observed::Known(vec![stage]);
        self
    }
}

/// What a task does that does not answer.
pub const SILENCE: &str = "connection refused";

/// A stage without autoDeploy that serves a deployment of that description and age.
pub fn manual_stage(description: Option<&str>, seconds_ago: u64) -> Stage {
    Stage {
        name: "prod".to_owned(),
        auto_deploy: false,
        serves: serving(description, ago(seconds_ago)),
    }
}

pub fn serving(description: Option<&str>, created_at: Timestamp) -> Serves {
    let description = description.map(str::to_owned);
    Serves::Deployment(StageDeployment { description, created_at: Some(created_at) })
}

pub fn deployment(rollout: RolloutState, seconds_ago: u64) -> Deployment {
    Deployment { id: PRIMARY.to_owned(), primary: true, rollout, created_at: ago(seconds_ago) }
}

/// A deployment that is replacing the tasks of another.
pub fn rollout() -> Vec<Deployment> {
    let old = deployment(RolloutState::Completed, 86_400);
    vec![
        deployment(RolloutState::InProgress, 60),
        Deployment { id: OLD.to_owned(), primary: false, ..old },
    ]
}

pub const SERVICE_ARN: &str =
    "arn:aws:ecs:us-east-1:123456789012:service/prod-eden-cluster/prod-eden-service";

/// A service that runs all the tasks it wants and was deployed a day ago.
pub fn service(desired: u32) -> Service {
    Service {
        arn: SERVICE_ARN.to_owned(),
        status: ServiceStatus::Active,
        desired,
        running: desired,
        pending: 0,
        deployments: vec![deployment(RolloutState::Completed, 86_400)],
        health_check_grace: Duration::ZERO,
        controller: DeploymentController::Ecs,
        mode: ModeTag::Absent,
        unserved_since: None,
    }
}

/// Nothing is wrong: `tasks` tasks run, the gateway leads to the first, the alarm is quiet.
pub fn healthy(tasks: u8) -> Facts {
    Facts {
        service: Observed::Known(service(u32::from(tasks))),
        tasks: Observed::Known((1..=tasks).map(task).collect()),
        route: Some(route_to(1)),
        alarm: Observed::Known(Alarm::Ok),
    }
}

pub trait FactsExt {
    fn alarm(self, alarm: Alarm) -> Self;
    fn tasks(self, tasks: Vec<Task>) -> Self;
    fn service(self, change: impl FnOnce(&mut Service)) -> Self;
    fn route(self, route: Route) -> Self;
}

impl FactsExt for Facts {
    fn alarm(mut self, alarm: Alarm) -> Self {
        self.alarm = Observed::Known(alarm);
        self
    }

    fn tasks(mut self, tasks: Vec<Task>) -> Self {
        self.tasks = Observed::Known(tasks);
        self
    }

    fn service(mut self, change: impl FnOnce(&mut Service)) -> Self {
        if let Observed::Known(service) = &mut self.service {
            change(service);
        }
        self
    }

    fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }
}

pub fn unknown<T>() -> Observed<T> {
    Observed::Unknown("ThrottlingException".to_owned())
}
