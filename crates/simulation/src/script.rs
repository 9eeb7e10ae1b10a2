//! The script: has the faults of a history happen to a world, and end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::lambda::InvocationFaults;
use eden_lab::world::{
    AddressReuse, AppState, Behaviour, DeliveryFaults, Fault as ApiFault, HealthStatus, Lag,
    RolloutState, Task, Weather,
};

use crate::fault::Fault;
use crate::hand::{all, in_turn, notice, on_all, on_task, point_route, running, unstartable};
use crate::history::{Event, History};

/// So long a container health check needs to notice a fault: three failures, 30 s apart.
const NOTICED: Duration = Duration::from_secs(90);
/// The tag that pauses Eden.
pub(crate) const HEALING_TAG: &str = "eden:healing";

/// Something the script does at its time.
#[derive(Debug, Clone)]
enum Cue {
    Begin(usize),
    End(usize),
    /// The container health check of a task has noticed what its application does.
    Notice(String),
    /// A task is well again by itself.
    Recover(String),
    Calm,
}

/// A history that is being played.
#[derive(Debug)]
pub(crate) struct Script {
    history: History,
    cues: BTreeMap<(Duration, usize), Cue>,
    cued: usize,
    /// How many tasks operators want.
    pub(crate) desired: u32,
    revision: u32,
    /// What each revision does by itself.
    behaviours: BTreeMap<u32, Behaviour>,
    /// What all tasks do instead while something beside the service is broken, by the fault's turn.
    overlay: BTreeMap<usize, Behaviour>,
    api_faults: BTreeMap<usize, ApiFault>,
    /// By which turn something is down that the service depends on.
    dependencies: BTreeSet<usize>,
    /// The zones without capacity, by the fault's turn.
    closed: BTreeMap<usize, Vec<String>>,
    /// What goes wrong with invocations.
    pub(crate) invocations: InvocationFaults,
    /// The rules that a pause disables.
    pub(crate) pausable: Vec<String>,
    /// By which turn operators want nobody to touch the service.
    pauses: BTreeSet<usize>,
    /// What has just happened, in words.
    pub(crate) news: Vec<String>,
}

impl Script {
    pub(crate) fn new(history: &History) -> Self {
        let mut script = Self {
            history: history.clone(),
            cues: BTreeMap::new(),
            cued: 0,
            desired: history.setting.desired,
            revision: 1,
            behaviours: BTreeMap::from([(1, Behaviour::Runs(AppState::Serving))]),
            overlay: BTreeMap::new(),
            api_faults: BTreeMap::new(),
            dependencies: BTreeSet::new(),
            closed: BTreeMap::new(),
            invocations: InvocationFaults::NONE,
            pausable: Vec::new(),
            pauses: BTreeSet::new(),
            news: Vec::new(),
        };
        for (index, Event { at, lasts, .. }) in history.events.iter().enumerate() {
            script.cue(*at, Cue::Begin(index));
            let end = *at + *lasts;
            if !lasts.is_zero() && end < history.calm {
                script.cue(end, Cue::End(index));
            }
        }
        script.cue(history.calm, Cue::Calm);
        script
    }

    fn cue(&mut self, at: Duration, cue: Cue) {
        self.cued += 1;
        self.cues.insert((at, self.cued), cue);
    }

    /// When the script goes on.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.cues.first_key_value().map(|((at, _), _)| *at)
    }

    /// Lets everything happen that is due; returns the faults that began.
    pub(crate) fn go_on(&mut self, world: &mut World, now: Duration) -> Vec<Fault> {
        let mut begun = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            let Some((_, cue)) = self.cues.pop_first() else { break };
            match cue {
                Cue::Begin(index) => {
                    let fault = self.history.events[index].fault;
                    self.news.push(format!("{fault}"));
                    self.begin(world, index, fault, now);
                    begun.push(fault);
                }
                Cue::End(index) => {
                    let fault = self.history.events[index].fault;
                    self.news.push(format!("over: {fault}"));
                    self.end(world, index, fault);
                }
                Cue::Notice(arn) => notice(world, &arn),
                Cue::Recover(arn) => {
                    let task = world.task(&arn).filter(|task| task.is_running()).cloned();
                    if let Some(task) = task {
                        self.mend(world, &task);
                    }
                }
                Cue::Calm => {
                    self.news.push("all faults are over".to_owned());
                    self.calm(world);
                }
            }
            self.tend(world);
        }
        begun
    }

    /// What is broken beside the service breaks new deployments as well.
    pub(crate) fn tend(&mut self, world: &mut World) {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return };
        let definition = &service.primary.task_definition;
        let own = self.behaviours.get(&definition.revision);
        let wanted = self.overlay.values().next_back().or(own);
        if let Some(wanted) = wanted.filter(|it| **it != definition.behaviour) {
            let _ = world.set_behaviour(CLUSTER, SERVICE, wanted.clone());
        }
    }

    #[expect(clippy::too_many_lines, reason = "what each fault does")]
    fn begin(&mut self, world: &mut World, index: usize, fault: Fault, now: Duration) {
        match fault {
            Fault::Crash(nth) => on_task(world, nth, |world, arn| world.crash_task(arn, 1)),
            Fault::CrashAll => on_all(world, |world, arn| world.crash_task(arn, 137)),
            Fault::Hang(nth) => self.sicken(world, &[nth], AppState::Hung, now),
            Fault::Fail(nth) => self.sicken(world, &[nth], AppState::Failing(500), now),
            Fault::Stall(nth) => {
                let running = in_turn(world);
                if !running.is_empty() {
                    let arn = running[nth % running.len()].arn.clone();
                    self.cue(now + self.history.events[index].lasts, Cue::Recover(arn));
                }
                self.sicken(world, &[nth], AppState::Hung, now);
            }
            Fault::HangMost => {
                let running = running(world).len();
                let most: Vec<_> = (0..running.saturating_sub(1).max(1)).collect();
                self.sicken(world, &most, AppState::Hung, now);
            }
            Fault::HangAll => {
                let all: Vec<_> = (0..running(world).len()).collect();
                self.sicken(world, &all, AppState::Hung, now);
            }
            Fault::FailAll => {
                let all: Vec<_> = (0..running(world).len()).collect();
                self.sicken(world, &all, AppState::Failing(500), now);
            }
            Fault::Unhealthy(nth) => on_task(world, nth, |world, arn| {
                world.set_container_health(arn, HealthStatus::Unhealthy)
            }),
            Fault::DependencyDown => {
                self.dependencies.insert(index);
                self.set_dependency(world);
            }
            Fault::CrashLoop(after) => {
                self.overlay.insert(index, Behaviour::Crashes { after, exit_code: 1 });
                on_all(world, |world, arn| world.crash_task(arn, 1));
            }
            Fault::CannotStart => {
                self.overlay.insert(index, unstartable());
                on_task(world, 0, |world, arn| world.crash_task(arn, 1));
            }
            Fault::Deploy => self.deploy(world, Behaviour::Runs(AppState::Serving)),
            Fault::DeployFailing => self.deploy(world, Behaviour::Runs(AppState::Failing(500))),
            Fault::DeployCrashing(after) => {
                self.deploy(world, Behaviour::Crashes { after, exit_code: 1 });
            }
            Fault::DeployUnstartable => self.deploy(world, unstartable()),
            Fault::DeployUnhealthy => self.deploy(world, Behaviour::NeverHealthy),
            Fault::DeployLeaking(after) => {
                self.deploy(world, Behaviour::Leaks { after, into: AppState::Hung });
            }
            Fault::Interrupt(nth) => on_task(world, nth, World::interrupt_task),
            Fault::NoCapacity => {
                self.closed.insert(index, world.zones());
                self.set_zones(world);
                on_task(world, 0, |world, arn| world.crash_task(arn, 1));
            }
            Fault::LoseZone(nth) => {
                let zones = world.zones();
                let zone = zones[nth % zones.len()].clone();
                let _ = world.lose_zone(&zone);
                self.closed.insert(index, vec![zone]);
            }
            Fault::ReuseAddresses => world.set_address_reuse(AddressReuse {
                chance: 0.5,
                after: Duration::from_secs(20),
                stays: Duration::from_mins(20),
                status: 404,
            }),
            Fault::Scale(to) => {
                self.desired = to;
                let _ = world.set_desired_count(CLUSTER, SERVICE, to);
            }
            Fault::ScaleToZero => {
                let _ = world.set_desired_count(CLUSTER, SERVICE, 0);
            }
            Fault::EditRoute => point_route(world, "127.0.0.1:1"),
            Fault::StopTask(nth) => {
                on_task(world, nth, |world, arn| world.stop_task(arn, "stopped by hand"));
            }
            Fault::Pause(_) => {
                self.pauses.insert(index);
                self.set_pause(world);
            }
            Fault::Protect => {
                let until = world.now() + self.history.events[index].lasts;
                on_all(world, |world, arn| world.protect_task(arn, until));
            }
            Fault::Api(operation, kind) => {
                self.api_faults.insert(index, ApiFault { operation, kind, times: None });
                self.set_api_faults(world);
            }
            Fault::Bus(faults) => world.set_delivery_faults(faults),
            Fault::Weather(chance) => world.set_weather(Weather::of(chance)),
            Fault::Lag(most) => world.set_lag(Lag::of(0.5, most)),
            Fault::Invocations(chance) => self.invocations = InvocationFaults::of(chance),
        }
    }

    fn set_dependency(&self, world: &mut World) {
        let status = (!self.dependencies.is_empty()).then_some(503);
        let _ = world.set_dependency(CLUSTER, SERVICE, status);
    }

    fn set_zones(&self, world: &mut World) {
        for zone in world.zones() {
            let _ = if self.closed.values().flatten().any(|closed| *closed == zone) {
                world.close_zone(&zone)
            } else {
                world.open_zone(&zone)
            };
        }
    }

    fn end(&mut self, world: &mut World, index: usize, fault: Fault) {
        match fault {
            Fault::DependencyDown => {
                self.dependencies.remove(&index);
                self.set_dependency(world);
            }
            Fault::NoCapacity | Fault::LoseZone(_) => {
                self.closed.remove(&index);
                self.set_zones(world);
            }
            Fault::ReuseAddresses => world.set_address_reuse(AddressReuse::NONE),
            Fault::Weather(_) => world.set_weather(Weather::CLEAR),
            Fault::Lag(_) => world.set_lag(Lag::NONE),
            Fault::Invocations(_) => self.invocations = InvocationFaults::NONE,
            Fault::CrashLoop(_) | Fault::CannotStart => {
                self.overlay.remove(&index);
            }
            Fault::DeployFailing
            | Fault::DeployCrashing(_)
            | Fault::DeployUnstartable
            | Fault::DeployLeaking(_)
            | Fault::DeployUnhealthy => self.deploy_if_bad(world),
            Fault::ScaleToZero => {
                let _ = world.set_desired_count(CLUSTER, SERVICE, self.desired);
            }
            Fault::Pause(_) => {
                self.pauses.remove(&index);
                self.set_pause(world);
            }
            Fault::Api(..) => {
                self.api_faults.remove(&index);
                self.set_api_faults(world);
            }
            Fault::Bus(_) => world.set_delivery_faults(DeliveryFaults::NONE),
            _ => {}
        }
    }

    /// The phase of faults is over: what is broken works again, and operators have what they want.
    fn calm(&mut self, world: &mut World) {
        self.cues.clear();
        self.overlay.clear();
        self.api_faults.clear();
        world.clear_faults();
        world.set_delivery_faults(DeliveryFaults::NONE);
        world.set_address_reuse(AddressReuse::NONE);
        world.set_weather(Weather::CLEAR);
        world.set_lag(Lag::NONE);
        self.invocations = InvocationFaults::NONE;
        self.dependencies.clear();
        self.set_dependency(world);
        self.closed.clear();
        self.set_zones(world);
        self.pauses.clear();
        self.set_pause(world);
        let _ = world.set_desired_count(CLUSTER, SERVICE, self.desired);
        self.deploy_if_bad(world);
        let now = world.now();
        for task in all(world) {
            let _ = world.protect_task(&task.arn, now);
            self.mend(world, &task);
        }
    }

    /// A task does what its revision is meant to do, if that is to serve.
    fn mend(&self, world: &mut World, task: &Task) {
        let own = self.behaviours.get(&task.definition.revision);
        if own == Some(&Behaviour::Runs(AppState::Serving)) {
            let _ = world.set_app(&task.arn, AppState::Serving);
            if task.health == HealthStatus::Unhealthy {
                let _ = world.set_container_health(&task.arn, HealthStatus::Healthy);
            }
        }
    }

    /// Whether something beside the service is broken.
    pub(crate) fn is_overlaid(&self) -> bool {
        !self.overlay.is_empty() || !self.dependencies.is_empty()
    }

    /// Deploys what works in the place of a deployment that is itself at fault.
    pub(crate) fn replace_bad_deployment(&mut self, world: &mut World) {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return };
        let revision = service.primary.task_definition.revision;
        let good = Behaviour::Runs(AppState::Serving);
        if self.behaviours.get(&revision) != Some(&good) {
            self.deploy(world, good);
        }
    }

    /// Whether operators want nobody to touch the service.
    pub(crate) fn is_paused(&self) -> bool {
        !self.pauses.is_empty()
    }

    /// Eden heeds the service's tag. Of a healer without such a thing the rules are disabled.
    fn set_pause(&self, world: &mut World) {
        let last = self.pauses.last().map(|index| self.history.events[*index].fault);
        let value = last.and_then(|fault| match fault {
            Fault::Pause(value) => Some(value),
            _ => None,
        });
        let _ = world.set_service_tag(CLUSTER, SERVICE, HEALING_TAG, value);
        for rule in &self.pausable {
            world.set_rule_enabled(rule, value.is_none());
        }
    }

    fn set_api_faults(&self, world: &mut World) {
        world.clear_faults();
        for fault in self.api_faults.values() {
            world.inject(fault.clone());
        }
    }

    /// Tasks do this from now on, which their health check notices if they have one.
    fn sicken(&mut self, world: &mut World, which: &[usize], app: AppState, now: Duration) {
        let running = in_turn(world);
        for nth in which.iter().filter(|_| !running.is_empty()) {
            let task = &running[nth % running.len()];
            let _ = world.set_app(&task.arn, app);
            if self.history.setting.health_check {
                self.cue(now + NOTICED, Cue::Notice(task.arn.clone()));
            }
        }
    }

    fn deploy(&mut self, world: &mut World, behaviour: Behaviour) {
        self.revision += 1;
        self.behaviours.insert(self.revision, behaviour.clone());
        let definition = self.history.setting.definition(self.revision, behaviour);
        let _ = world.new_deployment(CLUSTER, SERVICE, Some(definition));
    }

    /// Operators mend what they have deployed, unless it is gone already.
    fn deploy_if_bad(&mut self, world: &mut World) {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return };
        let revision = service.primary.task_definition.revision;
        let good = self.behaviours.get(&revision) == Some(&Behaviour::Runs(AppState::Serving));
        if !good || service.primary.rollout_state == RolloutState::Failed {
            self.news.push("operators deploy what works".to_owned());
            self.deploy(world, Behaviour::Runs(AppState::Serving));
        }
    }
}
