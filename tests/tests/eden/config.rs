//! The environment: defaults, and errors that name every bad variable at once.

use std::time::Duration;

use eden_core::config::{
    ApiType, ConfigError, HealthMonitorConfig, IpUpdaterConfig, Probe, Via, Webhook,
};
use eden_core::tags;
use eden_policy::{Maintenance, Routing};

type Variables<'a> = &'a [(&'a str, &'a str)];

/// All that the document which Eden came from gives ip-updater.
const UPDATER: Variables<'_> = &[
    ("API_GATEWAY_ID", "a1b2c3d4e5"),
    ("INTEGRATION_ID", "int1234"),
    ("ECS_CLUSTER", "prod-eden-cluster"),
    ("ECS_SERVICE", "prod-eden-service"),
    ("BACKEND_PORT", "8000"),
];

/// What it gives health-monitor, but for `SNS_TOPIC_ARN`, which it calls optional.
const MONITOR: Variables<'_> = &[
    ("ECS_CLUSTER", "prod-eden-cluster"),
    ("ECS_SERVICE", "prod-eden-service"),
    ("API_GATEWAY_URL", "https://api.example.com/prod"),
];

/// The variables with some set otherwise; the last one of a name counts.
fn with<'a>(base: Variables<'a>, changes: Variables<'a>) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let all = base.iter().chain(changes).rev();
        all.clone().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }
}

fn updater(changes: Variables<'_>) -> Result<IpUpdaterConfig, ConfigError> {
    IpUpdaterConfig::read(with(UPDATER, changes))
}

/// The complaint about one variable that is set otherwise.
fn complaint(variable: &str, value: &str) -> String {
    let variables = [(variable, value)];
    let error = updater(&variables).expect_err(value);
    assert_eq!(error.problems.len(), 1, "{error}");
    error.to_string()
}

fn monitor(changes: Variables<'_>) -> Result<HealthMonitorConfig, ConfigError> {
    HealthMonitorConfig::read(with(MONITOR, changes))
}

#[test]
fn what_may_be_left_out_has_its_default() {
    let updater = updater(&[]).unwrap();
    assert_eq!(updater.gateway.api_type, ApiType::Http);
    assert_eq!(updater.gateway.via, Via::Integrations(vec!["int1234".to_owned()]));
    assert!(updater.gateway.stages.is_empty());
    assert_eq!(updater.gateway.backend_port, 8000);
    assert_eq!(
        updater.gateway.routing,
        Routing { probing: true, maintenance: None, parking: true }
    );
    let timeout = Duration::from_secs(2);
    let probe = Probe { path: None, host: None, status: 200..=399, timeout, attempts: 2 };
    assert!(!updater.gateway.ipv6_targets);
    assert_eq!(updater.gateway.probe, probe);
    assert_eq!(updater.gateway.ready_within, Duration::from_secs(40));
    assert_eq!(updater.target.environment, "prod");
    assert_eq!(updater.target.app_name, "eden");
    assert_eq!(updater.people.api_gateway_url, "a1b2c3d4e5", "all that its mails can show");
    let monitor = monitor(&[]).unwrap();
    assert_eq!(monitor.gateway, None);
    assert_eq!(monitor.people.topic_arn, None);
    assert_eq!(monitor.people.webhook, None);
    assert_eq!(monitor.alarm_name, "prod-eden-api-health-alarm");
    assert_eq!(monitor.error_alarm_name, "prod-eden-api-error-alarm");
    assert_eq!(monitor.limits, eden_policy::Limits::default());
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let error = IpUpdaterConfig::read(|_| None).unwrap_err();
    let missing: Vec<_> = error.problems.iter().map(|problem| problem.variable).collect();
    assert_eq!(missing, ["ECS_CLUSTER", "ECS_SERVICE", "API_GATEWAY_ID", "INTEGRATION_ID"]);
    let text = error.to_string();
    assert!(missing.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn every_malformed_variable_is_named_with_its_value_and_what_is_accepted() {
    let error = monitor(&[
        ("API_GATEWAY_URL", "api.example.com"),
        ("SNS_TOPIC_ARN", "my-topic"),
        ("MIN_DESIRED_COUNT", "-1"),
        ("STARTUP_GRACE_SECONDS", "2 minutes"),
        ("MAX_UNHEALTHY_PERCENT", "101"),
        ("LOG_LEVEL", "loud"),
    ])
    .unwrap_err();
    let text = error.to_string();
    for part in [
        r#"API_GATEWAY_URL="api.example.com" is not a URL beginning with https:// or http://"#,
        r#"SNS_TOPIC_ARN="my-topic" is not the ARN of an SNS topic"#,
        r#"MIN_DESIRED_COUNT="-1" is not a whole number from 0"#,
        r#"STARTUP_GRACE_SECONDS="2 minutes" is not whole seconds, 0 to 86400"#,
        r#"MAX_UNHEALTHY_PERCENT="101" is not a whole number from 0 to 100"#,
        r#"LOG_LEVEL="loud" is not one of"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(error.problems.len(), 6);
}

#[test]
fn several_integrations_are_accepted_and_a_repeated_one_counts_once() {
    for (api_type, list, expected) in [
        ("HTTP", "abc1234, def5678,abc1234", ["abc1234", "def5678"]),
        ("REST", "abc123:ANY, def456:GET,abc123:ANY", ["abc123:ANY", "def456:GET"]),
    ] {
        let variables = [("API_TYPE", api_type), ("INTEGRATION_ID", list), ("STAGE_NAME", "prod")];
        let via = updater(&variables).unwrap().gateway.via;
        assert_eq!(via, Via::Integrations(expected.map(str::to_owned).into()), "{api_type}");
    }
}

#[test]
fn integrations_in_the_form_of_the_other_kind_of_api_are_refused_naming_both() {
    for (api_type, bad) in [
        ("HTTP", &["abc123:ANY", "abc,,def", "a b", "http://x", ","][..]),
        ("REST", &["abc1234", "abc123:", ":ANY", "abc123:any", "abc123:TRACE", "a:ANY,b"]),
    ] {
        for bad in bad {
            let variables = [("API_TYPE", api_type), ("INTEGRATION_ID", *bad)];
            let text = updater(&variables).expect_err(bad).to_string();
            for part in ["INTEGRATION_ID", "abc1234", "RESOURCE_ID:METHOD", "API_TYPE="] {
                assert!(text.contains(part), "{text}");
            }
        }
    }
}

/// Source: AWS, "HTTP integrations for REST APIs" (setup-http-integrations), names the ports.
#[test]
fn a_rest_api_needs_its_stages_and_takes_only_some_ports() {
    let rest = [("API_TYPE", "REST"), ("INTEGRATION_ID", "res1:ANY"), ("STAGE_NAME", "prod")];
    let text = updater(&rest[..2]).unwrap_err().to_string();
    assert!(text.contains("STAGE_NAME is not set: it needs the names of the REST API's"), "{text}");
    for (port, taken) in
        [("80", true), ("443", true), ("1024", true), ("81", false), ("1023", false)]
    {
        let port = [("BACKEND_PORT", port)];
        assert!(updater(&port).is_ok(), "an HTTP API takes {port:?}");
        let read = updater(&[&rest[..], &port].concat());
        assert_eq!(read.is_ok(), taken, "{port:?}");
        if let Err(error) = read {
            let text = error.to_string();
            assert!(text.contains("BACKEND_PORT") && text.contains("80, 443, or one"), "{text}");
        }
    }
}

#[test]
fn values_out_of_bounds_are_refused_with_what_is_accepted() {
    for (variable, expected, bad) in [
        ("API_TYPE", "one of HTTP and REST", &["http", "WEBSOCKET"][..]),
        ("BACKEND_PORT", "1 to 65535", &["0", "65536", "-1", "http", "80.0"]),
        ("STAGE_NAME", "one stage's name or several", &["prod,", "a b", "$other"]),
        (
            "ROUTE_VIA",
            "integration or stage-variable:NAME",
            &["stage-variable:", "x", "stage-variable:a-b"],
        ),
        ("READINESS_PROBE", "one of on and off", &["ON", "true"]),
        ("PARKING", "one of on and off", &["ON", "true"]),
        ("HEALTH_CHECK_PATH", "a path beginning with /", &["health", "/a b", "/#top", "/\u{e4}"]),
        ("HEALTH_CHECK_HOST", "a host name", &["https://a", "a/b", "a b", "a:0", ":80", "\u{e4}"]),
        ("IPV6_TARGETS", "one of on and off", &["ON", "true"]),
        ("HEALTH_CHECK_STATUS", "100 to 599", &["99", "600", "300-200", "200-", "2xx", "200-600"]),
        ("HEALTH_CHECK_TIMEOUT_SECONDS", "1 to 10", &["0", "11", "1.5"]),
        ("HEALTH_CHECK_ATTEMPTS", "1 to 5", &["0", "6", "two"]),
        ("READY_WITHIN_SECONDS", "0 to 45", &["46", "-1"]),
        ("MAINTENANCE_AFTER_SECONDS", "0 to 3600", &["3601", "1m"]),
        (
            "MAINTENANCE_URL",
            "https://status.example.com/page",
            &[
                "example.com",
                "https://",
                "https://:80/",
                "https://a/#b",
                "https://a/{b}",
                "ftp://a",
            ],
        ),
    ] {
        for bad in bad {
            let text = complaint(variable, bad);
            assert!(text.contains(variable) && text.contains(expected), "{text}");
        }
    }
}

#[test]
fn limits_out_of_bounds_are_refused_with_what_is_accepted() {
    for (variable, expected, bad) in [
        ("UNHEALTHY_FOR_SECONDS", "whole seconds", &["-1", "1m", "86401"][..]),
        ("HEALING_BUDGET_PER_HOUR", "a whole number from 0", &["-1", "six", "1.5"]),
        ("STORM_COOLDOWN_SECONDS", "whole seconds", &["-1", "86401"]),
        ("ROLLOUT_TIMEOUT_SECONDS", "whole seconds", &["-1", "half an hour"]),
        ("CRASH_LOOP_DEATHS", "2 to 20", &["0", "1", "21", "three"]),
        ("ROLLBACK", "one of on and off", &["ON", "true", "yes"]),
    ] {
        for bad in bad {
            let error = monitor(&[(variable, bad)]).expect_err(bad);
            let text = error.to_string();
            assert_eq!(error.problems.len(), 1, "{text}");
            assert!(text.contains(variable) && text.contains(expected), "{text}");
        }
    }
}

#[test]
fn a_webhook_is_a_url_or_the_arn_of_what_holds_one() {
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack/eden-a1B2c3";
    let parameter = "arn:aws:ssm:us-east-1:123456789012:parameter/slack/eden";
    let url = "https://hooks.slack.com/services/T0/B0/x";
    for (text, webhook) in [
        (url, Webhook::Url(url.to_owned())),
        (secret, Webhook::Secret(secret.to_owned())),
        (parameter, Webhook::Parameter(parameter.to_owned())),
    ] {
        let variables = [("SLACK_WEBHOOK_URL", text)];
        assert_eq!(updater(&variables).unwrap().people.webhook, Some(webhook.clone()), "{text}");
        assert_eq!(monitor(&variables).unwrap().people.webhook, Some(webhook), "{text}");
    }
}

#[test]
fn what_is_no_webhook_is_refused() {
    for bad in [
        "hooks.slack.com/services/T0/B0/x",
        "http://hooks.slack.com/services/T0/B0/x",
        "https://",
        "https://hooks.slack.com/a b",
        "arn:aws:s3:::bucket",
        "arn:aws:sns:us-east-1:123456789012:topic",
        "arn:aws:ssm:us-east-1",
    ] {
        let text = complaint("SLACK_WEBHOOK_URL", bad);
        assert!(text.contains("an https:// URL, or the ARN of a secret"), "{text}");
    }
}

/// A review found a webhook's URL in the log: CloudFormation passes on what the parameter's pattern lets
/// through, and the log is read by more people than may post.
#[test]
fn a_bad_value_that_may_be_a_secret_is_not_shown() {
    for bad in ["hooks.slack.com/services/T0/B0/hush", "http://hooks.slack.com/services/hush"] {
        let text = complaint("SLACK_WEBHOOK_URL", bad);
        assert!(text.contains("SLACK_WEBHOOK_URL, whose value is not shown, is not"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
    let error = updater(&[("SLACK_WEBHOOK_URL", "hush")]).unwrap_err();
    assert!(!format!("{error:?}").contains("hush"), "nor when it is printed in full");
    // Nor a password in any other URL
    let text = complaint("MAINTENANCE_URL", "https://me:hush@status.example.com/#top");
    assert!(text.contains("MAINTENANCE_URL") && !text.contains("hush"), "{text}");
    // What is no secret is
    assert!(complaint("MAINTENANCE_URL", "status.example.com").contains("status.example.com"));
}

/// A review found it accepted: AWS keeps tags whose keys begin with `aws:`, in any case.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
#[test]
fn an_application_is_not_called_aws() {
    for bad in ["aws", "AWS"] {
        let text = complaint("APP_NAME", bad);
        assert!(text.contains("AWS keeps aws: for its own"), "{text}");
    }
    assert_eq!(updater(&[("APP_NAME", "aws-shop")]).unwrap().target.app_name, "aws-shop");
}

#[test]
fn the_settings_may_be_logged_without_giving_the_webhook_away() {
    let variables = [("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/hush")];
    let config = monitor(&variables).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn the_settings_of_the_route_are_read() {
    let gateway = updater(&[
        ("STAGE_NAME", "prod, $default"),
        ("READINESS_PROBE", "off"),
        ("PARKING", "off"),
        ("HEALTH_CHECK_PATH", "/health?deep=1"),
        ("HEALTH_CHECK_STATUS", "204"),
        ("HEALTH_CHECK_TIMEOUT_SECONDS", "10"),
        ("HEALTH_CHECK_ATTEMPTS", "5"),
        ("READY_WITHIN_SECONDS", "0"),
        ("MAINTENANCE_URL", "https://status.example.com/sorry?lang=en"),
        ("MAINTENANCE_AFTER_SECONDS", "0"),
        ("BACKEND_PORT", "65535"),
    ])
    .unwrap()
    .gateway;
    assert_eq!(gateway.stages, ["prod", "$default"]);
    let url = "https://status.example.com/sorry?lang=en".to_owned();
    let maintenance = Some(Maintenance { url, after: Duration::ZERO });
    assert_eq!(gateway.routing, Routing { probing: false, maintenance, parking: false });
    let path = Some("/health?deep=1".to_owned());
    let timeout = Duration::from_secs(10);
    assert_eq!(gateway.probe, Probe { path, host: None, status: 204..=204, timeout, attempts: 5 });
    assert_eq!(gateway.ready_within, Duration::ZERO);
    assert_eq!(gateway.backend_port, 65535);
}

#[test]
fn a_stage_variable_needs_its_stage_and_no_integration() {
    let variable = ("ROUTE_VIA", "stage-variable:backend_1");
    let config = updater(&[variable, ("STAGE_NAME", "prod"), ("INTEGRATION_ID", "")]).unwrap();
    let via = Via::StageVariable { stage: "prod".to_owned(), name: "backend_1".to_owned() };
    assert_eq!(config.gateway.via, via);
    // Without a stage, or with several, it says so
    for variables in [&[variable][..], &[variable, ("STAGE_NAME", "prod,test")]] {
        let error = updater(variables).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        assert_eq!(error.problems[0].variable, "STAGE_NAME");
        assert!(error.to_string().contains("the one stage that ROUTE_VIA"), "{error}");
    }
}

#[test]
fn a_maintenance_page_does_not_go_with_a_stage_variable() {
    let text = updater(&[
        ("ROUTE_VIA", "stage-variable:backend"),
        ("STAGE_NAME", "prod"),
        ("MAINTENANCE_URL", "https://status.example.com"),
    ])
    .unwrap_err()
    .to_string();
    assert!(text.contains("MAINTENANCE_URL") && text.contains("ROUTE_VIA=integration"), "{text}");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let config = monitor(&[("SNS_TOPIC_ARN", ""), ("MIN_DESIRED_COUNT", " ")]).unwrap();
    assert_eq!(config.people.topic_arn, None);
    assert_eq!(config.limits.min_desired_count, 1);
    assert!(updater(&[("ECS_CLUSTER", "")]).is_err());
}

#[test]
fn half_a_gateway_is_refused() {
    let error = monitor(&[("API_GATEWAY_ID", "a1b2c3d4e5")]).unwrap_err();
    assert_eq!(error.problems.len(), 1);
    assert_eq!(error.problems[0].variable, "INTEGRATION_ID");
    let error = monitor(&[("ROUTE_VIA", "integration")]).unwrap_err();
    let missing: Vec<_> = error.problems.iter().map(|problem| problem.variable).collect();
    assert_eq!(missing, ["API_GATEWAY_ID", "INTEGRATION_ID"]);
}

#[test]
fn the_settings_of_health_monitor_are_read() {
    let config = monitor(&[
        ("API_GATEWAY_ID", "a1b2c3d4e5"),
        ("INTEGRATION_ID", "int1234"),
        ("SNS_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:topic"),
        ("ENVIRONMENT", "dev"),
        ("APP_NAME", "shop"),
        ("MIN_DESIRED_COUNT", "0"),
        ("STARTUP_GRACE_SECONDS", "1"),
        ("ALARM_SETTLE_SECONDS", "2"),
        ("REDEPLOY_COOLDOWN_SECONDS", "3"),
        ("MAX_UNHEALTHY_PERCENT", "100"),
        ("UNHEALTHY_FOR_SECONDS", "4"),
        ("HEALING_BUDGET_PER_HOUR", "5"),
        ("STORM_COOLDOWN_SECONDS", "6"),
        ("ROLLOUT_TIMEOUT_SECONDS", "7"),
        ("CRASH_LOOP_DEATHS", "8"),
        ("ROLLBACK", "on"),
    ])
    .unwrap();
    assert_eq!(config.alarm_name, "dev-shop-api-health-alarm");
    assert_eq!(config.error_alarm_name, "dev-shop-api-error-alarm");
    let topic = "arn:aws:sns:us-east-1:123456789012:topic";
    assert_eq!(config.people.topic_arn.as_deref(), Some(topic));
    assert_eq!(config.gateway.unwrap().via, Via::Integrations(vec!["int1234".to_owned()]));
    assert_eq!(
        config.limits,
        eden_policy::Limits {
            min_desired_count: 0,
            startup_grace: Duration::from_secs(1),
            alarm_settle: Duration::from_secs(2),
            redeploy_cooldown: Duration::from_secs(3),
            max_unhealthy_percent: 100,
            unhealthy_for: Duration::from_secs(4),
            healing_budget_per_hour: 5,
            storm_cooldown: Duration::from_secs(6),
            rollout_timeout: Duration::from_secs(7),
            loop_deaths: 8,
            rollback: true,
        }
    );
}

#[test]
fn a_service_may_be_given_by_its_arn() {
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/prod-eden-cluster/prod-eden-service";
    let variables = [("ECS_SERVICE", arn)];
    assert_eq!(updater(&variables).unwrap().target.service, "prod-eden-service");
}

#[test]
fn the_tags_are_named_after_the_application() {
    let target = updater(&[("APP_NAME", "shop")]).unwrap().target;
    assert_eq!(target.tag(tags::HEALING), "shop:healing");
    assert_eq!(target.tag(tags::UNSERVED_SINCE), "shop:unserved-since");
    assert_eq!(target.tag(tags::SUSPECT_SINCE), "shop:suspect-since");
}
