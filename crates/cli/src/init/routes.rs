//! Which of the account's APIs could lead to the service, and by what: one choice each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use eden_core::config::ApiType;
use eden_policy::facts::Pointer;
use eden_policy::redact::redacted;
use eden_policy::{route, uri};

use super::facts::{Api, Integration, spelled};
use super::fit::{Fit, fit};

/// So many integrations the template takes.
const MOST: usize = 4;

/// A way from an API to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The API's id.
    pub api: String,
    /// The API's name, of which a REST API's metrics tell.
    pub name: String,
    /// The API's kind.
    pub kind: ApiType,
    /// What is written.
    pub via: Via,
    /// The stages to deploy, or the one of the variable; none where the functions find them.
    pub stages: Option<String>,
    /// The URL of the API at its first stage; none where the API has none of its own.
    pub url: Option<String>,
    /// What it leads to now, at its best.
    pub fit: Fit,
    /// The port that it leads to now.
    pub port: Option<u16>,
    /// How it reads in a list.
    pub text: String,
    /// What of the API is left alone, and why.
    pub left_alone: Vec<String>,
}

/// What is written to lead to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// These integrations.
    Integrations(Vec<String>),
    /// The variable of this name.
    Variable(String),
}

/// What was asked for on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The API's id.
    pub api: Option<&'a str>,
    /// Its integrations.
    pub integrations: Option<&'a str>,
    /// Its stages.
    pub stages: Option<&'a str>,
    /// Its URL.
    pub url: Option<&'a str>,
}

/// All ways, the likeliest first, and why other APIs give none.
pub fn candidates(
    apis: &[Api],
    tasks: &BTreeSet<IpAddr>,
    asked: Asked<'_>,
) -> (Vec<Candidate>, Vec<String>) {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for api in apis.iter().filter(|api| asked.api.is_none_or(|id| id == api.id)) {
        match of(api, tasks, asked) {
            Ok(candidates) => found.extend(candidates),
            Err(why) => refused.push(format!("{} {}", spelled_title(api), why)),
        }
    }
    found.sort_by_key(|candidate| candidate.fit);
    (found, refused)
}

fn spelled_title(api: &Api) -> String {
    format!("{} API {}", spelled(api.kind), api.title())
}

fn of(api: &Api, tasks: &BTreeSet<IpAddr>, asked: Asked<'_>) -> Result<Vec<Candidate>, String> {
    if api.private {
        return Err(
            "has a private endpoint, which Eden's functions cannot call from outside of the \
                    VPC: give it a regional endpoint, or use another API"
                .to_owned(),
        );
    }
    if api.url.is_none() && asked.url.is_none() {
        return Err("has no URL of its own, since its default endpoint is switched off: name the \
                    URL that its users know with --url"
            .to_owned());
    }
    let way = way(api, tasks, asked)?;
    let stages = stages(api, &way, asked)?;
    Ok(stages.into_iter().map(|stage| candidate(api, &way, stage)).collect())
}

/// What is to be written, before it is known for which stage.
struct Way<'a> {
    via: Via,
    chosen: Vec<&'a Integration>,
    fit: Fit,
    port: Option<u16>,
    left_alone: Vec<String>,
}

/// The port of the first that leads to an address of the best kind, if that can be a task's.
fn port_of(fits: &[(Fit, &Integration)], best: Fit) -> Option<u16> {
    let is_best = |(fit, _): &&(Fit, &Integration)| *fit == best;
    let endpoint = |(_, it): &(Fit, &Integration)| uri::endpoint(it.read.uri.as_deref()?);
    let can_be = matches!(best, Fit::Task | Fit::Address);
    let found = fits.iter().filter(is_best).find_map(endpoint);
    found.filter(|_| can_be).map(|it| it.port())
}

fn way<'a>(api: &'a Api, tasks: &BTreeSet<IpAddr>, asked: Asked<'_>) -> Result<Way<'a>, String> {
    if let Some(ids) = asked.integrations {
        return asked_for(api, ids, tasks);
    }
    let (mut fits, mut others) = (Vec::new(), Vec::new());
    let mut by_variable: BTreeMap<&str, Vec<&Integration>> = BTreeMap::new();
    for integration in &api.integrations {
        let pointer = Pointer::Integration(integration.id.clone());
        match route::host_variable(&pointer, &integration.read) {
            Some(variable) => by_variable.entry(variable).or_default().push(integration),
            None => match fit(integration, tasks) {
                Ok(fit) => fits.push((fit, integration)),
                Err(why) => others.push(left(integration, &why)),
            },
        }
    }
    let best = fits.iter().map(|(fit, _)| *fit).min();
    match (best, by_variable.len()) {
        (None, 0) if api.integrations.is_empty() => Err("has no integrations".to_owned()),
        (None, 0) => Err(format!("has no integration that fits: {}", others.join("; "))),
        (None, 1) => {
            let (name, chosen) = by_variable.into_iter().next().unwrap_or_default();
            let via = Via::Variable(name.to_owned());
            Ok(Way { via, chosen, fit: Fit::Placeholder, port: None, left_alone: others })
        }
        (None, _) => {
            let names: Vec<_> = by_variable.keys().copied().collect();
            Err(format!(
                "takes its hosts from the variables {}: Eden leads one, so name the integrations with \
                 --integrations, or set RouteVia by hand",
                names.join(" and ")
            ))
        }
        (Some(best), _) => {
            // Beside a task's, an address that is none may be another server's.
            let alone = |fit: Fit| best < Fit::Address && fit == Fit::Address;
            let (left_fits, taken): (Vec<_>, Vec<_>) =
                fits.into_iter().partition(|(fit, _)| alone(*fit));
            others.extend(left_fits.into_iter().map(|(_, it)| {
                let uri = it.read.uri.as_deref().unwrap_or_default();
                left(it, &format!("leads to {uri}, which is no task's address"))
            }));
            if taken.len() > MOST {
                return Err(format!(
                    "has {} integrations that fit, and Eden leads {MOST}: name them with --api {} \
                     --integrations IDS, of {}",
                    taken.len(),
                    api.id,
                    taken.iter().map(|(_, it)| it.id.as_str()).collect::<Vec<_>>().join(", ")
                ));
            }
            Ok(led(&taken, best, others))
        }
    }
}

/// The integrations of these ids, whatever they lead to by a plain address or name.
fn asked_for<'a>(api: &'a Api, ids: &str, tasks: &BTreeSet<IpAddr>) -> Result<Way<'a>, String> {
    let mut chosen = Vec::new();
    for id in ids.split(',').map(str::trim) {
        let found = api.integrations.iter().find(|it| it.id == id).ok_or_else(|| {
            let known: Vec<_> = api.integrations.iter().map(|it| it.id.as_str()).collect();
            format!("has no integration {id}, only {}", known.join(", "))
        })?;
        chosen.push(found);
    }
    if chosen.len() > MOST {
        return Err(format!("can be led by {MOST} integrations, and these are {}", chosen.len()));
    }
    let fits = chosen.into_iter().map(|it| (fit(it, tasks).unwrap_or(Fit::Address), it));
    let fits: Vec<_> = fits.collect();
    let best = fits.iter().map(|(fit, _)| *fit).min().unwrap_or(Fit::Address);
    Ok(led(&fits, best, Vec::new()))
}

/// The way by these integrations.
fn led<'a>(fits: &[(Fit, &'a Integration)], best: Fit, left_alone: Vec<String>) -> Way<'a> {
    let chosen: Vec<&Integration> = fits.iter().map(|(_, it)| *it).collect();
    let via = Via::Integrations(chosen.iter().map(|it| it.id.clone()).collect());
    Way { via, chosen, fit: best, port: port_of(fits, best), left_alone }
}

fn left(integration: &Integration, why: &str) -> String {
    format!("{} {}", integration.title(), redacted(why))
}

/// The stages, one choice each: those to deploy, and with a variable the one that has it. An HTTP API
/// whose users know its default stage needs none.
fn stages(api: &Api, way: &Way<'_>, asked: Asked<'_>) -> Result<Vec<String>, String> {
    if api.stages.is_empty() {
        return Err("has no stage, so nobody can call it: add one".to_owned());
    }
    if let Some(names) = asked.stages {
        let known = |name: &str| api.stages.iter().any(|it| it == name);
        if let Some(unknown) = names.split(',').map(str::trim).find(|name| !known(name)) {
            return Err(format!("has no stage {unknown}, only {}", api.stages.join(", ")));
        }
        return Ok(vec![names.to_owned()]);
    }
    let by_variable = matches!(way.via, Via::Variable(_));
    let default = api.stages.iter().find(|it| *it == "$default").filter(|_| !by_variable);
    Ok(default.map_or_else(|| api.stages.clone(), |it| vec![it.clone()]))
}

fn candidate(api: &Api, way: &Way<'_>, stages: String) -> Candidate {
    let Way { via, fit, port, left_alone, .. } = way;
    let by_variable = matches!(via, Via::Variable(_));
    let first = stages.split(',').next().unwrap_or_default();
    let url = api
        .url
        .as_ref()
        .map(|url| if first == "$default" { url.clone() } else { format!("{url}/{first}") });
    let needs_stages = api.kind == ApiType::Rest || by_variable;
    Candidate {
        text: text(api, way, &stages),
        api: api.id.clone(),
        name: api.name.clone(),
        kind: api.kind,
        via: via.clone(),
        stages: needs_stages.then_some(stages),
        url,
        fit: *fit,
        port: *port,
        left_alone: left_alone.clone(),
    }
}

/// Such as `shop a1b2c3d4e5, HTTP, integrations / and /{proxy+}`.
fn text(api: &Api, way: &Way<'_>, stages: &str) -> String {
    let stage = if stages == "$default" { String::new() } else { format!(", stage {stages}") };
    let titles: Vec<_> = way.chosen.iter().map(|it| it.title()).collect();
    let what = match (&way.via, titles.as_slice()) {
        (Via::Variable(name), _) => format!("variable {name}"),
        (Via::Integrations(_), [one]) => format!("integration {one}"),
        (Via::Integrations(_), [firsts @ .., last]) => {
            format!("integrations {} and {last}", firsts.join(", "))
        }
        (Via::Integrations(_), []) => "no integration".to_owned(),
    };
    let uris = way.chosen.iter().filter_map(|it| it.read.uri.as_deref());
    let elsewhere = match way.fit {
        Fit::Address => {
            let uris: BTreeSet<_> = uris.map(|uri| redacted(uri).into_owned()).collect();
            let uris: Vec<_> = uris.into_iter().collect();
            format!(", at {} now, which is no task's address", uris.join(" and "))
        }
        Fit::Task | Fit::Parked | Fit::Placeholder => String::new(),
    };
    format!("{}, {}{stage}, {what}{elsewhere}", api.title(), spelled(api.kind))
}

#[cfg(test)]
mod tests;
