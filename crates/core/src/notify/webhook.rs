//! A webhook that takes Slack's messages.

use std::time::Duration;

use serde_json::json;

use super::quoted::for_slack;
use super::secret;
use crate::config::{Webhook, is_webhook};
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
    // The deployer's own URL was checked with the settings. What a secret holds may be anything by
    // now, also an address that only this machine can reach.
    if !is_webhook(url.trim()) {
        return Err("the webhook of SLACK_WEBHOOK_URL is no https:// URL".to_owned());
    }
    let text = format!("*{subject}*\n{}", for_slack(text));
    let message = json!({ "text": text }).to_string();
    match edge.web.post(url.trim(), message, PATIENCE).await {
        Ok(200..300) => Ok(()),
        Ok(status) => Err(format!("the webhook of SLACK_WEBHOOK_URL answered {status}")),
        Err(because) => {
            let because = because.replace(url.trim(), "its URL");
            Err(format!("the webhook of SLACK_WEBHOOK_URL did not answer: {because}"))
        }
    }
}
