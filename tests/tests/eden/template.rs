//! template.yaml: names, wiring and settings, as CloudFormation would make them.

mod dashboard;
mod documented;
mod gateway;
mod healing;
mod parameters;
mod quotas;
mod watching;

use std::collections::BTreeMap;
use std::time::Duration;

use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig, Via};
use eden_lab::example::{ALARM, API, AUDIT_LOG, HEALTH_MONITOR, IP_UPDATER};
use eden_lab::spec::{RuleTrigger, Target};
use eden_lab::template::Stack;
use eden_tests::rig::example;
use eden_tests::sample;
use serde_json::{Value, json};

/// The metrics that Eden publishes.
const METRICS: [&str; 13] = [
    "TasksRunning",
    "TasksDesired",
    "TasksUnhealthy",
    "TasksStopped",
    "Redeployments",
    "DesiredCountRestorations",
    "RouteUpdates",
    "MaintenanceShown",
    "FactsUnknown",
    "NeedsHuman",
    "HealingPaused",
    "RouteUpdateLatency",
    "Holds",
];

fn stack() -> Stack {
    example().stack("https://api.example.com/prod").unwrap()
}

/// The rules that an event wakes.
fn woken(event: &Value) -> Vec<String> {
    stack()
        .rules
        .iter()
        .filter(|rule| match &rule.trigger {
            RuleTrigger::Pattern(pattern) => pattern.matches(event),
            RuleTrigger::Every(_) => false,
        })
        .map(|rule| rule.name.clone())
        .collect()
}

#[test]
fn everything_has_the_name_that_the_owner_gave_it() {
    let stack = stack();
    let functions: Vec<_> = stack.functions.iter().map(|function| &*function.name).collect();
    assert!(functions.contains(&IP_UPDATER) && functions.contains(&HEALTH_MONITOR));
    let rules: Vec<_> = stack.rules.iter().map(|rule| &*rule.name).collect();
    for name in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
        assert!(rules.contains(&&*format!("prod-eden-{name}")), "{rules:?}");
    }
    assert!(stack.alarms.iter().any(|alarm| alarm.name == ALARM));
    let topic = "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications";
    assert_eq!(stack.topics, [topic]);
    for group in
        [AUDIT_LOG, "/aws/lambda/prod-eden-ip-updater", "/aws/lambda/prod-eden-health-monitor"]
    {
        assert!(stack.log_groups.iter().any(|name| name == group), "{:?}", stack.log_groups);
    }
}

#[test]
fn the_functions_accept_the_settings_that_the_template_gives_them() {
    let stack = stack();
    let settings = |name: &str| stack.function(name).unwrap().environment.clone();
    let updater = settings(IP_UPDATER);
    let updater = IpUpdaterConfig::read(|name| updater.get(name).cloned()).unwrap();
    let integrations = ["int1234", "int5678"].map(str::to_owned).into();
    assert_eq!(updater.gateway.via, Via::Integrations(integrations));
    let monitor = settings(HEALTH_MONITOR);
    let monitor = HealthMonitorConfig::read(|name| monitor.get(name).cloned()).unwrap();
    assert_eq!(monitor.alarm_name, ALARM);
    assert_eq!(monitor.error_alarm_name, "prod-eden-api-error-alarm");
    assert_eq!(monitor.limits, eden_policy::Limits::default());
    assert_eq!(monitor.gateway.as_ref(), Some(&updater.gateway));
    assert_eq!(monitor.people, updater.people);
    assert_eq!(updater.people.webhook, None);
    assert_eq!(updater.people.topic_arn.as_ref(), Some(&stack.topics[0]));
    assert_eq!(updater.gateway.api_id, API);
}

#[test]
fn the_functions_have_their_time_outs_and_memory() {
    let stack = stack();
    for (name, seconds) in [(IP_UPDATER, 120), (HEALTH_MONITOR, 300)] {
        let function = stack.function(name).unwrap();
        assert_eq!(function.timeout, Duration::from_secs(seconds));
        assert_eq!(function.memory_mb, 128);
    }
}

#[test]
fn only_tasks_of_this_service_that_appear_or_die_wake_ip_updater() {
    let rule = ["prod-eden-ecs-task-state-change"];
    for name in ["ecs-task-running", "ecs-task-stopping", "ecs-task-stopped"] {
        assert_eq!(woken(&sample(name)), rule, "{name}");
    }
    assert!(woken(&sample("ecs-task-other-service")).is_empty());
    let mut other_cluster = sample("ecs-task-running");
    other_cluster["detail"]["clusterArn"] =
        json!("arn:aws:ecs:us-east-1:123456789012:cluster/dev-eden-cluster");
    assert!(woken(&other_cluster).is_empty());
    let mut starting = sample("ecs-task-running");
    starting["detail"]["lastStatus"] = json!("PENDING");
    assert!(woken(&starting).is_empty());
}

#[test]
fn only_the_apis_alarms_and_only_their_ringing_wake_health_monitor() {
    assert_eq!(woken(&sample("cloudwatch-alarm")), ["prod-eden-health-alarm-trigger"]);
    let early = sample("cloudwatch-alarm").to_string().replace("-health-alarm", "-error-alarm");
    let early: Value = serde_json::from_str(&early).unwrap();
    assert_eq!(woken(&early), ["prod-eden-health-alarm-trigger"]);
    let mut quiet = sample("cloudwatch-alarm");
    quiet["detail"]["state"]["value"] = json!("OK");
    assert!(woken(&quiet).is_empty());
    let mut other = sample("cloudwatch-alarm");
    other["detail"]["alarmName"] = json!("dev-eden-api-health-alarm");
    assert!(woken(&other).is_empty());
}

#[test]
fn rules_lead_to_their_functions_and_actions_to_the_audit_log() {
    let stack = stack();
    let targets: BTreeMap<_, _> =
        stack.rules.iter().map(|rule| (&*rule.name, rule.targets.clone())).collect();
    let function = |name: &str| vec![Target::Function(name.to_owned())];
    assert_eq!(targets["prod-eden-ecs-task-state-change"], function(IP_UPDATER));
    assert_eq!(targets["prod-eden-health-alarm-trigger"], function(HEALTH_MONITOR));
    assert_eq!(targets["prod-eden-scheduled-health-check"], function(HEALTH_MONITOR));
    let action = json!({
        "source": "eden.autoresiliency",
        "detail-type": "Eden Action",
        "detail": {"environment": "prod", "app": "eden"}
    });
    let [rule] = &woken(&action)[..] else { panic!("one rule") };
    assert_eq!(targets[&**rule], [Target::LogGroup(AUDIT_LOG.to_owned())]);
}

#[test]
fn the_schedule_is_five_minutes_unless_told_otherwise() {
    let every = |stack: &Stack| {
        stack.rules.iter().find_map(|rule| match rule.trigger {
            RuleTrigger::Every(time) => Some(time),
            RuleTrigger::Pattern(_) => None,
        })
    };
    assert_eq!(every(&stack()), Some(Duration::from_secs(300)));
    let example = example().parameter("ScheduleRate", &"rate(10 minutes)");
    assert_eq!(every(&example.stack("https://a.example").unwrap()), Some(Duration::from_secs(600)));
}

#[test]
fn nobody_is_subscribed_without_an_address() {
    assert!(stack().resource("EmailSubscription").is_some());
    let mut example = example();
    example.parameters.clear();
    let stack = example.stack("https://api.example.com").unwrap();
    assert!(stack.resource("EmailSubscription").is_none());
    assert_eq!(stack.topics.len(), 1);
}

#[test]
fn environment_and_application_are_part_of_every_name() {
    let example = example().parameter("Environment", &"dev").parameter("AppName", &"shop");
    let stack = example.stack("https://api.example.com").unwrap();
    let environment = &stack.function("dev-shop-ip-updater").unwrap().environment;
    assert_eq!(environment["ECS_CLUSTER"], "dev-shop-cluster");
    assert_eq!(environment["ECS_SERVICE"], "dev-shop-service");
    let alarm = &stack.resource("ApiHealthAlarm").unwrap().reference;
    assert_eq!(alarm, "dev-shop-api-health-alarm");
    assert!(stack.log_groups.contains(&"/shop/dev/autoresiliency".to_owned()));
}
