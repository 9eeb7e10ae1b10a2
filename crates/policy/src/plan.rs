//! What a decision consists of: the diagnosis, the steps to take, and why others were not taken.

mod condition;
mod diagnosis;
mod hold;
mod rejected;
mod step;

use std::fmt;

use serde::Serialize;

use crate::facts::ServiceStatus;
pub use condition::{Condition, Known, LASTS, Notes, Sighting};
pub use diagnosis::Diagnosis;
pub use hold::Hold;
pub use rejected::{Rejected, Rejection};
pub use step::Step;

/// What to do now, and what not to do for which reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan that nobody acts on or reports heals nothing"]
pub struct Plan {
    /// In the order in which they are to be taken.
    pub steps: Vec<Step>,
    /// Every remedy that was considered and not taken.
    pub holds: Vec<Hold>,
    /// Every task that the gateway cannot be led to, and why.
    pub rejected: Vec<Rejected>,
}

impl Plan {
    /// Appends another plan's steps and holds.
    pub fn append(&mut self, other: Plan) {
        self.steps.extend(other.steps);
        self.holds.extend(other.holds);
        self.rejected.extend(other.rejected);
    }

    /// Leaves out parking, with the deployments that it needs, for a look at which tasks are wanted
    /// again: as after a crash, they may come before it is due. The maintenance page stays.
    pub fn wait_with_parking(&mut self) {
        if self.steps.iter().any(Step::parks) {
            self.steps.retain(|step| !step.parks() && !matches!(step, Step::DeployStage { .. }));
        }
    }

    /// The facts that could not be read and that something was held for.
    pub fn unknown_facts(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| matches!(hold, Hold::FactUnknown { .. }))
    }

    /// Whether a better decision may be possible in seconds: a task is about to answer, or to get
    /// its address.
    pub fn awaits_a_task(&self) -> bool {
        self.holds
            .iter()
            .any(|hold| matches!(hold, Hold::AwaitingReady { .. } | Hold::NoAddress { .. }))
    }
}

/// A fact that a decision may miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The service and its deployments.
    Service,
    /// How far a deployment is that shifts traffic.
    Shift,
    /// The tasks.
    Tasks,
    /// The tasks' public addresses.
    Addresses,
    /// Whose the addresses are that the route leads to.
    Owners,
    /// An integration.
    Integration,
    /// The stages of the API.
    Stages,
    /// The alarm's present state.
    Alarm,
    /// The API's answer to a probe.
    Api,
    /// How many of the API's requests fail.
    Requests,
    /// Which tasks are protected.
    Protection,
    /// What ran before the present deployment.
    FormerDeployment,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fact::Service => "the service",
            Fact::Shift => "how far the deployment in progress is",
            Fact::Tasks => "the tasks",
            Fact::Addresses => "the tasks' addresses",
            Fact::Owners => "whose the route's addresses are",
            Fact::Integration => "an integration",
            Fact::Stages => "the stages",
            Fact::Alarm => "the alarm",
            Fact::Api => "the API's answer",
            Fact::Requests => "the API's requests",
            Fact::Protection => "the tasks' protection",
            Fact::FormerDeployment => "the deployment before the present one",
        })
    }
}

impl ServiceStatus {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive => "INACTIVE",
            ServiceStatus::Missing => "missing",
            ServiceStatus::Unknown => "in a state unknown to this version",
        }
    }
}
