//! What a new API shall be.

use std::collections::{BTreeMap, BTreeSet};

use super::routing::Route;
use super::{ApiKind, Integration, IntegrationType};

/// What a new API shall be.
///
/// An integration has the id that the API's kind addresses it by: that of an HTTP API any id, that
/// of a REST API the resource's id and the HTTP method, such as `res1:ANY` (F7). A request finds
/// the first by a route, the second by the path of its resource.
#[derive(Debug, Clone)]
pub struct ApiSpec {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: ApiKind,
    pub(super) private: bool,
    pub(super) integrations: Vec<Integration>,
    pub(super) routes: Vec<Route>,
    pub(super) stages: Vec<(String, bool)>,
    pub(super) undeployed: BTreeSet<String>,
    pub(super) stage_variables: Vec<(String, String, String)>,
    resources: BTreeMap<String, String>,
}

impl ApiSpec {
    /// An HTTP API without anything in it, named as its id.
    pub fn new(id: &str) -> Self {
        Self::of(ApiKind::Http, id, id)
    }

    /// A REST API without anything in it.
    pub fn rest(id: &str, name: &str) -> Self {
        Self::of(ApiKind::Rest, id, name)
    }

    fn of(kind: ApiKind, id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            private: false,
            integrations: Vec::new(),
            routes: Vec::new(),
            stages: Vec::new(),
            undeployed: BTreeSet::new(),
            stage_variables: Vec::new(),
            resources: BTreeMap::new(),
        }
    }

    /// Makes the endpoint of a REST API private: only a VPC reaches it.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = self.kind == ApiKind::Rest;
        self
    }

    /// Adds an `HTTP_PROXY` integration over the internet.
    #[must_use]
    pub fn integration(self, id: &str, uri: &str) -> Self {
        self.add(id, IntegrationType::HttpProxy, uri, None)
    }

    /// Adds an `HTTP_PROXY` integration through a VPC link. The URI is an ARN in an HTTP API, the
    /// URL of a load balancer in a REST API (F6).
    #[must_use]
    pub fn vpc_link_integration(self, id: &str, uri: &str, link: &str) -> Self {
        self.add(id, IntegrationType::HttpProxy, uri, Some(link))
    }

    /// Adds an `AWS_PROXY` integration with the Lambda function of this ARN.
    #[must_use]
    pub fn lambda_integration(self, id: &str, arn: &str) -> Self {
        self.add(id, IntegrationType::AwsProxy, arn, None)
    }

    /// Adds a `MOCK` integration, which only REST APIs have: the gateway answers by itself.
    #[must_use]
    pub fn mock_integration(self, id: &str) -> Self {
        self.add(id, IntegrationType::Mock, "", None)
    }

    fn add(mut self, id: &str, kind: IntegrationType, uri: &str, link: Option<&str>) -> Self {
        self.integrations.push(Integration {
            id: id.to_owned(),
            integration_type: kind,
            uri: uri.to_owned(),
            vpc_link: link.map(str::to_owned),
            description: None,
            method: kind.default_method().to_owned(),
            payload_format_version: "1.0".to_owned(),
            timeout_ms: self.kind.default_timeout_ms(),
            request_parameters: BTreeMap::new(),
        });
        self
    }

    /// Adds a route to an HTTP API: `/`, `/{proxy+}`, another path, or `$default`.
    #[must_use]
    pub fn route(mut self, path: &str, integration: &str) -> Self {
        self.routes.push(Route::any(path, integration));
        self
    }

    /// Adds a resource to a REST API: `/`, `/{proxy+}` or another path.
    #[must_use]
    pub fn resource(mut self, id: &str, path: &str) -> Self {
        self.resources.insert(id.to_owned(), path.to_owned());
        self
    }

    /// Adds a stage; without `auto_deploy` it changes only when deployed (F4). One of a REST API
    /// never deploys by itself (F7).
    #[must_use]
    pub fn stage(mut self, name: &str, auto_deploy: bool) -> Self {
        self.stages.push((name.to_owned(), auto_deploy && self.kind == ApiKind::Http));
        self
    }

    /// Makes a stage one to which nothing was ever deployed.
    #[must_use]
    pub fn undeployed(mut self, stage: &str) -> Self {
        self.undeployed.insert(stage.to_owned());
        self
    }

    /// Maps a parameter of an integration that was added.
    #[must_use]
    pub fn request_parameter(mut self, integration: &str, name: &str, value: &str) -> Self {
        for it in self.integrations.iter_mut().filter(|it| it.id == integration) {
            it.request_parameters.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// Gives a stage a variable.
    #[must_use]
    pub fn stage_variable(mut self, stage: &str, name: &str, value: &str) -> Self {
        self.stage_variables.push((stage.to_owned(), name.to_owned(), value.to_owned()));
        self
    }

    /// The routes: those of an HTTP API as they were added, those of a REST API from its resources
    /// and methods.
    pub(super) fn all_routes(&self) -> Vec<Route> {
        match self.kind {
            ApiKind::Http => self.routes.clone(),
            ApiKind::Rest => self
                .integrations
                .iter()
                .filter_map(|integration| {
                    let (resource, method) = integration.id.split_once(':')?;
                    let path = self.resources.get(resource)?;
                    Some(Route { method: method.to_owned(), ..Route::any(path, &integration.id) })
                })
                .collect(),
        }
    }
}
