//! Ready means that it answers: which tasks get the route, which do not, and what the report says.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, Example, IP_UPDATER, SERVICE};
use eden_lab::world::{AppState, HealthStatus, Task};
use eden_tests::rig::{Rig, each, example, minutes, running, seconds, serving};
use serde_json::Value;

/// An application that needs so long to start.
fn starting_in(start_up: Duration) -> Example {
    let mut example = example();
    example.service.task_definition.start_up = start_up;
    example
}

/// A service of several tasks that has been left alone for a while.
async fn with_tasks(mut example: Example, desired: u32) -> Rig {
    example.service.desired_count = desired;
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(2)).await;
    rig
}

/// Begins a rolling deployment and waits until its first task is RUNNING.
async fn begin_rollout(rig: &Rig) -> Task {
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    let deployment = rig.lab.world().service(CLUSTER, SERVICE).unwrap().primary.id.clone();
    let find = |world: &World| running(world).into_iter().find(|it| it.started_by == deployment);
    assert!(rig.lab.until(minutes(3), |world| find(world).is_some()).await);
    find(&rig.lab.world()).unwrap()
}

/// An invocation of ip-updater by the last event about this task.
async fn look(rig: &Rig, task: &Task) -> Value {
    rig.invoke(IP_UPDATER, rig.last_event_of(task)).await.unwrap()
}

fn is_served_by(task: &Task) -> impl Fn(&World) -> bool {
    let uri = format!("http://{}/orders/42", task.endpoint());
    move |world| world.upstream(API, "/orders/42").as_ref() == Some(&uri)
}

/// Why a task was rejected, by the report.
fn rejection(report: &Value, task: &Task) -> String {
    let ids = each(report, "rejected", "task");
    let at = ids.iter().position(|id| *id == task.id()).expect("it was rejected");
    let rejected = &report["rejected"][at];
    let because = rejected["because"].as_str().unwrap_or_default();
    format!("{} {because}", rejected["reason"].as_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_runs_but_does_not_listen_is_awaited_while_the_old_one_serves() {
    // Given: an application that needs longer than ip-updater waits.
    let rig = with_tasks(starting_in(seconds(100)), 1).await;
    let old = rig.serving().unwrap();
    // When
    let new = begin_rollout(&rig).await;
    rig.wait(seconds(48)).await;
    // Then
    assert!(is_served_by(&old)(&rig.lab.world()));
    let invocations = rig.invocations(IP_UPDATER);
    let report = invocations.last().unwrap().result.as_ref().unwrap();
    assert_eq!(report["outcome"], "unchanged");
    assert_eq!(
        each(report, "held", "reason"),
        ["already_routed", "already_routed", "awaiting_ready"]
    );
    let refuses = format!("not_ready {} refuses connections", new.endpoint());
    assert_eq!(rejection(report, &new), refuses);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_health_path_fails_is_kept_out_until_it_answers_well() {
    for (accepted, bad, good) in
        [("200-399", 500, 200), ("200-399", 404, 302), ("200", 302, 200), ("204", 200, 204)]
    {
        // Given
        let example = example()
            .parameter("HealthCheckPath", &"/health?deep=1")
            .parameter("HealthCheckStatus", &accepted);
        let rig = with_tasks(example, 1).await;
        let old = rig.serving().unwrap();
        let answer = |task: &Task, status| {
            rig.lab.world().set_path_status(&task.arn, "/health", status).unwrap();
        };
        answer(&old, good);
        // When: the rest of the new application serves, but not this path.
        let new = begin_rollout(&rig).await;
        answer(&new, bad);
        rig.wait(seconds(25)).await;
        // Then
        assert!(is_served_by(&old)(&rig.lab.world()), "{bad} of {accepted}");
        // When it answers well, the invocation that waits for it leads the route there.
        answer(&new, good);
        assert!(rig.lab.until(seconds(1), is_served_by(&new)).await, "{good} of {accepted}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_report_quotes_what_a_task_did_instead_of_answering_well() {
    // Given
    let example = example()
        .parameter("HealthCheckPath", &"/health")
        .parameter("HealthCheckAttempts", &1)
        .parameter("ReadyWithinSeconds", &0);
    let rig = with_tasks(example, 1).await;
    let old = rig.serving().unwrap();
    let new = begin_rollout(&rig).await;
    rig.wait(seconds(10)).await;
    for (app, because) in [
        (AppState::Failing(503), "answered 503".to_owned()),
        (AppState::Hung, ": nothing within 2s".to_owned()),
    ] {
        // When
        rig.lab.world().set_app(&new.arn, app).unwrap();
        rig.lab.world().set_app(&old.arn, AppState::Serving).unwrap();
        let report = look(&rig, &new).await;
        // Then
        let told = rejection(&report, &new);
        assert!(
            told.starts_with("not_ready GET /health of ") && told.ends_with(&because),
            "{told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_probes_the_route_moves_to_a_running_task_at_once() {
    // Given: an application that needs long to start, and nobody who asks it.
    let rig = with_tasks(starting_in(seconds(30)).parameter("ReadinessProbe", &"off"), 1).await;
    // When
    let new = begin_rollout(&rig).await;
    // Then: only its address had to be waited for (F24).
    assert!(rig.lab.until(seconds(6), is_served_by(&new)).await);
    assert_eq!(rig.lab.world().connections(), []);
    assert!(!rig.lab.world().task(&new.arn).unwrap().listening);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_cannot_be_reached_from_here_keeps_the_route_until_it_is_gone() {
    // Given: only API Gateway may reach the tasks.
    let mut example = example();
    example.service.task_definition.stop = seconds(25);
    let rig = with_tasks(example, 3).await;
    let target = rig.serving().unwrap();
    for task in rig.running() {
        rig.lab.world().set_reachable(&task.arn, false).unwrap();
    }
    let since = rig.start_traffic();
    let report = rig.invoke(IP_UPDATER, rig.last_event_of(&target)).await.unwrap();
    assert_eq!(report["outcome"], "unchanged");
    assert_eq!(each(&report, "held", "reason")[..2], ["no_better_task", "no_better_task"]);
    let told = rejection(&report, &target);
    assert_eq!(
        told,
        format!("not_ready no connection to {}: nothing within 2s", target.endpoint())
    );
    // When
    rig.lab.world().stop_task(&target.arn, "a drill").unwrap();
    rig.wait(seconds(20)).await;
    // Then: to one of the others, of which nobody knows better, and in time.
    assert_eq!(rig.failures(since), []);
    let next = rig.serving().unwrap();
    assert_ne!(next.arn, target.arn);
    // The invocation tells when it has waited for a better one.
    rig.wait(minutes(1)).await;
    let told: Vec<_> = rig.actions().iter().map(|it| it["text"].to_string()).collect();
    let moved = format!("(task {}, which does not answer yet: no connection to ", next.id());
    let why = |text: &String| text.contains(&moved) && text.contains("better than a dead address");
    assert!(told.iter().any(why), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_hung_target_is_left_for_a_task_that_answers() {
    // Given: a connection alone would be accepted.
    let rig = with_tasks(example().parameter("HealthCheckPath", &"/health"), 2).await;
    let hung = rig.serving().unwrap();
    rig.lab.world().set_app(&hung.arn, AppState::Hung).unwrap();
    // When
    let report = look(&rig, &hung).await;
    // Then
    assert_eq!(report["outcome"], "acted");
    assert_ne!(rig.serving().unwrap().arn, hung.arn);
    assert!(rejection(&report, &hung).ends_with("nothing within 2s"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_address_comes_late_is_awaited_while_the_old_one_serves() {
    // Given: EC2 shows addresses long after tasks run (F24).
    let mut example = example();
    example.world.timing.eni_association = seconds(25);
    let rig = with_tasks(example, 1).await;
    let (old, since) = (rig.serving().unwrap(), rig.start_traffic());
    // When
    let new = begin_rollout(&rig).await;
    rig.wait(seconds(24)).await;
    // Then
    assert!(is_served_by(&old)(&rig.lab.world()));
    assert!(rig.lab.until(seconds(5), is_served_by(&new)).await);
    assert_eq!(rig.failures(since), []);
    assert!(rig.invocations(IP_UPDATER).iter().all(|it| it.result.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn every_task_that_the_route_cannot_lead_to_is_in_the_report_with_its_reason() {
    // Given: of seven tasks one serves, and it is the last that anybody would choose.
    let mut example = example().parameter("HealthCheckPath", &"/health");
    example.world.timing.unhealthy_replacement = minutes(600);
    example.world.timing.eni_association = minutes(5);
    example.service.task_definition.stop = seconds(25);
    let rig = Rig::start(&example.parameter("ReadyWithinSeconds", &0));
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 5).unwrap();
    rig.wait(minutes(8)).await;
    let target = rig.serving().unwrap();
    let mut others = rig.running();
    others.retain(|task| task.arn != target.arn);
    let [sick, refusing, failing, good] = &others[..] else { panic!("{}", others.len()) };
    {
        let mut world = rig.lab.world();
        world.set_container_health(&sick.arn, HealthStatus::Unhealthy).unwrap();
        world.set_path_status(&refusing.arn, "/health", 503).unwrap();
        world.set_reachable(&failing.arn, false).unwrap();
        world.set_desired_count(CLUSTER, SERVICE, 6).unwrap();
    }
    rig.wait(seconds(60)).await;
    let unaddressed = rig.running().pop().unwrap();
    rig.lab.world().stop_task(&target.arn, "a drill").unwrap();
    rig.wait(seconds(4)).await;
    let starting = rig.lab.world().tasks(CLUSTER, SERVICE).pop().unwrap().clone();
    // When
    let report = look(&rig, &target).await;
    // Then
    assert_eq!(rig.serving().unwrap().arn, good.arn);
    for (task, because) in [
        (sick, "unhealthy "),
        (refusing, "not_ready GET /health of "),
        (failing, "not_ready no connection to "),
        (&unaddressed, "no_address "),
        (&target, "stopping "),
        (&starting, "starting "),
    ] {
        let told = rejection(&report, task);
        assert!(told.starts_with(because), "{told}, not {because}: {report:#}");
    }
    assert_eq!(each(&report, "rejected", "task").len(), 6, "{report:#}");
    assert!(each(&report, "rejected", "text").iter().all(|text| text.starts_with("task ")));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_waits_for_as_long_as_it_may_and_no_longer() {
    for (parameter, patience) in [("0", 0), ("5", 5), ("45", 45)] {
        // Given: the new task hangs, so that each probe takes as long as it may, and ECS does not
        // stop the old one.
        let mut example = example();
        example.world.timing.health_check_interval = minutes(4);
        let example = example
            .parameter("HealthCheckPath", &"/health")
            .parameter("HealthCheckTimeoutSeconds", &10)
            .parameter("HealthCheckAttempts", &5)
            .parameter("ReadyWithinSeconds", &parameter);
        let rig = with_tasks(example, 1).await;
        let new = begin_rollout(&rig).await;
        rig.lab.world().set_app(&new.arn, AppState::Hung).unwrap();
        rig.wait(seconds(5)).await;
        // When
        let report = look(&rig, &new).await;
        // Then
        assert!(each(&report, "held", "reason").contains(&"awaiting_ready"), "{report}");
        let took = rig.invocations(IP_UPDATER).pop().unwrap().took;
        let least = seconds(patience).max(seconds(10));
        assert!(took >= least && took < least + seconds(1), "{took:?} of {patience} s");
    }
}

#[tokio::test(start_paused = true)]
async fn many_tasks_that_cannot_be_reached_do_not_keep_the_route_at_a_dead_address() {
    // Given: to ask one after the other would take longer than the function has.
    let example = example()
        .parameter("HealthCheckTimeoutSeconds", &10)
        .parameter("HealthCheckAttempts", &5)
        .parameter("ReadyWithinSeconds", &45);
    let rig = with_tasks(example, 20).await;
    let target = rig.serving().unwrap();
    for task in rig.running() {
        rig.lab.world().set_reachable(&task.arn, false).unwrap();
    }
    // When
    rig.lab.world().crash_task(&target.arn, 137).unwrap();
    // Then
    assert!(rig.lab.until(seconds(15), |world| serving(world).is_some()).await);
    rig.wait(minutes(3)).await;
    assert!(rig.invocations(IP_UPDATER).iter().all(|it| it.result.is_ok()));
}
