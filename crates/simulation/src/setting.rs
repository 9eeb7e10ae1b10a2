//! The setting of a history: the service, its API and how Eden is told to treat them.

use std::collections::BTreeMap;
use std::time::Duration;

use eden_lab::WorldConfig;
use eden_lab::example::Example;
use eden_lab::world::{
    Answer, Behaviour, Beside, Deploys, LifecycleStage, Networking, PublicAddress, ServiceSpec,
    TaskDefinition,
};
use fastrand::Rng;
use jiff::Timestamp;

/// Where users find the API.
pub const API_URL: &str = "https://api.example.com";
/// The path that clients ask for, and Eden where it is told one.
pub const PATH: &str = "/health";

/// The API's own name.
pub(crate) const NAME: &str = "api.example.com";
/// The path that users ask for.
pub const USERS: &str = "/orders";
/// A path whose work takes longer than the gateway waits for.
pub const SLOW: &str = "/report";
/// A path whose requests fail, whatever the rest does.
pub const BROKEN: &str = "/coupons";

/// On what the tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// Fargate.
    Fargate,
    /// So many EC2 instances, with bridge networking.
    Instances(u32),
}

/// How the service's tasks are counted and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As many as somebody wants, one after the other.
    Rolled,
    /// As many as somebody wants, the new ones beside the old ones, whose traffic they get at the
    /// production shift.
    Beside {
        /// `BLUE_GREEN`, `LINEAR` or `CANARY`.
        strategy: &'static str,
        /// For so many minutes both run after the shift.
        bake: u32,
        /// For so long a hook pauses the deployment before the shift.
        pause: Duration,
    },
    /// One on each EC2 instance; their number is ECS's.
    Daemon,
    /// By somebody else, in task sets.
    External,
}

/// How the application minds in which way it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// It does not.
    Plain,
    /// It takes requests for its own name alone, which the integrations map
    /// (<https://github.com/ietf-tools/bibxml-service/issues/122>).
    OwnName,
    /// It speaks TLS alone (<https://github.com/ejc3/fcvm/issues/958>).
    Tls,
}

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
    /// While rolling, no more than so many percent of the desired count exist.
    pub maximum_percent: u32,
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
    /// Whether Eden parks the route while no task can own its address.
    pub parking: bool,
    /// Whether a change of the route takes effect at once, or only when its stage is deployed.
    pub auto_deploy: bool,
    /// How often clients ask; `None` for an API without traffic.
    pub traffic: Option<Duration>,
    /// On what the tasks run.
    pub launch: Launch,
    /// How the service's tasks are counted and replaced.
    pub kind: Kind,
    /// How the application minds in which way it is asked.
    pub application: Application,
    /// Whether each deployment deregisters the task definition before it, as CloudFormation and
    /// Terraform do.
    pub deregisters: bool,
    /// What the application answers at [`PATH`] while it serves: 404 where it has no such path, 401
    /// where that wants a login.
    pub at_path: u16,
    /// How often clients ask for [`BROKEN`], if they do: few errors in much traffic.
    pub errors: Option<Duration>,
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
            maximum_percent: 200,
            circuit_breaker: false,
            breaker_rolls_back: false,
            rollback: false,
            floor: 1,
            budget: 6,
            maintenance: false,
            parking: true,
            auto_deploy: true,
            traffic: Some(Duration::from_secs(10)),
            launch: Launch::Fargate,
            kind: Kind::Rolled,
            application: Application::Plain,
            deregisters: false,
            at_path: 200,
            errors: None,
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
            maximum_percent: self.maximum_percent,
            health_check_grace_period_seconds: u32::try_from(self.health_check_grace.as_secs())
                .unwrap_or(u32::MAX),
            circuit_breaker: self.circuit_breaker,
            rollback: self.breaker_rolls_back,
            daemon: self.kind == Kind::Daemon,
            deploys: self.deploys(),
            task_definition: self
                .definition(1, Behaviour::Runs(eden_lab::world::AppState::Serving)),
            ..ServiceSpec::new(&cluster, &example.service.name)
        };
        let on = |switch: bool| if switch { "on" } else { "off" };
        let example = example
            .parameter("Rollback", &on(self.rollback))
            .parameter("TaskRoleArns", &"none")
            .parameter("MinDesiredCount", &self.floor)
            .parameter("Parking", &on(self.parking))
            .parameter("HealingBudgetPerHour", &self.budget);
        let example =
            if self.probes_path { example.parameter("HealthCheckPath", &PATH) } else { example };
        if self.maintenance { example.parameter("MaintenanceUrl", &MAINTENANCE) } else { example }
    }

    /// Whether something about it never is as it should be.
    pub(crate) fn is_odd(&self) -> bool {
        self.at_path != 200 || self.errors.is_some()
    }

    /// The path that Eden asks tasks for.
    pub(crate) fn asked_path(&self) -> &'static str {
        if self.probes_path { PATH } else { "/" }
    }

    fn deploys(&self) -> Deploys {
        match self.kind {
            Kind::Rolled | Kind::Daemon => Deploys::Rolling,
            Kind::External => Deploys::External,
            Kind::Beside { strategy, bake, pause } => {
                let hook = LifecycleStage::PostTestTrafficShift;
                let pauses = if pause.is_zero() { Vec::new() } else { vec![hook] };
                Deploys::BesideBy(Beside { strategy, bake_minutes: bake, pauses })
            }
        }
    }

    /// What the application answers at paths where that differs from the rest.
    fn paths(&self) -> BTreeMap<String, Answer> {
        let at_path = (self.at_path != 200).then_some((PATH, Answer::Status(self.at_path)));
        let paths = [(SLOW, Answer::Never), (BROKEN, Answer::Status(500))];
        paths.into_iter().chain(at_path).map(|(path, answer)| (path.to_owned(), answer)).collect()
    }

    /// A revision of what the service runs.
    pub(crate) fn definition(&self, revision: u32, behaviour: Behaviour) -> TaskDefinition {
        TaskDefinition {
            revision,
            start_up: self.start_up,
            stop: self.stop,
            health_check: self.health_check,
            behaviour,
            networking: match self.launch {
                Launch::Fargate => Networking::Fargate(PublicAddress::Ipv4),
                Launch::Instances(_) => Networking::Bridge { host_port: None },
            },
            paths: self.paths(),
            host: (self.application == Application::OwnName).then(|| NAME.to_owned()),
            tls: self.application == Application::Tls,
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
