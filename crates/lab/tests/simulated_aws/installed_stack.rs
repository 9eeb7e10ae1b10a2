//! What the account shows of a stack that is installed in it, by the real SDK clients: what an
//! operator looks at.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::{LogStream, OrderBy};
use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionConfiguration, InvocationType, LogType, Runtime, State};
use aws_sdk_sqs::types::QueueAttributeName;
use eden_lab::example::{ALARM, API, AUDIT_LOG, Example, HEALTH_MONITOR, IP_UPDATER};
use eden_lab::lambda::{FunctionError, Handler, Lambda, RetryDelays};
use eden_lab::world::FunctionState;
use eden_lab::{Clock, Lab, WorldConfig};
use serde_json::{Value, json};

use crate::support::{MINUTE, start};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications";
const MONITOR_LOG: &str = "/aws/lambda/prod-eden-health-monitor";
const SCHEDULE: &str = "prod-eden-scheduled-health-check";
const TASK_RULE: &str = "prod-eden-ecs-task-state-change";

/// The example's account with its stack; nothing runs the functions.
fn installed() -> Lab {
    let example = Example::new(WorldConfig::new(1, start()));
    let stack = example.stack("https://api.example.com").unwrap();
    let mut world = example.world();
    world.install(&stack);
    Lab::start(world, Clock::starting_at(start()))
}

/// The same with a Lambda service in which each function echoes its event, but for one that says
/// `fail`.
fn running() -> (Lab, Lambda) {
    let lab = installed();
    let lambda = Lambda::new(RetryDelays::aws());
    let echo: Handler = Arc::new(|event, _| {
        Box::pin(async move {
            match event["do"].as_str() {
                Some("fail") => Err(FunctionError::new("Oops", "told to")),
                _ => Ok(json!({ "event": event })),
            }
        })
    });
    for function in [IP_UPDATER, HEALTH_MONITOR] {
        lambda.register(function, MINUTE, Arc::clone(&echo));
    }
    lab.connect(lambda.clone());
    (lab, lambda)
}

fn millis(at: jiff::Timestamp) -> i64 {
    at.as_millisecond()
}

#[tokio::test(start_paused = true)]
async fn a_function_is_configured_as_the_template_says() {
    // given
    let lab = installed();
    let client = aws_sdk_lambda::Client::new(&lab.sdk_config());
    // when
    let read = client.get_function_configuration().function_name(HEALTH_MONITOR);
    let shown = read.clone().send().await.unwrap();
    let whole = client.get_function().function_name(HEALTH_MONITOR).send().await.unwrap();
    // then
    assert_eq!(shown.runtime().map(Runtime::as_str), Some("provided.al2023"));
    assert_eq!((shown.handler(), shown.timeout()), (Some("bootstrap"), Some(300)));
    assert_eq!((shown.memory_size(), shown.state()), (Some(128), Some(&State::Active)));
    assert_eq!(shown.architectures()[0].as_str(), "x86_64");
    assert_eq!(shown.logging_config().and_then(|it| it.log_group()), Some(MONITOR_LOG));
    let variables = shown.environment().and_then(|it| it.variables()).unwrap();
    assert_eq!(variables["API_GATEWAY_ID"], API);
    assert_eq!(variables["SNS_TOPIC_ARN"], TOPIC);
    assert_eq!(whole.configuration().and_then(FunctionConfiguration::timeout), Some(300));
    // when, then: by its ARN it is the same
    let by_arn = client.get_function_configuration().function_name(shown.function_arn().unwrap());
    assert_eq!(by_arn.send().await.unwrap().function_name(), Some(HEALTH_MONITOR));
    // when, then: it changes, and goes
    lab.world().change_function(HEALTH_MONITOR, |it| it.state = FunctionState::Inactive);
    assert_eq!(read.clone().send().await.unwrap().state(), Some(&State::Inactive));
    assert!(lab.world().remove_function(HEALTH_MONITOR));
    let missing = read.send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception(), "{missing:?}");
}

#[tokio::test(start_paused = true)]
async fn a_functions_policy_has_a_statement_for_each_rule_and_without_one_its_events_are_dropped() {
    // given
    let lab = installed();
    let client = aws_sdk_lambda::Client::new(&lab.sdk_config());
    let read = client.get_policy().function_name(HEALTH_MONITOR);
    // when
    let policy = read.clone().send().await.unwrap();
    // then
    let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    let sources: Vec<&str> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().unwrap())
        .collect();
    let arn = |rule| format!("arn:aws:events:us-east-1:123456789012:rule/{rule}");
    assert_eq!(sources, [arn("prod-eden-health-alarm-trigger"), arn(SCHEDULE)]);
    tokio::time::sleep(6 * MINUTE).await;
    let scheduled =
        |lab: &Lab| lab.world().take_deliveries().iter().filter(|it| it.rule == SCHEDULE).count();
    assert_eq!(scheduled(&lab), 1);
    // when
    lab.world().change_function(HEALTH_MONITOR, |it| it.spec.permissions.clear());
    tokio::time::sleep(6 * MINUTE).await;
    // then
    assert_eq!(scheduled(&lab), 0);
    let none = read.send().await.unwrap_err();
    assert_eq!(none.code(), Some("ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn an_invoker_gets_what_the_function_answers_good_or_not() {
    // given
    let (lab, lambda) = running();
    let client = aws_sdk_lambda::Client::new(&lab.sdk_config());
    let invoke = |event: Value| {
        client.invoke().function_name(HEALTH_MONITOR).payload(Blob::new(event.to_string()))
    };
    let payload = |payload: Option<&Blob>| -> Value {
        serde_json::from_slice(payload.unwrap().as_ref()).unwrap()
    };
    // when
    let good = invoke(json!({ "source": "manual-test" })).send().await.unwrap();
    let bad = invoke(json!({ "do": "fail" })).send().await.unwrap();
    // then
    assert_eq!((good.status_code(), good.function_error()), (200, None));
    assert_eq!(payload(good.payload()), json!({ "event": { "source": "manual-test" } }));
    assert_eq!(bad.function_error(), Some("Unhandled"));
    let error = json!({ "errorType": "Oops", "errorMessage": "told to" });
    assert_eq!(payload(bad.payload()), error);
    assert_eq!(lambda.history().len(), 2);
    // when, then: what the lab does not simulate is refused
    for refused in [
        invoke(json!({})).invocation_type(InvocationType::DryRun),
        invoke(json!({})).log_type(LogType::Tail),
        invoke(json!({})).qualifier("1"),
    ] {
        let error = refused.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValueException"));
    }
    // when, then: nothing runs it any more
    lab.disconnect();
    let error = invoke(json!({})).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceConflictException"));
    assert_eq!(lambda.history().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_described_with_its_targets() {
    // given
    let lab = installed();
    let client = aws_sdk_eventbridge::Client::new(&lab.sdk_config());
    // when
    let tasks = client.describe_rule().name(TASK_RULE).send().await.unwrap();
    let schedule = client.describe_rule().name(SCHEDULE).send().await.unwrap();
    let targets = client.list_targets_by_rule().rule(TASK_RULE).send().await.unwrap();
    let audit = client.list_targets_by_rule().rule("prod-eden-action-audit").send().await.unwrap();
    // then
    let pattern: Value = serde_json::from_str(tasks.event_pattern().unwrap()).unwrap();
    assert_eq!(pattern["detail"]["group"], json!(["service:prod-eden-service"]));
    assert_eq!(tasks.state(), Some(&RuleState::Enabled));
    assert_eq!(schedule.schedule_expression(), Some("rate(5 minutes)"));
    let function = "arn:aws:lambda:us-east-1:123456789012:function:prod-eden-ip-updater";
    assert_eq!(targets.targets()[0].arn(), function);
    let group = format!("arn:aws:logs:us-east-1:123456789012:log-group:{AUDIT_LOG}");
    assert_eq!(audit.targets()[0].arn(), group);
    // when, then: it changes, and goes
    lab.world().set_rule_enabled(SCHEDULE, false);
    let disabled = client.describe_rule().name(SCHEDULE).send().await.unwrap();
    assert_eq!(disabled.state(), Some(&RuleState::Disabled));
    lab.world().remove_targets(TASK_RULE);
    let none = client.list_targets_by_rule().rule(TASK_RULE).send().await.unwrap();
    assert!(none.targets().is_empty());
    assert!(lab.world().remove_rule(TASK_RULE));
    let missing = client.describe_rule().name(TASK_RULE).send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception(), "{missing:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_tells_whether_its_actions_are_enabled() {
    // given
    let lab = installed();
    let client = aws_sdk_cloudwatch::Client::new(&lab.sdk_config());
    let enabled = async || {
        let answer = client.describe_alarms().alarm_names(ALARM).send().await.unwrap();
        answer.metric_alarms()[0].actions_enabled()
    };
    // when, then
    assert_eq!(enabled().await, Some(true));
    lab.world().change_alarm(ALARM, |it| it.actions_enabled = false);
    assert_eq!(enabled().await, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_topic_tells_its_subscriptions_confirmed_or_not() {
    // given
    let lab = installed();
    let client = aws_sdk_sns::Client::new(&lab.sdk_config());
    let look = async || {
        let attributes = client.get_topic_attributes().topic_arn(TOPIC).send().await.unwrap();
        let listed = client.list_subscriptions_by_topic().topic_arn(TOPIC).send().await.unwrap();
        let attributes = attributes.attributes().unwrap().clone();
        let subscription = listed.subscriptions()[0].clone();
        assert_eq!(subscription.endpoint(), Some("ops@example.com"));
        (
            attributes["SubscriptionsConfirmed"].clone(),
            attributes["SubscriptionsPending"].clone(),
            subscription.subscription_arn().unwrap().to_owned(),
        )
    };
    // when, then
    let (confirmed, pending, arn) = look().await;
    assert_eq!((confirmed.as_str(), pending.as_str()), ("1", "0"));
    assert!(arn.starts_with(TOPIC), "{arn}");
    // when, then
    assert!(lab.world().set_subscriptions_confirmed(TOPIC, false));
    let (confirmed, pending, arn) = look().await;
    assert_eq!((confirmed.as_str(), pending.as_str()), ("0", "1"));
    assert_eq!(arn, "PendingConfirmation");
    // when, then
    let missing = client.get_topic_attributes().topic_arn("arn:aws:sns:us-east-1:1:none");
    assert_eq!(missing.send().await.unwrap_err().code(), Some("NotFound"));
}

#[tokio::test(start_paused = true)]
async fn log_groups_hold_what_functions_write_and_the_actions() {
    // given a function that ran twice, and an action
    let (lab, lambda) = running();
    for event in [json!({}), json!({ "do": "fail" })] {
        let _ = lambda.invoke(HEALTH_MONITOR, event).await;
        tokio::time::sleep(MINUTE).await;
    }
    let detail = json!({ "environment": "prod", "app": "eden", "function": "ip-updater" });
    let action = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
        .source("eden.autoresiliency")
        .detail_type("Eden Action")
        .detail(detail.to_string());
    let events = aws_sdk_eventbridge::Client::new(&lab.sdk_config());
    events.put_events().entries(action.build()).send().await.unwrap();
    let client = aws_sdk_cloudwatchlogs::Client::new(&lab.sdk_config());
    // when
    let groups = client.describe_log_groups().log_group_name_prefix("/aws/lambda/prod-eden-");
    let groups = groups.send().await.unwrap();
    let streams = client.describe_log_streams().log_group_name(MONITOR_LOG);
    let streams = streams.order_by(OrderBy::LastEventTime).descending(true).send().await.unwrap();
    let filter = |group: &str| client.filter_log_events().log_group_name(group);
    let lines = filter(MONITOR_LOG).send().await.unwrap();
    let audit = filter(AUDIT_LOG).send().await.unwrap();
    // then
    let names: Vec<_> = groups.log_groups().iter().filter_map(|it| it.log_group_name()).collect();
    assert_eq!(names, [MONITOR_LOG, "/aws/lambda/prod-eden-ip-updater"]);
    let last = streams.log_streams().iter().filter_map(LogStream::last_event_timestamp);
    let minutes: Vec<_> = last.map(|at| (at - millis(start())) / 60_000).collect();
    assert_eq!(minutes, [1, 0]);
    let words = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let lines: Vec<_> = lines.events().iter().map(|it| words(it.message().unwrap())).collect();
    assert_eq!(lines, ["START", "END", "REPORT", "START", "END", "REPORT"]);
    let action: Value = serde_json::from_str(audit.events()[0].message().unwrap()).unwrap();
    assert_eq!(action["detail"], detail);
    // when, then: a span of time, in pages
    let since = millis(start() + Duration::from_secs(1));
    let first = filter(MONITOR_LOG).start_time(since).limit(2).send().await.unwrap();
    let second = filter(MONITOR_LOG).start_time(since).limit(2);
    let second = second.next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!((first.events().len(), second.events().len()), (2, 1));
    assert_eq!(second.next_token(), None);
    let before = filter(MONITOR_LOG).end_time(since).send().await.unwrap();
    assert_eq!(before.events().len(), 3);
    // when, then: what the lab does not simulate is refused
    let pattern = filter(MONITOR_LOG).filter_pattern("ERROR").send().await.unwrap_err();
    assert_eq!(pattern.code(), Some("InvalidParameterException"));
    // when, then: it falls silent, and goes
    assert!(lab.world().empty_log_group(MONITOR_LOG));
    assert!(filter(MONITOR_LOG).send().await.unwrap().events().is_empty());
    assert!(lab.world().remove_log_group(MONITOR_LOG));
    let missing = filter(MONITOR_LOG).send().await.unwrap_err();
    assert_eq!(missing.code(), Some("ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_dead_letters_tells_how_many_there_are() {
    // given
    let lab = installed();
    let client = aws_sdk_sqs::Client::new(&lab.sdk_config());
    let url = client.get_queue_url().queue_name("prod-eden-dead-letters").send().await.unwrap();
    let url = url.queue_url().unwrap().to_owned();
    let count = async || {
        let count = QueueAttributeName::ApproximateNumberOfMessages;
        let request = client.get_queue_attributes().queue_url(&url).attribute_names(count.clone());
        request.send().await.unwrap().attributes().unwrap()[&count].clone()
    };
    // when, then
    assert_eq!(url, "https://sqs.us-east-1.amazonaws.com/123456789012/prod-eden-dead-letters");
    assert_eq!(count().await, "0");
    assert!(lab.world().send_message("prod-eden-dead-letters", "{}"));
    assert_eq!(count().await, "1");
    // when, then
    let missing = client.get_queue_url().queue_name("none").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_queue_does_not_exist(), "{missing:?}");
    let unknown = client.get_queue_attributes().queue_url(&url);
    let unknown = unknown.attribute_names(QueueAttributeName::Policy).send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("InvalidAttributeName"));
}

#[tokio::test(start_paused = true)]
async fn a_stack_tells_its_outputs() {
    // given
    let lab = installed();
    let client = aws_sdk_cloudformation::Client::new(&lab.sdk_config());
    // when
    let shown = client.describe_stacks().stack_name("eden-autoresiliency").send().await.unwrap();
    let missing = client.describe_stacks().stack_name("none").send().await.unwrap_err();
    // then
    let outputs = shown.stacks()[0].outputs();
    let output = |key| outputs.iter().find(|it| it.output_key() == Some(key)).unwrap();
    assert_eq!(output("HealthMonitorFunctionName").output_value(), Some(HEALTH_MONITOR));
    let command = output("CheckByHandCommand").output_value().unwrap();
    assert!(command.contains(r#"'{"source":"manual-test"}'"#), "{command}");
    assert_eq!(missing.code(), Some("ValidationError"));
    assert_eq!(missing.message(), Some("Stack with id none does not exist"));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_the_lab_does_not_simulate_is_an_error_naming_it() {
    let config = installed().sdk_config();
    let lambda = aws_sdk_lambda::Client::new(&config).list_functions().send().await.unwrap_err();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config).describe_queries().send().await;
    let sqs = aws_sdk_sqs::Client::new(&config).list_queues().send().await.unwrap_err();
    let cloudformation = aws_sdk_cloudformation::Client::new(&config).list_stacks().send().await;
    for (message, operation) in [
        (lambda.message(), "GET /2015-03-31/functions"),
        (logs.unwrap_err().message(), "DescribeQueries"),
        (sqs.message(), "ListQueues"),
        (cloudformation.unwrap_err().message(), "ListStacks"),
    ] {
        let message = message.unwrap_or_default();
        let expected = format!("The lab does not simulate {operation}");
        assert!(message.starts_with(&expected), "{message} should start with {expected:?}");
    }
}
