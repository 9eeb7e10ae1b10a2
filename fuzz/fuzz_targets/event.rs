//! Whatever wakes a function is parsed to a trigger or refused with a reason, and never ends it.

#![no_main]

use eden_input::config::{HealthMonitorConfig, Target};
use eden_input::trigger::Trigger;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn target() -> Target {
    let variable = |name: &str| match name {
        "ECS_CLUSTER" => Some("prod-eden-cluster".to_owned()),
        "ECS_SERVICE" => Some("prod-eden-service".to_owned()),
        "API_GATEWAY_URL" => Some("https://api.example.com".to_owned()),
        _ => None,
    };
    HealthMonitorConfig::read(variable).expect("these settings suffice").target
}

fuzz_target!(|data: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
    match Trigger::parse(&event) {
        Ok(trigger) => {
            assert!(!trigger.describe().is_empty());
            if let Trigger::Task(task) = &trigger {
                assert_eq!(task.hints().tasks, [task.task_arn.as_str()]);
                assert_ne!(task.is_foreign_to(&target()).as_deref(), Some(""));
            }
            assert_eq!(Trigger::parse(&event).ok(), Some(trigger));
        }
        Err(error) => assert!(error.to_string().starts_with("malformed "), "{error}"),
    }
});
