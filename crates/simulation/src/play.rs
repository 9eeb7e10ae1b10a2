//! Plays one history under one policy: the world, its functions, and those who watch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use eden_lab::example::{API, CLUSTER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use eden_lab::lambda::{InvocationFaults, Lambda, RetryDelays};
use eden_lab::template::Stack;
use eden_lab::world::{PublicAddress, StopCode};
use eden_lab::{Clock, Lab, World};
use jiff::Timestamp;
use serde::Serialize;

use crate::ending::Ending;
use crate::hand;
use crate::history::{BEGIN, History};
use crate::laws::Laws;
use crate::mutants::Mutant;
use crate::policies::{self, Policy};
use crate::record::{self, About, Broken, Line, Record, elapsed};
use crate::script::Script;
use crate::setting::{
    API_URL, Application, BROKEN, Launch, MAINTENANCE, NAME, Setting, USERS, epoch,
};
use crate::spans::Span;
use crate::watch::{Change, Watch};

/// What became of a history under a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Played {
    /// The history's name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// The policy.
    pub policy: Policy,
    /// How long requests would have failed, in seconds.
    pub downtime_s: f64,
    /// How long the history was measured, in seconds.
    pub measured_s: f64,
    /// The outages: from and until when, in seconds since the world began.
    pub outages: Vec<(f64, f64)>,
    /// The faults that users may have felt: when, in seconds since the world began, and which.
    pub felt: Vec<(f64, &'static str)>,
    /// What the policy did, by kind.
    pub actions: BTreeMap<&'static str, u64>,
    /// How many calls AWS got.
    pub calls: u64,
    /// How often each thing was seen that has to be seen over a run.
    pub seen: BTreeMap<String, u64>,
    /// How the world was left.
    pub ending: Ending,
    /// What was broken of the invariants.
    pub broken: Vec<Broken>,
    /// What happened, step by step, if that was asked for.
    pub trace: Vec<Line>,
    /// What each task was when, if the trace was asked for.
    pub spans: Vec<Span>,
}

/// Plays a history; the same history and policy always give the same.
///
/// # Panics
/// When the history's setting is one that the template refuses: a defect of the generator.
pub fn play(history: &History, policy: Policy, traced: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing that could be missing");
    runtime.block_on(Stage::set(history, policy, traced).play())
}

/// Who may have changed what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Script,
    Anybody,
}

/// A history on its stage.
struct Stage<'a> {
    history: &'a History,
    policy: Policy,
    record: record::Shared,
    script: Script,
    watch: RefCell<Watch>,
    laws: RefCell<Laws>,
    actions: RefCell<BTreeMap<&'static str, u64>>,
    felt: Vec<(f64, &'static str)>,
}

impl<'a> Stage<'a> {
    fn set(history: &'a History, policy: Policy, traced: bool) -> Self {
        Self {
            history,
            policy,
            record: Record::new(epoch(), traced),
            script: Script::new(history),
            watch: RefCell::new(Watch::new(&history.setting, BEGIN, traced)),
            laws: RefCell::new(Laws::new(&history.setting)),
            actions: RefCell::default(),
            felt: Vec::new(),
        }
    }

    async fn play(mut self) -> Played {
        let (lab, lambda) = self.build();
        let mut invocations = InvocationFaults::NONE;
        let end = self.history.end();
        let mut routed = false;
        loop {
            let next = self.script.next().unwrap_or(end).min(end);
            self.wait(&lab, next, routed).await;
            let mut world = lab.world();
            let now = elapsed(epoch(), world.now());
            self.look(&world, By::Anybody);
            // Somebody has led the route to the service once, when it was made.
            if !routed && let Some(task) = first_serving(&world) {
                hand::point_route(&mut world, &task);
                routed = true;
            }
            let begun = self.script.go_on(&mut world, now);
            if invocations != self.script.invocations {
                invocations = self.script.invocations;
                lambda.set_faults(invocations, self.history.seed);
            }
            for news in self.script.news.drain(..) {
                record::write(&self.record).note(world.now(), About::Fault, || news);
            }
            for fault in begun {
                record::write(&self.record).see("fault", fault.name());
                if fault.is_felt() {
                    self.felt.push((now.as_secs_f64(), fault.name()));
                }
            }
            self.script.tend(&mut world);
            self.look(&world, By::Script);
            if self.policy == Policy::Oracle && !self.script.is_paused() {
                policies::act_as_oracle(&mut world, &mut self.script);
                self.look(&world, By::Anybody);
            }
            if now >= end {
                break;
            }
        }
        let played = self.finish(&lab.world());
        lab.disconnect();
        played
    }

    /// Builds the account and installs what looks after it.
    fn build(&mut self) -> (Lab, Lambda) {
        let example = self.history.setting.example(self.history.seed);
        let stack = example.stack(API_URL).expect("the template takes every setting");
        let lab = Lab::start(example.world(), Clock::starting_at(example.world.start));
        let lambda = Lambda::new(RetryDelays::aws());
        {
            let mut world = lab.world();
            world.install(&stack);
            world.set_api_url(API_URL, API).expect("the example's API");
            world.add_page(MAINTENANCE);
            let Setting { traffic, errors, launch, application, .. } = &self.history.setting;
            for (path, every) in [(USERS, traffic), (BROKEN, errors)] {
                if let Some(every) = every {
                    world.start_traffic(API, path, *every);
                }
            }
            if *application == Application::OwnName {
                for integration in [ROOT_INTEGRATION, PROXY_INTEGRATION] {
                    let name = "overwrite:header.Host";
                    let _ = world.map_parameter(API, integration, name, Some(NAME));
                }
            }
            if let Launch::Instances(instances) = launch {
                for _ in 0..*instances {
                    let _ = world.add_container_instance(CLUSTER, PublicAddress::Ipv4);
                }
            }
        }
        match self.policy {
            Policy::None | Policy::Oracle => {}
            Policy::Simple => {
                policies::install_simple(&lab, &lambda, &stack);
                self.script.pausable = stack.rules.iter().map(|rule| rule.name.clone()).collect();
            }
            Policy::Eden => self.install_eden(&lab, &lambda, &stack, None),
            Policy::Mutant(mutant) => self.install_eden(&lab, &lambda, &stack, Some(mutant)),
        }
        if !matches!(self.policy, Policy::None | Policy::Oracle) {
            lab.connect(lambda.clone());
        }
        (lab, lambda)
    }

    fn install_eden(&self, lab: &Lab, lambda: &Lambda, stack: &Stack, mutant: Option<Mutant>) {
        policies::install_eden(lab, lambda, stack, &self.record, mutant);
    }

    /// Watches the world until something is due, or somebody has to look after it at once.
    async fn wait(&self, lab: &Lab, until: Duration, routed: bool) {
        let seen = self.watch.borrow().primary.clone();
        let at_once = self.policy == Policy::Oracle;
        let left = until.saturating_sub(elapsed(epoch(), lab.world().now()));
        lab.until(left, |world| {
            self.look(world, By::Anybody);
            let mut watch = self.watch.borrow_mut();
            let moved = std::mem::take(&mut watch.moved);
            let routable = !routed && first_serving(world).is_some();
            watch.primary != seen || (at_once && moved) || routable
        })
        .await;
    }

    /// Looks at the world, and checks what was changed unless the script has changed it.
    fn look(&self, world: &World, by: By) {
        let mut watch = self.watch.borrow_mut();
        let mut record = record::write(&self.record);
        watch.wanted = self.script.wanted(world);
        watch.look(world, &mut record);
        watch.judge(world);
        let changes = std::mem::take(&mut watch.changes);
        let begun = elapsed(epoch(), watch.now) >= BEGIN;
        let disturbed = self.script.is_disturbed();
        record.people.disturbed_at =
            if disturbed { Some(watch.now) } else { record.people.disturbed_at };
        record.people.unnoted_until = match record.people.unnoted_until {
            _ if self.script.denies_tags() => Some(Timestamp::MAX),
            Some(until) if until == Timestamp::MAX => Some(watch.now),
            so_far => so_far,
        };
        let troubled = watch.unwell.is_some()
            || watch.has_just_failed()
            || watch.has_a_sick_task()
            || self.script.is_reported()
            || self.history.setting.is_odd();
        record.people.see(watch.now, troubled);
        if self.policy.is_eden() && begun {
            let refused = self.script.refuses_all();
            let around = (disturbed, self.script.is_curable(world), refused);
            self.laws.borrow_mut().check_liveness(&watch, &changes, around, &mut record);
        }
        if by == By::Script || !begun {
            return;
        }
        for action in changes.iter().filter_map(action) {
            *self.actions.borrow_mut().entry(action).or_default() += 1;
        }
        if self.policy.is_eden() {
            self.laws.borrow_mut().check(&watch, &changes, &mut record);
        }
    }

    fn finish(self, world: &World) -> Played {
        let mut watch = self.watch.into_inner();
        watch.end();
        let seconds = |at| elapsed(epoch(), at).as_secs_f64();
        let outages: Vec<_> =
            watch.outages.iter().map(|it| (seconds(it.from), seconds(it.to))).collect();
        let mut record = record::write(&self.record);
        let ending = watch.ending(world, self.history.setting.is_odd());
        if self.policy.is_eden() {
            let calm = epoch() + self.history.calm;
            Laws::check_end(&watch, calm, &ending, &mut record);
        }
        Played {
            name: self.history.name.clone(),
            seed: self.history.seed,
            policy: self.policy,
            downtime_s: outages.iter().map(|(from, to)| to - from).sum(),
            measured_s: self.history.end().saturating_sub(BEGIN).as_secs_f64(),
            outages,
            felt: self.felt,
            actions: self.actions.into_inner(),
            calls: world.calls().len() as u64,
            ending,
            seen: std::mem::take(&mut record.seen),
            broken: std::mem::take(&mut record.broken),
            trace: record.take_lines(),
            spans: watch
                .spans
                .take()
                .map(|spans| spans.finish(seconds(watch.now)))
                .unwrap_or_default(),
        }
    }
}

fn first_serving(world: &World) -> Option<String> {
    let tasks = world.tasks(CLUSTER, SERVICE);
    tasks.into_iter().find(|task| task.listening).map(|task| task.endpoint().to_string())
}

/// What a change is as an action of whoever looks after the service; ECS's own stops are none.
fn action(change: &Change) -> Option<&'static str> {
    match change {
        Change::Stopping { cause, .. } => {
            (cause.code == StopCode::UserInitiated).then_some("tasks stopped")
        }
        Change::Deployed { same: true, .. } => Some("redeployments"),
        Change::Deployed { same: false, .. } => Some("deployments of something else"),
        Change::Desired { .. } => Some("changes of the desired count"),
        Change::Routed { .. } => Some("moves of the route"),
    }
}
