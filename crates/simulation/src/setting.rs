//! The setting of a history: the service, its API and how Eden is told to treat them.

use std::time::Duration;

use eden_lab::WorldConfig;
use eden_lab::example::Example;
use eden_lab::world::{Behaviour, ServiceSpec, TaskDefinition};
use fastrand::Rng;
use jiff::Timestamp;

/// Where users find the API.
pub const API_URL: &str = "https://api.example.com";
/// The path that clients ask for, and Eden where it is told one.
pub const PATH: &str = "/health";

/// What a history plays in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Setting {
    /// Tasks that the service shall have, until operators change that.
    pub desired: u32,
    /// Whether the container has a health check, which notices most faults of the application.
    pub health_check: bool,
    /// Whether Eden asks tasks for [`PATH`], or only connects to them.
    pub probes_path: bool,
    /// For so long after a task's start ECS ignores what its health check says.
    pub health_check_grace: Duration,
    /// From the container's start until the application accepts connections.
    pub start_up: Duration,
    /// From the signal to stop until it no longer does.
    pub stop: Duration,
    /// While rolling, so many percent of the desired count stay healthy.
    pub minimum_healthy_percent: u32,
    /// Whether the deployment circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether it rolls back by itself.
    pub breaker_rolls_back: bool,
    /// Whether Eden may roll back.
    pub rollback: bool,
    /// `MIN_DESIRED_COUNT`.
    pub floor: u32,
    /// `HEALING_BUDGET_PER_HOUR`.
    pub budget: u32,
    /// Whether Eden shows a maintenance page.
    pub maintenance: bool,
    /// Whether a change of the route takes effect at once, or only when its stage is deployed.
    pub auto_deploy: bool,
    /// How often clients ask; `None` for an API without traffic.
    pub traffic: Option<Duration>,
}

impl Setting {
    /// The most usual one: one task with a health check, and traffic.
    pub fn usual() -> Self {
        Self {
            desired: 1,
            health_check: true,
            probes_path: true,
            health_check_grace: Duration::ZERO,
            start_up: Duration::from_secs(5),
            stop: Duration::from_secs(2),
            minimum_healthy_percent: 100,
            circuit_breaker: false,
            breaker_rolls_back: false,
            rollback: false,
            floor: 1,
            budget: 6,
            maintenance: false,
            auto_deploy: true,
            traffic: Some(Duration::from_secs(10)),
        }
    }

    /// Any setting.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let chance = |rng: &mut Rng, percent: u32| rng.u32(0..100) < percent;
        let probes_path = chance(rng, 75);
        Self {
            desired: pick(rng, &[1, 1, 1, 2, 2, 3, 4, 6]),
            health_check: chance(rng, 60),
            probes_path,
            health_check_grace: Duration::from_secs(pick(rng, &[0, 0, 0, 240, 600])),
            start_up: Duration::from_secs(rng.u64(1..30)),
            stop: Duration::from_secs(rng.u64(1..20)),
            minimum_healthy_percent: pick(rng, &[100, 100, 50]),
            circuit_breaker: chance(rng, 55),
            // As the console sets it together with the circuit breaker, unless somebody unchecks it.
            breaker_rolls_back: chance(rng, 75),
            rollback: chance(rng, 60),
            floor: u32::from(chance(rng, 90)),
            budget: pick(rng, &[6, 6, 6, 6, 6, 6, 6, 3, 3, 1]),
            maintenance: chance(rng, 15),
            auto_deploy: chance(rng, 88),
            // Where nobody asks and nothing is probed, nobody can notice anything.
            traffic: (!probes_path || chance(rng, 93))
                .then(|| Duration::from_secs(pick(rng, &[5, 10, 10, 20]))),
        }
    }

    /// The account.
    pub(crate) fn example(&self, seed: u64) -> Example {
        let mut example = Example::new(WorldConfig::new(seed, epoch()));
        let cluster = example.service.cluster.clone();
        example.auto_deploy = self.auto_deploy;
        example.service = ServiceSpec {
            desired_count: self.desired,
            minimum_healthy_percent: self.minimum_healthy_percent,
            health_check_grace_period_seconds: u32::try_from(self.health_check_grace.as_secs())
                .unwrap_or(u32::MAX),
            circuit_breaker: self.circuit_breaker,
            rollback: self.breaker_rolls_back,
            task_definition: self
                .definition(1, Behaviour::Runs(eden_lab::world::AppState::Serving)),
            ..ServiceSpec::new(&cluster, &example.service.name)
        };
        let on = |switch: bool| if switch { "on" } else { "off" };
        let example = example
            .parameter("Rollback", &on(self.rollback))
            .parameter("TaskRoleArns", &"none")
            .parameter("MinDesiredCount", &self.floor)
            .parameter("HealingBudgetPerHour", &self.budget);
        let example =
            if self.probes_path { example.parameter("HealthCheckPath", &PATH) } else { example };
        if self.maintenance { example.parameter("MaintenanceUrl", &MAINTENANCE) } else { example }
    }

    /// A revision of what the service runs.
    pub(crate) fn definition(&self, revision: u32, behaviour: Behaviour) -> TaskDefinition {
        TaskDefinition {
            revision,
            start_up: self.start_up,
            stop: self.stop,
            health_check: self.health_check,
            behaviour,
            ..TaskDefinition::new("shop")
        }
    }
}

/// The maintenance page, where there is one.
pub(crate) const MAINTENANCE: &str = "https://status.example.com/maintenance";

/// When every history begins.
pub(crate) fn epoch() -> Timestamp {
    // 2026-01-01T00:00:00Z.
    Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// One of these.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(0..of.len())]
}
