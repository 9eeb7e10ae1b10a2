//! Eden installed in a simulated AWS, in process and in virtual time: the handlers that Lambda
//! runs, with the settings that the template gives them, behind the real AWS SDK.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eden_lab::example::{
    API, AUDIT_LOG, CLUSTER, Example, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::lambda::{FunctionError, InvocationRecord, Lambda, RetryDelays};
use eden_lab::template::Stack;
use eden_lab::world::{ApiKind, AppState, Call, RolloutState, Task};
use eden_lab::{Clock, Lab, World, WorldConfig};
pub use eden_simulation::install::edge;
use eden_simulation::install::{self, Process};
use jiff::Timestamp;
use serde_json::Value;

/// Where users find the API.
pub const API_URL: &str = "https://api.example.com";

/// The seed of every test that needs no other.
pub const SEED: u64 = 42;

/// An account like the example, at AWS's own speed, beginning at a fixed time.
///
/// # Panics
/// Never: the time is well-formed.
pub fn example() -> Example {
    let start = "2026-01-01T00:00:00Z".parse().expect("a well-formed time");
    Example::new(WorldConfig::new(SEED, start))
}

/// A running lab with both functions, woken by its events.
pub struct Rig {
    /// The lab.
    pub lab: Lab,
    /// The Lambda service.
    pub lambda: Lambda,
    /// What the template asked for.
    pub stack: Stack,
    /// Whether a call may be denied.
    is_unlike_the_template: AtomicBool,
}

impl Rig {
    /// Starts the world with Eden in it, each function with its role's permissions and no more;
    /// nothing has happened yet.
    ///
    /// # Panics
    /// When the template or a function's settings are refused, or outside a tokio runtime.
    pub fn start(example: &Example) -> Self {
        let stack = example.stack(API_URL).expect("the template is deployable");
        let lab = Lab::start(example.world(), Clock::starting_at(example.world.start));
        let is_unlike_the_template = AtomicBool::new(false);
        let lambda = Lambda::new(RetryDelays::aws());
        let rig = Rig { lab, lambda, stack, is_unlike_the_template };
        install::install(&rig.lambda, &rig.stack, |function| {
            let edge = edge(&rig.lab, function);
            move |_| Process::new(edge.clone())
        });
        rig.lab.world().install(&rig.stack);
        rig.lab.world().install_roles(&rig.stack).expect("IAM takes the template's policies");
        rig.lab.world().set_api_url(API_URL, API).expect("the example's API");
        rig.lab.connect(rig.lambda.clone());
        rig
    }

    /// What is there has other ARNs than the template's policies know: calls are denied from now on, and
    /// that is what the test is about.
    pub fn expect_denials(&self) {
        self.is_unlike_the_template.store(true, Ordering::Relaxed);
    }

    /// From now on every invocation has a process of its own that has seen nothing yet, as Lambda
    /// does it when they overlap. Otherwise all invocations of a function share one.
    ///
    /// # Panics
    /// Never: the functions were there at the start.
    pub fn start_each_invocation_afresh(&self) {
        install::install(&self.lambda, &self.stack, |function| {
            let (lab, function) = (self.lab.clone(), function.to_owned());
            move |_| Process::new(edge(&lab, &function))
        });
    }

    /// Starts the world and waits until the service runs all its tasks and the route leads to one.
    ///
    /// # Panics
    /// When that does not come about within ten minutes.
    pub async fn steady(example: &Example) -> Self {
        let rig = Rig::start(example);
        assert!(rig.lab.until(minutes(10), is_steady).await, "seed {SEED}");
        rig
    }

    /// The service's tasks that run and shall run, oldest first.
    pub fn running(&self) -> Vec<Task> {
        running(&self.lab.world())
    }

    /// The running task that requests get to, if they get to one that answers.
    pub fn serving(&self) -> Option<Task> {
        serving(&self.lab.world())
    }

    /// The URIs of both integrations: of the route `/`, then of `/{proxy+}`.
    pub fn uris(&self) -> [String; 2] {
        uris(&self.lab.world())
    }

    /// Whether the service is as it should be and requests get through.
    pub fn is_steady(&self) -> bool {
        is_steady(&self.lab.world())
    }

    /// Makes ten requests a second from now on, and returns the time.
    pub fn start_traffic(&self) -> Timestamp {
        let mut world = self.lab.world();
        let path = path(&world);
        world.start_traffic(API, path, Duration::from_millis(100));
        world.now()
    }

    /// When requests failed, of those that were made at this time or later.
    pub fn failures(&self, since: Timestamp) -> Vec<Timestamp> {
        let world = self.lab.world();
        let failed = world.traffic().iter().filter(|it| it.at >= since && !it.is_success());
        failed.map(|it| it.at).collect()
    }

    /// When API Gateway accepted a change, at this time or later.
    pub fn route_writes(&self, since: Timestamp) -> Vec<Timestamp> {
        let world = self.lab.world();
        let written = world.calls().iter().filter(|call| {
            call.service == "apigateway"
                && call.mutating
                && call.outcome.is_ok()
                && call.at >= since
        });
        written.map(|call| call.at).collect()
    }

    /// Lets time pass.
    pub async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Invokes a function by hand.
    ///
    /// # Errors
    /// What the function returned.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, FunctionError> {
        self.lambda.invoke(function, event).await
    }

    /// The last event that ECS put on the bus about a task.
    ///
    /// # Panics
    /// When there was none.
    pub fn last_event_of(&self, task: &Task) -> Value {
        let world = self.lab.world();
        let about = |event: &&Value| event["detail"]["taskArn"] == task.arn.as_str();
        world.events().iter().rev().find(about).expect("a task of this world").clone()
    }

    /// The calls of an operation that AWS got so far.
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        let world = self.lab.world();
        world.calls().iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// How many calls AWS got so far that change something, other than telling people and noting what
    /// they are told of.
    pub fn writes(&self) -> usize {
        let world = self.lab.world();
        let tells = ["Publish", "PutEvents"];
        let notes =
            ["eden:seen", "eden:told", "eden:failed-runs", "eden:failing-since", "eden:reported"];
        let of_people = |call: &Call| {
            let keys = call.needs.iter().flat_map(|need| need.condition_keys.values());
            tells.contains(&call.operation.as_str())
                || keys.into_iter().any(|key| notes.contains(&key.as_str()))
        };
        world.calls().iter().filter(|call| call.mutating && !of_people(call)).count()
    }

    /// How many calls AWS got so far.
    pub fn call_count(&self) -> usize {
        self.lab.world().calls().len()
    }

    /// The detail of every action in the audit log.
    pub fn actions(&self) -> Vec<Value> {
        self.lab.world().log_group(AUDIT_LOG).iter().map(|line| line["detail"].clone()).collect()
    }

    /// The kinds of the actions in the audit log.
    pub fn action_kinds(&self) -> Vec<String> {
        let kind = |action: &Value| action["step"]["action"].as_str().map(str::to_owned);
        self.actions().iter().filter_map(kind).collect()
    }

    /// Invocations of a function that have ended.
    pub fn invocations(&self, function: &str) -> Vec<InvocationRecord> {
        self.lambda.history().into_iter().filter(|it| it.function == function).collect()
    }
}

/// No test passes in which a function was denied a call: its role must allow all that it does.
impl Drop for Rig {
    fn drop(&mut self) {
        if self.is_unlike_the_template.load(Ordering::Relaxed) {
            return;
        }
        let world = self.lab.world();
        let denied: Vec<&Call> = world.calls().iter().filter(|call| call.denied).collect();
        assert!(denied.is_empty() || std::thread::panicking(), "{denied:?}");
    }
}

/// Seconds of virtual time.
pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Minutes of virtual time.
pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// The service's tasks that run and shall run, oldest first.
pub fn running(world: &World) -> Vec<Task> {
    let tasks = world.tasks(CLUSTER, SERVICE);
    tasks.into_iter().filter(|task| task.is_running()).cloned().collect()
}

/// A member of each entry of a list in a report, such as the `reason` of what was `held`.
///
/// # Panics
/// When an entry has no such text.
pub fn each<'a>(report: &'a Value, list: &str, member: &str) -> Vec<&'a str> {
    let entries = report[list].as_array().into_iter().flatten();
    entries.map(|entry| entry[member].as_str().expect("a text")).collect()
}

/// The URIs of both integrations: of the route `/`, then of `/{proxy+}`.
///
/// # Panics
/// When the world is not the example's.
pub fn uris(world: &World) -> [String; 2] {
    let api = world.api(API).expect("the example's API");
    [ROOT_INTEGRATION, PROXY_INTEGRATION].map(|id| api.integrations[id].uri.clone())
}

/// The running task that requests get to, if they get to one that answers.
pub fn serving(world: &World) -> Option<Task> {
    let upstream = world.upstream(API, path(world))?;
    let serves = |task: &Task| {
        task.app == AppState::Serving
            && task.listening
            && upstream == format!("http://{}/orders/42", task.endpoint())
    };
    running(world).into_iter().find(serves)
}

/// The path of a request that the service answers.
fn path(world: &World) -> &'static str {
    match world.api(API).map(|api| api.kind) {
        Some(ApiKind::Rest) => "/prod/orders/42",
        Some(ApiKind::Http) | None => "/orders/42",
    }
}

/// Whether the service is as it should be and requests get through.
pub fn is_steady(world: &World) -> bool {
    let Some(service) = world.service(CLUSTER, SERVICE) else {
        return false;
    };
    let running = running(world);
    usize::try_from(service.desired_count).is_ok_and(|desired| desired == running.len())
        && service.primary.rollout_state == RolloutState::Completed
        && serving(world).is_some()
}
