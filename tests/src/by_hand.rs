//! Eden's handlers in a simulated AWS, run by hand: no event reaches them but what a test gives
//! them, so that a test decides which invocation comes when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig};
use eden_core::lambda::Invocation;
use eden_core::{Edge, HandlerError, Report, health_monitor, ip_updater};
use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::template::Stack;
use eden_lab::world::{Call, Role, RolloutState, Task};
use eden_lab::{Clock, Lab, World};
use serde_json::{Value, json};

use crate::rig::{edge, minutes, running};

/// How an invocation ended.
pub type Ended = Result<Report, HandlerError>;

/// A running lab with Eden's stack in it, but without Lambda.
pub struct ByHand {
    /// The lab.
    pub lab: Lab,
    stack: Arc<Stack>,
    updater: IpUpdaterConfig,
    monitor: HealthMonitorConfig,
    invocations: AtomicUsize,
}

/// The example's stack; what takes longest of a start, and is the same each time.
///
/// # Panics
/// When the template is refused.
pub fn stack(example: &Example) -> Arc<Stack> {
    let stack = example.stack("https://api.example.com").expect("the template is deployable");
    Arc::new(stack)
}

impl ByHand {
    /// Starts the world with the example's stack in it.
    ///
    /// # Panics
    /// When a function's settings are refused, or outside a tokio runtime.
    pub fn start(example: &Example, stack: Arc<Stack>, furnish: impl FnOnce(&mut World)) -> Self {
        let environment = |function: &str| {
            let spec = stack.function(function).expect("the template has both functions");
            spec.environment.clone()
        };
        let (of_updater, of_monitor) = (environment(IP_UPDATER), environment(HEALTH_MONITOR));
        let updater = IpUpdaterConfig::read(|name| of_updater.get(name).cloned());
        let monitor = HealthMonitorConfig::read(|name| of_monitor.get(name).cloned());
        let mut world = example.world();
        world.install(&stack);
        furnish(&mut world);
        ByHand {
            lab: Lab::start(world, Clock::starting_at(example.world.start)),
            updater: updater.expect("the template sets what ip-updater needs"),
            monitor: monitor.expect("the template sets what health-monitor needs"),
            stack,
            invocations: AtomicUsize::new(0),
        }
    }

    /// A fresh process of a function, which signs its calls with an access key of its own and may
    /// do what the function may.
    ///
    /// # Panics
    /// When IAM does not take the function's policies.
    pub fn process(&self, function: &str, access_key: &str) -> Edge {
        let policies = self.stack.policies(function).expect("the template has both functions");
        let role = Role::new(policies).expect("IAM takes the template's policies");
        self.lab.world().assign_role(access_key, role);
        edge(&self.lab, access_key)
    }

    /// Runs ip-updater on an event.
    ///
    /// # Errors
    /// What it returned.
    pub async fn update(&self, process: &Edge, event: Value) -> Ended {
        let invocation = self.invocation(process, event);
        Box::pin(ip_updater::handle(&self.updater, process, &invocation)).await
    }

    /// Runs health-monitor.
    ///
    /// # Errors
    /// What it returned.
    pub async fn monitor(&self, process: &Edge) -> Ended {
        self.repeat_monitor(process, self.invocation(process, json!({}))).await
    }

    /// The same as a given invocation, as when Lambda delivers an event again.
    ///
    /// # Errors
    /// What it returned.
    pub async fn repeat_monitor(&self, process: &Edge, invocation: Invocation) -> Ended {
        Box::pin(health_monitor::handle(&self.monitor, process, &invocation)).await
    }

    /// An invocation that may last as long as any of a function.
    pub fn invocation(&self, edge: &Edge, event: Value) -> Invocation {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let deadline = edge.aws.now() + Duration::from_secs(300);
        let (request_id, environment) = (format!("by-hand-{number}"), format!("{number:032x}"));
        Invocation { request_id, environment, event, deadline }
    }

    /// The last event about a task that the stack's rule let through to ip-updater.
    ///
    /// # Panics
    /// When there was none since this was last asked.
    pub fn event_about(&self, task: &Task) -> Value {
        let deliveries = self.lab.world().take_deliveries();
        let mut events = deliveries.into_iter().filter(|it| it.function == IP_UPDATER);
        let event = events.rfind(|it| it.payload["detail"]["taskArn"] == task.arn.as_str());
        event.expect("an event about the task").payload
    }

    /// Waits until the service runs as many tasks of its deployment as it shall, and each can be
    /// reached.
    ///
    /// # Panics
    /// When that does not come about within ten minutes.
    pub async fn settle(&self) {
        assert!(self.lab.until(minutes(10), is_complete).await, "tasks are missing");
    }

    /// The calls of an access key so far.
    pub fn calls_of(&self, access_key: &str) -> Vec<Call> {
        let world = self.lab.world();
        world.calls().iter().filter(|call| call.access_key == access_key).cloned().collect()
    }
}

fn is_complete(world: &World) -> bool {
    let is_reachable = |task: &Task| {
        let interface = task.interface.as_ref();
        task.listening && interface.is_none_or(|it| it.visible && it.associated)
    };
    let running = running(world);
    world.service(CLUSTER, SERVICE).is_some_and(|service| {
        usize::try_from(service.desired_count).is_ok_and(|desired| desired == running.len())
            && service.primary.rollout_state == RolloutState::Completed
            && running.iter().all(is_reachable)
    })
}
