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

impl World {
    /// Pushes an image: from now on the tag, such as `app:latest`, means this digest to whoever asks.
    pub fn push_image(&mut self, tag: &str, digest: &str) {
        self.images.insert(tag.to_owned(), digest.to_owned());
    }

    /// What an image means now. A deployment asks once, and all its tasks run that
    /// (<https://aws.amazon.com/blogs/containers/announcing-software-version-consistency-for-amazon-ecs-services>).
    pub(super) fn digest(&self, image: &str) -> String {
        match (image.split_once('@'), self.images.get(image)) {
            (Some((_, digest)), _) => digest.to_owned(),
            (None, Some(digest)) => digest.clone(),
            (None, None) => digest_of(image),
        }
    }
}

/// A digest that depends on nothing but a name.
fn digest_of(name: &str) -> String {
    let sum = name.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("sha256:{sum:064x}")
}

impl TaskDefinition {
    /// The image of the application's container.
    pub fn image(&self) -> String {
        let pinned = || format!("{}@{}", self.family, digest_of(&self.name()));
        self.image.clone().unwrap_or_else(pinned)
    }

    /// `FAMILY:REVISION`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }
}
