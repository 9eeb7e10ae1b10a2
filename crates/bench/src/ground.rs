//! What a measurement happens on: the simulated AWS with a service that runs, and its route.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use eden_lab::WorldConfig;
use eden_lab::example::{API, CLUSTER, Example, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use eden_lab::stage::Account;
use eden_lab::template::Stack;
use eden_lab::world::{RolloutState, Task, Timing, World};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::side::Function;
use crate::tls::Tls;

/// So much faster than AWS the lab lives, so that a service is up soon. The calls' latency is not
/// part of it.
const SPEED: f64 = 100.0;
/// Far more than a service of a thousand tasks needs to come up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where a route leads that has to be moved: nobody listens there.
const ASTRAY: &str = "http://127.0.0.1:1/{proxy}";

/// How AWS is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// HTTP without encryption, which AWS never is: what the functions themselves cost.
    Plain,
    /// TLS, as AWS always is.
    Tls,
}

/// The simulated AWS, with one service that runs.
#[derive(Debug)]
pub struct Ground {
    account: Account,
    stack: Stack,
    tls: Option<Tls>,
    latency: Duration,
}

impl Ground {
    /// Opens it, with so many tasks and so much latency before each answer of AWS, and waits until
    /// the service runs. Certificates are made in the folder.
    ///
    /// # Errors
    /// When a port cannot be bound, or the service does not come up.
    pub async fn open(tasks: u32, latency: Duration, wire: Wire, folder: &Path) -> Result<Self> {
        let example = example(tasks, latency);
        let account = Account::open(&example, 0).await.context("cannot listen on 127.0.0.1")?;
        let stack = example.stack(&format!("{}/orders", account.gateway.url()))?;
        account.lab.world().install(&stack);
        let tls = match wire {
            Wire::Plain => None,
            Wire::Tls => Some(Tls::start(account.face.address(), folder).await?),
        };
        let ground = Self { account, stack, tls, latency };
        let up = ground.account.lab.until(PATIENCE, |world| is_up(world, tasks)).await;
        ensure!(up, "a service of {tasks} tasks is not up after {} s", PATIENCE.as_secs());
        ground.lead_right()?;
        Ok(ground)
    }

    /// The variables that a function sees: those of the template, and where AWS is.
    ///
    /// # Errors
    /// When the template has no such function.
    pub fn variables(&self, function: Function) -> Result<BTreeMap<String, String>> {
        let name = function.name();
        let spec = self.stack.function(name);
        let spec = spec.with_context(|| format!("the template has no function {name}"))?;
        let mut variables = spec.environment.clone();
        variables.extend(self.account.environment());
        variables.extend(self.tls.iter().flat_map(Tls::variables));
        Ok(variables)
    }

    /// Where AWS listens without TLS.
    pub fn address(&self) -> SocketAddr {
        self.account.face.address()
    }

    /// How long AWS takes before it answers.
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// The lab's clock, by which calls are recorded.
    pub fn now(&self) -> Timestamp {
        self.account.lab.clock().now()
    }

    /// The world.
    pub fn world(&self) -> eden_lab::lab::WorldGuard<'_> {
        self.account.lab.world()
    }

    /// What wakes the function: a task of the service that began to run, or the schedule.
    ///
    /// # Errors
    /// When no task runs.
    pub fn event(&self, function: Function) -> Result<Value> {
        let world = self.world();
        match function {
            Function::HealthMonitor => Ok(json!({
                "version": "0",
                "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": "123456789012",
                "time": "2026-01-01T00:00:00Z",
                "region": world.region(),
                "resources": [],
                "detail": {},
            })),
            Function::IpUpdater => {
                let arn = &running(&world).first().context("no task runs")?.arn;
                let about = |event: &&Value| {
                    let detail = &event["detail"];
                    detail["taskArn"] == arn.as_str() && detail["lastStatus"] == "RUNNING"
                };
                let event = world.events().iter().rev().find(about).cloned();
                event.with_context(|| format!("no event tells that {arn} runs"))
            }
        }
    }

    /// Leads the route to nobody, so that it has to be moved.
    ///
    /// # Errors
    /// When the API has no such integration.
    pub fn lead_astray(&self) -> Result<()> {
        self.world().set_integration_uri(API, PROXY_INTEGRATION, ASTRAY)?;
        Ok(())
    }

    /// Leads the route to a task, so that there is nothing to do.
    ///
    /// # Errors
    /// When no task runs.
    pub fn lead_right(&self) -> Result<()> {
        let mut world = self.world();
        let endpoint = running(&world).first().context("no task runs")?.endpoint();
        let uri = format!("http://{endpoint}/{{proxy}}");
        world.set_integration_uri(API, PROXY_INTEGRATION, &uri)?;
        world.set_integration_uri(API, ROOT_INTEGRATION, &format!("http://{endpoint}/"))?;
        Ok(())
    }

    /// Whether the route leads to a task.
    pub fn is_led_right(&self) -> bool {
        let world = self.world();
        let uri = world.api(API).map(|api| api.integrations[PROXY_INTEGRATION].uri.clone());
        let leads_to = |task: &&Task| uri == Some(format!("http://{}/{{proxy}}", task.endpoint()));
        running(&world).iter().any(leads_to)
    }
}

/// The example at the bench's speed, with one integration to keep up to date, as the baseline has.
fn example(tasks: u32, latency: Duration) -> Example {
    let mut world = WorldConfig::new(1, now());
    world.timing = Timing { api_latency: latency, ..Timing::aws().scaled(1.0 / SPEED) };
    // The gateway and the alarm do not live faster than the functions.
    world.timing.gateway_timeout = Timing::aws().gateway_timeout;
    // A network of its own: grounds that are open at once do not meet.
    world.network = [u8::try_from(std::process::id() % 200).unwrap_or(0) + 20, 0];
    world.hosts = 4_000;
    let mut example = Example::new(world);
    example.service.desired_count = tasks;
    example.parameter("APIGatewayIntegrationId", &PROXY_INTEGRATION)
}

/// The wall clock, by which the real programs live.
#[expect(clippy::disallowed_methods, reason = "the edge: real programs sign with real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn running(world: &World) -> Vec<&Task> {
    world.tasks(CLUSTER, SERVICE).into_iter().filter(|task| task.is_running()).collect()
}

fn is_up(world: &World, tasks: u32) -> bool {
    let completed = world
        .service(CLUSTER, SERVICE)
        .is_some_and(|it| it.primary.rollout_state == RolloutState::Completed);
    let seen = |task: &&Task| {
        let interface = task.interface.as_ref();
        task.is_ready() && interface.is_none_or(|it| it.visible && it.associated)
    };
    let ready = running(world).iter().filter(|task| seen(task)).count();
    completed && u32::try_from(ready) == Ok(tasks)
}
