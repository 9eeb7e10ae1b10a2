//! What is read beyond the facts at hand: only what the decision may need.

use eden_policy::facts::task_id;
use eden_policy::health::{self, Asks, Rules};
use eden_policy::mode::Mode;
use eden_policy::{Facts, Limits, Routing};
use proptest::prelude::*;

use crate::any::*;
use crate::fixtures::*;
use crate::verdict::*;

pub fn asks(facts: &Facts, limits: &Limits) -> Asks {
    let rules = Rules { limits, routing: &Routing::default(), mode: Mode::On };
    health::asks(facts, rules, now())
}

#[test]
fn protection_is_asked_of_the_sick_only() {
    let facts = healthy(4).with_task(sick_task(2)).route(route_to(1).silent(&[3]));
    let asked = asks(&facts, &Limits::default());
    assert_eq!(asked.protection, [task(2).arn, task(3).arn]);
    assert_eq!(asks(&healthy(4), &Limits::default()), Asks::default());
}

#[test]
fn what_ran_before_is_asked_only_where_it_may_be_rolled_back_to() {
    assert!(asks(&failing(2), &rollback()).former);
    assert!(!asks(&failing(2), &Limits::default()).former);
}

#[test]
fn nothing_more_is_asked_while_the_service_or_the_tasks_are_not_known() {
    for facts in
        [Facts { service: unknown(), ..failing(2) }, Facts { tasks: unknown(), ..failing(2) }]
    {
        assert_eq!(asks(&facts, &rollback()), Asks::default());
    }
}

proptest! {
    #[test]
    fn whatever_is_stopped_or_rolled_back_was_asked_about(case in any_case()) {
        let Case { facts, limits, routing, mode } = &case;
        let asked = health::asks(facts, Rules { limits, routing, mode: *mode }, now());
        let finding = case.decide();
        let ids: Vec<_> = asked.protection.iter().map(|arn| task_id(arn)).collect();
        prop_assert!(finding.stopped().iter().all(|id| ids.contains(id)));
        prop_assert!(asked.former || !finding.rolls_back());
    }
}
