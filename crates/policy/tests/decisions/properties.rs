//! What holds for every set of facts about the service, not only for the ones in the tables.

use std::collections::BTreeSet;
use std::time::Duration;

use eden_policy::facts::{Alarm, Deployment, Observed, Readiness, Stop, Task, TaskHealth, Unready};
use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::{self, Mode};
use eden_policy::plan::Fact;
use eden_policy::{Diagnosis, Evidence, Hold, Step};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::any::*;
use crate::fixtures::*;
use crate::verdict::*;

impl Case {
    pub fn decide(&self) -> Finding {
        let Case { facts, limits, routing, mode } = self;
        health::decide(facts, Rules { limits, routing, mode: *mode }, now())
    }

    fn tasks(&self) -> &[Task] {
        self.facts.tasks.known().map_or(&[], Vec::as_slice)
    }

    fn task(&self, id: &str) -> &Task {
        self.tasks().iter().find(|task| task.id() == id).unwrap()
    }

    fn readiness(&self, task: &Task) -> Option<&Readiness> {
        self.facts.readiness(task)
    }

    /// Whether somebody else's word is against the task: ECS's, or a probe's.
    fn is_accused(&self, task: &Task) -> bool {
        task.health == TaskHealth::Unhealthy
            || match self.readiness(task) {
                Some(Readiness::NotReady(..)) => true,
                // From where another is heard.
                Some(Readiness::Unreachable(_)) => self.tasks().iter().any(|other| {
                    let heard = self.readiness(other);
                    other.runs()
                        && matches!(
                            heard,
                            Some(
                                Readiness::Ready
                                    | Readiness::Unclear(_)
                                    | Readiness::Limited(_)
                                    | Readiness::NotReady(..)
                            )
                        )
                }),
                Some(Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_)) | None => {
                    false
                }
            }
    }

    /// Whether it accuses itself: by ECS's word, by refusing connections, or at a path that was chosen.
    fn accuses_itself(&self, task: &Task) -> bool {
        task.health == TaskHealth::Unhealthy
            || match self.readiness(task) {
                Some(Readiness::NotReady(Unready::Refuses, _)) => true,
                Some(Readiness::NotReady(..)) if self.facts.answers.is_empty() => true,
                Some(Readiness::NotReady(Unready::Fails, _)) => {
                    let requests = self.facts.requests.known().copied().flatten();
                    requests.is_some_and(|it| it.all >= 10 && it.failed * 10 >= it.all * 9)
                }
                Some(
                    Readiness::NotReady(..)
                    | Readiness::Ready
                    | Readiness::Unclear(_)
                    | Readiness::Limited(_)
                    | Readiness::Unreachable(_),
                )
                | None => false,
            }
    }

    /// Whether Eden stopped a task or deployed the service lately.
    fn has_been_treated(&self) -> bool {
        let service = self.facts.service.known();
        let stopped = |task: &Task| task.stop.as_ref().is_some_and(Stop::is_edens);
        self.tasks().iter().any(stopped) || service.is_some_and(|it| !it.redeployed_at.is_empty())
    }

    /// Whether nothing speaks against its being about to start: it has been running for less than a
    /// quarter of an hour, nothing listens in it, and no other answers.
    fn may_be_starting(&self, task: &Task) -> bool {
        let answers =
            |other: &Task| other.runs() && self.readiness(other).is_some_and(Readiness::answers);
        let refuses = self.readiness(task);
        task.runs()
            && task.health == TaskHealth::Unknown
            && matches!(refuses, Some(Readiness::NotReady(Unready::Refuses, _)))
            && task.started_at.is_some_and(|at| at > ago(900))
            && !self.tasks().iter().any(answers)
    }

    /// Has been running for longer than its grace.
    fn is_grown(&self, task: &Task) -> bool {
        let began = task.started_at.or(task.created_at);
        task.runs() && began.is_some_and(|at| at <= ago(self.limits.startup_grace.as_secs()))
    }
}

/// A remedy of rungs 3 to 5, which a budget limits.
fn is_spent(step: &Step) -> bool {
    step.needs_a_claim() && !matches!(step, Step::RestoreDesiredCount { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn some_diagnoses_ask_for_nothing_but_the_route(case in any_case()) {
        let finding = case.decide();
        let idle = match &finding.diagnosis {
            Diagnosis::Unknown
            | Diagnosis::Paused
            | Diagnosis::NotActive { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NoInstances
            | Diagnosis::Starting
            | Diagnosis::Rolling { overdue: false, .. } => true,
            Diagnosis::Rolling { overdue: true, .. }
            | Diagnosis::CrashLoop { .. }
            | Diagnosis::CannotStart { .. }
            | Diagnosis::RolloutFailed { .. } => !case.limits.rollback,
            Diagnosis::Healthy
            | Diagnosis::OldTasksRemain { .. }
            | Diagnosis::RouteStale
            | Diagnosis::Disputed
            | Diagnosis::TaskStuck { .. }
            | Diagnosis::BeforeTasks
            | Diagnosis::WrongPath { .. }
            | Diagnosis::Unclear { .. }
            | Diagnosis::TaskSick { .. }
            | Diagnosis::TooFewTasks { .. }
            | Diagnosis::ServiceSick
            | Diagnosis::BelowFloor { .. } => false,
        };
        let of_people = |step: &Step| {
            matches!(step, Step::MarkCondition { .. } | Step::ClearCondition { .. })
        };
        // That a task is to stop is noted whatever else there is, where ECS does not say since when.
        let tasks = case.facts.tasks.known().map_or(&[][..], Vec::as_slice);
        let leaves = |arn: &String| tasks.iter().any(|task| task.arn == *arn && !task.wanted);
        let watches = |step: &Step| {
            matches!(step, Step::MarkSuspect { task, .. } if leaves(task))
        };
        let others = finding.plan.steps.iter();
        let others = others.filter(|step| !eden_policy::route::is_of_route(step) && !watches(step));
        let others = others.filter(|step| !of_people(step));
        prop_assert!(!idle || others.count() == 0, "{:?}", finding);
        let quiet = matches!(
            finding.diagnosis,
            Diagnosis::Healthy
                | Diagnosis::RouteStale
                | Diagnosis::Disputed
                | Diagnosis::OldTasksRemain { .. }
                | Diagnosis::TaskStuck { .. }
                | Diagnosis::BeforeTasks
                | Diagnosis::WrongPath { .. }
                | Diagnosis::Unclear { .. }
        );
        prop_assert!(!quiet || finding.remedies().is_empty());
        if finding.diagnosis == Diagnosis::Paused {
            prop_assert!(finding.plan.steps.is_empty());
        }
    }

    /// To stop it, or to deploy the service for it, would start its boot over.
    #[test]
    fn what_may_still_be_starting_is_left_alone(case in any_case()) {
        let finding = case.decide();
        for id in finding.stopped() {
            prop_assert!(!case.may_be_starting(case.task(id)), "{id}: {:?}", finding);
        }
        let mut running = case.tasks().iter().filter(|task| task.runs());
        let all = running.clone().count() > 0 && running.all(|task| case.may_be_starting(task));
        prop_assert!(!all || finding.diagnosis != Diagnosis::ServiceSick, "{:?}", finding);
    }

    #[test]
    fn each_diagnosis_has_its_own_remedy(case in any_case()) {
        let finding = case.decide();
        for step in finding.remedies() {
            let fits = match step {
                Step::StopTask { .. } => match finding.diagnosis {
                    Diagnosis::TaskSick { .. } => true,
                    // Only when it may not be deployed, or not again yet, and only one.
                    Diagnosis::ServiceSick => {
                        let waits = finding.reasons().into_iter().any(|reason| {
                            matches!(
                                reason,
                                "redeploy_cooldown"
                                    | "no_room_to_deploy"
                                    | "foreign_deployment_controller"
                                    // One beside what serves may be paused for days.
                                    | "rollout_in_progress"
                                    // A task that waits for room.
                                    | "within_startup_grace"
                            )
                        });
                        waits && finding.stopped().len() == 1
                    }
                    _ => false,
                },
                Step::ForceDeployment { .. } => match finding.diagnosis {
                    Diagnosis::TooFewTasks { .. } | Diagnosis::ServiceSick => true,
                    // Only when a remedy has not helped.
                    Diagnosis::TaskSick { .. } => case.has_been_treated(),
                    _ => false,
                },
                Step::RollBack { .. } => case.limits.rollback,
                Step::RestoreDesiredCount { .. } => {
                    matches!(finding.diagnosis, Diagnosis::BelowFloor { .. })
                }
                step => panic!("{step:?} is no remedy"),
            };
            prop_assert!(fits, "{:?}: {:?}", finding.diagnosis, step);
        }
        let deployments = finding.remedies().into_iter().filter(|step| {
            matches!(step, Step::ForceDeployment { .. } | Step::RollBack { .. })
        });
        prop_assert!(deployments.count() <= 1);
    }

    #[test]
    fn only_a_sick_task_that_is_grown_and_long_suspect_and_unprotected_is_stopped(
        case in any_case()
    ) {
        let finding = case.decide();
        let stopped = finding.stopped();
        let once: BTreeSet<_> = stopped.iter().collect();
        prop_assert_eq!(once.len(), stopped.len());
        for id in &stopped {
            let task = case.task(id);
            prop_assert!(case.is_accused(task) && case.is_grown(task));
            let wait = case.limits.unhealthy_for;
            let long = task.suspect_since.is_some_and(|at| at <= ago(wait.as_secs()));
            // When all fail and have for a minute, or the alarm rings, one is stopped as a trial.
            let trial = finding.diagnosis == Diagnosis::ServiceSick && stopped.len() == 1;
            let rings = case.facts.alarm.known() == Some(&Alarm::Alarm);
            // By its notes: that all fail, or that nobody is served.
            let lasts = rings
                || case.facts.service.known().is_some_and(|service| {
                    let failing = service.failing.as_ref().map(|failing| failing.since);
                    let noted = [failing, service.unserved_since];
                    noted.into_iter().flatten().any(|since| since <= ago(60))
                });
            let waited = trial && lasts && wait <= Duration::from_secs(60);
            prop_assert!(long || wait.is_zero() || waited);
            prop_assert!(!case.facts.protected.known().unwrap().contains(&task.arn));
            // A probe's word counts while it is not the same for all.
            let answers = |task: &Task| {
                let readiness = case.readiness(task);
                task.runs() && readiness.is_some_and(Readiness::answers)
            };
            prop_assert!(
                task.health == TaskHealth::Unhealthy
                    || trial
                    || case.tasks().iter().any(answers)
            );
        }
    }

    #[test]
    fn nothing_is_done_to_tasks_that_all_answer_well_for_what_the_api_and_the_alarm_say(
        case in any_case()
    ) {
        let finding = case.decide();
        let running = case.tasks().iter().filter(|task| task.runs());
        let heard: Vec<_> = running
            .clone()
            .filter_map(|task| case.readiness(task))
            .filter(|it| !matches!(it, Readiness::Unreachable(_)))
            .collect();
        let well = !heard.is_empty()
            && heard.iter().all(|it| **it == Readiness::Ready)
            && running.clone().all(|task| {
                let unreached = matches!(case.readiness(task), Some(Readiness::Unreachable(_)));
                task.health != TaskHealth::Unhealthy && !unreached
            });
        let of_whole = matches!(
            finding.diagnosis,
            Diagnosis::ServiceSick
                | Diagnosis::BeforeTasks
                | Diagnosis::WrongPath { .. }
                | Diagnosis::Unclear { .. }
                | Diagnosis::Disputed
                | Diagnosis::Healthy
                | Diagnosis::Unknown
        );
        let page = finding.evidence.contains(&Evidence::MaintenancePage);
        prop_assert!(!(well && of_whole) || page || finding.remedies().is_empty(), "{:?}", finding);
    }

    #[test]
    fn a_release_is_rolled_back_only_for_what_its_own_tasks_do(case in any_case()) {
        let finding = case.decide();
        let Some(service) = case.facts.service.known() else { return Ok(()) };
        let present = service.primary().map(|primary| primary.id.as_str());
        let mut present = case.tasks().iter().filter(|it| it.deployment.as_deref() == present);
        let fails = present.any(|task| task.stop.is_some() || case.accuses_itself(task));
        let by_rollout = matches!(
            finding.diagnosis,
            Diagnosis::Rolling { .. }
                | Diagnosis::RolloutFailed { .. }
                | Diagnosis::CannotStart { .. }
                | Diagnosis::CrashLoop { .. }
        );
        // ECS gave it up for its tasks' failures; and what no deployment claims counts as the present's.
        let given_up = service.given_up().is_some();
        let unowned = case.tasks().iter().any(|it| {
            let claims = |of: &Deployment| it.deployment.as_ref() == Some(&of.id);
            it.stop.is_some() && !service.deployments.iter().any(claims)
        });
        let blamed = fails || by_rollout || given_up || unowned;
        prop_assert!(!finding.rolls_back() || blamed, "{:?}", finding);
    }

    #[test]
    fn the_share_that_may_be_away_is_kept_and_one_is_always_allowed(case in any_case()) {
        let finding = case.decide();
        let Some(service) = case.facts.service.known() else { return Ok(()) };
        let percent = usize::try_from(case.limits.max_unhealthy_percent).unwrap();
        let desired = usize::try_from(service.desired).unwrap();
        let stopped = finding.stopped();
        let runs = case.tasks().iter().filter(|task| task.runs());
        let carries = runs.filter(|task| !stopped.contains(&task.id())).count();
        prop_assert!(
            stopped.len() <= 1 || desired.saturating_sub(carries) * 100 <= desired * percent
        );
        let held = finding.reasons();
        prop_assert!(!held.contains(&"stop_limit") || !stopped.is_empty() || case.mode != Mode::On
            || held.contains(&"healing_not_on"));
    }

    #[test]
    fn what_is_done_at_once_is_within_the_budget(case in any_case()) {
        let finding = case.decide();
        let spending = finding.plan.steps.iter().filter(|step| is_spent(step)).count();
        let Some(service) = case.facts.service.known() else { return Ok(()) };
        let lately = |at: &jiff::Timestamp| *at > ago(3_600);
        let stops = case.tasks().iter().filter(|task| {
            task.stop.as_ref().is_some_and(|stop| stop.reason.starts_with("Eden: "))
                && task.stopping_at.is_none_or(|at| lately(&at))
        });
        let spent = stops.count() + service.redeployed_at.iter().filter(|at| lately(at)).count();
        let budget = usize::try_from(case.limits.healing_budget_per_hour).unwrap();
        prop_assert!(spending == 0 || spent + spending <= budget, "{spent} + {spending}");
    }

    #[test]
    fn no_step_rests_on_an_unknown_fact(case in any_case()) {
        let finding = case.decide();
        let facts = &case.facts;
        if facts.service.known().is_none() || facts.tasks.known().is_none() {
            prop_assert!(finding.plan.steps.is_empty());
            prop_assert_eq!(&finding.diagnosis, &Diagnosis::Unknown);
        }
        if facts.protected.known().is_none() {
            prop_assert!(finding.stopped().is_empty());
        }
        if facts.former.known().is_none() {
            prop_assert!(!finding.rolls_back());
        }
        if finding.diagnosis == Diagnosis::ServiceSick {
            let page = finding.evidence.contains(&Evidence::MaintenancePage);
            prop_assert!(facts.alarm.known().is_some() && (page || facts.api.known().is_some()));
            let unread = facts.route.as_ref().is_some_and(|route| {
                route.endpoints.known().is_none()
                    || route.pointers.iter().any(|(_, read)| read.known().is_none())
            });
            prop_assert!(!unread || !(finding.redeploys() || finding.rolls_back()));
        }
        if finding.redeploys() && facts.alarm.known().is_none() {
            let service = facts.service.known().unwrap();
            let sick = matches!(finding.diagnosis, Diagnosis::TaskSick { .. });
            prop_assert!(sick || service.running < service.desired);
        }
    }

    #[test]
    fn whatever_could_not_be_read_is_told(case in any_case()) {
        let finding = case.decide();
        let told: Vec<_> = finding.evidence.iter().filter_map(|it| match it {
            Evidence::NotRead { what, .. } => Some(what.clone()),
            _ => None,
        }).collect();
        for (fact, read) in [
            (Fact::Service, case.facts.service.known().is_some()),
            (Fact::Tasks, case.facts.tasks.known().is_some()),
            (Fact::Alarm, case.facts.alarm.known().is_some()),
            (Fact::Api, case.facts.api.known().is_some()),
        ] {
            prop_assert_eq!(told.contains(&fact.to_string()), !read);
            let held = finding.plan.unknown_facts().any(|hold| {
                matches!(hold, Hold::FactUnknown { fact: other, .. } if *other == fact)
            });
            prop_assert!(held || read);
        }
    }

    #[test]
    fn unless_the_mode_is_known_to_be_on_there_is_no_step(case in any_case()) {
        let (effective, _) = mode::effective(case.mode, &case.facts.service);
        let finding = case.decide();
        prop_assert!(effective == Mode::On || finding.plan.steps.is_empty());
        let status_matters = matches!(finding.diagnosis, Diagnosis::NotActive { .. } | Diagnosis::Unknown);
        prop_assert_eq!(
            effective == Mode::Off && !status_matters,
            finding.diagnosis == Diagnosis::Paused
        );
    }

    /// Sick tasks are stopped meanwhile only where the rollout is not what judges them: it has all its
    /// new tasks, or stands beside those that serve.
    #[test]
    fn a_deployment_in_progress_is_neither_started_over_nor_disturbed(case in any_case()) {
        let Some(service) = case.facts.service.known() else { return Ok(()) };
        let finding = case.decide();
        prop_assert!(service.in_progress().is_none() || !finding.redeploys());
        let old = |task: &Task| !service.is_of_present(task);
        let may_stop = service.rolling().is_none() || case.tasks().iter().any(old);
        prop_assert!(may_stop || finding.stopped().is_empty());
    }

    #[test]
    fn what_stands_beside_the_serving_tasks_is_never_touched(case in any_case()) {
        let Some(service) = case.facts.service.known() else { return Ok(()) };
        let finding = case.decide();
        if service.sides().is_some() {
            for id in finding.stopped() {
                let of = service.deployment_of(case.task(id)).map(|it| &it.id);
                prop_assert!(of.is_none() || of == service.serving().map(|it| &it.id));
            }
            let rolls_back = |step: &Step| matches!(step, Step::RollBack { .. });
            prop_assert!(!finding.plan.steps.iter().any(rolls_back));
        }
    }

    #[test]
    fn the_count_of_a_service_that_has_none_is_never_written(case in any_case()) {
        let counted = case.facts.service.known().is_some_and(eden_policy::facts::Service::has_a_count);
        let restores = |step: &Step| matches!(step, Step::RestoreDesiredCount { .. });
        prop_assert!(counted || !case.decide().plan.steps.iter().any(restores));
    }

    #[test]
    fn the_order_in_which_aws_lists_tasks_decides_nothing(
        (case, shuffled) in any_case().prop_flat_map(|case| {
            let tasks = Just(case.tasks().to_vec()).prop_shuffle();
            tasks.prop_map(move |tasks| (case.clone(), tasks))
        })
    ) {
        let mut other = case.clone();
        if let Observed::Known(tasks) = &mut other.facts.tasks {
            *tasks = shuffled;
        }
        prop_assert_eq!(case.decide(), other.decide());
    }

    /// Sickness of one more never costs one that is well, nor more of the sick than before but for
    /// that one.
    #[test]
    fn more_sickness_never_leads_to_stopping_a_healthy_task(case in any_case(), n in 1u8..=10) {
        let before = case.decide();
        let mut sicker = case.clone();
        let id = format!("task{n}");
        if let Observed::Known(tasks) = &mut sicker.facts.tasks {
            for task in tasks.iter_mut().filter(|task| task.id() == id) {
                task.health = TaskHealth::Unhealthy;
            }
        }
        let after = sicker.decide();
        for id in after.stopped() {
            prop_assert!(sicker.is_accused(sicker.task(id)));
        }
        let others = |finding: &Finding| {
            finding.stopped().into_iter().filter(|other| *other != id).count()
        };
        let alone = before.stopped().is_empty();
        prop_assert!(others(&after) <= others(&before) || alone || others(&after) == 1);
    }

    /// Whoever is well is no suspect for long, whatever else is the matter.
    #[test]
    fn a_note_is_written_for_the_sick_and_taken_off_the_well_only(case in any_case()) {
        let finding = case.decide();
        for id in finding.marked() {
            let task = case.task(id);
            // Where ECS does not say since when a task is to stop, that it was seen is noted.
            let leaves = !task.wanted && task.stopping_at.is_none();
            prop_assert!(leaves || (case.is_accused(task) && case.is_grown(task)));
            prop_assert!(task.suspect_since.is_none());
        }
        for id in finding.cleared() {
            let task = case.task(id);
            // Where deployments stand side by side, the tasks of a side are judged among themselves.
            let apart = case.facts.service.known().is_some_and(|it| it.sides().is_some());
            prop_assert!(task.suspect_since.is_some() && (apart || !case.is_accused(task)));
        }
    }

    #[test]
    fn people_are_called_when_nothing_is_left_to_be_done(case in any_case()) {
        let finding = case.decide();
        let spends = finding.plan.steps.iter().any(is_spent);
        // A task that never stops is people's, whatever else is done; that no path is set is told beside
        // a trial, and that others cannot be started or nobody restores the count beside a stop.
        let beside = ["task_stuck", "unclear", "cannot_start", "restored_in_vain"];
        let condition = finding.condition().filter(|name| !beside.contains(name));
        prop_assert!(condition.is_none() || !spends);
        let hopeless = matches!(
            finding.diagnosis,
            Diagnosis::CrashLoop { .. } | Diagnosis::CannotStart { .. }
                | Diagnosis::Rolling { overdue: true, .. }
        );
        let on = mode::effective(case.mode, &case.facts.service).0 == Mode::On;
        prop_assert!(!hopeless || !on || spends || finding.condition.is_some());
        let spent = finding.reasons().contains(&"budget_spent");
        prop_assert!(!spent || finding.condition.is_some());
    }

    /// A remedy that is neither taken nor the last one has a reason.
    #[test]
    fn whatever_is_the_matter_something_is_done_or_held(case in any_case()) {
        let finding = case.decide();
        let nothing_to_do = matches!(
            finding.diagnosis,
            Diagnosis::Healthy | Diagnosis::Paused | Diagnosis::RouteStale
        );
        let told = !finding.plan.steps.is_empty() || !finding.reasons().is_empty();
        prop_assert!(nothing_to_do || told, "{:?}", finding);
    }

    /// What is held until some time is so for a reason that lies ahead.
    #[test]
    fn the_time_of_the_next_try_lies_ahead(case in any_case()) {
        for hold in &case.decide().plan.holds {
            prop_assert!(hold.until().is_none_or(|at| at > now()), "{:?}", hold);
        }
    }
}

/// The properties would hold of facts that ask for nothing: these do ask for everything.
#[test]
#[expect(clippy::too_many_lines, reason = "a list of all there is")]
fn the_facts_that_are_drawn_lead_to_every_diagnosis_remedy_and_hold() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..4_000 {
        let finding = any_case().new_tree(&mut runner).unwrap().current().decide();
        seen.insert(named(&finding.diagnosis));
        seen.extend(finding.plan.holds.iter().map(Hold::reason));
        seen.extend(finding.condition.is_some().then_some("a condition"));
        seen.extend(finding.plan.steps.iter().filter_map(|step| match step {
            Step::RestoreDesiredCount { .. } => Some("restored"),
            Step::MarkSuspect { .. } => Some("marked"),
            Step::ClearSuspect { .. } => Some("cleared"),
            Step::MarkCondition { .. } => Some("noted"),
            Step::ClearCondition { .. } => Some("forgotten"),
            Step::MarkFailing { .. } => Some("noted failing"),
            Step::ClearFailing { .. } => Some("forgotten failing"),
            Step::StopTask { .. } => Some("stopped"),
            Step::ForceDeployment { .. } => Some("redeployed"),
            Step::RollBack { .. } => Some("rolled back"),
            Step::PointIntegration { .. }
            | Step::SetStageVariable { .. }
            | Step::ShowMaintenance { .. }
            | Step::Park { .. }
            | Step::DeployStage { .. }
            | Step::MarkUnserved { .. }
            | Step::ClearUnserved { .. }
            | Step::MarkOverwritten { .. } => None,
        }));
    }
    for expected in [
        "healthy",
        "starting",
        "rolling",
        "rolling_overdue",
        "route_stale",
        "task_sick",
        "too_few_tasks",
        "service_sick",
        "disputed",
        "crash_loop",
        "cannot_start",
        "paused",
        "below_floor",
        "scaled_to_zero",
        "not_active",
        "unknown",
        "restored",
        "marked",
        "cleared",
        "noted",
        "forgotten",
        "stopped",
        "redeployed",
        "rolled back",
        "a condition",
        "fact_unknown",
        "healing_not_on",
        "mode_tag_unrecognized",
        "service_not_active",
        "rollout_in_progress",
        "rollout_failed",
        "within_startup_grace",
        "still_starting",
        "route_just_moved",
        "route_unknown",
        "redeploy_cooldown",
        "retry_not_yet",
        "foreign_deployment_controller",
        "route_repaired_first",
        "suspect_not_yet",
        "task_protected",
        "storm_cooldown",
        "budget_spent",
        "evidence_disagrees",
        "needs_a_human",
        "nothing_to_roll_back_to",
        "stop_limit",
    ] {
        assert!(seen.contains(expected), "never {expected}: {seen:?}");
    }
}
