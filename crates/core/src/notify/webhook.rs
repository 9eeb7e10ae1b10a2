//! A webhook that takes Slack's messages.

use std::time::Duration;

use serde_json::json;

use super::secret;
use crate::config::Webhook;
use crate::edge::Edge;

/// For how long to wait for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Posts a message.
///
/// # Errors
/// Why it was not taken. The URL is a secret, so that it is in no error.
pub(super) async fn post(
    edge: &Edge,
    webhook: &Webhook,
    subject: &str,
    text: &str,
) -> Result<(), String> {
    let url = match webhook {
        Webhook::Url(url) => url.clone(),
        Webhook::Secret(arn) => secret::of_secrets_manager(&edge.aws, arn).await?,
        Webhook::Parameter(arn) => secret::of_parameter_store(&edge.aws, arn).await?,
    };
    let message = json!({ "text": format!("*{subject}*\n{text}") }).to_string();
    match edge.web.post(url.trim(), message, PATIENCE).await {
        Ok(200..300) => Ok(()),
        Ok(status) => Err(format!("the webhook of SLACK_WEBHOOK_URL answered {status}")),
        Err(because) => {
            let because = because.replace(url.trim(), "its URL");
            Err(format!("the webhook of SLACK_WEBHOOK_URL did not answer: {because}"))
        }
    }
}
