//! The example account in real time: AWS over HTTP, tasks and gateway on the network, and the
//! functions as the real binaries, wired by the real template.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::clock::Clock;
use crate::example::{API, Example, HEALTH_MONITOR, IP_UPDATER};
use crate::http::{self, HttpFace};
use crate::lab::{Lab, OWNER};
use crate::lambda::{Lambda, ProcessFunction, RetryDelays};
use crate::network::{Gateway, MaintenancePage, Network};
use crate::roles::RoleError;
use crate::template::{Stack, TemplateError};

/// Why there is nothing to see.
#[derive(Debug, Error)]
pub enum StageError {
    /// A port could not be bound.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[from] io::Error),
    /// The template was refused.
    #[error("cannot deploy template.yaml")]
    Template(#[from] TemplateError),
    /// A function's policies were refused.
    #[error("cannot give the functions their roles")]
    Role(#[from] RoleError),
    /// The template lacks a function, or there is no binary for it.
    #[error("the function {0} is not in the template, or was not built")]
    Function(&'static str),
}

/// AWS over HTTP with the tasks' network, the API's endpoint and its owner's maintenance page, but
/// no functions; everything stops when it is dropped.
#[derive(Debug)]
pub struct Account {
    /// The world.
    pub lab: Lab,
    /// The API's endpoint.
    pub gateway: Gateway,
    /// AWS's endpoint.
    pub face: HttpFace,
    /// A page that the API may show while no task can serve.
    pub maintenance_page: MaintenancePage,
    _network: Network,
}

impl Account {
    /// Opens the account, with AWS on this port of 127.0.0.1 (0 for any) and the API on any.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn open(example: &Example, port: u16) -> io::Result<Self> {
        let clock = Clock::starting_at(example.world.start);
        let lab = Lab::start(example.world(), clock);
        let face = http::serve(&lab, SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let gateway = Gateway::start(&lab, API, 0).await?;
        let maintenance_page = MaintenancePage::start().await?;
        let network = Network::start(&lab);
        Ok(Account { lab, gateway, face, maintenance_page, _network: network })
    }

    /// The environment that points an SDK or the AWS CLI at this account, as its owner.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let region = self.lab.world().region().to_owned();
        [
            ("AWS_ENDPOINT_URL", self.face.url()),
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ACCESS_KEY_ID", OWNER.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "lab".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// An account in which Eden is installed.
pub struct Stage {
    /// The account.
    pub account: Account,
    /// The Lambda service with both functions.
    pub lambda: Lambda,
    /// The functions' processes, by function name.
    pub functions: BTreeMap<&'static str, ProcessFunction>,
    example: Example,
    binaries: BTreeMap<String, PathBuf>,
}

impl Stage {
    /// Opens the account and deploys the template into it, with the functions of these binaries
    /// (`ip-updater` and `health-monitor`, by name).
    ///
    /// # Errors
    /// When a port cannot be bound, the template is refused, or a binary is missing.
    pub async fn set(
        example: &Example,
        binaries: &BTreeMap<String, PathBuf>,
    ) -> Result<Self, StageError> {
        let account = Account::open(example, 0).await?;
        let lambda = Lambda::new(RetryDelays::aws().scaled(example.world.timing.scale));
        let (example, binaries) = (example.clone(), binaries.clone());
        let stack = example.stack(&account.gateway.url())?;
        let mut stage = Stage { account, lambda, functions: BTreeMap::new(), example, binaries };
        stage.install_functions(&stack)?;
        stage.lab().world().install(&stack);
        stage.account.lab.connect(stage.lambda.clone());
        Ok(stage)
    }

    /// Deploys the template again with other parameters of the functions; those not named keep their
    /// values. The functions start anew; what they are doing they finish with the old parameters.
    /// Rules, alarm and topics stay as they are.
    ///
    /// # Errors
    /// When the template is refused.
    pub fn update(&mut self, parameters: &[(&str, &dyn ToString)]) -> Result<(), StageError> {
        let mut example = self.example.clone();
        for (name, value) in parameters {
            example = example.parameter(name, *value);
        }
        let stack = example.stack(&self.account.gateway.url())?;
        self.install_functions(&stack)?;
        self.example = example;
        Ok(())
    }

    fn install_functions(&mut self, stack: &Stack) -> Result<(), StageError> {
        self.lab().world().install_roles(stack)?;
        for (name, binary) in [(IP_UPDATER, "ip-updater"), (HEALTH_MONITOR, "health-monitor")] {
            let (Some(spec), Some(path)) = (stack.function(name), self.binaries.get(binary)) else {
                return Err(StageError::Function(name));
            };
            let mut environment = self.account.environment();
            environment.insert("AWS_ACCESS_KEY_ID".to_owned(), name.to_owned());
            let function = ProcessFunction::new(path.clone(), spec.clone(), environment);
            self.lab().world().add_function(spec.clone());
            self.lambda.register(name, spec.timeout, function.handler());
            self.functions.insert(name, function);
        }
        Ok(())
    }

    /// The lab that the stage stands on.
    pub fn lab(&self) -> &Lab {
        &self.account.lab
    }

    /// Waits until something is true, looking every few milliseconds; `false` if it is not within
    /// that time.
    pub async fn until(&self, within: Duration, mut what: impl FnMut(&Self) -> bool) -> bool {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            if what(self) {
                return true;
            }
            if tokio::time::Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::WorldConfig;

    /// Healing mode and log level, as ip-updater sees them.
    async fn settings(stage: &Stage) -> [Value; 2] {
        let told = stage.lambda.invoke(IP_UPDATER, json!({"do": "environment"})).await.unwrap();
        ["healing_mode", "log_level"].map(|name| told[name].clone())
    }

    #[tokio::test]
    async fn an_update_changes_the_parameters_it_names_and_one_that_is_refused_changes_nothing() {
        // Given
        let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/runtime.sh");
        let binaries = ["ip-updater", "health-monitor"].map(|it| (it.to_owned(), shell.clone()));
        let world = WorldConfig::new(1, Timestamp::UNIX_EPOCH);
        let example = Example::new(world).parameter("LogLevel", &"debug");
        let mut stage = Stage::set(&example, &binaries.into()).await.unwrap();
        assert_eq!(settings(&stage).await, ["on", "debug"]);
        // When, then
        stage.update(&[("HealingMode", &"observe")]).unwrap();
        assert_eq!(settings(&stage).await, ["observe", "debug"]);
        // When, then
        let refused = stage.update(&[("HealingMode", &"off"), ("LogLevel", &"loud")]);
        assert!(matches!(refused, Err(StageError::Template(_))), "{refused:?}");
        stage.update(&[]).unwrap();
        assert_eq!(settings(&stage).await, ["observe", "debug"]);
    }
}
