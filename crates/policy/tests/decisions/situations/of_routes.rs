//! Situations in which the route is the fault.

use eden_policy::Facts;
use eden_policy::facts::{Obstacle, Stage};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    let owed = manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 3_000);
    vec![
        situation(
            "route_stale/leads_to_a_task_that_is_gone",
            "The route leads to no task: it is repaired first, since that may be all",
            failing(2).route(route_to(9)),
        ),
        situation(
            "route_stale/a_stage_owes_a_deployment",
            "The integration is right, but its stage does not show it yet",
            failing(1).route(route_to(1).stage(owed)),
        ),
        situation(
            "route_stale/beside_an_unknown_alarm",
            "The alarm could not be read: the route is repaired all the same",
            Facts { alarm: unknown(), ..healthy(2).route(route_to(9)) },
        ),
        situation(
            "route_stale/cannot_be_written",
            "The stage variable cannot hold the address of any task",
            failing(1).route({
                let variable = stage_variable("prod", "backend");
                let mut route = route_to(1).pointers(vec![(variable, leading_to("198.51.100.7"))]);
                route.port = 9_000;
                route
            }),
        ),
        situation(
            "route_stale/somebody_else_writes_it_too",
            "Another Eden leads the same integration to its own service: the first one leaves it there",
            healthy(1).route(at_anothers(route_to(9))).service(|service| {
                service.overwritten_at = vec![ago(900), ago(600)];
            }),
        ),
        situation(
            "route_stale/an_automatic_deployment_failed",
            "The integration is right, the stage shows the dead address: API Gateway could not deploy it",
            failing(1).route(route_to(1).stage(Stage {
                auto_deploy: true,
                ..hindered(Obstacle::DeploymentFailed(
                    "Deployment attempt failed: Unable to deploy API because no valid routes exist \
                     in this API"
                        .to_owned(),
                ))
            })),
        ),
        situation(
            "route_stale/a_canary_keeps_deployments_off",
            "The integration is right, the stage shows the dead address, and takes no deployment",
            failing(1).route(route_to(1).stage(Stage {
                serves: serving(Some("Eden: route of int1 to 203.0.113.9:8000"), ago(3_000)),
                ..hindered(Obstacle::Canary)
            })),
        ),
        situation(
            "healthy/a_canary_would_keep_deployments_off",
            "All is well, but a change of the route would not show: people are told beforehand",
            healthy(1).route(route_to(1).stage(hindered(Obstacle::Canary))),
        ),
    ]
}
