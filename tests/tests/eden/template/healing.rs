//! What holds remedies back, and whom to tell: each parameter reaches its function.

use std::collections::BTreeMap;
use std::time::Duration;

use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig, People, Webhook};
use eden_lab::example::{Example, HEALTH_MONITOR, IP_UPDATER};
use eden_policy::Limits;
use eden_tests::rig::example;

const URL: &str = "https://api.example.com/prod";

fn environments(parameters: &[(&str, &str)]) -> [BTreeMap<String, String>; 2] {
    let set = |example: Example, (name, value): &(&str, &str)| example.parameter(name, value);
    let stack = parameters.iter().fold(example(), set).stack(URL).unwrap();
    [IP_UPDATER, HEALTH_MONITOR].map(|name| stack.function(name).unwrap().environment.clone())
}

fn limits(parameters: &[(&str, &str)]) -> Limits {
    let [_, monitor] = environments(parameters);
    HealthMonitorConfig::read(|name| monitor.get(name).cloned()).unwrap().limits
}

/// Whom both functions tell: the same.
fn people(parameters: &[(&str, &str)]) -> People {
    let [updater, monitor] = environments(parameters);
    let updater = IpUpdaterConfig::read(|name| updater.get(name).cloned()).unwrap().people;
    let monitor = HealthMonitorConfig::read(|name| monitor.get(name).cloned()).unwrap().people;
    assert_eq!(updater, monitor);
    monitor
}

#[test]
fn every_limit_reaches_health_monitor() {
    let limits = limits(&[
        ("MinDesiredCount", "2"),
        ("StartupGraceSeconds", "3"),
        ("AlarmSettleSeconds", "4"),
        ("RedeployCooldownSeconds", "5"),
        ("MaxUnhealthyPercent", "6"),
        ("UnhealthyForSeconds", "7"),
        ("HealingBudgetPerHour", "8"),
        ("StormCooldownSeconds", "9"),
        ("RolloutTimeoutSeconds", "10"),
        ("CrashLoopDeaths", "11"),
        ("Rollback", "on"),
        ("TaskRoleArns", "none"),
    ]);
    let expected = Limits {
        min_desired_count: 2,
        startup_grace: Duration::from_secs(3),
        alarm_settle: Duration::from_secs(4),
        redeploy_cooldown: Duration::from_secs(5),
        max_unhealthy_percent: 6,
        unhealthy_for: Duration::from_secs(7),
        healing_budget_per_hour: 8,
        storm_cooldown: Duration::from_secs(9),
        rollout_timeout: Duration::from_secs(10),
        loop_deaths: 11,
        rollback: true,
    };
    assert_eq!(limits, expected);
}

#[test]
fn the_webhook_reaches_both_functions() {
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1B2c3";
    let parameter = "arn:aws:ssm:us-east-1:123456789012:parameter/slack";
    for (name, text, webhook) in [
        ("SlackWebhookSecretArn", secret, Webhook::Secret(secret.to_owned())),
        ("SlackWebhookParameterArn", parameter, Webhook::Parameter(parameter.to_owned())),
    ] {
        assert_eq!(people(&[(name, text)]).webhook, Some(webhook));
    }
}
