//! The stack watches itself: nothing is lost without a trace, and somebody is told.

use std::collections::BTreeSet;

use eden_core::metrics::NAMESPACE;
use eden_lab::example::{HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::template::{Resource, Stack};
use eden_tests::rig::example;
use serde_json::{Value, json};

use super::stack;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:prod-eden-dead-letters";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications";

/// A resource's property by its path.
fn at<'a>(resource: &'a Resource, path: &str) -> &'a Value {
    resource.properties.pointer(path).unwrap_or(&Value::Null)
}

fn key(stack: &Stack) -> String {
    stack.resource("EncryptionKey").unwrap().arn.clone().unwrap()
}

/// The alarm of this name, without its environment and application.
fn alarm<'a>(stack: &'a Stack, name: &str) -> &'a Value {
    let name = format!("prod-eden-{name}");
    let mut alarms = stack.of_type("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.find(|(_, alarm)| alarm.reference == name).unwrap();
    &alarm.properties
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

#[test]
fn every_rule_keeps_what_it_cannot_deliver() {
    // Given F29: the rule's dead-letter queue covers delivery.
    let stack = stack();
    let mut rules = BTreeSet::new();
    for (id, rule) in stack.of_type("AWS::Events::Rule") {
        // Then each target retries within a bound and has the queue
        for target in at(rule, "/Targets").as_array().unwrap() {
            assert_eq!(target["DeadLetterConfig"]["Arn"], QUEUE, "{id}");
            for bound in ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"] {
                assert!(target["RetryPolicy"][bound].as_u64().is_some(), "{id} {bound}");
            }
        }
        rules.insert(rule.arn.clone().unwrap());
    }
    // and the queue takes messages of exactly these rules
    let policy = stack.resource("DeadLetterQueuePolicy").unwrap();
    let [statement] = &at(policy, "/PolicyDocument/Statement").as_array().unwrap()[..] else {
        panic!("one statement")
    };
    assert_eq!(statement["Principal"], json!({"Service": "events.amazonaws.com"}));
    assert_eq!(
        (&statement["Action"], &statement["Resource"]),
        (&json!("sqs:SendMessage"), &json!(QUEUE))
    );
    let sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"].as_array().unwrap();
    let sources: BTreeSet<_> = sources.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    assert_eq!(sources, rules);
}

#[test]
fn what_a_function_fails_at_for_good_is_kept() {
    // Given F29: only the function's destination covers failures of the handler.
    let stack = stack();
    for (id, function) in stack.of_type("AWS::Serverless::Function") {
        let on_failure = at(function, "/EventInvokeConfig/DestinationConfig/OnFailure");
        assert_eq!(on_failure, &json!({"Type": "SQS", "Destination": QUEUE}), "{id}");
        assert_eq!(at(function, "/EventInvokeConfig/MaximumRetryAttempts"), 2, "{id}");
    }
    // Then Lambda may put it there in the function's name, encrypted
    for name in [IP_UPDATER, HEALTH_MONITOR] {
        let mut granted = BTreeSet::new();
        for policy in stack.policies(name).unwrap() {
            for statement in policy["Statement"].as_array().unwrap() {
                let [action, resource] = ["Action", "Resource"].map(|it| statement[it].to_string());
                granted.insert(format!("{action} {resource}"));
            }
        }
        let key = key(&stack);
        for (action, resource) in
            [("sqs:SendMessage", QUEUE), ("kms:GenerateDataKey", &key), ("kms:Decrypt", &key)]
        {
            assert!(granted.contains(&format!("{action:?} {resource:?}")), "{name} {action}");
        }
    }
}

#[test]
fn topic_queue_and_logs_are_encrypted_with_a_key_that_turns() {
    let stack = stack();
    let key = key(&stack);
    for (kind, property) in [
        ("AWS::SNS::Topic", "/KmsMasterKeyId"),
        ("AWS::SQS::Queue", "/KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "/KmsKeyId"),
    ] {
        for (id, resource) in stack.of_type(kind) {
            assert_eq!(at(resource, property), &json!(key), "{id}");
        }
    }
    assert_eq!(at(stack.resource("EncryptionKey").unwrap(), "/EnableKeyRotation"), true);
}

#[test]
fn the_key_may_be_used_by_the_stacks_alarms_rules_and_log_groups() {
    // Given F33: AWS's own key for SNS may not.
    let stack = stack();
    let policy = at(stack.resource("EncryptionKey").unwrap(), "/KeyPolicy/Statement");
    let statement = |service: &str| {
        let mut statements = policy.as_array().unwrap().iter();
        statements.find(|it| it["Principal"]["Service"] == service).unwrap()
    };
    // Then alarms may, this stack's alone
    let alarms = &statement("cloudwatch.amazonaws.com")["Condition"];
    assert_eq!(alarms["StringEquals"]["aws:SourceAccount"], "123456789012");
    let pattern = alarms["ArnLike"]["aws:SourceArn"].as_str().unwrap();
    let prefix = pattern.strip_suffix('*').unwrap();
    for (id, alarm) in stack.of_type("AWS::CloudWatch::Alarm") {
        assert!(alarm.arn.as_ref().unwrap().starts_with(prefix), "{id}");
    }
    // and rules, whatever rule it is, since EventBridge does not say (F34)
    let rules = statement("events.amazonaws.com");
    assert_eq!(rules["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
    assert!(rules.get("Condition").is_none());
    // and log groups, exactly the stack's
    let groups = &statement("logs.us-east-1.amazonaws.com")["Condition"]["ArnEquals"];
    let groups = groups["kms:EncryptionContext:aws:logs:arn"].as_array().unwrap();
    let groups: BTreeSet<_> =
        groups.iter().map(|it| format!("{}:*", it.as_str().unwrap())).collect();
    let own = stack.of_type("AWS::Logs::LogGroup").map(|(_, it)| it.arn.clone().unwrap());
    assert_eq!(groups, own.collect());
}

#[test]
fn everything_that_may_go_wrong_with_eden_itself_rings_an_alarm_that_tells_the_topic() {
    let stack = stack();
    let function =
        |name: &str| json!([{"Name": "FunctionName", "Value": format!("prod-eden-{name}")}]);
    let queue = json!([{"Name": "QueueName", "Value": "prod-eden-dead-letters"}]);
    let eden = json!([
        {"Name": "Environment", "Value": "prod"},
        {"Name": "Service", "Value": SERVICE},
    ]);
    let expected = [
        ("ip-updater-errors", "AWS/Lambda", "Errors", function("ip-updater")),
        ("ip-updater-throttles", "AWS/Lambda", "Throttles", function("ip-updater")),
        ("health-monitor-errors", "AWS/Lambda", "Errors", function("health-monitor")),
        ("health-monitor-throttles", "AWS/Lambda", "Throttles", function("health-monitor")),
        ("health-monitor-silent", "AWS/Lambda", "Invocations", function("health-monitor")),
        ("dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        ("facts-unknown", NAMESPACE, "FactsUnknown", eden.clone()),
        ("needs-human", NAMESPACE, "NeedsHuman", eden.clone()),
        ("healing-paused", NAMESPACE, "HealingPaused", eden),
    ];
    assert_eq!(
        stack.of_type("AWS::CloudWatch::Alarm").count(),
        expected.len() + 2,
        "and the API's two"
    );
    for (name, namespace, metric, dimensions) in expected {
        let alarm = alarm(&stack, name);
        assert_eq!(
            (&alarm["Namespace"], &alarm["MetricName"]),
            (&json!(namespace), &json!(metric))
        );
        assert_eq!(alarm["Dimensions"], dimensions, "{name}");
        assert_eq!(alarm["AlarmActions"], json!([TOPIC]), "{name}");
        // No news is bad news of the one that must run, and good news of all others.
        let silent = name == "health-monitor-silent";
        assert_eq!(alarm["TreatMissingData"], if silent { "breaching" } else { "notBreaching" });
        let comparison = if silent { "LessThan" } else { "GreaterThanOrEqualTo" };
        assert_eq!(alarm["ComparisonOperator"], format!("{comparison}Threshold"), "{name}");
    }
}

/// Rates of the schedule in so many seconds.
const RATES: [(&str, u64); 3] =
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(480 minutes)", 28_800)];

/// For how many seconds the alarm looks back when the schedule has this rate.
fn looks_back(stack: &Stack, name: &str) -> u64 {
    let alarm = alarm(stack, name);
    let looks_back = number(&alarm["Period"]) * number(&alarm["EvaluationPeriods"]);
    assert!(looks_back <= 86_400, "{name} (F35)");
    looks_back
}

#[test]
fn health_monitor_is_missed_after_three_times_its_rate() {
    for (rate, seconds) in RATES {
        let stack = example().parameter("ScheduleRate", &rate).stack("https://a.example").unwrap();
        assert_eq!(looks_back(&stack, "health-monitor-silent"), 3 * seconds, "{rate}");
    }
}

#[test]
fn the_call_for_a_human_does_not_fall_silent_between_two_checks() {
    for (rate, seconds) in RATES {
        let stack = example().parameter("ScheduleRate", &rate).stack("https://a.example").unwrap();
        assert_eq!(looks_back(&stack, "needs-human"), 3 * seconds, "{rate}");
        // One check that found it is enough to go on ringing
        assert_eq!(number(&alarm(&stack, "needs-human")["DatapointsToAlarm"]), 1, "{rate}");
    }
}

/// A review found: healing that somebody switched off by a tag had neither a metric nor an alarm.
#[test]
fn a_pause_that_somebody_forgot_rings_after_a_day_and_one_check_with_healing_on_is_enough_not_to() {
    for (rate, seconds) in RATES {
        let stack = example().parameter("ScheduleRate", &rate).stack("https://a.example").unwrap();
        assert_eq!(looks_back(&stack, "healing-paused"), 86_400, "{rate}");
        let alarm = alarm(&stack, "healing-paused");
        // Each period has a check, at any rate, and in each of them all checks found a pause
        assert!(number(&alarm["Period"]) > seconds, "{rate}");
        assert_eq!((&alarm["Statistic"], number(&alarm["Threshold"])), (&json!("Minimum"), 1));
        assert!(alarm.get("DatapointsToAlarm").is_none(), "all of them");
    }
}
