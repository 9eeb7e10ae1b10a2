//! The route: whether it can be written, where it leads, and whether a change of it takes effect.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use eden_core::config::{ApiType, Gateway};
use eden_policy::facts::{Integration, IntegrationKind, Pointer, Route, Serves, Stage, Task};
use eden_policy::{Diagnosis, Observed, Step, uri};

use super::check::{Check, Outcome};
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
    let Looked { gateway, facts, finding } = looked;
    let (Some(gateway), Some(route)) = (gateway, &facts.route) else {
        let found = "the functions are told of no API";
        let remedy = "deploy with the parameters of the API: `sam deploy --parameter-overrides \
                      APIGatewayId=ID APIGatewayIntegrationId=IDS`";
        return vec![Check::new("route", Outcome::failed(found, remedy))];
    };
    let tasks = Running::of(&facts.tasks, route);
    let mut checks: Vec<Check> = route
        .pointers
        .iter()
        .flat_map(|(pointer, read)| {
            let leads = match read {
                Observed::Known(_) if finding.diagnosis == Diagnosis::ScaledToZero => {
                    Outcome::passed("leads to no task, since none is wanted")
                }
                Observed::Known(read) => leads(read, pointer, gateway, &tasks),
                Observed::Unknown(why) => Outcome::unknown(why),
            };
            [
                Check::new(pointer.to_string(), writable(read)),
                Check::new(format!("target of {pointer}"), leads),
            ]
        })
        .collect();
    checks.extend(stages(route, gateway, &finding.plan.steps));
    checks
}

/// Whether it can be written, as far as that shows without writing.
fn writable(read: &Observed<Integration>) -> Outcome {
    match read {
        Observed::Known(Integration { kind: IntegrationKind::Http, .. }) => Outcome::passed(
            "can lead to a task; whether the functions' roles may write it shows only when they do",
        ),
        Observed::Known(Integration { kind: IntegrationKind::Other(kind), .. }) => Outcome::failed(
            format!("it is {kind}, which cannot lead to the public address of a task (F6)"),
            "name an integration of the type HTTP_PROXY over the internet: `sam deploy \
             --parameter-overrides APIGatewayIntegrationId=IDS`",
        ),
        Observed::Unknown(why) if why.contains("NotFoundException") => Outcome::failed(
            why.clone(),
            "name what there is: `sam deploy --parameter-overrides APIGatewayId=ID \
             APIGatewayIntegrationId=IDS`; README.md says how to find them",
        ),
        Observed::Unknown(why) => Outcome::unknown(why),
    }
}

/// The tasks that run, by where they are reached.
struct Running<'a> {
    by_endpoint: Result<BTreeMap<SocketAddr, &'a Task>, &'a str>,
    any: bool,
}

impl<'a> Running<'a> {
    fn of(tasks: &'a Observed<Vec<Task>>, route: &'a Route) -> Self {
        let (tasks, endpoints) = match (tasks, &route.endpoints) {
            (Observed::Known(tasks), Observed::Known(endpoints)) => (tasks, endpoints),
            (Observed::Unknown(why), _) | (_, Observed::Unknown(why)) => {
                return Running { by_endpoint: Err(why), any: true };
            }
        };
        let running = tasks.iter().filter(|task| task.runs());
        let by_endpoint = running.filter_map(|task| Some((*endpoints.get(&task.arn)?, task)));
        Running { by_endpoint: Ok(by_endpoint.collect()), any: tasks.iter().any(Task::runs) }
    }
}

fn leads(
    read: &Integration,
    pointer: &Pointer,
    gateway: &Gateway,
    running: &Running<'_>,
) -> Outcome {
    let Some(to) = read.uri.as_deref().filter(|uri| !uri.is_empty()) else {
        return Outcome::failed("it leads nowhere", APPLY);
    };
    if uri::before_maintenance(to).is_some() {
        return Outcome::failed(
            "it leads to the maintenance page",
            "`eden diagnose` shows why no task serves; Eden leads it back when one does",
        );
    }
    let by_endpoint = match &running.by_endpoint {
        Ok(by_endpoint) => by_endpoint,
        Err(why) => return Outcome::unknown(why),
    };
    let endpoint = match pointer {
        Pointer::Integration(_) => uri::endpoint(to),
        Pointer::StageVariable { .. } => uri::endpoint_of_value(to, gateway.backend_port),
    };
    match endpoint.and_then(|endpoint| by_endpoint.get(&endpoint)) {
        Some(task) => Outcome::passed(format!("{to}, where task {} runs", task.id())),
        None if running.any => {
            Outcome::failed(format!("{to}, where no task of the service runs"), APPLY)
        }
        None => Outcome::failed(
            format!("{to}, and no task of the service runs"),
            "`eden diagnose` shows why; Eden leads it to the first task that runs",
        ),
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
            let remedy = "name those there are: `sam deploy --parameter-overrides \
                          APIGatewayStage=NAMES`";
            return vec![Check::new("stages", Outcome::failed(why.clone(), remedy))];
        }
        Observed::Unknown(why) => return vec![Check::new("stages", Outcome::unknown(why))],
    };
    let outcome = |it: &Stage| Check::new(format!("stage {}", it.name), stage(it, gateway, steps));
    stages.iter().map(outcome).collect()
}

fn stage(stage: &Stage, gateway: &Gateway, steps: &[Step]) -> Outcome {
    let is_due =
        |step: &Step| matches!(step, Step::DeployStage { stage: due, .. } if *due == stage.name);
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

#[cfg(test)]
mod tests {
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
        Integration { kind, uri: uri.map(str::to_owned) }
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

        let http = Observed::Known(integration(IntegrationKind::Http, None));
        assert!(passed(&writable(&http)));
        assert!(failed(&writable(&Observed::Known(integration(over_vpc, None)))));
        let missing = "GetIntegration of int1 of API a1 failed: NotFoundException: none";
        assert!(failed(&writable(&Observed::Unknown(missing.to_owned()))));
        let refused = Observed::Unknown("AccessDeniedException".to_owned());
        assert_eq!(writable(&refused), Outcome::unknown("AccessDeniedException"));
    }

    #[test]
    fn a_route_that_leads_to_no_running_task_fails_and_unknown_tasks_are_unknown() {
        let pointer = Pointer::Integration("int1".to_owned());
        let uri = "http://203.0.113.7:8000/{proxy}";
        let to = |uri| integration(IntegrationKind::Http, uri);
        let none = Running { by_endpoint: Ok(BTreeMap::new()), any: true };
        let unknown = Running { by_endpoint: Err("refused"), any: true };

        assert!(failed(&leads(&to(Some(uri)), &pointer, &gateway(), &none)));
        assert!(failed(&leads(&to(None), &pointer, &gateway(), &unknown)));
        let page = uri::maintenance("https://example.com/page", Some(uri));
        assert!(failed(&leads(&to(Some(&page)), &pointer, &gateway(), &none)));
        let outcome = leads(&to(Some(uri)), &pointer, &gateway(), &unknown);
        assert_eq!(outcome, Outcome::unknown("refused"));
    }

    #[test]
    fn a_stage_shows_a_change_at_once_or_is_deployed_and_was_deployed_once() {
        let of = |auto_deploy, serves| {
            let it = Stage { name: "prod".to_owned(), auto_deploy, serves };
            stage(&it, &gateway(), &[])
        };

        assert!(passed(&of(true, Serves::Nothing)));
        assert!(passed(&of(false, Serves::NotRead("d1".to_owned()))));
        assert!(failed(&of(false, Serves::Nothing)));
    }
}
