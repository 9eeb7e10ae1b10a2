//! Rules, deliveries, schedules, and what can go wrong with them.

use std::time::Duration;

use eden_lab::World;
use eden_lab::pattern::Pattern;
use eden_lab::spec::{RuleSpec, RuleTrigger, Target};
use eden_lab::world::{Delivery, DeliveryFaults, ServiceSpec};
use serde_json::{Value, json};

use crate::support::{CLUSTER, MINUTE, SERVICE, empty_world, interface_of, pass};

const UPDATER: &str = "prod-eden-ip-updater";

fn rule(name: &str, trigger: RuleTrigger) -> RuleSpec {
    RuleSpec {
        name: name.to_owned(),
        trigger,
        targets: vec![Target::Function(UPDATER.to_owned()), Target::LogGroup("/audit".to_owned())],
    }
}

fn on(pattern: &Value) -> RuleTrigger {
    RuleTrigger::Pattern(Pattern::parse(pattern).unwrap())
}

/// Ten minutes of a world in which a rule sends every task event to a function.
fn ten_minutes(seed: u64, faults: DeliveryFaults) -> World {
    let mut world = empty_world(seed);
    world.set_delivery_faults(faults);
    world.add_rule(rule("tasks", on(&json!({ "detail-type": ["ECS Task State Change"] }))));
    world.create_service(ServiceSpec::new(CLUSTER, SERVICE));
    pass(&mut world, 10 * MINUTE);
    world
}

fn versions(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries
        .iter()
        .map(|delivery| delivery.payload["detail"]["version"].as_u64().unwrap())
        .collect()
}

#[test]
fn events_that_match_reach_the_targets_of_a_rule_once_and_in_order() {
    // given a bus without faults
    let mut world = ten_minutes(1, DeliveryFaults::NONE);

    // when a task has come up
    let deliveries = world.take_deliveries();

    // then its events reached function and log group
    assert_eq!(versions(&deliveries), [1, 2, 3, 4, 5]);
    assert!(deliveries.iter().all(|delivery| delivery.function == UPDATER));
    assert_eq!(world.log_group("/audit").len(), 5);
    assert_eq!(world.take_deliveries(), []);
}

#[test]
fn events_that_do_not_match_reach_nobody() {
    // given a rule for another cluster
    let mut world = empty_world(1);
    let pattern = json!({ "detail": { "clusterArn": ["arn:of:another"] } });
    world.add_rule(rule("tasks", on(&pattern)));

    // when a task comes up here
    world.create_service(ServiceSpec::new(CLUSTER, SERVICE));
    pass(&mut world, 10 * MINUTE);

    // then nobody hears of it
    assert!(!world.events().is_empty());
    assert_eq!(world.take_deliveries(), []);
}

#[test]
fn a_disabled_rule_sends_nothing_until_it_is_enabled() {
    // given a schedule and a pattern that are disabled
    let mut world = empty_world(1);
    world.add_rule(rule("schedule", RuleTrigger::Every(5 * MINUTE)));
    world.add_rule(rule("tasks", on(&json!({ "detail-type": ["ECS Task State Change"] }))));
    assert!(world.set_rule_enabled("schedule", false));
    assert!(world.set_rule_enabled("tasks", false));
    world.create_service(ServiceSpec::new(CLUSTER, SERVICE));
    pass(&mut world, 11 * MINUTE);
    assert_eq!(world.take_deliveries(), []);

    // when the schedule is enabled
    assert!(world.set_rule_enabled("schedule", true));
    pass(&mut world, 5 * MINUTE);

    // then it fires again
    assert_eq!(world.take_deliveries().len(), 1);
    assert!(!world.set_rule_enabled("none", true));
}

#[test]
fn a_schedule_fires_at_its_rate_with_a_scheduled_event() {
    // given a schedule of five minutes
    let mut world = empty_world(1);
    world.add_rule(rule("schedule", RuleTrigger::Every(5 * MINUTE)));

    // when 21 minutes pass
    pass(&mut world, 21 * MINUTE);

    // then it has fired four times
    let deliveries = world.take_deliveries();
    assert_eq!(deliveries.len(), 4);
    let event = &deliveries[0].payload;
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["detail"], json!({}));
    assert_eq!(event["resources"][0], "arn:aws:events:us-east-1:123456789012:rule/schedule");
}

#[test]
fn a_schedule_that_is_replaced_does_not_fire_twice() {
    // given a schedule that is added again
    let mut world = empty_world(1);
    world.add_rule(rule("schedule", RuleTrigger::Every(5 * MINUTE)));
    world.add_rule(rule("schedule", RuleTrigger::Every(5 * MINUTE)));

    // when its time comes
    pass(&mut world, 6 * MINUTE);

    // then it has fired once
    assert_eq!(world.take_deliveries().len(), 1);
}

#[test]
fn events_may_be_repeated() {
    // given a bus that delivers everything three times
    let mut world = ten_minutes(1, DeliveryFaults { copies: 3, ..DeliveryFaults::NONE });

    // when a task has come up
    let deliveries = world.take_deliveries();

    // then a repetition is the same event (F8)
    assert_eq!(versions(&deliveries).len(), 15);
    assert_eq!(deliveries[0], deliveries[1]);
    assert_eq!(world.log_group("/audit").len(), 5);
}

#[test]
fn events_may_come_late_and_in_another_order() {
    // given a bus that is up to five minutes late
    let faults = DeliveryFaults { delay: 5 * MINUTE, ..DeliveryFaults::NONE };
    let mut world = ten_minutes(1, faults);

    // when a task has come up
    let order = versions(&world.take_deliveries());

    // then all events came, but not in order
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 2, 3, 4, 5]);
    assert_ne!(order, sorted);
}

#[test]
fn events_may_be_lost() {
    // given a bus that loses half of all events, and one that loses all
    let lossy = |loss| DeliveryFaults { copies: 20, loss, ..DeliveryFaults::NONE };
    let mut half = ten_minutes(1, lossy(0.5));
    let mut all = ten_minutes(1, lossy(1.0));

    // when a task has come up, then so many are gone
    let left = half.take_deliveries().len();
    assert!((20..80).contains(&left), "{left} of 100 are left");
    assert_eq!(all.take_deliveries(), []);
}

#[test]
fn an_event_takes_its_time_to_be_delivered() {
    // given a schedule that has just fired
    let mut world = empty_world(1);
    world.add_rule(rule("schedule", RuleTrigger::Every(MINUTE)));
    pass(&mut world, MINUTE);

    // when no time has passed, then nothing is delivered yet
    assert_eq!(world.take_deliveries(), []);
    pass(&mut world, Duration::from_millis(500));
    assert_eq!(world.take_deliveries().len(), 1);
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_seed_another() {
    // given two worlds of one seed and one of another, with every kind of fault
    let faults = DeliveryFaults { copies: 2, repeat: 0.5, delay: MINUTE, loss: 0.2 };
    let history = |seed| {
        let mut world = ten_minutes(seed, faults);
        let deliveries = world.take_deliveries();
        format!("{:?}\n{deliveries:?}", world.events())
    };

    // when they are compared as text
    let (first, second, other) = (history(7), history(7), history(8));

    // then only those of one seed agree
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn events_of_tasks_have_the_shape_of_ecs() {
    // given a task that runs
    let world = ten_minutes(1, DeliveryFaults::NONE);

    // when its last event is read
    let last = |what: &str| world.events().iter().rfind(|event| event["detail-type"] == what);
    let event = last("ECS Deployment State Change").unwrap();
    let event_of_task = last("ECS Task State Change").unwrap();

    // then F8, F10, F12 and F13 hold
    assert_eq!(event["source"], "aws.ecs");
    assert!(event["detail"].get("clusterArn").is_none());
    let detail = &event_of_task["detail"];
    assert_eq!(event_of_task["version"], "0");
    assert_eq!(event_of_task["resources"][0], detail["taskArn"]);
    assert_eq!(detail["group"], "service:prod-eden-service");
    assert!(detail["startedBy"].as_str().unwrap().starts_with("ecs-svc/"));
    assert!(detail.get("healthStatus").is_none());
    let attachment = &detail["attachments"][0];
    assert_eq!((&attachment["type"], &attachment["status"]), (&json!("eni"), &json!("ATTACHED")));
    let task = world.tasks(CLUSTER, SERVICE)[0];
    let interface = interface_of(task);
    let detail_of_id = json!({ "name": "networkInterfaceId", "value": interface.id });
    assert_eq!(attachment["details"][1], detail_of_id);
    let text = event_of_task.to_string();
    assert!(
        !text.contains(&task.endpoint().ip().to_string()),
        "an event never shows the public address"
    );
}

#[test]
fn some_events_may_be_repeated_by_chance_while_it_is_so() {
    // given a bus that repeats half of all events
    let faults = DeliveryFaults { repeat: 0.5, ..DeliveryFaults::NONE };
    let mut world = empty_world(1);
    world.add_rule(rule("often", RuleTrigger::Every(MINUTE)));
    world.set_delivery_faults(faults);

    // when a hundred come, then about half of them come twice
    pass(&mut world, 100 * MINUTE);
    let came = world.take_deliveries().len();
    assert!((130..170).contains(&came), "{came} came");

    // when it is mended, then each comes once
    world.set_delivery_faults(DeliveryFaults::NONE);
    pass(&mut world, 100 * MINUTE);
    assert_eq!(world.take_deliveries().len(), 101);
}
