//! The dead letters: what could not be delivered, and what a function failed at for good (F29).

use aws_sdk_sqs::types::QueueAttributeName;
use eden_policy::Observed;

use super::check::{Check, DEPLOY, Outcome, observed};
use crate::context::Context;
use crate::failure::Failed;

/// The queue of dead letters.
#[derive(Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// What is in it, if there is one of this name.
    pub found: Observed<Option<Found>>,
}

/// A queue that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its URL.
    pub url: String,
    /// About how many messages wait in it, if SQS told.
    pub messages: Option<u64>,
}

/// Reads how many messages wait in the queue.
pub async fn read(context: &Context) -> Queue {
    let name = context.names.of("dead-letters");
    let found = found(context, &name).await;
    // The second is what AWS called it before SQS spoke JSON, and still does beside that.
    let missing = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    Queue { found: observed(found, &missing), name }
}

async fn found(context: &Context, name: &str) -> Result<Found, Failed> {
    let client = aws_sdk_sqs::Client::new(&context.config);
    let answer = client.get_queue_url().queue_name(name).send().await;
    let answer =
        answer.map_err(|error| Failed::new("GetQueueUrl", "sqs:GetQueueUrl", name, &error))?;
    let url = answer.queue_url.unwrap_or_default();
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let request = client.get_queue_attributes().queue_url(&url).attribute_names(count.clone());
    let answer = request.send().await.map_err(|error| {
        Failed::new("GetQueueAttributes", "sqs:GetQueueAttributes", name, &error)
    })?;
    let messages = answer.attributes.and_then(|mut it| it.remove(&count)?.parse().ok());
    Ok(Found { url, messages })
}

/// Whether the queue is empty.
pub fn check(queue: &Queue) -> Check {
    let outcome = Outcome::of(&queue.found, |found| match found {
        None => Outcome::failed("there is no such queue", DEPLOY),
        Some(Found { messages: None, .. }) => {
            Outcome::unknown("SQS did not tell how many there are")
        }
        Some(Found { messages: Some(0), .. }) => Outcome::passed("none"),
        Some(Found { messages: Some(messages), url }) => Outcome::failed(
            format!("about {messages} in the queue"),
            format!(
                "read them: `aws sqs receive-message --queue-url {url} --max-number-of-messages \
                 10 --message-attribute-names All`; when their cause is mended, empty the queue: \
                 `aws sqs purge-queue --queue-url {url}`"
            ),
        ),
    });
    Check::new(format!("dead letters in {}", queue.name), outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_has_to_be_there_and_empty() {
        let of =
            |found| check(&Queue { name: "q".to_owned(), found: Observed::Known(found) }).outcome;
        let with = |messages| Some(Found { url: "https://q".to_owned(), messages });

        assert_eq!(of(with(Some(0))), Outcome::passed("none"));
        assert!(matches!(of(with(None)), Outcome::Unknown { .. }));
        for found in [with(Some(3)), None] {
            assert!(matches!(of(found.clone()), Outcome::Failed { .. }), "{found:?}");
        }
    }
}
