//! The AWS clients, and how they are configured in Lambda.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use jiff::Timestamp;

/// The clients of every service Eden talks to, and the clock that signs their requests.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Services and tasks.
    pub ecs: aws_sdk_ecs::Client,
    /// Network interfaces, for the tasks' public addresses.
    pub ec2: aws_sdk_ec2::Client,
    /// Integrations and stages of REST APIs.
    pub apigateway: aws_sdk_apigateway::Client,
    /// Integrations and stages of HTTP APIs.
    pub apigatewayv2: aws_sdk_apigatewayv2::Client,
    /// Mails.
    pub sns: aws_sdk_sns::Client,
    /// The alarm.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The audit trail.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// Secrets.
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    /// Parameters.
    pub ssm: aws_sdk_ssm::Client,
    clock: SharedTimeSource,
}

impl Aws {
    /// Clients that share one configuration: its HTTP client, credentials, retries and clock.
    pub fn new(config: &SdkConfig) -> Self {
        Aws {
            ecs: aws_sdk_ecs::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            apigateway: aws_sdk_apigateway::Client::new(config),
            apigatewayv2: aws_sdk_apigatewayv2::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            eventbridge: aws_sdk_eventbridge::Client::new(config),
            secretsmanager: aws_sdk_secretsmanager::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            clock: config.time_source().unwrap_or_default(),
        }
    }

    /// The time now, by the clock that the SDK signs with: the wall clock in Lambda, virtual time
    /// in the lab.
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
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

/// The configuration that Lambda hands to a function: credentials and region from the environment
/// (no look-up of profiles or instance metadata, which do not exist there), endpoints from
/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` when they are set.
pub async fn config_from_environment() -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(aws_config::environment::EnvironmentVariableRegionProvider::new())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}
