//! SQS queues and what waits in them.

use super::World;

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsQueue {
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// The bodies of the messages that wait in it, oldest first.
    pub messages: Vec<String>,
}

impl World {
    /// Makes an empty queue.
    pub fn add_queue(&mut self, name: &str) {
        let (url, arn) = (self.arns.queue_url(name), self.arns.queue(name));
        self.queues.insert(name.to_owned(), SqsQueue { url, arn, messages: Vec::new() });
    }

    /// Puts a message into a queue; `false` when there is none of that name.
    pub fn send_message(&mut self, queue: &str, body: &str) -> bool {
        match self.queues.get_mut(queue) {
            Some(queue) => {
                queue.messages.push(body.to_owned());
                true
            }
            None => false,
        }
    }

    /// A queue, by name or URL.
    pub fn sqs_queue(&self, name_or_url: &str) -> Option<&SqsQueue> {
        self.queues.get(super::arn::short_name(name_or_url))
    }
}
