//! API Gateway's HTTP and REST APIs: integrations, stages, deployments.

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
    /// Its integrations, by id.
    pub integrations: BTreeMap<String, Integration>,
    /// Its stages, by name.
    pub stages: BTreeMap<String, Stage>,
    /// Every deployment that was made, by id.
    pub deployments: BTreeMap<String, StageDeployment>,
    routes: Vec<routing::Route>,
    pub(super) past: Past,
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
            integrations: spec.integrations.into_iter().map(|it| (it.id.clone(), it)).collect(),
            stages: BTreeMap::new(),
            deployments: BTreeMap::new(),
            past: Past::default(),
        };
        for (name, auto_deploy) in spec.stages {
            let deployment = StageDeployment {
                id: ids::alphanumeric(&mut self.rng, 6),
                created_at: self.now,
                description: None,
                auto_deployed: auto_deploy,
            };
            let variables = spec.stage_variables.iter().filter(|(stage, ..)| *stage == name);
            let stage = Stage {
                variables: variables.map(|(_, key, it)| (key.clone(), it.clone())).collect(),
                name: name.clone(),
                auto_deploy,
                deployment_id: deployment.id.clone(),
                created_at: self.now,
                updated_at: self.now,
                deployed: api.uris(),
            };
            api.stages.insert(name, stage);
            api.deployments.insert(deployment.id.clone(), deployment);
        }
        self.apis.insert(api.id.clone(), api);
    }

    /// An API, by id.
    pub fn api(&self, id: &str) -> Option<&Api> {
        self.apis.get(id)
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
        let id = self.deploy_stage(api_id, stage, description)?;
        self.last_deployment = Some(self.now);
        Ok(id)
    }

    /// Deploys the API as it is to a stage and returns the deployment's id.
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
        stage.deployed = deployed;
        stage.deployment_id.clone_from(&id);
        stage.updated_at = now;
        api.past.note_stage(before);
        let deployment = StageDeployment {
            id: id.clone(),
            created_at: now,
            description,
            auto_deployed: stage.auto_deploy,
        };
        api.deployments.insert(id.clone(), deployment);
        Ok(id)
    }
}
