//! Holds: why something was not done, by name for machines and as sentences for people.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::Serialize;

use super::Fact;
use crate::facts::{ServiceStatus, task_id};
use crate::mode::Mode;
use crate::redact::{redacted, shown};

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Hold {
    /// The route leads to the task it should.
    AlreadyRouted {
        /// The integration's id, or the variable's name.
        pointer: String,
        /// Where it leads.
        endpoint: SocketAddr,
        /// The task there.
        task: String,
    },
    /// The route's task does not answer or is unhealthy, and there is no better one.
    NoBetterTask {
        /// The integration's id, or the variable's name.
        pointer: String,
        /// Where it leads.
        endpoint: SocketAddr,
        /// The task there.
        task: String,
    },
    /// A task that is to take over does not answer yet.
    AwaitingReady {
        /// The task.
        task: String,
        /// What it did instead of answering.
        because: String,
    },
    /// No task runs that the gateway could be led to.
    NoRunningTask,
    /// Tasks run, and none of them has a public address yet (F24).
    NoAddress {
        /// A task.
        task: String,
        /// What is missing.
        because: String,
    },
    /// API Gateway takes no such value for a stage variable.
    ValueNotAllowed {
        /// The variable.
        variable: String,
        /// The value.
        #[serde(serialize_with = "shown")]
        value: String,
    },
    /// A canary release of the stage keeps other deployments off (F58).
    StageHasCanary {
        /// The stage.
        stage: String,
        /// Whether a deployment is due.
        due: bool,
    },
    /// A canary release has a value of its own for the variable that leads to the tasks (F58).
    CanaryHasOwnVariable {
        /// The stage.
        stage: String,
        /// The value.
        value: String,
    },
    /// The stage's last automatic deployment failed (F56).
    StageDeploymentFailed {
        /// The stage.
        stage: String,
        /// Why, in AWS's words.
        because: String,
    },
    /// The stage was never deployed, and the settings do not name it.
    StageNeverDeployed {
        /// The stage.
        stage: String,
    },
    /// The integration leads to the maintenance page, and no task can serve yet.
    InMaintenance {
        /// The integration's id.
        integration: String,
    },
    /// No task is known to serve, but the API answers well: whoever serves is not to be replaced by the
    /// maintenance page.
    ApiAnswersWell,
    /// Before the maintenance page is shown or prepared, the API is to be asked whether it answers well.
    ApiToBeAsked,
    /// A task takes connections, and may serve users: before the maintenance page is shown, health-monitor
    /// counts the requests that fail.
    RequestsToBeCounted,
    /// A task cannot be reached from here, so nobody knows whether it serves: no reason for the
    /// maintenance page.
    ReadinessUnknown {
        /// The task.
        task: String,
        /// What became of the probe.
        because: String,
    },
    /// No task can serve, but not yet for so long that the maintenance page is due.
    MaintenanceNotYet {
        /// When it is.
        until: Timestamp,
    },
    /// No task can serve while a deployment replaces them: that is no outage to announce.
    RollingNotMaintained {
        /// The deployment's id.
        deployment: String,
    },
    /// The route is parked, and no task runs that it could lead to.
    Parked {
        /// The integration's id, or the variable's name.
        pointer: String,
    },
    /// No task owns the address that the route leads to, but one may come soon.
    ParkingNotYet {
        /// When the route is parked if none has come by then.
        until: Timestamp,
    },
    /// Before anything is parked, or a contested route is led back, it is to be asked whose the address is.
    OwnersToBeAsked,
    /// No task owns the address that the route leads to, but an interface of this account does: people
    /// have led the route there.
    AddressInUse {
        /// The integration's id, or the variable's name.
        pointer: String,
        /// The address.
        address: IpAddr,
        /// The interface that has it.
        owner: String,
    },
    /// Somebody leads the route to an address that an interface of this account has and no task of the
    /// service does, and did so again soon after Eden had led it back: it is left there.
    RouteContested {
        /// The integration's id, or the variable's name.
        pointer: String,
        /// The address.
        address: IpAddr,
        /// The interface that has it.
        owner: String,
        /// When Eden leads it back once more.
        until: Timestamp,
    },
    /// The integration is of a kind whose URI is not a task's address (F6).
    NotAnHttpIntegration {
        /// The integration's id.
        integration: String,
        /// What it is.
        kind: String,
    },
    /// The integration takes its host from a stage variable, and each stage may have its own.
    HostIsStageVariable {
        /// The integration's id.
        integration: String,
        /// The variable.
        variable: String,
    },
    /// A fact could not be read: unknown is not unhealthy.
    FactUnknown {
        /// Which.
        fact: Fact,
        /// Why.
        because: String,
    },
    /// Healing is not switched on.
    HealingNotOn {
        /// The mode.
        mode: Mode,
        /// The step that was not taken, in words.
        not_done: String,
    },
    /// The service's healing tag names no mode, so nothing is done.
    ModeTagUnrecognized {
        /// What it says.
        value: String,
    },
    /// ECS works on no such service.
    ServiceNotActive {
        /// What ECS says.
        status: ServiceStatus,
    },
    /// Nobody wants a task to run.
    ScaledToZero,
    /// A deployment is in progress; redeploying would start it over (F21), and its tasks are ECS's
    /// to judge.
    RolloutInProgress {
        /// The deployment's id.
        deployment: String,
    },
    /// An old task keeps a rollout from ending that has all its new tasks: that is no fault of what
    /// it brings.
    OldTaskRemains {
        /// The task.
        task: String,
        /// Why it is still there.
        because: String,
    },
    /// ECS decides how many tasks a daemon service runs, one on each instance, and there is none.
    NoInstances,
    /// The circuit breaker gave up the last deployment: repeating it would not help.
    RolloutFailed {
        /// The deployment's id.
        deployment: String,
    },
    /// A task is on its way, fresh, or just stopped: it says nothing yet about the service.
    WithinStartupGrace {
        /// The task in question.
        task: String,
        /// When the grace ends; `None` while the task has yet to start.
        until: Option<Timestamp>,
    },
    /// No task runs, and one has been on its way for long.
    PendingForLong {
        /// The task.
        task: String,
        /// Its `lastStatus`.
        status: String,
        /// When it was requested.
        since: Timestamp,
    },
    /// A task does not answer although its grace is over, and may not have finished starting: to replace
    /// it would start that over.
    StillStarting {
        /// The task.
        task: String,
        /// What it did instead of answering.
        because: String,
        /// When it counts as sick.
        until: Timestamp,
    },
    /// The route moved a short while ago, and the alarm still shows what was before.
    RouteJustMoved {
        /// When the alarm counts again.
        until: Timestamp,
    },
    /// The route could not be read, and may be the whole fault.
    RouteUnknown,
    /// The service was deployed a short while ago.
    RedeployCooldown {
        /// When redeploying is allowed again.
        until: Timestamp,
    },
    /// The service is deployed by something that refuses a forced redeployment (F22).
    ForeignDeploymentController,
    /// The route is stale and to be repaired first: that may be all.
    RouteRepairedFirst,
    /// A sick task is left to ECS for a while, which replaces it better than a stop does (F19).
    SuspectNotYet {
        /// The task.
        task: String,
        /// When it may be stopped.
        until: Timestamp,
    },
    /// ECS is replacing a sick task by itself: the replacement is there, and has yet to become well
    /// (F19).
    ReplacedByEcs {
        /// The sick task.
        task: String,
        /// The fresh one.
        by: String,
        /// When the fresh one's grace ends; `None` while it has yet to start.
        until: Option<Timestamp>,
    },
    /// Most tasks are sick, one was stopped as a trial, and what was started in its place has yet to
    /// show whether that helps.
    TrialNotOver {
        /// What was started.
        task: String,
        /// When its grace ends; `None` when that is over, and it is sick, but not for long.
        until: Option<Timestamp>,
    },
    /// ECS protects the task from being stopped (F19).
    TaskProtected {
        /// The task.
        task: String,
        /// The command that takes the protection away.
        cure: String,
    },
    /// What would start in place of a task that is to be stopped cannot be started.
    SuccessorsCannotStart {
        /// The task that is left running.
        task: Option<String>,
        /// Why they cannot, in ECS's words.
        because: String,
    },
    /// Tasks were stopped a short while ago, or their successors are still on their way.
    StormCooldown {
        /// When the next batch may be stopped; `None` while successors are on their way.
        until: Option<Timestamp>,
    },
    /// So much was done in the last hour that more of it would only hide the fault.
    BudgetSpent {
        /// What was done.
        spent: u32,
        /// What may be.
        budget: u32,
        /// When some of it is over an hour ago; `None` when the budget is 0.
        until: Option<Timestamp>,
    },
    /// The alarm rings, but the API answers well.
    EvidenceDisagrees,
    /// The API answers well, but no task does when it is asked itself.
    OthersAnswer,
    /// The tasks answer well when they are asked themselves: stopping or redeploying them would not
    /// change what is before them.
    FaultBeforeTasks,
    /// What was seen does not tell whether the tasks are well: unknown is not unhealthy.
    EvidenceUnclear {
        /// What was seen.
        because: String,
    },
    /// The tasks do not answer when they are asked themselves, but most requests succeed.
    UsersAreServed {
        /// So many requests of the newest minute that is counted failed.
        failed: u64,
        /// So many there were.
        all: u64,
    },
    /// All tasks fail alike, which may pass: it has not lasted yet.
    FailingNotYet {
        /// Whether it is tasks that are missing.
        missing: bool,
        /// Since when that has been found.
        since: Timestamp,
        /// When it has.
        until: Timestamp,
    },
    /// A deployment would stop tasks before it starts others, and some may serve.
    StopsFirst {
        /// `minimumHealthyPercent`.
        minimum: u32,
        /// `maximumPercent`.
        maximum: u32,
    },
    /// A deployment could neither stop a task before it starts others nor start one before it stops
    /// others: it would hang, and keep every other remedy away.
    NoRoomToDeploy {
        /// `minimumHealthyPercent`.
        minimum: u32,
        /// `maximumPercent`.
        maximum: u32,
    },
    /// Replacing tasks, or one sick task again and again, has not helped: the same again would not either.
    ReplacingDidNotHelp,
    /// The maintenance page answers at the API's URL: an application that asks that URL before it calls
    /// itself ready never does.
    PageAnswersForIt,
    /// Starting the same again would not help: somebody has to look.
    NeedsAHuman,
    /// Tasks of the present deployment, or all of it, ran well before they began to fail: going back to
    /// what ran before it would not help.
    FailsAfterRunning,
    /// No task runs, and ECS has given up starting any: the same is tried once more, but not yet.
    RetryNotYet {
        /// When it is.
        until: Timestamp,
    },
    /// There is nothing to roll back to: no other deployment completed, or what runs now has run for
    /// so long that it is not to blame, or was itself rolled back to by Eden.
    NothingToRollBackTo,
    /// What ran before is deregistered: ECS takes no INACTIVE task definition (F52).
    FormerInactive {
        /// The newest of what ran before.
        definition: String,
    },
    /// AWS refused the step in a way that will not be over by itself (F54).
    Refused {
        /// The step's name.
        action: String,
        /// What it is about.
        target: String,
        /// Why, in AWS's own words.
        because: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// The desired count was raised before, and somebody lowered it each time.
    RestoredInVain {
        /// How often.
        times: usize,
        /// When it is raised again.
        until: Timestamp,
    },
    /// A task that is to stop still runs. Nothing else is done about the tasks that are missing until it
    /// is clear whether it will.
    StopNotOver {
        /// The task.
        task: String,
        /// Until when it may take; `None` when nobody knows since when it is to stop.
        until: Option<Timestamp>,
    },
    /// A task that is to stop never will: ECS does not hear of its host.
    TaskStuck {
        /// The task.
        task: String,
        /// The command that ends it, where there is one.
        cure: Option<String>,
    },
    /// Another invocation has claimed the service and is acting.
    Claimed {
        /// Whose claim it is.
        by: String,
    },
    /// The alarm rings, and the API was not asked: an answer of 5xx might have been what rings it.
    ApiNotAsked,
    /// Eden's tags on the service cannot be written, so that nobody can claim it: nothing is done that
    /// must not be done twice.
    TagsRefused {
        /// What AWS said.
        because: String,
    },
    /// Somebody takes Eden's tags off the service.
    TagsRemoved {
        /// Which of those that this process wrote within the day, by name.
        tags: Vec<String>,
    },
    /// Sick tasks were left running to keep the service up.
    StopLimit {
        /// Tasks left.
        left: usize,
        /// Tasks that may be stopped at once.
        allowed: usize,
        /// When the next ones may be stopped.
        until: Timestamp,
    },
}

impl Hold {
    /// When what is held now will be tried again, if that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Hold::WithinStartupGrace { until, .. }
            | Hold::ReplacedByEcs { until, .. }
            | Hold::TrialNotOver { until, .. }
            | Hold::StormCooldown { until }
            | Hold::StopNotOver { until, .. }
            | Hold::BudgetSpent { until, .. } => *until,
            Hold::Refused { until, .. }
            | Hold::RestoredInVain { until, .. }
            | Hold::RouteContested { until, .. }
            | Hold::RouteJustMoved { until }
            | Hold::StillStarting { until, .. }
            | Hold::RedeployCooldown { until }
            | Hold::MaintenanceNotYet { until }
            | Hold::ParkingNotYet { until }
            | Hold::RetryNotYet { until }
            | Hold::FailingNotYet { until, .. }
            | Hold::SuspectNotYet { until, .. }
            | Hold::StopLimit { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// The reason's name, as reports and metrics carry it.
    #[expect(clippy::too_many_lines, reason = "a line for each hold")]
    pub fn reason(&self) -> &'static str {
        match self {
            Hold::AlreadyRouted { .. } => "already_routed",
            Hold::NoBetterTask { .. } => "no_better_task",
            Hold::AwaitingReady { .. } => "awaiting_ready",
            Hold::NoRunningTask => "no_running_task",
            Hold::NoAddress { .. } => "no_address",
            Hold::ValueNotAllowed { .. } => "value_not_allowed",
            Hold::StageHasCanary { .. } => "stage_has_canary",
            Hold::CanaryHasOwnVariable { .. } => "canary_has_own_variable",
            Hold::StageDeploymentFailed { .. } => "stage_deployment_failed",
            Hold::StageNeverDeployed { .. } => "stage_never_deployed",
            Hold::ApiAnswersWell => "api_answers_well",
            Hold::ApiToBeAsked => "api_to_be_asked",
            Hold::RequestsToBeCounted => "requests_to_be_counted",
            Hold::InMaintenance { .. } => "in_maintenance",
            Hold::ReadinessUnknown { .. } => "readiness_unknown",
            Hold::MaintenanceNotYet { .. } => "maintenance_not_yet",
            Hold::RollingNotMaintained { .. } => "rolling_not_maintained",
            Hold::Parked { .. } => "parked",
            Hold::ParkingNotYet { .. } => "parking_not_yet",
            Hold::OwnersToBeAsked => "owners_to_be_asked",
            Hold::AddressInUse { .. } => "address_in_use",
            Hold::RouteContested { .. } => "route_contested",
            Hold::NotAnHttpIntegration { .. } => "not_an_http_integration",
            Hold::HostIsStageVariable { .. } => "host_is_stage_variable",
            Hold::FactUnknown { .. } => "fact_unknown",
            Hold::HealingNotOn { .. } => "healing_not_on",
            Hold::ModeTagUnrecognized { .. } => "mode_tag_unrecognized",
            Hold::ServiceNotActive { .. } => "service_not_active",
            Hold::ScaledToZero => "scaled_to_zero",
            Hold::RolloutInProgress { .. } => "rollout_in_progress",
            Hold::OldTaskRemains { .. } => "old_task_remains",
            Hold::NoInstances => "no_instances",
            Hold::RolloutFailed { .. } => "rollout_failed",
            Hold::WithinStartupGrace { .. } => "within_startup_grace",
            Hold::StillStarting { .. } => "still_starting",
            Hold::PendingForLong { .. } => "pending_for_long",
            Hold::RouteJustMoved { .. } => "route_just_moved",
            Hold::RouteUnknown => "route_unknown",
            Hold::RedeployCooldown { .. } => "redeploy_cooldown",
            Hold::ForeignDeploymentController => "foreign_deployment_controller",
            Hold::RouteRepairedFirst => "route_repaired_first",
            Hold::SuspectNotYet { .. } => "suspect_not_yet",
            Hold::ReplacedByEcs { .. } => "replaced_by_ecs",
            Hold::TrialNotOver { .. } => "trial_not_over",
            Hold::TaskProtected { .. } => "task_protected",
            Hold::SuccessorsCannotStart { .. } => "successors_cannot_start",
            Hold::StormCooldown { .. } => "storm_cooldown",
            Hold::BudgetSpent { .. } => "budget_spent",
            Hold::EvidenceDisagrees => "evidence_disagrees",
            Hold::OthersAnswer => "others_answer",
            Hold::FaultBeforeTasks => "fault_before_tasks",
            Hold::EvidenceUnclear { .. } => "evidence_unclear",
            Hold::UsersAreServed { .. } => "users_are_served",
            Hold::FailingNotYet { .. } => "failing_not_yet",
            Hold::StopsFirst { .. } => "stops_first",
            Hold::NoRoomToDeploy { .. } => "no_room_to_deploy",
            Hold::ReplacingDidNotHelp => "replacing_did_not_help",
            Hold::PageAnswersForIt => "page_answers_for_it",
            Hold::NeedsAHuman => "needs_a_human",
            Hold::FailsAfterRunning => "fails_after_running",
            Hold::RetryNotYet { .. } => "retry_not_yet",
            Hold::NothingToRollBackTo => "nothing_to_roll_back_to",
            Hold::FormerInactive { .. } => "former_inactive",
            Hold::Refused { .. } => "refused",
            Hold::RestoredInVain { .. } => "restored_in_vain",
            Hold::StopNotOver { .. } => "stop_not_over",
            Hold::TaskStuck { .. } => "task_stuck",
            Hold::Claimed { .. } => "claimed",
            Hold::ApiNotAsked => "api_not_asked",
            Hold::TagsRefused { .. } => "tags_refused",
            Hold::TagsRemoved { .. } => "tags_removed",
            Hold::StopLimit { .. } => "stop_limit",
        }
    }
}

impl fmt::Display for Hold {
    #[expect(clippy::too_many_lines, reason = "a sentence for each reason")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::AlreadyRouted { pointer, endpoint, task } => {
                write!(f, "{pointer} leads to {endpoint}, where task {task} runs")
            }
            Hold::NoBetterTask { pointer, endpoint, task } => {
                write!(f, "{pointer} leads to {endpoint}, where task {task} is not well, ")?;
                f.write_str("but no other is better")
            }
            Hold::AwaitingReady { task, because } => {
                write!(f, "task {task} would get the route, but does not answer yet: {because}")
            }
            Hold::NoRunningTask => f.write_str("no task runs that the gateway could be led to"),
            Hold::NoAddress { task, because } => write!(f, "task {task} runs, but {because}"),
            Hold::ValueNotAllowed { variable, value } => write!(
                f,
                "variable {variable} cannot hold {:?}: it takes no brackets of an IPv6 \
                 address, without a port only the task that has BACKEND_PORT, and of a host name \
                 without a port nobody knows where the port is; use ROUTE_VIA=integration, or give the \
                 variable the form ADDRESS:PORT",
                redacted(value)
            ),
            Hold::StageHasCanary { stage, due } => {
                let shows = if *due { "does not show" } else { "would not show a change of" };
                write!(
                    f,
                    "stage {stage} {shows} where the route leads: API Gateway takes no deployment \
                     beside its canary release; promote or end the canary, or use RouteVia=\
                     stage-variable, which needs no deployment"
                )
            }
            Hold::CanaryHasOwnVariable { stage, value } => write!(
                f,
                "the canary release of stage {stage} has {value:?} as its own value of the \
                 variable that leads to the tasks, and Eden writes only that of the stage; take \
                 it out of stageVariableOverrides, or promote or end the canary"
            ),
            Hold::StageDeploymentFailed { stage, because } => write!(
                f,
                "stage {stage} may not show where the route leads: API Gateway could not deploy \
                 it, and says {because:?}"
            ),
            Hold::StageNeverDeployed { stage } => write!(
                f,
                "stage {stage} was never deployed, and what it would show was not asked for: name \
                 it in APIGatewayStage, or deploy it"
            ),
            Hold::ApiAnswersWell => f.write_str(
                "no task is known to serve, but the API answers well: the route stays where it is; see \
                 whether HEALTH_CHECK_PATH and HEALTH_CHECK_HOST are what the tasks answer to",
            ),
            Hold::ApiToBeAsked => f.write_str(
                "whether the API answers well is not known: the route stays where it is for now",
            ),
            Hold::RequestsToBeCounted => f.write_str(
                "a task takes connections and may serve users: health-monitor counts the requests that \
                 fail before the maintenance page is shown",
            ),
            Hold::InMaintenance { integration } => {
                write!(f, "{integration} leads to the maintenance page until a task answers")
            }
            Hold::ReadinessUnknown { task, because } => write!(
                f,
                "whether task {task} serves is not known ({because}): no maintenance page; where \
                 only API Gateway may reach the tasks, set READINESS_PROBE=off"
            ),
            Hold::MaintenanceNotYet { until } => {
                write!(f, "no task can serve: the maintenance page is due at {until:.0}")
            }
            Hold::RollingNotMaintained { deployment } => write!(
                f,
                "no task can serve while deployment {deployment} is in progress: no maintenance \
                 page for that"
            ),
            Hold::Parked { pointer } => {
                write!(f, "{pointer} is parked, at an address that is nobody's, until a task runs")
            }
            Hold::ParkingNotYet { until } => write!(
                f,
                "no task owns the address that the route leads to: it is parked at {until:.0} \
                 unless one runs by then"
            ),
            Hold::OwnersToBeAsked => f.write_str(
                "whose the address is that the route leads to is not known: nothing is written over it yet",
            ),
            Hold::AddressInUse { pointer, address, owner } => write!(
                f,
                "{pointer} leads to {address}, which no task owns but {owner} of this account does: it \
                 is left there"
            ),
            Hold::RouteContested { pointer, address, owner, until } => write!(
                f,
                "{pointer} leads to {address}, which no task of the service owns but {owner} of this \
                 account does, and was led there again after Eden had led it back: somebody else \
                 writes it too, such as another Eden or a script. It is left there until {until:.0}, \
                 unless the address has no owner before; only one may write an integration"
            ),
            Hold::HostIsStageVariable { integration, variable } => write!(
                f,
                "{integration} takes its host from the stage variable {variable}, and each stage may have \
                 its own: it is not written over; let a variable be all of the host, and name it in \
                 ROUTE_VIA=stage-variable:NAME"
            ),
            Hold::NotAnHttpIntegration { integration, kind } => {
                write!(f, "{integration} is {kind}: its URI is not a task's address")
            }
            Hold::FactUnknown { fact, because } => write!(f, "could not read {fact}: {because}"),
            Hold::HealingNotOn { mode, not_done } => {
                write!(f, "healing is {mode}, so this was not done: {not_done}")
            }
            Hold::ModeTagUnrecognized { value } => {
                write!(f, "the service's healing tag is {value:?}, not on, observe or off")
            }
            Hold::ServiceNotActive { status } => {
                write!(f, "the service is {}: check ECS_CLUSTER and ECS_SERVICE", status.describe())
            }
            Hold::ScaledToZero => f.write_str("the desired count is 0 and so is MIN_DESIRED_COUNT"),
            Hold::RolloutInProgress { deployment } => {
                write!(f, "deployment {deployment} is in progress: it is not started over, and its ")?;
                f.write_str("tasks are left to ECS")
            }
            Hold::OldTaskRemains { task, because } => {
                write!(f, "the rollout waits for old task {task}: {because}")
            }
            Hold::NoInstances => f.write_str(
                "ECS runs one task on each container instance, and the cluster has none for it",
            ),
            Hold::RolloutFailed { deployment } => {
                write!(f, "deployment {deployment} failed: repeating it would not help")
            }
            Hold::WithinStartupGrace { task, until: Some(until) } => {
                write!(f, "task {task} is within its startup grace until {until:.0}")
            }
            Hold::WithinStartupGrace { task, until: None } => write!(f, "task {task} is starting"),
            Hold::PendingForLong { task, status, since } => write!(
                f,
                "no task runs, and task {task}, requested at {since:.0}, is still {status}: look at its \
                 image, its secrets, its network and the agent of its container instance"
            ),
            Hold::StillStarting { task, because, until } => write!(
                f,
                "task {task} may still be starting, and is left alone until {until:.0} ({because}): if \
                 its application needs longer than STARTUP_GRACE_SECONDS to start, raise that"
            ),
            Hold::RouteJustMoved { until } => {
                write!(f, "the route has just moved: the alarm shows the past until {until:.0}")
            }
            Hold::RouteUnknown => {
                f.write_str("the route could not be read, and may be the whole fault")
            }
            Hold::RedeployCooldown { until } => {
                write!(f, "the service was deployed lately: not again before {until:.0}")
            }
            Hold::ForeignDeploymentController => f.write_str(
                "the service's deployment controller is not ECS: it can only be deployed there",
            ),
            Hold::RouteRepairedFirst => {
                f.write_str("the route is stale: its repair may be all that is needed")
            }
            Hold::SuspectNotYet { task, until } => {
                write!(f, "task {task} is sick; ECS may replace it itself until {until:.0}")
            }
            Hold::ReplacedByEcs { task, by, .. } => {
                write!(f, "task {task} is sick, and ECS has started task {by} to replace it")
            }
            Hold::TrialNotOver { task, .. } => write!(
                f,
                "most tasks are sick, and whether stopping one helped is not known until task \
                 {task}, which was started since, is well or has been sick for long enough"
            ),
            Hold::TaskProtected { task, cure } => write!(
                f,
                "task {task} is protected from being stopped; `{cure}` ends its protection"
            ),
            Hold::SuccessorsCannotStart { task: Some(task), because } => write!(
                f,
                "task {task} is left running, as its successor cannot be started: {because}"
            ),
            Hold::SuccessorsCannotStart { task: None, because } => {
                write!(f, "nothing is deployed, as its tasks could not be started: {because}")
            }
            Hold::StormCooldown { until: Some(until) } => {
                write!(f, "tasks were stopped lately: not again before {until:.0}")
            }
            Hold::StormCooldown { until: None } => {
                f.write_str("the successors of stopped tasks are still on their way")
            }
            Hold::BudgetSpent { spent, budget, until } => {
                write!(
                    f,
                    "{spent} remedies in the last hour, and the budget is {budget}: no more"
                )?;
                until.map_or(Ok(()), |until| write!(f, " before {until:.0}"))
            }
            Hold::EvidenceDisagrees => {
                f.write_str("the alarm rings, but the API answers well: nothing to repair is seen")
            }
            Hold::OthersAnswer => f.write_str(
                "no task answers well when it is asked itself, but the API does: a cache, a mock or \
                 another integration answers for them, or they answer Eden otherwise than the gateway",
            ),
            Hold::FaultBeforeTasks => f.write_str(
                "the tasks answer well when they are asked themselves: look at the gateway, its \
                 authorizer and limits, and at single paths",
            ),
            Hold::EvidenceUnclear { because } => write!(
                f,
                "whether the tasks are well is not known ({because}): HEALTH_CHECK_PATH names a \
                 path that a healthy task answers well without a login"
            ),
            Hold::UsersAreServed { failed, all } => write!(
                f,
                "no task answers well when it is asked itself, but of the newest minute's {all} \
                 requests only {failed} failed: nothing is taken from those who are served"
            ),
            Hold::FailingNotYet { missing: true, until, .. } => {
                write!(
                    f,
                    "tasks are missing, which ECS may be about to start: the service is not deployed \
                     again before {until:.0}"
                )
            }
            Hold::FailingNotYet { missing: false, until, .. } => {
                write!(f, "all tasks fail alike, which may pass by itself until {until:.0}")
            }
            Hold::StopsFirst { minimum, maximum } => write!(
                f,
                "a deployment would stop tasks before it starts others (minimumHealthyPercent \
                 {minimum}, maximumPercent {maximum}), and some may serve"
            ),
            Hold::NoRoomToDeploy { minimum, maximum } => write!(
                f,
                "no deployment could replace anything: it may neither stop a task first \
                 (minimumHealthyPercent {minimum}) nor start one first (maximumPercent {maximum})"
            ),
            Hold::ReplacingDidNotHelp => {
                f.write_str("tasks were replaced, and that has not helped: somebody has to look")
            }
            Hold::PageAnswersForIt => f.write_str(
                "the maintenance page answers at the API's URL: an application whose readiness asks its \
                 own public URL cannot become ready behind it; have it ask itself at 127.0.0.1, or take \
                 MAINTENANCE_URL out until it is well",
            ),
            Hold::NeedsAHuman => f.write_str("starting the same again would not help"),
            Hold::FailsAfterRunning => f.write_str(
                "what was deployed ran well before: it is not rolled back for what has failed since",
            ),
            Hold::RetryNotYet { until } => write!(
                f,
                "no task runs, and ECS has given up starting any: tried once more at {until:.0}"
            ),
            Hold::NothingToRollBackTo => {
                f.write_str("nothing else ran well lately: there is nothing to roll back to")
            }
            Hold::FormerInactive { definition } => write!(
                f,
                "{} ran before, but is INACTIVE: ECS takes no task definition that was deregistered",
                task_id(definition)
            ),
            Hold::Refused { action, target, because, until } => {
                write!(f, "AWS refused {action} ({target}): {because}; not again before {until:.0}")
            }
            Hold::RestoredInVain { times, until } => write!(
                f,
                "the desired count was raised {times} times in a day and lowered again each time: \
                 not again before {until:.0}"
            ),
            Hold::StopNotOver { task, until } => {
                write!(f, "task {task} is to stop, and still runs")?;
                until.map_or(Ok(()), |until| write!(f, ": it may until {until:.0}"))
            }
            Hold::TaskStuck { task, cure } => {
                write!(f, "task {task} is to stop, and ECS cannot end it")?;
                cure.as_ref().map_or(Ok(()), |cure| write!(f, ": run `{cure}`"))
            }
            Hold::Claimed { by } => write!(f, "invocation {by} has claimed the service and acts"),
            Hold::ApiNotAsked => f.write_str(
                "the alarm rings, and the API was not asked, since a 5xx of its bare URL would ring \
                 it as well: the next check asks; with HEALTH_CHECK_PATH it is asked at once",
            ),
            Hold::TagsRefused { because } => write!(
                f,
                "Eden's tags on the service cannot be written, so that nothing is stopped, \
                 redeployed or rolled back: {because}"
            ),
            Hold::TagsRemoved { tags } => write!(
                f,
                "somebody took Eden's notes off the service: {}; what this process noted counts as \
                 still there, and what others noted is lost",
                tags.join(", ")
            ),
            Hold::StopLimit { left, allowed, until } => write!(
                f,
                "sick tasks left running: {left}; {allowed} may be stopped at once, the next not \
                 before {until:.0}"
            ),
        }
    }
}
