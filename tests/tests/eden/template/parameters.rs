//! Parameters: what cannot be right is refused, with a sentence that says what is expected.

use eden_lab::example::{Example, HEALTH_MONITOR, IP_UPDATER};
use eden_tests::rig::example;

const URL: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod";

/// What CloudFormation says to one parameter; none if it takes it.
fn refusal(name: &str, value: &str) -> Option<String> {
    refusal_of(&[(name, value)])
}

fn refusal_of(parameters: &[(&str, &str)]) -> Option<String> {
    let set = |example: Example, (name, value): &(&str, &str)| example.parameter(name, value);
    let deployed = parameters.iter().fold(example(), set).stack(URL);
    deployed.err().map(|error| error.to_string())
}

/// What each parameter refuses, and what it says that it expects.
const REFUSED: &[(&str, &[&str], &str)] = &[
    (
        "APIGatewayId",
        &["", "A1B2C3D4E5", "https://a1b2c3d4e5", "a1b2 c3d4"],
        "must be the id of an API",
    ),
    (
        "APIGatewayIntegrationId",
        &[
            "abc1234, def5678",
            "a,b,c,d,e",
            "abc-1234",
            "abc123:any",
            "abc123:TRACE",
            "abc123:ANY,def456",
        ],
        "must be one to four integration",
    ),
    (
        "APIGatewayURL",
        &["", "api.example.com", "https://", "ftp://a.b", "https://a b"],
        "must be a URL like",
    ),
    ("NotificationEmail", &["ops", "ops@example", "@a.b", "a@b.", "a b@c.d"], "must be an e-mail"),
    (
        "SlackWebhookSecretArn",
        &[
            "https://hooks.slack.com/services/x",
            "arn:aws:ssm:us-east-1:123456789012:parameter/slack",
            // Not the whole ARN: no policy would match what Secrets Manager asks for.
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack",
        ],
        "must be the whole ARN of a secret",
    ),
    (
        "SlackWebhookParameterArn",
        &[
            "https://hooks.slack.com/services/x",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1B2c3",
            "arn:aws:ssm:us-east-1:123456789012:document/slack",
            "arn:aws:s3:::bucket",
        ],
        "must be the ARN of a parameter in SSM",
    ),
    ("Environment", &["", "Prod", "1st", "of-too-many-letters"], "must be 1 to 15 small letters"),
    ("AppName", &["", "Eden", "eden_1"], "must be 1 to 20 small letters"),
    ("ECSCluster", &["arn:aws:ecs:us-east-1:1:cluster/c", "a b"], "must be a cluster's name"),
    ("ECSService", &["cluster/service", "a.b"], "must be a service's name"),
    ("BackendPort", &["0", "65536", "http"], "must be a port from 1 to 65535"),
    ("ApiType", &["", "http", "WEBSOCKET"], "must be HTTP or REST"),
    ("APIGatewayName", &["a\"b", "a\\b", "caf\u{e9}"], "must be the API's name"),
    ("APIGatewayStage", &["prod, test", "$other", "prod,"], "must be names of stages"),
    ("RouteVia", &["", "stage-variable:", "stage-variable:a-b"], "must be integration, or"),
    ("ReadinessProbe", &["", "true", "On"], "must be on or off"),
    ("Parking", &["", "true", "On"], "must be on or off"),
    (
        "HealthCheckPath",
        &["health", "/a b", "/#top", "/{x}", "/\u{e4}"],
        "must be a path like /health",
    ),
    ("HealthCheckHost", &["https://a", "a/b", "a b", "a:port"], "must be a host name"),
    ("IPv6Targets", &["", "true", "On"], "must be on or off"),
    ("HealthCheckStatus", &["", "2xx", "99", "600", "200-"], "must be an HTTP status"),
    ("HealthCheckTimeoutSeconds", &["0", "11"], "must be a number of seconds from 1 to 10"),
    ("HealthCheckAttempts", &["0", "6"], "must be a number from 1 to 5"),
    ("ReadyWithinSeconds", &["-1", "46"], "must be a number of seconds from 0 to 45"),
    (
        "MaintenanceUrl",
        &["status.example.com", "https://", "https://a/#b", "https://a/{b}", "https://a/ b"],
        "must be a URL like https://status.example.com/page",
    ),
    ("MaintenanceAfterSeconds", &["-1", "3601"], "must be a number of seconds from 0 to 3600"),
    ("HealingMode", &["", "On", "true", "paused"], "must be on, observe or off"),
    (
        "ScheduleRate",
        &[
            "5 minutes",
            "rate(5)",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(481 minutes)",
            "rate(1 hour)",
            "rate(1 day)",
            "cron(0 * * * ? *)",
        ],
        "must be a rate of 1 to 480 minutes",
    ),
    ("HealthAlarmSharePercent", &["-1", "101", "5%"], "must be a percentage from 0 to 100"),
    ("HealthAlarmMinRequests", &["0", "1000001"], "must be a number of requests from 1 to"),
    ("ReservedConcurrency", &["-1", "101"], "must be a number of runs from 0 to 100"),
    ("MinDesiredCount", &["-1", "5001", "one"], "must be a number of tasks from 0 to 5000"),
    ("StartupGraceSeconds", &["-1", "86401"], "must be a number of seconds from 0 to 86400"),
    ("AlarmSettleSeconds", &["-1", "86401"], "must be a number of seconds from 0 to 86400"),
    ("RedeployCooldownSeconds", &["-1", "1 h"], "must be a number of seconds from 0 to 86400"),
    ("MaxUnhealthyPercent", &["-1", "101", "50%"], "must be a percentage from 0 to 100"),
    ("UnhealthyForSeconds", &["-1", "3601"], "must be a number of seconds from 0 to 3600"),
    ("HealingBudgetPerHour", &["-1", "101"], "must be a number of remedies from 0 to 100"),
    ("StormCooldownSeconds", &["-1", "86401"], "must be a number of seconds from 0 to 86400"),
    ("RolloutTimeoutSeconds", &["-1", "86401"], "must be a number of seconds from 0 to 86400"),
    ("CrashLoopDeaths", &["1", "21"], "must be a number of tasks from 2 to 20"),
    ("Rollback", &["", "On", "true"], "must be on or off"),
    (
        "TaskRoleArns",
        &[
            "app",
            "arn:aws:iam::123456789012:user/app",
            "arn:aws:iam::123456789012:role/app, arn:aws:iam::123456789012:role/execution",
            "none,arn:aws:iam::123456789012:role/app",
        ],
        "must be one to four ARNs of roles",
    ),
    ("LogLevel", &["", "INFO", "verbose"], "must be error, warn, info, debug or trace"),
    ("LogRetentionDays", &["1", "91"], "must be 7, 14, 30, 60, 90, 180 or 365 days"),
    ("Architecture", &["x64", "ARM64"], "must be x86_64 or arm64"),
];

#[test]
fn what_cannot_be_right_is_refused_with_what_is_expected() {
    for (name, values, expected) in REFUSED {
        for value in *values {
            let refusal = refusal(name, value);
            let refusal = refusal.unwrap_or_else(|| panic!("{name} takes {value:?}"));
            assert!(refusal.contains(name) && refusal.contains(expected), "{value:?}: {refusal}");
        }
    }
}

#[test]
fn what_can_be_right_is_taken() {
    for (name, values) in [
        ("APIGatewayIntegrationId", &["abc1234", "a1,b2,c3,d4", "abc123:ANY,def456:OPTIONS"][..]),
        ("APIGatewayStage", &["", "$default", "prod,$default,a_b-1"]),
        ("HealthCheckPath", &["", "/", "/health?deep=1&x=%7By%7D"]),
        ("HealthCheckHost", &["", "api.example.com", "203.0.113.7:8000"]),
        ("HealthCheckStatus", &["204", "200-499"]),
        ("MaintenanceUrl", &["", "http://status.example.com:8080", "https://a.b/c?d=%20"]),
        ("APIGatewayURL", &["http://127.0.0.1:4566/x?y", "https://api.example.com", URL]),
        ("NotificationEmail", &["", "first.last+eden@mail.example.co.uk"]),
        (
            "SlackWebhookSecretArn",
            &["", "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack/eden-a1B2c3"],
        ),
        (
            "SlackWebhookParameterArn",
            &["", "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/slack/eden"],
        ),
        ("AppName", &["aws-shop", "a", "laws"]),
        ("Environment", &["dev", "eu-prod-2"]),
        ("ECSCluster", &["", "Main_Cluster-1"]),
        ("BackendPort", &["1", "65535"]),
        ("HealingMode", &["on", "observe", "off"]),
        ("ScheduleRate", &["rate(1 minute)", "rate(99 minutes)", "rate(480 minutes)"]),
        ("MinDesiredCount", &["0", "3"]),
        ("UnhealthyForSeconds", &["0", "3600"]),
        ("HealingBudgetPerHour", &["0", "100"]),
        ("CrashLoopDeaths", &["2", "20"]),
        (
            "TaskRoleArns",
            &[
                "",
                "none",
                "arn:aws:iam::123456789012:role/a_b+c=d.e@f-g",
                "arn:aws:iam::123456789012:role/path/app,arn:aws:iam::123456789012:role/execution",
            ],
        ),
    ] {
        for value in values {
            assert_eq!(refusal(name, value), None, "{name} {value:?}");
        }
    }
}

/// A stage variable with its stage.
const STAGE_VARIABLE: [(&str, &str); 2] =
    [("RouteVia", "stage-variable:backend"), ("APIGatewayStage", "prod")];

#[test]
fn parameters_that_do_not_go_together_are_refused_with_a_sentence() {
    let maintenance = ("MaintenanceUrl", "https://status.example.com");
    for (parameters, expected) in [
        (&[("APIGatewayIntegrationId", "")][..], "APIGatewayIntegrationId must name"),
        (&[("AppName", "aws")], "AppName must not be aws: Eden's tags begin with it"),
        (
            &[("ApiType", "REST"), ("APIGatewayStage", "prod")],
            "APIGatewayName must be the name of the API",
        ),
        (
            &[("ApiType", "REST"), ("APIGatewayName", "shop")],
            "APIGatewayStage must name the stages to deploy",
        ),
        (&[("Rollback", "on")], "TaskRoleArns must name the roles"),
        (
            &[
                (
                    "SlackWebhookSecretArn",
                    "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1B2c3",
                ),
                ("SlackWebhookParameterArn", "arn:aws:ssm:us-east-1:123456789012:parameter/slack"),
            ],
            "Only one of SlackWebhookSecretArn",
        ),
        (&STAGE_VARIABLE[..1], "APIGatewayStage must be the name of the variable's stage"),
        (
            &[STAGE_VARIABLE[0], STAGE_VARIABLE[1], maintenance],
            "MaintenanceUrl needs RouteVia=integration",
        ),
    ] {
        let refusal = refusal_of(parameters).unwrap_or_else(|| panic!("taken: {parameters:?}"));
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn parameters_that_go_together_are_taken() {
    let [via, stage] = STAGE_VARIABLE;
    for parameters in [
        &[("ApiType", "REST"), ("APIGatewayName", "shop (v1)"), stage][..],
        &[via, stage, ("APIGatewayIntegrationId", "")],
        &[via, stage, ("ApiType", "REST"), ("APIGatewayName", "shop")],
        &[("MaintenanceUrl", "https://status.example.com"), ("APIGatewayStage", "prod,test")],
        &[("Rollback", "on"), ("TaskRoleArns", "none")],
        &[("Rollback", "on"), ("TaskRoleArns", "arn:aws:iam::123456789012:role/app")],
    ] {
        assert_eq!(refusal_of(parameters), None, "{parameters:?}");
    }
}

#[test]
fn both_functions_get_the_healing_mode() {
    let mode = |parameters: &[&str]| {
        let example =
            parameters.iter().fold(example(), |it, mode| it.parameter("HealingMode", mode));
        let stack = example.stack(URL).unwrap();
        [IP_UPDATER, HEALTH_MONITOR]
            .map(|name| stack.function(name).unwrap().environment["HEALING_MODE"].clone())
    };
    assert_eq!(mode(&[]), ["on", "on"]);
    assert_eq!(mode(&["observe"]), ["observe", "observe"]);
}
