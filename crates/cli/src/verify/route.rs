//! The route: whether it can be written, where it leads, and whether a change of it takes effect.

use eden_core::config::{ApiType, Gateway};
use eden_policy::facts::{
    Integration, IntegrationKind, Obstacle, Pointer, Route, Serves, Stage, Task,
};
use eden_policy::redact::redacted;
use eden_policy::route::{self, Lead, View};
use eden_policy::{Diagnosis, Observed, Step, uri};

use super::check::{Check, Outcome, set_parameters};
use super::service::Looked;

/// What mends a route.
const APPLY: &str =
    "`eden route` shows what ip-updater would write, `eden route --apply` writes it";

/// The checks of the route.
pub fn checks(looked: Result<&Looked, &str>) -> Vec<Check> {
    let looked = match looked {
        Ok(looked) => looked,
        Err(why) => return vec![Check::new("route", Outcome::unknown(why))],
    };
    let Looked { gateway, facts, finding, now } = looked;
    let (Some(gateway), Some(route)) = (gateway, &facts.route) else {
        let found = "the functions are told of no API";
        let remedy = set_parameters("APIGatewayId=ID APIGatewayIntegrationId=IDS");
        return vec![Check::new("route", Outcome::failed(found, remedy))];
    };
    let target = |pointer: &Pointer, read: &Observed<Integration>| {
        let read = match read {
            Observed::Known(read) => read,
            Observed::Unknown(why) => return Outcome::unknown(why),
        };
        let tasks = match (&facts.tasks, &route.endpoints) {
            (Observed::Known(tasks), Observed::Known(_)) => tasks,
            (Observed::Unknown(why), _) | (_, Observed::Unknown(why)) => {
                return Outcome::unknown(why);
            }
        };
        let view = View::of(facts.service.known(), tasks, route, &gateway.routing, *now);
        let lead = view.lead(pointer, read);
        if finding.diagnosis == Diagnosis::ScaledToZero {
            return leads_to_nobody(read, lead);
        }
        leads(read, lead, tasks.iter().any(Task::runs))
    };
    let of_pointers = route.pointers.iter().flat_map(|(pointer, read)| {
        [
            Check::new(pointer.to_string(), writable(pointer, read)),
            Check::new(format!("target of {pointer}"), target(pointer, read)),
        ]
    });
    let mut checks: Vec<Check> = of_pointers.collect();
    checks.extend(stages(route, gateway, &finding.plan.steps));
    checks
}

/// Whether it can be written, as far as that shows without writing.
pub fn writable(pointer: &Pointer, read: &Observed<Integration>) -> Outcome {
    let variable = read.known().and_then(|integration| route::host_variable(pointer, integration));
    if let Some(variable) = variable {
        let found = format!(
            "its host comes from the stage variable {variable}, which is not written over: a variable \
             has to be all of the host, and to be named"
        );
        return Outcome::failed(found, set_parameters("RouteVia=stage-variable:NAME"));
    }
    match read {
        Observed::Known(Integration { kind: IntegrationKind::Http, .. }) => Outcome::passed(
            "can lead to a task; whether the functions' roles may write it shows only when they do",
        ),
        Observed::Known(Integration { kind: IntegrationKind::Other(kind), .. }) => Outcome::failed(
            format!("it is {kind}, which cannot lead to the public address of a task (F6)"),
            format!(
                "{}, of the type HTTP_PROXY over the internet",
                set_parameters("APIGatewayIntegrationId=IDS")
            ),
        ),
        Observed::Unknown(why) if why.contains("NotFoundException") => Outcome::failed(
            why.clone(),
            format!(
                "{}; README.md says how to find them",
                set_parameters("APIGatewayId=ID APIGatewayIntegrationId=IDS")
            ),
        ),
        Observed::Unknown(why) => Outcome::unknown(why),
    }
}

/// Whether what a pointer leads to is a task that runs, of which there may be none.
fn leads(read: &Integration, lead: Lead<'_>, any_runs: bool) -> Outcome {
    let to = read.uri.as_deref().filter(|uri| !uri.is_empty()).unwrap_or("nowhere");
    let to = redacted(to);
    let nobodys = if is_address(read) { NOBODYS } else { "" };
    match lead {
        Lead::Task(task, _) if task.runs() => {
            Outcome::passed(format!("{to}, where task {} runs", task.id()))
        }
        Lead::Maintenance => Outcome::failed(
            "it leads to the maintenance page",
            "`eden diagnose` shows why no task serves; Eden leads it back when one does",
        ),
        Lead::Parked => Outcome::failed(
            "it is parked, at an address that is nobody's",
            "`eden diagnose` shows why no task runs; Eden leads it back when one does",
        ),
        Lead::Task(..) => Outcome::failed(format!("{to}, where a task stops"), APPLY),
        Lead::Elsewhere if any_runs => {
            Outcome::failed(format!("{to}, where no task of the service runs{nobodys}"), APPLY)
        }
        Lead::Elsewhere => Outcome::failed(
            format!("{to}, and no task of the service runs{nobodys}"),
            "`eden diagnose` shows why; Eden leads it to the first task that runs, and with \
             Parking=on away from an address that no task owns",
        ),
    }
}

/// What is said of an address that was a task's once.
const NOBODYS: &str = ": the target is no task's address, and may be anybody's";

fn is_address(read: &Integration) -> bool {
    let uri = read.uri.as_deref().unwrap_or_default();
    uri::endpoint(uri).or_else(|| uri::endpoint_of_value(uri, 1)).is_some()
}

/// Whether a pointer is safe while no task is wanted.
fn leads_to_nobody(read: &Integration, lead: Lead<'_>) -> Outcome {
    match lead {
        Lead::Parked => Outcome::passed("parked, at an address that is nobody's"),
        Lead::Maintenance => Outcome::passed("leads to the maintenance page"),
        Lead::Elsewhere if is_address(read) => Outcome::failed(
            format!("{}{NOBODYS}", read.uri.as_deref().unwrap_or_default()),
            "with Parking=on Eden leads it away; `eden uninstall --route park` does when Eden goes",
        ),
        Lead::Task(..) | Lead::Elsewhere => {
            Outcome::passed("leads to no task that runs, since none is wanted")
        }
    }
}

/// The checks of the stages that the route is shown by (F4, F7).
fn stages(route: &Route, gateway: &Gateway, steps: &[Step]) -> Vec<Check> {
    let stages = match &route.stages {
        Observed::Known(stages) if stages.is_empty() => {
            let outcome = Outcome::failed("the API has none, so nobody can call it", "add a stage");
            return vec![Check::new("stages", outcome)];
        }
        Observed::Known(stages) => stages,
        Observed::Unknown(why) if why.contains("STAGE_NAME names") => {
            let remedy = format!("{}, of those there are", set_parameters("APIGatewayStage=NAMES"));
            return vec![Check::new("stages", Outcome::failed(why.clone(), remedy))];
        }
        Observed::Unknown(why) => return vec![Check::new("stages", Outcome::unknown(why))],
    };
    let outcome = |it: &Stage| Check::new(format!("stage {}", it.name), stage(it, gateway, steps));
    stages.iter().map(outcome).collect()
}

/// Whether a stage shows a change of the route; `steps` are those that are due.
pub fn stage(stage: &Stage, gateway: &Gateway, steps: &[Step]) -> Outcome {
    let is_due =
        |step: &Step| matches!(step, Step::DeployStage { stage: due, .. } if *due == stage.name);
    if let Some(obstacle) = &stage.obstacle {
        return stands_in_the_way(obstacle);
    }
    match (stage.auto_deploy, &stage.serves) {
        (true, _) => Outcome::passed("shows a change at once"),
        (false, _) if steps.iter().any(is_due) => {
            Outcome::failed("it does not show yet where the route leads", APPLY)
        }
        (false, Serves::Nothing) => {
            let (command, id) = match gateway.api_type {
                ApiType::Http => ("apigatewayv2", "--api-id"),
                ApiType::Rest => ("apigateway", "--rest-api-id"),
            };
            let (api, name) = (&gateway.api_id, &stage.name);
            Outcome::failed(
                "it was never deployed, so it shows nothing (F4)",
                format!(
                    "deploy it: `aws {command} create-deployment {id} {api} --stage-name '{name}'`"
                ),
            )
        }
        (false, Serves::Deployment(_) | Serves::NotRead(_)) => {
            Outcome::passed("shows no change by itself: Eden deploys it after each (F4)")
        }
    }
}

/// What people can do about a stage that Eden cannot deploy.
fn stands_in_the_way(obstacle: &Obstacle) -> Outcome {
    let end_the_canary = "promote or end the canary release before the next task starts";
    match obstacle {
        Obstacle::Canary => Outcome::failed(
            "it has a canary release, beside which API Gateway takes no deployment (F58): a change \
             of the route would not show",
            format!("{end_the_canary}, or let a stage variable lead to the tasks: RouteVia"),
        ),
        Obstacle::CanaryVariable(value) => Outcome::failed(
            format!("its canary release has {value:?} as its own value of the variable (F58)"),
            format!("take the variable out of stageVariableOverrides, or {end_the_canary}"),
        ),
        Obstacle::DeploymentFailed(because) => Outcome::failed(
            format!("API Gateway could not deploy it, and says {because:?} (F56)"),
            "mend what that names, and change or deploy the API once more",
        ),
    }
}

#[cfg(test)]
mod tests {
    use eden_policy::facts::{LastStatus, TaskHealth, TaskNetwork};

    use super::*;

    fn gateway() -> Gateway {
        let variables = [
            ("ECS_CLUSTER", "c"),
            ("ECS_SERVICE", "s"),
            ("API_GATEWAY_ID", "a1"),
            ("API_GATEWAY_URL", "https://api.example.com"),
            ("INTEGRATION_ID", "int1"),
        ];
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        eden_core::config::IpUpdaterConfig::read(variable).unwrap().gateway
    }

    fn integration(kind: IntegrationKind, uri: Option<&str>) -> Integration {
        Integration { kind, ..Integration::http(uri.map(str::to_owned)) }
    }

    fn passed(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Passed { .. })
    }

    fn failed(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Failed { .. })
    }

    #[test]
    fn only_an_integration_over_the_internet_can_be_led_to_a_task() {
        let over_vpc = IntegrationKind::Other("HTTP_PROXY over VPC_LINK".to_owned());

        let pointer = Pointer::Integration("int1".to_owned());
        let writable = |read: &Observed<Integration>| writable(&pointer, read);
        let http = Observed::Known(integration(IntegrationKind::Http, None));
        assert!(passed(&writable(&http)));
        let variable = Some("http://${stageVariables.backend}/{proxy}");
        let variable = Observed::Known(integration(IntegrationKind::Http, variable));
        assert!(failed(&writable(&variable)));
        assert!(failed(&writable(&Observed::Known(integration(over_vpc, None)))));
        let missing = "GetIntegration of int1 of API a1 failed: NotFoundException: none";
        assert!(failed(&writable(&Observed::Unknown(missing.to_owned()))));
        let refused = Observed::Unknown("AccessDeniedException".to_owned());
        assert_eq!(writable(&refused), Outcome::unknown("AccessDeniedException"));
    }

    #[test]
    fn only_a_task_that_runs_is_a_target() {
        let at = "203.0.113.7:8000".parse().unwrap();
        let read = integration(IntegrationKind::Http, Some("http://203.0.113.7:8000/{proxy}"));
        let task = |last_status| Task {
            arn: "arn:aws:ecs:us-east-1:1:task/c/t1".to_owned(),
            last_status,
            status: String::new(),
            wanted: last_status == LastStatus::Running,
            health: TaskHealth::Healthy,
            unchecked: false,
            created_at: None,
            started_at: None,
            stopping_at: None,
            deployment: None,
            definition: None,
            container_instance: None,
            connected: true,
            network: TaskNetwork::Unattached,
            stop: None,
            images: Vec::new(),
            interface: None,
            suspect_since: None,
        };
        let (runs, stops) = (task(LastStatus::Running), task(LastStatus::Stopping));

        let found = "http://203.0.113.7:8000/{proxy}, where task t1 runs";
        assert_eq!(leads(&read, Lead::Task(&runs, at), true), Outcome::passed(found));
        for lead in [Lead::Task(&stops, at), Lead::Elsewhere, Lead::Maintenance, Lead::Parked] {
            for any_runs in [true, false] {
                assert!(failed(&leads(&read, lead, any_runs)), "{lead:?}");
            }
        }
    }

    /// As scanners for dangling addresses find it
    /// (<https://github.com/domain-protect/domain-protect/pull/117>).
    #[test]
    fn an_address_that_no_task_owns_is_told_also_while_none_is_wanted() {
        let at = |uri: &str| integration(IntegrationKind::Http, Some(uri));
        for uri in ["http://203.0.113.7:8000/{proxy}", "203.0.113.7", "203.0.113.7:8000"] {
            for outcome in [
                leads_to_nobody(&at(uri), Lead::Elsewhere),
                leads(&at(uri), Lead::Elsewhere, true),
                leads(&at(uri), Lead::Elsewhere, false),
            ] {
                let Outcome::Failed { found, .. } = outcome else { panic!("not failed") };
                assert!(found.contains("the target is no task's address"), "{found}");
            }
        }
        let name = at("https://standby.example.com/");
        assert!(passed(&leads_to_nobody(&name, Lead::Elsewhere)));
        assert!(passed(&leads_to_nobody(&name, Lead::Parked)));
        assert!(passed(&leads_to_nobody(&name, Lead::Maintenance)));
    }

    #[test]
    fn a_stage_shows_a_change_at_once_or_is_deployed_and_was_deployed_once() {
        let of = |auto_deploy, serves| {
            let it =
                Stage { name: "prod".to_owned(), auto_deploy, named: true, serves, obstacle: None };
            stage(&it, &gateway(), &[])
        };

        assert!(passed(&of(true, Serves::Nothing)));
        assert!(passed(&of(false, Serves::NotRead("d1".to_owned()))));
        assert!(failed(&of(false, Serves::Nothing)));
    }

    #[test]
    fn a_stage_that_eden_cannot_deploy_fails_with_what_stands_in_the_way() {
        for (obstacle, says) in [
            (Obstacle::Canary, "canary"),
            (Obstacle::CanaryVariable("203.0.113.9".to_owned()), "203.0.113.9"),
            (Obstacle::DeploymentFailed("no valid routes exist".to_owned()), "no valid routes"),
        ] {
            let it = Stage {
                name: "prod".to_owned(),
                auto_deploy: true,
                named: true,
                serves: Serves::NotRead("d1".to_owned()),
                obstacle: Some(obstacle.clone()),
            };
            let outcome = stage(&it, &gateway(), &[]);
            assert!(failed(&outcome), "{outcome:?}");
            assert!(format!("{outcome:?}").contains(says), "{outcome:?}");
        }
    }
}
