//! Golden files: what people are told in each of the policy's named situations, word for word, when
//! every step succeeds. It stands below the line `mail` of the situation's file, of which the rest
//! belongs to the policy's own test.
//!
//! When a mail changes, the test fails, shows the difference and leaves the new files under
//! `target/tmp/mails`, with the command that takes them over. Read the difference before you do.

#[path = "../../../crates/policy/tests/decisions/golden/files.rs"]
mod files;
#[expect(dead_code, reason = "the policy's tests use the rest")]
#[path = "../../../crates/policy/tests/decisions/fixtures/mod.rs"]
mod fixtures;
#[expect(dead_code, unused_imports, reason = "the policy's tests use the rest")]
#[path = "../../../crates/policy/tests/decisions/situations/mod.rs"]
mod situations;

use std::fmt::Write;

use eden_core::act::{Attempt, Outcome};
use eden_core::config::HealthMonitorConfig;
use eden_core::notify::{self, Message};
use eden_core::{Report, health_monitor};

use eden_policy::facts::Alarm;
use eden_policy::health::{self, Finding, Rules};
use eden_policy::{Facts, Limits, Mode, Routing};
use files::{Files, Part};

use fixtures::{FactsExt, failing, healthy, now};
use situations::Situation;

/// What people are told: of what was found and done, and of the run's own failure.
fn told(situation: &Situation) -> String {
    let HealthMonitorConfig { target, people, .. } = config();
    let report = report(situation);
    let found = notify::of_healing(&target, &people, &report);
    let failed = report.finish().err();
    let failed = failed.map(|report| notify::of_failure(&target, &report.into(), now()));
    match found {
        Err(silence) if failed.is_none() => format!("  none: {silence}\n"),
        _ => found.into_iter().chain(failed).map(|it| shown(&it)).collect::<Vec<_>>().join("\n"),
    }
}

fn shown(Message { subject, text, note: _ }: &Message) -> String {
    text.lines().fold(format!("  Subject: {subject}\n\n"), |mut shown, line| {
        let _ = writeln!(shown, "{}", format!("  {line}").trim_end());
        shown
    })
}

/// The report of a run that finds the situation, and succeeds in all that it does about it.
fn report(situation: &Situation) -> Report {
    let finding = situation.decide();
    let mut report = Report::new(health_monitor::NAME, "id-1", "schedule".to_owned(), now());
    report.found(&situation.facts, &finding, situation.mode);
    let steps = finding.plan.steps.into_iter();
    report.acted(steps.map(|step| Attempt { step, outcome: Ok(Outcome::Done) }).collect());
    report
}

fn config() -> HealthMonitorConfig {
    let variable = |name: &str| match name {
        "ECS_CLUSTER" => Some("prod-eden-cluster".to_owned()),
        "ECS_SERVICE" => Some("prod-eden-service".to_owned()),
        "API_GATEWAY_URL" => Some("https://api.example.com".to_owned()),
        _ => None,
    };
    HealthMonitorConfig::read(variable).unwrap()
}

#[test]
fn people_are_told_in_every_situation_what_its_file_says() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/policy/tests/golden").into();
    let files = Files { golden, new: concat!(env!("CARGO_TARGET_TMPDIR"), "/mails").into() };
    files.forget("situations");
    let differs =
        |it: &Situation| files.compare(&format!("situations/{}", it.name), Part::Mail, &told(it));
    files.assert_none(&situations::all().iter().filter_map(differs).collect::<Vec<_>>());
}

fn decide(facts: &Facts) -> Finding {
    let rules = Rules { limits: &Limits::default(), routing: &Routing::default(), mode: Mode::On };
    health::decide(facts, rules, now())
}

/// From a run in an independent emulator: a mail gave the reason "the API answers well", the action
/// "stopped, as it does not answer", and did not do what "nothing to repair is seen" for.
#[test]
fn what_was_done_is_told_with_what_it_rested_on_and_what_came_after_as_that() {
    // Given: a look that acts, and another one of the same run, which finds that it helped.
    let HealthMonitorConfig { target, people, .. } = config();
    let mut report = Report::new(health_monitor::NAME, "id-1", "schedule".to_owned(), now());
    let sick = failing(1);
    let finding = decide(&sick);
    report.found(&sick, &finding, Mode::On);
    let steps = finding.plan.steps.into_iter();
    report.acted(steps.map(|step| Attempt { step, outcome: Ok(Outcome::Done) }).collect());
    assert!(!report.done.is_empty(), "{report:?}");
    let disputed = healthy(1).alarm(Alarm::Alarm);
    // When
    report.found(&disputed, &decide(&disputed), Mode::On);
    // Then
    let text = notify::of_healing(&target, &people, &report).unwrap().text;
    let (before, after) = text.split_once("Seen Afterwards:\n").unwrap();
    assert!(before.contains("Reason: The service fails"), "{before}");
    assert!(before.contains("- the API answered 503"), "{before}");
    assert!(!before.contains("answers well") && !before.contains("200 in 40 ms"), "{before}");
    let said = "- The API answers well, but the 5XX alarm or the tasks say otherwise\n";
    assert!(after.starts_with(said), "{after}");
    assert!(after.contains("Not Done Afterwards:\n"), "{after}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["done"][0]["rested_on"]["diagnosis"], "service_sick");
    assert_eq!(json["diagnosis"], "disputed");
}
