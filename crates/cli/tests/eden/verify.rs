//! `eden verify` against the lab: all is well, then one thing after the other is not.

use std::sync::Arc;
use std::time::Duration;

use eden_lab::example::{
    ALARM, API, AUDIT_LOG, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_STAGE,
    SERVICE,
};
use eden_lab::lambda::{FunctionError, Handler};
use eden_lab::spec::{AlarmSpec, MetricSpec, Watched};
use eden_lab::world::{ApiKind, Canary, Fault, FaultKind, FunctionState, Gatekeeper, World};

use crate::scene::Scene;

/// A change of the world and the checks that fail for it.
type Case = (fn(&mut World), &'static [&'static str]);

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications";
const DEAD_LETTERS: &str = "prod-eden-dead-letters";
const SCHEDULE: &str = "prod-eden-scheduled-health-check";

fn set(world: &mut World, function: &str, variable: &str, value: &str) {
    world.change_function(function, |it| {
        it.spec.environment.insert(variable.to_owned(), value.to_owned());
    });
}

fn set_both(world: &mut World, variable: &str, value: &str) {
    for function in [IP_UPDATER, HEALTH_MONITOR] {
        set(world, function, variable, value);
    }
}

/// What was deployed, and what it is told.
const OF_THE_FUNCTIONS: &[Case] = &[
    (
        |world| {
            world.remove_function(IP_UPDATER);
        },
        // The rule's permission went with the function.
        &["function prod-eden-ip-updater", "permission for rule prod-eden-ecs-task-state-change"],
    ),
    (
        |world| {
            world.change_function(IP_UPDATER, |it| it.state = FunctionState::Inactive);
        },
        &["function prod-eden-ip-updater"],
    ),
    (
        |world| {
            world.change_function(HEALTH_MONITOR, |it| {
                "python3.12".clone_into(&mut it.spec.runtime);
            });
        },
        &["runtime of prod-eden-health-monitor"],
    ),
    (
        |world| {
            world.change_function(IP_UPDATER, |it| it.spec.timeout = Duration::from_secs(3));
        },
        &["timeout of prod-eden-ip-updater"],
    ),
    (
        |world| set(world, HEALTH_MONITOR, "CRASH_LOOP_DEATHS", "many"),
        &["settings of prod-eden-health-monitor"],
    ),
    (
        |world| set_both(world, "BACKEND_PORT", "http"),
        &["settings of prod-eden-ip-updater", "settings of prod-eden-health-monitor"],
    ),
    (|world| set(world, IP_UPDATER, "LOG_LEVEL", "debug"), &["settings of both functions"]),
];

/// What wakes the functions, and whom they tell.
const OF_THE_STACK: &[Case] = &[
    (
        |world| {
            world.remove_rule("prod-eden-health-alarm-trigger");
        },
        &["rule prod-eden-health-alarm-trigger"],
    ),
    (
        |world| {
            world.set_rule_enabled(SCHEDULE, false);
        },
        &["rule prod-eden-scheduled-health-check"],
    ),
    (
        |world| {
            world.remove_targets("prod-eden-ecs-task-state-change");
        },
        &["target of rule prod-eden-ecs-task-state-change"],
    ),
    (
        |world| {
            world.remove_targets("prod-eden-action-audit");
        },
        &["target of rule prod-eden-action-audit"],
    ),
    (
        |world| {
            world.change_function(HEALTH_MONITOR, |it| {
                let is_schedules = |arn: &String| arn.ends_with(SCHEDULE);
                it.spec.permissions.retain(|it| !it.source_arn.as_ref().is_some_and(is_schedules));
            });
        },
        &["permission for rule prod-eden-scheduled-health-check"],
    ),
    (|world| set(world, HEALTH_MONITOR, "ALARM_NAME", "nobody-s-alarm"), &["alarm nobody-s-alarm"]),
    (
        |world| {
            let watched = Watched::of_api("5XXError", ("ApiId", API));
            world.change_alarm(ALARM, |it| it.watched = watched);
        },
        &["metric of alarm prod-eden-api-health-alarm"],
    ),
    (
        |world| {
            let watched = Watched::of_api("5xx", ("ApiId", "another"));
            world.change_alarm(ALARM, |it| it.watched = watched);
        },
        &["metric of alarm prod-eden-api-health-alarm"],
    ),
    (
        |world| {
            world.change_alarm(ALARM, |it| it.actions_enabled = false);
        },
        &["actions of alarm prod-eden-api-health-alarm"],
    ),
    (
        |world| {
            world.set_subscriptions_confirmed(TOPIC, false);
        },
        &["notifications"],
    ),
    (
        |world| {
            world.send_message(DEAD_LETTERS, "{}");
        },
        &["dead letters in prod-eden-dead-letters"],
    ),
    (|world| set_both(world, "STAGE_NAME", "nosuch"), &["stages"]),
    (|world| set_both(world, "INTEGRATION_ID", "int9999"), &["integration int9999"]),
];

/// What cannot be restored; in this order.
const FOR_GOOD: &[Case] = &[
    (
        |world| {
            world.empty_log_group("/aws/lambda/prod-eden-ip-updater");
        },
        &["log group /aws/lambda/prod-eden-ip-updater"],
    ),
    (
        |world| {
            world.empty_log_group("/aws/lambda/prod-eden-health-monitor");
        },
        &[
            "log group /aws/lambda/prod-eden-health-monitor",
            "log group /aws/lambda/prod-eden-ip-updater",
        ],
    ),
    (
        |world| {
            world.remove_log_group(AUDIT_LOG);
        },
        &[
            "log group /aws/lambda/prod-eden-health-monitor",
            "log group /aws/lambda/prod-eden-ip-updater",
            "log group /eden/prod/autoresiliency",
        ],
    ),
];

async fn all_fail_as_told(scene: &Scene, cases: &[Case], restore: bool) {
    for (break_it, expected) in cases {
        // When
        scene.change(break_it);
        let said = scene.eden(&["verify", "--json"]).await;
        // Then
        assert_eq!(said.checks("failed"), *expected, "{}", said.stdout);
        assert_eq!(said.status, Some(1));
        if restore {
            scene.restore();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_passes_until_one_thing_is_broken_which_is_named() {
    // Given: all is well, and from now on nothing is mended
    let scene = Scene::steady(230, ApiKind::Http).await;
    scene.lull().await;
    let said = scene.eden(&["verify", "--json"]).await;
    assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
    let passed = said.checks("passed");
    for area in ["function ", "rule ", "alarm ", "log group ", "integration ", "stage ", "dead "] {
        assert!(passed.iter().any(|check| check.starts_with(area)), "{area}: {passed:?}");
    }
    // When, then
    all_fail_as_told(&scene, OF_THE_FUNCTIONS, true).await;
    all_fail_as_told(&scene, OF_THE_STACK, true).await;
    // When, then: with --stack the names come from the stack's outputs
    let said = scene.eden(&["verify", "--json", "--stack", "eden-autoresiliency"]).await;
    assert_eq!((said.status, said.checks("passed")), (Some(0), passed));
    // When, then
    all_fail_as_told(&scene, FOR_GOOD, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_matter_with_the_service_and_its_route_is_named() {
    // Given
    let scene = Scene::steady(231, ApiKind::Http).await;
    scene.lull().await;
    // When: the route leads nowhere
    let elsewhere = "http://198.51.100.77:8000/{proxy}";
    scene.change(|world| world.set_integration_uri(API, PROXY_INTEGRATION, elsewhere).unwrap());
    let said = scene.eden(&["verify", "--json"]).await;
    // Then
    assert_eq!(said.checks("failed"), ["service", "target of integration int5678"]);
    // When: the tasks are gone as well
    scene.change(|world| world.set_desired_count(CLUSTER, SERVICE, 0).unwrap());
    let gone = |world: &World| !world.tasks(CLUSTER, SERVICE).iter().any(|it| it.is_running());
    assert!(scene.account.lab.until(Duration::from_secs(30), gone).await);
    let said = scene.eden(&["verify"]).await;
    // Then: people read what was found, and what to do
    assert_eq!(said.status, Some(1), "{}", said.stdout);
    for part in [
        "FAILED  service",
        "Desired count 0 is below the minimum of 1",
        "→ `eden diagnose` shows the evidence",
        "FAILED  target of integration int1234",
        "and no task of the service runs",
        ", 3 failed",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_unknown_and_not_failed() {
    // Given
    let scene = Scene::steady(232, ApiKind::Http).await;
    scene.lull().await;
    for (operation, permission, unknown) in [
        ("GetFunctionConfiguration", "lambda:GetFunctionConfiguration", "service"),
        ("GetPolicy", "lambda:GetPolicy", "permission for rule prod-eden-scheduled-health-check"),
        ("DescribeRule", "events:DescribeRule", "rule prod-eden-scheduled-health-check"),
        ("DescribeAlarms", "cloudwatch:DescribeAlarms", "alarm prod-eden-api-health-alarm"),
        ("ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic", "notifications"),
        (
            "FilterLogEvents",
            "logs:FilterLogEvents",
            "log group /aws/lambda/prod-eden-health-monitor",
        ),
        ("GetQueueUrl", "sqs:GetQueueUrl", "dead letters in prod-eden-dead-letters"),
        ("GetIntegration", "GetIntegration", "integration int1234"),
        ("DescribeTasks", "DescribeTasks", "service"),
    ] {
        // When
        let kind = FaultKind::AccessDenied;
        scene.change(|world| world.inject(Fault { operation, kind, times: None }));
        let said = scene.eden(&["verify", "--json"]).await;
        // Then
        assert_eq!(said.checks("failed"), [""; 0], "{operation}: {}", said.stdout);
        assert!(said.checks("unknown").contains(&unknown.to_owned()), "{}", said.stdout);
        assert!(said.stdout.contains(permission), "{operation}: {}", said.stdout);
        assert_eq!(said.status, Some(2), "{operation}");
        scene.restore();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_test_runs_the_health_monitor_and_fails_when_that_fails() {
    // Given
    let scene = Scene::steady(233, ApiKind::Http).await;
    // When, then: it answers
    let said = scene.eden(&["verify", "--invoke"]).await;
    assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
    let line = "manual test of prod-eden-health-monitor";
    let line = said.stdout.lines().find(|it| it.contains(line)).unwrap();
    assert!(line.ends_with("unchanged, diagnosis healthy"), "{line}");
    // When, then: it fails
    let failing: Handler = Arc::new(|_, _| {
        Box::pin(async { Err(FunctionError::new("FactsUnknown", "told to fail")) })
    });
    scene.lambda.register(HEALTH_MONITOR, Duration::from_secs(60), failing);
    let said = scene.eden(&["verify", "--invoke", "--json"]).await;
    assert_eq!(said.checks("failed"), ["manual test of prod-eden-health-monitor"]);
    assert!(said.stdout.contains("told to fail"), "{}", said.stdout);
    assert_eq!(said.status, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_does_not_show_where_the_route_leads_is_named() {
    // Given: a stage that changes only when it is deployed
    let scene = Scene::steady(235, ApiKind::Rest).await;
    scene.lull().await;
    // When: what it shows is Eden's route to a task before, as an invocation leaves it that is ended
    // between its write and its deployment
    let before = "Eden: route of res1:ANY,res2:ANY to 192.0.2.1:8000".to_owned();
    scene.change(|world| {
        world.deploy_stage(API, REST_STAGE, Some(before)).unwrap();
    });
    let said = scene.eden(&["verify", "--json"]).await;
    // Then
    assert_eq!(said.checks("failed"), ["service", "stage prod"], "{}", said.stdout);
    assert!(said.stdout.contains("does not show yet where the route leads"), "{}", said.stdout);
    assert_eq!(said.status, Some(1));
}

/// <https://github.com/amazon-archives/service-discovery-ecs-dns/issues/14>: tasks were asked for a path
/// that they do not have.
#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_path_that_the_tasks_do_not_have_is_named_with_the_way_to_set_it() {
    // Given
    let scene = Scene::steady(238, ApiKind::Http).await;
    scene.lull().await;
    let task = scene.task();
    // When
    scene.change(|world| {
        set_both(world, "HEALTH_CHECK_PATH", "/health");
        world.set_path_status(&task.arn, "/health", 404).unwrap();
    });
    let said = scene.eden(&["verify"]).await;
    // Then
    assert_eq!(said.status, Some(1), "{}", said.stdout);
    for part in [
        "FAILED  service",
        "GET /health of",
        "answered 404",
        "set HealthCheckPath=PATH in `parameter_overrides` of samconfig.toml, then `sam deploy`",
        ", 1 failed",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    // When the path is there, and the API wants a login of whoever asks
    scene.change(|world| {
        world.set_path_status(&task.arn, "/health", 200).unwrap();
        world.set_gatekeeper(API, Some(Gatekeeper::Demands(403))).unwrap();
    });
    let said = scene.eden(&["verify", "--json"]).await;
    // Then
    assert_eq!(said.checks("failed"), [""; 0], "{}", said.stdout);
}

/// <https://github.com/serverless/serverless/issues/11518>
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_with_a_canary_release_is_named() {
    // Given
    let scene = Scene::steady(239, ApiKind::Rest).await;
    scene.lull().await;
    // When
    let variables = [].into();
    let canary = Canary { percent: 10, deployment_id: "can1".to_owned(), variables };
    scene.change(|world| world.set_canary(API, REST_STAGE, Some(canary)).unwrap());
    let said = scene.eden(&["verify", "--json"]).await;
    // Then
    assert!(said.checks("failed").contains(&"stage prod".to_owned()), "{}", said.stdout);
    assert!(said.stdout.contains("promote or end the canary release"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alarms_of_a_rest_api_are_to_watch_what_a_rest_api_publishes() {
    // Given
    let scene = Scene::steady(234, ApiKind::Rest).await;
    scene.lull().await;
    // When, then
    let said = scene.eden(&["verify", "--json"]).await;
    assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
    // When: it watches what an HTTP API publishes
    scene.change(|world| {
        let watched = Watched::of_api("5xx", ("ApiId", API));
        world.change_alarm(ALARM, |it| it.watched = watched);
    });
    let said = scene.eden(&["verify", "--json"]).await;
    // Then
    assert_eq!(said.checks("failed"), ["metric of alarm prod-eden-api-health-alarm"]);
}

const NEEDS_HUMAN: &str = "prod-eden-needs-human";

/// The stack's alarm on Eden's own metric, which the lab does not publish.
fn add_needs_human(world: &mut World) {
    world.add_alarm(AlarmSpec {
        name: NEEDS_HUMAN.to_owned(),
        watched: Watched::Metric(MetricSpec {
            namespace: "Eden/AutoResilience".to_owned(),
            name: "NeedsHuman".to_owned(),
            dimensions: [].into(),
        }),
        period: Duration::from_secs(24 * 3_600),
        evaluation_periods: 1,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: vec![TOPIC.to_owned()],
    });
}

/// Review of e254c28, B1: whether CloudWatch sends the keys that the topic's key asks for is not
/// documented; if it does not, every alarm's mail is lost in silence.
#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_message_and_an_alarm_that_say_that_they_are_a_test() {
    // Given
    let scene = Scene::steady(236, ApiKind::Http).await;
    scene.lull().await;
    scene.change(add_needs_human);
    let before = scene.account.lab.world().published().len();
    // When
    let said = scene.eden(&["verify", "--notify", "--json"]).await;
    // Then
    let trials =
        ["trial of SNS", "trial of alarm prod-eden-needs-human", "trial of tag eden:trial"];
    let passed = said.checks("passed");
    for trial in trials {
        assert!(passed.iter().any(|it| it == trial), "{trial}: {}{}", said.stdout, said.stderr);
    }
    assert!(said.stdout.contains("Successfully executed action"), "{}", said.stdout);
    scene.change(|world| {
        let [mail] = &world.published()[before..] else { panic!("{:?}", world.published()) };
        assert_eq!(mail.subject.as_deref(), Some("Eden Test Message"));
        assert!(mail.message.starts_with("This is a test"), "{}", mail.message);
        let of_alarm = world.alarm_history().iter().filter(|it| it.alarm == NEEDS_HUMAN);
        let states: Vec<_> = of_alarm.filter(|it| it.kind == "StateUpdate").collect();
        let [rang, ended] = &states[..] else { panic!("{states:?}") };
        assert!(rang.data.contains("this is a test"), "{}", rang.data);
        assert_eq!(ended.summary, "Alarm updated from ALARM to INSUFFICIENT_DATA");
        let tags = &world.service(CLUSTER, SERVICE).unwrap().tags;
        assert!(!tags.contains_key("eden:trial"), "{tags:?}");
    });
    // When: the topic's key does not let CloudWatch in.
    let refused =
        "CloudWatch Alarms does not have authorization to access the SNS topic encryption key.";
    scene.change(|world| world.break_alarm_actions(Some(refused)));
    let said = scene.eden(&["verify", "--notify", "--json"]).await;
    // Then
    assert_eq!(said.checks("failed"), ["trial of alarm prod-eden-needs-human"]);
    assert!(said.stdout.contains("encryption key"), "{}", said.stdout);
    assert_eq!(said.status, Some(1));
}

/// Without `--notify` nobody hears anything, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_have_eden_s_tags_is_named_without_a_trial() {
    // Given
    let scene = Scene::steady(237, ApiKind::Http).await;
    scene.lull().await;
    let written = scene.written();
    for spoil in [
        |world: &mut World| {
            for n in 0..48 {
                let key = format!("team:{n}");
                world.set_service_tag(CLUSTER, SERVICE, &key, Some("x")).unwrap();
            }
        },
        World::shorten_service_arns,
    ] {
        // When
        scene.change(spoil);
        let said = scene.eden(&["verify", "--json"]).await;
        // Then
        assert!(
            said.checks("failed").contains(&"tags of the service".to_owned()),
            "{}",
            said.stdout
        );
    }
    assert_eq!(scene.written(), written);
}
