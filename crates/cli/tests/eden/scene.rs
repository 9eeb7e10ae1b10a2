//! Eden installed in an account of the lab, over HTTP and in real time, and `eden` beside it.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use eden_lab::WorldConfig;
use eden_lab::example::{API, CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::lambda::{Lambda, RetryDelays};
use eden_lab::stage::Account;
use eden_lab::template::Stack;
use eden_lab::world::{ApiKind, RolloutState, Task, Timing, World};
use eden_simulation::install::{self, Process, edge};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::Instant;

/// A minute of AWS takes a second.
const SPEED: f64 = 60.0;
/// Far more than it takes: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The lab's clock is so much behind: what has just begun there is old enough to be judged here.
const BEHIND: Duration = Duration::from_secs(4 * 60);

/// An address at which nobody answers.
pub const DEAD: &str = "http://127.0.0.1:9";

/// An account with Eden in it.
pub struct Scene {
    /// The account.
    pub account: Account,
    /// Lambda, with both functions.
    pub lambda: Lambda,
    /// What the template made.
    pub stack: Stack,
}

/// What `eden` said.
pub struct Said {
    /// Its exit status.
    pub status: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it remarked.
    pub stderr: String,
}

impl Scene {
    /// Waits until the service runs, the route leads to it and both functions have run. Each network
    /// is one test's own: tests run side by side.
    pub async fn steady(network: u8, api_kind: ApiKind) -> Self {
        let example = example(network, api_kind);
        let account = Account::open(&example, 0).await.unwrap();
        let url = account.gateway.url();
        let stack = example.stack(&url).unwrap();
        let lambda = Lambda::new(RetryDelays::aws().scaled(1.0 / SPEED));
        install::install(&lambda, &stack, |function| {
            let edge = edge(&account.lab, function);
            move |_| Process::new(edge.clone())
        });
        let lab = &account.lab;
        lab.world().install(&stack);
        lab.world().install_roles(&stack).unwrap();
        lab.world().set_api_url(&url, API).unwrap();
        lab.connect(lambda.clone());
        let steady = lab.until(PATIENCE, is_steady).await;
        assert!(steady, "{:?}", lambda.history());
        let scene = Scene { account, lambda, stack };
        let deadline = Instant::now() + PATIENCE;
        while scene.diagnosis().await != Some("healthy".into()) {
            assert!(Instant::now() < deadline, "{:?}", scene.lambda.history());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        scene
    }

    /// What health-monitor says, if it can.
    async fn diagnosis(&self) -> Option<Value> {
        let answer = self.lambda.invoke(HEALTH_MONITOR, json!({ "source": "manual-test" })).await;
        answer.ok()?.get("diagnosis").cloned()
    }

    /// From now on nothing wakes the functions, so that nothing mends what a test breaks. What runs
    /// has ended when this returns.
    pub async fn lull(&self) {
        self.account.lab.disconnect();
        let mut ended = usize::MAX;
        while ended != self.lambda.history().len() {
            ended = self.lambda.history().len();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// The task that runs.
    pub fn task(&self) -> Task {
        let world = self.account.lab.world();
        let tasks = world.tasks(CLUSTER, SERVICE);
        tasks.into_iter().find(|task| task.is_running()).expect("a task runs").clone()
    }

    /// Where an integration leads.
    pub fn uri(&self, integration: &str) -> String {
        let world = self.account.lab.world();
        world.api(API).expect("the API is there").integrations[integration].uri.clone()
    }

    /// The operations by which `eden` changed something.
    pub fn written(&self) -> Vec<String> {
        let owner = &self.account.environment()["AWS_ACCESS_KEY_ID"];
        let world = self.account.lab.world();
        let ours = world.calls().iter().filter(|call| call.access_key == *owner && call.mutating);
        ours.map(|call| call.operation.clone()).collect()
    }

    /// Types a dead address into every integration; their paths stay.
    pub fn misroute(&self) {
        self.change(|world| {
            let integrations = world.api(API).expect("the API is there").integrations.clone();
            for (id, integration) in integrations {
                let path = integration.uri.splitn(4, '/').nth(3).unwrap_or_default();
                world.set_integration_uri(API, &id, &format!("{DEAD}/{path}")).unwrap();
            }
        });
    }

    /// Changes the world.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.account.lab.world());
    }

    /// Makes what the template made again.
    pub fn restore(&self) {
        let mut world = self.account.lab.world();
        world.clear_faults();
        for function in &self.stack.functions {
            world.add_function(function.clone());
        }
        for rule in &self.stack.rules {
            world.add_rule(rule.clone());
        }
        for alarm in &self.stack.alarms {
            let spec = alarm.clone();
            world.change_alarm(&alarm.name, |it| *it = spec);
        }
        for topic in &self.stack.topics {
            world.set_subscriptions_confirmed(topic, true);
        }
        world.add_queue("prod-eden-dead-letters");
    }

    /// `eden` with these arguments, as the account's owner and without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_eden")));
        command.env_clear().envs(self.account.environment()).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// Runs `eden`.
    pub async fn eden(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }
}

impl Said {
    /// What it printed, as data.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// The names of the checks with this outcome.
    pub fn checks(&self, outcome: &str) -> Vec<String> {
        let report = self.json();
        let checks = report["checks"].as_array().unwrap();
        let those = checks.iter().filter(|check| check["outcome"] == outcome);
        those.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
    }
}

/// The example account at the speed of these tests.
#[expect(clippy::disallowed_methods, reason = "`eden` lives by the wall clock")]
pub fn example(network: u8, api_kind: ApiKind) -> Example {
    let mut world = WorldConfig::new(7, Timestamp::now() - BEHIND);
    world.timing = Timing::aws().scaled(1.0 / SPEED);
    world.network = [network, u8::try_from(std::process::id() % 250).unwrap()];
    let mut example = Example::new(world);
    example.api_kind = api_kind;
    example.parameter("StartupGraceSeconds", &2).parameter("AlarmSettleSeconds", &3)
}

fn is_steady(world: &World) -> bool {
    let path = match world.api(API).map(|api| api.kind) {
        Some(ApiKind::Rest) => "/prod/orders/42",
        Some(ApiKind::Http) | None => "/orders/42",
    };
    let upstream = world.upstream(API, path);
    let tasks = world.tasks(CLUSTER, SERVICE);
    let serves = tasks.iter().any(|task| {
        task.is_running()
            && task.listening
            && upstream.as_deref() == Some(&format!("http://{}/orders/42", task.endpoint()))
    });
    let wrote = |function: &str| {
        let group = world.logs().group(&format!("/aws/lambda/{function}"));
        group.is_some_and(|group| !group.events.is_empty())
    };
    let service = world.service(CLUSTER, SERVICE);
    service.is_some_and(|it| it.primary.rollout_state == RolloutState::Completed)
        && serves
        && [IP_UPDATER, HEALTH_MONITOR].into_iter().all(wrote)
}
