//! Scaling and crashes under constant traffic: what is lost is what nobody could have served.

use std::time::Duration;

use eden_lab::example::{API, CLUSTER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use eden_lab::world::Task;
use eden_tests::rig::{Rig, example, is_steady, minutes, seconds};

async fn scale(rig: &Rig, desired: u32) {
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, desired).unwrap();
    assert!(rig.lab.until(minutes(10), is_steady).await);
    rig.wait(minutes(3)).await;
    assert!(rig.is_steady());
}

/// Somebody leads the route to this task by hand.
fn lead_to(rig: &Rig, task: &Task) {
    let endpoint = task.endpoint();
    let mut world = rig.lab.world();
    for (integration, path) in [(ROOT_INTEGRATION, ""), (PROXY_INTEGRATION, "{proxy}")] {
        let uri = format!("http://{endpoint}/{path}");
        world.set_integration_uri(API, integration, &uri).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn scaling_out_and_in_loses_no_request_and_moves_nothing() {
    for fresh in [false, true] {
        let rig = Rig::steady(&example()).await;
        rig.wait(minutes(2)).await;
        if fresh {
            rig.start_each_invocation_afresh();
        }
        let since = rig.start_traffic();

        scale(&rig, 5).await;
        scale(&rig, 1).await;

        assert_eq!(rig.failures(since), []);
        assert_eq!(rig.route_writes(since), []);
    }
}

#[tokio::test(start_paused = true)]
async fn the_target_keeps_the_route_among_its_equals_however_young_it_is() {
    let rig = Rig::steady(&example()).await;
    scale(&rig, 3).await;
    let newest = rig.running().pop().unwrap();
    lead_to(&rig, &newest);
    let since = rig.start_traffic();

    scale(&rig, 5).await;

    assert_eq!(rig.serving().unwrap().arn, newest.arn);
    assert_eq!(rig.route_writes(since), []);
    assert_eq!(rig.failures(since), []);
}

#[tokio::test(start_paused = true)]
async fn scaling_in_that_stops_the_target_loses_no_request() {
    // Given: five tasks, and the route leads to the one that ECS will stop first.
    for (stop, fresh) in [(0, false), (2, false), (10, false), (2, true), (10, true)] {
        let mut example = example();
        example.service.task_definition.stop = seconds(stop);
        let rig = Rig::steady(&example).await;
        scale(&rig, 5).await;
        let newest = rig.running().pop().unwrap();
        lead_to(&rig, &newest);
        if fresh {
            rig.start_each_invocation_afresh();
        }
        let since = rig.start_traffic();
        // When
        scale(&rig, 1).await;
        // Then
        assert_eq!(rig.failures(since), [], "{stop} s to drain, fresh: {fresh}");
        assert_ne!(rig.serving().unwrap().arn, newest.arn);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_only_what_fails_until_the_successor_is_ready() {
    for (start_up, fresh) in [(2, false), (5, false), (10, false), (35, false), (10, true)] {
        // Given
        let mut example = example();
        example.service.task_definition.start_up = seconds(start_up);
        let rig = Rig::steady(&example).await;
        rig.wait(minutes(2)).await;
        if fresh {
            rig.start_each_invocation_afresh();
        }
        let since = rig.start_traffic();
        // When
        let crashed = rig.serving().unwrap();
        rig.lab.world().crash_task(&crashed.arn, 137).unwrap();
        assert!(rig.lab.until(minutes(5), is_steady).await);
        rig.wait(minutes(3)).await;
        // Then: requests fail from the crash on, until the successor listens and EC2 shows its
        // address (F24); that is looked for at least every two seconds by then.
        let failures = rig.failures(since);
        let successor = rig.serving().unwrap().milestones.started.unwrap();
        let (listens, visible) = (successor + seconds(start_up), successor + seconds(3));
        let bound = (listens + seconds(1)).max(visible + seconds(2));
        assert!(*failures.first().unwrap() <= since + Duration::from_millis(100));
        assert!(*failures.last().unwrap() < bound, "{start_up} s to start: {failures:?}");
        if start_up > 5 {
            // The route was there before anybody listened: better than a dead address.
            let last = *rig.route_writes(since).last().unwrap();
            assert!(last < listens, "{last} {listens}");
            assert!(*failures.last().unwrap() < listens);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_beside_another_task_loses_only_what_fails_until_ecs_tells_of_it() {
    // Given: ECS learns of the exit after a second, and EventBridge needs half of one.
    for fresh in [false, true] {
        let mut example = example();
        example.service.desired_count = 2;
        let rig = Rig::steady(&example).await;
        rig.wait(minutes(2)).await;
        if fresh {
            rig.start_each_invocation_afresh();
        }
        let since = rig.start_traffic();
        // When
        let crashed = rig.serving().unwrap();
        rig.lab.world().crash_task(&crashed.arn, 137).unwrap();
        assert!(rig.lab.until(minutes(5), is_steady).await);
        rig.wait(minutes(3)).await;
        // Then
        let failures = rig.failures(since);
        assert!(!failures.is_empty());
        let bound = since + Duration::from_millis(1_900);
        assert!(failures.iter().all(|at| *at < bound), "{failures:?}");
    }
}
