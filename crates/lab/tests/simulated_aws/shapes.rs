//! The lab's events have the shapes of the sample events that the project ships.

use std::collections::BTreeSet;

use eden_lab::World;
use eden_lab::spec::{AlarmSpec, RuleSpec, RuleTrigger, Target, Watched};
use serde_json::Value;

use crate::support::{API, MINUTE, empty_world, pass, running_world_with, the_task};

/// Every path in a JSON value with the kind of what is there; the items of a list count as one.
fn paths(value: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        let kind = match value {
            Value::Object(members) => {
                for (name, member) in members {
                    collect(member, &format!("{path}/{name}"), found);
                }
                return;
            }
            Value::Array(items) => {
                for item in items {
                    collect(item, &format!("{path}/*"), found);
                }
                return;
            }
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
        };
        found.insert(format!("{path}: {kind}"));
    }
    let mut found = BTreeSet::new();
    collect(value, "", &mut found);
    found
}

fn sample(text: &str) -> BTreeSet<String> {
    paths(&serde_json::from_str(text).unwrap())
}

/// The paths of the last event of a task with these statuses.
fn event_of_task(world: &World, last: &str, desired: &str) -> BTreeSet<String> {
    let event = world.events().iter().rfind(|event| {
        event["detail"]["lastStatus"] == last && event["detail"]["desiredStatus"] == desired
    });
    paths(event.unwrap())
}

#[test]
fn task_events_have_the_members_of_the_samples() {
    // given a task that ran and was stopped
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    let running = event_of_task(&world, "RUNNING", "RUNNING");
    world.stop_task(&arn, "test").unwrap();
    let stopping = event_of_task(&world, "RUNNING", "STOPPED");
    pass(&mut world, 5 * MINUTE);
    let stopped = event_of_task(&world, "STOPPED", "STOPPED");

    // when its events are compared with the samples, then they have the same members
    assert_eq!(running, sample(include_str!("../../../../events/ecs-task-running.json")));
    assert_eq!(stopping, sample(include_str!("../../../../events/ecs-task-stopping.json")));
    assert_eq!(stopped, sample(include_str!("../../../../events/ecs-task-stopped.json")));
}

#[test]
fn an_alarm_event_has_the_members_of_the_sample() {
    // given an alarm that has gone from OK to ALARM
    let mut world = empty_world(1);
    world.add_alarm(AlarmSpec {
        name: "prod-eden-api-health-alarm".to_owned(),
        watched: Watched::of_api("5xx", ("ApiId", API)),
        period: MINUTE,
        evaluation_periods: 2,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    });
    pass(&mut world, MINUTE * 3 / 2);
    for _ in 0..2 {
        world.record_response(API, 503);
        pass(&mut world, MINUTE);
    }

    // when its last event is compared with the sample
    let event = paths(world.events().last().unwrap());
    let mut sample = sample(include_str!("../../../../events/cloudwatch-alarm.json"));

    // then it has the same members, but for the description, which the lab's alarms do not have
    assert!(sample.remove("/detail/configuration/description: string"));
    assert_eq!(event, sample);
}

#[test]
fn a_scheduled_event_has_the_members_of_the_sample() {
    // given a schedule that has fired
    let mut world = empty_world(1);
    world.add_rule(RuleSpec {
        name: "prod-eden-scheduled-health-check".to_owned(),
        trigger: RuleTrigger::Every(MINUTE),
        targets: vec![Target::Function("prod-eden-health-monitor".to_owned())],
    });
    pass(&mut world, 2 * MINUTE);

    // when its event is compared with the sample, then it has the same members
    let event = paths(&world.take_deliveries()[0].payload);
    assert_eq!(event, sample(include_str!("../../../../events/scheduled.json")));
}
