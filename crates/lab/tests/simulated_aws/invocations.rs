//! Invocations that end before their time, or come twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use eden_lab::Lab;
use eden_lab::lambda::{
    Doom, End, FunctionError, Handler, InvocationFaults, InvocationRecord, Lambda, RetryDelays,
};
use serde_json::json;

use crate::support::{CLUSTER, MINUTE, SERVICE, running_lab};

const FUNCTION: &str = "f";

/// A function that makes three calls, one after the other.
fn three_calls(lab: &Lab) -> Handler {
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    Arc::new(move |_, _| {
        let list = ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE);
        Box::pin(async move {
            for _ in 0..3 {
                let failed = |error| FunctionError::new("Failed", format!("{error:?}"));
                list.clone().send().await.map_err(failed)?;
            }
            Ok(json!("done"))
        })
    })
}

/// A lab with that function, whose time-out is a minute.
fn scene() -> (Lab, Lambda) {
    let lab = running_lab(|_| {});
    let lambda = Lambda::new(RetryDelays::aws());
    lambda.register(FUNCTION, MINUTE, three_calls(&lab));
    (lab, lambda)
}

fn calls(lab: &Lab) -> usize {
    lab.world().calls().len()
}

fn error_types(history: &[InvocationRecord]) -> Vec<Option<String>> {
    history.iter().map(|it| it.result.as_ref().err().map(|it| it.error_type.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_invocation_may_crash_before_any_of_its_calls_and_is_repeated() {
    for before_call in 1..=3 {
        // given an invocation that crashes before one of its three calls
        let (lab, lambda) = scene();
        lambda.doom_next(FUNCTION, Doom { end: End::Crash, before_call });

        // when it runs
        lambda.invoke_async(FUNCTION, json!({}));
        tokio::time::sleep(MINUTE / 2).await;

        // then the calls before it were made, and those after it were not
        assert_eq!(error_types(&lambda.history()), [Some("Runtime.ExitError".to_owned())]);
        assert_eq!(calls(&lab), before_call - 1);

        // when a minute has passed, then Lambda has repeated it (F29), and it is done
        tokio::time::sleep(MINUTE).await;
        assert_eq!(lambda.history()[1].result, Ok(json!("done")));
        assert_eq!(calls(&lab), before_call - 1 + 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_may_crash_when_it_has_done_everything() {
    // given an invocation that crashes before a call that it never makes
    let (lab, lambda) = scene();
    lambda.doom_next(FUNCTION, Doom { end: End::Crash, before_call: 4 });

    // when it runs, then it has failed all the same
    let ended = lambda.invoke(FUNCTION, json!({})).await;
    assert_eq!(ended.unwrap_err().error_type, "Runtime.ExitError");
    assert_eq!(calls(&lab), 3);
}

#[tokio::test(start_paused = true)]
async fn an_invocation_may_hang_until_its_time_out() {
    // given an invocation that hangs before its second call
    let (lab, lambda) = scene();
    lambda.doom_next(FUNCTION, Doom { end: End::Hang, before_call: 2 });

    // when it runs, then its time-out ends it
    let ended = lambda.invoke(FUNCTION, json!({})).await;
    assert_eq!(ended.unwrap_err().error_type, "Sandbox.Timedout");
    assert_eq!(lambda.history()[0].took, MINUTE);
    assert_eq!(calls(&lab), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_invocation_does_not_touch_another_at_the_same_time() {
    // given an invocation that hangs
    let (lab, lambda) = scene();
    lambda.doom_next(FUNCTION, Doom { end: End::Hang, before_call: 2 });
    lambda.invoke_async(FUNCTION, json!(1));
    tokio::time::sleep(Duration::from_secs(1)).await;

    // when another one runs meanwhile, then it is done
    assert_eq!(lambda.invoke(FUNCTION, json!(2)).await, Ok(json!("done")));
    assert_eq!(calls(&lab), 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_come_twice_with_the_same_request_id() {
    // given a Lambda that repeats every event
    let (lab, lambda) = scene();
    let faults = InvocationFaults { repeat: 1.0, ..InvocationFaults::NONE };
    lambda.set_faults(faults, lab.world().seed());

    // when a function is invoked asynchronously
    lambda.invoke_async(FUNCTION, json!({}));
    tokio::time::sleep(MINUTE).await;

    // then it has run twice for one request, though it succeeded
    let history = lambda.history();
    assert_eq!(error_types(&history), [None, None]);
    assert_eq!(history[0].request_id, history[1].request_id);
    assert!(history[1].started - history[0].started <= faults.repeat_delay);

    // when the fault ends, then so does the repetition
    lambda.set_faults(InvocationFaults::NONE, 1);
    lambda.invoke_async(FUNCTION, json!({}));
    tokio::time::sleep(MINUTE).await;
    assert_eq!(lambda.history().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn invocations_fail_by_chance_and_the_seed_tells_which() {
    // given a Lambda in which every fifth attempt crashes and every fifth hangs
    let outcomes = async |seed| {
        let (_lab, lambda) = scene();
        let faults = InvocationFaults { repeat: 0.0, ..InvocationFaults::of(0.2) };
        lambda.set_faults(faults, seed);
        for _ in 0..50 {
            let _ = lambda.invoke(FUNCTION, json!({})).await;
        }
        error_types(&lambda.history())
    };

    // when a function is invoked often, then it fails in both ways, and succeeds mostly
    let first = outcomes(1).await;
    let kinds: BTreeSet<Option<String>> = first.iter().cloned().collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    let succeeded = first.iter().filter(|it| it.is_none()).count();
    assert!((20..40).contains(&succeeded), "{succeeded} of 50");

    // and the same seed has the same failures, another one others
    assert_eq!(outcomes(1).await, first);
    assert_ne!(outcomes(2).await, first);
}
