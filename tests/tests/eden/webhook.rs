//! The Slack-compatible webhook: where its URL comes from, what it is told, and that its failure is
//! reported and keeps nobody from being healed or told.

use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{Fault, FaultKind, WebhookAnswer};
use eden_tests::rig::{Rig, example, is_steady, minutes};
use serde_json::{Value, json};

const URL: &str = "https://hooks.slack.com/services/T0/B0/x9y8z7";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-a1B2c3";
const PARAMETER: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/slack/eden";

fn with(webhook: &str) -> Example {
    let name = match webhook {
        SECRET => "SlackWebhookSecretArn",
        _ => "SlackWebhookParameterArn",
    };
    example().parameter(name, &webhook)
}

/// A service that somebody scaled to zero, nobody else having looked since.
async fn scaled_to_zero(example: &Example) -> Rig {
    let rig = Rig::steady(example).await;
    let mut world = rig.lab.world();
    world.add_webhook(URL).unwrap();
    world.set_secret(SECRET, URL);
    world.set_parameter(PARAMETER, URL);
    world.set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    drop(world);
    rig
}

#[tokio::test(start_paused = true)]
async fn what_is_mailed_is_posted_as_well_wherever_the_url_comes_from() {
    for webhook in [SECRET, PARAMETER] {
        // Given
        let rig = scaled_to_zero(&with(webhook)).await;
        // When
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        // Then
        let world = rig.lab.world();
        let [mail] = world.published() else { panic!("one mail: {:?}", world.published()) };
        let [post] = world.webhook_posts() else { panic!("one: {:?}", world.webhook_posts()) };
        let body: Value = serde_json::from_str(&post.body).unwrap();
        let subject = mail.subject.as_deref().unwrap();
        // What Slack would make a link of is kept apart by a space that nobody sees.
        let text = mail.message.replace("://", ":\u{200b}//");
        assert_eq!(body, json!({ "text": format!("*{subject}*\n{text}") }), "{webhook}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_fails_keeps_nobody_from_being_healed_or_told_and_is_reported() {
    for (answer, because) in [
        (WebhookAnswer::Status(500), "answered 500"),
        (WebhookAnswer::Status(404), "answered 404"),
        (WebhookAnswer::Never, "did not answer"),
    ] {
        for webhook in [SECRET, PARAMETER] {
            // Given
            let rig = scaled_to_zero(&with(webhook)).await;
            rig.lab.world().set_webhook_answer(URL, answer).unwrap();
            // When
            let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
            // Then
            assert!(error.message.contains(because), "{error}");
            assert!(error.message.contains("SLACK_WEBHOOK_URL"), "{error}");
            assert!(!error.message.contains("x9y8z7"), "the URL is a secret: {error}");
            let told = rig.lab.world().published()[0].subject.clone();
            assert_eq!(told.as_deref(), Some("Eden Service Auto-Healing Triggered"));
            assert!(rig.lab.until(minutes(5), is_steady).await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_that_cannot_be_read_is_told_by_mail_and_names_the_secret() {
    for (webhook, operation) in [(SECRET, "GetSecretValue"), (PARAMETER, "GetParameter")] {
        let rig = scaled_to_zero(&with(webhook)).await;
        rig.lab.world().inject(Fault { operation, kind: FaultKind::AccessDenied, times: None });
        let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        assert!(error.message.contains(operation), "{error}");
        assert!(error.message.contains(webhook), "{error}");
        assert_eq!(rig.lab.world().webhook_posts(), []);
        assert!(rig.lab.until(minutes(5), is_steady).await);
    }
}

/// A review found: only the plain parameter was checked for https, and a secret could name the Runtime API
/// of Lambda.
#[tokio::test(start_paused = true)]
async fn a_secret_that_holds_no_https_url_is_not_asked_and_not_shown() {
    for (webhook, url) in [
        (SECRET, "http://hooks.slack.com/services/T0/B0/x9y8z7"),
        (SECRET, "http://127.0.0.1:9001/2018-06-01/runtime/x9y8z7"),
        (PARAMETER, "x9y8z7"),
        (PARAMETER, "https:///x9y8z7"),
    ] {
        // Given
        let rig = scaled_to_zero(&with(webhook)).await;
        rig.lab.world().set_secret(SECRET, url);
        rig.lab.world().set_parameter(PARAMETER, url);
        // When
        let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        // Then
        assert!(error.message.contains("SLACK_WEBHOOK_URL is no https:// URL"), "{error}");
        assert!(!error.message.contains("x9y8z7"), "what it holds is a secret: {error}");
        assert_eq!(rig.lab.world().webhook_posts(), []);
        assert_eq!(rig.lab.world().published().len(), 1, "the mail goes out all the same");
    }
}
