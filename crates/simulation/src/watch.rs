//! The watch: looks at the world after each of its changes, measures for how long requests fail,
//! and remembers what was true when.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{ALARM, API, CLUSTER, SERVICE};
use eden_lab::world::{
    AlarmState, Deploys, LifecycleStage, RolloutState, StopCause, StopCode, Task,
};
use jiff::Timestamp;

use crate::ending::Ending;
use crate::record::{About, Record, elapsed};
use crate::script::HEALING_TAG;
use crate::setting::{MAINTENANCE, PATH, Setting, epoch};
use crate::shown::{Answered, Shown, doing, serves};
use crate::spans::Spans;

/// So long ago a failed task may still be one of a loop.
const LOOPED: Duration = Duration::from_mins(45);

/// So soon after a controller asked for it ECS stops a deployment.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// An address that nobody ever has (RFC 5737): what leads there leads nowhere.
const NOBODYS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A time in which requests fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// A change of the world that somebody may have to answer for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A task has been asked to stop.
    Stopping { arn: String, cause: StopCause },
    /// There is a new PRIMARY deployment, of the same as before or not.
    Deployed {
        id: String,
        same: bool,
        former_since: Timestamp,
        /// Whether ECS had given up the one before.
        had_failed: bool,
        /// Whether the one before was stopped, so that ECS returned to what ran before it.
        stopped: bool,
        /// Whether the one before could be: it had not come during another, so that ECS would return to
        /// what ran well.
        stoppable: bool,
    },
    /// The desired count has changed.
    Desired { from: u32, to: u32 },
    /// The route leads elsewhere.
    Routed { to: Option<SocketAddr> },
}

/// A task as it was seen last.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) task: Shown,
    /// When it was last sick: UNHEALTHY, or not answering well although it ran.
    pub(crate) sick_at: Option<Timestamp>,
    /// Since when it has spoken against itself, if it does.
    pub(crate) accused_since: Option<Timestamp>,
    /// Since when it has answered well, if it does.
    pub(crate) answers_since: Option<Timestamp>,
    /// When it last ran and was meant to.
    pub(crate) ran_at: Option<Timestamp>,
    /// Since when it has been protected, if it is.
    pub(crate) protected_at: Option<Timestamp>,
}

/// What is true, and was.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(crate) struct Watch {
    /// The path that Eden asks tasks for.
    asked_path: &'static str,
    /// How many tasks operators want.
    pub(crate) wanted: u32,
    /// When something last spoke against the tasks: one that is accused, one that is missing, or a
    /// rollout that ECS gave up.
    pub(crate) accused_at: Option<Timestamp>,
    /// When a task last ended by itself, failed to start, or was given up for its health checks.
    failed_at: Option<Timestamp>,
    accused: bool,
    /// From when on outages count.
    begin: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) outages: Vec<Outage>,
    down_since: Option<Timestamp>,
    pub(crate) serving: bool,
    /// Whether nothing accepts connections where the route leads.
    pub(crate) nobody_listens: bool,
    pub(crate) tasks: BTreeMap<String, Seen>,
    pub(crate) route: Option<SocketAddr>,
    pub(crate) primary: String,
    pub(crate) primary_since: Timestamp,
    pub(crate) revision: u32,
    pub(crate) rolling_since: Option<Timestamp>,
    /// Since when a deployment had been rolling before the last look.
    pub(crate) rolling_before: Option<Timestamp>,
    /// Whether the deployment before the present one had completed when this came.
    follows_a_whole: bool,
    /// Whether the route leads to an address that is no task's, although none runs that it could lead
    /// to instead.
    pub(crate) is_orphan: bool,
    /// Whether deployments stand side by side.
    pub(crate) side_by_side: bool,
    /// Whether the present deployment stands beside another that has the traffic.
    pub(crate) before_shift: bool,
    pub(crate) desired: u32,
    /// When the service was last not as it should be.
    pub(crate) unwell_at: Option<Timestamp>,
    /// When it last was.
    pub(crate) well_at: Option<Timestamp>,
    /// What is not as it should be.
    pub(crate) unwell: Option<String>,
    /// Tasks that failed in the last half hour.
    failures: VecDeque<Timestamp>,
    rollout: Option<RolloutState>,
    alarm: Option<AlarmState>,
    /// What changed since somebody last asked.
    pub(crate) changes: Vec<Change>,
    /// Whether anything changed since somebody last asked.
    pub(crate) moved: bool,
    /// What each task was when, if that is wanted.
    pub(crate) spans: Option<Spans>,
}

impl Watch {
    pub(crate) fn new(setting: &Setting, begin: Duration, traced: bool) -> Self {
        let now = epoch();
        Self {
            asked_path: setting.asked_path(),
            wanted: setting.desired,
            accused_at: None,
            failed_at: None,
            accused: false,
            begin: now + begin,
            now,
            outages: Vec::new(),
            down_since: None,
            serving: true,
            nobody_listens: false,
            tasks: BTreeMap::new(),
            route: None,
            primary: String::new(),
            primary_since: now,
            revision: 0,
            rolling_since: None,
            rolling_before: None,
            follows_a_whole: false,
            is_orphan: false,
            side_by_side: false,
            before_shift: false,
            desired: 0,
            unwell_at: None,
            well_at: None,
            unwell: None,
            failures: VecDeque::new(),
            rollout: None,
            alarm: None,
            changes: Vec::new(),
            moved: false,
            spans: traced.then(Spans::default),
        }
    }

    /// Looks at the world. What was seen last has been true until now.
    pub(crate) fn look(&mut self, world: &World, record: &mut Record) {
        self.now = world.now();
        self.look_at_tasks(world, record);
        self.look_at_service(world, record);
        self.look_at_route(world, record);
        self.note_spans();
        let alarm = world.alarm(ALARM).map(|alarm| alarm.status.state);
        if alarm != self.alarm {
            let state = alarm.map_or("missing", AlarmState::as_str);
            record.note(self.now, About::Traffic, || format!("the alarm is {state}"));
            self.alarm = alarm;
            self.moved = true;
        }
    }

    fn look_at_tasks(&mut self, world: &World, record: &mut Record) {
        let now = self.now;
        for task in world.tasks(CLUSTER, SERVICE) {
            let shown = Shown::of(task, self.asked_path);
            let before = self.tasks.get(&task.arn);
            let changed = before.is_none_or(|before| before.task != shown);
            let stopping = !shown.wanted && before.is_none_or(|before| before.task.wanted);
            if changed {
                record.note(now, About::Task, || format!("{}: {shown}", task.id()));
                self.moved = true;
            }
            if stopping && let Some(cause) = task.stop_cause.clone() {
                record.note(now, About::Task, || {
                    format!("{} is to stop: {}: {}", task.id(), cause.code.as_str(), cause.reason)
                });
                if cause.code != StopCode::UserInitiated {
                    self.failures.push_back(now);
                }
                let own = [StopCode::EssentialContainerExited, StopCode::TaskFailedToStart];
                if own.contains(&cause.code) || cause.reason.contains("health checks") {
                    self.failed_at = Some(now);
                }
                self.changes.push(Change::Stopping { arn: task.arn.clone(), cause });
            }
            let was = before.map(|before| (before.task.is_sick(), before.task.runs()));
            let (was_sick, did_run) = was.unwrap_or((false, false));
            let last =
                |truth: bool, before: Option<Timestamp>| if truth { Some(now) } else { before };
            let (sick_at, ran_at) = before.map_or((None, None), |it| (it.sick_at, it.ran_at));
            let since = before.and_then(|it| it.protected_at).or(Some(now));
            let answers = before.and_then(|it| it.answers_since).or(Some(now));
            let is_well = shown.runs() && shown.answer == Answered::Well;
            let accused = before.and_then(|it| it.accused_since).or(Some(now));
            let seen = Seen {
                answers_since: if is_well { answers } else { None },
                accused_since: if shown.is_accused() { accused } else { None },
                sick_at: last(shown.is_sick() || was_sick, sick_at),
                ran_at: last(shown.runs() || did_run, ran_at),
                protected_at: if task.is_protected(now) { since } else { None },
                task: shown,
            };
            self.tasks.insert(task.arn.clone(), seen);
        }
    }

    fn look_at_service(&mut self, world: &World, record: &mut Record) {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return };
        let (now, primary) = (self.now, &service.primary);
        if service.desired_count != self.desired {
            let (from, to) = (self.desired, service.desired_count);
            record.note(now, About::Service, || format!("desired count {to}, was {from}"));
            self.changes.push(Change::Desired { from, to });
            (self.desired, self.moved) = (to, true);
        }
        if primary.id != self.primary {
            let revision = primary.task_definition.revision;
            record.note(now, About::Service, || {
                format!("deployment {} of revision {revision}", primary.id)
            });
            let asked = record.deployment_stopped_at;
            let stopped = asked.is_some_and(|at| now <= at + STOPPED_WITHIN);
            // A rollback of ECS's own circuit breaker is nobody else's doing.
            let by_ecs = primary.rolls_back.is_some() && !stopped;
            self.changes.extend((!by_ecs).then(|| Change::Deployed {
                id: primary.id.clone(),
                same: revision == self.revision,
                former_since: self.primary_since,
                had_failed: self.rollout == Some(RolloutState::Failed),
                stopped,
                stoppable: self.follows_a_whole,
            }));
            self.follows_a_whole = self.rollout == Some(RolloutState::Completed);
            self.revision = revision;
            (self.primary_since, self.moved, self.rollout) = (primary.created_at, true, None);
            self.primary.clone_from(&primary.id);
        }
        if self.rollout != Some(primary.rollout_state) {
            record.note(now, About::Service, || {
                format!("deployment {} is {}", primary.id, primary.rollout_state.as_str())
            });
            (self.rollout, self.moved) = (Some(primary.rollout_state), true);
        }
        let rolling = match primary.rollout_state {
            RolloutState::InProgress => true,
            RolloutState::Completed => !service.replaced.is_empty(),
            // ECS starts nothing more of it, and keeps what ran before (F21).
            RolloutState::Failed => false,
        };
        self.side_by_side = service.deploys != Deploys::Rolling;
        let lifecycle = primary.lifecycle.as_ref();
        self.before_shift =
            lifecycle.is_some_and(|it| it.stage < LifecycleStage::ProductionTrafficShift);
        self.rolling_before = self.rolling_since;
        self.rolling_since = if rolling { self.rolling_since.or(Some(now)) } else { None };
        let paused = service.tags.get(HEALING_TAG).is_some_and(|value| value != "on");
        record.paused_since = if paused { record.paused_since.or(Some(now)) } else { None };
    }

    /// Whether so many tasks failed lately that one may speak of a loop.
    pub(crate) fn looped(&self) -> bool {
        let lately = |at: &&Timestamp| self.now <= **at + LOOPED;
        self.failures.iter().filter(lately).count() >= 3
    }

    /// Whether tasks failed so lately that what they run may be to blame.
    pub(crate) fn failed_lately(&self) -> bool {
        self.failed_at.is_some_and(|at| self.now <= at + LOOPED)
    }

    /// Whether a task failed at this moment, be it of a deployment that has no traffic.
    pub(crate) fn has_just_failed(&self) -> bool {
        self.failed_at == Some(self.now)
    }

    /// Notes whether the service is as it should be, and whether its tasks are.
    pub(crate) fn judge(&mut self, world: &World) {
        let was_unwell = self.unwell.is_some();
        self.unwell = self.complaint(world);
        if was_unwell || self.unwell.is_some() {
            self.unwell_at = Some(self.now);
        } else {
            self.well_at = Some(self.now);
        }
        let was_accused = self.accused;
        self.accused = self.accuses(world);
        if was_accused || self.accused {
            self.accused_at = Some(self.now);
        }
    }

    /// Whether something speaks against the tasks themselves.
    fn accuses(&self, world: &World) -> bool {
        let Some(service) = world.service(CLUSTER, SERVICE) else { return true };
        let of_service = world.tasks(CLUSTER, SERVICE);
        let ready = of_service.iter().filter(|task| task.is_ready()).count();
        let accused = |seen: &Seen| seen.accused_since.is_some() && seen.task.runs();
        ready < service.desired_count as usize
            || service.primary.rollout_state == RolloutState::Failed
            || self.tasks.values().any(accused)
    }

    /// How the world is left.
    pub(crate) fn ending(&self, world: &World, is_odd: bool) -> Ending {
        Ending::of(world, self.desired, self.serving, is_odd)
    }

    /// Whether a task is sick, even one that the route does not lead to.
    pub(crate) fn has_a_sick_task(&self) -> bool {
        self.tasks.values().any(|seen| seen.task.is_sick())
    }

    fn complaint(&self, world: &World) -> Option<String> {
        let wanted = self.wanted;
        let service = world.service(CLUSTER, SERVICE)?;
        // Where deployments stand side by side, the one counts that has the traffic.
        let old = service.replaced.front().filter(|_| self.before_shift);
        let counts = |task: &Task| {
            let of = old.unwrap_or(&service.primary);
            !self.side_by_side || task.started_by == of.id
        };
        let of_service = world.tasks(CLUSTER, SERVICE);
        let ready = of_service.iter().filter(|task| task.is_ready() && counts(task)).count();
        let rolls = !self.side_by_side && service.primary.rollout_state != RolloutState::Completed;
        let target = self.route.and_then(|to| world.listening_at(to));
        let leads_well = target.is_some_and(|task| task.is_ready() && serves(doing(task)));
        if service.desired_count != wanted {
            Some(format!("{} tasks are wanted, not {wanted}", service.desired_count))
        } else if ready != wanted as usize {
            Some(format!("{ready} tasks of {wanted} are ready"))
        } else if rolls {
            Some(format!("the rollout is {}", service.primary.rollout_state.as_str()))
        } else if wanted > 0 && !(leads_well && self.serving) {
            Some("the route leads to no task that is well".to_owned())
        } else {
            None
        }
    }

    fn look_at_route(&mut self, world: &World, record: &mut Record) {
        let upstream = world.upstream(API, PATH);
        let route = upstream.as_deref().and_then(address);
        let now = self.now;
        if route != self.route {
            record.note(now, About::Route, || match (&upstream, route) {
                (Some(url), None) if url.starts_with(MAINTENANCE) => "the maintenance page".into(),
                (_, None) => "nowhere".to_owned(),
                (_, Some(to)) => format!("{to}"),
            });
            self.changes.push(Change::Routed { to: route });
            (self.route, self.moved) = (route, true);
        }
        let target = route.and_then(|to| world.listening_at(to));
        self.nobody_listens = target.is_none();
        let tasks = world.tasks(CLUSTER, SERVICE);
        let owned = |task: &&Task| task.is_running() || Some(task.endpoint()) == route;
        self.is_orphan = route.is_some()
            && !tasks.into_iter().filter(|it| !it.has_stopped()).any(|it| owned(&it));
        let ours = target.filter(|task| self.tasks.contains_key(&task.arn));
        let serving = ours.is_some_and(|task| serves(doing(task)));
        if serving != self.serving {
            let text = if serving { "requests get through" } else { "requests fail" };
            record.note(now, About::Traffic, || text.to_owned());
            (self.serving, self.moved) = (serving, true);
        }
        if now < self.begin {
            return;
        }
        // Who wants no task wants no answer.
        match (serving || self.wanted == 0, self.down_since) {
            (false, None) => self.down_since = Some(now),
            (true, Some(from)) => {
                self.outages.push(Outage { from, to: now });
                self.down_since = None;
            }
            _ => {}
        }
    }

    fn note_spans(&mut self) {
        let Some(spans) = &mut self.spans else { return };
        let now = elapsed(epoch(), self.now).as_secs_f64();
        for (arn, seen) in &self.tasks {
            let id = arn.rsplit('/').next().unwrap_or(arn);
            let routed = self.route == Some(seen.task.endpoint);
            spans.note(id, seen.task.being(), routed, now);
        }
    }

    /// Ends the measurement.
    pub(crate) fn end(&mut self) {
        if let Some(from) = self.down_since.take() {
            self.outages.push(Outage { from, to: self.now });
        }
    }
}

/// The address in a URL, if it has one.
pub(crate) fn address(url: &str) -> Option<SocketAddr> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let host = rest.split(['/', '?']).next()?;
    let to = host.parse().ok().or_else(|| Some(SocketAddr::new(host.parse().ok()?, 80)));
    to.filter(|to: &SocketAddr| to.ip() != NOBODYS)
}
