//! The trial of what tells people: a marked message through each channel, and a marked alarm, which
//! CloudWatch has to be able to publish. The template gives it the right to use the topic's key by
//! conditions of which AWS does not say that it meets them (F33): the alarm's history tells.

use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmHistoryItem, HistoryItemType, StateValue};
use eden_core::config::HealthMonitorConfig;
use eden_core::notify::{self, Sent};
use eden_policy::Observed;
use serde_json::Value;

use super::check::{Check, DEPLOY, Outcome};
use crate::context::Context;
use crate::failure::Failed;

/// How long the history may take to show what an alarm did. Assumed: AWS does not say.
const PATIENCE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_secs(2);
/// What the alarm's reason says, so that nobody takes it for news.
const RING: &str = "eden verify --notify: this is a test, nothing is the matter";
const END: &str = "eden verify --notify: end of the test";

/// What the trial came to.
#[derive(Debug)]
pub struct Trial {
    /// What became of the message, by channel.
    pub sent: Vec<Sent>,
    /// The alarm's name.
    pub alarm: String,
    /// What the alarm did.
    pub rang: Observed<Rang>,
}

/// What an alarm did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rang {
    /// There is no such alarm.
    Missing,
    /// It rang already, so that it could not be tried.
    RingsAlready,
    /// It told whom it should.
    Told(String),
    /// It could not.
    Failed(String),
    /// Its history shows nothing.
    Silent,
}

/// Sends the message and rings the alarm. It needs the operator's rights; the functions have none to
/// set an alarm's state.
pub async fn try_out(context: &Context, config: &HealthMonitorConfig) -> Trial {
    let sent = notify::trial(&context.edge, &config.target, &config.people).await;
    let alarm = context.names.of("needs-human");
    let rang = ring(context, &alarm).await;
    Trial { sent, rang: Observed::from(rang), alarm }
}

async fn ring(context: &Context, name: &str) -> Result<Rang, Failed> {
    let cloudwatch = &context.edge.aws.cloudwatch;
    let answer = cloudwatch.describe_alarms().alarm_names(name).send().await.map_err(|error| {
        Failed::new("DescribeAlarms", "cloudwatch:DescribeAlarms", name, &error)
    })?;
    let Some(alarm) = answer.metric_alarms().first() else { return Ok(Rang::Missing) };
    let before = alarm.state_value.clone().unwrap_or(StateValue::InsufficientData);
    if before == StateValue::Alarm {
        return Ok(Rang::RingsAlready);
    }
    let last = actions(context, name).await?.iter().map(at).max();
    set(context, name, StateValue::Alarm, RING).await?;
    let rang = follow(context, name, last).await;
    // Whatever became of it, the alarm is as it was.
    set(context, name, before, END).await?;
    rang
}

async fn set(context: &Context, name: &str, state: StateValue, reason: &str) -> Result<(), Failed> {
    let request = context.edge.aws.cloudwatch.set_alarm_state().alarm_name(name);
    let answer = request.state_value(state).state_reason(reason).send().await;
    answer
        .map(drop)
        .map_err(|error| Failed::new("SetAlarmState", "cloudwatch:SetAlarmState", name, &error))
}

/// Waits until the alarm's history says what became of an action after the last one before.
async fn follow(context: &Context, name: &str, last: Option<i128>) -> Result<Rang, Failed> {
    let mut waited = Duration::ZERO;
    loop {
        let items = actions(context, name).await?;
        let rang = items.iter().filter(|item| Some(at(item)) > last).find_map(became);
        if let Some(rang) = rang {
            return Ok(rang);
        }
        if waited >= PATIENCE {
            return Ok(Rang::Silent);
        }
        tokio::time::sleep(INTERVAL).await;
        waited += INTERVAL;
    }
}

/// What the alarm's history has of its actions, the newest first.
async fn actions(context: &Context, name: &str) -> Result<Vec<AlarmHistoryItem>, Failed> {
    let request = context.edge.aws.cloudwatch.describe_alarm_history().alarm_name(name);
    let answer = request.history_item_type(HistoryItemType::Action).send().await;
    let answer = answer.map_err(|error| {
        let operation = "DescribeAlarmHistory";
        Failed::new(operation, "cloudwatch:DescribeAlarmHistory", name, &error)
    })?;
    Ok(answer.alarm_history_items.unwrap_or_default())
}

/// When, by AWS's own clock.
fn at(item: &AlarmHistoryItem) -> i128 {
    item.timestamp().map_or(0, DateTime::as_nanos)
}

/// What a history's item says of an action, if it has ended.
fn became(item: &AlarmHistoryItem) -> Option<Rang> {
    let data: Value = serde_json::from_str(item.history_data().unwrap_or_default()).ok()?;
    let summary = item.history_summary().unwrap_or_default().to_owned();
    match data["actionState"].as_str()? {
        "Succeeded" => Some(Rang::Told(summary)),
        "Failed" => Some(Rang::Failed(summary)),
        _ => None,
    }
}

/// The checks of the trial.
pub fn checks(Trial { sent, alarm, rang }: &Trial) -> Vec<Check> {
    let channels = sent.iter().map(|(channel, sent)| {
        let outcome = match sent {
            Ok(()) => Outcome::passed("took a message: see whether it arrives"),
            Err(why) => Outcome::failed(why, "see docs/operations.md, \"Notifications\""),
        };
        Check::new(format!("trial of {channel}"), outcome)
    });
    let rang = Outcome::of(rang, judge);
    channels.chain([Check::new(format!("trial of alarm {alarm}"), rang)]).collect()
}

fn judge(rang: &Rang) -> Outcome {
    match rang {
        Rang::Told(summary) => Outcome::passed(summary),
        Rang::Missing => Outcome::failed("it does not exist", DEPLOY),
        Rang::RingsAlready => Outcome::unknown("it rings already: try again when it is over"),
        Rang::Failed(summary) => Outcome::failed(
            summary,
            "CloudWatch cannot publish to the topic: see whether the policies of the topic and of \
             its key let cloudwatch.amazonaws.com in",
        ),
        Rang::Silent => Outcome::failed(
            format!("it rang, and its history shows no action within {} s", PATIENCE.as_secs()),
            "see whether the alarm has the topic among its actions, and they are enabled",
        ),
    }
}
