//! Looks that are answered with the past: the same rule that found something to write puts it right.

use eden_core::HandlerError;
use eden_lab::example::IP_UPDATER;
use eden_lab::world::{Call, Fault, FaultKind};
use eden_tests::by_hand::{ByHand, Ended, stack};
use eden_tests::permissions::Variant;
use eden_tests::rig::{running, serving};
use serde_json::Value;

/// An account with one task, to which the route does not lead yet.
struct Account {
    eden: ByHand,
    event: Value,
}

impl Account {
    async fn open(variant: Variant, auto_deploy: bool) -> Self {
        let mut example = variant.example();
        example.auto_deploy = auto_deploy;
        let eden = ByHand::start(&example, stack(&example), |world| variant.furnish(world));
        eden.settle().await;
        let task = running(&eden.lab.world())[0].clone();
        let event = eden.event_about(&task);
        Account { eden, event }
    }

    /// So many of the coming reads are answered with the past, which begins to differ with the first
    /// change.
    fn answer_with_the_past(&self, operation: &'static str, times: u32) {
        let fault = Fault { operation, kind: FaultKind::Stale, times: Some(times) };
        self.eden.lab.world().inject(fault);
    }

    /// One invocation in a fresh process, and the writes of the route that succeeded.
    async fn update(&self) -> (Ended, Vec<String>) {
        let before = self.eden.calls_of(IP_UPDATER).len();
        let process = self.eden.process(IP_UPDATER, IP_UPDATER);
        let ended = self.eden.update(&process, self.event.clone()).await;
        let calls = self.eden.calls_of(IP_UPDATER).split_off(before);
        let writes =
            |call: &Call| call.mutating && call.outcome.is_ok() && call.operation != "PutEvents";
        (ended, calls.into_iter().filter(writes).map(|call| call.operation).collect())
    }

    fn serves(&self) -> bool {
        serving(&self.eden.lab.world()).is_some()
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_integration_in_the_look_after_the_write_is_written_again_and_looked_at_again() {
    // Given: both reads of the first look, which are not of the past yet, and those of the second.
    let account = Account::open(Variant::HttpIntegrations, true).await;
    account.answer_with_the_past("GetIntegration", 4);
    // When
    let (ended, writes) = account.update().await;
    // Then: the same was written twice, which harms nothing, and the third look was content.
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(writes, ["UpdateIntegration"; 4]);
    assert!(account.serves());
    assert!(account.update().await.1.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stale_stage_in_the_look_after_the_deployment_is_deployed_again() {
    let account = Account::open(Variant::HttpIntegrations, false).await;
    account.answer_with_the_past("GetStages", 2);

    let (ended, writes) = account.update().await;

    assert!(ended.is_ok(), "{ended:?}");
    let deployments = writes.iter().filter(|operation| *operation == "CreateDeployment");
    assert_eq!(deployments.count(), 2, "{writes:?}");
    assert!(account.serves());
    assert!(account.update().await.1.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stale_stage_variable_in_the_look_after_the_write_is_written_again() {
    let account = Account::open(Variant::HttpStageVariable, true).await;
    account.answer_with_the_past("GetStage", 2);

    let (ended, writes) = account.update().await;

    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(writes, ["UpdateStage"; 2]);
    assert!(account.serves());
    assert!(account.update().await.1.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_past_that_ends_within_four_rounds_is_no_error() {
    // Given: two reads a look, and after the fourth round of writing a look at the present.
    let account = Account::open(Variant::HttpIntegrations, true).await;
    account.answer_with_the_past("GetIntegration", 2 * 4);
    // When
    let (ended, writes) = account.update().await;
    // Then
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(writes.len(), 2 * 4);
}

#[tokio::test(start_paused = true)]
async fn after_four_rounds_an_invocation_gives_up_with_an_error_and_lambdas_retry_settles() {
    // Given
    let account = Account::open(Variant::HttpIntegrations, true).await;
    account.answer_with_the_past("GetIntegration", 2 * 5);
    // When
    let (ended, writes) = account.update().await;
    // Then: it wrote what is right, but could not see it, and says so.
    let Err(HandlerError::Incomplete(report)) = ended else { panic!("{ended:?}") };
    let failure = report.failure();
    assert!(failure.contains("the route does not settle"), "{failure}");
    assert_eq!(writes.len(), 2 * 4);
    assert!(account.serves());
    // When: Lambda tries again (F29).
    let (ended, writes) = account.update().await;
    // Then
    assert!(ended.is_ok(), "{ended:?}");
    assert!(writes.is_empty(), "{writes:?}");
}
