//! Settings that are secrets, read where they are kept when they are needed.

use crate::aws::Aws;
use crate::call_error::CallError;

/// The text of a secret in Secrets Manager.
pub(super) async fn of_secrets_manager(aws: &Aws, arn: &str) -> Result<String, String> {
    const OPERATION: &str = "GetSecretValue";
    let answer = aws.secretsmanager.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| CallError::new(OPERATION, arn, &error).to_string())?;
    let text = answer.secret_string;
    text.ok_or_else(|| CallError::answered(OPERATION, arn, "it holds no text").to_string())
}

/// The value of a parameter in SSM's Parameter Store.
pub(super) async fn of_parameter_store(aws: &Aws, arn: &str) -> Result<String, String> {
    const OPERATION: &str = "GetParameter";
    let answer = aws.ssm.get_parameter().name(arn).with_decryption(true).send().await;
    let answer = answer.map_err(|error| CallError::new(OPERATION, arn, &error).to_string())?;
    let value = answer.parameter.and_then(|parameter| parameter.value);
    value.ok_or_else(|| CallError::answered(OPERATION, arn, "it has no value").to_string())
}
