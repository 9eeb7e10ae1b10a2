//! The healing mode: what it lets through.

use eden_policy::facts::Observed;
use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::{Mode, ModeTag, restrain};
use eden_policy::plan::Fact;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Routing};

use crate::fixtures::*;
use crate::verdict::*;

/// A service that needs a repair of its route, and a task stopped.
fn in_need(tag: ModeTag) -> Facts {
    let facts = healthy(2).tasks(vec![sick_task(2).suspect(60), task(3)]);
    facts.service(|service| service.mode = tag)
}

fn decide_in(facts: &Facts, mode: Mode) -> Finding {
    let (limits, routing) = (Limits::default(), Routing::default());
    health::decide(facts, Rules { limits: &limits, routing: &routing, mode }, now())
}

#[test]
fn without_a_tag_the_setting_counts_and_with_one_the_tag_does() {
    for (setting, tag, acts) in [
        (Mode::On, ModeTag::Absent, true),
        (Mode::Observe, ModeTag::Absent, false),
        (Mode::Off, ModeTag::Absent, false),
        (Mode::Off, ModeTag::Set(Mode::On), true),
        (Mode::On, ModeTag::Set(Mode::Observe), false),
        (Mode::On, ModeTag::Set(Mode::Off), false),
        (Mode::On, ModeTag::Unrecognized("please not".to_owned()), false),
    ] {
        let steps = decide_in(&in_need(tag.clone()), setting).plan.steps.len();
        assert_eq!(steps, if acts { 2 } else { 0 }, "{setting} {tag:?}");
    }
}

#[test]
fn switched_off_is_a_diagnosis_and_asks_for_nothing() {
    for facts in [in_need(ModeTag::Set(Mode::Off)), healthy(0), failing(1)] {
        let facts = facts.service(|service| service.mode = ModeTag::Set(Mode::Off));
        let finding = decide_in(&facts, Mode::On);
        assert_eq!(finding.diagnosis, Diagnosis::Paused);
        assert_eq!((finding.plan.steps.len(), finding.plan.holds.len()), (0, 0));
        assert_eq!(finding.condition, None);
    }
}

#[test]
fn only_observing_gives_the_same_diagnosis_and_evidence() {
    for facts in [in_need(ModeTag::Absent), failing(1), healthy(0), healthy(1)] {
        let (on, observe) = (decide_in(&facts, Mode::On), decide_in(&facts, Mode::Observe));
        assert_eq!(on.diagnosis, observe.diagnosis);
        assert_eq!(on.evidence, observe.evidence);
        assert_eq!(on.condition, observe.condition);
        assert_eq!(on.plan.steps.len() + on.plan.holds.len(), observe.plan.holds.len());
    }
}

#[test]
fn every_step_that_is_not_taken_is_told() {
    let finding = decide_in(&in_need(ModeTag::Set(Mode::Observe)), Mode::On);
    let told: Vec<_> = finding
        .plan
        .holds
        .iter()
        .filter_map(|hold| match hold {
            Hold::HealingNotOn { mode: Mode::Observe, not_done } => Some(not_done.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("Pointed integration int1"), "{told:?}");
    assert!(told[1].starts_with("Stopped task task2"), "{told:?}");
}

#[test]
fn a_tag_that_is_no_mode_is_quoted() {
    let finding = decide_in(&in_need(ModeTag::from(Some("paused"))), Mode::On);
    assert!(finding.holds(&Hold::ModeTagUnrecognized { value: "paused".to_owned() }));
}

#[test]
fn a_tag_that_could_not_be_read_might_forbid_everything() {
    let plan = decide_in(&in_need(ModeTag::Absent), Mode::On).plan;
    let plan = restrain(plan, Mode::On, &Observed::Unknown("AccessDenied".to_owned()));
    assert_eq!(plan.steps, []);
    let unknown = |hold: &Hold| matches!(hold, Hold::FactUnknown { fact: Fact::Service, .. });
    assert!(plan.holds.iter().any(unknown));
}

#[test]
fn modes_are_read_in_any_case_and_nothing_else_is_one() {
    for (text, mode) in [("on", Mode::On), (" Observe ", Mode::Observe), ("OFF", Mode::Off)] {
        assert_eq!(ModeTag::from(Some(text)), ModeTag::Set(mode));
    }
    for text in ["", "true", "paused", "on off"] {
        assert_eq!(ModeTag::from(Some(text)), ModeTag::Unrecognized(text.to_owned()));
    }
    assert_eq!(ModeTag::from(None), ModeTag::Absent);
}
