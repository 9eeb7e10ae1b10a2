//! Lambda functions as the control plane shows them; the [Lambda service](crate::lambda) runs them.

use jiff::Timestamp;

use super::World;
use crate::spec::FunctionSpec;

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// What it was asked to be.
    pub spec: FunctionSpec,
    /// Its ARN.
    pub arn: String,
    /// Whether it can be invoked.
    pub state: FunctionState,
    /// When it was made or changed.
    pub modified_at: Timestamp,
}

/// The state of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionState {
    /// It is being made.
    Pending,
    /// It can be invoked.
    Active,
    /// It was idle for so long that it has to be made anew.
    Inactive,
    /// It could not be made.
    Failed,
}

impl FunctionState {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Failed => "Failed",
        }
    }
}

impl World {
    /// Makes a function, which is active at once; one of the same name is replaced.
    pub fn add_function(&mut self, spec: FunctionSpec) {
        let function = Function {
            arn: self.arns.function(&spec.name),
            state: FunctionState::Active,
            modified_at: self.now,
            spec,
        };
        self.functions.insert(function.spec.name.clone(), function);
    }

    /// A function, by name or ARN.
    pub fn function(&self, name_or_arn: &str) -> Option<&Function> {
        self.functions.get(name_or_arn.rsplit(':').next().unwrap_or(name_or_arn))
    }

    /// Changes what AWS says of a function, not what the Lambda service runs; `false` when there is
    /// none of that name.
    pub fn change_function(&mut self, name: &str, change: impl FnOnce(&mut Function)) -> bool {
        match self.functions.get_mut(name) {
            Some(function) => {
                change(function);
                true
            }
            None => false,
        }
    }

    /// Deletes a function; `false` when there is none of that name.
    pub fn remove_function(&mut self, name: &str) -> bool {
        self.functions.remove(name).is_some()
    }

    /// Whether a rule may invoke a function. Of a function that was never made in this world nobody
    /// knows who may.
    pub(super) fn may_invoke(&self, rule: &str, function: &str) -> bool {
        let rule = self.arns.rule(rule);
        let permits = |it: &Function| it.spec.permissions.iter().any(|it| it.is_for_rule(&rule));
        self.functions.get(function).is_none_or(permits)
    }
}
