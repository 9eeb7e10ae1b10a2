//! What an account has that Eden could guard, as plain facts.

use eden_core::config::ApiType;
use eden_policy::facts;

/// A service of ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name of its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// The task definition that it runs.
    pub definition: Option<String>,
    /// Whether a load balancer leads to its tasks.
    pub load_balanced: bool,
}

impl Service {
    /// `CLUSTER/SERVICE`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }
}

/// An API that could lead to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ApiType,
    /// The URL of its own, without a stage; none where that is switched off.
    pub url: Option<String>,
    /// Whether only a VPC reaches it.
    pub private: bool,
    /// The names of its stages.
    pub stages: Vec<String>,
    /// Its integrations.
    pub integrations: Vec<Integration>,
}

impl Api {
    /// Its name and id, or the id alone where it has no name of its own.
    pub fn title(&self) -> String {
        if self.name.is_empty() || self.name == self.id {
            return self.id.clone();
        }
        format!("{} {}", self.name, self.id)
    }
}

/// An integration of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its id, as the parameter `APIGatewayIntegrationId` takes it.
    pub id: String,
    /// The paths that lead to it, with the method where it is not any.
    pub paths: Vec<String>,
    /// Its kind and where it leads.
    pub read: facts::Integration,
}

impl Integration {
    /// The paths that lead to it, or its id where there is none.
    pub fn title(&self) -> String {
        if self.paths.is_empty() { self.id.clone() } else { self.paths.join(" ") }
    }
}

/// How the parameter `ApiType` spells a kind of API.
pub fn spelled(kind: ApiType) -> &'static str {
    match kind {
        ApiType::Http => "HTTP",
        ApiType::Rest => "REST",
    }
}
