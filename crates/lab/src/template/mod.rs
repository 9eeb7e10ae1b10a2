//! Reads a SAM template as CloudFormation would and says what the stack consists of.

mod alarms;
mod assertions;
mod conditions;
mod functions;
mod intrinsics;
mod naming;
mod parameters;
mod permissions;
mod properties;
mod resources;
mod rules;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::pattern::PatternError;
use crate::spec::{AlarmSpec, FunctionSpec, RuleSpec};
use intrinsics::Scope;
pub(crate) use intrinsics::as_text;
pub use resources::Resource;

/// Where and with which parameters a template is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// Values of the template's parameters; those left out take their defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Deployment {
    /// `AWS::Partition`, by the region's name. The world of the lab is always in `aws`.
    pub(crate) fn partition(&self) -> &'static str {
        match self.region.split_once('-') {
            Some(("cn", _)) => "aws-cn",
            Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
            Some(_) | None => "aws",
        }
    }

    /// `AWS::URLSuffix`.
    pub(crate) fn url_suffix(&self) -> &'static str {
        match self.partition() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }
    }
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            stack_name: "eden-autoresiliency".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            parameters: BTreeMap::new(),
        }
    }
}

/// Why a template could not be deployed.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML")]
    Yaml(#[source] serde_yaml_ng::Error),
    /// A rule's pattern is refused.
    #[error("template: {at}")]
    Pattern {
        /// Where in the template.
        at: String,
        /// Why.
        #[source]
        source: PatternError,
    },
    /// Anything else, with its place.
    #[error("template: {at}: {problem}")]
    At {
        /// Where in the template, for example `Resources.NotificationTopic.Properties.TopicName`.
        at: String,
        /// What is wrong there and what is accepted.
        problem: String,
    },
}

impl TemplateError {
    fn at(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::At { at: at.into(), problem: problem.into() }
    }
}

/// A deployed template: every intrinsic function is resolved, and resources whose condition is
/// false are left out.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The Lambda functions.
    pub functions: Vec<FunctionSpec>,
    /// The enabled rules: rules of their own and events of functions.
    pub rules: Vec<RuleSpec>,
    /// The alarms on metrics that the lab publishes; the others it could only keep silent.
    pub alarms: Vec<AlarmSpec>,
    /// The SNS topics' ARNs.
    pub topics: Vec<String>,
    /// The log groups' names.
    pub log_groups: Vec<String>,
    /// The outputs' values by name.
    pub outputs: BTreeMap<String, Value>,
    resources: Resources,
}

/// Resources by logical id.
type Resources = BTreeMap<String, Resource>;

impl Stack {
    /// Deploys a template's text.
    ///
    /// # Errors
    /// When CloudFormation would refuse it, or when it asks for something the lab cannot do.
    pub fn deploy(template: &str, deployment: &Deployment) -> Result<Self, TemplateError> {
        let template = yaml::parse(template)?;
        let parameters = parameters::values(&template, &deployment.parameters)?;
        let scope = Scope::new(&template, deployment, parameters);
        assertions::check(&scope)?;
        let resources = resources::resolve_all(&scope)?;
        let of_type = |wanted: &'static str| resources.values().filter(move |it| it.is(wanted));
        Ok(Self {
            name: deployment.stack_name.clone(),
            functions: functions::all(&resources)?,
            rules: rules::all(&resources, deployment)?,
            alarms: alarms::all(&resources)?,
            topics: of_type("AWS::SNS::Topic").map(|it| it.reference.clone()).collect(),
            log_groups: of_type("AWS::Logs::LogGroup").map(|it| it.reference.clone()).collect(),
            outputs: resources::outputs(&scope)?,
            resources,
        })
    }

    /// The resource with this logical id.
    pub fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.get(logical_id)
    }

    /// The resources of one type, for example `AWS::CloudWatch::Alarm`, by logical id.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Resource)> {
        let all = self.resources.iter().map(|(id, resource)| (id.as_str(), resource));
        all.filter(move |(_, resource)| resource.is(kind))
    }

    /// The policy documents that say what the function of this name may do: its own `Policies`, or
    /// those of its role.
    ///
    /// # Errors
    /// When the stack has no such function or one of its policies is not in the stack.
    pub fn policies(&self, function_name: &str) -> Result<Vec<&Value>, TemplateError> {
        permissions::policies(&self.resources, function_name)
    }
}
