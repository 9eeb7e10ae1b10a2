//! Faults of the API, and the record of the calls it got.

use std::time::Duration;

use jiff::Timestamp;

use super::ids;
use super::{Permission, World};

/// The operations whose answer may be partial (F17).
const LISTS: [&str; 4] =
    ["DescribeTasks", "DescribeServices", "DescribeContainerInstances", "GetTaskProtection"];

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Refused with the service's own error for too many requests.
    Throttled,
    /// Fails with the service's own error for a fault of its own.
    InternalError,
    /// Done, and yet answered with the same error.
    InternalErrorAfter,
    /// Refused with the service's own error for a missing permission.
    AccessDenied,
    /// Done, but answered only so much later.
    Latency(Duration),
    /// Not done: the connection breaks.
    ConnectionReset,
    /// Done, but the connection breaks before the answer comes.
    ConnectionResetAfter,
    /// Done, and never answered: the caller's own time-outs end the call.
    NoAnswer,
    /// So many of the things asked for are answered as failures (`DescribeTasks`,
    /// `DescribeServices`, `DescribeContainerInstances`, `GetTaskProtection`, F17).
    Partial(usize),
    /// The tasks asked for that have stopped are answered as failures: they expired after they were
    /// listed (`DescribeTasks`, F18).
    Expired,
    /// Answered with the past: integrations and stages are shown as they were before their last
    /// change (`GetIntegration`, `GetStage`, `GetStages`).
    Stale,
}

/// A fault of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The operation's name, for example `DescribeTasks`.
    pub operation: &'static str,
    /// What goes wrong.
    pub kind: FaultKind,
    /// For so many calls; until [`World::clear_faults`] without a number.
    pub times: Option<u32>,
}

/// A call that the API got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// The access key that signed it; empty for a request without a signature.
    pub access_key: String,
    /// The service: `ecs`, `ec2`, `apigateway`, `sns`, `monitoring`, `events`, `secretsmanager` or
    /// `ssm`.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// What it was about: names, ids or ARNs out of the request.
    pub resource: String,
    /// What its caller must be allowed to do.
    pub needs: Vec<Permission>,
    /// Whether the caller's role does not allow it: it failed for that reason.
    pub denied: bool,
    /// The error code when it failed.
    pub outcome: Result<(), String>,
    /// Whether it was done: a call that was done may be answered with an error all the same, or not
    /// at all.
    pub done: bool,
    /// Whether it is of a kind that changes something.
    pub mutating: bool,
}

impl World {
    /// Makes calls of an operation go wrong from now on. Of several faults of one operation the
    /// first one injected acts until it is used up.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Ends all faults of the API that were injected.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Every call that the API got, oldest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The fault that this call meets.
    pub(crate) fn meet_fault(&mut self, operation: &str) -> Option<FaultKind> {
        let injected = self.faults.iter().position(|fault| fault.operation == operation);
        let Some(index) = injected else {
            return self.meet_weather(LISTS.contains(&operation));
        };
        let fault = &mut self.faults[index];
        let kind = fault.kind;
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.faults.remove(index);
            }
        }
        Some(kind)
    }

    /// A new id for an answer.
    pub(crate) fn request_id(&mut self) -> String {
        ids::uuid(&mut self.rng)
    }

    pub(crate) fn record_call(&mut self, call: Call) {
        self.calls.push(call);
    }
}
