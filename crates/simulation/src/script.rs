//! The script: has the faults of a history happen to a world, and end.

mod begin;
mod reported;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::lambda::InvocationFaults;
use eden_lab::world::{
    AddressReuse, AppState, Behaviour, DeliveryFaults, Fault as ApiFault, Gatekeeper, HealthStatus,
    Lag, RolloutState, Task, Weather,
};

use crate::fault::Fault;
use crate::hand::{all, in_turn, notice};
use crate::history::{Event, History};
use crate::record::elapsed;
use crate::reported::Reported;
use crate::setting::{Kind, Setting, epoch};

/// So long a container health check needs to notice a fault: three failures, 30 s apart.
const NOTICED: Duration = Duration::from_secs(90);
/// So long after it was made a task set gets the traffic.
const SHIFTED: Duration = Duration::from_mins(4);
/// So long the new tasks of a deployment beside the old ones have for coming up.
const SCALED_UP: Duration = Duration::from_mins(5);
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
    /// A client asks for what a fault makes fail before the tasks, or a scaler scales.
    Ask(usize),
    /// Somebody continues a deployment that a hook pauses.
    Continue,
    /// Whoever deploys by task sets makes the new one PRIMARY and deletes the old one.
    Shift,
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
    api_faults: BTreeMap<usize, Vec<ApiFault>>,
    /// What answers in the place of all integrations, by the fault's turn.
    gatekeepers: BTreeMap<usize, Gatekeeper>,
    /// The EC2 instances that something befell, by the fault's turn.
    hosts: BTreeMap<usize, String>,
    /// The task set that is to become the PRIMARY one.
    next_set: Option<String>,
    /// The faults that have begun and not ended, of those that have an end.
    lasting: BTreeMap<usize, Fault>,
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
            gatekeepers: BTreeMap::new(),
            hosts: BTreeMap::new(),
            next_set: None,
            lasting: BTreeMap::new(),
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
                    let Event { fault, lasts, .. } = self.history.events[index];
                    self.news.push(format!("{fault}"));
                    if !lasts.is_zero() {
                        self.lasting.insert(index, fault);
                    }
                    self.begin(world, index, fault, now);
                    begun.push(fault);
                }
                Cue::End(index) => {
                    let fault = self.history.events[index].fault;
                    self.news.push(format!("over: {fault}"));
                    self.lasting.remove(&index);
                    self.end(world, index, fault);
                }
                Cue::Notice(arn) => notice(world, &arn),
                Cue::Ask(index) => self.ask(world, index, now),
                Cue::Continue => {
                    let _ = world.continue_deployment(CLUSTER, SERVICE);
                }
                Cue::Shift => self.shift(world),
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

    /// The phase of faults is over: what is broken works again, and operators have what they want.
    fn calm(&mut self, world: &mut World) {
        self.cues.clear();
        self.shift(world);
        let _ = world.continue_deployment(CLUSTER, SERVICE);
        self.overlay.clear();
        self.end_all_reported(world);
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
        self.want(world, self.desired);
        self.deploy_if_bad(world);
        if matches!(self.history.setting.kind, Kind::Beside { .. }) {
            // No hook pauses for longer what is in progress by now.
            let now = elapsed(epoch(), world.now());
            (1..=3).for_each(|times| self.cue(now + times * SCALED_UP, Cue::Continue));
        }
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

    /// How many tasks are wanted: of daemons ECS knows.
    pub(crate) fn wanted(&self, world: &World) -> u32 {
        let counted = world.service(CLUSTER, SERVICE).filter(|service| service.daemon);
        counted.map_or(self.desired, |service| service.desired_count)
    }

    /// Somebody wants so many tasks. Of daemons nobody can.
    pub(crate) fn want(&self, world: &mut World, tasks: u32) {
        if self.history.setting.kind != Kind::Daemon {
            let _ = world.set_desired_count(CLUSTER, SERVICE, tasks);
        }
    }

    /// Whether something beside the service is broken.
    pub(crate) fn is_overlaid(&self) -> bool {
        !self.overlay.is_empty() || !self.dependencies.is_empty()
    }

    /// Whether tasks that are started now would serve, and find a place.
    pub(crate) fn is_curable(&self, world: &World) -> bool {
        let revision =
            world.service(CLUSTER, SERVICE).map(|it| it.primary.task_definition.revision);
        let own = revision.and_then(|revision| self.behaviours.get(&revision));
        !self.is_overlaid()
            && self.closed.is_empty()
            && own == Some(&Behaviour::Runs(AppState::Serving))
    }

    /// Deploys what works in the place of a deployment that is itself at fault.
    pub(crate) fn replace_bad_deployment(&mut self, world: &mut World) {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return };
        let revision = service.primary.task_definition.revision;
        let good = Behaviour::Runs(AppState::Serving);
        if self.behaviours.get(&revision) != Some(&good) && self.next_set.is_none() {
            self.deploy(world, good);
        }
    }

    /// Whether operators want nobody to touch the service.
    pub(crate) fn is_paused(&self) -> bool {
        !self.pauses.is_empty()
    }

    /// Whether something goes on that may hold a healer back.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.lasting.values().any(Fault::disturbs)
    }

    /// Whether Eden may write no tags.
    pub(crate) fn denies_tags(&self) -> bool {
        self.lasting.values().any(|fault| *fault == Fault::Reported(Reported::TagsDenied))
    }

    /// Whether the gateway refuses every request with a status that counts as no failure.
    pub(crate) fn refuses_all(&self) -> bool {
        let refuses = |fault: &Fault| matches!(fault, Fault::Reported(Reported::Refused(..500)));
        self.lasting.values().any(refuses)
    }

    /// Whether something goes on that only shows before the tasks, or in what Eden may do.
    pub(crate) fn is_reported(&self) -> bool {
        self.lasting.values().any(|fault| matches!(fault, Fault::Reported(_)))
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
        for fault in self.api_faults.values().flatten() {
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
        let Setting { kind, deregisters, .. } = self.history.setting;
        if kind == Kind::External {
            let made = world.create_task_set(CLUSTER, SERVICE, definition, 100);
            self.next_set = made.ok();
            return self.cue(elapsed(epoch(), world.now()) + SHIFTED, Cue::Shift);
        }
        if let Kind::Beside { pause, .. } = kind {
            self.cue(elapsed(epoch(), world.now()) + SCALED_UP + pause, Cue::Continue);
        }
        let _ = if deregisters {
            world.replace_task_definition(CLUSTER, SERVICE, definition)
        } else {
            world.new_deployment(CLUSTER, SERVICE, Some(definition))
        };
    }

    /// The new task set becomes the PRIMARY one, and the old one goes.
    fn shift(&mut self, world: &mut World) {
        let old = world.service(CLUSTER, SERVICE).map(|service| service.primary.id.clone());
        if let (Some(new), Some(old)) = (self.next_set.take(), old) {
            let _ = world.set_primary_task_set(CLUSTER, SERVICE, &new);
            let _ = world.delete_task_set(CLUSTER, SERVICE, &old);
        }
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
