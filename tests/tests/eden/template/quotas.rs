//! What the stack asks of quotas that the whole account shares, and what it leaves to others.

use eden_core::claim::EXPIRES;
use eden_core::health_monitor::HEALING;
use eden_lab::World;
use eden_lab::example::{ALARM, API, Example, HEALTH_MONITOR, IP_UPDATER, REST_API_NAME};
use eden_lab::spec::Watched;
use eden_lab::template::Stack;
use eden_lab::world::{AlarmState, ApiKind, Permission, Role, Task};
use eden_tests::rig::{Rig, example, minutes, running, seconds};
use eden_tests::sample;
use serde_json::{Value, json};

use super::{stack, woken};

fn deployed(parameters: &[(&str, &str)]) -> Stack {
    let set = |example: Example, (name, value): &(&str, &str)| example.parameter(name, value);
    parameters.iter().fold(example(), set).stack("https://api.example.com").unwrap()
}

/// The event of a task of this status.
fn event(last: &str, desired: &str) -> Value {
    let mut event = sample("ecs-task-stopping");
    event["detail"]["lastStatus"] = json!(last);
    event["detail"]["desiredStatus"] = json!(desired);
    event
}

/// The control plane's quota is the account's: every run takes two to five calls of it.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
#[test]
fn of_a_task_s_life_only_what_can_change_the_route_wakes_ip_updater() {
    for (last, desired, wakes) in [
        ("PROVISIONING", "RUNNING", false),
        ("PENDING", "RUNNING", false),
        ("ACTIVATING", "RUNNING", false),
        ("RUNNING", "RUNNING", true),
        // It is to stop, and still answers.
        ("RUNNING", "STOPPED", true),
        ("DEACTIVATING", "STOPPED", false),
        ("STOPPING", "STOPPED", false),
        ("DEPROVISIONING", "STOPPED", false),
        // Its address may be another's from now on.
        ("STOPPED", "STOPPED", true),
        ("PROVISIONING", "STOPPED", false),
        ("PENDING", "STOPPED", false),
    ] {
        assert_eq!(!woken(&event(last, desired)).is_empty(), wakes, "{last} {desired}");
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>
#[test]
fn each_container_that_ends_once_its_task_is_stopping_wakes_nobody() {
    // Given a task of three containers, two of which have ended (F11)
    let mut event = event("STOPPING", "STOPPED");
    let container = event["detail"]["containers"][0].clone();
    let with = |status: &str| {
        let mut container = container.clone();
        container["lastStatus"] = json!(status);
        container
    };
    event["detail"]["containers"] = json!([with("RUNNING"), with("STOPPED"), with("STOPPED")]);
    assert!(woken(&event).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dying_task_of_one_container_runs_ip_updater_twice_and_loses_no_request() {
    for crashes in [false, true] {
        // Given two tasks, and traffic to one of them
        let mut example = example();
        example.service.desired_count = 2;
        let rig = Rig::steady(&example).await;
        assert!(rig.lab.until(minutes(10), |world| running(world).len() == 2).await);
        let dying = rig.serving().unwrap().arn;
        let since = rig.start_traffic();
        // When it is stopped, or crashes
        let runs = |rig: &Rig| {
            let all = rig.invocations(IP_UPDATER);
            all.iter().filter(|it| it.payload["detail"]["taskArn"] == *dying).count()
        };
        let before = runs(&rig);
        let mut world = rig.lab.world();
        let ended = if crashes {
            world.crash_task(&dying, 1)
        } else {
            world.stop_task(&dying, "for a test")
        };
        ended.unwrap();
        drop(world);
        rig.wait(minutes(3)).await;
        // Then
        assert_eq!(runs(&rig) - before, 2, "crashes: {crashes}");
        assert!(rig.is_steady());
        if !crashes {
            assert_eq!(rig.failures(since), []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_route_leaves_a_dying_task_also_when_its_first_event_is_lost() {
    // Given two tasks
    let mut example = example();
    example.service.desired_count = 2;
    let rig = Rig::steady(&example).await;
    assert!(rig.lab.until(minutes(10), |world| running(world).len() == 2).await);
    let dying = rig.serving().unwrap().arn;
    // When the rule is off at the moment of the first event
    let rule = "prod-eden-ecs-task-state-change";
    rig.lab.world().set_rule_enabled(rule, false);
    rig.lab.world().stop_task(&dying, "for a test").unwrap();
    rig.lab.world().set_rule_enabled(rule, true);
    let gone = |world: &World| world.task(&dying).is_none_or(Task::has_stopped);
    assert!(rig.lab.until(minutes(3), gone).await);
    rig.wait(seconds(5)).await;
    // Then the route has left when the task is gone, at the latest
    assert_ne!(rig.serving().unwrap().arn, dying);
}

/// New accounts may run ten functions at once, of which none can be reserved.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
#[test]
fn concurrency_is_reserved_only_where_that_is_asked_for() {
    let reserved = |stack: &Stack| {
        let functions = stack.of_type("AWS::Serverless::Function");
        let reserved =
            functions.map(|(_, it)| it.properties.get("ReservedConcurrentExecutions").cloned());
        reserved.collect::<Vec<_>>()
    };
    assert_eq!(reserved(&stack()), [None, None]);
    let five = Some(json!("5"));
    assert_eq!(reserved(&deployed(&[("ReservedConcurrency", "5")])), [five.clone(), five]);
}

#[test]
fn the_health_alarm_rings_for_one_error_unless_it_is_to_ring_for_a_share() {
    let watched = |stack: &Stack| {
        let alarm = stack.alarms.iter().find(|alarm| alarm.name == ALARM).unwrap();
        (alarm.watched.clone(), alarm.threshold, alarm.evaluation_periods)
    };
    assert_eq!(watched(&stack()), (Watched::of_api("5xx", ("ApiId", API)), 1.0, 2));

    let share = [("HealthAlarmSharePercent", "5"), ("HealthAlarmMinRequests", "40")];
    let rest =
        [("ApiType", "REST"), ("APIGatewayName", REST_API_NAME), ("APIGatewayStage", "prod")];
    for (parameters, names, by) in [
        (share.to_vec(), ["5xx", "Count"], ("ApiId", API)),
        ([&share[..], &rest].concat(), ["5XXError", "Count"], ("ApiName", REST_API_NAME)),
    ] {
        let (watched, threshold, periods) = watched(&deployed(&parameters));
        let Watched::Math { expression, metrics, .. } = watched else { panic!("{watched:?}") };
        assert_eq!((threshold, periods), (5.0, 2));
        assert!(expression.to_string().contains("requests >= 40"), "{expression}");
        let watched: Vec<_> = metrics.into_values().map(Watched::Metric).collect();
        assert_eq!(watched, names.map(|name| Watched::of_api(name, by)));
    }
}

/// One in fifty requests ends in 5xx, as on many a busy API.
/// <https://github.com/aws/aws-cdk/issues/18352>
#[tokio::test(start_paused = true)]
async fn a_busy_api_with_a_few_errors_rings_no_alarm_on_a_share() {
    for (share, state) in [("0", AlarmState::Alarm), ("5", AlarmState::Ok)] {
        for kind in [ApiKind::Http, ApiKind::Rest] {
            // Given
            let example = Example { api_kind: kind, ..example() };
            let rig = Rig::steady(&example.parameter("HealthAlarmSharePercent", &share)).await;
            rig.wait(minutes(5)).await;
            // When
            for _ in 0..5 {
                for request in 0..50 {
                    let status = if request == 0 { 500 } else { 200 };
                    rig.lab.world().record_response(API, status);
                }
                rig.wait(minutes(1)).await;
            }
            // Then
            let world = rig.lab.world();
            assert_eq!(world.alarm(ALARM).unwrap().status.state, state, "{share} {kind:?}");
        }
    }
}

/// What health-monitor may change of the service: the count, and the deployment. With roll backs also
/// the task definition.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>
#[test]
fn health_monitor_may_not_open_a_shell_nor_move_tasks_to_other_networks() {
    let rollback = [("Rollback", "on"), ("TaskRoleArns", "none")];
    for (parameters, takes_definitions) in [(&[][..], false), (&rollback[..], true)] {
        let stack = deployed(parameters);
        let role = Role::new(stack.policies(HEALTH_MONITOR).unwrap()).unwrap();
        let definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/app:1";
        for (key, value, allowed) in [
            ("ecs:cluster", "arn:aws:ecs:us-east-1:123456789012:cluster/prod-eden-cluster", true),
            ("ecs:task-definition", definition, takes_definitions),
            ("ecs:enable-execute-command", "true", false),
            ("ecs:subnet", "subnet-0c4e8a17f95b3d2e6", false),
            ("ecs:auto-assign-public-ip", "ENABLED", false),
        ] {
            let service = "service/prod-eden-cluster/prod-eden-service";
            let permission = Permission {
                action: "ecs:UpdateService".to_owned(),
                resource: format!("arn:aws:ecs:us-east-1:123456789012:{service}"),
                condition_keys: [(key.to_owned(), value.to_owned())].into(),
            };
            assert_eq!(role.allows(&permission).unwrap(), allowed, "{key} {parameters:?}");
        }
    }
}

/// A reviewer's case: the link to the dashboard named the console of the partition `aws` everywhere.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
#[test]
fn in_every_partition_the_console_and_the_services_have_their_names_there() {
    for (region, console, suffix) in [
        ("us-east-1", "console.aws.amazon.com", "amazonaws.com"),
        ("cn-north-1", "console.amazonaws.cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com", "amazonaws.com"),
    ] {
        let mut example = example();
        region.clone_into(&mut example.world.region);
        let stack = example.stack("https://api.example.com").unwrap();
        let url = stack.outputs["DashboardUrl"].as_str().unwrap().to_owned();
        assert!(url.starts_with(&format!("https://{region}.{console}/cloudwatch/")), "{url}");
        for function in [IP_UPDATER, HEALTH_MONITOR] {
            let policies = json!(stack.policies(function).unwrap()).to_string();
            assert!(policies.contains(&format!("\"sqs.{region}.{suffix}\"")), "{policies}");
            // A review found that no mail left the partition of China by the other name.
            let tells = function == HEALTH_MONITOR;
            let named = policies.contains(&format!("\"sns.{region}.{suffix}\""));
            assert_eq!(named, tells, "{policies}");
        }
    }
}

/// AWS CLI 1 knows no `--cli-binary-format`, and AWS CLI 2 takes a text for Base64 without it.
/// <https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html>
#[test]
fn the_command_that_checks_by_hand_is_understood_by_both_versions_of_the_aws_cli() {
    let outputs = stack().outputs;
    let command = outputs["CheckByHandCommand"].as_str().unwrap();
    assert!(command.starts_with(r#"echo '{"source":"manual-test"}' | aws lambda invoke "#));
    assert!(command.contains(" --payload fileb:///dev/stdin ") && !command.contains("cli-binary"));
}

/// A review added up the worst times of all waits, which were more than the functions had.
#[test]
fn the_functions_have_time_for_the_worst_that_they_wait_for() {
    let stack = stack();
    let timeout = |name: &str| stack.function(name).unwrap().timeout;
    // The wait, two looks that ask tasks for ten seconds, three deployments five seconds apart
    assert!(timeout(IP_UPDATER) >= seconds(45 + 2 * 10 + 3 * 5 + 25));
    // A claim of a run that was ended is void after five minutes, by clocks that differ
    assert!(HEALING + seconds(90) <= EXPIRES);
    // Between two schedules, five minutes apart, no more than a minute and a half is without a look
    assert!(timeout(HEALTH_MONITOR) >= seconds(300));
}
