//! What woke a function: events parsed into hints, whatever their shape.
//!
//! A trigger only says "look now". Unknown fields and values are accepted (F15); an event of a
//! known type that lacks what identifies it is malformed, an unknown type is [`Trigger::Other`].

use aws_lambda_events::cloudwatch_alarms::CloudWatchAlarm;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Target;
use crate::hints::Hints;

/// The detail by which an attachment of a task is its network interface, in events and in DescribeTasks
/// alike. What the attachment's type is called differs (F10), and says nothing more.
pub const NETWORK_INTERFACE_ID: &str = "networkInterfaceId";

/// A parsed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// ECS Task State Change (F8-F12).
    Task(TaskStateChange),
    /// CloudWatch Alarm State Change, through EventBridge or straight from the alarm (F14).
    Alarm {
        /// The alarm's name.
        name: String,
    },
    /// EventBridge's schedule.
    Schedule,
    /// An invocation by hand: `{}` or `{"source":"manual-test"}`.
    Manual,
    /// Anything else, in words.
    Other(String),
}

/// The part of an ECS Task State Change that tells whose it is. Its statuses are only of interest
/// to people: state is read again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskStateChange {
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// `service:NAME` for a service's task (F12); absent for a task of its own.
    #[serde(default)]
    pub group: String,
    /// The task's ARN.
    pub task_arn: String,
    /// Where the task was when the event was made.
    #[serde(default)]
    pub last_status: String,
    /// Whether it was meant to run then (F9).
    #[serde(default)]
    pub desired_status: String,
    /// What is attached to the task: its network interface may be there (F10).
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// The ARN of the container instance it is on; absent on Fargate.
    #[serde(default)]
    pub container_instance_arn: Option<String>,
    /// When it happened: the detail's `updatedAt`, or the time of the event around it.
    #[serde(skip)]
    pub happened_at: Option<Timestamp>,
}

/// Something attached to a task, as far as its details are of interest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attachment {
    /// Names and values, for example `networkInterfaceId`.
    #[serde(default)]
    pub details: Vec<Detail>,
}

/// A detail of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Detail {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}

/// An event whose type is known and whose content is not what AWS sends.
#[derive(Debug, thiserror::Error)]
#[error("malformed {event}: {because}")]
pub struct MalformedEvent {
    /// The event's type.
    pub event: String,
    /// What is wrong with it.
    pub because: String,
}

impl Trigger {
    /// Parses an event.
    ///
    /// # Errors
    /// When an event of a known type lacks what identifies it; never for an unknown type.
    pub fn parse(event: &Value) -> Result<Trigger, MalformedEvent> {
        // `aws lambda invoke` without a payload sends nothing at all.
        let nothing = serde_json::Map::new();
        let fields = match event {
            Value::Object(fields) => fields,
            Value::Null => &nothing,
            other => return Ok(Trigger::Other(format!("a JSON {}", kind(other)))),
        };
        if fields.is_empty() || fields.get("source").is_some_and(|source| source == "manual-test") {
            return Ok(Trigger::Manual);
        }
        if fields.contains_key("alarmData") {
            return direct_alarm(event);
        }
        if fields.contains_key("detail-type") {
            return from_event_bridge(event);
        }
        let keys: Vec<_> = fields.keys().map(String::as_str).take(5).collect();
        Ok(Trigger::Other(format!("an object of the fields {}", keys.join(", "))))
    }

    /// The trigger in a few words, for reports.
    pub fn describe(&self) -> String {
        match self {
            Trigger::Task(task) => format!(
                "ECS Task State Change: {} is {}, desired {}",
                task.task_arn, task.last_status, task.desired_status
            ),
            Trigger::Alarm { name } => format!("CloudWatch Alarm State Change: {name}"),
            Trigger::Schedule => "Scheduled Event".to_owned(),
            Trigger::Manual => "manual invocation".to_owned(),
            Trigger::Other(what) => what.clone(),
        }
    }
}

impl TaskStateChange {
    /// What can be read at once because the event names it.
    pub fn hints(&self) -> Hints {
        let details = self.attachments.iter().flat_map(|attachment| &attachment.details);
        let interfaces = details.filter(|detail| detail.name == NETWORK_INTERFACE_ID);
        let interfaces: Vec<_> = interfaces.map(|detail| detail.value.clone()).collect();
        // A task with an interface of its own is not reached by its host's address (F25).
        let host = self.container_instance_arn.clone().filter(|_| interfaces.is_empty());
        Hints {
            tasks: vec![self.task_arn.clone()],
            interfaces,
            container_instances: host.into_iter().collect(),
        }
    }

    /// Why the task is not one of the target's, if it is not: both cluster and service must match,
    /// since `group` names no cluster (F12).
    pub fn is_foreign_to(&self, target: &Target) -> Option<String> {
        let name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let same_cluster = if target.cluster.starts_with("arn:") {
            self.cluster_arn == target.cluster
        } else {
            name(&self.cluster_arn) == target.cluster
        };
        if !same_cluster {
            let theirs = name(&self.cluster_arn);
            return Some(format!("the task is of cluster {theirs}, not {}", target.cluster));
        }
        if self.group != format!("service:{}", target.service) {
            let theirs = if self.group.is_empty() { "no group" } else { &self.group };
            return Some(format!("the task is of {theirs}, not service:{}", target.service));
        }
        None
    }
}

fn from_event_bridge(event: &Value) -> Result<Trigger, MalformedEvent> {
    let parsed = EventBridgeEvent::<Value>::deserialize(event)
        .map_err(|error| malformed("EventBridge event", &error))?;
    // The event's own time has whole seconds only.
    let updated_at = parsed.detail.get("updatedAt").and_then(Value::as_str);
    let happened_at = updated_at.and_then(|time| time.parse().ok()).or_else(|| {
        parsed.time.and_then(|time| Timestamp::from_millisecond(time.timestamp_millis()).ok())
    });
    match (parsed.source.as_str(), parsed.detail_type.as_str()) {
        ("aws.ecs", "ECS Task State Change") => TaskStateChange::deserialize(&parsed.detail)
            .map(|task| Trigger::Task(TaskStateChange { happened_at, ..task }))
            .map_err(|error| malformed("ECS Task State Change", &error)),
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => parsed
            .detail
            .get("alarmName")
            .and_then(Value::as_str)
            .map(|name| Trigger::Alarm { name: name.to_owned() })
            .ok_or_else(|| {
                malformed("CloudWatch Alarm State Change", &"detail.alarmName is missing")
            }),
        ("aws.events" | "aws.scheduler", "Scheduled Event") => Ok(Trigger::Schedule),
        (source, detail_type) => Ok(Trigger::Other(format!("{detail_type:?} from {source}"))),
    }
}

fn direct_alarm(event: &Value) -> Result<Trigger, MalformedEvent> {
    CloudWatchAlarm::<Value, Value>::deserialize(event)
        .map(|alarm| Trigger::Alarm { name: alarm.alarm_data.alarm_name })
        .map_err(|error| malformed("CloudWatch alarm action", &error))
}

fn malformed(event: &str, because: &impl ToString) -> MalformedEvent {
    MalformedEvent { event: event.to_owned(), because: because.to_string() }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
