//! Calls that are held up, so that others come in between.

use std::time::Duration;

use aws_sdk_ecs::config::timeout::TimeoutConfig;
use eden_lab::world::{Hold, HoldEnd, HoldWhen};
use eden_lab::{Lab, World};
use tokio::task::JoinHandle;

use crate::support::{CLUSTER, MINUTE, SERVICE, running_lab};

const SLOW: &str = "SLOW";
const OTHER: &str = "OTHER";

fn hold(lab: &Lab, nth: usize, when: HoldWhen, until: HoldEnd) {
    lab.world().hold(Hold { access_key: SLOW.to_owned(), nth, when, until });
}

/// The desired count as a caller reads it.
async fn read(lab: &Lab, access_key: &str) -> i32 {
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config_of(access_key));
    let describe = ecs.describe_services().cluster(CLUSTER).services(SERVICE);
    describe.send().await.unwrap().services()[0].desired_count()
}

fn reading(lab: &Lab) -> JoinHandle<i32> {
    let lab = lab.clone();
    tokio::spawn(async move { read(&lab, SLOW).await })
}

async fn is_held(lab: &Lab) -> bool {
    lab.until(MINUTE, |world: &World| world.held(SLOW)).await
}

#[tokio::test(start_paused = true)]
async fn a_call_held_before_it_is_performed_sees_what_happens_meanwhile() {
    // given a read that is held up before it is performed
    let lab = running_lab(|_| {});
    hold(&lab, 1, HoldWhen::Before, HoldEnd::Released);
    let reading = reading(&lab);
    assert!(is_held(&lab).await);
    assert!(lab.world().calls().is_empty());

    // when the count changes meanwhile and the read goes on
    lab.world().set_desired_count(CLUSTER, SERVICE, 3).unwrap();
    lab.world().release(SLOW);

    // then it has read the change
    assert_eq!(reading.await.unwrap(), 3);
    assert!(!lab.world().held(SLOW));
}

#[tokio::test(start_paused = true)]
async fn a_call_held_after_it_was_performed_is_a_stale_read() {
    // given a read that has been performed and is not answered
    let lab = running_lab(|_| {});
    hold(&lab, 1, HoldWhen::After, HoldEnd::Released);
    let reading = reading(&lab);
    assert!(is_held(&lab).await);
    assert_eq!(lab.world().calls().len(), 1);

    // when the count changes meanwhile and the read goes on
    lab.world().set_desired_count(CLUSTER, SERVICE, 3).unwrap();
    lab.world().release(SLOW);

    // then it has read the past
    assert_eq!(reading.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_nth_call_of_the_access_key_since_the_hold_was_set_is_held() {
    // given two calls before the hold on the second one from then on
    let lab = running_lab(|_| {});
    read(&lab, SLOW).await;
    read(&lab, SLOW).await;
    hold(&lab, 2, HoldWhen::Before, HoldEnd::Released);

    // when others and the first call come, then they are not held
    read(&lab, OTHER).await;
    read(&lab, OTHER).await;
    read(&lab, SLOW).await;
    assert!(!lab.world().held(SLOW));

    // when the second one comes, then it is, for as long as nobody releases it
    let second = reading(&lab);
    assert!(is_held(&lab).await);
    read(&lab, OTHER).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!second.is_finished());

    // when it is released, then so are those after it
    lab.world().release(SLOW);
    assert_eq!(second.await.unwrap(), 1);
    assert_eq!(read(&lab, SLOW).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_release_leaves_the_holds_that_are_yet_to_come() {
    // given both ends of one call held, and a release that comes too early
    let lab = running_lab(|_| {});
    hold(&lab, 1, HoldWhen::Before, HoldEnd::Released);
    hold(&lab, 1, HoldWhen::After, HoldEnd::Released);
    lab.world().release(SLOW);
    let reading = reading(&lab);
    assert!(is_held(&lab).await);
    assert!(lab.world().calls().is_empty());

    // when the first hold is released, then the second one holds
    lab.world().release(SLOW);
    assert!(is_held(&lab).await);
    assert_eq!(lab.world().calls().len(), 1);

    // when that is released as well, then the call ends
    lab.world().release(SLOW);
    assert_eq!(reading.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hold_may_end_by_itself() {
    // given a read that is held up for four seconds
    let lab = running_lab(|_| {});
    let four_seconds = Duration::from_secs(4);
    hold(&lab, 1, HoldWhen::After, HoldEnd::Elapsed(four_seconds));
    let began = lab.clock().now();

    // when it is made
    read(&lab, SLOW).await;

    // then it took so long and is not held any more
    let took = Duration::try_from(lab.clock().now().duration_since(began)).unwrap();
    assert_eq!(took, four_seconds + lab.world().timing().api_latency);
    assert!(!lab.world().held(SLOW));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_is_not_held_any_more() {
    // given a caller that waits for two seconds, and a hold that nobody releases
    let lab = running_lab(|_| {});
    hold(&lab, 1, HoldWhen::Before, HoldEnd::Released);
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(2)).build();
    let config = lab.sdk_config_of(SLOW).into_builder().timeout_config(timeouts).build();
    let describe = aws_sdk_ecs::Client::new(&config).describe_services().cluster(CLUSTER);

    // when it reads
    let answer = describe.services(SERVICE).send().await;

    // then its second attempt succeeded, and the first was never performed
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(lab.world().calls().len(), 1);
    assert!(!lab.world().held(SLOW));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_is_not_held_any_more() {
    // given a read that is held up
    let lab = running_lab(|_| {});
    hold(&lab, 1, HoldWhen::Before, HoldEnd::Released);
    let reading = reading(&lab);
    assert!(is_held(&lab).await);

    // when its caller goes away
    reading.abort();

    // then nothing is held
    assert!(lab.until(MINUTE, |world: &World| !world.held(SLOW)).await);
    assert_eq!(read(&lab, SLOW).await, 1);
}
