//! Both functions: what was deployed under their names.

mod checks;

use std::collections::HashMap;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use eden_core::config::HealthMonitorConfig;
use eden_policy::Observed;

use super::check::observed;
use crate::context::Context;
use crate::failure::Failed;
pub use checks::checks;

/// Both functions.
#[derive(Debug)]
pub struct Functions {
    /// The one that follows addresses.
    pub ip_updater: Function,
    /// The one that heals.
    pub health_monitor: Function,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN, if one was deployed.
    pub arn: Option<String>,
    /// What was deployed under this name, if anything was.
    pub deployed: Observed<Option<Deployed>>,
    /// Its own policy, if it has one.
    pub policy: Observed<Option<String>>,
}

/// What was deployed.
#[derive(Debug, Clone, Default)]
pub struct Deployed {
    /// `Active` when it can be invoked.
    pub state: String,
    /// What became of its last change: `Successful`, or something else.
    pub last_update: String,
    /// What it runs on.
    pub runtime: String,
    /// How long an invocation may take.
    pub timeout: i32,
    /// Its settings.
    pub variables: HashMap<String, String>,
}

impl Functions {
    /// health-monitor's settings, or why nobody knows them: everything else is checked by them.
    pub fn health_monitor_settings(&self) -> Result<HealthMonitorConfig, String> {
        let Function { name, deployed, .. } = &self.health_monitor;
        match deployed {
            Observed::Known(Some(deployed)) => {
                HealthMonitorConfig::read(|it| deployed.variable(it))
                    .map_err(|error| format!("the settings of {name} are refused: {error}"))
            }
            Observed::Known(None) => {
                Err(format!("there is no function {name} to tell the settings"))
            }
            Observed::Unknown(why) => Err(format!("the settings of {name} are not known: {why}")),
        }
    }
}

impl Deployed {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

/// Reads both functions.
pub async fn read(context: &Context) -> Functions {
    let names = &context.names;
    let (ip_updater, health_monitor) = tokio::join!(
        read_one(context, &names.ip_updater),
        read_one(context, &names.health_monitor)
    );
    Functions { ip_updater, health_monitor }
}

async fn read_one(context: &Context, name: &str) -> Function {
    let client = context.lambda();
    let (configuration, policy) = tokio::join!(
        client.get_function_configuration().function_name(name).send(),
        client.get_policy().function_name(name).send(),
    );
    let configuration = configuration.map_err(|error| {
        let operation = "GetFunctionConfiguration";
        Failed::new(operation, "lambda:GetFunctionConfiguration", name, &error)
    });
    let policy = policy.map_err(|error| Failed::new("GetPolicy", "lambda:GetPolicy", name, &error));
    let policy = policy.map(|answer| answer.policy.unwrap_or_default());
    let missing = ["ResourceNotFoundException"];
    let arn = configuration.as_ref().ok().and_then(|it| it.function_arn.clone());
    Function {
        name: name.to_owned(),
        arn,
        deployed: observed(configuration.map(deployed), &missing),
        policy: observed(policy, &missing),
    }
}

/// Functions from before AWS told states have none, and can be invoked.
fn deployed(answer: GetFunctionConfigurationOutput) -> Deployed {
    let state = answer.state.as_ref().map_or("Active", |it| it.as_str()).to_owned();
    let last_update = answer.last_update_status.as_ref();
    Deployed {
        state,
        last_update: last_update.map_or("Successful", |it| it.as_str()).to_owned(),
        runtime: answer.runtime.as_ref().map_or("none", |it| it.as_str()).to_owned(),
        timeout: answer.timeout.unwrap_or_default(),
        variables: answer.environment.and_then(|it| it.variables).unwrap_or_default(),
    }
}
