//! What every command works with: AWS, the stack's names, and where to print.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use eden_core::aws::{retries, timeouts};
use eden_core::https::Https;
use eden_core::lambda::Invocation;
use eden_core::network::Internet;
use eden_core::web::Web;
use eden_core::{Aws, Edge};
use jiff::Timestamp;
use serde_json::Value;

use crate::arguments::{AwsOptions, StackOptions};
use crate::names::{self, Names};
use crate::output::Output;

/// So long a handler may take in Lambda, as health-monitor's Timeout in template.yaml says.
const PATIENCE: Duration = Duration::from_secs(300);

/// What every command works with.
#[derive(Debug)]
pub struct Context {
    /// What AWS clients are made of.
    pub config: SdkConfig,
    /// What the handlers of the functions reach the world by.
    pub edge: Edge,
    /// The names of the stack's resources.
    pub names: Names,
    /// Where to print.
    pub output: Output,
}

impl Context {
    /// Finds credentials, region and endpoints as AWS's own CLI does, and the stack's names.
    ///
    /// # Errors
    /// When there is no region, or the stack that is to name its resources cannot be read.
    pub async fn new(aws: &AwsOptions, stack: &StackOptions, output: Output) -> Result<Self> {
        let mut context = Self::without_stack(aws, stack, output).await?;
        if let Some(stack) = &stack.stack {
            let outputs = names::outputs(&context.config, stack).await?;
            let names = Names::from_outputs(&outputs).with_context(|| format!("stack {stack}"))?;
            context.names = names;
        }
        Ok(context)
    }

    /// The same before there is a stack: its resources have the names that they will have.
    ///
    /// # Errors
    /// When there is no region.
    pub async fn without_stack(
        aws: &AwsOptions,
        stack: &StackOptions,
        output: Output,
    ) -> Result<Self> {
        let https = Https::new();
        let config = sdk_config(aws, &https).await;
        ensure!(
            config.region().is_some(),
            "no region is set: name one with --region or AWS_REGION, or in the profile with \
             `aws configure set region REGION`"
        );
        let (environment, app) = stack.prefix();
        let names = Names::derived(environment, app);
        let edge = Edge::new(Aws::new(&config), Arc::new(Internet), Web::internet(&https));
        Ok(Context { config, edge, names, output })
    }

    /// The region.
    pub fn region(&self) -> &str {
        self.config.region().map_or("", AsRef::as_ref)
    }

    /// An invocation of a handler in this process. Its id is told in audit events and in the claim,
    /// so that one sees who acted.
    pub fn invocation(&self, event: Value) -> Invocation {
        let now = self.edge.aws.now();
        Invocation {
            request_id: self.request_id(),
            environment: std::process::id().to_string(),
            event,
            deadline: now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX),
        }
    }

    /// What no other invocation is called, here or in Lambda, of the letters that a tag takes (F36).
    pub fn request_id(&self) -> String {
        format!("cli-{}-{}", self.edge.aws.now().as_microsecond(), std::process::id())
    }

    /// Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }
}

/// The functions' own patience and retries, with an operator's credentials.
async fn sdk_config(aws: &AwsOptions, https: &Https) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https.clone())
        .retry_config(retries())
        .timeout_config(timeouts());
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &aws.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &aws.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}
