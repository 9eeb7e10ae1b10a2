//! Stages that do not deploy by themselves: what they show, and when that is out of date (F4, F7).

use jiff::Timestamp;

use super::candidates::Candidate;
use super::{Lead, View, contested, is_move};
use crate::facts::{ApiAnswer, Observed, Obstacle, Pointer, Serves, Stage};
use crate::plan::{Fact, Hold, Plan, Step};

/// The beginning of what every Eden writes on its deployments.
const MARK: &str = "Eden: route of ";

/// The beginning of what this route's Eden writes on its deployments, to know them again: another
/// Eden may look after another service behind the same API.
fn mark(view: &View<'_>) -> String {
    let ids: Vec<&str> = view
        .route
        .pointers
        .iter()
        .map(|(pointer, _)| match pointer {
            Pointer::Integration(id) => id.as_str(),
            Pointer::StageVariable { name, .. } => name.as_str(),
        })
        .collect();
    format!("{MARK}{} to ", ids.join(","))
}

/// The deployments that stages without `autoDeploy` need to lead to a task, when the plan so far is
/// carried out.
///
/// A stage also needs one when the route is right already but the last attempt ended between the
/// update and the deployment.
pub(super) fn deploy(view: &View<'_>, target: &Candidate<'_>, so_far: &Plan) -> Plan {
    // Whoever leads a part of the route elsewhere deploys it, too, and would go on after this.
    let leads_there = so_far.holds.iter().any(|hold| matches!(hold, Hold::AlreadyRouted { .. }))
        && !contested::is_contested(so_far);
    let (mark, since) = (mark(view), target.task.started_at);
    let note = format!("{mark}{}", target.endpoint);
    // What somebody deployed may show what the integrations said before: if the API fails while the
    // task that they lead to answers, it does.
    let answers = view.routing.probing && target.is_ready();
    let fails = answers && view.api.is_some_and(is_of_a_stale_address);
    let owed = |stage: &Stage| {
        let doubtful = fails && is_somebodys(stage);
        leads_there && (doubtful || shows_another(stage, &mark, &note, since))
    };
    deploy_where(view, &note, so_far, owed)
}

/// The same for the maintenance page.
pub(super) fn deploy_maintenance(view: &View<'_>, so_far: &Plan) -> Plan {
    let mark = mark(view);
    let note = format!("{mark}the maintenance page");
    let since = view.service.and_then(|service| service.unserved_since);
    deploy_where(view, &note, so_far, |stage| shows_another(stage, &mark, &note, since))
}

/// The same for parking; `since` is when the last task ended, if that is known.
pub(super) fn deploy_parked(view: &View<'_>, since: Option<Timestamp>, so_far: &Plan) -> Plan {
    let is_parked = view.pointers().any(|(.., lead)| lead == Lead::Parked);
    if !is_parked && !so_far.steps.iter().any(is_move) {
        return Plan::default();
    }
    let mark = mark(view);
    let note = format!("{mark}nobody");
    deploy_where(view, &note, so_far, |stage| shows_another(stage, &mark, &note, since))
}

fn deploy_where(view: &View<'_>, note: &str, so_far: &Plan, owed: impl Fn(&Stage) -> bool) -> Plan {
    let mut plan = Plan::default();
    let stages = match &view.route.stages {
        Observed::Known(stages) => stages,
        Observed::Unknown(because) => {
            plan.holds.push(Hold::FactUnknown { fact: Fact::Stages, because: because.clone() });
            return plan;
        }
    };
    let moved = so_far.steps.iter().any(is_move);
    for stage in stages {
        let due = !stage.auto_deploy && (moved || owed(stage));
        let name = stage.name.clone();
        match &stage.obstacle {
            Some(Obstacle::Canary) => {
                plan.holds.push(Hold::StageHasCanary { stage: name, due });
            }
            Some(Obstacle::CanaryVariable(value)) => {
                plan.holds.push(Hold::CanaryHasOwnVariable { stage: name, value: value.clone() });
            }
            Some(Obstacle::DeploymentFailed(because)) => {
                let because = because.clone();
                plan.holds.push(Hold::StageDeploymentFailed { stage: name, because });
            }
            None if due && stage.serves == Serves::Nothing && !stage.named => {
                plan.holds.push(Hold::StageNeverDeployed { stage: name });
            }
            None if due => plan.steps.push(Step::DeployStage {
                api: view.route.api.clone(),
                stage: name,
                note: note.to_owned(),
            }),
            None => {}
        }
    }
    plan
}

/// Whether a stage shows something else than where the pointers lead, and no step of Eden's changes
/// that.
pub(super) fn is_stuck(plan: &Plan) -> bool {
    plan.holds.iter().any(|hold| {
        matches!(hold, Hold::StageDeploymentFailed { .. } | Hold::StageHasCanary { due: true, .. })
    })
}

/// Whether the API answers as it does when it leads to an address where nothing is, or something
/// else: with a server error, or not at all. A 4xx is an answer to the question.
fn is_of_a_stale_address(answer: &ApiAnswer) -> bool {
    match answer {
        ApiAnswer::Bad(_) => true,
        ApiAnswer::Good { .. }
        | ApiAnswer::Unclear { .. }
        | ApiAnswer::NotReached(_)
        | ApiAnswer::NotAsked => false,
    }
}

/// Whether what a stage shows was deployed by somebody else. What another Eden deployed, for another
/// service of the same API, shows what the integrations said by then.
fn is_somebodys(stage: &Stage) -> bool {
    let Serves::Deployment(deployment) = &stage.serves else { return false };
    !deployment.description.as_ref().is_some_and(|text| text.starts_with(MARK))
}

/// Whether what a stage shows cannot be what the note says: Eden deployed it for something else,
/// or somebody deployed it before this existed. A deployment that somebody made later is trusted
/// to hold what the integrations said by then.
fn shows_another(stage: &Stage, mark: &str, note: &str, since: Option<Timestamp>) -> bool {
    match &stage.serves {
        Serves::Nothing => true,
        Serves::NotRead(_) => false,
        Serves::Deployment(deployment) => match &deployment.description {
            Some(text) if text.starts_with(mark) => text != note,
            Some(_) | None => match (deployment.created_at, since) {
                (Some(deployed), Some(since)) => deployed < since,
                (None, _) | (_, None) => false,
            },
        },
    }
}
