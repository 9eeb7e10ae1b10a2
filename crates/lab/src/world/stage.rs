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
    /// The deployment it shows.
    pub deployment_id: String,
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
}

impl World {
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
