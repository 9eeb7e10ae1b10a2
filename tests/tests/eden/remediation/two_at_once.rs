//! Two health monitors at the same moment: one of them acts, whichever call of either is held up, and
//! a claim that nobody gives up is void after a while.

use std::sync::Arc;
use std::time::Duration;

use eden_core::lambda::Invocation;
use eden_core::{Edge, Report};
use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::template::Stack;
use eden_lab::world::{
    AppState, Call, Fault, FaultKind, HealthStatus, Hold, HoldEnd, HoldWhen, Task, World,
};
use eden_tests::by_hand::{self, ByHand, Ended};
use eden_tests::rig::{minutes, running, seconds};
use serde_json::json;
use tokio::task::JoinHandle;

use super::scene::{is_well, left_to_eden, of};

const FIRST: &str = "the-first";
const SECOND: &str = "the-second";

/// What is wrong, and the operation by which it is healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// One of three tasks fails its health check, and ECS leaves it at that.
    SickTask,
    /// No task answers.
    NobodyAnswers,
}

impl Trouble {
    const ALL: [Trouble; 2] = [Trouble::SickTask, Trouble::NobodyAnswers];

    fn example(self) -> Example {
        let example = left_to_eden(of(3)).parameter("UnhealthyForSeconds", &0);
        match self {
            Trouble::SickTask => example,
            Trouble::NobodyAnswers => example.parameter("HealthCheckPath", &"/health"),
        }
    }

    fn befall(self, world: &mut World) {
        match self {
            Trouble::SickTask => {
                let task = running(world).swap_remove(1);
                world.set_container_health(&task.arn, HealthStatus::Unhealthy).unwrap();
            }
            Trouble::NobodyAnswers => {
                let failing = AppState::Failing(503);
                world.set_app_of_service(CLUSTER, SERVICE, failing).unwrap();
            }
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Trouble::SickTask => "StopTask",
            Trouble::NobodyAnswers => "UpdateService",
        }
    }
}

/// A service in trouble, and nobody but the test looks at it.
struct Scene {
    eden: Arc<ByHand>,
    trouble: Trouble,
}

impl Scene {
    async fn open(trouble: Trouble, stack: &Arc<Stack>) -> Self {
        Scene::of(trouble, &trouble.example(), stack).await
    }

    async fn of(trouble: Trouble, example: &Example, stack: &Arc<Stack>) -> Self {
        let eden = ByHand::start(example, Arc::clone(stack), |world| {
            world.set_api_url(eden_tests::rig::API_URL, eden_lab::example::API).unwrap();
        });
        eden.settle().await;
        let leads = eden.process(HEALTH_MONITOR, "the-one-before");
        let _ = eden.monitor(&leads).await.expect("the route is led to a task");
        // No grace and no cooldown holds any more.
        tokio::time::sleep(minutes(20)).await;
        trouble.befall(&mut eden.lab.world());
        if trouble == Trouble::NobodyAnswers {
            // That has lasted, by the note of an earlier look.
            let _ = eden.monitor(&leads).await.expect("the service is noted as failing");
            tokio::time::sleep(seconds(61)).await;
        }
        Scene { eden: Arc::new(eden), trouble }
    }

    fn process(&self, access_key: &str) -> Edge {
        self.eden.process(HEALTH_MONITOR, access_key)
    }

    fn begin(&self, access_key: &str) -> JoinHandle<Ended> {
        let (eden, process) = (Arc::clone(&self.eden), self.process(access_key));
        tokio::spawn(async move { eden.monitor(&process).await })
    }

    fn hold(&self, access_key: &str, nth: usize, when: HoldWhen, time: Duration) {
        let (access_key, until) = (access_key.to_owned(), HoldEnd::Elapsed(time));
        self.eden.lab.world().hold(Hold { access_key, nth, when, until });
    }

    /// How AWS healed it, by whoever asked for it. To stop a task that stops already is nothing.
    fn remedies(&self) -> Vec<Call> {
        let world = self.eden.lab.world();
        let heals = |call: &&Call| call.operation == self.trouble.remedy() && call.done;
        let mut remedies: Vec<_> = world.calls().iter().filter(heals).cloned().collect();
        if self.trouble == Trouble::SickTask {
            remedies.dedup_by(|one, other| one.resource == other.resource);
        }
        remedies
    }

    fn claim(&self) -> Option<String> {
        let world = self.eden.lab.world();
        world.service(CLUSTER, SERVICE).unwrap().tags.get("eden:claim").cloned()
    }
}

fn stack(trouble: Trouble) -> Arc<Stack> {
    by_hand::stack(&trouble.example())
}

fn reasons(report: &Report) -> Vec<String> {
    let held = serde_json::to_value(report).unwrap()["held"].clone();
    let held = held.as_array().unwrap().clone();
    held.iter().map(|hold| hold["reason"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn of_two_that_come_within_seconds_of_each_other_one_acts() {
    for trouble in Trouble::ALL {
        let stack = stack(trouble);
        for apart in (0..=48).map(|quarters| quarters * Duration::from_millis(250)) {
            // Given
            let scene = Scene::open(trouble, &stack).await;
            // When
            let first = scene.begin(FIRST);
            tokio::time::sleep(apart).await;
            let second = scene.begin(SECOND);
            let [first, second] = [first.await, second.await].map(|ended| ended.unwrap().unwrap());
            // Then
            assert_eq!(scene.remedies().len(), 1, "{trouble:?}, {apart:?} apart");
            assert_eq!(scene.claim(), None, "{trouble:?}, {apart:?} apart");
            if apart <= seconds(5) {
                let held = [&first, &second].map(|it| reasons(it).contains(&"claimed".to_owned()));
                assert_eq!(held.iter().filter(|it| **it).count(), 1, "{trouble:?}, {apart:?}");
            }
        }
    }
}

/// Which of an invocation's calls, counted from 1, are of the claim: from the look before it on.
fn of_claim(calls: &[Call]) -> std::ops::RangeInclusive<usize> {
    let position = |operation: &str| {
        let found = calls.iter().position(|call| call.operation == operation);
        found.unwrap_or_else(|| panic!("no {operation} in {calls:?}"))
    };
    // The look comes right before the claim, and a first look at everything before that.
    position("TagResource")..=position("UntagResource") + 1
}

#[tokio::test(start_paused = true)]
async fn whichever_call_of_the_claim_is_held_up_no_remedy_is_taken_twice() {
    for trouble in Trouble::ALL {
        let stack = stack(trouble);
        let alone = Scene::open(trouble, &stack).await;
        let _ = alone.begin(FIRST).await.unwrap().unwrap();
        assert_eq!(alone.remedies().len(), 1);
        let boundaries = of_claim(&alone.eden.calls_of(FIRST));
        for nth in boundaries {
            for when in [HoldWhen::Before, HoldWhen::After] {
                for (held_for, apart) in [(3, 0), (3, 1), (5, 0), (5, 1), (9, 2), (20, 6)] {
                    let case = format!("{trouble:?}: call {nth} {when:?}, {held_for} s, {apart} s");
                    // Given
                    let scene = Scene::open(trouble, &stack).await;
                    scene.hold(FIRST, nth, when, seconds(held_for));
                    // When
                    let first = scene.begin(FIRST);
                    tokio::time::sleep(seconds(apart)).await;
                    let second = scene.begin(SECOND);
                    // Then: whoever could not tell whose claim it is has failed, and will be retried.
                    let _ = (first.await.unwrap(), second.await.unwrap());
                    assert!(scene.remedies().len() <= 1, "{case}: {:?}", scene.remedies());
                    // When, then: a few minutes later it is healed. A deployment that was noted and
                    // cut off counts for the cooldown; stops heal it then.
                    for _ in 0..3 {
                        tokio::time::sleep(minutes(3)).await;
                        let _ = scene.begin("the-third").await.unwrap();
                    }
                    tokio::time::sleep(minutes(3)).await;
                    assert!(scene.remedies().len() <= 1, "{case}: {:?}", scene.remedies());
                    assert!(is_well(&scene.eden.lab.world()), "{case}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_lambda_runs_twice_at_once_acts_once() {
    for trouble in Trouble::ALL {
        // Given
        let scene = Scene::open(trouble, &stack(trouble)).await;
        let (one, other) = (scene.process(FIRST), scene.process(SECOND));
        let invocation = scene.eden.invocation(&one, json!({}));
        let mut again = scene.eden.invocation(&other, json!({}));
        again.request_id.clone_from(&invocation.request_id);
        // When
        let (first, second) = tokio::join!(
            scene.eden.repeat_monitor(&one, invocation),
            scene.eden.repeat_monitor(&other, again),
        );
        // Then
        let held = [first.unwrap(), second.unwrap()]
            .map(|report| reasons(&report).contains(&"claimed".to_owned()));
        assert_eq!(held.iter().filter(|it| **it).count(), 1, "{trouble:?}");
        assert_eq!(scene.remedies().len(), 1, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_nobody_gives_up_is_void_after_five_minutes() {
    // Given: an invocation ends between its claim and its remedy.
    let trouble = Trouble::SickTask;
    let scene = Scene::open(trouble, &stack(trouble)).await;
    let first = scene.begin(FIRST);
    let claimed =
        |world: &World| world.service(CLUSTER, SERVICE).unwrap().tags.contains_key("eden:claim");
    assert!(scene.eden.lab.until(minutes(1), claimed).await);
    first.abort();
    // When, then
    tokio::time::sleep(minutes(4)).await;
    let report = scene.begin(SECOND).await.unwrap().unwrap();
    assert!(reasons(&report).contains(&"claimed".to_owned()), "{report:?}");
    assert_eq!(scene.remedies(), []);
    tokio::time::sleep(minutes(1)).await;
    let _ = scene.begin("the-third").await.unwrap().unwrap();
    assert_eq!(scene.remedies().len(), 1);
    assert_eq!(scene.claim(), None);
}

#[tokio::test(start_paused = true)]
async fn what_people_wrote_into_the_claim_is_no_claim() {
    let trouble = Trouble::SickTask;
    let mut example = trouble.example();
    example.service.tags.insert("eden:claim".to_owned(), "hands off".to_owned());
    let scene = Scene::of(trouble, &example, &stack(trouble)).await;
    assert_eq!(scene.claim().as_deref(), Some("hands off"));
    let _ = scene.begin(SECOND).await.unwrap().unwrap();
    assert_eq!(scene.remedies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_claim_nothing_is_done_and_the_invocation_fails() {
    for (operation, kind) in
        [("TagResource", FaultKind::Throttled), ("TagResource", FaultKind::ConnectionReset)]
    {
        let trouble = Trouble::NobodyAnswers;
        let scene = Scene::open(trouble, &stack(trouble)).await;
        scene.eden.lab.world().inject(Fault { operation, kind, times: None });
        let error = scene.begin(FIRST).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(operation), "{error}");
        assert_eq!(scene.remedies(), []);
        let tasks: Vec<Task> = running(&scene.eden.lab.world());
        assert_eq!(tasks.len(), 3);
    }
}

/// A review found that a run could be ended between its note and its remedy.
#[tokio::test(start_paused = true)]
async fn a_run_that_has_too_little_time_left_leaves_the_remedy_to_the_next() {
    for trouble in Trouble::ALL {
        // Given a run that Lambda will end soon after it has claimed the service
        let scene = Scene::open(trouble, &stack(trouble)).await;
        let process = scene.process(FIRST);
        let deadline = process.aws.now() + seconds(20);
        let hurried = Invocation { deadline, ..scene.eden.invocation(&process, json!({})) };
        // When
        let ended = scene.eden.repeat_monitor(&process, hurried).await;
        // Then it notes and does nothing, says so, and is repeated
        let error = format!("{:?}", ended.expect_err("Lambda is to run it again"));
        assert!(error.contains("too little time was left to act"), "{error}");
        assert_eq!((scene.remedies().len(), scene.claim()), (0, None), "{trouble:?}");
        // When it has its whole time
        let _ = scene.eden.monitor(&process).await.expect("it heals");
        // Then
        assert_eq!(scene.remedies().len(), 1, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_claims_are_refused_nothing_is_done_and_people_read_why() {
    let trouble = Trouble::NobodyAnswers;
    let scene = Scene::open(trouble, &stack(trouble)).await;
    let kind = FaultKind::AccessDenied;
    scene.eden.lab.world().inject(Fault { operation: "TagResource", kind, times: None });
    // When: no repetition would help, so that the run does not fail.
    let report = scene.begin(FIRST).await.unwrap().unwrap();
    // Then
    assert!(reasons(&report).contains(&"tags_refused".to_owned()), "{report:?}");
    assert_eq!(scene.remedies(), []);
}

/// A review found: healing was off in silence until the time that the claim said.
#[tokio::test(start_paused = true)]
async fn a_claim_dated_in_the_future_holds_nothing_back() {
    // Given: a laptop's clock is years ahead, or somebody wants Eden switched off in silence.
    let trouble = Trouble::SickTask;
    let mut example = trouble.example();
    let claim = "id-1/abc 2099-01-01T00:00:00Z".to_owned();
    example.service.tags.insert("eden:claim".to_owned(), claim);
    let scene = Scene::of(trouble, &example, &stack(trouble)).await;
    // When
    let _ = scene.begin(FIRST).await.unwrap().unwrap();
    // Then
    assert_eq!(scene.remedies().len(), 1);
    assert_eq!(scene.claim(), None);
}

/// The same review: a claim that somebody else holds is told when it lasts.
#[tokio::test(start_paused = true)]
async fn a_claim_that_is_held_again_and_again_is_told() {
    // Given
    let trouble = Trouble::SickTask;
    let scene = Scene::open(trouble, &stack(trouble)).await;
    let process = scene.process(FIRST);
    for minute in 0..=8 {
        // When: somebody else's claim is there at each look.
        let value = format!("somebody {:.0}", process.aws.now());
        let mut world = scene.eden.lab.world();
        world.set_service_tag(CLUSTER, SERVICE, "eden:claim", Some(&value)).unwrap();
        drop(world);
        let report = scene.eden.monitor(&process).await.unwrap();
        // Then
        let condition = report.condition.as_ref().unwrap();
        assert_eq!((condition.name.as_str(), condition.lasts), ("claimed", minute >= 5));
        tokio::time::sleep(minutes(1)).await;
    }
    assert_eq!(scene.remedies(), []);
    let world = scene.eden.lab.world();
    let calls = world.published().iter();
    let calls = calls.filter(|mail| mail.subject.as_deref() == Some("Eden Needs a Human"));
    let [mail] = &calls.collect::<Vec<_>>()[..] else { panic!("{:?}", world.published()) };
    assert!(
        mail.message.contains("invocation somebody has claimed the service"),
        "{}",
        mail.message
    );
}
