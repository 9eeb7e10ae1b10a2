//! The gateway's route to the service.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Observed;

/// The gateway's route to the service.
#[derive(Debug, Clone)]
pub struct Route {
    /// The API's id.
    pub api: String,
    /// The port the tasks serve on, unless their host has another for them.
    pub port: u16,
    /// The ports that the API connects to.
    pub ports: Ports,
    /// Where tasks are reached from the internet, by ARN; only of those that have an address
    /// (F24, F25).
    pub endpoints: Observed<BTreeMap<String, SocketAddr>>,
    /// What probes found, of the endpoints that were probed.
    pub readiness: BTreeMap<SocketAddr, Readiness>,
    /// What leads to the tasks, in configured order.
    pub pointers: Vec<(Pointer, Observed<Integration>)>,
    /// Which of the addresses that the route leads to are those of this account's interfaces, and of
    /// which; `None` as long as that was not asked.
    pub owners: Observed<Option<BTreeMap<IpAddr, String>>>,
    /// The stages that show the API; none where a stage variable leads to the tasks, which takes
    /// effect without a deployment.
    pub stages: Observed<Vec<Stage>>,
}

impl Route {
    /// When a change of the API last took effect, as far as is known.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let created_at = |stage: &Stage| match &stage.serves {
            Serves::Deployment(deployment) => deployment.created_at,
            Serves::Nothing | Serves::NotRead(_) => None,
        };
        self.stages.known()?.iter().filter_map(created_at).max()
    }
}

/// The ports that an API connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// All, as far as AWS says: HTTP APIs (F57).
    All,
    /// 80, 443, and 1024 to 65535: REST APIs (F57).
    OfRestApi,
}

impl Ports {
    /// Whether this is one of them.
    pub fn take(self, port: u16) -> bool {
        match self {
            Ports::All => port > 0,
            Ports::OfRestApi => matches!(port, 80 | 443 | 1024..),
        }
    }
}

/// Whether a task answers, by a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It answers, but with a status that is neither good nor a failure: from 400 to 499, or below
    /// and not what the settings call good. It has no such path, or wants a login or another host
    /// name: whether it is well is not known. The text says what it answered.
    Unclear(String),
    /// It answers that this is not the time (408, 425, 429): it is alive and refuses what is too much or
    /// too soon. That says nothing of the path. The text says what it answered.
    Limited(String),
    /// It does not answer well: in which way it fails, and what was seen, in words.
    NotReady(Unready, String),
    /// It cannot even be reached. So it looks where only API Gateway may reach the tasks as well:
    /// nothing to move the route to, and no proof that nobody is served.
    Unreachable(String),
}

impl Readiness {
    /// Whether it answers and is no failure: well, with a status that tells nothing, or with a limit.
    pub fn answers(&self) -> bool {
        matches!(self, Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_))
    }
}

/// In which way a task does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// It takes no connection, or none that speaks as the route does.
    Refuses,
    /// It answers 500 or more, or breaks off.
    Fails,
    /// It takes a connection, and answers nothing in time: it hangs, or is only slow.
    Silent,
}

/// What the gateway finds the tasks by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointer {
    /// An integration's URI: by id in an HTTP API, as `RESOURCE_ID:METHOD` in a REST API (F7).
    Integration(String),
    /// A variable of a stage, which integrations' URIs refer to (F6).
    StageVariable {
        /// The stage's name.
        stage: String,
        /// The variable's name.
        name: String,
    },
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Integration(id) => write!(f, "integration {id}"),
            Pointer::StageVariable { stage, name } => write!(f, "variable {name} of stage {stage}"),
        }
    }
}

/// As reports name it.
impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a pointer leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Whether its URI is one that may be rewritten.
    pub kind: IntegrationKind,
    /// Its URI; of a stage variable, its value.
    pub uri: Option<String>,
    /// The `Host` that it sends instead of the URI's, where its parameters map a constant one (F55).
    pub host: Option<String>,
}

impl Integration {
    /// A plain HTTP one, which sends the `Host` of its URI.
    pub fn http(uri: Option<String>) -> Self {
        Integration { kind: IntegrationKind::Http, uri, host: None }
    }
}

/// What kind of integration it is: only a plain HTTP one leads to a task's address (F6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationKind {
    /// A URL that is called over the internet, or a stage variable with one.
    Http,
    /// Anything else, in AWS's words, for example `HTTP_PROXY over VPC_LINK` or `AWS_PROXY`.
    Other(String),
}

/// A stage of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whether changes take effect by themselves (F4).
    pub auto_deploy: bool,
    /// Whether the settings name it.
    pub named: bool,
    /// What it shows.
    pub serves: Serves,
    /// What keeps it from showing where the route leads, whatever Eden does.
    pub obstacle: Option<Obstacle>,
}

/// What keeps a stage from showing where the route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A canary release takes a share of its requests, and no deployment is taken beside it (F58).
    Canary,
    /// A canary release has a value of its own for the variable that leads to the tasks: this (F58).
    CanaryVariable(String),
    /// Its last automatic deployment failed, for this reason in AWS's words (F56).
    DeploymentFailed(String),
}

/// What a stage shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// Nothing: it was never deployed.
    Nothing,
    /// This deployment.
    Deployment(StageDeployment),
    /// The deployment of this id, which was not read: that costs a call, and most decisions do not
    /// need it.
    NotRead(String),
}

/// The deployment that a stage serves. With `auto_deploy` API Gateway makes one at each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageDeployment {
    /// Its description, where Eden notes the address it deployed.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}
