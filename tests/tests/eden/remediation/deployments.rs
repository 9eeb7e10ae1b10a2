//! Rungs four and five: where no task stands out all of them are replaced, and where that did not
//! help the service goes back to what ran before.

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{AppState, Behaviour, Gatekeeper};
use eden_tests::rig::{Rig, minutes, seconds};
use eden_tests::sample;

use super::scene::{
    calls_for_a_human, deploy, deployed, done, fail_requests, is_well, left_to_eden, look, now, of,
    reasons, remedies, revision, settled, sicken, starts_from_now, subjects, times, unschedule,
};

const ERROR_ALARM: &str = "prod-eden-api-error-alarm";
const FAILS: Behaviour = Behaviour::Runs(AppState::Failing(500));

fn with_rollback(example: Example) -> Example {
    example.parameter("Rollback", &"on").parameter("TaskRoleArns", &"none")
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_as_a_whole_is_replaced_once_when_alarm_and_api_agree() {
    // Given: no schedule would come; the alarm alone wakes Eden.
    let rig = settled(&of(3)).await;
    unschedule(&rig);
    let old = rig.running();
    fail_requests(&rig, 502);
    // When
    assert!(rig.lab.until(minutes(6), is_well).await);
    // Then
    rig.wait(minutes(30)).await;
    assert_eq!(done(&rig, "UpdateService").len(), 1);
    assert_eq!(done(&rig, "StopTask"), []);
    assert!(rig.running().iter().all(|task| !old.iter().any(|it| it.arn == task.arn)));
    let report = rig.invocations(HEALTH_MONITOR).pop().unwrap().result.unwrap();
    let woken: Vec<_> = rig
        .invocations(HEALTH_MONITOR)
        .into_iter()
        .filter_map(|it| it.result.ok())
        .filter(|it| remedies(it) == ["force_deployment"])
        .collect();
    assert_eq!(woken.len(), 1, "{report}");
    let evidence = woken[0]["evidence"].to_string();
    assert!(evidence.contains("the 5XX alarm is ALARM"), "{evidence}");
    assert!(evidence.contains("502"), "{evidence}");
    assert_eq!(subjects(&rig), ["Eden Service Auto-Healing Triggered"]);
}

#[tokio::test(start_paused = true)]
async fn while_it_may_not_be_deployed_again_a_task_of_a_service_that_fails_is_stopped_as_a_trial() {
    // Given: somebody deployed the service a few minutes ago.
    let example = of(1);
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, Behaviour::Runs(AppState::Serving)));
    rig.wait(minutes(6)).await;
    let old = rig.running().remove(0);
    // When
    fail_requests(&rig, 500);
    let well = rig.lab.until(minutes(5), is_well).await;
    let reports = rig.invocations(HEALTH_MONITOR);
    assert!(well, "{:#?}", reports.iter().rev().take(4).map(|it| &it.result).collect::<Vec<_>>());
    // Then
    let reason = now(&rig, &old).stop_cause.unwrap().reason;
    assert!(reason.starts_with("Eden: does not answer, nor does any other: GET / of "), "{reason}");
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert_eq!(done(&rig, "UpdateService"), []);
}

/// An independent emulator showed a look that ended as `unknown` without a reason.
#[tokio::test(start_paused = true)]
async fn a_look_for_the_error_alarm_that_may_not_ask_the_api_says_so() {
    // Given: the health alarm rings, the tasks are well, and no path says what to ask the API for.
    let rig = settled(&of(2)).await;
    unschedule(&rig);
    rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();
    rig.wait(minutes(4)).await;
    // When
    let mut event = sample("cloudwatch-alarm");
    event["detail"]["alarmName"] = ERROR_ALARM.into();
    let report = rig.invoke(HEALTH_MONITOR, event).await.unwrap();
    // Then
    assert!(reasons(&report).contains(&"api_not_asked"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_api_at_rest_whose_root_fails_is_not_talked_into_an_outage_by_being_asked() {
    // Given: nobody uses the API, and no path says what it should be asked for.
    let rig = Rig::steady(&of(2)).await;
    rig.wait(minutes(21)).await;
    fail_requests(&rig, 500);
    // When: it is asked on each schedule, and each time has one bad minute.
    rig.wait(minutes(60)).await;
    // Then
    let woken = rig.invocations(HEALTH_MONITOR);
    let early = woken.iter().filter(|it| it.payload["detail"]["alarmName"] == ERROR_ALARM);
    assert!(early.count() > 5);
    assert_eq!((done(&rig, "UpdateService"), done(&rig, "StopTask")), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_api_that_answers_well_while_the_alarm_rings_is_not_redeployed() {
    // Given: one task of three fails, which no container health check shows, and the route leads
    // there; at the time of the look it is well.
    let rig = settled(&of(3)).await;
    unschedule(&rig);
    fail_requests(&rig, 500);
    rig.wait(minutes(2)).await;
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Serving).unwrap();
    // When: the alarm still rings for the past two minutes.
    let report = loop {
        rig.wait(seconds(5)).await;
        let report = look(&rig).await;
        if report["diagnosis"] != "healthy" {
            break report;
        }
    };
    // Then
    assert_eq!(report["diagnosis"], "disputed", "{report}");
    assert!(reasons(&report).contains(&"evidence_disagrees"), "{report}");
    rig.wait(minutes(10)).await;
    assert_eq!(done(&rig, "UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn redeployments_that_do_not_help_come_less_often_and_end_with_people() {
    // Given: whatever starts fails as well.
    let rig = settled(&of(2)).await;
    deploy(&rig, revision(&of(2), 1, FAILS));
    let start = rig.lab.clock().now();
    // When
    rig.wait(minutes(3 * 60)).await;
    // Then: not before a quarter of an hour, the second after twice that time, and no third.
    let times = times(&rig, "UpdateService");
    let waits: Vec<_> = std::iter::once(start)
        .chain(times.iter().copied())
        .zip(&times)
        .map(|(before, at)| at.duration_since(before).as_secs() / 60)
        .collect();
    assert_eq!(waits.len(), 2, "{waits:?}");
    for (wait, cooldown) in waits.iter().zip([15, 30]) {
        assert!((cooldown..cooldown + 8).contains(wait), "{waits:?}");
    }
    assert!(reasons(&look(&rig).await).contains(&"replacing_did_not_help"));
    assert!(calls_for_a_human(&rig) > 0);
}

/// The same with a path by which the tasks are judged: what they answer at `/` rolls nothing back.
fn judged(example: Example) -> Example {
    example.parameter("HealthCheckPath", &"/health")
}

async fn bad_release(example: &Example) -> Rig {
    let rig = settled(example).await;
    deploy(&rig, revision(example, 2, FAILS));
    rig
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_requests_at_once_is_rolled_back_and_not_tried_again() {
    // Given
    let rig = bad_release(&with_rollback(judged(of(2)))).await;
    let released_at = rig.lab.clock().now();
    // When
    let rolled_back = |world: &World| revision_of(world) == 1 && is_well(world);
    assert!(rig.lab.until(minutes(60), rolled_back).await);
    // Then: once rolled back, and nothing more.
    assert_eq!(deployed(&rig), 1);
    let took = rig.lab.clock().now().duration_since(released_at).as_secs() / 60;
    assert!(took < 15, "{took} min");
    rig.wait(minutes(6 * 60)).await;
    assert_eq!(deployed(&rig), 1);
    assert_eq!(deployments(&rig), ["roll_back"]);
    let rolled_back = rig.actions().into_iter().find(|it| it["step"]["action"] == "roll_back");
    let text = rolled_back.unwrap()["text"].to_string();
    assert!(text.contains("prod-eden-service:1"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_later_is_rolled_back_when_starting_it_again_did_not_help() {
    // Given: it was well for twenty minutes, and whatever is started of it is not any more.
    let example = with_rollback(judged(of(2)));
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, Behaviour::Runs(AppState::Serving)));
    rig.wait(minutes(20)).await;
    starts_from_now(&rig, FAILS);
    fail_requests(&rig, 500);
    // When
    let rolled_back = |world: &World| revision_of(world) == 1 && is_well(world);
    assert!(rig.lab.until(minutes(30), rolled_back).await);
    // Then: once forced, once rolled back, and nothing more.
    rig.wait(minutes(6 * 60)).await;
    assert_eq!(deployed(&rig), 1);
    assert_eq!(deployments(&rig), ["force_deployment", "roll_back"]);
}

/// What Eden deployed, as the audit log has it.
fn deployments(rig: &Rig) -> Vec<String> {
    let is_deployment = |kind: &String| ["force_deployment", "roll_back"].contains(&kind.as_str());
    rig.action_kinds().into_iter().filter(is_deployment).collect()
}

#[tokio::test(start_paused = true)]
async fn by_default_nothing_is_rolled_back() {
    let rig = bad_release(&of(2)).await;
    rig.wait(minutes(3 * 60)).await;
    assert_eq!(deployed(&rig), 2);
    assert!(!rig.action_kinds().contains(&"roll_back".to_owned()));
    assert!(!is_well(&rig.lab.world()));
}

#[tokio::test(start_paused = true)]
async fn what_has_run_for_long_is_not_rolled_back_when_it_begins_to_fail() {
    // Given: the release was well for seven hours, and what it depends on is not any more.
    let example = with_rollback(judged(of(1)));
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, Behaviour::Runs(AppState::Serving)));
    rig.wait(minutes(7 * 60)).await;
    starts_from_now(&rig, FAILS);
    fail_requests(&rig, 500);
    // When
    rig.wait(minutes(2 * 60)).await;
    // Then
    assert_eq!(deployed(&rig), 2);
    assert!(done(&rig, "UpdateService").len() > 1);
    assert!(reasons(&look(&rig).await).contains(&"nothing_to_roll_back_to"));
}

#[tokio::test(start_paused = true)]
async fn a_shared_cause_that_a_trial_stop_does_not_cure_is_answered_with_one_redeployment() {
    // Given: most tasks fail their health check, and so does what is started in their place.
    let rig = settled(&left_to_eden(of(4)).parameter("UnhealthyForSeconds", &0)).await;
    starts_from_now(&rig, Behaviour::NeverHealthy);
    sicken(&rig, &rig.running()[..3]);
    assert!(rig.lab.until(minutes(10), |world| stops(world) == 1).await);
    // When: the cause is gone, but what runs does not notice.
    rig.wait(minutes(1)).await;
    starts_from_now(&rig, Behaviour::Runs(AppState::Serving));
    assert!(rig.lab.until(minutes(20), is_well).await);
    // Then
    rig.wait(minutes(60)).await;
    assert_eq!(times(&rig, "StopTask").len(), 1);
    assert_eq!(times(&rig, "UpdateService").len(), 1);
    assert!(is_well(&rig.lab.world()));
}

fn revision_of(world: &World) -> u32 {
    world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.revision
}

fn stops(world: &World) -> usize {
    let stopped = |call: &&eden_lab::world::Call| call.operation == "StopTask";
    world.calls().iter().filter(stopped).count()
}
