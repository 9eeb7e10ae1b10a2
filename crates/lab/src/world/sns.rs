//! SNS topics and what was published to them.

use jiff::Timestamp;

use super::World;
use super::ids;

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Who gets its messages.
    pub subscriptions: Vec<Subscription>,
    /// The ARN of the KMS key that encrypts its messages, if any.
    pub key: Option<String>,
}

/// Somebody who gets a topic's messages, once the subscription is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// How, for example `email`.
    pub protocol: String,
    /// Where, for example an address.
    pub endpoint: String,
    /// Whether whoever is there has agreed.
    pub confirmed: bool,
}

/// A published message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The topic's ARN.
    pub topic: String,
    /// The subject, if it has one.
    pub subject: Option<String>,
    /// The body.
    pub message: String,
    /// When it was published.
    pub at: Timestamp,
}

impl World {
    /// Makes a topic and returns its ARN.
    pub fn add_topic(&mut self, name: &str, email: Option<&str>) -> String {
        let arn = self.arns.topic(name);
        let topic = Topic { arn: arn.clone(), subscriptions: Vec::new(), key: None };
        self.topics.insert(arn.clone(), topic);
        if let Some(email) = email {
            self.subscribe(&arn, "email", email);
        }
        arn
    }

    /// Subscribes somebody to a topic, by its ARN. In the lab everybody agrees at once.
    pub fn subscribe(&mut self, topic: &str, protocol: &str, endpoint: &str) {
        if let Some(topic) = self.topics.get_mut(topic) {
            let (protocol, endpoint) = (protocol.to_owned(), endpoint.to_owned());
            topic.subscriptions.push(Subscription { protocol, endpoint, confirmed: true });
        }
    }

    /// Whether the subscriptions of a topic are confirmed from now on, by the topic's ARN; `false`
    /// when there is none of that ARN.
    pub fn set_subscriptions_confirmed(&mut self, topic: &str, confirmed: bool) -> bool {
        let Some(topic) = self.topics.get_mut(topic) else { return false };
        topic.subscriptions.iter_mut().for_each(|it| it.confirmed = confirmed);
        true
    }

    /// Encrypts a topic with a KMS key: whoever publishes to it needs the key as well.
    pub fn encrypt_topic(&mut self, arn: &str, key: &str) {
        if let Some(topic) = self.topics.get_mut(arn) {
            topic.key = Some(key.to_owned());
        }
    }

    /// A topic, by ARN.
    pub fn topic(&self, arn: &str) -> Option<&Topic> {
        self.topics.get(arn)
    }

    /// Every message that was published, oldest first.
    pub fn published(&self) -> &[Message] {
        &self.published
    }

    /// Publishes a message and returns its id.
    pub(crate) fn publish(
        &mut self,
        topic: &str,
        subject: Option<String>,
        message: String,
    ) -> String {
        let id = ids::uuid(&mut self.rng);
        let published =
            Message { id: id.clone(), topic: topic.to_owned(), subject, message, at: self.now };
        self.published.push(published);
        id
    }
}
