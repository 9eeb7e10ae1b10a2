//! Facts in words, aligned.

use std::fmt::Display;

use eden_policy::facts::{
    DeploymentController, Ended, Integration, LastStatus, Minute, Pointer, Readiness, Refused,
    Requests, RolloutState, Route, Scheduling, Serves, Service, ServiceStatus, Stage, StopCode,
    Strategy, Task, TaskHealth, task_id,
};
use eden_policy::mode::{Mode, ModeTag};
use eden_policy::{Evidence, Facts, Limits, Observed};
use jiff::Timestamp;

use super::Situation;
use super::fixtures::{PRIMARY, now};

/// What is given, a line each, with a label where something else begins.
pub fn given(situation: &Situation) -> Vec<(&'static str, String)> {
    let Situation { facts, limits, .. } = situation;
    let mut lines = labelled("settings", settings(situation));
    lines.extend(labelled("service", read(&facts.service, service)));
    lines.extend(labelled("tasks", read(&facts.tasks, |tasks| grouped(facts, tasks))));
    lines.extend(labelled("route", facts.route.as_ref().map_or(Vec::new(), |it| route(it, facts))));
    lines.extend(labelled("alarm", read(&facts.alarm, |it| vec![words(&Evidence::of_alarm(*it))])));
    lines.extend(labelled("api", read(&facts.api, |it| vec![words(&Evidence::of_api(it))])));
    if let Some(Requests { all, failed, newest }) = facts.requests.known().copied().flatten() {
        let mut counts = vec![format!("{failed} of {all} failed")];
        let Minute { all: lately, failed: of_lately } = newest;
        let differs = newest != Minute { all, failed };
        counts.extend(differs.then(|| format!("{of_lately} of {lately} in the newest minute")));
        lines.extend(labelled("requests", counts));
    }
    if limits.rollback {
        lines.extend(labelled("before", former(facts)));
    }
    lines
}

/// How long ago, in words.
fn ago_in_words(at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "an unknown time".to_owned() };
    let seconds = now().duration_since(at).as_secs();
    match seconds {
        7_200.. if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        120.. if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

fn labelled(label: &'static str, lines: Vec<String>) -> Vec<(&'static str, String)> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(lines).collect()
}

fn read<T>(observed: &Observed<T>, describe: impl FnOnce(&T) -> Vec<String>) -> Vec<String> {
    match observed {
        Observed::Known(fact) => describe(fact),
        Observed::Unknown(why) => vec![format!("could not be read: {why}")],
    }
}

/// Evidence without its subject, which the label names.
fn words(evidence: &Evidence) -> String {
    let text = evidence.to_string();
    let text = text.trim_start_matches("the 5XX alarm is ").trim_start_matches("the API answered ");
    text.to_owned()
}

/// The settings that are not the defaults, by their environment variables.
fn settings(situation: &Situation) -> Vec<String> {
    let Situation { limits, routing, mode, .. } = situation;
    let default = Limits::default();
    let mut lines = Vec::new();
    let mut differs = |name: &str, value: String, default: String| {
        if value != default {
            lines.push(format!("{name}={value}"));
        }
    };
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    differs("HEALING_MODE", mode.to_string(), Mode::On.to_string());
    differs("ROLLBACK", on(limits.rollback), on(default.rollback));
    let count = |limits: &Limits| limits.min_desired_count.to_string();
    differs("MIN_DESIRED_COUNT", count(limits), count(&default));
    let wait = |limits: &Limits| limits.unhealthy_for.as_secs().to_string();
    differs("UNHEALTHY_FOR_SECONDS", wait(limits), wait(&default));
    if let Some(page) = &routing.maintenance {
        lines.push(format!("MAINTENANCE_URL={}", page.url));
        lines.push(format!("MAINTENANCE_AFTER_SECONDS={}", page.after.as_secs()));
    }
    if lines.is_empty() { vec!["the defaults".to_owned()] } else { lines }
}

fn service(service: &Service) -> Vec<String> {
    let Service { running, desired, pending, .. } = service;
    let mut lines = vec![format!("{running} of {desired} tasks run, {pending} on their way")];
    match service.status {
        ServiceStatus::Active => {}
        ServiceStatus::Draining => return vec!["DRAINING".to_owned()],
        ServiceStatus::Inactive => return vec!["INACTIVE".to_owned()],
        ServiceStatus::Missing => return vec!["there is none".to_owned()],
        ServiceStatus::Unknown => return vec!["in a status that nobody knows".to_owned()],
    }
    for deployment in &service.deployments {
        let role = if deployment.primary { "PRIMARY" } else { "ACTIVE" };
        lines.push(format!(
            "deployment {}: {role}, {}, {} old, of {}",
            deployment.id,
            state(deployment.rollout),
            ago_in_words(Some(deployment.created_at)),
            task_id(&deployment.definition)
        ));
    }
    if service.controller == DeploymentController::Other {
        lines.push("deployed by CODE_DEPLOY or an EXTERNAL controller".to_owned());
    }
    lines.extend(kind(service));
    match &service.mode {
        ModeTag::Absent => {}
        ModeTag::Set(mode) => lines.push(format!("tag healing: {mode}")),
        ModeTag::Unrecognized(text) => lines.push(format!("tag healing: {text}")),
    }
    if service.unserved_since.is_some() {
        lines.push(format!("nobody served for {}", ago_in_words(service.unserved_since)));
    }
    if let Some(failing) = &service.failing {
        let age = ago_in_words(Some(failing.since));
        lines.push(format!("noted as failing for {age}, with {}", failing.definition));
    }
    let (least, most) = (service.minimum_healthy_percent, service.maximum_percent);
    if (least, most) != (100, 200) {
        lines.push(format!("minimumHealthyPercent {least}, maximumPercent {most}"));
    }
    let seen = service.seen.iter();
    lines.extend(seen.map(|sighting| format!("a look before found {sighting}")));
    let told = service.told.iter();
    lines.extend(told.map(|condition| format!("people were told of {condition}")));
    let deployed = service.redeployed_at.iter();
    lines.extend(deployed.map(|at| format!("Eden deployed it {} ago", ago_in_words(Some(*at)))));
    let raised = service.restored_at.iter();
    lines.extend(raised.map(|at| format!("Eden raised the count {} ago", ago_in_words(Some(*at)))));
    let overwritten = service.overwritten_at.iter();
    lines.extend(
        overwritten.map(|at| {
            format!("somebody had written over the route {} ago", ago_in_words(Some(*at)))
        }),
    );
    let refused = |it: &Refused| {
        let ago = ago_in_words(Some(it.at));
        format!("AWS refused {} of {} {ago} ago: {}", it.action, it.target, it.because)
    };
    lines.extend(service.refused.iter().map(refused));
    let said = |at, text: &str| format!("ECS said {} ago: {text}", ago_in_words(Some(at)));
    lines.extend(service.events.iter().map(|event| said(event.at, &event.text)));
    lines
}

/// What kind of service it is, where that is not the usual one.
fn kind(service: &Service) -> Vec<String> {
    let strategy = match service.strategy {
        Strategy::Rolling => None,
        Strategy::BlueGreen => Some("BLUE_GREEN"),
        Strategy::Linear => Some("LINEAR"),
        Strategy::Canary => Some("CANARY"),
        Strategy::Unknown => Some("one that nobody knows"),
    };
    let scheduling = match service.scheduling {
        Scheduling::Replica => None,
        Scheduling::Daemon => Some("scheduled as DAEMON"),
        Scheduling::Unknown => Some("scheduled in a way that nobody knows"),
    };
    let mut lines: Vec<_> = strategy.map(|it| format!("strategy {it}")).into_iter().collect();
    lines.extend(scheduling.map(str::to_owned));
    lines.extend(service.shift.as_ref().map(|shift| match shift {
        Observed::Known(shift) => format!("the deployment in progress is in {}", shift.stage),
        Observed::Unknown(why) => format!("how far the deployment is could not be read: {why}"),
    }));
    lines
}

fn state(rollout: RolloutState) -> &'static str {
    match rollout {
        RolloutState::InProgress => "IN_PROGRESS",
        RolloutState::Completed => "COMPLETED",
        RolloutState::Failed => "FAILED",
        RolloutState::Unknown => "in no known state",
    }
}

/// Tasks of which the same is to be said stand in one line.
fn grouped(facts: &Facts, tasks: &[Task]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for task in tasks {
        let text = self::task(facts, task);
        match groups.iter_mut().find(|(other, _)| *other == text) {
            Some((_, ids)) => ids.push(task.id()),
            None => groups.push((text, vec![task.id()])),
        }
    }
    if groups.is_empty() {
        return vec!["none".to_owned()];
    }
    let line = |(text, ids): (String, Vec<&str>)| match &ids[..] {
        [first, .., last] if ids.len() > 4 => {
            format!("{first} to {last}, {} in all: {text}", ids.len())
        }
        _ => format!("{}: {text}", ids.join(", ")),
    };
    groups.into_iter().map(line).collect()
}

fn task(facts: &Facts, task: &Task) -> String {
    let mut text = match (&task.stop, task.last_status) {
        (_, LastStatus::Running) if !task.wanted && task.stop.is_some() => {
            format!("RUNNING, to stop since {} ago", ago_in_words(task.stopping_at))
        }
        (Some(_), _) => format!("STOPPED {} ago", ago_in_words(task.stopping_at)),
        (None, LastStatus::Starting) => {
            format!("starting, requested {} ago", ago_in_words(task.created_at))
        }
        (None, LastStatus::Running) if task.wanted => {
            format!("RUNNING for {}", ago_in_words(task.started_at))
        }
        (None, _) => format!("stopping since {} ago", ago_in_words(task.stopping_at)),
    };
    let mut say = |what: &dyn Display| text.extend([", ".to_owned(), what.to_string()]);
    match task.health {
        TaskHealth::Healthy if task.unchecked => say(&"HEALTHY by some of its containers"),
        TaskHealth::Healthy => say(&"HEALTHY"),
        TaskHealth::Unhealthy => say(&"UNHEALTHY"),
        TaskHealth::Unknown => {}
    }
    if task.deployment.as_deref() != Some(PRIMARY) {
        say(&format!("of {}", task.deployment.as_deref().unwrap_or("no deployment")));
    }
    match readiness(facts, task).filter(|_| task.runs()) {
        Some(Readiness::NotReady(_, because)) => say(&format!("does not answer: {because}")),
        Some(Readiness::Unclear(answer) | Readiness::Limited(answer)) => {
            say(&format!("answers: {answer}"));
        }
        Some(Readiness::Unreachable(why)) => say(&format!("cannot be reached: {why}")),
        Some(Readiness::Ready) | None => {}
    }
    if let Some(instance) = &task.container_instance {
        say(&format!("on container instance {}", task_id(instance)));
    }
    if task.suspect_since.is_some() {
        say(&format!("a suspect for {}", ago_in_words(task.suspect_since)));
    }
    if facts.protected.known().is_some_and(|it| it.contains(&task.arn)) {
        say(&"protected");
    }
    if task.runs()
        && task.suspect_since.is_some()
        && let Observed::Unknown(why) = &facts.protected
    {
        say(&format!("protection could not be read: {why}"));
    }
    if let Some(stop) = &task.stop {
        say(&format!("{}: {}", stop_code(stop.code), stop.reason));
        for Ended { name, exit_code, reason } in &stop.containers {
            let code = exit_code.map_or("never ran".to_owned(), |it| format!("exited with {it}"));
            let reason = reason.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
            say(&format!("container {name} {code}{reason}"));
        }
    }
    text
}

fn stop_code(code: StopCode) -> &'static str {
    match code {
        StopCode::TaskFailedToStart => "TaskFailedToStart",
        StopCode::EssentialContainerExited => "EssentialContainerExited",
        StopCode::UserInitiated => "UserInitiated",
        StopCode::ServiceSchedulerInitiated | StopCode::FailedHealthChecks => {
            "ServiceSchedulerInitiated"
        }
        StopCode::Infrastructure => "InfrastructureHealth",
        StopCode::Unknown => "without a code",
    }
}

fn readiness<'a>(facts: &'a Facts, task: &Task) -> Option<&'a Readiness> {
    facts.readiness(task)
}

fn route(route: &Route, facts: &Facts) -> Vec<String> {
    let mut lines: Vec<_> =
        route.pointers.iter().map(|(pointer, to)| leads(pointer, to, route, facts)).collect();
    if let Observed::Known(stages) = &route.stages {
        lines.extend(stages.iter().filter_map(stage));
    }
    lines
}

fn leads(pointer: &Pointer, to: &Observed<Integration>, route: &Route, facts: &Facts) -> String {
    let integration = match to {
        Observed::Known(integration) => integration,
        Observed::Unknown(why) => return format!("{pointer} could not be read: {why}"),
    };
    let uri = integration.uri.as_deref().unwrap_or("nothing");
    let tasks = facts.tasks.known().map_or(&[][..], Vec::as_slice);
    let there = tasks.iter().find(|task| {
        let endpoint = route.endpoints.known().and_then(|all| all.get(&task.arn));
        endpoint.is_some_and(|at| uri.contains(&format!("/{at}/")))
    });
    match there {
        Some(task) => format!("{pointer} leads to {}", task.id()),
        None => format!("{pointer} leads to {uri}, where no task is"),
    }
}

/// A stage that has been deployed.
fn stage(stage: &Stage) -> Option<String> {
    let Serves::Deployment(deployment) = &stage.serves else { return None };
    let auto = if stage.auto_deploy { "with" } else { "without" };
    let note = deployment.description.as_deref().unwrap_or("no description");
    let age = ago_in_words(deployment.created_at);
    Some(format!("stage {} {auto} autoDeploy, deployed {age} ago: {note}", stage.name))
}

fn former(facts: &Facts) -> Vec<String> {
    read(&facts.former, |former| {
        vec![former.as_ref().map_or_else(
            || "nothing else has run".to_owned(),
            |it| {
                let until = ago_in_words(Some(it.replaced_at));
                let inactive = if it.active { "" } else { ", and is INACTIVE" };
                format!("{} ran well until {until} ago{inactive}", task_id(&it.definition))
            },
        )]
    })
}
