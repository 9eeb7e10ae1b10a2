//! What can be checked before there is a stack. What `eden verify` checks as well, its own modules judge.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use eden_core::config::IpUpdaterConfig;
use eden_core::observe::RouteFacts;
use eden_policy::Observed;
use eden_policy::facts::{Readiness, Task};

use super::read::{Door, Doors};
use crate::verify::check::{Check, Outcome};
use crate::verify::{route, tags};

/// What was looked at.
#[derive(Debug)]
pub struct Looked<'a> {
    /// The settings that the functions will have.
    pub config: &'a IpUpdaterConfig,
    /// The tasks, the integrations and the stages.
    pub facts: &'a RouteFacts,
    /// Whom the security groups let in.
    pub doors: &'a Observed<Doors>,
    /// Whether the tasks take connections.
    pub connections: &'a BTreeMap<SocketAddr, Readiness>,
    /// What they answer at the health path, if there is one.
    pub answers: &'a BTreeMap<SocketAddr, Readiness>,
    /// The tags of the service.
    pub tags: &'a Observed<tags::Tags>,
}

/// All checks, in the order in which a request meets what they are about.
pub fn checks(looked: &Looked<'_>) -> Vec<Check> {
    let Looked { config, facts, .. } = looked;
    let gateway = &config.gateway;
    let of_pointers = facts.route.pointers.iter();
    let mut checks: Vec<Check> = of_pointers
        .map(|(pointer, read)| Check::new(pointer.to_string(), route::writable(pointer, read)))
        .collect();
    match &facts.route.stages {
        Observed::Known(stages) => checks.extend(stages.iter().map(|stage| {
            Check::new(format!("stage {}", stage.name), route::stage(stage, gateway, &[]))
        })),
        Observed::Unknown(why) => checks.push(Check::new("stages", Outcome::unknown(why))),
    }
    checks.push(Check::new("public addresses", addresses(facts)));
    let has_endpoint = facts.route.endpoints.known().is_some_and(|it| !it.is_empty());
    if has_endpoint {
        let port = gateway.backend_port;
        let open = open(looked.doors, looked.connections, port);
        checks.push(Check::new(format!("port {port}"), open));
        if let Some(path) = &gateway.probe.path {
            checks.push(Check::new(format!("health path {path}"), answers(looked.answers)));
        }
    }
    checks.push(tags::check(looked.tags));
    checks
}

fn addresses(facts: &RouteFacts) -> Outcome {
    let (tasks, endpoints) = match (&facts.tasks, &facts.route.endpoints) {
        (Observed::Known(tasks), Observed::Known(endpoints)) => (tasks, endpoints),
        (Observed::Unknown(why), _) | (_, Observed::Unknown(why)) => return Outcome::unknown(why),
    };
    let running = tasks.iter().filter(|task| task.runs()).map(|it: &Task| &it.arn);
    let running: Vec<_> = running.collect();
    let found: Vec<_> = running.iter().filter_map(|arn| endpoints.get(*arn)).collect();
    match (running.len(), found.len()) {
        (0, _) => Outcome::unknown("no task runs, so that nothing tells how tasks are reached"),
        (running, 0) => Outcome::failed(
            format!("none of {running} running tasks has a public address on this port"),
            "on Fargate set assignPublicIp=ENABLED in the service's network configuration, in subnets \
             with an internet gateway; on EC2 instances use the network mode bridge or host, with the \
             port mapped",
        ),
        (running, found_of) => {
            let list = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Outcome::passed(format!("{found_of} of {running} running tasks: {list}"))
        }
    }
}

/// Whether the port is open to API Gateway and the functions, which come from anywhere.
fn open(
    doors: &Observed<Doors>,
    connections: &BTreeMap<SocketAddr, Readiness>,
    port: u16,
) -> Outcome {
    if let Observed::Known(Doors { groups, open: Door::Closed }) = doors {
        let group = groups.first().map_or("ID", String::as_str);
        return Outcome::failed(
            format!("the security groups {} do not let everybody in", groups.join(", ")),
            format!(
                "let the internet in, since API Gateway and the functions come from anywhere: `aws ec2 \
                 authorize-security-group-ingress --group-id {group} --protocol tcp --port {port} \
                 --cidr 0.0.0.0/0`"
            ),
        );
    }
    let refused = connections.iter().find_map(|(to, it)| match it {
        Readiness::NotReady(_, why) => Some(format!("{to}: {why}")),
        _ => None,
    });
    let unreachable = connections.iter().find_map(|(to, it)| match it {
        Readiness::Unreachable(why) => Some(format!("{to}: {why}")),
        _ => None,
    });
    match (refused, unreachable, doors) {
        (Some(why), ..) => Outcome::failed(
            why,
            "name the port on which the application answers with --port PORT; it has to listen on \
             0.0.0.0 and not on 127.0.0.1",
        ),
        (None, Some(why), _) => Outcome::unknown(format!("not reached from this machine: {why}")),
        (None, None, Observed::Known(Doors { open: Door::Everybody, .. })) => {
            Outcome::passed("takes connections, and lets everybody in")
        }
        (None, None, Observed::Known(_)) => Outcome::unknown(
            "takes connections from here; whom else it lets in, a prefix list says",
        ),
        (None, None, Observed::Unknown(why)) => Outcome::unknown(format!(
            "takes connections from here; whether from everybody is not known: {why}"
        )),
    }
}

fn answers(answers: &BTreeMap<SocketAddr, Readiness>) -> Outcome {
    let mut ready = 0;
    for readiness in answers.values() {
        match readiness {
            Readiness::Ready => ready += 1,
            Readiness::Unreachable(why) | Readiness::Limited(why) => {
                return Outcome::unknown(why);
            }
            Readiness::Unclear(why) | Readiness::NotReady(_, why) => {
                return Outcome::failed(
                    why.clone(),
                    "name a path that a healthy task answers well without a login with --health-path \
                     PATH, or --health-path none when a TCP connection is enough",
                );
            }
        }
    }
    Outcome::passed(format!("{ready} of {ready} tasks answer well"))
}

#[cfg(test)]
mod tests {
    use eden_policy::facts::Unready;

    use super::*;

    fn at(readiness: Readiness) -> BTreeMap<SocketAddr, Readiness> {
        BTreeMap::from([("52.1.2.3:8000".parse().unwrap(), readiness)])
    }

    fn doors(open: Door) -> Observed<Doors> {
        Observed::Known(Doors { groups: vec!["sg-1".to_owned()], open })
    }

    fn kind(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Passed { .. } => "passed",
            Outcome::Failed { .. } => "failed",
            Outcome::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn a_port_has_to_take_connections_of_everybody() {
        let refuses = || Readiness::NotReady(Unready::Refuses, "refused".to_owned());
        let nowhere = || Readiness::Unreachable("timed out".to_owned());
        let unknown = || Observed::Unknown("denied".to_owned());
        for (doors, readiness, expected) in [
            (doors(Door::Everybody), Readiness::Ready, "passed"),
            (doors(Door::Closed), Readiness::Ready, "failed"),
            (doors(Door::Everybody), refuses(), "failed"),
            (doors(Door::Everybody), nowhere(), "unknown"),
            (doors(Door::Closed), nowhere(), "failed"),
            (doors(Door::Some), Readiness::Ready, "unknown"),
            (unknown(), Readiness::Ready, "unknown"),
        ] {
            let outcome = open(&doors, &at(readiness), 8000);
            assert_eq!(kind(&outcome), expected, "{doors:?}: {outcome:?}");
        }
    }

    #[test]
    fn a_health_path_has_to_be_answered_well() {
        let unclear = Readiness::Unclear("GET /health answered 404".to_owned());
        let limited = Readiness::Limited("GET /health answered 429".to_owned());
        assert_eq!(kind(&answers(&at(Readiness::Ready))), "passed");
        assert_eq!(kind(&answers(&at(unclear))), "failed");
        assert_eq!(kind(&answers(&at(limited))), "unknown");
    }
}
