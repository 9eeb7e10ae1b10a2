//! What became of alarms: their changes of state, and what CloudWatch did for them
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html>).

use jiff::Timestamp;
use serde_json::json;

use super::World;
use super::alarm::{AlarmState, AlarmStatus};

/// An item of an alarm's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmHistoryItem {
    /// The alarm's name.
    pub alarm: String,
    /// When.
    pub at: Timestamp,
    /// `StateUpdate` or `Action`.
    pub kind: &'static str,
    /// What happened, for people.
    pub summary: String,
    /// What happened, for machines: JSON.
    pub data: String,
}

impl World {
    /// What became of all alarms, oldest first.
    pub fn alarm_history(&self) -> &[AlarmHistoryItem] {
        &self.alarm_history
    }

    /// From now on what alarms are to do fails with this error, as when the key of a topic does not let
    /// CloudWatch in; or succeeds again.
    pub fn break_alarm_actions(&mut self, error: Option<&str>) {
        self.alarm_actions_fail_with = error.map(str::to_owned);
    }

    /// Sets an alarm's state until it is evaluated again; `false` when there is none of that name.
    pub fn set_alarm_state(&mut self, name: &str, state: AlarmState, reason: &str) -> bool {
        let now = self.now;
        let Some(alarm) = self.alarms.get_mut(name) else { return false };
        let status =
            AlarmStatus { state, since: now, reason: reason.to_owned(), reason_data: None };
        let previous = std::mem::replace(&mut alarm.status, status);
        // Nothing happens when the state is the one that it was.
        if previous.state != state {
            self.alarm_changed(name, &previous);
        }
        true
    }

    /// An alarm has changed its state: events, history, and whom it tells. What it publishes is not
    /// among the [messages](World::published), which are Eden's.
    pub(super) fn alarm_changed(&mut self, name: &str, previous: &AlarmStatus) {
        let Some(alarm) = self.alarms.get(name) else { return };
        let (arn, detail) = (alarm.arn.clone(), alarm.state_change(previous));
        let (state, reason) = (alarm.status.state, alarm.status.reason.clone());
        let spec = &alarm.spec;
        let tells = spec.actions_enabled && state == AlarmState::Alarm;
        let actions = if tells { spec.actions.clone() } else { Vec::new() };
        let (from, to) = (previous.state.as_str(), state.as_str());
        let data = json!({
            "version": "1.0",
            "oldState": { "stateValue": from, "stateReason": previous.reason },
            "newState": { "stateValue": to, "stateReason": reason },
        });
        self.remember_alarm(
            name,
            "StateUpdate",
            format!("Alarm updated from {from} to {to}"),
            &data,
        );
        for action in actions {
            let error = self.alarm_actions_fail_with.clone();
            let (word, done) = match error {
                None => ("Succeeded", "Successfully executed action"),
                Some(_) => ("Failed", "Failed to execute action"),
            };
            let mut summary = format!("{done} {action}");
            if let Some(error) = &error {
                summary = format!("{summary}. Received error: \"{error}\"");
            }
            let data = json!({
                "actionState": word, "notificationResource": action, "error": error,
            });
            self.remember_alarm(name, "Action", summary, &data);
        }
        self.emit("aws.cloudwatch", "CloudWatch Alarm State Change", &[arn], &detail);
    }

    fn remember_alarm(
        &mut self,
        name: &str,
        kind: &'static str,
        summary: String,
        data: &serde_json::Value,
    ) {
        let (alarm, at, data) = (name.to_owned(), self.now, data.to_string());
        self.alarm_history.push(AlarmHistoryItem { alarm, at, kind, summary, data });
    }
}
