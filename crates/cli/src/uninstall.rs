//! `eden uninstall`: what `sam delete` leaves behind, before it.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Result, bail, ensure};
use eden_core::act::{self, Attempt, Outcome, tag, untag};
use eden_core::config::{Gateway, HealthMonitorConfig, Target};
use eden_core::notify::Trail;
use eden_core::observe::{self, RouteFacts, Wanted};
use eden_core::report::{Report, Told};
use eden_core::tags::{HEALING, OF_SERVICE, SUSPECT_SINCE};
use eden_input::Hints;
use eden_policy::facts::{Service, ServiceStatus, Task};
use eden_policy::route::{self, View};
use eden_policy::{Hold, Mode, Step};
use serde::Serialize;

use crate::arguments::RouteLeft;
use crate::context::Context;
use crate::exit::ExitStatus;
use crate::intent::section;
use crate::output::{BAD, Cell, DIM, GOOD, Table};
use crate::settings;

/// What was done, and what is left to do.
#[derive(Debug, Serialize)]
struct Uninstalled {
    service: String,
    /// What was to become of the route.
    route: RouteLeft,
    done: Vec<Told<Step>>,
    /// What was not needed, or could not be parked by its nature.
    held: Vec<String>,
    /// The tags that were taken off, with what they were on.
    untagged: Vec<String>,
    /// The tag that keeps the functions from acting until they are gone.
    kept: String,
    failed: Vec<String>,
    /// What to do next, in this order.
    next: Vec<String>,
}

/// Switches healing off, parks the route or leaves it, and takes Eden's tags off. Nothing is changed
/// before all of it could be read.
///
/// # Errors
/// When the settings, the service, its tasks or the route could not be read, or nobody can be asked
/// what becomes of the route.
pub async fn run(context: &Context, left: Option<RouteLeft>) -> Result<ExitStatus> {
    let config = settings::health_monitor(context).await?;
    let read = Box::pin(read(context, &config)).await?;
    let left = left.map_or_else(ask, Ok)?;
    let done = Box::pin(uninstall(context, &config, read, left)).await?;
    context.output.show(&done, text)?;
    Ok(if done.failed.is_empty() { ExitStatus::Good } else { ExitStatus::Bad })
}

/// What there is to take leave of.
struct Read {
    service: Service,
    tasks: Vec<Task>,
    route: Option<(Gateway, eden_policy::facts::Route)>,
}

async fn read(context: &Context, config: &HealthMonitorConfig) -> Result<Read> {
    let (aws, target) = (&context.edge.aws, &config.target);
    let service = observe::service(aws, target).await?;
    if service.status == ServiceStatus::Missing {
        bail!(
            "ECS knows no service {} in cluster {}, so it cannot be told what Eden has left on it: \
             the stack's parameters ECSService and ECSCluster name another, or it was deleted. To \
             park what the integrations still lead to, edit them by hand; docs/operations.md says how",
            target.service,
            target.cluster
        );
    }
    let Some(gateway) = config.gateway.clone() else {
        return Ok(Read { service, tasks: Vec::new(), route: None });
    };
    let hints = Hints::default();
    let RouteFacts { tasks, mut route, .. } =
        observe::route(aws, target, &gateway, &[Wanted::Running, Wanted::Stopped], &hints).await;
    observe::deployments(aws, &gateway, &mut route.stages, observe::Of::ManualStages).await;
    let pointers = route.pointers.iter().filter_map(|(_, read)| read.unknown());
    let unread = tasks.unknown().into_iter().chain(route.stages.unknown()).chain(pointers);
    if let Some(because) = unread.into_iter().next() {
        bail!("nothing was changed, as not everything could be read: {because}");
    }
    let tasks = tasks.known().cloned().unwrap_or_default();
    Ok(Read { service, tasks, route: Some((gateway, route)) })
}

async fn uninstall(
    context: &Context,
    config: &HealthMonitorConfig,
    Read { service, tasks, route }: Read,
    left: RouteLeft,
) -> Result<Uninstalled> {
    let (aws, target) = (&context.edge.aws, &config.target);
    // First of all: the functions would lead the route on, and write tags.
    let kept = target.tag(HEALING);
    tag(aws, &service.arn, kept.clone(), Mode::Off.to_string()).await?;
    let mut done = Uninstalled {
        service: target.service.clone(),
        route: left,
        done: Vec::new(),
        held: Vec::new(),
        untagged: Vec::new(),
        next: next(&service, &kept),
        kept,
        failed: Vec::new(),
    };
    if let (RouteLeft::Park, Some((gateway, route))) = (left, &route) {
        let routing = &gateway.routing;
        let (service, now) = (Some(&service), aws.now());
        let view = View::of(service, &tasks, route, routing, now);
        let plan = route::park_all(&view, "Eden is removed");
        done.held.extend(plan.holds.iter().map(Hold::to_string));
        let attempts = act::execute(aws, target, gateway.api_type, plan.steps).await;
        let by = "eden uninstall".to_owned();
        let report = Report::new("eden", &context.request_id(), by, now);
        done.failed.extend(Trail::of(aws, target, &report).write(&attempts).await);
        for attempt in attempts {
            done.acted(attempt);
        }
    }
    for (arn, key) in tags(target, &service, &tasks) {
        match untag(aws, &arn, key.clone()).await {
            Ok(_) => done.untagged.push(format!("{key} of {}", short(&arn))),
            Err(error) => done.failed.push(error.to_string()),
        }
    }
    Ok(done)
}

impl Uninstalled {
    fn acted(&mut self, Attempt { step, outcome }: Attempt) {
        match outcome {
            Ok(Outcome::Done) => self.done.push(Told::from(step)),
            Ok(Outcome::Skipped(why)) => self.held.push(why),
            Ok(Outcome::Refused(refused)) => self.failed.push(refused.because),
            Err(error) => self.failed.push(error.to_string()),
        }
    }
}

/// The tags that Eden has, or may have, written, by ARN. Which the service has is not known of those
/// that cannot be parsed, so all are taken off; taking off what is not there changes nothing.
fn tags(target: &Target, service: &Service, tasks: &[Task]) -> Vec<(String, String)> {
    let of_service = OF_SERVICE.map(|key| (service.arn.clone(), target.tag(key)));
    let suspects = tasks.iter().filter(|task| task.suspect_since.is_some() && task.runs());
    let of_tasks = suspects.map(|task| (task.arn.clone(), target.tag(SUSPECT_SINCE)));
    of_service.into_iter().chain(of_tasks).collect()
}

fn next(service: &Service, kept: &str) -> Vec<String> {
    vec![
        "sam delete".to_owned(),
        format!("aws ecs untag-resource --resource-arn {} --tag-keys {kept}", service.arn),
    ]
}

/// What follows the account, as people name services and tasks.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Asks on the terminal; nothing is written to stdout, where data belongs.
fn ask() -> Result<RouteLeft> {
    let stdin = io::stdin();
    ensure!(
        stdin.is_terminal(),
        "nobody can be asked what becomes of the route, since stdin is no terminal: pass --route \
         park, and the API answers 5xx from now on, or --route leave, and the task's address, once it \
         is gone, may be anybody's"
    );
    anstream::eprint!(
        "Once Eden is gone nothing follows the tasks: an address that a task leaves may be anybody's, \
         who then gets what users send.\nPark the route now, so that the API answers 5xx, or leave \
         it? [park/leave] "
    );
    io::stderr().flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "park" => Ok(RouteLeft::Park),
        "leave" => Ok(RouteLeft::Leave),
        other => bail!("{other:?} is neither park nor leave: nothing was changed"),
    }
}

fn text(done: &Uninstalled, width: usize) -> String {
    let mut table = Table::bare();
    let off = format!("healing of {} is off ({}=off)", done.service, done.kept);
    section(&mut table, "done", [Cell::styled(off, GOOD)]);
    let route = match done.route {
        RouteLeft::Park => "the route is parked: the API answers 5xx until it is led elsewhere",
        RouteLeft::Leave => {
            "the route is left: once the task is gone, its address may be anybody's"
        }
    };
    section(&mut table, "route", [route.into()]);
    let steps = done.done.iter().map(|it| Cell::from(it.text.as_str()));
    section(&mut table, "", steps);
    section(&mut table, "not needed", done.held.iter().map(|it| Cell::styled(it, DIM)));
    let untagged = done.untagged.iter().map(|it| Cell::styled(it, DIM));
    section(&mut table, "untagged", untagged);
    section(&mut table, "failed", done.failed.iter().map(|it| Cell::styled(it, BAD)));
    section(&mut table, "next", done.next.iter().map(|it| Cell::from(it.as_str())));
    table.text(0, width)
}
