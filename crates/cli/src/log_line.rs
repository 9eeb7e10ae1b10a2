//! What both functions and the audit rule write into their log groups, read back.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One action, as the audit log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct Action {
    /// When the function looked.
    pub at: Timestamp,
    /// Which function it was.
    pub function: String,
    /// What was done, as a sentence.
    pub text: String,
    /// What woke the function.
    pub trigger: String,
    /// The invocation's id; it begins with `cli-` when it ran in a terminal.
    pub request_id: String,
    /// Whether the function's own log has it too; never what the line itself says.
    #[serde(skip_deserializing)]
    pub confirmed: bool,
}

/// A line of a log group.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The report with which an invocation ended.
    Report(Value),
    /// An action.
    Action(Action),
    /// Anything else that a function logged, in words.
    Said(String),
    /// What is for machines: metrics, and where an invocation began and ended.
    ForMachines,
}

/// What Lambda writes around every invocation.
const FRAMES: [&str; 4] = ["INIT_START ", "START RequestId", "END RequestId", "REPORT RequestId"];

/// A line as data: JSON where it is JSON.
pub fn data(message: &str) -> Value {
    let message = message.trim_end();
    serde_json::from_str(message).unwrap_or_else(|_| message.into())
}

/// Tells what a line is.
pub fn parse(line: &Value) -> Line {
    let fields = match line {
        Value::Object(fields) => fields,
        Value::String(text) if FRAMES.iter().any(|frame| text.starts_with(frame)) => {
            return Line::ForMachines;
        }
        Value::String(text) => return Line::Said(text.clone()),
        other => return Line::Said(other.to_string()),
    };
    if fields.contains_key("_aws") {
        return Line::ForMachines;
    }
    if let Some(action) = action(fields) {
        return Line::Action(action);
    }
    let report = fields.get("report").and_then(Value::as_str);
    if let Some(report) = report.and_then(|text| serde_json::from_str(text).ok()) {
        return Line::Report(report);
    }
    Line::Said(said(fields))
}

/// The action of an event that the audit rule wrote.
fn action(event: &Map<String, Value>) -> Option<Action> {
    let detail = event.get("detail-type").and(event.get("detail"))?;
    Action::deserialize(detail).ok()
}

/// A line of a function: level, message, and its other fields.
fn said(fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let level = match text("level") {
        "" | "INFO" => String::new(),
        level => format!("{level} "),
    };
    let known = ["timestamp", "level", "message", "target"];
    let others = fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let others: String = others
        .map(|(name, value)| match value.as_str() {
            Some(value) => format!(" {name}={value}"),
            None => format!(" {name}={value}"),
        })
        .collect();
    format!("{level}{}{others}", text("message"))
}

/// A report in a few lines: how the invocation ended, and each thing done, held or failed.
pub fn report_text(report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![text(&report["outcome"])];
    if let Some(diagnosis) = report["diagnosis"].as_str() {
        let _ = write!(lines[0], ", {diagnosis}");
    }
    let _ = write!(lines[0], " ({})", text(&report["trigger"]));
    for (list, name) in
        [("done", "did"), ("skipped", "not needed"), ("held", "held"), ("failed", "failed")]
    {
        for entry in report[list].as_array().into_iter().flatten() {
            // That the route is right already is no remedy withheld.
            if entry["reason"] == "already_routed" {
                continue;
            }
            let told = entry["text"].as_str().or(entry.as_str()).unwrap_or_default();
            lines.push(format!("{name}: {told}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_known_by_what_is_in_it() {
        let report = json!({
            "timestamp": "2026-01-01T00:00:00Z", "level": "INFO", "message": "finished",
            "report": r#"{"outcome":"unchanged"}"#, "target": "eden_core::report",
        });
        let event = json!({
            "source": "eden.autoresiliency", "detail-type": "Eden Action",
            "detail": {
                "function": "ip-updater", "requestId": "id-1", "trigger": "manual invocation",
                "at": "2026-01-01T00:00:00Z", "text": "Deployed stage prod", "service": "s",
                "confirmed": true,
            },
        });
        let metrics = json!({ "_aws": {}, "TasksRunning": 1 });
        let warning = json!({
            "timestamp": "2026-01-01T00:00:00Z", "level": "WARN", "message": "slow", "ms": 12,
            "target": "eden_core",
        });
        let action = Action {
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            function: "ip-updater".to_owned(),
            text: "Deployed stage prod".to_owned(),
            trigger: "manual invocation".to_owned(),
            request_id: "id-1".to_owned(),
            confirmed: false,
        };
        for (message, expected) in [
            (report.to_string(), Line::Report(json!({ "outcome": "unchanged" }))),
            (event.to_string(), Line::Action(action)),
            (metrics.to_string(), Line::ForMachines),
            (warning.to_string(), Line::Said("WARN slow ms=12".to_owned())),
            ("START RequestId: id-1 Version: $LATEST\n".to_owned(), Line::ForMachines),
            (
                "2026-01-01 id-1 Task timed out after 60.00 seconds\n".to_owned(),
                Line::Said("2026-01-01 id-1 Task timed out after 60.00 seconds".to_owned()),
            ),
        ] {
            assert_eq!(parse(&data(&message)), expected, "{message}");
        }
    }

    #[test]
    fn a_report_is_told_by_its_end_and_what_led_to_it() {
        let report = json!({
            "outcome": "failed", "diagnosis": "task_sick", "trigger": "Scheduled Event",
            "done": [{ "action": "stop_task", "text": "Stopped task a" }],
            "held": [
                { "reason": "already_routed", "text": "it leads there" },
                { "reason": "storm_cooldown", "text": "tasks were stopped" },
            ],
            "failed": ["PutEvents failed"],
        });

        assert_eq!(
            report_text(&report),
            "failed, task_sick (Scheduled Event)\ndid: Stopped task a\nheld: tasks were stopped\n\
             failed: PutEvents failed"
        );
    }
}
