//! Situations in which a healer does harm, as a reader found them who had not seen the work: each a kind, told
//! by what an operator would see.

use std::time::Duration;

use eden_policy::facts::{Alarm, ApiAnswer, Readiness, RolloutState, StopCode, Task, Unready};
use eden_policy::health::Finding;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::scene::*;
use crate::verdict::*;

fn shows_the_page(facts: &Facts) -> bool {
    let steps = decide_with_page(facts).plan.steps;
    steps.iter().any(|step| matches!(step, Step::ShowMaintenance { .. }))
}

/// `/health` also asks a dependency that only one feature needs, and answers 500 since it is away. Of the
/// newest minute's 1000 requests 5 failed; the alarm, which rings for a share, is quiet.
#[test]
fn the_page_does_not_replace_a_service_that_serves_by_a_deep_health_path() {
    for api in [bad(), ApiAnswer::Unclear { status: 401 }] {
        let facts = erring(2).api(api.clone()).alarm(Alarm::Ok).failing_since(70);
        let facts = facts.service(|service| service.unserved_since = Some(ago(70)));
        assert!(!shows_the_page(&facts.clone().requests(5, 1_000)), "{api:?}");
        // Where they fail, it does.
        assert!(shows_the_page(&facts.requests(995, 1_000)), "{api:?}");
    }
}

/// `/health` hangs, and not one of 1000 requests fails.
#[test]
fn a_slow_health_path_is_judged_alike_with_and_without_a_page() {
    let facts = healthy(2).api(bad()).route(route_to(1).slow(&[1, 2])).requests(0, 1_000);
    let facts = facts.failing_since(70).service(|service| service.unserved_since = Some(ago(70)));
    assert!(!decide(&facts).redeploys());
    assert!(!shows_the_page(&facts));
    assert!(!decide_with_page(&facts).redeploys());
}

/// ip-updater counts no requests: while a task takes connections the page is left to health-monitor.
#[test]
fn who_counts_no_requests_shows_no_page_over_a_task_that_takes_connections() {
    let due = |route| {
        let scene = scene(vec![task(1)], route).maintenance(60).unserved(70);
        let (requests, api) = (None, Some(bad()));
        Scene { api, requests, ..scene }.plan()
    };
    let shows = |step: &Step| matches!(step, Step::ShowMaintenance { .. });
    let hangs = due(route_to(1).slow(&[1]));
    assert!(!hangs.steps.iter().any(shows));
    assert!(hangs.holds.contains(&Hold::RequestsToBeCounted));
    assert!(due(route_to(1).silent(&[1])).steps.iter().any(shows), "nothing listens there");
}

/// A task that exited 20 s ago, `life` seconds after its start.
fn dead(n: u8, life: u64) -> Task {
    let reason = "Essential container in task exited";
    let mut task =
        task(n).started(20 + life).stopped(20, StopCode::EssentialContainerExited, reason);
    if let Some(stop) = &mut task.stop {
        stop.containers = vec![ended("app", 1)];
    }
    task
}

/// The database fails over: all three tasks lose it and exit at the same moment.
fn blow(life: u64) -> Facts {
    let dead = (1..=3).map(|n| dead(n, life));
    let starting = (4..=6).map(|n| task(n).starting());
    healthy(3).tasks(dead.chain(starting).collect()).service(|service| {
        (service.running, service.pending) = (0, 3);
        service.deployments = vec![deployment(RolloutState::Completed, life + 60)];
    })
}

/// Their successors run and answer.
fn afterwards(life: u64) -> Facts {
    let dead = (1..=3).map(|n| dead(n, life));
    let new = (4..=6).map(|n| task(n).started(15));
    blow(life).tasks(dead.chain(new).collect()).route(route_to(4)).service(|service| {
        (service.running, service.pending) = (3, 0);
    })
}

#[test]
fn three_tasks_that_end_together_did_not_fail_one_after_the_other() {
    for facts in [blow(9_000), afterwards(9_000)] {
        let finding = decide(&facts);
        assert_ne!(named(&finding.diagnosis), "crash_loop");
        assert_eq!(finding.condition(), None, "people are not called: ECS replaces the tasks");
    }
    // Eight minutes after a release, while all successors answer.
    let facts = afterwards(480).former(540);
    assert!(!decide_under(&facts, &rollback()).rolls_back());
}

/// A host goes, and with it three of six tasks, which were requested a little after the others.
#[test]
fn a_host_that_goes_is_no_crash_loop() {
    let facts = (4..=6).map(|n| dead(n, 3_500)).fold(healthy(6), Facts::with_task);
    let facts = (14..=16).fold(facts, |facts, n| facts.with_task(task(n).starting()));
    let facts = facts.service(|service| (service.running, service.pending) = (3, 3));
    assert_ne!(named(&decide(&facts).diagnosis), "crash_loop");
}

/// No path is set, and the API has no route for its bare URL, or is overloaded. The route leads to task 1,
/// which has all the traffic and needs longer than two seconds for `/`. Task 2 is idle and answers 404.
#[test]
fn the_task_that_serves_everybody_is_not_stopped_for_being_slow_at_a_path_that_nobody_chose() {
    let slow = "GET / of 203.0.113.1:8000: nothing within 2s".to_owned();
    let slow = Readiness::NotReady(Unready::Silent, slow);
    let both = |facts: Facts| {
        let facts = facts.answers(&[1], &slow).answers(&[2], &nowhere());
        facts.with_task(task(1).suspect(70))
    };
    let no_route = both(healthy(2).api(unclear())).requests(0, 1_000);
    assert_eq!(decide(&no_route).stopped(), [] as [&str; 0]);
    let overload = both(answering(2)).requests(100, 1_000);
    assert_eq!(decide(&overload).stopped(), [] as [&str; 0]);
    // Where users are not served, the task that hangs is the one to stop.
    let hangs = both(answering(2)).requests(990, 1_000);
    assert_eq!(decide(&hangs).stopped(), ["task1"]);
}

/// The same without a path, where some users are served: task 1, which the route leads to, answers 500 and
/// 40 % of the requests fail; or nothing listens in it, or it cannot be reached, and the API has no bare URL.
#[test]
fn a_task_that_fails_without_a_path_is_stopped_although_others_answer() {
    let one = |facts: Facts, readiness: Readiness| {
        let facts = facts.answers(&[1], &readiness).answers(&[2], &Readiness::Ready);
        decide(&facts.with_task(task(1).suspect(70))).stopped().join(" ")
    };
    let why = || "203.0.113.1:8000".to_owned();
    let fails = Readiness::NotReady(Unready::Fails, why());
    assert_eq!(one(answering(2).requests(400, 1_000), fails), "task1");
    for lost in [Readiness::NotReady(Unready::Refuses, why()), Readiness::Unreachable(why())] {
        assert_eq!(one(healthy(2).api(unclear()).requests(0, 1_000), lost), "task1");
    }
}

/// The one that answers 503 has hardly any traffic, and may be a standby: neither is it stopped, nor is the
/// fault known to be before the tasks.
#[test]
fn tasks_that_disagree_without_a_path_are_no_proof_of_a_fault_before_them() {
    let fails = Readiness::NotReady(Unready::Fails, "it answered 503".to_owned());
    let facts = answering(2).answers(&[1], &fails).answers(&[2], &Readiness::Ready);
    let finding = decide(&facts.requests(1, 1_000));
    assert!(matches!(finding.diagnosis, Diagnosis::Unclear { .. }), "{:?}", finding.diagnosis);
    assert_eq!(finding.condition(), Some("unclear"));
}

/// In an incident somebody has led the API to a standby, by name as docs/operations.md says or by an address
/// that an interface of this account has. The task crashes again and again, and refuses connections now.
#[test]
fn a_standby_that_answers_is_kept_while_no_task_does() {
    let standby = || vec![(integration("int1"), leading_to("https://standby.example.com/{proxy}"))];
    let named = || route_to(1).silent(&[1]).pointers(standby());
    for route in [named(), at_anothers(route_to(9).silent(&[1]))] {
        assert_eq!(written(&decide(&healthy(1).route(route)).plan), []);
    }
    // Where the API fails there, a task that may answer soon is better.
    assert_ne!(written(&decide(&healthy(1).route(named()).api(bad())).plan), []);
    // Who has not asked the API asks it first.
    let unasked = scene(vec![task(1)], named()).plan();
    assert_eq!(written(&unasked), []);
    assert!(unasked.holds.contains(&Hold::ApiToBeAsked));
}

/// Somebody has just asked for more tasks, and ECS has listed none of them yet, or not all.
#[test]
fn a_count_that_was_just_raised_is_left_to_ecs() {
    let raised = healthy(2).service(|service| service.desired = 3);
    let pending = raised.clone().service(|service| service.pending = 1);
    let large = (21..=23).fold(healthy(20), |facts, n| facts.with_task(task(n).starting()));
    let large = large.service(|service| (service.desired, service.pending) = (40, 3));
    let from_zero = healthy(0).service(|service| service.desired = 2);
    for facts in [raised.clone(), pending.clone(), large, from_zero] {
        assert!(!decide(&facts).redeploys());
    }
    // It has lasted, and ECS starts none.
    assert!(decide(&raised.failing_since(70)).redeploys());
    assert!(!decide(&pending.failing_since(70)).redeploys(), "ECS is about to start it");
    // They came, and answer 404 at the path: what was noted of them is over, and shortens no later wait.
    let answer = Readiness::Unclear("it answered 404".to_owned());
    let came = decide(&healthy(1).answers(&[1], &answer).failing_since(300));
    assert!(matches!(came.diagnosis, Diagnosis::WrongPath { .. }), "{:?}", came.diagnosis);
    let forgets = |finding: &Finding| {
        finding.plan.steps.iter().any(|step| matches!(step, Step::ClearFailing { .. }))
    };
    assert!(forgets(&came));
    // But a proxy that answers 404 for a moment, while the application behind it is down, ends nothing.
    let proxied = answering(1).route(route_to(1).unclear(&[1]));
    let proxied = decide(&proxied.failing_since(300));
    assert!(matches!(proxied.diagnosis, Diagnosis::WrongPath { .. }), "{:?}", proxied.diagnosis);
    assert!(!forgets(&proxied));
}

/// The stages `dev` and `prod` of the API have a variable `backend` of their own each.
#[test]
fn a_host_that_a_stage_variable_names_is_not_written_over() {
    let uri = "http://${stageVariables.backend}/{proxy}";
    let scene =
        scene(vec![task(1)], route_to(1).pointers(vec![(integration("int1"), leading_to(uri))]));
    let plan = scene.plan();
    assert_eq!(written(&plan), []);
    let reasons: Vec<_> = plan.holds.iter().map(Hold::reason).collect();
    assert!(reasons.contains(&"host_is_stage_variable"), "{reasons:?}");
    // So it is where the variable is a part of the host, or its port.
    for uri in
        ["http://${stageVariables.env}.example.com/", "http://10.0.0.5:${stageVariables.port}/"]
    {
        let route = route_to(1).pointers(vec![(integration("int1"), leading_to(uri))]);
        let plan = crate::scene::scene(vec![task(1)], route).plan();
        assert_eq!(written(&plan), [], "{uri}");
    }
}

/// Task 2 is the follower of task 1, and answers 503 at the path as followers do. Each time Eden has stopped
/// one, ECS has started the next. A subnet that cannot be reached would look the same.
fn follower(stops: u64) -> Facts {
    let facts = healthy(2).route(route_to(1).erring(&[2]));
    let facts = facts.with_task(task(2).started(200).suspect(70));
    (0..stops).fold(facts, |facts, n| {
        let ago = 300 + 600 * n;
        let n = u8::try_from(20 + n).unwrap();
        facts.with_task(task(n).started(ago + 500).stopped_by_eden(ago))
    })
}

#[test]
fn a_task_whose_like_was_stopped_three_times_in_vain_is_left_alone() {
    for (stops, expected) in [(0, vec!["task2"]), (2, vec!["task2"]), (3, vec![]), (5, vec![])] {
        let finding = decide(&follower(stops));
        assert_eq!(finding.stopped(), expected, "{stops}");
        let told = expected.is_empty().then(|| "replacing_did_not_help".to_owned());
        assert_eq!(finding.condition().map(str::to_owned), told, "{stops}");
    }
    // Nor is it begun anew when ECS has forgotten the tasks: the notes of an hour ago count.
    let later = |at: u64| {
        let mut successor = task(2).started(at).suspect(at - 90);
        successor.created_at = Some(ago(at + 30));
        let noted = (0..3).map(|n| ago(at + 40 + 400 * n)).collect();
        let facts = healthy(2).route(route_to(1).erring(&[2])).with_task(task(1).started(90_000));
        facts.with_task(successor).service(|service| service.stopped_at = noted)
    };
    assert_eq!(decide(&later(3_700)).stopped(), [] as [&str; 0]);
    // That a task runs well which came later for another reason, as by scaling out, shows nothing.
    let scaled = later(3_700).with_task(task(3).started(200));
    let scaled = scaled.service(|service| (service.desired, service.running) = (3, 3));
    assert_eq!(decide(&scaled).stopped(), [] as [&str; 0]);
    assert_eq!(decide(&later(6 * 3_600)).stopped(), ["task2"]);
}

/// Four tasks hang one after the other, hours after they were started. The successors of the first two run
/// well; that of the third has a bad start.
#[test]
fn stops_that_helped_are_not_counted_as_vain() {
    let facts = healthy(4).route(route_to(1).erring(&[4]));
    let stopped = (1..4).fold(facts, |facts, n| {
        let at = 200 + 300 * (n - 1);
        let n = 20 + u8::try_from(n).unwrap();
        facts.with_task(task(n).started(at + 10_800).stopped_by_eden(at))
    });
    let successors = [task(1).started(760), task(2).started(460)];
    let facts = successors.into_iter().fold(stopped, Facts::with_task);
    let facts = facts.with_task(task(4).started(130).suspect(60));
    assert_eq!(decide(&facts).stopped(), ["task4"]);
}

/// One stop, without a grace: its successor is no fourth of a row.
#[test]
fn one_stop_is_no_row_of_stops() {
    let limits = Limits { startup_grace: Duration::ZERO, ..Limits::default() };
    let facts = follower(1).service(|service| service.stopped_at = vec![ago(301)]);
    assert_eq!(decide_under(&facts, &limits).stopped(), ["task2"]);
}

/// Released five hours ago, well until 20 minutes ago: then the database went, and `/health` answers 500 in
/// all tasks. One forced deployment did not help.
#[test]
fn a_release_that_ran_well_for_hours_before_it_failed_is_not_rolled_back() {
    let young = |n| task(n).started(1_000);
    let released = |since: u64| {
        let facts = erring(2).with_task(young(1)).with_task(young(2)).failing_since(1_200);
        facts.former(since).service(|service| {
            service.deployments = vec![deployment(RolloutState::Completed, 1_100)];
            service.redeployed_at = vec![ago(1_100)];
        })
    };
    assert!(!decide_under(&released(5 * 3_600), &rollback()).rolls_back());
    assert!(decide_under(&released(1_300), &rollback()).rolls_back());
    // That Eden deployed it again within its first hour is no matter hours later.
    let acted = |ago_s| {
        let facts = released(5 * 3_600);
        decide_under(&facts.service(|it| it.redeployed_at.push(ago(ago_s))), &rollback())
    };
    assert!(!acted(5 * 3_600 - 1_800).rolls_back());
    // Nor is a dependency that failed some hours later, and fails again.
    assert!(!acted(9_000).rolls_back());
    // One that Eden had to deploy again before its first hour was over, and that fails again within the next,
    // has not run well.
    let since = 600;
    let twice = released(since + 4_200).service(|it| it.redeployed_at.push(ago(since + 1_200)));
    assert!(decide_under(&twice, &rollback()).rolls_back());
    // That one task hung, and was stopped, says nothing of the release.
    let stopped = released(5 * 3_600).service(|service| service.stopped_at.push(ago(9_000)));
    assert!(!decide_under(&stopped, &rollback()).rolls_back());
}

/// A rollout has all its new tasks and waits for an old one that is protected (seed 7666 of the mix `classic`).
/// Then somebody scales out: the new tasks are fresh, or find no place.
#[test]
fn a_rollout_whose_new_tasks_run_well_is_not_rolled_back_when_somebody_scales_out() {
    let rolling = healthy(2).former(2_400).service(|it| it.deployments = rollout_since(2_400));
    let rolling = rolling.with_task(task(9).old());
    let scaled = rolling.service(|service| (service.desired, service.running) = (4, 2));
    let fresh =
        [3, 4].into_iter().fold(scaled.clone(), |facts, n| facts.with_task(task(n).started(20)));
    for facts in [scaled, fresh] {
        let finding = decide_under(&facts, &rollback());
        assert!(
            matches!(finding.diagnosis, Diagnosis::Rolling { overdue: true, .. }),
            "{:?}",
            finding.diagnosis
        );
        assert!(!finding.rolls_back());
        assert_eq!(finding.condition(), Some("rollout_overdue"));
    }
}

/// All its new tasks crash at once after they ran for half an hour, while it still waits (seed 8336 of the mix
/// `classic`).
#[test]
fn a_rollout_whose_new_tasks_ran_for_long_is_not_rolled_back_for_one_crash() {
    let rolling = healthy(2).former(2_400).service(|it| it.deployments = rollout_since(2_400));
    let rolling = rolling.with_task(task(9).old()).service(|service| service.running = 0);
    let crashed = |ran: u64| {
        let dead = |n| Task { started_at: Some(ago(ran + 100)), ..task(n).died(100) };
        let facts = rolling.clone().with_task(dead(1)).with_task(dead(2));
        decide_under(&facts, &rollback())
    };
    assert!(crashed(60).rolls_back());
    assert!(!crashed(2_000).rolls_back());
    // A release that never answers, of which ECS ends each task after a quarter of an hour, is no such one.
    let unwell = Task { started_at: Some(ago(1_000)), ..task(1).failed_checks(100) };
    let never_well = rolling.clone().with_task(unwell).with_task(task(2).started(90));
    let silent = never_well.route(route_to(2).silent(&[2]));
    assert!(decide_under(&silent, &rollback()).rolls_back());
}

/// A dependency fails for eight minutes of every twenty, for days, and the gateway's answer with it. People were
/// told of it, and are not told that it is over, and of it again, three times an hour.
#[test]
fn a_fault_that_comes_and_goes_is_told_once() {
    let told = |facts: Facts, seen: Option<String>| {
        decide(&facts.service(|service| {
            service.told = Some("before_tasks ecs-svc/1".to_owned());
            service.seen = seen;
        }))
    };
    let well_for = |seconds| Some(format!("well any {:.0}", ago(seconds)));
    let note = |step: &Step| match step {
        Step::MarkCondition { sighting, .. } => Some(sighting.to_string()),
        Step::ClearCondition { .. } => Some("nothing".to_owned()),
        _ => None,
    };
    let written = |finding: &Finding| finding.plan.steps.iter().find_map(note);
    // It is well, at first and for a while.
    for (seen, expected) in [(None, well_for(0)), (well_for(600), None)] {
        let finding = told(healthy(2), seen);
        assert_eq!((finding.is_over, written(&finding)), (false, expected));
    }
    // It fails again: that is no news, and what was noted of its being well is void.
    let again = told(answering(2), well_for(600));
    let lasts = again.condition.as_ref().is_some_and(|it| it.lasts);
    assert_eq!((again.condition(), lasts), (Some("before_tasks"), true));
    assert_eq!(written(&again), Some(format!("before_tasks ecs-svc/1 {:.0}", now())));
    // What is new has not lasted only because the service was well for some minutes.
    let new = told(
        healthy(2).answers(&[1, 2], &Readiness::Unclear("it answered 404".into())),
        well_for(600),
    );
    assert_eq!(
        (new.condition(), new.condition.as_ref().map(|it| it.lasts)),
        (Some("wrong_path"), Some(false))
    );
    // It has been well for a quarter of an hour; once people have heard of that, nothing is left to note.
    let over = told(healthy(2), well_for(900));
    assert_eq!((over.is_over, written(&over)), (true, None));
    let heard = decide(&healthy(2).service(|service| service.seen = well_for(900)));
    assert_eq!(written(&heard), Some("nothing".to_owned()));
    // Three tasks died, the last one an hour ago but for some minutes: that may go on.
    let told = |facts: Facts| {
        facts.service(|service| {
            service.told = Some("crash_loop ecs-svc/1".to_owned());
            service.seen = well_for(900);
        })
    };
    assert!(decide(&told(healthy(2))).is_over);
    assert!(!decide(&told(healthy(2).with_task(task(21).died(2_400)))).is_over);
    // Where a task fails every hour for ever, that it has been well for an hour is enough.
    let one_fails = told(healthy(2).with_task(task(21).died(2_400)));
    let well = one_fails.service(|service| service.seen = well_for(3_600));
    assert!(decide(&well).is_over);
}

/// `/health` asks a payment provider that is down, and answers 503 in all tasks; 3 of the newest minute's 1000
/// requests failed. A deployment of this service stops tasks before it starts others.
#[test]
fn a_deep_health_path_stops_no_service_that_serves() {
    let released = |failed, released| {
        let facts = erring(2).alarm(Alarm::Ok).failing_since(70).requests(failed, 1_000);
        facts.former(released).service(|service| {
            service.minimum_healthy_percent = 0;
            service.maximum_percent = 100;
        })
    };
    let served = decide(&released(3, 86_400));
    assert!(!served.redeploys(), "{:?}", served.plan);
    assert!(served.plan.holds.iter().any(|hold| matches!(hold, Hold::StopsFirst { .. })));
    assert!(decide(&released(995, 86_400)).redeploys());
    // Nor is a release rolled back for it.
    assert!(!decide_under(&released(3, 600), &rollback()).rolls_back());
    assert!(decide_under(&released(995, 600), &rollback()).rolls_back());
    // Where all refuse connections, others answer for the requests that succeed.
    let refusing = released(3, 86_400).route(route_to(1).silent(&[1, 2]));
    assert!(decide(&refusing).redeploys());
}

/// The only task is overloaded at the peak: it is silent at `/health`, and 30 of 100 requests fail. Where a
/// deployment may release what nobody released, one would be stopped as a trial.
#[test]
fn an_overloaded_task_that_serves_most_is_not_stopped_as_a_trial() {
    let overloaded = |failed| {
        let facts = healthy(1).api(bad()).alarm(Alarm::Alarm).failing_since(70);
        let facts = facts.route(route_to(1).slow(&[1])).requests(failed, 100);
        facts.service(|it| it.deployments = vec![deployment(RolloutState::Completed, 400)])
    };
    assert_eq!(decide(&overloaded(30)).stopped(), [] as [&str; 0]);
    assert_eq!(decide(&overloaded(95)).stopped(), ["task1"]);
}

/// A rollout of 40 tasks is overdue, since they start slowly; one of the new ones failed to start, long ago.
#[test]
fn a_slow_rollout_is_not_rolled_back_for_one_task_of_many() {
    let rolling = |failed: u8| {
        let facts = healthy(30).former(2_400).service(|it| it.deployments = rollout_since(2_400));
        let facts = facts.service(|service| service.desired = 40).with_task(task(99).old());
        (0..failed).fold(facts, |facts, n| facts.with_task(task(50 + n).died(1_500)))
    };
    for (failed, rolls_back) in [(1, false), (9, true)] {
        let finding = decide_under(&rolling(failed), &rollback());
        assert!(matches!(finding.diagnosis, Diagnosis::Rolling { overdue: true, .. }));
        assert_eq!(finding.rolls_back(), rolls_back, "{failed}: {:?}", finding.plan.holds);
    }
}
