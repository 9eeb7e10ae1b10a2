//! Rungs 5 and 6: what ran before is run again, if that is allowed and may help; otherwise people
//! are called.

use eden_policy::facts::{DeploymentController, Former, RolloutState, Task};
use eden_policy::health::Finding;
use eden_policy::plan::Fact;
use eden_policy::{Facts, Hold, Limits, Observed, Step};

use crate::fixtures::*;
use crate::verdict::*;

fn assert_rolls_back(finding: &Finding) {
    assert!(
        matches!(
            &finding.remedies()[..],
            [Step::RollBack { replacing, to, .. }] if replacing == PRIMARY && to == FORMER
        ),
        "{finding:?}"
    );
    assert_eq!(finding.condition, None);
}

fn assert_held(finding: &Finding, expected: &Hold, condition: &str) {
    assert_eq!(finding.remedies(), [] as [&Step; 0], "{finding:?}");
    assert!(finding.holds(expected), "{finding:?}");
    assert_eq!(finding.condition(), Some(condition));
}

/// Deployed an hour ago; the task definition before ran well.
fn lately(facts: Facts) -> Facts {
    let deployed = vec![deployment(RolloutState::Completed, 3_600)];
    facts.former(3_600).service(|service| service.deployments = deployed)
}

fn none_runs(stops: impl IntoIterator<Item = Task>) -> Facts {
    lately(healthy(1)).service(|it| it.running = 0).tasks(stops.into_iter().collect())
}

fn crash_loop() -> Facts {
    none_runs((1..=3).map(|n| task(n).died(u64::from(n) * 200)))
}

/// Its deployment has never completed.
fn cannot_start() -> Facts {
    let facts = none_runs((1..=3).map(|n| task(n).not_started(u64::from(n) * 200)));
    facts.service(|service| service.deployments[0].rollout = RolloutState::InProgress)
}

fn overdue() -> Facts {
    healthy(1).former(1_800).service(|it| it.deployments = rollout_since(1_800))
}

/// It fails, and redeploying it a while ago did not help.
fn failing_still() -> Facts {
    lately(failing(1)).service(|service| service.redeployed_at = vec![ago(1_800)])
}

/// What calls people at once, with the name of the condition.
fn hopeless() -> [(Facts, &'static str); 3] {
    [(crash_loop(), "crash_loop"), (cannot_start(), "cannot_start"), (overdue(), "rollout_overdue")]
}

#[test]
fn what_would_only_fail_again_is_rolled_back() {
    for (facts, _) in hopeless() {
        assert_rolls_back(&decide_under(&facts, &rollback()));
    }
}

#[test]
fn without_leave_to_roll_back_people_are_called_and_nothing_is_redeployed() {
    for (facts, condition) in hopeless() {
        assert_held(&decide(&facts), &Hold::NeedsAHuman, condition);
    }
}

#[test]
fn the_condition_is_about_the_present_deployment() {
    let condition = decide(&crash_loop()).condition.unwrap();
    assert_eq!(condition.to_string(), format!("crash_loop {PRIMARY}"));
}

#[test]
fn a_rollout_is_overdue_when_its_time_is_over() {
    let age = |seconds| {
        let facts = overdue().service(|it| it.deployments = rollout_since(seconds));
        decide_under(&facts, &rollback())
    };
    assert_eq!(named(&age(1_799).diagnosis), "rolling");
    assert_eq!(age(1_799).plan.steps, []);
    assert_eq!(named(&age(1_800).diagnosis), "rolling_overdue");
}

#[test]
fn with_nothing_to_return_to_people_are_called() {
    for (facts, condition) in hopeless() {
        let with = |former| {
            let facts = Facts { former: Observed::Known(former), ..facts.clone() };
            decide_under(&facts, &rollback())
        };
        assert_held(&with(None), &Hold::NothingToRollBackTo, condition);
        let same = Former {
            definition: PRESENT.to_owned(),
            active: true,
            stops: None,
            replaced_at: ago(3_600),
            preceded_at: None,
        };
        assert_held(&with(Some(same)), &Hold::NothingToRollBackTo, condition);
    }
}

#[test]
fn what_has_run_for_six_hours_is_not_to_blame() {
    let since = |seconds| decide_under(&crash_loop().former(seconds), &rollback());
    assert_rolls_back(&since(21_599));
    assert_held(&since(21_600), &Hold::NothingToRollBackTo, "crash_loop");
}

#[test]
fn an_unknown_past_is_nothing_to_return_to() {
    for (facts, condition) in hopeless() {
        let finding = decide_under(&Facts { former: unknown(), ..facts }, &rollback());
        let because = "ThrottlingException".to_owned();
        let unread = Hold::FactUnknown { fact: Fact::FormerDeployment, because };
        assert_held(&finding, &unread, condition);
    }
}

#[test]
fn a_rollback_is_spent_from_the_budget() {
    for (facts, condition) in hopeless() {
        let facts = facts.service(|service| {
            service.redeployed_at = (1..=6).map(|n| ago(3_600 - 100 * n)).collect();
        });
        let spent = Hold::BudgetSpent { spent: 6, budget: 6, until: Some(hence(100)) };
        let finding = decide_under(&facts.former(3_600), &rollback());
        assert!(!finding.rolls_back());
        assert!(finding.holds(&spent), "{condition}: {:?}", finding.plan.holds);
        assert_eq!(finding.condition(), Some(condition));
    }
}

#[test]
fn a_service_of_another_deployment_controller_is_not_rolled_back() {
    // Its rollouts are nobody's business but that controller's, and never overdue.
    for (facts, condition) in [(crash_loop(), "crash_loop"), (cannot_start(), "cannot_start")] {
        let facts = facts.service(|service| service.controller = DeploymentController::Other);
        let finding = decide_under(&facts, &rollback());
        assert_held(&finding, &Hold::ForeignDeploymentController, condition);
    }
}

#[test]
fn when_a_redeployment_did_not_help_what_ran_before_may() {
    assert_rolls_back(&decide_under(&failing_still(), &rollback()));
    // Not without leave, and not before a redeployment was tried.
    let finding = decide(&failing_still());
    assert!(!finding.rolls_back() && finding.redeploys());
    let finding = decide_under(&lately(failing(1)), &rollback());
    assert!(!finding.rolls_back() && finding.redeploys());
}

#[test]
fn missing_tasks_are_no_fault_of_a_deployment_whose_others_run_well() {
    let too_few = |others: Vec<Task>| {
        let facts = lately(healthy(2)).service(|service| {
            (service.running, service.redeployed_at) = (1, vec![ago(1_800)]);
        });
        facts.failing_since(60).tasks(others)
    };
    let finding = decide_under(&too_few(vec![task(1)]), &rollback());
    assert!(!finding.rolls_back() && finding.redeploys());
    // Nor is that none runs, as long as none of its tasks failed: somebody may have stopped them.
    let finding = decide_under(&too_few(vec![]), &rollback());
    assert!(!finding.rolls_back() && finding.redeploys());
    assert_rolls_back(&decide_under(&too_few(vec![task(9).died(600)]), &rollback()));
}

#[test]
fn when_nothing_ran_before_the_redeployment_is_repeated_after_its_cooldown() {
    let facts = failing_still().service(|it| it.deployments[0].created_at = ago(1_799));
    let nothing = Facts { former: Observed::Known(None), ..facts };
    let finding = decide_under(&nothing, &rollback());
    let waits = ["no_better_task", "nothing_to_roll_back_to", "redeploy_cooldown"];
    assert_eq!(finding.reasons(), waits);
    let later = nothing.service(|it| it.deployments[0].created_at = ago(1_800));
    assert!(decide_under(&later, &rollback()).redeploys());
}

#[test]
fn while_the_past_is_unknown_a_failing_service_is_not_redeployed_in_its_stead() {
    let finding = decide_under(&Facts { former: unknown(), ..failing_still() }, &rollback());
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert_eq!(finding.plan.unknown_facts().count(), 1);
}

#[test]
fn what_has_just_come_and_fails_is_rolled_back_before_it_is_tried_again() {
    // Given: the service fails, and what runs came within the cooldown.
    let since = |seconds| {
        let deployed = vec![deployment(RolloutState::Completed, seconds)];
        failing(1).former(seconds).service(|service| service.deployments = deployed)
    };
    // When, then
    assert_rolls_back(&decide_under(&since(899), &rollback()));
    assert!(decide_under(&since(900), &rollback()).redeploys());
    // Not without leave, and not when only a task is missing while another runs well.
    assert_eq!(decide(&since(899)).reasons(), ["no_better_task", "redeploy_cooldown"]);
    let one_missing = since(899).alarm(eden_policy::facts::Alarm::Ok).api(GOOD);
    let one_missing = one_missing.route(route_to(1));
    let one_missing = one_missing.service(|service| service.desired = 2);
    assert!(!decide_under(&one_missing, &rollback()).rolls_back());
    // The same deployed once more is nothing new.
    let again = since(100).former(5_000);
    assert!(!decide_under(&again, &rollback()).rolls_back());
}

#[test]
fn what_ecs_only_says_of_a_rollout_that_has_time_left_is_no_reason_to_roll_it_back() {
    let told = |since: u64| {
        let facts = healthy(2).former(since).tasks(vec![task(1).old(), task(2).old()]);
        facts.service(|service| {
            service.deployments = rollout_since(since);
            service.events = vec![event(30, NO_ROOM)];
        })
    };
    // While the tasks before carry the service it is not even news.
    let early = decide_under(&told(60), &rollback());
    assert_eq!((named(&early.diagnosis), early.condition()), ("rolling", None));
    let one_is_missing = told(60).service(|service| service.running = 1);
    let early = decide_under(&one_is_missing, &rollback());
    assert_held(&early, &Hold::NeedsAHuman, "cannot_start");
    assert_rolls_back(&decide_under(&told(1_800), &rollback()));
    // As many that were seen to fail as make a loop are another matter; fewer may have been unlucky.
    let failed = |last| {
        let missing = told(700).service(|service| service.running = 1);
        (11..=last)
            .fold(missing, |facts, n| facts.with_task(task(n).not_started(u64::from(n - 10) * 70)))
    };
    assert_held(&decide_under(&failed(12), &rollback()), &Hold::NeedsAHuman, "cannot_start");
    assert_rolls_back(&decide_under(&failed(13), &rollback()));
}

#[test]
fn a_rollout_that_ecs_gave_up_is_one_condition_whatever_its_tasks_did() {
    // Given: the tasks before serve on, the new ones have failed, and ECS starts no more of them.
    let given_up = |facts: Facts| {
        facts.former(3_000).service(|service| {
            service.deployments = rollout_since(3_000);
            service.deployments[0].rollout = RolloutState::Failed;
        })
    };
    let serving = given_up(healthy(1).with_task(task(1).old()));
    let dead = (11..=13)
        .fold(serving.clone(), |facts, n| facts.with_task(task(n).died(u64::from(n) * 100)));
    let not_started = (11..=13)
        .fold(serving.clone(), |facts, n| facts.with_task(task(n).not_started(u64::from(n) * 100)));
    let sick = given_up(healthy(2).with_task(sick_task(2).old().suspect(30)));
    for (facts, diagnosis) in [
        (&serving, "rollout_failed"),
        (&dead, "crash_loop"),
        (&not_started, "rollout_failed"),
        (&given_up(failing(1)), "service_sick"),
        (&sick, "task_sick"),
    ] {
        // When
        let finding = decide(facts);
        // Then
        assert_eq!(named(&finding.diagnosis), diagnosis);
        assert_eq!(finding.condition(), Some("rollout_failed"), "{diagnosis}");
        assert!(!finding.is_over, "{diagnosis}");
    }
    for facts in [serving, dead, not_started, given_up(failing(1))] {
        assert_rolls_back(&decide_under(&facts, &rollback()));
    }
}

#[test]
fn a_rollout_that_ecs_gave_up_is_rolled_back_without_repeating_it_first() {
    let failed = lately(failing(1))
        .service(|it| it.deployments = vec![deployment(RolloutState::Failed, 1_000)]);
    assert_rolls_back(&decide_under(&failed, &rollback()));
    let hold = Hold::RolloutFailed { deployment: PRIMARY.to_owned() };
    assert_held(&decide(&failed), &hold, "rollout_failed");
    let nothing = Facts { former: Observed::Known(None), ..failed };
    let finding = decide_under(&nothing, &rollback());
    assert_held(&finding, &Hold::NothingToRollBackTo, "rollout_failed");
}

#[test]
fn what_eden_rolled_back_to_is_not_rolled_back_in_turn() {
    // Given: Eden deployed what runs now, in place of what would be the former one.
    let eden_deployed = |facts: Facts| {
        facts.former(1_790).service(|service| {
            service.redeployed_at = vec![ago(1_800)];
            service.deployments[0].created_at = ago(1_790);
        })
    };
    for (facts, condition) in [
        (eden_deployed(crash_loop()), "crash_loop"),
        (eden_deployed(cannot_start()), "cannot_start"),
    ] {
        let finding = decide_under(&facts, &rollback());
        assert_held(&finding, &Hold::NothingToRollBackTo, condition);
    }
    let finding = decide_under(&eden_deployed(failing(1)), &rollback());
    assert!(!finding.rolls_back() && !finding.redeploys());
    assert!(finding.holds(&Hold::NothingToRollBackTo));
    // What people deployed before Eden noted its own, or a while after that, is theirs.
    for (began, is_edens) in [(1_802, false), (1_801, true), (1_771, true), (1_770, false)] {
        let finding = decide_under(&eden_deployed(crash_loop()).former(began), &rollback());
        assert_eq!(!finding.rolls_back(), is_edens, "{began}");
    }
    // Of two that began soon after the note the first is Eden's, though a note has whole seconds only.
    for (preceded, is_edens) in [(1_850, true), (1_799, true), (1_798, false)] {
        let mut facts = eden_deployed(crash_loop()).former(1_780);
        if let Observed::Known(Some(former)) = &mut facts.former {
            former.preceded_at = Some(ago(preceded));
        }
        let finding = decide_under(&facts, &rollback());
        assert_eq!(!finding.rolls_back(), is_edens, "{preceded}");
    }
}

#[test]
fn a_loop_beside_tasks_of_the_same_deployment_that_run_well_is_not_its_fault() {
    // Given: one of three dies again and again, the others have run well for half an hour.
    let facts = lately(healthy(3)).route(route_to(7)).service(|service| service.running = 2);
    let facts = facts.tasks(vec![task(7).started(1_800), task(8).started(1_800)]);
    let facts = (1..=3).fold(facts, |facts, n| facts.with_task(task(n).died(u64::from(n) * 200)));
    assert_held(&decide_under(&facts, &rollback()), &Hold::NeedsAHuman, "crash_loop");
    // Tasks of the deployment before prove nothing about it.
    let old = |n| task(n).started(5_000).old();
    let before = facts.with_task(old(7)).with_task(old(8));
    assert_rolls_back(&decide_under(&before, &rollback()));
}

/// <https://github.com/aws/containers-roadmap/issues/852>,
/// <https://github.com/sil-org/ecs-deploy/issues/277>: hours after a release the capacity is gone.
#[test]
fn what_ecs_says_of_room_is_no_reason_to_roll_back_what_has_completed() {
    let no_room = none_runs([]).service(|service| {
        service.events = vec![event(60, NO_CAPACITY)];
    });
    assert_held(&decide_under(&no_room, &rollback()), &Hold::NeedsAHuman, "cannot_start");
    // Whatever failed before that a later task has outlived.
    let outlived =
        (11..=13).fold(no_room, |facts, n| facts.with_task(task(n).died(u64::from(n) * 200)));
    let later = task(14).started(1_900).stopped_by_eden(100);
    let finding = decide_under(&outlived.with_task(later), &rollback());
    assert_held(&finding, &Hold::NeedsAHuman, "cannot_start");
}

/// Invented by a fresh reader: a secret is rotated, or an image removed, hours after a release that
/// ran well.
#[test]
fn what_has_completed_is_not_accused_by_tasks_that_never_started() {
    let completed =
        |facts: Facts| facts.service(|it| it.deployments[0].rollout = RolloutState::Completed);
    let finding = decide_under(&completed(cannot_start()), &rollback());
    assert_held(&finding, &Hold::FailsAfterRunning, "cannot_start");
    // Without leave there is nothing to explain.
    assert_held(&decide(&completed(cannot_start())), &Hold::NeedsAHuman, "cannot_start");
    // One that died by itself accuses it.
    let died = completed(cannot_start()).with_task(task(2).died(400));
    assert_rolls_back(&decide_under(&died, &rollback()));
    // Nor do they when tasks are merely missing and a redeployment was tried.
    let missing = |task: Task| {
        let facts = none_runs([task]).service(|it| it.redeployed_at = vec![ago(1_800)]);
        decide_under(&facts.failing_since(60), &rollback())
    };
    assert!(missing(task(9).not_started(600)).redeploys());
    assert_rolls_back(&missing(task(9).died(600)));
}

fn lived(n: u8, seconds: u64, died_seconds_ago: u64) -> Task {
    let mut task = task(n).died(died_seconds_ago);
    task.started_at = Some(ago(died_seconds_ago + seconds));
    task.created_at = Some(ago(died_seconds_ago + seconds + 60));
    task
}

/// <https://github.com/argoproj/argo-rollouts/issues/841>: what a release depends on fails hours after
/// it, and what ran before could not start either.
#[test]
fn a_release_of_which_a_task_ran_for_much_longer_than_those_that_die_now_is_not_rolled_back() {
    let of = |life: u64| {
        let stops = (1..=3).map(|n| task(n).died(u64::from(n) * 60));
        none_runs(stops.chain([lived(4, life, 240)]))
    };
    let held = decide_under(&of(3_000), &rollback());
    assert_held(&held, &Hold::FailsAfterRunning, "fails_after_running");
    assert_held(
        &decide_under(&of(601), &rollback()),
        &Hold::FailsAfterRunning,
        "fails_after_running",
    );
    // A release that works for a few minutes and then no more may be to blame.
    assert_rolls_back(&decide_under(&of(600), &rollback()));
    // An hour later ECS has forgotten that task, but people know of it; only of this deployment.
    let told = |told: &str| {
        let told = Some(told.to_owned());
        decide_under(&crash_loop().service(|service| service.told = told), &rollback())
    };
    let held = told("crash_loop+fails_after_running ecs-svc/1 teller");
    assert_held(&held, &Hold::FailsAfterRunning, "fails_after_running");
    assert_rolls_back(&told("fails_after_running ecs-svc/0 teller"));
    assert_rolls_back(&told("crash_loop ecs-svc/1 teller"));
    // Tasks of the deployment before prove nothing about it.
    let old = crash_loop().with_task(lived(4, 3_000, 240).old());
    assert_rolls_back(&decide_under(&old, &rollback()));
    // Without leave to roll back it is a crash loop like any other.
    assert_held(&decide(&of(3_000)), &Hold::NeedsAHuman, "crash_loop");
}

/// Invented by a fresh reader: an application that ends itself every quarter of an hour, as its
/// predecessor did.
#[test]
fn a_release_whose_tasks_end_long_after_their_grace_is_not_rolled_back() {
    let each = |life: u64| {
        let stops = (0..4).map(|n| lived(n + 2, life, 120 + u64::from(n) * (life + 60)));
        let fresh = none_runs(stops).with_task(task(1).started(60));
        fresh.service(|service| service.running = 1).route(route_to(1))
    };
    let finding = decide_under(&each(900), &rollback());
    assert_held(&finding, &Hold::FailsAfterRunning, "fails_after_running");
    // One that leaks within its first minutes is.
    assert_rolls_back(&decide_under(&each(599), &rollback()));
    // What takes long to start has not run when its grace is over.
    let slow = each(900).service(|it| it.health_check_grace = std::time::Duration::from_mins(8));
    assert_rolls_back(&decide_under(&slow, &rollback()));
}

#[test]
fn the_default_is_not_to_roll_back() {
    assert!(!Limits::default().rollback);
}
