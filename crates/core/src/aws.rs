//! The AWS clients, and how they are configured in Lambda.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::SharedTimeSource;
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use http::Uri;
use jiff::Timestamp;

use crate::config::ApiType;
use crate::https::Https;
use crate::lambda::environment;
use crate::memory::OwnNotes;

/// A client that is made when it is first used: few events need all of them.
pub type Lazy<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// The clients of every service Eden talks to, and the clock that signs their requests.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Services and tasks.
    pub ecs: Lazy<aws_sdk_ecs::Client>,
    /// Network interfaces, for the tasks' public addresses.
    pub ec2: Lazy<aws_sdk_ec2::Client>,
    /// Integrations and stages of REST APIs.
    pub apigateway: Lazy<aws_sdk_apigateway::Client>,
    /// Integrations and stages of HTTP APIs.
    pub apigatewayv2: Lazy<aws_sdk_apigatewayv2::Client>,
    /// Mails.
    pub sns: Lazy<aws_sdk_sns::Client>,
    /// The alarm.
    pub cloudwatch: Lazy<aws_sdk_cloudwatch::Client>,
    /// The audit trail.
    pub eventbridge: Lazy<aws_sdk_eventbridge::Client>,
    /// Secrets.
    pub secretsmanager: Lazy<aws_sdk_secretsmanager::Client>,
    /// Parameters.
    pub ssm: Lazy<aws_sdk_ssm::Client>,
    /// What this process noted on the service, should somebody take Eden's tags away.
    pub own: Arc<OwnNotes>,
    clock: SharedTimeSource,
}

impl Aws {
    /// Clients that share one configuration: its HTTP client, credentials, retries and clock.
    pub fn new(config: &SdkConfig) -> Self {
        Aws {
            ecs: lazy(config, aws_sdk_ecs::Client::new),
            ec2: lazy(config, aws_sdk_ec2::Client::new),
            apigateway: lazy(config, aws_sdk_apigateway::Client::new),
            apigatewayv2: lazy(config, aws_sdk_apigatewayv2::Client::new),
            sns: lazy(config, aws_sdk_sns::Client::new),
            cloudwatch: lazy(config, aws_sdk_cloudwatch::Client::new),
            eventbridge: lazy(config, aws_sdk_eventbridge::Client::new),
            secretsmanager: lazy(config, aws_sdk_secretsmanager::Client::new),
            ssm: lazy(config, aws_sdk_ssm::Client::new),
            own: Arc::default(),
            clock: config.time_source().unwrap_or_default(),
        }
    }

    /// Makes the clients that each event begins with. AWS does not promise it, but people have
    /// measured that a function has a whole processor until it asks for its first event, and only
    /// after that the part that goes with its memory.
    pub fn make_ready(&self, api_type: Option<ApiType>) {
        LazyLock::force(&self.ecs);
        LazyLock::force(&self.ec2);
        match api_type {
            Some(ApiType::Http) => _ = LazyLock::force(&self.apigatewayv2),
            Some(ApiType::Rest) => _ = LazyLock::force(&self.apigateway),
            None => {}
        }
    }

    /// The time now, by the clock that the SDK signs with: the wall clock in Lambda, virtual time
    /// in the lab.
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A client that is made already.
pub fn made<C: Send + 'static>(client: C) -> Lazy<C> {
    Arc::new(LazyLock::new(Box::new(move || client)))
}

fn lazy<C: 'static>(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> Lazy<C> {
    let config = config.clone();
    Arc::new(LazyLock::new(Box::new(move || make(&config))))
}

/// How often a call is tried: 5 attempts with backoff (API Gateway accepts a deployment only every
/// 5 s, F5).
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(5)
}

/// A call that does not answer is given up, with room left for the function to report it: 5 s an
/// attempt, 25 s in all.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(25))
        .build()
}

/// The configuration that Lambda hands to a function: credentials and region (`AWS_REGION`, or else
/// `AWS_DEFAULT_REGION`) from the environment, endpoints from `AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>`, FIPS and dual-stack endpoints from `AWS_USE_FIPS_ENDPOINT` and
/// `AWS_USE_DUALSTACK_ENDPOINT`.
///
/// It is put together here, because the SDK's loader brings the chain of profiles, single sign-on
/// and instance metadata with it, which do not exist in Lambda.
pub fn config_from_environment(https: &Https) -> SdkConfig {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let region = environment("AWS_REGION").or_else(|| environment("AWS_DEFAULT_REGION"));
    let is_set = |name| environment(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(https.clone())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(region.map(Region::new))
        .use_fips(is_set("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_set("AWS_USE_DUALSTACK_ENDPOINT"))
        .service_config(OfOneService)
        .retry_config(retries())
        .timeout_config(timeouts());
    config.set_endpoint_url(environment("AWS_ENDPOINT_URL"));
    // Else it would come before those of single services.
    config.insert_origin("endpoint_url", Origin::shared_environment_variable());
    config.build()
}

/// Variables for one service, like `AWS_ENDPOINT_URL_ECS`.
#[derive(Debug)]
struct OfOneService;

impl LoadServiceConfig for OfOneService {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        environment(&format!("{}_{service}", key.env()))
    }
}

/// Where the calls go that events begin with, and how many of them at the same time: as the SDK
/// finds it out for each call, so that connections can be opened before.
pub async fn origins(config: &SdkConfig) -> Vec<(Uri, usize)> {
    macro_rules! origin {
        ($sdk:ident, $variable:literal) => {{
            use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
            let params = Params::builder()
                .set_region(config.region().map(ToString::to_string))
                .use_fips(config.use_fips().unwrap_or(false))
                .use_dual_stack(config.use_dual_stack().unwrap_or(false))
                .set_endpoint(environment($variable).or(config.endpoint_url().map(str::to_owned)));
            match params.build() {
                Ok(params) => {
                    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await;
                    endpoint.ok().and_then(|endpoint| endpoint.url().parse().ok())
                }
                Err(_) => None,
            }
        }};
    }
    let origins: [(Option<Uri>, usize); 3] = [
        // The service, the list of its tasks, and the task that the event names.
        (origin!(aws_sdk_ecs, "AWS_ENDPOINT_URL_ECS"), 3),
        // Integration and stages; those of REST APIs are on the same host.
        (origin!(aws_sdk_apigatewayv2, "AWS_ENDPOINT_URL_APIGATEWAYV2"), 2),
        // The interface that the event names.
        (origin!(aws_sdk_ec2, "AWS_ENDPOINT_URL_EC2"), 1),
    ];
    origins.into_iter().filter_map(|(origin, count)| Some((origin?, count))).collect()
}
