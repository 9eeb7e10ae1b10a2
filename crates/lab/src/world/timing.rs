//! How long things take in the simulated AWS.

use std::time::Duration;

/// Every duration of the simulated AWS. "Assumed" means that AWS does not publish it; the value
/// then is of the order that Fargate shows in practice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// From a change until the service scheduler acts on it: so soon a stopped task is replaced.
    /// Assumed.
    pub scheduler_reaction: Duration,
    /// How long a stage of a deployment lasts that stands beside what runs, where nothing makes it
    /// wait. Assumed.
    pub lifecycle_stage: Duration,
    /// From a task's failing to start until its successor is started; doubles with every failure in
    /// a row. Assumed.
    pub restart_wait: Duration,
    /// It doubles up to this (Developer Guide, service throttle logic).
    pub longest_restart_wait: Duration,
    /// PROVISIONING: the network interface is made and attached. Assumed.
    pub provisioning: Duration,
    /// PENDING: the image is pulled and the container started. Assumed.
    pub pending: Duration,
    /// ACTIVATING: what ECS does between the container's start and RUNNING. Assumed.
    pub activating: Duration,
    /// From a container's exit until ECS acts on it. Assumed.
    pub exit_report: Duration,
    /// From the loss of what a task runs on until ECS stops the task. Assumed.
    pub loss_report: Duration,
    /// From the warning of a Spot interruption until the task is stopped (Developer Guide, Fargate
    /// capacity providers).
    pub spot_warning: Duration,
    /// How long a dying task still reports its old status (F9). Assumed.
    pub stop_notice: Duration,
    /// DEACTIVATING: what ECS does before the container is told to stop. Assumed.
    pub deactivating: Duration,
    /// After this a container that does not stop by itself is killed: the default of `stopTimeout`
    /// in a task definition.
    pub stop_timeout: Duration,
    /// DEPROVISIONING: the network interface is removed. With the steps before it, STOPPED comes
    /// about a minute after the first notice (F9).
    pub deprovisioning: Duration,
    /// How long a STOPPED task stays visible (F18).
    pub stopped_retention: Duration,
    /// From RUNNING until EC2 shows the task's network interface (F24). Assumed.
    pub eni_visible: Duration,
    /// From RUNNING until the interface shows its public address (F24). Assumed.
    pub eni_association: Duration,
    /// From the application's start until its first container health check has passed: the default
    /// `interval` of a health check.
    pub health_check_interval: Duration,
    /// From UNHEALTHY until ECS replaces the task by itself (F19). Assumed.
    pub unhealthy_replacement: Duration,
    /// From an event to its delivery: EventBridge's typical half second.
    pub event_delivery: Duration,
    /// From the end of a period until CloudWatch evaluates it. Assumed.
    pub metric_delay: Duration,
    /// After this the gateway gives up on an integration: the maximum of an HTTP API.
    pub gateway_timeout: Duration,
    /// The least time between two `CreateDeployment` of an account (F5).
    pub deployment_interval: Duration,
    /// What one API call takes in process. Assumed.
    pub api_latency: Duration,
    /// What it takes to connect to a task in process. Assumed.
    pub connect_latency: Duration,
    /// Factor for durations that others declare: alarm periods, rule schedules, the start and stop
    /// times of an application.
    pub scale: f64,
}

impl Timing {
    /// As AWS does it.
    pub const fn aws() -> Self {
        Self {
            scheduler_reaction: Duration::from_secs(3),
            lifecycle_stage: Duration::from_secs(5),
            restart_wait: Duration::from_secs(10),
            longest_restart_wait: Duration::from_mins(27),
            provisioning: Duration::from_secs(12),
            pending: Duration::from_secs(18),
            activating: Duration::from_secs(1),
            exit_report: Duration::from_secs(1),
            loss_report: Duration::from_secs(60),
            spot_warning: Duration::from_secs(120),
            stop_notice: Duration::from_secs(2),
            deactivating: Duration::from_secs(3),
            stop_timeout: Duration::from_secs(30),
            deprovisioning: Duration::from_secs(50),
            stopped_retention: Duration::from_hours(1),
            eni_visible: Duration::from_secs(1),
            eni_association: Duration::from_secs(3),
            health_check_interval: Duration::from_secs(30),
            unhealthy_replacement: Duration::from_secs(5),
            event_delivery: Duration::from_millis(500),
            metric_delay: Duration::from_secs(10),
            gateway_timeout: Duration::from_secs(30),
            deployment_interval: Duration::from_secs(5),
            api_latency: Duration::from_millis(30),
            connect_latency: Duration::from_millis(1),
            scale: 1.0,
        }
    }

    /// The same world at another speed: every duration multiplied by `factor`.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            scheduler_reaction: self.scheduler_reaction.mul_f64(factor),
            lifecycle_stage: self.lifecycle_stage.mul_f64(factor),
            restart_wait: self.restart_wait.mul_f64(factor),
            longest_restart_wait: self.longest_restart_wait.mul_f64(factor),
            provisioning: self.provisioning.mul_f64(factor),
            pending: self.pending.mul_f64(factor),
            activating: self.activating.mul_f64(factor),
            exit_report: self.exit_report.mul_f64(factor),
            loss_report: self.loss_report.mul_f64(factor),
            spot_warning: self.spot_warning.mul_f64(factor),
            stop_notice: self.stop_notice.mul_f64(factor),
            deactivating: self.deactivating.mul_f64(factor),
            stop_timeout: self.stop_timeout.mul_f64(factor),
            deprovisioning: self.deprovisioning.mul_f64(factor),
            stopped_retention: self.stopped_retention.mul_f64(factor),
            eni_visible: self.eni_visible.mul_f64(factor),
            eni_association: self.eni_association.mul_f64(factor),
            health_check_interval: self.health_check_interval.mul_f64(factor),
            unhealthy_replacement: self.unhealthy_replacement.mul_f64(factor),
            event_delivery: self.event_delivery.mul_f64(factor),
            metric_delay: self.metric_delay.mul_f64(factor),
            gateway_timeout: self.gateway_timeout.mul_f64(factor),
            deployment_interval: self.deployment_interval.mul_f64(factor),
            api_latency: self.api_latency.mul_f64(factor),
            connect_latency: self.connect_latency.mul_f64(factor),
            scale: self.scale * factor,
        }
    }

    /// A duration that a stack or a task definition declares, at this world's speed.
    pub fn declared(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.scale)
    }
}
