//! A service over hours: ECS keeps it running, people deploy it, faults befall it, and Eden's steps
//! are carried out. Only as much of ECS as limits and budgets depend on; the lab knows the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use eden_policy::Step;
use eden_policy::facts::{
    Deployment, Failing, LastStatus, RolloutState, Stop, StopCode, Task, TaskHealth, TaskNetwork,
};
use jiff::Timestamp;

use crate::fixtures::*;

/// What may happen between two looks; tasks are meant by their turn among those that run.
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    Unhealthy(usize),
    Silent(usize),
    Well(usize),
    Dies(usize),
    Protected(usize),
    AllUnhealthy,
    AllWell,
    /// Whether the alarm rings and the API answers 503.
    Fails(bool),
    /// Whether ECS has room for more tasks.
    Room(bool),
    /// People deploy something new, whose tasks may die soon after they start.
    Deployed {
        dying: bool,
    },
    /// Which facts cannot be read for now.
    Unread(Unread),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    Nothing,
    Alarm,
    Protection,
    Former,
    Service,
}

/// How long a task takes to start and to stop, and how often ECS looks, in seconds.
const STARTS: u64 = 40;
const STOPS: u64 = 40;
const TICK: u64 = 20;
/// A dying task's life in seconds.
const DIES_AFTER: u64 = 30;
/// ECS shows stopped tasks for an hour (F18).
const FORGOTTEN: u64 = 3_600;

/// A deployment that was, oldest first.
pub(super) struct Past {
    pub(super) definition: String,
    pub(super) created_at: Timestamp,
    pub(super) completed: bool,
}

pub struct World {
    pub now: Timestamp,
    pub tasks: Vec<Task>,
    pub protected: BTreeSet<String>,
    pub(super) desired: usize,
    pub(super) silent: BTreeSet<String>,
    pub(super) dying: BTreeSet<String>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) past: Vec<Past>,
    pub(super) redeployed_at: Vec<Timestamp>,
    pub(super) seen: Option<String>,
    pub(super) unserved_since: Option<Timestamp>,
    pub(super) failing: Option<Failing>,
    pub(super) fails: bool,
    pub(super) room: bool,
    pub(super) unread: Unread,
    pub(super) uri: String,
    pub(super) moved_at: Option<Timestamp>,
    pub(super) tasks_ever: usize,
}

fn definition(n: usize) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:task-definition/eden:{n}")
}

impl World {
    /// A service that has been well for an hour, a day after it was deployed.
    pub fn well(desired: usize) -> Self {
        let mut world = World {
            now: now(),
            tasks: Vec::new(),
            protected: BTreeSet::new(),
            desired,
            silent: BTreeSet::new(),
            dying: BTreeSet::new(),
            deployments: Vec::new(),
            past: Vec::new(),
            redeployed_at: Vec::new(),
            seen: None,
            unserved_since: None,
            failing: None,
            fails: false,
            room: true,
            unread: Unread::Nothing,
            uri: uri_of(1),
            moved_at: None,
            tasks_ever: 0,
        };
        world.deploy(definition(0));
        world.now = world.later(3_600);
        world.past[0].completed = true;
        world.deploy(definition(1));
        world.advance(600);
        world.now = world.later(7_200);
        world
    }

    pub fn later(&self, seconds: u64) -> Timestamp {
        self.now.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    pub fn primary(&self) -> &Deployment {
        &self.deployments[0]
    }

    pub fn is_rolling(&self) -> bool {
        self.primary().rollout == RolloutState::InProgress
    }

    pub fn is_sick(&self, task: &Task) -> bool {
        task.health == TaskHealth::Unhealthy || self.silent.contains(&task.arn)
    }

    pub fn task(&self, arn: &str) -> &Task {
        self.tasks.iter().find(|task| task.arn == arn).unwrap()
    }

    pub fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.runs()).count()
    }

    pub(super) fn starting(&self) -> usize {
        self.tasks.iter().filter(|it| it.wanted && it.last_status == LastStatus::Starting).count()
    }

    /// Everything that is wrong ends.
    pub fn mend(&mut self) {
        self.happen(Happening::AllWell);
        self.happen(Happening::Fails(false));
        self.happen(Happening::Room(true));
        self.happen(Happening::Unread(Unread::Nothing));
        self.protected.clear();
        if !self.dying.is_empty() {
            self.happen(Happening::Deployed { dying: false });
        }
    }

    pub fn happen(&mut self, happening: Happening) {
        let run: Vec<_> = self.tasks.iter().filter(|task| task.runs()).collect();
        let nth = |n: usize| run.get(n % run.len().max(1)).map(|task| task.arn.clone());
        match happening {
            Happening::Unhealthy(n) => self.set_health(nth(n).as_deref(), TaskHealth::Unhealthy),
            Happening::Well(n) => {
                let arn = nth(n);
                self.silent.retain(|silent| arn.as_ref() != Some(silent));
                self.set_health(arn.as_deref(), TaskHealth::Healthy);
            }
            Happening::Silent(n) => self.silent.extend(nth(n)),
            Happening::Protected(n) => self.protected.extend(nth(n)),
            Happening::Dies(n) => {
                let (code, why) = (StopCode::EssentialContainerExited, "exited");
                if let Some(arn) = nth(n) {
                    self.stop(&arn, code, why);
                }
            }
            Happening::AllUnhealthy => {
                self.tasks.iter_mut().for_each(|task| task.health = TaskHealth::Unhealthy);
            }
            Happening::AllWell => {
                self.silent.clear();
                self.tasks.iter_mut().for_each(|task| task.health = TaskHealth::Healthy);
            }
            Happening::Fails(fails) => self.fails = fails,
            Happening::Room(room) => self.room = room,
            Happening::Unread(unread) => self.unread = unread,
            Happening::Deployed { dying } => {
                let definition = definition(self.past.len());
                if dying {
                    self.dying.insert(definition.clone());
                }
                self.deploy(definition);
            }
        }
    }

    fn set_health(&mut self, arn: Option<&str>, health: TaskHealth) {
        if let Some(task) = self.tasks.iter_mut().find(|task| Some(task.arn.as_str()) == arn) {
            task.health = health;
        }
    }

    fn stop(&mut self, arn: &str, code: StopCode, reason: &str) {
        let now = self.now;
        let task = self.tasks.iter_mut().find(|task| task.arn == arn).unwrap();
        task.wanted = false;
        task.stopping_at = Some(now);
        task.stop = Some(Stop { code, reason: reason.to_owned(), containers: Vec::new() });
    }

    fn deploy(&mut self, definition: String) {
        let (id, created_at) = (format!("ecs-svc/{}", self.past.len()), self.now);
        self.deployments.iter_mut().for_each(|deployment| deployment.primary = false);
        self.past.push(Past { definition: definition.clone(), created_at, completed: false });
        let rollout = RolloutState::InProgress;
        let primary = Deployment { id, primary: true, rollout, created_at, definition, desired: 1 };
        self.deployments.insert(0, primary);
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: u64) {
        for _ in 0..seconds / TICK {
            self.now = self.later(TICK);
            self.live();
            self.replace();
            self.roll();
        }
    }

    /// Tasks start, die and stop.
    fn live(&mut self) {
        let now = self.now;
        let over = |since: Option<Timestamp>, seconds: u64| {
            since.is_some_and(|at| now >= at.checked_add(Duration::from_secs(seconds)).unwrap())
        };
        for task in &mut self.tasks {
            if task.wanted && task.last_status == LastStatus::Starting {
                if over(task.created_at, STARTS) {
                    (task.last_status, task.started_at) = (LastStatus::Running, Some(now));
                }
            } else if !task.wanted && over(task.stopping_at, STOPS) {
                task.last_status = LastStatus::Stopping;
                task.network = TaskNetwork::Unattached;
            }
        }
        let of = |task: &Task| {
            let id = task.deployment.as_deref();
            self.deployments.iter().find(|it| Some(it.id.as_str()) == id)
        };
        let dies = |task: &&Task| {
            of(task).is_some_and(|it| self.dying.contains(&it.definition))
                && task.runs()
                && over(task.started_at, DIES_AFTER)
        };
        let dead: Vec<_> = self.tasks.iter().filter(dies).map(|task| task.arn.clone()).collect();
        for arn in dead {
            self.stop(&arn, StopCode::EssentialContainerExited, "exited");
        }
        self.tasks.retain(|task| !over(task.stopping_at, FORGOTTEN));
    }

    /// ECS starts what is missing of the PRIMARY deployment, one task at a time.
    fn replace(&mut self) {
        let id = self.primary().id.clone();
        let of_primary = |task: &&Task| task.wanted && task.deployment.as_ref() == Some(&id);
        if self.room && self.tasks.iter().filter(of_primary).count() < self.desired {
            self.tasks_ever += 1;
            self.tasks.push(Task {
                arn: format!(
                    "arn:aws:ecs:us-east-1:123456789012:task/eden/task{}",
                    self.tasks_ever
                ),
                last_status: LastStatus::Starting,
                health: TaskHealth::Healthy,
                created_at: Some(self.now),
                started_at: None,
                deployment: Some(id),
                ..task(1)
            });
        }
    }

    /// A rollout completes once enough new tasks have been running for a minute; then the old ones
    /// stop.
    fn roll(&mut self) {
        let (id, since) = (self.primary().id.clone(), self.now);
        let settled = |task: &&Task| {
            let minute = task
                .started_at
                .is_some_and(|at| since >= at.checked_add(Duration::from_secs(60)).unwrap());
            task.runs() && minute && task.deployment.as_ref() == Some(&id)
        };
        let enough = self.tasks.iter().filter(settled).count() >= self.desired;
        if !self.is_rolling() || !enough {
            return;
        }
        let old = |task: &&Task| task.wanted && task.deployment.as_ref() != Some(&id);
        let old: Vec<_> = self.tasks.iter().filter(old).map(|task| task.arn.clone()).collect();
        for arn in old {
            self.stop(&arn, StopCode::ServiceSchedulerInitiated, "replaced");
        }
        self.deployments.truncate(1);
        self.deployments[0].rollout = RolloutState::Completed;
        self.past.last_mut().unwrap().completed = true;
    }

    /// Carries out a step of Eden's, as AWS would.
    pub fn carry_out(&mut self, step: &Step) {
        match step {
            Step::PointIntegration { to, .. } => {
                (self.uri, self.moved_at) = (to.clone(), Some(self.now));
            }
            Step::MarkSuspect { task, since } => self.set_suspect(task, Some(*since)),
            Step::ClearSuspect { task } => self.set_suspect(task, None),
            Step::MarkCondition { sighting, .. } => self.seen = Some(sighting.to_string()),
            Step::ClearCondition { .. } => self.seen = None,
            Step::MarkFailing { since, definition, .. } => {
                let definition = definition.clone();
                self.failing = Some(Failing { since: *since, definition });
            }
            Step::ClearFailing { .. } => self.failing = None,
            Step::StopTask { task, because, .. } => {
                self.stop(task, StopCode::UserInitiated, &format!("{}{because}", Stop::MARK));
            }
            Step::ForceDeployment { .. } => {
                let present = self.primary().definition.clone();
                self.deploy_noted(present);
            }
            Step::RollBack { to, .. } => self.deploy_noted(to.clone()),
            Step::Park { to, .. } => {
                (self.uri, self.moved_at) = (to[0].clone(), Some(self.now));
            }
            Step::MarkUnserved { since, .. } => self.unserved_since = Some(*since),
            Step::ClearUnserved { .. } => self.unserved_since = None,
            Step::SetStageVariable { .. }
            | Step::MarkOverwritten { .. }
            | Step::ShowMaintenance { .. }
            | Step::DeployStage { .. }
            | Step::RestoreDesiredCount { .. } => panic!("nothing asks for {step:?}"),
        }
    }

    fn set_suspect(&mut self, arn: &str, since: Option<Timestamp>) {
        let task = self.tasks.iter_mut().find(|task| task.arn == *arn).unwrap();
        task.suspect_since = since;
    }

    /// Eden notes its deployment before it makes it.
    fn deploy_noted(&mut self, definition: String) {
        self.redeployed_at.push(self.now);
        self.deploy(definition);
    }
}
