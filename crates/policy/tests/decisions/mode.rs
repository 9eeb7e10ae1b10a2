//! The healing mode: what it lets through.

use eden_policy::facts::Alarm;
use eden_policy::mode::{Mode, ModeTag, restrain};
use eden_policy::plan::Fact;
use eden_policy::{Facts, Hold, Limits, Observed, Plan, Routing, health};

use crate::fixtures::*;

/// A service that needs a redeployment and a repair of its route.
fn in_need(tag: ModeTag) -> Facts {
    healthy(2)
        .alarm(Alarm::Alarm)
        .tasks(vec![task(2).health(eden_policy::facts::TaskHealth::Unhealthy), task(3)])
        .service(|service| service.mode = tag)
}

fn plan(facts: &Facts, setting: Mode) -> Plan {
    let (_, plan) = health::decide(facts, &Limits::default(), &Routing::default(), now());
    assert_eq!(plan.steps.len(), 2, "the facts ask for a route and a stop: {plan:?}");
    restrain(plan, setting, &facts.service)
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
        let plan = plan(&in_need(tag.clone()), setting);
        assert_eq!(!plan.steps.is_empty(), acts, "{setting} {tag:?}");
    }
}

#[test]
fn every_step_that_is_not_taken_is_told() {
    let plan = plan(&in_need(ModeTag::Set(Mode::Observe)), Mode::On);
    let told: Vec<_> = plan
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
    let plan = plan(&in_need(ModeTag::from(Some("paused"))), Mode::On);
    assert!(plan.holds.contains(&Hold::ModeTagUnrecognized { value: "paused".to_owned() }));
}

#[test]
fn a_tag_that_could_not_be_read_might_forbid_everything() {
    let facts = in_need(ModeTag::Absent);
    let (_, plan) = health::decide(&facts, &Limits::default(), &Routing::default(), now());
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
