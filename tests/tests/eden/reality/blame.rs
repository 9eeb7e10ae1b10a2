//! Who is to blame? What people's healers did to tasks that were well, and what is done instead.

use std::time::Duration;

use eden_lab::example::{API, CLUSTER, Example, SERVICE};
use eden_lab::world::{Answer, AppState, Gatekeeper};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, minutes, running, seconds};

use crate::remediation::scene::*;

/// A service of so many tasks whose application answers these paths so, and others with 200.
fn answering(tasks: u32, paths: &[(&str, Answer)]) -> Example {
    let mut example = of(tasks);
    example.service.task_definition.paths =
        paths.iter().map(|(path, answer)| ((*path).to_owned(), *answer)).collect();
    example
}

fn with_path(example: Example) -> Example {
    example.parameter("HealthCheckPath", &"/health")
}

/// Every one of these requests fails, which rings the alarm.
fn ask_for(rig: &Rig, path: &str, every: Duration) {
    rig.lab.world().start_traffic(API, path, every);
}

/// So often tasks were stopped or the service deployed.
fn remedies_so_far(rig: &Rig) -> (usize, usize) {
    (done(rig, "StopTask").len(), done(rig, "UpdateService").len())
}

async fn diagnosis(rig: &Rig) -> String {
    look(rig).await["diagnosis"].as_str().unwrap_or_default().to_owned()
}

/// <https://github.com/amazon-archives/service-discovery-ecs-dns/issues/14>: "Lambda function is
/// stopping running tasks", every five minutes, as it asked them for a path that they do not have.
#[tokio::test(start_paused = true)]
async fn a_health_check_path_that_does_not_exist_is_told_once_and_nothing_is_done() {
    // Given: the application has `/healthz`, the settings say `/health`; users are served
    let missing = answering(1, &[("/health", Answer::Status(404))]);
    let rig = settled(&with_path(missing)).await;
    let since = rig.lab.clock().now();
    // When: Eden looks at it for three hours
    rig.wait(minutes(180)).await;
    // Then: the only task serves on, and people have been told of the path, once
    assert_eq!(diagnosis(&rig).await, "wrong_path");
    assert_eq!(remedies_so_far(&rig), (0, 0));
    assert_eq!(rig.failures(since), []);
    assert_eq!(calls_for_a_human(&rig), 1);
    let world = rig.lab.world();
    let mail = world.published().iter().find(|it| it.subject.as_deref() == Some(HUMAN)).unwrap();
    assert!(mail.message.contains("GET /health of "), "{}", mail.message);
    assert!(mail.message.contains("answered 404"), "{}", mail.message);
}

/// The same source; the path wants a login.
#[tokio::test(start_paused = true)]
async fn tasks_that_want_a_login_at_the_path_get_the_route_at_a_deployment_like_others() {
    // Given
    let example = with_path(answering(2, &[("/health", Answer::Status(401))]));
    let rig = settled(&example).await;
    let since = rig.lab.clock().now();
    // When: operators deploy it again
    deploy(&rig, example.service.task_definition.clone());
    rig.wait(minutes(15)).await;
    // Then: the route has moved to a new task, and no request was lost
    assert_eq!(rig.failures(since), []);
    let serving = rig.serving().unwrap();
    assert!(serving.milestones.created > since);
    assert_eq!(remedies_so_far(&rig), (0, 0));
}

/// <https://github.com/anomalyco/sst/issues/2232>, <https://github.com/cortexlabs/cortex/issues/1225>:
/// an HTTP API answers 503 after its 30 s, while the backend goes on working.
#[tokio::test(start_paused = true)]
async fn requests_that_take_longer_than_the_gateway_waits_are_no_fault_of_the_tasks() {
    // Given: an application without `/`, whose report takes a minute; no path is set
    let slow = answering(2, &[("/", Answer::Status(404)), ("/report", Answer::Never)]);
    let rig = settled(&slow).await;
    // When: somebody wants a report every 20 s, so that the alarm rings for hours
    ask_for(&rig, "/report", seconds(20));
    rig.wait(minutes(5)).await;
    assert_eq!(diagnosis(&rig).await, "unclear");
    rig.wait(minutes(180)).await;
    // Then: few requests fail, nothing is done, and people are told once what to set
    assert_eq!(remedies_so_far(&rig), (0, 0));
    assert_eq!(calls_for_a_human(&rig), 1);
}

/// <https://github.com/kubernetes/ingress-nginx/pull/5671>,
/// <https://github.com/pydantic/logfire-helm-chart/pull/245>: healers that take slow for dead make an
/// overload worse.
#[tokio::test(start_paused = true)]
async fn a_slow_health_path_costs_no_task_its_life_while_users_are_served() {
    // Given: GET /health takes longer than anybody waits, and every other request succeeds
    let slow = with_path(answering(1, &[("/health", Answer::Never)]));
    let rig = settled(&slow).await;
    let (task, since) = (rig.running().remove(0), rig.lab.clock().now());
    // When: Eden looks at it for an hour
    rig.wait(minutes(60)).await;
    // Then
    assert_eq!(diagnosis(&rig).await, "unclear");
    assert!(reasons(&look(&rig).await).contains(&"users_are_served"));
    assert_eq!(rig.running(), [now(&rig, &task)]);
    assert_eq!(remedies_so_far(&rig), (0, 0));
    assert_eq!(rig.failures(since), []);
    assert_eq!(calls_for_a_human(&rig), 1);
    // When: it hangs altogether
    rig.lab.world().set_app(&task.arn, AppState::Hung).unwrap();
    rig.wait(minutes(15)).await;
    // Then: it is replaced
    assert_ne!(rig.running(), [now(&rig, &task)]);
}

/// <https://github.com/aws/aws-cdk/issues/18352>: an authorizer that fails answers 500 to everybody.
#[tokio::test(start_paused = true)]
async fn an_authorizer_that_fails_costs_no_task_its_life() {
    for (case, example) in
        [("with a path", with_path(answering(2, &[]))), ("with a root", answering(2, &[]))]
    {
        // Given
        let rig = settled(&example).await;
        // When
        rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();
        rig.wait(minutes(10)).await;
        assert_eq!(diagnosis(&rig).await, "before_tasks", "{case}");
        rig.wait(minutes(120)).await;
        // Then
        assert_eq!(remedies_so_far(&rig), (0, 0), "{case}");
        assert_eq!(calls_for_a_human(&rig), 1, "{case}");
        // When it is mended, then that is told as well
        rig.lab.world().set_gatekeeper(API, None).unwrap();
        rig.wait(minutes(30)).await;
        assert_eq!(diagnosis(&rig).await, "healthy", "{case}");
        assert!(subjects(&rig).contains(&WELL_AGAIN.to_owned()), "{case}");
    }
}

/// The same of one that fails for eight minutes of every twenty: people hear of it once.
#[tokio::test(start_paused = true)]
async fn an_authorizer_that_fails_again_and_again_is_told_once() {
    // Given
    let rig = settled(&with_path(answering(2, &[]))).await;
    // When
    for _ in 0..6 {
        rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();
        rig.wait(minutes(8)).await;
        rig.lab.world().set_gatekeeper(API, None).unwrap();
        rig.wait(minutes(12)).await;
    }
    // Then
    assert_eq!(calls_for_a_human(&rig), 1);
    let over = |rig: &Rig| subjects(rig).iter().filter(|it| *it == WELL_AGAIN).count();
    assert_eq!(over(&rig), 0);
    rig.wait(minutes(30)).await;
    assert_eq!(over(&rig), 1);
}

/// The same of a REST API, which also answers 504 after its 29 s, and whose root is nobody's.
#[tokio::test(start_paused = true)]
async fn an_authorizer_of_a_rest_api_that_fails_costs_no_task_its_life_either() {
    for status in [500, 504] {
        // Given
        let rig = Rig::steady(&with_path(Variant::RestIntegrations.example())).await;
        rig.lab.world().start_traffic(API, "/prod/orders/42", seconds(1));
        rig.wait(minutes(21)).await;
        // When
        rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(status))).unwrap();
        rig.wait(minutes(10)).await;
        assert_eq!(diagnosis(&rig).await, "before_tasks", "{status}");
        rig.wait(minutes(60)).await;
        // Then
        assert_eq!(remedies_so_far(&rig), (0, 0), "{status}");
        assert_eq!(calls_for_a_human(&rig), 1, "{status}");
    }
}

/// A login of the API is none of the tasks' business, whatever the alarm says of single requests.
#[tokio::test(start_paused = true)]
async fn an_api_that_wants_a_login_of_whoever_asks_is_no_evidence_against_tasks() {
    // Given: Eden has no token, and one endpoint is broken
    let example = with_path(answering(2, &[("/checkout", Answer::Status(500))]));
    let rig = settled(&example).await;
    for status in [401, 403] {
        rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Demands(status))).unwrap();
        assert_eq!(diagnosis(&rig).await, "healthy", "{status}");
    }
    // When the alarm rings for that one
    ask_for(&rig, "/checkout", seconds(20));
    rig.wait(minutes(120)).await;
    // Then
    assert_eq!(diagnosis(&rig).await, "before_tasks");
    assert_eq!(remedies_so_far(&rig), (0, 0));
}

/// Whoever can make one endpoint of a public API fail could roll its next release back.
#[tokio::test(start_paused = true)]
async fn nobody_on_the_internet_can_roll_a_release_back() {
    // Given: a release, a few minutes ago
    let example = with_path(answering(2, &[("/checkout", Answer::Status(500))]))
        .parameter("Rollback", &"on")
        .parameter("TaskRoleArns", &"none");
    let rig = settled(&example).await;
    let mut release = example.service.task_definition.clone();
    release.revision = 2;
    deploy(&rig, release);
    rig.wait(minutes(6)).await;
    // When: somebody asks for what fails, and the API does not answer Eden either
    rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Demands(403))).unwrap();
    ask_for(&rig, "/checkout", seconds(5));
    rig.wait(minutes(60)).await;
    // Then
    assert_eq!(deployed(&rig), 2);
    assert_eq!(remedies_so_far(&rig), (0, 0));
}

/// The same without a path: `/` is one that nobody chose, and it always answers 500.
#[tokio::test(start_paused = true)]
async fn a_root_that_fails_rolls_no_release_back() {
    // Given: a release, a few minutes ago
    let paths = [("/", Answer::Status(500)), ("/checkout", Answer::Status(500))];
    let example =
        answering(2, &paths).parameter("Rollback", &"on").parameter("TaskRoleArns", &"none");
    let rig = settled(&example).await;
    let mut release = example.service.task_definition.clone();
    release.revision = 2;
    deploy(&rig, release);
    rig.wait(minutes(6)).await;
    // When: somebody asks for what fails twice as often as others for what does not
    ask_for(&rig, "/checkout", Duration::from_millis(500));
    rig.wait(minutes(20)).await;
    // Then: the release stays; deployments are of the same
    assert_eq!(deployed(&rig), 2);
}

/// <https://github.com/aws/containers-roadmap/issues/2040>,
/// <https://github.com/convox/rack/issues/1247>: the host is gone, and the task stays RUNNING.
#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_reached_while_its_sibling_is_gets_replaced() {
    // Given
    let rig = settled(&with_path(answering(2, &[]))).await;
    let lost = rig.running().remove(0);
    // When
    rig.lab.world().set_reachable(&lost.arn, false).unwrap();
    rig.wait(minutes(15)).await;
    // Then
    let reason = now(&rig, &lost).stop_cause.unwrap().reason;
    assert!(reason.starts_with("Eden: does not answer while others do: no connection"), "{reason}");
    assert_eq!(running(&rig.lab.world()).len(), 2);
    assert_eq!(remedies_so_far(&rig), (1, 0));
}

/// The same sources, with one task: nobody knows whether it is the task or the way to it.
#[tokio::test(start_paused = true)]
async fn an_api_that_fails_and_a_task_that_cannot_be_reached_are_never_healthy() {
    // Given: nobody uses the API
    let rig = Rig::steady(&with_path(answering(1, &[]))).await;
    rig.wait(minutes(10)).await;
    unschedule(&rig);
    let task = rig.running().remove(0);
    // When
    rig.lab.world().set_reachable(&task.arn, false).unwrap();
    rig.lab.world().set_app(&task.arn, AppState::Failing(503)).unwrap();
    let report = look(&rig).await;
    // Then
    assert_eq!(report["diagnosis"], "unknown", "{report}");
    assert!(reasons(&report).contains(&"evidence_unclear"), "{report}");
    assert_eq!(remedies_so_far(&rig), (0, 0));
}

/// `cargo xtask simulate --seed 987654540`: all tasks answered 503 for 17 s, and were replaced.
#[tokio::test(start_paused = true)]
async fn what_fails_everywhere_for_some_seconds_is_left_alone() {
    // Given
    let rig = settled(&with_path(answering(2, &[]))).await;
    unschedule(&rig);
    // When: something that all depend on is away for 17 s, in which Eden looks
    rig.lab.world().set_dependency(CLUSTER, SERVICE, Some(503)).unwrap();
    let lab = rig.lab.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(17)).await;
        lab.world().set_dependency(CLUSTER, SERVICE, None).unwrap();
    });
    let report = look(&rig).await;
    rig.wait(minutes(10)).await;
    // Then: the same invocation looked again, and took its note off
    assert_eq!(report["diagnosis"], "healthy", "{report}");
    assert_eq!(remedies_so_far(&rig), (0, 0));
    assert_eq!(service_tag(&rig, "eden:failing-since"), None);
}

/// `/` is nothing of this application, and all its requests fail for want of a database.
#[tokio::test(start_paused = true)]
async fn where_no_task_can_be_judged_and_most_requests_fail_replacing_them_is_tried_twice() {
    // Given: no path is set
    let rig = settled(&answering(2, &[("/", Answer::Status(404))])).await;
    // When: the database is away for six hours
    rig.lab.world().set_dependency(CLUSTER, SERVICE, Some(503)).unwrap();
    rig.wait(minutes(360)).await;
    // Then: new tasks were tried, once more after a longer time, and then people are called
    assert_eq!(remedies_so_far(&rig), (0, 2));
    assert!(reasons(&look(&rig).await).contains(&"replacing_did_not_help"));
    // When it is back, then the case is closed, and the next one begins anew
    rig.lab.world().set_dependency(CLUSTER, SERVICE, None).unwrap();
    rig.wait(minutes(150)).await;
    assert_eq!(service_tag(&rig, "eden:failing-since"), None);
    rig.lab.world().set_dependency(CLUSTER, SERVICE, Some(503)).unwrap();
    rig.wait(minutes(10)).await;
    assert_eq!(remedies_so_far(&rig), (0, 3));
}

/// <https://github.com/aws/copilot-cli/issues/3153>, <https://github.com/aws/copilot-cli/issues/3427>:
/// services of which only one task may run at a time are deployed by stopping it first.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_deployed_by_stopping_it_first_is_not_redeployed_on_a_guess() {
    // Given: nobody probes its tasks, which are well
    let mut example = answering(1, &[]).parameter("ReadinessProbe", &"off");
    example.service.minimum_healthy_percent = 0;
    example.service.maximum_percent = 100;
    let rig = settled(&example).await;
    let task = rig.running().remove(0);
    // When: the gateway fails for an hour
    rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();
    rig.wait(minutes(60)).await;
    // Then: the task has never been away, and people know
    assert_eq!(rig.running(), [now(&rig, &task)]);
    assert_eq!(remedies_so_far(&rig), (0, 0));
    assert_eq!(calls_for_a_human(&rig), 1);
}
