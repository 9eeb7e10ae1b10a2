//! What a stack asks AWS for, in the lab's own types: the template reader makes these, the world
//! and the Lambda service run them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::math::Expression;
use crate::pattern::Pattern;

/// An EventBridge rule with its targets.
#[derive(Debug, Clone)]
pub struct RuleSpec {
    /// The rule's name.
    pub name: String,
    /// What makes the rule fire.
    pub trigger: RuleTrigger,
    /// Who gets the event.
    pub targets: Vec<Target>,
}

/// What makes a rule fire.
#[derive(Debug, Clone)]
pub enum RuleTrigger {
    /// An event on the default bus that matches.
    Pattern(Pattern),
    /// A schedule: `rate(5 minutes)`.
    Every(Duration),
}

/// A rule's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A Lambda function, by name; invoked asynchronously (F29).
    Function(String),
    /// A CloudWatch log group, by name; gets one JSON line an event.
    LogGroup(String),
}

/// The sum of a metric over each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSpec {
    /// For example `AWS/ApiGateway`.
    pub namespace: String,
    /// For example `5xx` (F1).
    pub name: String,
    /// What tells it from others of that name: a metric with others is another one.
    pub dimensions: BTreeMap<String, String>,
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Watched {
    /// One metric: nothing when none of that name and dimensions is published.
    Metric(MetricSpec),
    /// An expression of metric math.
    Math {
        /// Its id.
        id: String,
        /// The expression.
        expression: Expression,
        /// The metrics that it is about, by id.
        metrics: BTreeMap<String, MetricSpec>,
    },
}

impl Watched {
    /// A metric of API Gateway, by its one dimension.
    pub fn of_api(name: &str, (dimension, value): (&str, &str)) -> Self {
        Self::Metric(MetricSpec {
            namespace: "AWS/ApiGateway".to_owned(),
            name: name.to_owned(),
            dimensions: BTreeMap::from([(dimension.to_owned(), value.to_owned())]),
        })
    }
}

/// A CloudWatch alarm.
#[derive(Debug, Clone)]
pub struct AlarmSpec {
    /// The alarm's name.
    pub name: String,
    /// What it watches.
    pub watched: Watched,
    /// Length of one period.
    pub period: Duration,
    /// Breaching periods in a row that raise the alarm.
    pub evaluation_periods: u32,
    /// A period breaches at this value or above (`GreaterThanOrEqualToThreshold`).
    pub threshold: f64,
    /// Whether periods without data count as good (`notBreaching`, F2); else they count as missing.
    pub missing_is_not_breaching: bool,
    /// Whether a change of its state does anything.
    pub actions_enabled: bool,
    /// Whom it tells that it rings, by ARN.
    pub actions: Vec<String>,
}

/// A Lambda function.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The function's name.
    pub name: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// After this an invocation is ended as failed.
    pub timeout: Duration,
    /// Memory in MB.
    pub memory_mb: u32,
    /// What runs it, for example `provided.al2023`.
    pub runtime: String,
    /// Its entry point, for example `bootstrap`.
    pub handler: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The log group that it writes to.
    pub log_group: String,
    /// Who else may invoke it.
    pub permissions: Vec<InvokePermission>,
}

impl FunctionSpec {
    /// A function with Lambda's own defaults, which runs a binary of its own.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            architecture: "x86_64".to_owned(),
            log_group: format!("/aws/lambda/{name}"),
            permissions: Vec::new(),
            name,
        }
    }
}

/// That a service may invoke a function: a statement of the function's own policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokePermission {
    /// The statement's id.
    pub id: String,
    /// Which service, for example `events.amazonaws.com`.
    pub principal: String,
    /// On whose behalf, for example a rule's ARN; for anybody when there is none.
    pub source_arn: Option<String>,
}

impl InvokePermission {
    /// Whether it lets EventBridge invoke the function for this rule.
    pub fn is_for_rule(&self, rule_arn: &str) -> bool {
        self.principal == "events.amazonaws.com"
            && self.source_arn.as_deref().is_none_or(|source| source == rule_arn)
    }
}
