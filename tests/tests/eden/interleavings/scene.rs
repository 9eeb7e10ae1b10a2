//! A service with a route to it, and two invocations that can be held up at any of their calls.

use std::sync::Arc;
use std::time::Duration;

use eden_lab::example::{API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::template::Stack;
use eden_lab::world::{Call, Hold, HoldEnd, HoldWhen, Task, Timing};
use eden_lab::{Lab, World};
use eden_tests::by_hand::{self, ByHand, Ended};
use eden_tests::permissions::Variant;
use eden_tests::rig::running;
use serde_json::Value;
use tokio::task::JoinHandle;

const EARLIER: &str = "an-earlier-one";
const FIRST: &str = "the-first";
const SECOND: &str = "the-second";
const THIRD: &str = "the-third";

/// What happens while the first invocation is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the event comes twice (F8).
    Nothing,
    /// The task crashes, and its successor runs.
    Crash,
    /// A new deployment replaces the task.
    Rollout,
    /// Somebody leads the route elsewhere by hand.
    HandEdit,
}

/// Whose invocation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// ip-updater's, by the event of the task that runs.
    Updater,
    /// health-monitor's, by its schedule.
    Monitor,
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Case {
    pub variant: Variant,
    pub auto_deploy: bool,
    pub first: Function,
    pub change: Change,
    pub second: Function,
    /// Whether Eden has led the route to a task before, which has crashed since.
    pub moved_before: bool,
    /// The least time between two deployments (F5).
    pub deployment_interval: Duration,
    pub stack: Arc<Stack>,
}

impl Case {
    /// Two invocations of ip-updater; API Gateway takes any number of deployments.
    pub fn new(variant: Variant, auto_deploy: bool, change: Change) -> Self {
        Case {
            variant,
            auto_deploy,
            first: Function::Updater,
            change,
            second: Function::Updater,
            moved_before: false,
            deployment_interval: Duration::ZERO,
            stack: by_hand::stack(&variant.example()),
        }
    }

    /// Opens the account: a task runs, and the route does not lead there. Everything is a hundred
    /// times as fast as AWS, so that a task is replaced in less time than the SDK waits for an
    /// answer that is held up.
    async fn open(&self) -> Scene<'_> {
        let mut example = self.variant.example();
        example.auto_deploy = self.auto_deploy;
        example.world.timing = Timing {
            api_latency: Duration::from_millis(1),
            deployment_interval: self.deployment_interval,
            ..Timing::aws().scaled(0.01)
        };
        let furnish = |world: &mut World| self.variant.furnish(world);
        let eden = ByHand::start(&example, Arc::clone(&self.stack), furnish);
        eden.settle().await;
        let scene = Scene { case: self, eden: Arc::new(eden) };
        if self.moved_before {
            let event = scene.eden.event_about(&scene.task());
            ended_well(scene.invoke(Function::Updater, EARLIER, event), "the move before").await;
            scene.crash().await;
        }
        scene
    }

    /// Plays it once: the first invocation is held up, the world changes, the second one begins,
    /// and all ends as `fate` will have it. Then the route leads to the task that runs, and another
    /// look finds nothing to write.
    pub async fn play(&self, first: Boundary, fate: Fate) -> Played {
        let scene = self.open().await;
        let label = format!("{self}, the first held {first:?}, {fate:?}");
        let event = scene.eden.event_about(&scene.task());
        scene.hold(FIRST, first);
        let mut one = scene.invoke(self.first, FIRST, event.clone());
        let held = scene.meets_its_hold(FIRST, &mut one).await;
        if let Fate::Crashed = fate {
            one.abort();
        }
        scene.change().await;
        let event = match self.change {
            Change::Crash | Change::Rollout => scene.eden.event_about(&scene.task()),
            Change::Nothing | Change::HandEdit => event,
        };
        if let Fate::EndsFirst(second) | Fate::EndsLast(second) = fate {
            scene.hold(SECOND, second);
        }
        let mut two = scene.invoke(self.second, SECOND, event.clone());
        let second_held = scene.meets_its_hold(SECOND, &mut two).await;
        match fate {
            Fate::Crashed => ended_well(two, &label).await,
            Fate::Overtaken | Fate::EndsLast(_) => {
                scene.release(SECOND, second_held);
                ended_well(two, &label).await;
                scene.release(FIRST, held);
                ended_well(one, &label).await;
            }
            Fate::EndsFirst(_) => {
                scene.release(FIRST, held);
                ended_well(one, &label).await;
                scene.release(SECOND, second_held);
                ended_well(two, &label).await;
            }
        }
        scene.is_settled(event, &label).await;
        let [of_first, of_second] = [FIRST, SECOND].map(|key| scene.eden.calls_of(key));
        Played { held, of_first, of_second }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Case { variant, auto_deploy, first, change, second, .. } = self;
        write!(f, "{variant:?}, autoDeploy {auto_deploy}, {first:?}, {change:?}, {second:?}")
    }
}

/// An end of one of the calls of an invocation.
#[derive(Debug, Clone, Copy)]
pub struct Boundary {
    nth: usize,
    when: HoldWhen,
}

impl Boundary {
    /// No invocation makes so many calls.
    pub const NEVER: Boundary = Boundary { nth: usize::MAX, when: HoldWhen::Before };

    /// Every boundary, the first one first.
    pub fn all() -> impl Iterator<Item = Boundary> {
        let both = |nth| [HoldWhen::Before, HoldWhen::After].map(|when| Boundary { nth, when });
        (1..).flat_map(both)
    }

    /// The boundaries of these calls that make a difference: before each call that matters, and
    /// after the last of those that were made at the same time. An invocation goes on only when all
    /// of those are answered, so it is all one after which of them it is held up.
    pub fn different(calls: &[Call], matters: impl Fn(&Call) -> bool) -> Vec<Boundary> {
        let mut boundaries = Vec::new();
        for (nth, call) in (1..).zip(calls).filter(|(_, call)| matters(call)) {
            boundaries.push(Boundary { nth, when: HoldWhen::Before });
            let last = (1..).zip(calls).filter(|(_, other)| other.at == call.at).last();
            boundaries.extend(last.map(|(nth, _)| Boundary { nth, when: HoldWhen::After }));
        }
        boundaries.sort_by_key(|it| (it.nth, it.when == HoldWhen::After));
        boundaries.dedup_by_key(|it| (it.nth, it.when == HoldWhen::After));
        boundaries
    }
}

/// What becomes of the first invocation, once it is held up and the world has changed.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// It goes on when the second one has ended.
    Overtaken,
    /// It never goes on.
    Crashed,
    /// The second one is held up as well; then the first goes on to its end, then the second.
    EndsFirst(Boundary),
    /// The second one is held up as well; then that one goes on to its end, then the first.
    EndsLast(Boundary),
}

/// How a case was played.
#[derive(Debug)]
pub struct Played {
    /// Whether the first invocation came to its boundary.
    pub held: bool,
    /// The calls of the first one.
    pub of_first: Vec<Call>,
    /// The calls of the second one.
    pub of_second: Vec<Call>,
}

struct Scene<'a> {
    case: &'a Case,
    eden: Arc<ByHand>,
}

impl Scene<'_> {
    fn lab(&self) -> &Lab {
        &self.eden.lab
    }

    /// The one task.
    fn task(&self) -> Task {
        let tasks = running(&self.lab().world());
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        tasks[0].clone()
    }

    fn hold(&self, access_key: &str, Boundary { nth, when }: Boundary) {
        let (access_key, until) = (access_key.to_owned(), HoldEnd::Released);
        self.lab().world().hold(Hold { access_key, nth, when, until });
    }

    /// Lets an invocation go on. If it met its hold, it has been held until now: the SDK gives up on
    /// a call only where the other one had to wait for its deployment, or waited to see whether another
    /// run tells the same news.
    fn release(&self, access_key: &str, met: bool) {
        let mut world = self.lab().world();
        let gave_up = met && !world.held(access_key);
        assert!(
            !gave_up
                || !self.case.deployment_interval.is_zero()
                || matches!(self.case.first, Function::Monitor),
            "{access_key}: {}",
            self.case
        );
        world.release(access_key);
    }

    /// Begins an invocation in a fresh process.
    fn invoke(&self, function: Function, access_key: &str, event: Value) -> JoinHandle<Ended> {
        let eden = Arc::clone(&self.eden);
        match function {
            Function::Updater => {
                let process = eden.process(IP_UPDATER, access_key);
                tokio::spawn(async move { eden.update(&process, event).await })
            }
            Function::Monitor => {
                let process = eden.process(HEALTH_MONITOR, access_key);
                tokio::spawn(async move { eden.monitor(&process).await })
            }
        }
    }

    async fn change(&self) {
        match self.case.change {
            Change::Nothing => {}
            Change::Crash => self.crash().await,
            Change::Rollout => {
                let task = self.task();
                self.lab().world().new_deployment(CLUSTER, SERVICE, None).unwrap();
                self.is_replaced(task).await;
            }
            Change::HandEdit => self.case.variant.lead_astray(&mut self.lab().world()),
        }
    }

    async fn crash(&self) {
        let task = self.task();
        self.lab().world().crash_task(&task.arn, 1).unwrap();
        self.is_replaced(task).await;
    }

    async fn is_replaced(&self, task: Task) {
        let replaced = |world: &World| running(world).iter().all(|it| it.arn != task.arn);
        assert!(self.lab().until(Duration::from_secs(4), replaced).await);
        self.eden.settle().await;
    }

    /// Waits until an invocation is held up; `false` when it ends before that.
    async fn meets_its_hold(&self, access_key: &str, invocation: &mut JoinHandle<Ended>) -> bool {
        let (held, hour) = (|world: &World| world.held(access_key), Duration::from_hours(1));
        let ends = async {
            while !invocation.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            held = self.lab().until(hour, held) => held,
            () = ends => false,
        }
    }

    async fn is_settled(&self, event: Value, label: &str) {
        let at = format!("http://{}/", self.task().endpoint());
        let path = self.case.variant.path();
        let root = path.trim_end_matches("orders/42");
        for path in [root, &path] {
            let upstream = self.lab().world().upstream(API, path);
            let leads = upstream.as_ref().is_some_and(|it| it.starts_with(&at));
            assert!(leads, "{label}: {path} leads to {upstream:?}, not to {at}");
        }
        ended_well(self.invoke(Function::Updater, THIRD, event), label).await;
        let calls = self.eden.calls_of(THIRD);
        let written: Vec<_> = calls.iter().filter(|call| call.mutating).collect();
        assert!(!calls.is_empty() && written.is_empty(), "{label}: {written:?}");
    }
}

async fn ended_well(invocation: JoinHandle<Ended>, label: &str) {
    let ended = invocation.await.unwrap();
    assert!(ended.is_ok(), "{label}: {ended:?}");
}
