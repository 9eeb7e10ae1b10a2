//! Mails through SNS. Subjects are ASCII without line breaks, since SNS may refuse anything else
//! (F26).

use crate::aws::Aws;
use crate::call_error::CallError;

pub(super) async fn publish(
    aws: &Aws,
    topic: &str,
    subject: &str,
    text: &str,
) -> Result<(), CallError> {
    aws.sns
        .publish()
        .topic_arn(topic)
        .subject(subject)
        .message(text)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| CallError::new("Publish", topic, &error))
}
