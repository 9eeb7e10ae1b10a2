//! What people are told: every parameter, metric, alarm and reason has its place in the documents.

use super::{METRICS, stack};

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const PARAMETERS: &str = include_str!("../../../../docs/parameters.md");
const DIAGNOSES: &str = include_str!("../../../../crates/policy/src/plan/diagnosis.rs");
const TAGS: &str = include_str!("../../../../crates/input/src/tags.rs");
const HOLDS: &str = include_str!("../../../../crates/policy/src/plan/hold.rs");
const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

/// Whether a table of the document has a row that begins with this name.
fn has_row(document: &str, name: &str) -> bool {
    document.lines().any(|line| line.starts_with(&format!("| `{name}` |")))
}

/// The template's parameters, in its order.
fn parameters() -> Vec<&'static str> {
    let parameters = TEMPLATE.split_once("\nParameters:\n").unwrap().1;
    let parameters = parameters.split_once("\nMetadata:\n").unwrap().0;
    let names = parameters.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    names.filter(|name| !name.starts_with(' ')).collect()
}

#[test]
fn the_console_and_the_document_group_parameters_as_guided_asks_for_them() {
    // Given the groups: `      - Label: {default: "NAME"}`, then `          - PARAMETER`
    let groups = TEMPLATE.split_once("    ParameterGroups:\n").unwrap().1;
    let groups = groups.split_once("\n\n").unwrap().0;
    let grouped: Vec<_> =
        groups.lines().filter_map(|line| line.strip_prefix("          - ")).collect();
    // Then
    assert_eq!(grouped, parameters());
    let row =
        |line: &'static str| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name);
    let explained: Vec<_> = PARAMETERS.lines().filter_map(row).collect();
    assert_eq!(explained, parameters());
    let label =
        |line: &'static str| line.strip_prefix("      - Label: {default: \"")?.strip_suffix("\"}");
    let headings: Vec<_> = PARAMETERS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, groups.lines().filter_map(label).collect::<Vec<_>>());
}

/// Source: review, A1. `sam deploy --guided` offers no default for a parameter with `NoEcho`, and takes no
/// empty answer.
#[test]
fn every_question_of_guided_can_be_answered_with_enter_or_a_plain_value() {
    assert!(!TEMPLATE.contains("\n    NoEcho: "));
}

#[test]
fn every_parameter_is_explained() {
    let names = parameters();
    assert!(names.contains(&"APIGatewayId") && names.contains(&"HealingMode"), "{names:?}");
    for name in names {
        assert!(has_row(PARAMETERS, name), "parameters.md: {name}");
        assert!(OPERATIONS.contains(&format!("`{name}`")), "operations.md: {name}");
    }
}

#[test]
fn every_metric_is_explained() {
    for metric in METRICS {
        assert!(has_row(OPERATIONS, metric), "{metric}");
    }
}

#[test]
fn every_alarm_comes_with_what_to_do_about_it() {
    for (_, alarm) in stack().of_type("AWS::CloudWatch::Alarm") {
        assert!(has_row(OPERATIONS, &alarm.reference), "{}", alarm.reference);
    }
}

/// A name as the response shows it.
fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[test]
fn every_diagnosis_comes_with_what_is_done_about_it() {
    // Given the lines that name them: `    RouteStale,` and `    BelowFloor {`
    let all = DIAGNOSES.split_once("pub enum Diagnosis {\n").unwrap().1;
    let all = all.split_once("\n}\n").unwrap().0;
    let names = all.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    let names: Vec<_> =
        names.map(|name| snake_case(name.trim_end_matches([',', ' ', '{']))).collect();
    assert!(names.contains(&"crash_loop".to_owned()) && names.len() > 10, "{names:?}");
    for name in names {
        assert!(has_row(OPERATIONS, &name), "{name}");
    }
}

#[test]
fn every_tag_is_explained() {
    // Given the lines that name them: `pub const CLAIM: &str = "claim";`
    let names =
        TAGS.lines().filter_map(|line| line.split_once(": &str = \"")?.1.strip_suffix("\";"));
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"claim"), "{names:?}");
    for name in names {
        assert!(has_row(OPERATIONS, &format!("eden:{name}")), "{name}");
    }
}

#[test]
fn every_reason_to_hold_is_explained() {
    // Given the lines that name them: `Hold::NoRunningTask => "no_running_task",`
    let arms = HOLDS.lines().filter(|line| line.trim_start().starts_with("Hold::"));
    let reasons = arms.filter_map(|arm| arm.split_once("=> \"")?.1.strip_suffix("\","));
    let reasons: Vec<_> = reasons.collect();
    assert!(reasons.contains(&"fact_unknown"), "{reasons:?}");
    for reason in reasons {
        assert!(has_row(OPERATIONS, reason), "{reason}");
    }
}
