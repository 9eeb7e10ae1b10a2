//! Reads that lag behind.

use std::collections::BTreeSet;
use std::time::Duration;

use eden_lab::Lab;
use eden_lab::world::Lag;
use jiff::Timestamp;

use crate::support::{API, CLUSTER, INTEGRATION, SERVICE, api, running_lab, the_task};

const MOST: Duration = Duration::from_secs(10);
const OLD: &str = "http://127.10.0.254/{proxy}";
const NEW: &str = "http://127.10.0.255/{proxy}";

/// A lab in which every read lags by up to ten seconds.
fn lab() -> Lab {
    let lab = running_lab(|_| {});
    lab.world().create_api(api(OLD, true));
    lab.world().set_lag(Lag::of(1.0, MOST));
    lab
}

async fn desired_count(lab: &Lab) -> i32 {
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let services = ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await;
    services.unwrap().services()[0].desired_count()
}

async fn uri(lab: &Lab) -> String {
    let gateway = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());
    let get = gateway.get_integration().api_id(API).integration_id(INTEGRATION);
    get.send().await.unwrap().integration_uri().unwrap().to_owned()
}

/// The tag of the service, and how many tasks it shall have.
async fn tag_and_desired_count(lab: &Lab) -> (Option<String>, i32) {
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let describe = ecs.describe_services().cluster(CLUSTER).services(SERVICE);
    let services = describe.include(aws_sdk_ecs::types::ServiceField::Tags).send().await.unwrap();
    let service = &services.services()[0];
    let tag = service.tags().iter().find(|tag| tag.key() == Some("k"));
    (tag.map(|tag| tag.value().unwrap().to_owned()), service.desired_count())
}

/// Reads over and over for twenty seconds: what was read, and when, since the first time.
async fn reads<T>(lab: &Lab, read: impl AsyncFn(&Lab) -> T) -> Vec<(Duration, T)> {
    let began: Timestamp = lab.clock().now();
    let since = |now: Timestamp| Duration::try_from(now.duration_since(began)).unwrap();
    let mut reads = Vec::new();
    while since(lab.clock().now()) < 2 * MOST {
        let read = read(lab).await;
        reads.push((since(lab.clock().now()), read));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    reads
}

#[tokio::test(start_paused = true)]
async fn a_read_may_show_the_past_for_a_bounded_time() {
    // given a service that has just been scaled out, after a while in which it was seen
    let lab = lab();
    tokio::time::sleep(2 * MOST).await;
    lab.world().set_desired_count(CLUSTER, SERVICE, 2).unwrap();

    // when it is described over and over
    let reads = reads(&lab, desired_count).await;

    // then at first both answers come, the old one after the new one as well
    let seen: Vec<i32> = reads.iter().map(|(_, count)| *count).collect();
    assert!(seen.windows(2).any(|pair| pair == [2, 1]), "{seen:?}");

    // and after the bound the new one alone
    let late: BTreeSet<i32> =
        reads.iter().filter(|(at, _)| *at > MOST).map(|(_, count)| *count).collect();
    assert_eq!(late, [2].into());
    assert_eq!(lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 2);
}

#[tokio::test(start_paused = true)]
async fn tags_lag_by_a_bound_of_their_own() {
    // given a service that is tagged and scaled at the same moment
    let lab = lab();
    tokio::time::sleep(2 * MOST).await;
    lab.world().set_service_tag(CLUSTER, SERVICE, "k", Some("v")).unwrap();
    lab.world().set_desired_count(CLUSTER, SERVICE, 2).unwrap();

    // when it is described over and over
    let reads = reads(&lab, tag_and_desired_count).await;

    // then the tag may be missing for two seconds only, while the count may be old for longer
    let two_seconds = Lag::NONE.most_of_tags;
    assert!(reads.iter().any(|(at, (tag, _))| *at < two_seconds && tag.is_none()));
    for (at, (tag, _)) in &reads {
        assert!(*at <= two_seconds || tag.as_deref() == Some("v"), "{at:?}: {tag:?}");
    }
    assert!(reads.iter().any(|(_, (tag, count))| tag.is_some() && *count == 1));
}

#[tokio::test(start_paused = true)]
async fn integrations_lag_as_well() {
    // given an integration that has just changed
    let lab = lab();
    tokio::time::sleep(2 * MOST).await;
    lab.world().set_integration_uri(API, INTEGRATION, NEW).unwrap();

    // when it is read over and over, then both are seen, and the new one alone after the bound
    let reads = reads(&lab, uri).await;
    assert!(reads.iter().any(|(_, uri)| uri == OLD));
    assert!(reads.iter().all(|(at, uri)| *at <= MOST || uri == NEW));

    // and requests go where it leads now
    assert_eq!(lab.world().upstream(API, "/x").as_deref(), Some("http://127.10.0.255/x"));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_not_there_before_it_was_started() {
    // given a task that has just been replaced
    let lab = lab();
    tokio::time::sleep(2 * MOST).await;
    let first = the_task(&lab.world());
    lab.world().stop_task(&first, "test").unwrap();
    lab.until(MOST, |world| world.tasks(CLUSTER, SERVICE).len() == 2).await;
    let second = lab.world().tasks(CLUSTER, SERVICE)[1].arn.clone();

    // when its successor is described over and over
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let describe = ecs.describe_tasks().cluster(CLUSTER).tasks(&second);
    let reads = reads(&lab, async |_| describe.clone().send().await.unwrap().failures().len());

    // then it may be MISSING at first, and never after the bound
    let reads = reads.await;
    assert!(reads.iter().any(|(_, missing)| *missing == 1));
    assert!(reads.iter().all(|(at, missing)| *at <= MOST || *missing == 0));
}

#[tokio::test(start_paused = true)]
async fn without_lag_every_read_shows_the_present() {
    // given a lab whose reads lagged until now
    let lab = lab();
    tokio::time::sleep(2 * MOST).await;
    lab.world().set_lag(Lag::NONE);

    // when the service is scaled and described over and over, then the new count is seen at once
    lab.world().set_desired_count(CLUSTER, SERVICE, 2).unwrap();
    let reads = reads(&lab, desired_count).await;
    assert!(reads.iter().all(|(_, count)| *count == 2));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_lags_in_the_same_way() {
    // given two labs of one seed
    let history = async || {
        let lab = lab();
        tokio::time::sleep(2 * MOST).await;
        lab.world().set_desired_count(CLUSTER, SERVICE, 2).unwrap();
        reads(&lab, desired_count).await
    };

    // when the same is read, then the same is answered
    assert_eq!(history().await, history().await);
}
