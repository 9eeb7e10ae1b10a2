//! health-monitor: on the alarm, on schedule and by hand, the service is looked at and healed.

mod eye;
mod page;

use std::time::Duration;

use eden_input::Hints;
use eden_policy::facts::{Facts, Observed, Refused};
use eden_policy::health::Finding;
use eden_policy::plan::{Condition, LASTS, Sighting};
use eden_policy::route::is_of_route;
use eden_policy::{Hold, Plan, Step};
use jiff::Timestamp;

use crate::act::Attempt;
use crate::claim::{self, Claim};
use crate::config::{ApiType, HealthMonitorConfig};
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::lambda::Invocation;
use crate::notify::Trail;
use crate::report::{Report, Told};
use crate::routing::{Reconciled, Reconciler};
use crate::trigger::Trigger;
use crate::{act, notify};

use eye::{Eye, Suspects};

/// The least time that is left for a last look and what follows it. Each of two looks asks the API,
/// and the tasks once or twice, for ten seconds each at most ([`crate::probe::ASKING`]); between them
/// lies the claim, which takes ten; the rest is [`ACTING`].
const MARGIN: Duration = Duration::from_secs(90);
/// The least time that is left when a step begins that is noted first and done then: an invocation
/// that is ended in between has spent its budget on nothing.
const ACTING: Duration = Duration::from_secs(20);

/// Time between two whole looks while the maintenance page is shown: no alarm rings then.
const BEHIND_THE_PAGE: Duration = Duration::from_secs(60);

/// Maximum time of healing. A claim is void after five minutes ([`claim::EXPIRES`]) by clocks that differ
/// by a minute and a half. What is left of an invocation then is for watching the maintenance page.
pub const HEALING: Duration = Duration::from_secs(210);

/// The function's name, as reports and audit events carry it.
pub const NAME: &str = "health-monitor";

/// Handles one event, and tells people of every action and of its own failure.
///
/// Guarantees: what [`eden_policy::health::decide`] guarantees, read anew in every invocation; an
/// event that is none of ours causes no call to AWS.
///
/// # Errors
/// When the event is malformed, facts could not be read, or a step, its audit event or its mail
/// failed.
pub async fn handle(
    config: &HealthMonitorConfig,
    edge: &Edge,
    invocation: &Invocation,
) -> Result<Report, HandlerError> {
    let ended = Box::pin(heal(config, edge, invocation)).await;
    match &ended {
        Ok(report) => notify::recovered(edge, config, report).await,
        Err(error) => notify::failure(edge, config, &invocation.attempt(), error).await,
    }
    ended
}

/// What an invocation by hand would see at this moment, and what it would do about it. Nothing is
/// changed; the API is asked.
pub async fn look(config: &HealthMonitorConfig, edge: &Edge) -> (Facts, Finding) {
    let eye = Eye { config, edge, asks_api: true };
    Box::pin(eye.look(&Suspects::default())).await
}

async fn heal(
    config: &HealthMonitorConfig,
    edge: &Edge,
    invocation: &Invocation,
) -> Result<Report, HandlerError> {
    let trigger = Trigger::parse(&invocation.event)?;
    let mut report = Report::new(NAME, &invocation.request_id, trigger.describe(), edge.aws.now());
    match &trigger {
        Trigger::Alarm { name }
            if ![&config.alarm_name, &config.error_alarm_name].contains(&name) =>
        {
            let (health, error) = (&config.alarm_name, &config.error_alarm_name);
            return Ok(report.ignore(format!("the alarm is {name}, not {health} or {error}")));
        }
        Trigger::Alarm { .. } | Trigger::Schedule | Trigger::Manual => {}
        Trigger::Task(_) | Trigger::Other(_) => {
            let because = format!(
                "{NAME} acts on its alarm, a schedule or a manual invocation, not on {}",
                report.trigger
            );
            return Ok(report.ignore(because));
        }
    }
    // Somebody who invokes it by hand waits for the answer: AWS's own CLI for a minute.
    let waits = trigger != Trigger::Manual;
    let trail = Trail::of(&edge.aws, &config.target, &report);
    let eye = Eye { config, edge, asks_api: may_ask_api(config, &trigger) };
    let monitor = Monitor { eye, trail };
    let ends = invocation.deadline.min(later(edge.aws.now(), HEALING));
    let healing = Box::pin(monitor.heal(invocation, ends, waits, &mut report));
    if tokio::time::timeout(HEALING, healing).await.is_err() {
        report.failed.push("healing took too long, and was ended".to_owned());
    }
    monitor.call_people(&mut report).await;
    let removed = edge.aws.own.taken_away();
    report.miss(removed.into_iter().map(|key| config.target.tag(key)).collect());
    notify::healing(edge, config, &invocation.attempt(), &mut report).await;
    notify::removed_tags(edge, config, &mut report).await;
    if waits && report.has_no_failure() {
        Box::pin(page::watch(&monitor.eye, invocation, &mut report)).await;
    }
    Ok(report.finish()?)
}

/// Whether the API may be asked. An API whose bare URL answers 5xx, although it is well, has one bad
/// minute when it is asked; were it asked again because of that, it would have two, which the other
/// alarm takes for an outage.
fn may_ask_api(config: &HealthMonitorConfig, trigger: &Trigger) -> bool {
    let early = matches!(trigger, Trigger::Alarm { name } if *name == config.error_alarm_name);
    let has_path = config.gateway.as_ref().is_some_and(|gateway| gateway.probe.path.is_some());
    has_path || !early
}

/// What looks and acts for one invocation.
struct Monitor<'a> {
    eye: Eye<'a>,
    trail: Trail<'a>,
}

impl Monitor<'_> {
    /// Looks and acts; looks again when something that is held may be done before healing must end, if
    /// it may wait for that.
    async fn heal(
        &self,
        invocation: &Invocation,
        ends: Timestamp,
        waits: bool,
        report: &mut Report,
    ) {
        let Eye { config, edge, .. } = self.eye;
        let mut suspects = Suspects::default();
        loop {
            let (facts, finding) = Box::pin(self.eye.look(&suspects)).await;
            report.found(&facts, &finding, config.target.mode);
            suspects.note(&facts, &finding, config.limits.unhealthy_for);
            let again = due(&finding.plan, edge.aws.now()).filter(|_| waits);
            let (claimed, free): (Vec<_>, Vec<_>) =
                finding.plan.steps.into_iter().partition(Step::needs_a_claim);
            let mut refused = self.act(free, report).await;
            if !claimed.is_empty() {
                let alone = self.act_alone(&facts, &suspects, invocation, ends, report);
                refused.extend(Box::pin(alone).await);
            }
            // What AWS refuses does not help: the next remedy is looked for at once.
            let again = if refused.is_empty() { again } else { Some(edge.aws.now()) };
            suspects.refuse(refused);
            let again = again.filter(|at| later(*at, MARGIN) <= ends);
            let Some(again) = again else {
                return;
            };
            // Acting may have taken longer than that.
            let left = again.duration_since(edge.aws.now());
            tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
    }

    /// Takes steps that are harmless to take twice; the route is looked at again after it was
    /// written, as ip-updater does. What AWS refused of them.
    async fn act(&self, steps: Vec<Step>, report: &mut Report) -> Vec<Refused> {
        let Eye { config, edge, .. } = self.eye;
        let api_type = config.gateway.as_ref().map_or(ApiType::Http, |gateway| gateway.api_type);
        let attempts = act::execute(&edge.aws, &config.target, api_type, steps).await;
        let moved = attempts.iter().any(|it| it.outcome.is_ok() && is_of_route(&it.step));
        let settle = async { if moved { settle(&self.eye, &self.trail).await } else { None } };
        let (settled, unaudited) = tokio::join!(settle, self.trail.write(&attempts));
        let refused = attempts.iter().filter_map(Attempt::refused).cloned().collect();
        report.acted(attempts);
        report.failed.extend(unaudited);
        if let Some(settled) = settled {
            report.failed.extend(settled.plan.unknown_facts().map(ToString::to_string));
            report.routed(settled, None);
        }
        refused
    }

    /// Takes the steps that only one invocation may take at a time: claims the service, looks again
    /// and takes what is then left to take. What AWS refused of it.
    async fn act_alone(
        &self,
        facts: &Facts,
        suspects: &Suspects,
        invocation: &Invocation,
        ends: Timestamp,
        report: &mut Report,
    ) -> Vec<Refused> {
        let Eye { config, edge, .. } = self.eye;
        let Observed::Known(service) = &facts.service else { return Vec::new() };
        let (aws, target) = (&edge.aws, &config.target);
        match claim::take(aws, target, &service.arn, &invocation.attempt()).await {
            Ok(Claim::Held) => {
                let (facts, finding) = Box::pin(self.eye.look(suspects)).await;
                report.found(&facts, &finding, target.mode);
                // The claim was held again and again, and is not any more.
                let is_over = finding.condition.is_none() && report.seen.is_some();
                let over = Step::ClearCondition { service: service.arn.clone() };
                edge.memory.refuse_tags(false);
                let mut refused = Vec::new();
                if later(aws.now(), ACTING) <= ends {
                    let steps = finding.plan.steps.into_iter().filter(Step::needs_a_claim);
                    let steps = steps.chain(is_over.then_some(over)).collect();
                    refused = self.act(steps, report).await;
                } else {
                    report.failed.push("too little time was left to act".to_owned());
                }
                if let Err(error) = claim::release(aws, target, &service.arn).await {
                    report.failed.push(error.to_string());
                }
                return refused;
            }
            Ok(Claim::Taken { by }) => report.held.push(Told::from(Hold::Claimed { by })),
            Err(error) if error.refused => report.refuse_tags(&error),
            Err(error) => report.failed.push(error.to_string()),
        }
        Vec::new()
    }

    /// What only acting shows: that Eden's tags cannot be written, or that others hold the claim look
    /// after look. Both keep it from healing for good.
    async fn call_people(&self, report: &mut Report) {
        let Eye { edge, .. } = self.eye;
        let is_claimed = |held: &Told<Hold>| matches!(held.what, Hold::Claimed { .. });
        if report.is_tagging_refused {
            edge.memory.refuse_tags(true);
        } else if report.done.iter().any(|done| done.what.is_a_note_on_the_service()) {
            edge.memory.refuse_tags(false);
        }
        let (name, wait) = if report.is_tagging_refused {
            ("tags_refused", LASTS)
        } else if report.held.iter().any(is_claimed) {
            ("claimed", claim::EXPIRES)
        } else {
            return;
        };
        if report.condition.as_ref().is_some_and(|condition| condition.lasts) {
            return;
        }
        let now = edge.aws.now();
        let condition = Condition::found(name, &report.about, wait, &report.notes(), now);
        let noted = report.notes().sighting_of(&condition, now).is_some();
        if !condition.lasts && !noted {
            let (name, of) = (name.to_owned(), report.about.clone());
            let sighting = Sighting { name, of, since: now };
            edge.memory.see(Some(sighting.to_string()));
            let service = report.service_arn.clone().unwrap_or_default();
            let note = Step::MarkCondition { service, sighting };
            let may_note = report.is_on && !report.is_tagging_refused;
            self.act(may_note.then_some(note).into_iter().collect(), report).await;
        }
        report.condition = Some(condition);
    }
}

/// Leads the route, where there is one, to a task that answers, as ip-updater does.
async fn settle(eye: &Eye<'_>, trail: &Trail<'_>) -> Option<Reconciled> {
    let Eye { config, edge, .. } = *eye;
    let HealthMonitorConfig { target, people, gateway, .. } = config;
    let gateway = gateway.as_ref()?;
    let reconciler = Reconciler { edge, target, gateway, people };
    let (hints, patience) = (Hints::default(), Duration::ZERO);
    Some(Box::pin(reconciler.reconcile(&hints, patience, trail)).await)
}

/// When the first of what is held may be done. What might be done by now and is held all the same is
/// no reason to look again: it would be seen just so.
fn due(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    let comes = |step: &Step| matches!(step, Step::ShowMaintenance { .. });
    let stays = |hold: &Hold| matches!(hold, Hold::InMaintenance { .. });
    let shown = plan.steps.iter().any(comes) || plan.holds.iter().any(stays);
    let shown = shown.then(|| later(now, BEHIND_THE_PAGE));
    plan.holds.iter().filter_map(Hold::until).chain(shown).filter(|at| *at > now).min()
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
