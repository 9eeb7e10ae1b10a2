//! Situations in which the route is the fault.

use eden_policy::facts::{Integration, IntegrationKind};
use eden_policy::{Facts, Observed};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    let owed = manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 3_000);
    let value = |uri: &str| {
        let kind = IntegrationKind::Http;
        Observed::Known(Integration { kind, uri: Some(uri.to_owned()) })
    };
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
                let mut route = route_to(1).pointers(vec![(variable, value("198.51.100.7"))]);
                route.port = 9_000;
                route
            }),
        ),
    ]
}
