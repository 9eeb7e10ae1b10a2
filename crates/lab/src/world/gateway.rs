//! API Gateway's HTTP and REST APIs: integrations, stages, deployments.

mod gatekeeper;
mod past;
mod routing;
mod spec;
mod traffic;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::World;
use super::ids;
use super::operator::OperatorError;
use super::stage::{Stage, StageDeployment};
pub use gatekeeper::Gatekeeper;
pub(super) use past::Past;
pub(crate) use routing::with_stage_variables;
pub use routing::{Destination, GatewayAnswer};
pub use spec::ApiSpec;
pub use traffic::RequestOutcome;
pub(super) use traffic::Stream;

/// The kinds of API: each has its own operations, metrics and ways (F1, F4, F7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKind {
    /// An HTTP API, API Gateway v2.
    Http,
    /// A REST API, API Gateway v1.
    Rest,
}

impl ApiKind {
    /// `timeoutInMillis` of an integration that names none: the maximum.
    fn default_timeout_ms(self) -> u32 {
        match self {
            Self::Http => 30_000,
            Self::Rest => 29_000,
        }
    }
}

/// What an integration calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationType {
    /// An HTTP backend, with the request as it came.
    HttpProxy,
    /// A Lambda function.
    AwsProxy,
    /// Nothing: the gateway answers by itself.
    Mock,
}

impl IntegrationType {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpProxy => "HTTP_PROXY",
            Self::AwsProxy => "AWS_PROXY",
            Self::Mock => "MOCK",
        }
    }

    /// The method with which the backend is called; Lambda's is always POST.
    fn default_method(self) -> &'static str {
        match self {
            Self::HttpProxy | Self::Mock => "ANY",
            Self::AwsProxy => "POST",
        }
    }
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its id; in a REST API `RESOURCE_ID:METHOD` (F7).
    pub id: String,
    /// What it calls.
    pub integration_type: IntegrationType,
    /// Where it leads; empty for `MOCK`.
    pub uri: String,
    /// The VPC link it goes through; over the internet without one.
    pub vpc_link: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// The method with which the backend is called.
    pub method: String,
    /// `payloadFormatVersion`.
    pub payload_format_version: String,
    /// `timeoutInMillis`.
    pub timeout_ms: u32,
    /// `requestParameters`: how the request is changed on its way, for example
    /// `overwrite:header.Host` in an HTTP API, `integration.request.header.Host` in a REST API.
    pub request_parameters: BTreeMap<String, String>,
}

impl Integration {
    /// The `Host` that the mapping of parameters gives to requests: a constant, in single quotes in a
    /// REST API, or an expression (Developer Guide, parameter mapping).
    fn host(&self) -> Option<&str> {
        let names = ["overwrite:header.host", "integration.request.header.host"];
        let is_host = |name: &str| names.contains(&name.to_ascii_lowercase().as_str());
        let mut mapped = self.request_parameters.iter().filter(|(name, _)| is_host(name));
        mapped.next().map(|(_, value)| value.trim_matches('\''))
    }
}

/// An API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ApiKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether its endpoint is private, which only that of a REST API can be.
    pub private: bool,
    /// Its integrations, by id.
    pub integrations: BTreeMap<String, Integration>,
    /// Its stages, by name.
    pub stages: BTreeMap<String, Stage>,
    /// Every deployment that was made, by id.
    pub deployments: BTreeMap<String, StageDeployment>,
    /// What answers requests before any integration is called.
    pub gatekeeper: Option<Gatekeeper>,
    routes: Vec<routing::Route>,
    pub(super) past: Past,
}

impl Api {
    /// The method, path and integration of each route; those of a REST API are its methods.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.routes.iter().map(|it| (it.method.as_str(), it.path.as_str(), it.integration.as_str()))
    }
}

impl World {
    /// Makes an API; its stages show it as it is now. One of the same id is replaced.
    pub fn create_api(&mut self, spec: ApiSpec) {
        let mut api = Api {
            routes: spec.all_routes(),
            id: spec.id,
            name: spec.name,
            kind: spec.kind,
            created_at: self.now,
            private: spec.private,
            integrations: spec.integrations.into_iter().map(|it| (it.id.clone(), it)).collect(),
            stages: BTreeMap::new(),
            deployments: BTreeMap::new(),
            gatekeeper: None,
            past: Past::default(),
        };
        for (name, auto_deploy) in spec.stages {
            let variables = spec.stage_variables.iter().filter(|(stage, ..)| *stage == name);
            let mut stage = Stage {
                variables: variables.map(|(_, key, it)| (key.clone(), it.clone())).collect(),
                name: name.clone(),
                auto_deploy,
                deployment_id: None,
                canary: None,
                fails: None,
                last_deployment_status: None,
                created_at: self.now,
                updated_at: self.now,
                deployed: BTreeMap::new(),
            };
            if !spec.undeployed.contains(&name) {
                let id = ids::alphanumeric(&mut self.rng, 6);
                let deployment = stage.deploy(id, self.now, None, api.uris());
                api.deployments.insert(deployment.id.clone(), deployment);
            }
            api.stages.insert(name, stage);
        }
        self.apis.insert(api.id.clone(), api);
    }

    /// The APIs of a kind.
    pub(crate) fn apis(&self, kind: ApiKind) -> impl Iterator<Item = &Api> {
        self.apis.values().filter(move |api| api.kind == kind)
    }

    /// An API, by id.
    pub fn api(&self, id: &str) -> Option<&Api> {
        self.apis.get(id)
    }

    /// From now on API Gateway takes no URI with this host. Which hosts it refuses is not documented:
    /// it answers `Invalid HTTP endpoint specified for URI` to what it cannot use
    /// (<https://github.com/aws/aws-cdk/issues/14984>).
    pub fn refuse_host(&mut self, host: &str) {
        self.refused_hosts.insert(host.to_owned());
    }

    /// Whether API Gateway takes no URI with this host.
    pub(crate) fn refuses_host(&self, host: &str) -> bool {
        self.refused_hosts.contains(host)
    }

    /// Changes an integration, which shows at once in stages with `autoDeploy` (F4).
    ///
    /// # Errors
    /// When there is no such API or integration.
    pub(crate) fn change_integration(
        &mut self,
        api_id: &str,
        integration_id: &str,
        change: impl FnOnce(&mut Integration),
    ) -> Result<(), OperatorError> {
        let api =
            self.apis.get_mut(api_id).ok_or_else(|| OperatorError::NoSuchApi(api_id.to_owned()))?;
        let integration = api
            .integrations
            .get_mut(integration_id)
            .ok_or_else(|| OperatorError::NoSuchIntegration(integration_id.to_owned()))?;
        let before = integration.clone();
        change(integration);
        api.past.note_integration(before, integration);
        let automatic: Vec<String> = api
            .stages
            .values()
            .filter(|stage| stage.auto_deploy)
            .map(|stage| stage.name.clone())
            .collect();
        for stage in automatic {
            self.deploy_stage(api_id, &stage, None)?;
        }
        Ok(())
    }

    /// Deploys as `CreateDeployment` does: at most once in [`Timing::deployment_interval`], for
    /// all APIs of the account together (F5).
    ///
    /// # Errors
    /// When it is too soon, or there is no such API or stage.
    ///
    /// [`Timing::deployment_interval`]: super::Timing::deployment_interval
    pub(crate) fn create_deployment(
        &mut self,
        api_id: &str,
        stage: &str,
        description: Option<String>,
    ) -> Result<String, OperatorError> {
        let interval = self.timing.deployment_interval;
        if self.last_deployment.is_some_and(|last| self.now < last + interval) {
            return Err(OperatorError::TooManyDeployments(interval));
        }
        let has_canary = |api: &Api| api.stages.get(stage).is_some_and(|it| it.canary.is_some());
        if self.apis.get(api_id).is_some_and(has_canary) {
            return Err(OperatorError::CanaryEnabled(stage.to_owned()));
        }
        let id = self.deploy_stage(api_id, stage, description)?;
        self.last_deployment = Some(self.now);
        Ok(id)
    }

    /// Deploys the API as it is to a stage and returns the deployment's id. A deployment that
    /// [fails](Self::fail_deployments) leaves the stage as it was, and is there all the same.
    ///
    /// # Errors
    /// When there is no such API or stage.
    pub fn deploy_stage(
        &mut self,
        api_id: &str,
        stage: &str,
        description: Option<String>,
    ) -> Result<String, OperatorError> {
        let id = ids::alphanumeric(&mut self.rng, 6);
        let now = self.now;
        let api =
            self.apis.get_mut(api_id).ok_or_else(|| OperatorError::NoSuchApi(api_id.to_owned()))?;
        let deployed = api.uris();
        let stage = api
            .stages
            .get_mut(stage)
            .ok_or_else(|| OperatorError::NoSuchStage(stage.to_owned()))?;
        let before = stage.clone();
        let deployment = stage.deploy(id.clone(), now, description, deployed);
        api.past.note_stage(before);
        api.deployments.insert(id.clone(), deployment);
        Ok(id)
    }
}
