//! The environment, read once into typed settings. Every bad variable is named, all at once.

mod gateway;
mod limits;
mod reader;
mod values;

use std::fmt;

use eden_policy::{Limits, Mode};
use tracing::level_filters::LevelFilter;

pub use gateway::{ApiType, Gateway, Probe, Via};
use reader::Reader;
pub use reader::{ConfigError, Problem, Value};
pub use values::is_webhook;

/// Names shared by both functions: which service of which stack is looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `ENVIRONMENT`, default `prod`.
    pub environment: String,
    /// `APP_NAME`, default `eden`; with it Eden's tags begin.
    pub app_name: String,
    /// `HEALING_MODE`, default `on`; the service's healing tag wins over it.
    pub mode: Mode,
    /// `LOG_LEVEL`, default `info`.
    pub log_level: LevelFilter,
    /// `ECS_CLUSTER`: the cluster's name or ARN.
    pub cluster: String,
    /// `ECS_SERVICE`: the service's name.
    pub service: String,
}

/// Whom to tell, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// `SNS_TOPIC_ARN`; without it nobody is told.
    pub topic_arn: Option<String>,
    /// `API_GATEWAY_URL`, which health-monitor asks and mails show; where ip-updater has none, its
    /// mails show the API's id.
    pub api_gateway_url: String,
    /// `SLACK_WEBHOOK_URL`; without it no webhook is called.
    pub webhook: Option<Webhook>,
}

/// Where a webhook's URL is.
#[derive(Clone, PartialEq, Eq)]
pub enum Webhook {
    /// It is this.
    Url(String),
    /// In Secrets Manager, under this ARN.
    Secret(String),
    /// In SSM's Parameter Store, under this ARN.
    Parameter(String),
}

/// Whoever has the URL may post: it is in no log.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Webhook::Url(_) => f.write_str("Url(…)"),
            Webhook::Secret(arn) => f.debug_tuple("Secret").field(arn).finish(),
            Webhook::Parameter(arn) => f.debug_tuple("Parameter").field(arn).finish(),
        }
    }
}

/// Settings of ip-updater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpUpdaterConfig {
    /// What it looks after.
    pub target: Target,
    /// What it keeps up to date.
    pub gateway: Gateway,
    /// Whom it tells when the maintenance page comes or goes.
    pub people: People,
}

/// Settings of health-monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthMonitorConfig {
    /// What it looks after.
    pub target: Target,
    /// The route it repairs; `None` when none of `API_GATEWAY_ID`, `INTEGRATION_ID` and
    /// `ROUTE_VIA` is set.
    pub gateway: Option<Gateway>,
    /// Whom it tells what it did.
    pub people: People,
    /// `ALARM_NAME`, default `{ENVIRONMENT}-{APP_NAME}-api-health-alarm`: its state is evidence.
    pub alarm_name: String,
    /// `ERROR_ALARM_NAME`, default `{ENVIRONMENT}-{APP_NAME}-api-error-alarm`: it only wakes.
    pub error_alarm_name: String,
    /// What holds remedies back.
    pub limits: Limits,
}

impl IpUpdaterConfig {
    /// Reads the settings; `variable` looks one up.
    ///
    /// # Errors
    /// Names every missing or malformed variable, its value unless it may hold a secret, and what is
    /// accepted.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&variable);
        let target = Target::read(&mut reader);
        let gateway = Gateway::read(&mut reader);
        let url = reader.or("API_GATEWAY_URL", values::http_url, gateway.api_id.clone());
        let people = People::read(&mut reader, url);
        reader.finish(IpUpdaterConfig { target, gateway, people })
    }
}

impl HealthMonitorConfig {
    /// Reads the settings; `variable` looks one up.
    ///
    /// # Errors
    /// Names every missing or malformed variable, its value unless it may hold a secret, and what is
    /// accepted.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&variable);
        let target = Target::read(&mut reader);
        let routed =
            ["API_GATEWAY_ID", "INTEGRATION_ID", "ROUTE_VIA"].iter().any(|name| reader.has(name));
        let gateway = routed.then(|| Gateway::read(&mut reader));
        let url = reader.required("API_GATEWAY_URL", values::http_url);
        let people = People::read(&mut reader, url);
        let alarm = |name| format!("{}-{}-{name}", target.environment, target.app_name);
        let (health_alarm, error_alarm) = (alarm("api-health-alarm"), alarm("api-error-alarm"));
        let config = HealthMonitorConfig {
            target,
            gateway,
            people,
            alarm_name: reader.or("ALARM_NAME", values::text, health_alarm),
            error_alarm_name: reader.or("ERROR_ALARM_NAME", values::text, error_alarm),
            limits: limits::read(&mut reader),
        };
        reader.finish(config)
    }
}

impl Target {
    /// The key of one of Eden's tags (see [`crate::tags`]).
    pub fn tag(&self, name: &str) -> String {
        format!("{}:{name}", self.app_name)
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        Target {
            environment: reader.or("ENVIRONMENT", values::name, "prod".to_owned()),
            app_name: reader.or("APP_NAME", values::app_name, "eden".to_owned()),
            mode: reader.or("HEALING_MODE", values::mode, Mode::On),
            log_level: reader.or("LOG_LEVEL", values::log_level, LevelFilter::INFO),
            cluster: reader.required("ECS_CLUSTER", values::cluster),
            service: reader.required("ECS_SERVICE", values::service),
        }
    }
}

impl People {
    fn read(reader: &mut Reader<'_>, api_gateway_url: String) -> Self {
        People {
            api_gateway_url,
            topic_arn: reader.optional("SNS_TOPIC_ARN", values::topic_arn),
            webhook: reader.optional("SLACK_WEBHOOK_URL", values::webhook),
        }
    }
}
