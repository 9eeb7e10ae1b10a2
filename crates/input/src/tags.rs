//! The tags in which Eden keeps what AWS has no other place for. Each name stands behind
//! `{APP_NAME}:`; times are RFC 3339 in whole seconds, which tags can hold.

/// On the service: whether to heal it.
pub const HEALING: &str = "healing";
/// On the service: since when no task has been able to serve.
pub const UNSERVED_SINCE: &str = "unserved-since";
/// On the service: since when it has failed as a whole, and the task definition that has run since
/// then, by family and revision.
pub const FAILING_SINCE: &str = "failing-since";
/// On the service: when Eden deployed it in the last hours, oldest first.
pub const REDEPLOYED: &str = "redeployed";
/// On the service: when Eden stopped tasks in the last hours, oldest first.
pub const STOPPED: &str = "stopped";
/// On the service: when Eden raised the desired count in the last days, oldest first.
pub const RESTORED: &str = "restored";
/// On the service: when somebody had led the route to an address of this account that is not the
/// service's, oldest first.
pub const OVERWRITTEN: &str = "overwritten";
/// On the service: what AWS refused to do, and why.
pub const REFUSED: &str = "refused";
/// On the service: the invocation that acts on it, and since when.
pub const CLAIM: &str = "claim";
/// On the service: the condition that a look found, and that people hear of when it lasts.
pub const SEEN: &str = "seen";
/// On the service: the conditions of a deployment that people were told of.
pub const TOLD: &str = "told";
/// On the service: since when runs of health-monitor fail, and what people were told of it.
pub const FAILED_RUNS: &str = "failed-runs";
/// On the service: what was last done and told to people by one of several runs, when, and by which.
pub const REPORTED: &str = "reported";
/// On the service: when health-monitor last noted anything there. It is never taken off: where it is
/// gone, somebody takes Eden's tags away.
pub const NOTED: &str = "noted";
/// Of those that hold remedies back, the tags that stay as long as Eden does.
pub const THAT_STAY: [&str; 4] = [REDEPLOYED, STOPPED, RESTORED, REFUSED];
/// The tags that Eden writes on the service, but for the one that people write.
pub const OF_SERVICE: [&str; 13] = [
    UNSERVED_SINCE,
    FAILING_SINCE,
    REDEPLOYED,
    STOPPED,
    RESTORED,
    OVERWRITTEN,
    REFUSED,
    CLAIM,
    SEEN,
    TOLD,
    FAILED_RUNS,
    REPORTED,
    NOTED,
];

/// On a task: since when it has been found sick, or to be stopping without an end.
pub const SUSPECT_SINCE: &str = "suspect-since";
