//! What holds for every set of facts about the service, not only for the ones in the tables.

use eden_policy::facts::{Alarm, Observed, RolloutState, TaskHealth};
use eden_policy::{Diagnosis, Facts, Limits, Plan, Routing, Step, health};
use proptest::prelude::*;

use crate::any::*;
use crate::fixtures::*;

fn decide(facts: &Facts, routing: &Routing) -> (Diagnosis, Plan) {
    health::decide(facts, &Limits::default(), routing, now())
}

fn redeploys(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::ForceDeployment { .. }))
}

proptest! {
    #[test]
    fn no_step_rests_on_a_service_tasks_or_an_alarm_that_are_not_known(
        (facts, routing) in any_facts()
    ) {
        let (diagnosis, plan) = decide(&facts, &routing);
        if facts.service.known().is_none() || facts.tasks.known().is_none() {
            prop_assert!(plan.steps.is_empty());
            prop_assert_eq!(&diagnosis, &Diagnosis::Unknown);
        }
        let route = facts.route.as_ref().unwrap();
        let unread = route.pointers.iter().any(|(_, read)| read.known().is_none());
        if redeploys(&plan) && diagnosis == Diagnosis::ServiceSick {
            prop_assert!(!unread && route.endpoints.known().is_some());
        }
        if redeploys(&plan) && facts.alarm.known().is_none() {
            let service = facts.service.known().unwrap();
            prop_assert!(service.running < service.desired);
        }
    }

    #[test]
    fn only_tasks_that_ecs_calls_unhealthy_are_stopped_and_never_more_than_the_limit(
        (facts, routing) in any_facts()
    ) {
        let (_, plan) = decide(&facts, &routing);
        let stops: Vec<_> = plan.steps.iter().filter_map(|step| match step {
            Step::StopTask { task, .. } => Some(task),
            _ => None,
        }).collect();
        if let (Some(tasks), Some(service)) = (facts.tasks.known(), facts.service.known()) {
            let sick = tasks.iter().filter(|t| t.runs() && t.health == TaskHealth::Unhealthy);
            let sick: Vec<_> = sick.map(|task| &task.arn).collect();
            prop_assert!(stops.iter().all(|stop| sick.contains(stop)));
            let allowed = Limits::default().stops_allowed(sick.len(), service.desired);
            prop_assert!(stops.len() <= allowed.max(1));
        }
    }

    #[test]
    fn a_rollout_is_never_disturbed((facts, routing) in any_facts()) {
        let (_, plan) = decide(&facts, &routing);
        let rolling = facts.service.known().is_some_and(|service| {
            service.deployments.iter().any(|it| it.rollout == RolloutState::InProgress)
        });
        let disturbs =
            |step: &Step| matches!(step, Step::StopTask { .. } | Step::ForceDeployment { .. });
        prop_assert!(!(rolling && plan.steps.iter().any(disturbs)));
    }

    #[test]
    fn a_route_that_is_being_repaired_is_not_blamed_on_the_service((facts, routing) in any_facts()) {
        let (diagnosis, plan) = decide(&facts, &routing);
        if diagnosis == Diagnosis::RouteStale {
            prop_assert!(!redeploys(&plan));
        }
    }

    #[test]
    fn the_order_in_which_aws_lists_tasks_decides_nothing((scene, shuffled) in any_scene_shuffled()) {
        let decide = |scene: crate::scene::Scene| {
            let routing = scene.routing.clone();
            health::decide(
                &facts(scene, Observed::Known(Alarm::Alarm), true),
                &Limits::default(),
                &routing,
                now(),
            )
        };
        prop_assert_eq!(decide(scene), decide(shuffled));
    }
}
