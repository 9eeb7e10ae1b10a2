//! A check and what came of it.

use std::fmt::Display;

use eden_policy::Observed;
use serde::Serialize;

/// A check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, with its name.
    pub check: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is as it should be.
    Passed {
        /// What was found.
        detail: String,
    },
    /// It is not.
    Failed {
        /// What was found.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// Nobody knows.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// How the stack's parameters are set so that they stay: what `sam deploy` gets on its command line
/// instead is undone by the next one.
pub fn set_parameters(parameters: &str) -> String {
    format!("set {parameters} in `parameter_overrides` of samconfig.toml, then `sam deploy`")
}

impl Outcome {
    /// It is as it should be.
    pub fn passed(detail: impl Into<String>) -> Self {
        Outcome::Passed { detail: detail.into() }
    }

    /// It is not.
    pub fn failed(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Outcome::Failed { found: found.into(), remedy: remedy.into() }
    }

    /// Nobody knows.
    pub fn unknown(why: impl Display) -> Self {
        Outcome::Unknown { why: why.to_string() }
    }

    /// What follows from a fact, if it is known.
    pub fn of<T>(fact: &Observed<T>, judge: impl FnOnce(&T) -> Outcome) -> Self {
        match fact {
            Observed::Known(fact) => judge(fact),
            Observed::Unknown(why) => Outcome::unknown(why),
        }
    }
}

impl Check {
    /// A check with this outcome.
    pub fn new(check: impl Into<String>, outcome: Outcome) -> Self {
        Check { check: check.into(), outcome }
    }
}

/// A fact of a thing that AWS may not have at all: it answers `missing` then, in one of these codes.
pub fn observed<T>(
    answer: Result<T, crate::failure::Failed>,
    missing: &[&str],
) -> Observed<Option<T>> {
    match answer {
        Ok(found) => Observed::Known(Some(found)),
        Err(failed) if failed.code().is_some_and(|code| missing.contains(&code)) => {
            Observed::Known(None)
        }
        Err(failed) => Observed::Unknown(failed.to_string()),
    }
}

/// What makes the stack as it should be.
pub const DEPLOY: &str = "deploy the template again with `sam build && sam deploy`";
