//! The stages of an API: what was deployed to them, and their variables.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::World;
use super::operator::OperatorError;

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whether every change takes effect at once (F4); never in a REST API (F7).
    pub auto_deploy: bool,
    /// The deployment it shows; none when it was never deployed.
    pub deployment_id: Option<String>,
    /// The canary release that takes a share of its requests, which only REST APIs have. The lab leads
    /// all requests to the base.
    pub canary: Option<Canary>,
    /// Why automatic deployments fail, in AWS's words, as long as they do.
    pub fails: Option<String>,
    /// What became of the last automatic deployment: `lastDeploymentStatusMessage`.
    pub last_deployment_status: Option<String>,
    /// Its variables, which fill `${stageVariables.NAME}` in deployed URIs: a change needs no
    /// deployment.
    pub variables: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The integrations' URIs as deployed, by integration.
    pub(super) deployed: BTreeMap<String, String>,
}

/// A canary release of a stage (Developer Guide, canary-release).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Its share of the requests, in percent.
    pub percent: u32,
    /// The deployment that its share sees.
    pub deployment_id: String,
    /// `stageVariableOverrides`: variables that have another value for its share.
    pub variables: BTreeMap<String, String>,
}

/// A deployment: what a stage shows since then. A stage with `autoDeploy` gets one at each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageDeployment {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its maker says about it.
    pub description: Option<String>,
    /// Whether `autoDeploy` made it.
    pub auto_deployed: bool,
    /// Why it failed, in AWS's words, if it did: then no stage shows it.
    pub failed: Option<String>,
}

impl Stage {
    /// Shows these URIs from now on, unless deployments fail. What AWS says of an automatic deployment
    /// is as seen in public state files: "Successfully deployed stage with deployment ID 'abc123'",
    /// "Deployment attempt failed: Unable to deploy API because no valid routes exist in this API".
    pub(super) fn deploy(
        &mut self,
        id: String,
        now: Timestamp,
        description: Option<String>,
        uris: BTreeMap<String, String>,
    ) -> StageDeployment {
        if self.fails.is_none() {
            self.deployed = uris;
            self.deployment_id = Some(id.clone());
            self.updated_at = now;
        }
        if self.auto_deploy {
            self.last_deployment_status = Some(match &self.fails {
                Some(because) => format!("Deployment attempt failed: {because}"),
                None => format!("Successfully deployed stage with deployment ID '{id}'"),
            });
        }
        let (auto_deployed, failed) = (self.auto_deploy, self.fails.clone());
        StageDeployment { id, created_at: now, description, auto_deployed, failed }
    }
}

impl World {
    /// Starts a canary release on a stage of a REST API, or ends it: as long as it lasts,
    /// `CreateDeployment` is refused that is not for the canary
    /// (https://github.com/serverless/serverless/issues/11518).
    ///
    /// # Errors
    /// When there is no such API or stage.
    pub fn set_canary(
        &mut self,
        api: &str,
        stage: &str,
        canary: Option<Canary>,
    ) -> Result<(), OperatorError> {
        self.stage_mut(api, stage)?.canary = canary;
        Ok(())
    }

    /// Makes deployments to a stage fail for this reason from now on, or succeed again: those that
    /// `autoDeploy` makes, and those of `CreateDeployment`. The stage goes on showing what it shows.
    ///
    /// # Errors
    /// When there is no such API or stage.
    pub fn fail_deployments(
        &mut self,
        api: &str,
        stage: &str,
        because: Option<&str>,
    ) -> Result<(), OperatorError> {
        self.stage_mut(api, stage)?.fails = because.map(str::to_owned);
        Ok(())
    }

    fn stage_mut(&mut self, api: &str, stage: &str) -> Result<&mut Stage, OperatorError> {
        let missing = || OperatorError::NoSuchApi(api.to_owned());
        let api = self.apis.get_mut(api).ok_or_else(missing)?;
        api.stages.get_mut(stage).ok_or_else(|| OperatorError::NoSuchStage(stage.to_owned()))
    }

    /// Sets these variables of a stage, and removes those without a value: all of them or none.
    ///
    /// # Errors
    /// When there is no such API or stage, or API Gateway does not take a name or value.
    pub(crate) fn change_stage_variables(
        &mut self,
        api: &str,
        stage: &str,
        changes: &[(&str, Option<&str>)],
    ) -> Result<(), OperatorError> {
        let now = self.now;
        let api = self.apis.get_mut(api).ok_or_else(|| OperatorError::NoSuchApi(api.to_owned()))?;
        let stage = api
            .stages
            .get_mut(stage)
            .ok_or_else(|| OperatorError::NoSuchStage(stage.to_owned()))?;
        for (name, value) in changes {
            if !is_name(name) || !value.is_none_or(is_value) {
                let value = value.unwrap_or_default().to_owned();
                return Err(OperatorError::InvalidStageVariable {
                    name: (*name).to_owned(),
                    value,
                });
            }
        }
        let before = stage.clone();
        for (name, value) in changes {
            match value {
                Some(value) => stage.variables.insert((*name).to_owned(), (*value).to_owned()),
                None => stage.variables.remove(*name),
            };
        }
        if stage.variables != before.variables {
            api.past.note_stage(before);
        }
        stage.updated_at = now;
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}

/// `[A-Za-z0-9-._~:/?#&=,]+`.
fn is_value(value: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(it);
    !value.is_empty() && value.chars().all(allowed)
}
