//! The account that the tests, the demo and `cargo xtask lab` start from: one service without a
//! load balancer behind an HTTP API, and Eden's stack beside it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::spec::FunctionSpec;
use crate::template::{Deployment, Stack, TemplateError, as_text};
use crate::world::arn::short_name;
use crate::world::{ApiKind, ApiSpec, ServiceSpec, World, WorldConfig};

/// The cluster's name: what the stack expects in its environment `prod`.
pub const CLUSTER: &str = "prod-eden-cluster";
/// The service's name.
pub const SERVICE: &str = "prod-eden-service";
/// The API's id.
pub const API: &str = "a1b2c3d4e5";
/// The integration of the route `/`, whose URL has a path of its own.
pub const ROOT_INTEGRATION: &str = "int1234";
/// The integration of the route `/{proxy+}`, whose URI never was a URL.
pub const PROXY_INTEGRATION: &str = "int5678";
/// The name of the API when it is a REST API, which its metrics have as dimension (F1).
pub const REST_API_NAME: &str = "shop-api";
/// The stage of the REST API, with which the path of every request begins.
pub const REST_STAGE: &str = "prod";
/// The integration of the REST API's resource `/`.
pub const REST_ROOT_INTEGRATION: &str = "res1:ANY";
/// The integration of the REST API's resource `/{proxy+}`.
pub const REST_PROXY_INTEGRATION: &str = "res2:ANY";
/// The function that follows addresses.
pub const IP_UPDATER: &str = "prod-eden-ip-updater";
/// The function that heals.
pub const HEALTH_MONITOR: &str = "prod-eden-health-monitor";
/// The alarm.
pub const ALARM: &str = "prod-eden-api-health-alarm";
/// The log group with a line for each action.
pub const AUDIT_LOG: &str = "/eden/prod/autoresiliency";

/// Eden's template, as it is in the checkout.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// What the account is made from; each part can be changed before it is built.
#[derive(Debug, Clone)]
pub struct Example {
    /// The world.
    pub world: WorldConfig,
    /// The service.
    pub service: ServiceSpec,
    /// The API's kind.
    pub api_kind: ApiKind,
    /// Whether the API's stage deploys by itself (F4); that of a REST API never does (F7).
    pub auto_deploy: bool,
    /// Parameters of the stack other than the required ones and the defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Example {
    /// One task with a container health check, an HTTP API with a stage that deploys by itself, and
    /// a stack with an e-mail subscription.
    pub fn new(world: WorldConfig) -> Self {
        let mut service = ServiceSpec::new(CLUSTER, SERVICE);
        service.task_definition.health_check = true;
        let email = ("NotificationEmail".to_owned(), "ops@example.com".to_owned());
        let parameters = BTreeMap::from([email]);
        Self { world, service, api_kind: ApiKind::Http, auto_deploy: true, parameters }
    }

    /// Sets a parameter of the stack.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &dyn ToString) -> Self {
        self.parameters.insert(name.to_owned(), value.to_string());
        self
    }

    /// The account with the service and the API, which leads nowhere yet.
    pub fn world(&self) -> World {
        let mut world = World::new(self.world.clone());
        world.create_api(match self.api_kind {
            ApiKind::Http => ApiSpec::new(API)
                .integration(ROOT_INTEGRATION, "http://127.0.0.1:1/")
                .integration(PROXY_INTEGRATION, "placeholder")
                .route("/", ROOT_INTEGRATION)
                .route("/{proxy+}", PROXY_INTEGRATION)
                .stage("$default", self.auto_deploy),
            ApiKind::Rest => ApiSpec::rest(API, REST_API_NAME)
                .resource("res1", "/")
                .resource("res2", "/{proxy+}")
                .integration(REST_ROOT_INTEGRATION, "http://127.0.0.1:1/")
                .integration(REST_PROXY_INTEGRATION, "http://127.0.0.1:1/{proxy}")
                .stage(REST_STAGE, false),
        });
        world.create_service(self.service.clone());
        world
    }

    /// Eden's stack, deployed for the API at this endpoint.
    ///
    /// # Errors
    /// When CloudFormation would refuse the template or a parameter.
    pub fn stack(&self, api_endpoint: &str) -> Result<Stack, TemplateError> {
        let (integrations, path) = match self.api_kind {
            ApiKind::Http => ([ROOT_INTEGRATION, PROXY_INTEGRATION], String::new()),
            ApiKind::Rest => {
                ([REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION], format!("/{REST_STAGE}"))
            }
        };
        let mut parameters = BTreeMap::from(
            [
                ("APIGatewayId", API.to_owned()),
                ("APIGatewayIntegrationId", integrations.join(",")),
                ("APIGatewayURL", format!("{api_endpoint}{path}")),
                ("BackendPort", self.service.task_definition.port.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if self.api_kind == ApiKind::Rest {
            let of_rest = [
                ("ApiType", "REST"),
                ("APIGatewayName", REST_API_NAME),
                ("APIGatewayStage", REST_STAGE),
            ];
            parameters.extend(of_rest.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        parameters.extend(self.parameters.clone());
        let deployment = Deployment {
            region: self.world.region.clone(),
            account: self.world.account.clone(),
            parameters,
            ..Deployment::default()
        };
        Stack::deploy(TEMPLATE, &deployment)
    }
}

impl World {
    /// Makes what a stack asks for and the lab simulates. Its functions are only shown then: to run
    /// them is the [Lambda service](crate::lambda)'s part.
    pub fn install(&mut self, stack: &Stack) {
        for function in &stack.functions {
            self.add_function(function.clone());
        }
        for group in &stack.log_groups {
            self.add_log_group(group);
        }
        for (_, queue) in stack.of_type("AWS::SQS::Queue") {
            self.add_queue(short_name(&queue.reference));
        }
        let outputs = stack.outputs.iter();
        let outputs = outputs.filter_map(|(name, value)| Some((name.clone(), as_text(value)?)));
        self.add_stack(&stack.name, outputs.collect());
        for arn in &stack.topics {
            let name = arn.rsplit(':').next().unwrap_or(arn);
            self.add_topic(name, None);
        }
        for (_, subscription) in stack.of_type("AWS::SNS::Subscription") {
            let property = |name| subscription.properties.get(name).and_then(Value::as_str);
            let [Some(topic), Some(protocol), Some(endpoint)] =
                ["TopicArn", "Protocol", "Endpoint"].map(property)
            else {
                continue;
            };
            self.subscribe(topic, protocol, endpoint);
        }
        for alarm in &stack.alarms {
            self.add_alarm(alarm.clone());
        }
        for rule in &stack.rules {
            self.add_rule(rule.clone());
        }
    }
}

impl Stack {
    /// The function of this name.
    pub fn function(&self, name: &str) -> Option<&FunctionSpec> {
        self.functions.iter().find(|function| function.name == name)
    }
}
