//! Secrets: those of Secrets Manager, and parameters of SSM's Parameter Store.

use std::collections::BTreeMap;

use super::World;

/// So many characters Secrets Manager appends to a secret's name in its ARN, a hyphen included.
const SUFFIX: usize = 7;

/// The texts of secrets and parameters, by ARN.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    secrets: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl World {
    /// Makes a secret of Secrets Manager, by its whole ARN, or changes its text.
    pub fn set_secret(&mut self, arn: &str, text: &str) {
        self.secrets.secrets.insert(arn.to_owned(), text.to_owned());
    }

    /// Makes a parameter of Parameter Store, by its ARN, or changes its text. It is a
    /// `SecureString` under the key that AWS manages.
    pub fn set_parameter(&mut self, arn: &str, text: &str) {
        self.secrets.parameters.insert(arn.to_owned(), text.to_owned());
    }

    /// The ARN and the text of a secret, by its ARN or its name.
    pub(crate) fn secret(&self, id: &str) -> Option<(&str, &str)> {
        let found = |arn: &str| arn == id || secret_name(arn) == id;
        let mut secrets = self.secrets.secrets.iter();
        secrets.find(|(arn, _)| found(arn)).map(|(arn, text)| (arn.as_str(), text.as_str()))
    }

    /// The ARN and the text of a parameter, by its ARN or its name.
    pub(crate) fn parameter(&self, id: &str) -> Option<(&str, &str)> {
        let parameter = self.secrets.parameters.get_key_value(&self.arns.parameter(id));
        parameter.map(|(arn, text)| (arn.as_str(), text.as_str()))
    }
}

/// The name in a secret's ARN.
pub(crate) fn secret_name(arn: &str) -> &str {
    let name = arn.split_once(":secret:").map_or(arn, |(_, name)| name);
    name.split_at_checked(name.len().saturating_sub(SUFFIX))
        .filter(|(_, suffix)| suffix.starts_with('-'))
        .map_or(name, |(name, _)| name)
}
