//! CloudFormation stacks, as far as they tell what they made.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::World;

/// A stack that was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedStack {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The values of its outputs.
    pub outputs: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl World {
    /// Notes that a stack was deployed; one of the same name is replaced.
    pub fn add_stack(&mut self, name: &str, outputs: BTreeMap<String, String>) {
        let stack = DeployedStack {
            name: name.to_owned(),
            arn: self.arns.stack(name),
            outputs,
            created_at: self.now,
        };
        self.stacks.insert(name.to_owned(), stack);
    }

    /// The stacks that were deployed, by name.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = &DeployedStack> {
        self.stacks.values()
    }
}
