//! Plays one history under one policy: the world, its functions, and those who watch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use eden_lab::example::{API, CLUSTER, SERVICE};
use eden_lab::lambda::{Lambda, RetryDelays};
use eden_lab::{Clock, Lab, World};
use serde::Serialize;

use crate::history::{BEGIN, History};
use crate::policies::{self, Policy};
use crate::record::{self, About, Broken, Line, Record, elapsed};
use crate::script::{self, Script};
use crate::setting::{API_URL, MAINTENANCE, PATH, epoch};
use crate::watch::Watch;

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
    /// How often each thing was seen that has to be seen over a run.
    pub seen: BTreeMap<String, u64>,
    /// What was broken of the invariants.
    pub broken: Vec<Broken>,
    /// What happened, step by step, if that was asked for.
    pub trace: Vec<Line>,
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

/// A history on its stage.
struct Stage<'a> {
    history: &'a History,
    policy: Policy,
    record: record::Shared,
    script: Script,
    watch: RefCell<Watch>,
    felt: Vec<(f64, &'static str)>,
}

impl<'a> Stage<'a> {
    fn set(history: &'a History, policy: Policy, traced: bool) -> Self {
        Self {
            history,
            policy,
            record: Record::new(epoch(), traced),
            script: Script::new(history),
            watch: RefCell::new(Watch::new(epoch(), BEGIN)),
            felt: Vec::new(),
        }
    }

    async fn play(mut self) -> Played {
        let lab = self.build();
        let end = self.history.end();
        let mut routed = false;
        loop {
            let next = self.script.next().unwrap_or(end).min(end);
            self.wait(&lab, next).await;
            let mut world = lab.world();
            let now = elapsed(epoch(), world.now());
            // Somebody has led the route to the service once, when it was made.
            if !routed && let Some(task) = first_serving(&world) {
                script::point_route(&mut world, &task);
                routed = true;
            }
            let begun = self.script.go_on(&mut world, now);
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
            if self.policy == Policy::Oracle {
                policies::act_as_oracle(&mut world, &mut self.script);
            }
            self.look(&world);
            if now >= end {
                break;
            }
        }
        self.finish()
    }

    /// Builds the account and installs what looks after it.
    fn build(&self) -> Lab {
        let example = self.history.setting.example(self.history.seed);
        let stack = example.stack(API_URL).expect("the template takes every setting");
        let lab = Lab::start(example.world(), Clock::starting_at(example.world.start));
        let lambda = Lambda::new(RetryDelays::aws());
        {
            let mut world = lab.world();
            world.install(&stack);
            world.set_api_url(API_URL, API).expect("the example's API");
            world.add_page(MAINTENANCE);
            if let Some(every) = self.history.setting.traffic {
                world.start_traffic(API, PATH, every);
            }
        }
        match self.policy {
            Policy::None | Policy::Oracle => {}
            Policy::Simple => policies::install_simple(&lab, &lambda, &stack),
            Policy::Eden => policies::install_eden(&lab, &lambda, &stack, &self.record),
        }
        if !matches!(self.policy, Policy::None | Policy::Oracle) {
            lab.connect(lambda);
        }
        lab
    }

    /// Watches the world until something is due, or somebody has to look after it at once.
    async fn wait(&self, lab: &Lab, until: Duration) {
        let seen = self.watch.borrow().primary.clone();
        let at_once = self.policy == Policy::Oracle;
        let left = until.saturating_sub(elapsed(epoch(), lab.world().now()));
        lab.until(left, |world| {
            self.look(world);
            let mut watch = self.watch.borrow_mut();
            let moved = std::mem::take(&mut watch.moved);
            watch.primary != seen || (at_once && moved)
        })
        .await;
    }

    fn look(&self, world: &World) {
        let mut watch = self.watch.borrow_mut();
        watch.look(world, &mut record::write(&self.record));
        watch.changes.clear();
    }

    fn finish(self) -> Played {
        let mut watch = self.watch.into_inner();
        watch.end();
        let seconds = |at| elapsed(epoch(), at).as_secs_f64();
        let outages: Vec<_> =
            watch.outages.iter().map(|it| (seconds(it.from), seconds(it.to))).collect();
        let mut record = record::write(&self.record);
        Played {
            name: self.history.name.clone(),
            seed: self.history.seed,
            policy: self.policy,
            downtime_s: outages.iter().map(|(from, to)| to - from).sum(),
            measured_s: (self.history.end() - BEGIN).as_secs_f64(),
            outages,
            felt: self.felt,
            seen: std::mem::take(&mut record.seen),
            broken: std::mem::take(&mut record.broken),
            trace: record.take_lines(),
        }
    }
}

fn first_serving(world: &World) -> Option<String> {
    let tasks = world.tasks(CLUSTER, SERVICE);
    tasks.into_iter().find(|task| task.listening).map(|task| task.endpoint().to_string())
}
