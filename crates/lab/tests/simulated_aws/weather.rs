//! Faults after the deed, and faults that meet any call by chance.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use eden_lab::Lab;
use eden_lab::world::{Call, Fault, FaultKind, Weather};

use crate::support::{CLUSTER, SERVICE, running_lab};

fn calls(lab: &Lab) -> Vec<Call> {
    lab.world().calls().to_vec()
}

fn deployments(lab: &Lab) -> usize {
    let world = lab.world();
    world.service(CLUSTER, SERVICE).unwrap().history().len()
}

/// A redeployment, whose every attempt is another one.
async fn redeploy(lab: &Lab, attempts: u32) -> bool {
    let retry = RetryConfig::standard().with_max_attempts(attempts);
    let config = lab.sdk_config().into_builder().retry_config(retry).build();
    let update = aws_sdk_ecs::Client::new(&config).update_service().cluster(CLUSTER);
    update.service(SERVICE).force_new_deployment(true).send().await.is_ok()
}

/// A call that asks for a list, without retries, made often.
async fn list_often(lab: &Lab, times: usize) {
    let config = lab.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    let ecs = aws_sdk_ecs::Client::new(&config);
    for _ in 0..times {
        let describe = ecs.describe_services().cluster(CLUSTER).services(SERVICE);
        let _ = describe.send().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_may_be_done_though_its_answer_is_an_error_or_none() {
    let kinds =
        [FaultKind::InternalErrorAfter, FaultKind::ConnectionResetAfter, FaultKind::NoAnswer];
    for kind in kinds {
        // given a write that is done, and not answered as if it were
        let lab = running_lab(|_| {});
        lab.world().inject(Fault { operation: "UpdateService", kind, times: Some(1) });

        // when it is sent once, then its caller does not know that it was done
        assert!(!redeploy(&lab, 1).await, "{kind:?}");
        assert_eq!(deployments(&lab), 2, "{kind:?}");
        assert!(calls(&lab)[0].done, "{kind:?}");

        // when the SDK may try again, then it is done twice
        lab.world().inject(Fault { operation: "UpdateService", kind, times: Some(1) });
        assert!(redeploy(&lab, 2).await, "{kind:?}");
        assert_eq!(deployments(&lab), 4, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_a_fault_keeps_away_is_not_done() {
    for kind in [FaultKind::InternalError, FaultKind::ConnectionReset, FaultKind::Throttled] {
        // given a write that is not done
        let lab = running_lab(|_| {});
        lab.world().inject(Fault { operation: "UpdateService", kind, times: None });

        // when it is sent, then nothing has changed
        assert!(!redeploy(&lab, 1).await, "{kind:?}");
        assert_eq!(deployments(&lab), 1, "{kind:?}");
        assert!(!calls(&lab)[0].done, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_bad_weather_some_calls_fail_in_every_way_and_then_none() {
    // given a lab in bad weather
    let lab = running_lab(|_| {});
    lab.world().set_weather(Weather::of(0.05));

    // when calls are made
    list_often(&lab, 400).await;

    // then about six of eight parts of forty percent failed, in both ways in which one can say so
    let calls = calls(&lab);
    let codes: BTreeSet<String> =
        calls.iter().filter_map(|call| call.outcome.clone().err()).collect();
    let expected = ["ConnectionReset", "ServerException", "ThrottlingException"];
    assert_eq!(codes, expected.map(str::to_owned).into());
    let failed = calls.iter().filter(|call| call.outcome.is_err()).count();
    assert!((40..120).contains(&failed), "{failed} of 400 failed");
    assert!(calls.iter().any(|call| call.outcome.is_err() && call.done));

    // when the sky has cleared, then all succeed
    lab.world().set_weather(Weather::CLEAR);
    let so_far = calls.len();
    list_often(&lab, 100).await;
    assert!(lab.world().calls()[so_far..].iter().all(|call| call.outcome.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_weather() {
    let history = async || {
        let lab = running_lab(|_| {});
        lab.world().set_weather(Weather::of(0.05));
        list_often(&lab, 100).await;
        calls(&lab)
    };

    assert_eq!(history().await, history().await);
}

#[tokio::test(start_paused = true)]
async fn answers_may_be_late_and_partial_by_chance() {
    // given weather in which every answer is late
    let lab = running_lab(|_| {});
    let latency = Duration::from_secs(3);
    lab.world().set_weather(Weather { late: 1.0, latency, ..Weather::CLEAR });

    // when one is made, then it takes longer than usual and no longer than the bound
    let began = lab.clock().now();
    list_often(&lab, 1).await;
    let took = Duration::try_from(lab.clock().now().duration_since(began)).unwrap();
    let usual = lab.world().timing().api_latency;
    assert!(took > usual && took <= usual + latency, "{took:?}");

    // given weather in which every answer lacks something
    lab.world().set_weather(Weather { partial: 1.0, ..Weather::CLEAR });
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let describe = ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await;

    // when the service is described, then it is a failure (F17), and what is no list is whole
    assert_eq!(describe.unwrap().failures().len(), 1);
    let list = ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await;
    assert_eq!(list.unwrap().task_arns().len(), 1);
}
