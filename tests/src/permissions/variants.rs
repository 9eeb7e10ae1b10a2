//! The sets of parameters that give the functions permissions of their own, and an account for each.

use eden_lab::World;
use eden_lab::example::{
    API, CLUSTER, Example, PROXY_INTEGRATION, REST_PROXY_INTEGRATION, REST_ROOT_INTEGRATION,
    REST_STAGE, ROOT_INTEGRATION,
};
use eden_lab::world::{ApiKind, Doing, Networking, OperatorError, PublicAddress, Sidecar};

use crate::rig::{Rig, example, is_steady, minutes};

/// The stage of the example's HTTP API.
const HTTP_STAGE: &str = "$default";
/// The stage variable that leads to the tasks, where one does.
const VARIABLE: &str = "backend";
/// Where nobody answers.
const NOWHERE: &str = "127.0.0.1:9";
/// A webhook, and what holds its URL where it is no parameter of the stack.
const WEBHOOK: &str = "https://hooks.slack.com/services/T0/B0/x";
/// The same in Secrets Manager.
pub const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1B2c3";
/// The same in Parameter Store.
const PARAMETER: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/slack";
/// The roles of the service's task definitions.
const ROLES: [&str; 2] =
    ["arn:aws:iam::123456789012:role/app", "arn:aws:iam::123456789012:role/execution"];

/// By what the functions' policies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The integrations of an HTTP API.
    HttpIntegrations,
    /// The same, with a maintenance page and a webhook that is a secret.
    Maintenance,
    /// The integrations of an HTTP API, with roll backs and a webhook that is a parameter of SSM.
    Rollback,
    /// The integrations of a REST API.
    RestIntegrations,
    /// A stage variable of an HTTP API.
    HttpStageVariable,
    /// A stage variable of a REST API.
    RestStageVariable,
}

impl Variant {
    /// All of them.
    pub const ALL: [Variant; 6] = [
        Variant::HttpIntegrations,
        Variant::Maintenance,
        Variant::Rollback,
        Variant::RestIntegrations,
        Variant::HttpStageVariable,
        Variant::RestStageVariable,
    ];

    /// The account with its stack's parameters.
    pub fn example(self) -> Example {
        let via = format!("stage-variable:{VARIABLE}");
        let mut example = Example { api_kind: self.api_kind(), ..example() };
        example.service.task_definition.roles = ROLES.map(str::to_owned).into();
        // Only the task definition tells which of two containers ended a task.
        let log_router = Sidecar::new("log_router", Doing::Runs { exit_code: 137 });
        example.service.task_definition.sidecars = vec![log_router];
        match self {
            Variant::HttpIntegrations | Variant::RestIntegrations => example,
            Variant::Maintenance => example
                .parameter("MaintenanceUrl", &"https://status.example.com/")
                .parameter("HealthCheckPath", &"/health")
                .parameter("SlackWebhookSecretArn", &SECRET),
            Variant::Rollback => example
                .parameter("Rollback", &"on")
                .parameter("HealthCheckPath", &"/health")
                .parameter("TaskRoleArns", &ROLES.join(","))
                .parameter("SlackWebhookParameterArn", &PARAMETER),
            Variant::HttpStageVariable | Variant::RestStageVariable => example
                .parameter("RouteVia", &via)
                .parameter("APIGatewayStage", &self.stage())
                .parameter("APIGatewayIntegrationId", &""),
        }
    }

    /// The actions that an account of this kind has need of, beside those of every account.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Variant::HttpIntegrations | Variant::RestIntegrations => {
                &["point_integration", "deploy_stage"]
            }
            Variant::Maintenance => &[
                "point_integration",
                "deploy_stage",
                "show_maintenance",
                "mark_unserved",
                "clear_unserved",
            ],
            Variant::Rollback => &["point_integration", "deploy_stage", "roll_back"],
            Variant::HttpStageVariable | Variant::RestStageVariable => &["set_stage_variable"],
        }
    }

    fn api_kind(self) -> ApiKind {
        match self {
            Variant::HttpIntegrations
            | Variant::Maintenance
            | Variant::Rollback
            | Variant::HttpStageVariable => ApiKind::Http,
            Variant::RestIntegrations | Variant::RestStageVariable => ApiKind::Rest,
        }
    }

    fn stage(self) -> &'static str {
        match self.api_kind() {
            ApiKind::Http => HTTP_STAGE,
            ApiKind::Rest => REST_STAGE,
        }
    }

    /// The path of a request that the service answers.
    pub fn path(self) -> String {
        match self.api_kind() {
            ApiKind::Http => "/orders/42".to_owned(),
            ApiKind::Rest => format!("/{REST_STAGE}/orders/42"),
        }
    }

    fn is_stage_variable(self) -> bool {
        match self {
            Variant::HttpStageVariable | Variant::RestStageVariable => true,
            Variant::HttpIntegrations
            | Variant::Maintenance
            | Variant::Rollback
            | Variant::RestIntegrations => false,
        }
    }

    /// Opens the account, with tasks on Fargate or on an EC2 instance, and waits until the route
    /// leads to one.
    ///
    /// # Panics
    /// When that does not come about within ten minutes.
    pub async fn open(self, mut example: Example, networking: Networking) -> Rig {
        example.service.task_definition.networking = networking;
        let rig = Rig::start(&example);
        self.furnish(&mut rig.lab.world());
        assert!(rig.lab.until(minutes(10), is_steady).await, "{self:?}");
        rig
    }

    /// What the account has beside the example: an EC2 instance, and integrations that refer to the
    /// stage variable where there is one.
    ///
    /// # Panics
    /// When the account is none of this variant.
    pub fn furnish(self, world: &mut World) {
        world.set_secret(SECRET, WEBHOOK);
        world.set_parameter(PARAMETER, WEBHOOK);
        world.add_webhook(WEBHOOK).expect("a URL");
        let instance = world.add_container_instance(CLUSTER, PublicAddress::Ipv4);
        instance.expect("a free address");
        if self.is_stage_variable() {
            self.refer_to_the_variable(world).expect("the example's API");
        }
    }

    fn refer_to_the_variable(self, world: &mut World) -> Result<(), OperatorError> {
        let uri = format!("http://${{stageVariables.{VARIABLE}}}/");
        let [root, proxy] = self.integrations();
        world.set_stage_variable(API, self.stage(), VARIABLE, Some(NOWHERE))?;
        world.set_integration_uri(API, root, &uri)?;
        world.set_integration_uri(API, proxy, &format!("{uri}{{proxy}}"))?;
        world.deploy_stage(API, self.stage(), None).map(drop)
    }

    /// Somebody leads the route to nowhere by hand.
    ///
    /// # Panics
    /// When the account is none of this variant.
    pub fn lead_astray(self, world: &mut World) {
        self.lead_to(world, NOWHERE);
    }

    /// Somebody leads the route to this address and port.
    ///
    /// # Panics
    /// When the account is none of this variant.
    pub fn lead_to(self, world: &mut World, to: &str) {
        let mut edit = || {
            if self.is_stage_variable() {
                return world.set_stage_variable(API, self.stage(), VARIABLE, Some(to));
            }
            let [root, proxy] = self.integrations();
            world.set_integration_uri(API, root, &format!("http://{to}/"))?;
            world.set_integration_uri(API, proxy, &format!("http://{to}/{{proxy}}"))
        };
        edit().expect("the example's API");
    }

    fn integrations(self) -> [&'static str; 2] {
        match self.api_kind() {
            ApiKind::Http => [ROOT_INTEGRATION, PROXY_INTEGRATION],
            ApiKind::Rest => [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
        }
    }
}
