//! The service's tasks.

use jiff::Timestamp;

use super::container::Ended;

/// A task of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// Where it is in its life cycle.
    pub last_status: LastStatus,
    /// The same in AWS's word, for people.
    pub status: String,
    /// Whether ECS wants it to run; a dying task is still RUNNING but wanted STOPPED (F9).
    pub wanted: bool,
    /// What its container health checks say (F20).
    pub health: TaskHealth,
    /// Whether a container of it has no health of its own, as it has no health check, or none that has
    /// finished: ECS calls a task HEALTHY by its other containers.
    pub unchecked: bool,
    /// When it was requested.
    pub created_at: Option<Timestamp>,
    /// When it became RUNNING.
    pub started_at: Option<Timestamp>,
    /// When it began to stop.
    pub stopping_at: Option<Timestamp>,
    /// The id of the deployment that started it (`startedBy`, F21).
    pub deployment: Option<String>,
    /// The ARN of the task definition that it runs.
    pub definition: Option<String>,
    /// The ARN of the container instance that it runs on; none on Fargate.
    pub container_instance: Option<String>,
    /// Whether ECS hears of it (`connectivity`). Where the agent of its host is gone ECS goes on
    /// calling it RUNNING, and does nothing that is asked of it (F51).
    pub connected: bool,
    /// What carries its address.
    pub network: TaskNetwork,
    /// The network interface that it has, or had, by id.
    pub interface: Option<String>,
    /// Why it stopped, if it did (F18).
    pub stop: Option<Stop>,
    /// The images of its containers.
    pub images: Vec<Image>,
    /// Since when Eden has found it sick, by its tag `{APP_NAME}:suspect-since`.
    pub suspect_since: Option<Timestamp>,
}

/// The image of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// Its name, as in the task definition.
    pub name: String,
    /// What that meant when the task's deployment was made, if the container has run.
    pub digest: Option<String>,
}

impl Image {
    /// Whether it is named by a tag, which may mean another image by now.
    pub fn may_move(&self) -> bool {
        !self.name.contains('@')
    }
}

/// Why a task stopped (F18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The kind of reason.
    pub code: StopCode,
    /// The reason, in ECS's words or in those of whoever stopped it.
    pub reason: String,
    /// Its containers; [`Stop::cause`] tells which of them ended it.
    pub containers: Vec<Ended>,
}

impl Stop {
    /// The beginning of the reasons that Eden gives to StopTask.
    pub const MARK: &str = "Eden: ";

    /// Whether Eden stopped it.
    pub fn is_edens(&self) -> bool {
        self.reason.starts_with(Stop::MARK)
    }
}

/// A task's `stopCode` (F18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCode {
    /// It never ran: image, secret, network or capacity.
    TaskFailedToStart,
    /// Its application ended.
    EssentialContainerExited,
    /// ECS replaced it because it failed its health checks (F19), by what the reason says.
    FailedHealthChecks,
    /// Somebody called StopTask.
    UserInitiated,
    /// The service had one too many, or replaced it.
    ServiceSchedulerInitiated,
    /// AWS took its capacity back, or its host failed.
    Infrastructure,
    /// A code this version does not know, or none (F15).
    Unknown,
}

/// What a task's address belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskNetwork {
    /// A network interface of its own, by id.
    Interface(String),
    /// The container instance it runs on, with bridge or host networking (F25).
    Host {
        /// The container instance's ARN.
        container_instance: String,
        /// The port of the instance that leads to the application.
        port: HostPort,
    },
    /// Nothing that ECS shows, or not yet.
    Unattached,
}

/// The port of a container instance that leads to the application (F25, F48).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPort {
    /// What ECS bound, for each address family; nothing where it bound none, or several containers
    /// have the port.
    Bound {
        /// The port at the instance's IPv4 addresses.
        ipv4: Option<u16>,
        /// The port at its IPv6 addresses.
        ipv6: Option<u16>,
    },
    /// No container binds any port. With host networking the containers' ports are the instance's;
    /// with bridge networking nobody reaches them.
    Unbound,
}

impl Task {
    /// Whether it runs and is meant to go on running.
    pub fn runs(&self) -> bool {
        self.wanted && self.last_status == LastStatus::Running
    }

    /// Whether all its containers pass health checks. HEALTHY by a sidecar's check alone says nothing of
    /// the application (<https://github.com/aws/amazon-ecs-agent/issues/4094>).
    pub fn passes_its_checks(&self) -> bool {
        self.health == TaskHealth::Healthy && !self.unchecked
    }

    /// The last part of the ARN, as people name tasks.
    pub fn id(&self) -> &str {
        task_id(&self.arn)
    }
}

/// The last part of a task's ARN, as people name tasks.
pub fn task_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A task's `lastStatus`, as far as decisions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStatus {
    /// PROVISIONING, PENDING or ACTIVATING.
    Starting,
    /// RUNNING.
    Running,
    /// DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED or DELETED.
    Stopping,
    /// A status this version does not know (F15).
    Unknown,
}

/// A task's `healthStatus`. `Unknown` means that no container health check speaks for it, which
/// is not sickness (F20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskHealth {
    /// Its essential containers pass.
    Healthy,
    /// No health check, or none has finished.
    Unknown,
    /// An essential container fails.
    Unhealthy,
}
