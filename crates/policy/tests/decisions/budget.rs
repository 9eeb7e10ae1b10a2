//! What was done in the last hour: it bounds what may be done, and what people were told of.

use eden_policy::{Diagnosis, Facts, Hold, Limits};

use crate::fixtures::*;
use crate::verdict::*;

#[test]
fn no_more_than_the_budget_is_spent_in_an_hour() {
    let spent = |stops: u8, deployments: u8| {
        let facts = ripe(3, 8).service(|service| {
            service.redeployed_at = (0..deployments).map(|n| ago(600 + u64::from(n))).collect();
        });
        (20..20 + stops).fold(facts, |facts, n| facts.with_task(task(n).stopped_by_eden(600)))
    };
    for (stops, deployments, stopped) in
        [(0, 0, 3), (3, 0, 3), (4, 0, 2), (3, 2, 1), (0, 5, 1), (6, 0, 0), (3, 3, 0), (9, 0, 0)]
    {
        let finding = decide(&spent(stops, deployments));
        let case = format!("{stops} stops, {deployments} deployments");
        assert_eq!(finding.stopped().len(), stopped, "{case}");
        let is_spent = stops + deployments >= 6;
        assert_eq!(finding.reasons().contains(&"budget_spent"), is_spent, "{case}");
        assert_eq!(finding.condition(), is_spent.then_some("budget_spent"), "{case}");
    }
}

#[test]
fn the_budget_frees_up_when_what_was_done_is_over_an_hour_ago() {
    let stops = |oldest: u64| {
        (21..27).fold(ripe(1, 8), |facts, n| {
            let at = if n == 21 { oldest } else { 600 };
            facts.with_task(task(n).stopped_by_eden(at))
        })
    };
    let finding = decide(&stops(3_599));
    assert!(finding.holds(&Hold::BudgetSpent { spent: 6, budget: 6, until: Some(hence(1)) }));
    assert_eq!(decide(&stops(3_600)).stopped(), ["task1"]);
    // Eight were stopped, as by several at a time: three must be over before there is room.
    let facts = [3_000, 2_000]
        .into_iter()
        .zip(31..)
        .fold(stops(3_100), |facts, (at, n)| facts.with_task(task(n).stopped_by_eden(at)));
    let until = Some(hence(1_600));
    assert!(decide(&facts).holds(&Hold::BudgetSpent { spent: 8, budget: 6, until }));
}

#[test]
fn what_people_were_told_of_is_over_when_nothing_of_the_last_hour_would_bring_it_back() {
    let well = |facts: Facts| {
        facts.service(|service| service.seen = Some(format!("well any {:.0}", ago(900))))
    };
    let healthy = |tasks| well(healthy(tasks));
    assert!(decide(&healthy(2)).is_over);
    assert!(!decide(&well(ripe(1, 2))).is_over);
    let spent = (20..26).fold(healthy(2), |facts, n| facts.with_task(task(n).stopped_by_eden(600)));
    assert!(!decide(&spent).is_over && decide(&spent).diagnosis == Diagnosis::Healthy);
    let died = (20..23).fold(healthy(2).route(route_to(2)), |facts, n| {
        facts.with_task(task(n).died(u64::from(n) * 100))
    });
    let died = died.with_task(task(2).started(600));
    assert!(!decide(&died).is_over && decide(&died).diagnosis == Diagnosis::Healthy);
}

#[test]
fn a_stop_of_unknown_time_counts_as_one_of_just_now() {
    let mut stop = task(9).stopped_by_eden(0);
    stop.stopping_at = None;
    let limits = Limits { healing_budget_per_hour: 1, ..Limits::default() };
    let finding = decide_under(&ripe(1, 4).with_task(stop.clone()), &limits);
    assert_eq!(finding.plan.steps, []);
    assert!(decide(&ripe(1, 4).with_task(stop)).reasons().contains(&"storm_cooldown"));
}

#[test]
fn a_budget_of_zero_never_frees_up() {
    let limits = Limits { healing_budget_per_hour: 0, ..Limits::default() };
    let finding = decide_under(&ripe(1, 4), &limits);
    assert_eq!(finding.plan.steps, []);
    assert!(finding.holds(&Hold::BudgetSpent { spent: 0, budget: 0, until: None }));
    assert!(finding.plan.holds.iter().all(|hold| hold.until().is_none()));
}
