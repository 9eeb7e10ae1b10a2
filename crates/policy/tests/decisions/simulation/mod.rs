//! Hours of a service's life, with a look every now and then: what holds over time, whatever
//! happens.

mod observed;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::Mode;
use eden_policy::{Diagnosis, Limits, Routing, Step};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::verdict::*;
use world::{Happening, Unread, World};

/// What happens, and how many seconds later the next look is.
type Round = (Vec<Happening>, u64);

/// A service, by how many tasks it wants, its limits, and what befalls it.
#[derive(Debug, Clone)]
struct Story {
    tasks: usize,
    limits: Limits,
    rounds: Vec<Round>,
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let nth = 0usize..12;
    prop_oneof![
        6 => nth.clone().prop_map(Happening::Unhealthy),
        4 => nth.clone().prop_map(Happening::Silent),
        4 => nth.clone().prop_map(Happening::Well),
        2 => nth.clone().prop_map(Happening::Dies),
        1 => nth.prop_map(Happening::Protected),
        2 => Just(Happening::AllUnhealthy),
        2 => Just(Happening::AllWell),
        4 => any::<bool>().prop_map(Happening::Fails),
        1 => prop::bool::weighted(0.7).prop_map(Happening::Room),
        1 => any::<bool>().prop_map(|dying| Happening::Deployed { dying }),
        2 => select(vec![
            Unread::Nothing, Unread::Nothing, Unread::Alarm, Unread::Protection, Unread::Former,
            Unread::Service,
        ]).prop_map(Happening::Unread),
    ]
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (0u32..5, select(vec![0u64, 60, 120]), select(vec![0u32, 34, 50, 100]), any::<bool>())
        .prop_flat_map(|(budget, wait, percent, rollback)| {
            let minutes = |range: std::ops::Range<u64>| range.prop_map(Duration::from_mins);
            (minutes(0..20), minutes(0..5)).prop_map(move |(cooldown, storm)| Limits {
                healing_budget_per_hour: budget * 2,
                unhealthy_for: Duration::from_secs(wait),
                max_unhealthy_percent: percent,
                redeploy_cooldown: cooldown,
                storm_cooldown: storm,
                rollback,
                ..Limits::default()
            })
        })
}

fn any_story() -> impl Strategy<Value = Story> {
    let happenings = prop::collection::vec(any_happening(), 0..3);
    let wait = prop_oneof![Just(0u64), Just(60), Just(300), Just(300), 20u64..900];
    let rounds = prop::collection::vec((happenings, wait), 1..80);
    (1usize..8, any_limits(), rounds).prop_map(|(tasks, limits, rounds)| Story {
        tasks,
        limits,
        rounds,
    })
}

/// What Eden did, and when.
struct Deed {
    at: Timestamp,
    step: Step,
}

/// A story that is being told.
struct Telling {
    world: World,
    limits: Limits,
    deeds: Vec<Deed>,
    /// When people last deployed.
    deployed_at: Option<Timestamp>,
    seen: BTreeSet<&'static str>,
}

impl Telling {
    fn of(story: &Story) -> Self {
        let (limits, world) = (story.limits.clone(), World::well(story.tasks));
        Telling { world, limits, deeds: Vec::new(), deployed_at: None, seen: BTreeSet::new() }
    }

    fn decide(&self) -> Finding {
        let rules = Rules { limits: &self.limits, routing: &Routing::default(), mode: Mode::On };
        health::decide(&self.world.facts(), rules, self.world.now)
    }

    /// Looks, checks what is to be done, and does it.
    fn look(&mut self) -> Result<Finding, TestCaseError> {
        let finding = self.decide();
        self.seen.insert(named(&finding.diagnosis));
        self.seen.extend(finding.reasons());
        self.check_stops(&finding)?;
        for step in &finding.plan.steps {
            if step.needs_a_claim() {
                self.check_remedy(step)?;
                self.seen.insert(match step {
                    Step::StopTask { .. } => "stopped",
                    Step::ForceDeployment { .. } => "redeployed",
                    _ => "rolled back",
                });
                self.deeds.push(Deed { at: self.world.now, step: step.clone() });
            }
            self.world.carry_out(step);
        }
        // What was done is not done again at once.
        let again = self.decide();
        let repeats = again.plan.steps.iter().any(Step::needs_a_claim) && !self.may_go_on(&again);
        prop_assert!(!repeats, "{:?} after {:?}", again, finding);
        Ok(finding)
    }

    /// Without a cooldown, what the limits left for later may come at once.
    fn may_go_on(&self, finding: &Finding) -> bool {
        self.limits.storm_cooldown.is_zero() && finding.stopped().len() == finding.remedies().len()
    }

    fn check_stops(&self, finding: &Finding) -> Result<(), TestCaseError> {
        let world = &self.world;
        let stops: Vec<_> = finding
            .plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::StopTask { task, .. } => Some(world.task(task)),
                _ => None,
            })
            .collect();
        for task in &stops {
            prop_assert!(world.is_sick(task) && task.runs(), "{}", task.id());
            prop_assert!(!world.protected.contains(&task.arn));
            prop_assert!(since(task.started_at.unwrap(), world.now) >= self.limits.startup_grace);
            let wait = self.limits.unhealthy_for;
            let suspect = task.suspect_since.map(|at| since(at, world.now));
            // When all fail and the alarm rings, it has waited, and one is stopped as a trial.
            let trial = finding.diagnosis == Diagnosis::ServiceSick && stops.len() == 1;
            let waited = trial && world.fails && wait <= Duration::from_secs(60);
            prop_assert!(wait.is_zero() || waited || suspect.is_some_and(|it| it >= wait));
        }
        let desired =
            usize::try_from(world.facts().service.known().map_or(0, |it| it.desired)).unwrap();
        let away = (desired + stops.len()).saturating_sub(world.running());
        let percent = usize::try_from(self.limits.max_unhealthy_percent).unwrap();
        prop_assert!(
            stops.len() <= 1 || away * 100 <= desired * percent,
            "{} stopped",
            stops.len()
        );
        let last = self.deeds.iter().rev().find(|deed| matches!(deed.step, Step::StopTask { .. }));
        if let (Some(last), false) = (last, stops.is_empty()) {
            prop_assert!(since(last.at, world.now) >= self.limits.storm_cooldown);
        }
        Ok(())
    }

    fn check_remedy(&self, step: &Step) -> Result<(), TestCaseError> {
        let (world, hour) = (&self.world, Duration::from_hours(1));
        let lately = self.deeds.iter().filter(|deed| since(deed.at, world.now) < hour).count();
        let budget = usize::try_from(self.limits.healing_budget_per_hour).unwrap();
        prop_assert!(lately < budget, "{lately} of {budget} are spent");
        match step {
            Step::ForceDeployment { .. } => {
                prop_assert!(!world.is_rolling());
                let age = since(world.primary().created_at, world.now);
                prop_assert!(age >= self.limits.redeploy_cooldown);
            }
            Step::RollBack { to, .. } => {
                prop_assert!(self.limits.rollback && *to != world.primary().definition);
                let back = |deed: &&Deed| matches!(deed.step, Step::RollBack { .. });
                let last = self.deeds.iter().rev().find(back).map(|deed| deed.at);
                prop_assert!(last.is_none() || self.deployed_at > last, "back and forth");
            }
            _ => prop_assert!(!world.is_rolling()),
        }
        Ok(())
    }

    fn tell(&mut self, story: &Story) -> Result<(), TestCaseError> {
        for (happenings, wait) in &story.rounds {
            for happening in happenings {
                self.world.happen(*happening);
                if let Happening::Deployed { .. } = happening {
                    self.deployed_at = Some(self.world.now);
                }
            }
            let _ = self.look()?;
            self.world.advance(*wait);
        }
        Ok(())
    }
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).unsigned_abs()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_happens_the_limits_are_kept_over_hours(story in any_story()) {
        Telling::of(&story).tell(&story)?;
    }

    /// Nothing that was noted, held or done keeps a service from being found well again.
    #[test]
    fn once_nothing_is_wrong_any_more_the_service_is_healthy_and_left_alone(story in any_story()) {
        let mut telling = Telling::of(&story);
        telling.tell(&story)?;
        telling.world.mend();
        telling.deployed_at = Some(telling.world.now);
        for _ in 0..24 {
            telling.world.advance(300);
            let _ = telling.look()?;
        }
        let finding = telling.look()?;
        prop_assert_eq!(finding.diagnosis, Diagnosis::Healthy);
        prop_assert_eq!(finding.plan.steps, []);
        prop_assert!(telling.world.tasks.iter().all(|task| task.suspect_since.is_none()));
    }
}

/// The properties would hold of a service that nothing befalls, or that nobody heals.
#[test]
fn the_stories_that_are_told_lead_to_every_remedy_and_limit() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let story = any_story().new_tree(&mut runner).unwrap().current();
        let mut telling = Telling::of(&story);
        telling.tell(&story).unwrap();
        seen.extend(telling.seen);
    }
    for expected in [
        "healthy",
        "starting",
        "rolling",
        "rolling_overdue",
        "task_sick",
        "service_sick",
        "crash_loop",
        "unknown",
        "stopped",
        "redeployed",
        "rolled back",
        "budget_spent",
        "storm_cooldown",
        "stop_limit",
        "redeploy_cooldown",
        "suspect_not_yet",
        "task_protected",
        "within_startup_grace",
        "nothing_to_roll_back_to",
        "needs_a_human",
    ] {
        assert!(seen.contains(expected), "never {expected}: {seen:?}");
    }
}
