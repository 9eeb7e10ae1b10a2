//! The tags of services and tasks.

use std::collections::BTreeMap;

use super::operator::OperatorError;
use super::{Service, World};

/// Tags: values by key.
type Tags = BTreeMap<String, String>;

impl World {
    /// The tags of the service or task with this ARN.
    pub(crate) fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        if let Some(service) = self.services.get_mut(arn) {
            return Some(&mut service.tags);
        }
        self.tasks.get_mut(self.task_ids.get(arn)?).map(|task| &mut task.tags)
    }

    /// ECS shows all services with the short form of ARN, which they may have from before 2019
    /// (<https://github.com/hashicorp/terraform-provider-aws/issues/35867>).
    pub fn shorten_service_arns(&mut self) {
        self.has_short_arns = true;
    }

    /// The ARN of a service, as ECS shows it.
    pub(crate) fn shown_arn(&self, service: &Service) -> String {
        if self.has_short_arns {
            service.arn.replacen(&format!("service/{}/", service.cluster), "service/", 1)
        } else {
            service.arn.clone()
        }
    }

    /// Sets a tag of a service, or removes it.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_service_tag(
        &mut self,
        cluster: &str,
        name: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), OperatorError> {
        let arn = self.arns.service(cluster, name);
        let tags = self.tags_mut(&arn);
        let missing = || OperatorError::NoSuchService(format!("{cluster}/{name}"));
        set(tags.ok_or_else(missing)?, key, value);
        Ok(())
    }

    /// Sets a tag of a task, or removes it.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn set_task_tag(
        &mut self,
        arn: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), OperatorError> {
        let id = self.task_id(arn)?;
        self.change_task(id, |task| set(&mut task.tags, key, value));
        Ok(())
    }
}

fn set(tags: &mut Tags, key: &str, value: Option<&str>) {
    match value {
        Some(value) => tags.insert(key.to_owned(), value.to_owned()),
        None => tags.remove(key),
    };
}
