//! Rolling deployments under constant traffic: the route moves before the old task stops, and no
//! request is lost.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, Example, IP_UPDATER, SERVICE};
use eden_lab::world::{DeliveryFaults, Networking, PublicAddress, RolloutState, Task};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, example, is_steady, minutes, running, seconds};
use jiff::Timestamp;

const FARGATE: Networking = Networking::Fargate(PublicAddress::Ipv4);

/// From when a task listens until the route has moved there: a probe twice a second, a look and the
/// writes.
const MOVE: Duration = Duration::from_millis(1_000);

/// An application that needs so long to start, and so long to drain on SIGTERM.
fn application(example: Example, start_up: Duration, stop: Duration) -> Example {
    let mut example = example;
    example.service.task_definition.start_up = start_up;
    example.service.task_definition.stop = stop;
    example
}

/// Twenty seconds to start, ten to drain, and a container health check.
fn slow(example: Example) -> Example {
    application(example, seconds(20), seconds(10))
}

/// The same service without a container health check: ECS stops the old task as soon as the new one
/// is RUNNING.
fn unchecked(example: Example) -> Example {
    let mut example = example;
    example.service.task_definition.health_check = false;
    example
}

fn deploy(rig: &Rig) {
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
}

fn is_rolled_out(world: &World) -> bool {
    let service = world.service(CLUSTER, SERVICE).unwrap();
    let rolled_out = service.primary.rollout_state == RolloutState::Completed;
    let of_primary = |task: &Task| task.started_by == service.primary.id;
    rolled_out && is_steady(world) && running(world).iter().all(of_primary)
}

/// A service that has been left alone for a while, with traffic from now on.
async fn under_traffic(rig: &Rig, fresh_processes: bool) -> Timestamp {
    rig.wait(minutes(2)).await;
    if fresh_processes {
        rig.start_each_invocation_afresh();
    }
    rig.start_traffic()
}

/// Waits until the deployment is through, and for a while after it.
async fn roll_out(rig: &Rig) {
    assert!(rig.lab.until(minutes(20), is_rolled_out).await);
    rig.wait(minutes(3)).await;
    assert!(is_rolled_out(&rig.lab.world()));
}

/// When the task begins to listen.
fn listens_at(task: &Task) -> Timestamp {
    task.milestones.started.unwrap() + task.definition.start_up
}

/// When ECS told the task to stop.
fn told_to_stop_at(rig: &Rig, task: &Task) -> Timestamp {
    rig.lab.world().task(&task.arn).unwrap().milestones.stopping.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_of_a_slow_application_loses_no_request_behind_any_gateway() {
    for variant in Variant::ALL {
        for fresh in [false, true] {
            // Given
            let rig = variant.open(slow(variant.example()), FARGATE).await;
            let since = under_traffic(&rig, fresh).await;
            let old = rig.serving().unwrap();
            // When
            deploy(&rig);
            roll_out(&rig).await;
            // Then
            assert_eq!(rig.failures(since), [], "{variant:?} fresh: {fresh}");
            let new = rig.serving().unwrap();
            let moves = rig.route_writes(since);
            let (first, last) = (*moves.first().unwrap(), *moves.last().unwrap());
            assert!(first >= listens_at(&new), "{variant:?}: {first} before anybody listened");
            assert!(last <= listens_at(&new) + MOVE, "{variant:?}: {last}");
            assert!(last < told_to_stop_at(&rig, &old), "{variant:?}: {last}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_health_check_none_is_lost_when_starting_takes_less_than_draining() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        for (start_up, fresh) in [(1, false), (4, true), (9, false), (9, true)] {
            // Given
            let example = application(variant.example(), seconds(start_up), seconds(10));
            let rig = variant.open(unchecked(example), FARGATE).await;
            let since = under_traffic(&rig, fresh).await;
            // When
            deploy(&rig);
            roll_out(&rig).await;
            // Then: also where several invocations wait for the new task, and each of them deploys.
            assert_eq!(
                rig.failures(since),
                [],
                "{variant:?} {start_up} s to start, fresh: {fresh}"
            );
            let ended = rig.invocations(IP_UPDATER);
            assert!(
                ended.iter().all(|it| it.result.is_ok() && it.took < seconds(55)),
                "{ended:#?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_slower_than_an_invocations_patience_is_led_to_when_its_predecessor_stops() {
    // Given: the invocation of the RUNNING event gives up before the application listens.
    for fresh in [false, true] {
        let rig = Rig::steady(&application(example(), seconds(55), seconds(10))).await;
        let since = under_traffic(&rig, fresh).await;
        assert!(rig.lab.world().set_rule_enabled("prod-eden-scheduled-health-check", false));
        let old = rig.serving().unwrap();
        // When
        deploy(&rig);
        roll_out(&rig).await;
        // Then
        assert_eq!(rig.failures(since), []);
        let moved = *rig.route_writes(since).first().unwrap();
        let told = told_to_stop_at(&rig, &old);
        assert!(moved > told && moved < told + seconds(2), "{told} {moved}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_stops_old_tasks_first_loses_no_request() {
    // Given: three tasks, of which ECS may stop one before it starts another.
    for (minimum, maximum) in [(50, 100), (100, 134), (34, 200)] {
        for fresh in [false, true] {
            let mut example = slow(example());
            example.service.desired_count = 3;
            example.service.minimum_healthy_percent = minimum;
            example.service.maximum_percent = maximum;
            let rig = Rig::steady(&example).await;
            let since = under_traffic(&rig, fresh).await;
            // When
            deploy(&rig);
            roll_out(&rig).await;
            // Then
            assert_eq!(rig.failures(since), [], "{minimum}/{maximum} fresh: {fresh}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deployments_that_overtake_each_other_lose_no_request() {
    // Given: the second begins while the first one's task is on its way, starts, serves, or its
    // predecessor stops; the third likewise.
    for (pause, fresh) in [(1, true), (30, false), (40, true), (60, true), (88, false), (95, true)]
    {
        let rig = Rig::steady(&slow(example())).await;
        let since = under_traffic(&rig, fresh).await;
        // When
        for _ in 0..3 {
            deploy(&rig);
            rig.wait(seconds(pause)).await;
        }
        roll_out(&rig).await;
        // Then
        assert_eq!(rig.failures(since), [], "every {pause} s, fresh: {fresh}");
    }
}

/// Fargate takes Spot capacity back with two minutes' notice: an event with `desiredStatus` STOPPED and the
/// stop code SpotInterruption, while the task still runs
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html>).
#[tokio::test(start_paused = true)]
async fn a_spot_task_is_left_when_its_interruption_is_announced() {
    for tasks in [1, 2] {
        // Given
        let mut example = example();
        example.service.desired_count = tasks;
        let rig = Rig::steady(&example).await;
        let since = rig.start_traffic();
        let old = rig.serving().unwrap();
        // When
        rig.lab.world().interrupt_task(&old.arn).unwrap();
        rig.wait(seconds(100)).await;
        // Then: it has been announced, the task still runs, and the route has left it.
        let event = rig.last_event_of(&old);
        let detail = &event["detail"];
        assert_eq!(detail["stopCode"], "SpotInterruption", "{detail}");
        assert_eq!(
            (&detail["lastStatus"], &detail["desiredStatus"]),
            (&"RUNNING".into(), &"STOPPED".into())
        );
        assert!(rig.lab.world().task(&old.arn).unwrap().listening);
        assert_ne!(rig.serving().unwrap().arn, old.arn, "{tasks} tasks");
        rig.wait(minutes(3)).await;
        assert_eq!(rig.failures(since), [], "{tasks} tasks");
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_late_and_reordered_events_lose_no_request() {
    // Given: each event comes three times, up to half a minute late and in any order. ECS stops the
    // old task at the earliest 33 s after the new one listens, and that one drains for 10 s.
    for (seed, fresh) in [(1, false), (2, true), (3, true)] {
        let mut example = slow(example());
        example.world.seed = seed;
        let rig = Rig::steady(&example).await;
        let since = under_traffic(&rig, fresh).await;
        let faults = DeliveryFaults { copies: 3, delay: seconds(30), ..DeliveryFaults::NONE };
        rig.lab.world().set_delivery_faults(faults);
        // When
        for _ in 0..2 {
            deploy(&rig);
            roll_out(&rig).await;
        }
        // Then
        assert_eq!(rig.failures(since), [], "seed {seed}, fresh: {fresh}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_events_do_not_move_the_route_to_a_task_that_does_not_answer_yet() {
    // Given: without a health check the old task drains while the new one starts, and events about
    // the new one come again and again in that time.
    for (seed, fresh) in [(1, false), (2, false), (3, true), (4, true)] {
        let mut example = unchecked(application(example(), seconds(12), seconds(20)));
        example.world.seed = seed;
        let rig = Rig::steady(&example).await;
        let since = under_traffic(&rig, fresh).await;
        let faults = DeliveryFaults { copies: 4, delay: seconds(8), ..DeliveryFaults::NONE };
        rig.lab.world().set_delivery_faults(faults);
        // When
        deploy(&rig);
        roll_out(&rig).await;
        // Then
        assert_eq!(rig.failures(since), [], "seed {seed}, fresh: {fresh}");
    }
}
