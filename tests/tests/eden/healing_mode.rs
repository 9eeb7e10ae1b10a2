//! Switching healing off: by setting, and by a tag on the service that needs no deployment.

use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::world::{Fault, FaultKind};
use eden_tests::rig::{Rig, example, is_steady, minutes};
use eden_tests::sample;
use serde_json::{Value, json};

fn tagged(mode: &str) -> Example {
    let mut example = example();
    example.service.tags.insert("eden:healing".to_owned(), mode.to_owned());
    example
}

/// Both functions look at a service whose task runs while the route leads nowhere.
async fn looks(example: &Example) -> (Rig, [Value; 2]) {
    let rig = Rig::start(example);
    rig.wait(minutes(2)).await;
    let updater = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap();
    let monitor = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    (rig, [updater, monitor])
}

fn reasons(response: &Value) -> Vec<&str> {
    let held = response["held"].as_array().unwrap();
    held.iter().filter_map(|hold| hold["reason"].as_str()).collect()
}

/// A response that says what would have been done about the route, and that it was not.
fn speaks_of_the_route(response: &Value, mode: &str) {
    assert_eq!(response["outcome"], "unchanged");
    assert_eq!(reasons(response), ["healing_not_on", "healing_not_on"], "{response}");
    let told = response["held"][0]["text"].as_str().unwrap();
    assert!(told.starts_with(&format!("healing is {mode}, so this was not done: Pointed")));
}

#[tokio::test(start_paused = true)]
async fn in_observe_everything_is_told_and_nothing_changed() {
    for example in [tagged("observe"), example().parameter("HealingMode", &"observe")] {
        let (rig, responses) = looks(&example).await;
        assert_eq!(rig.writes(), 0);
        assert_eq!(rig.lab.world().published(), []);
        for response in responses {
            speaks_of_the_route(&response, "observe");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_off_ip_updater_says_what_it_does_not_do_and_health_monitor_only_that_it_is_paused() {
    for example in [tagged("off"), example().parameter("HealingMode", &"off")] {
        let (rig, [updater, monitor]) = looks(&example).await;
        assert_eq!(rig.writes(), 0);
        assert_eq!(rig.lab.world().published(), []);
        speaks_of_the_route(&updater, "off");
        assert_eq!(monitor["outcome"], "unchanged");
        assert_eq!(monitor["diagnosis"], "paused");
        assert_eq!(monitor["held"], json!([]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_tag_wins_over_the_setting() {
    let (rig, _) = looks(&tagged("on").parameter("HealingMode", &"off")).await;
    assert!(rig.is_steady());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_is_no_mode_holds_everything_and_is_quoted() {
    let (rig, responses) = looks(&tagged("pause please")).await;
    assert_eq!(rig.writes(), 0);
    for response in responses {
        assert!(reasons(&response).contains(&"mode_tag_unrecognized"), "{response}");
        assert!(response.to_string().contains("pause please"), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_tag_cannot_be_read_the_route_does_not_move() {
    let rig = Rig::start(&example());
    let fault = Fault { operation: "DescribeServices", kind: FaultKind::AccessDenied, times: None };
    rig.lab.world().inject(fault);
    rig.wait(minutes(2)).await;

    let error = rig.invoke(IP_UPDATER, sample("ecs-task-running")).await.unwrap_err();

    assert!(error.message.contains("healing tag"), "{error}");
    assert_eq!(rig.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn healing_that_is_switched_on_again_makes_up_for_the_time_between() {
    let rig = Rig::start(&tagged("off"));
    rig.wait(minutes(10)).await;
    assert!(!rig.is_steady());
    rig.lab.world().set_service_tag(CLUSTER, SERVICE, "eden:healing", Some("on")).unwrap();
    assert!(rig.lab.until(minutes(6), is_steady).await);
}
