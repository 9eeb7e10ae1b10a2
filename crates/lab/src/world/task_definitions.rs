//! Task definitions: registered, deployed, and deregistered again.

use super::World;
use super::operator::OperatorError;
use super::task::TaskDefinition;

impl World {
    /// Makes a task definition known, so that services can be updated to it. One that was
    /// deregistered stays so.
    pub fn register_task_definition(&mut self, definition: TaskDefinition) {
        self.task_definitions.insert(definition.name(), definition);
    }

    /// Marks a task definition, `FAMILY:REVISION`, as INACTIVE: services that run it go on, but none
    /// can be updated to it any more. AWS takes up to ten minutes for that (API reference of
    /// `DeregisterTaskDefinition`), the lab none.
    pub fn deregister_task_definition(&mut self, name: &str) {
        self.inactive_definitions.insert(name.to_owned());
    }

    /// Deploys a new task definition and deregisters the one before, as Terraform and CloudFormation
    /// do (<https://github.com/hashicorp/terraform-provider-aws/issues/258>,
    /// <https://github.com/aws/aws-cdk/issues/24372>).
    ///
    /// # Errors
    /// When there is no such service.
    pub fn replace_task_definition(
        &mut self,
        cluster: &str,
        name: &str,
        definition: TaskDefinition,
    ) -> Result<(), OperatorError> {
        let former = self.service(cluster, name).map(|it| it.primary.task_definition.name());
        self.new_deployment(cluster, name, Some(definition))?;
        if let Some(former) = former {
            self.deregister_task_definition(&former);
        }
        Ok(())
    }

    /// The task definition `FAMILY:REVISION`.
    pub(crate) fn task_definition(&self, name: &str) -> Option<&TaskDefinition> {
        self.task_definitions.get(name)
    }

    /// Whether services can be updated to it.
    pub(crate) fn is_active(&self, definition: &TaskDefinition) -> bool {
        !self.inactive_definitions.contains(&definition.name())
    }
}

impl TaskDefinition {
    /// `FAMILY:REVISION`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }
}
