//! The metric of the gateway and the alarm on it.

use eden_lab::World;
use eden_lab::math::Expression;
use eden_lab::spec::{AlarmSpec, MetricSpec, Watched};
use eden_lab::world::AlarmState;
use serde_json::Value;

use crate::support::{API, MINUTE, alarm_state, empty_world, pass};

const ALARM: &str = "prod-eden-api-health-alarm";

/// The alarm of the seed document, on the metric that an HTTP API has (F1).
fn spec() -> AlarmSpec {
    AlarmSpec {
        name: ALARM.to_owned(),
        watched: Watched::of_api("5xx", ("ApiId", API)),
        period: MINUTE,
        evaluation_periods: 2,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    }
}

/// A world in which the alarm has been evaluated once, a little into the second period.
fn world_with_alarm(spec: AlarmSpec) -> World {
    let mut world = empty_world(1);
    world.add_alarm(spec);
    let delay = world.timing().metric_delay;
    pass(&mut world, MINUTE + delay);
    world
}

fn state_changes(world: &World) -> Vec<&Value> {
    world
        .events()
        .iter()
        .filter(|event| event["detail-type"] == "CloudWatch Alarm State Change")
        .collect()
}

fn states(world: &World) -> Vec<&str> {
    state_changes(world)
        .into_iter()
        .map(|event| event["detail"]["state"]["value"].as_str().unwrap())
        .collect()
}

#[test]
fn an_alarm_wants_two_periods_with_errors_and_fires_once() {
    // given an alarm that is OK
    let mut world = world_with_alarm(spec());
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Ok);

    // when one period has errors, then it stays OK
    world.record_response(API, 503);
    pass(&mut world, MINUTE);
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Ok);

    // when the next ones have, then it fires, once
    for _ in 0..3 {
        world.record_response(API, 503);
        pass(&mut world, MINUTE);
        assert_eq!(alarm_state(&world, ALARM), AlarmState::Alarm);
    }
    assert_eq!(states(&world), ["OK", "ALARM"]);

    // when a period has none, then it is OK again
    pass(&mut world, MINUTE);
    assert_eq!(states(&world), ["OK", "ALARM", "OK"]);
}

#[test]
fn an_alarm_in_its_first_period_does_not_fire() {
    // given an alarm that wants two periods and has seen none
    let mut world = empty_world(1);
    world.add_alarm(spec());

    // when the first has errors
    world.record_response(API, 503);
    let delay = world.timing().metric_delay;
    pass(&mut world, MINUTE + delay);

    // then it does not fire
    assert_eq!(states(&world), ["OK"]);
}

#[test]
fn an_error_at_the_end_of_a_period_belongs_to_the_next() {
    // given two alarms that see an error at the very beginning of their second period
    let mut one = empty_world(1);
    one.add_alarm(spec());
    let mut two = empty_world(1);
    two.add_alarm(spec());

    // when the first period of only one of them had an error as well
    two.record_response(API, 503);
    for world in [&mut one, &mut two] {
        pass(world, MINUTE);
        world.record_response(API, 503);
        pass(world, 3 * MINUTE / 2);
    }

    // then only that one fires
    assert_eq!(states(&one), ["OK"]);
    assert_eq!(states(&two), ["OK", "ALARM"]);
}

#[test]
fn errors_in_every_other_period_do_not_fire() {
    // given an alarm that wants two periods in a row
    let mut world = world_with_alarm(spec());

    // when every other period has errors
    for period in 0..6 {
        world.record_response(API, if period % 2 == 0 { 500 } else { 200 });
        pass(&mut world, MINUTE);
    }

    // then it never fires
    assert_eq!(states(&world), ["OK"]);
}

#[test]
fn answers_below_500_are_no_errors() {
    // given an alarm on 5xx
    let mut world = world_with_alarm(spec());

    // when every period has answers of other kinds
    for _ in 0..4 {
        world.record_response(API, 200);
        world.record_response(API, 499);
        pass(&mut world, MINUTE);
    }

    // then it never fires
    assert_eq!(states(&world), ["OK"]);
}

#[test]
fn an_alarm_on_a_metric_that_an_http_api_does_not_publish_never_fires() {
    // given the metric name of a REST API, and the dimension of one (F1)
    for (metric, dimension) in [("5XXError", "ApiId"), ("5xx", "ApiName")] {
        let watched = Watched::of_api(metric, (dimension, API));
        let mut world = world_with_alarm(AlarmSpec { watched, ..spec() });

        // when there are errors all the time
        for _ in 0..5 {
            world.record_response(API, 503);
            pass(&mut world, MINUTE);
        }

        // then it never sees one
        assert_eq!(states(&world), ["OK"]);
    }
}

#[test]
fn an_alarm_that_treats_missing_data_as_missing_has_none_without_traffic() {
    // given an alarm with CloudWatch's default for missing data (F2)
    let mut world = world_with_alarm(AlarmSpec { missing_is_not_breaching: false, ..spec() });
    assert_eq!(alarm_state(&world, ALARM), AlarmState::InsufficientData);

    // when there are errors, and then no traffic at all
    for _ in 0..2 {
        world.record_response(API, 503);
        pass(&mut world, MINUTE);
    }
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Alarm);
    pass(&mut world, 3 * MINUTE);

    // then it knows nothing again
    assert_eq!(states(&world), ["ALARM", "INSUFFICIENT_DATA"]);
}

#[test]
fn a_state_change_has_the_shape_of_cloudwatch() {
    // given an alarm that has fired
    let mut world = world_with_alarm(spec());
    for _ in 0..2 {
        world.record_response(API, 503);
        pass(&mut world, MINUTE);
    }

    // when its event is read
    let changes = state_changes(&world);
    let event = changes.last().unwrap();

    // then F14 holds
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:prod-eden-api-health-alarm";
    assert_eq!(event["source"], "aws.cloudwatch");
    assert_eq!(event["resources"][0], arn);
    let detail = &event["detail"];
    assert_eq!(detail["alarmName"], ALARM);
    assert_eq!(detail["previousState"]["value"], "OK");
    assert_eq!(detail["state"]["timestamp"], "2025-11-10T17:33:10.000+0000");
    let stat = &detail["configuration"]["metrics"][0]["metricStat"];
    assert_eq!(stat["metric"]["name"], "5xx");
    assert_eq!(stat["metric"]["dimensions"]["ApiId"], API);
    let data = detail["state"]["reasonData"].as_str().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["recentDatapoints"], serde_json::json!([1.0, 1.0]));
}

/// The alarm on a share of at least 20 requests, as template.yaml has it.
fn on_a_share() -> AlarmSpec {
    let expression = "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)";
    let metric = |name: &str| {
        let dimensions = [("ApiId".to_owned(), API.to_owned())].into();
        MetricSpec { namespace: "AWS/ApiGateway".to_owned(), name: name.to_owned(), dimensions }
    };
    let metrics = [("errors", "5xx"), ("requests", "Count")];
    let watched = Watched::Math {
        id: "share".to_owned(),
        expression: Expression::parse(expression).unwrap(),
        metrics: metrics.map(|(id, name)| (id.to_owned(), metric(name))).into(),
    };
    AlarmSpec { watched, threshold: 5.0, ..spec() }
}

/// So many requests, of which so many end in 503, within a minute.
fn a_minute_of(world: &mut World, requests: u32, errors: u32) {
    for request in 0..requests {
        world.record_response(API, if request < errors { 503 } else { 200 });
    }
    pass(world, MINUTE);
}

#[test]
fn an_alarm_on_a_share_counts_errors_by_the_requests_of_their_minute() {
    for (requests, errors, expected) in [
        (100, 4, AlarmState::Ok),
        (100, 5, AlarmState::Alarm),
        // One error of few requests is a large share of nothing much.
        (19, 19, AlarmState::Ok),
        (20, 1, AlarmState::Alarm),
    ] {
        // given an alarm that rings at 5 %
        let mut world = world_with_alarm(on_a_share());

        // when two minutes in a row are like that
        for _ in 0..2 {
            a_minute_of(&mut world, requests, errors);
        }

        // then it rings or does not
        assert_eq!(alarm_state(&world, ALARM), expected, "{errors} of {requests}");
    }
}

#[test]
fn an_alarm_on_a_share_is_quiet_in_a_minute_without_requests() {
    // given an alarm on a share that rings (F67)
    let mut world = world_with_alarm(on_a_share());
    for _ in 0..2 {
        a_minute_of(&mut world, 40, 40);
    }
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Alarm);

    // when there are none any more
    pass(&mut world, MINUTE);

    // then there is no share either, which counts as good
    assert_eq!(states(&world), ["OK", "ALARM", "OK"]);
    let event = state_changes(&world).pop().unwrap();
    let metrics = event["detail"]["configuration"]["metrics"].as_array().unwrap();
    assert_eq!(metrics[0]["returnData"], true);
    assert_eq!(metrics[1]["metricStat"]["metric"]["name"], "5xx");
}

#[test]
fn an_alarm_that_somebody_sets_tells_its_topic_and_remembers_what_became_of_it() {
    // given
    let topic = "arn:aws:sns:us-east-1:123456789012:ops";
    let mut world = world_with_alarm(AlarmSpec { actions: vec![topic.to_owned()], ..spec() });

    // when, then
    assert!(world.set_alarm_state(ALARM, AlarmState::Alarm, "a test"));
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Alarm);
    world.break_alarm_actions(Some("no key"));
    assert!(world.set_alarm_state(ALARM, AlarmState::Ok, "the end"));
    assert!(world.set_alarm_state(ALARM, AlarmState::Alarm, "again"));
    assert!(!world.set_alarm_state("other", AlarmState::Alarm, "a test"));
    let actions = world.alarm_history().iter().filter(|it| it.kind == "Action");
    let actions: Vec<_> = actions.map(|it| it.summary.clone()).collect();
    assert_eq!(
        actions,
        [
            format!("Successfully executed action {topic}"),
            format!("Failed to execute action {topic}. Received error: \"no key\""),
        ]
    );

    // when it is evaluated again, then it is what its metric says
    pass(&mut world, MINUTE * 2);
    assert_eq!(alarm_state(&world, ALARM), AlarmState::Ok);
}
