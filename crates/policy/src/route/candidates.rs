//! The tasks that the route may lead to, from the best to the worst.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{Lead, View};
use crate::facts::{HostPort, LastStatus, Ports, Readiness, Side, Task, TaskHealth, TaskNetwork};
use crate::plan::{Hold, Rejected, Rejection};

/// So many endpoints are probed at once.
const ASKED_AT_ONCE: usize = 8;

/// A running task with an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) task: &'a Task,
    pub(super) endpoint: SocketAddr,
    standing: Standing<'a>,
    /// Whether its deployment is the one that serves.
    serving: bool,
    /// The first pointer that leads here.
    pointer: Option<usize>,
}

/// What is known of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// It answers, or counts as if it did because nobody probes.
    Ready,
    /// It was not asked yet.
    Unasked,
    /// It answers, but with a status that does not tell whether it is well: a wrong path, a login or a
    /// limit.
    Unclear(&'a str),
    /// It does not answer.
    NotReady(&'a str),
    /// It cannot be reached from here.
    Unreachable(&'a str),
    /// It fails its container health check.
    Unhealthy,
}

impl Candidate<'_> {
    /// Whether it answers, or nobody probes.
    pub(super) fn is_ready(&self) -> bool {
        self.standing == Standing::Ready
    }
}

/// All tasks, sorted out.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    /// The best first.
    candidates: Vec<Candidate<'a>>,
    /// Tasks that run but have no address, sorted likewise.
    unaddressed: Vec<(&'a Task, bool)>,
    /// Tasks that do not run, or that may not have the traffic yet.
    absent: Vec<(&'a Task, Rejection)>,
}

impl<'a> Survey<'a> {
    pub(super) fn of(view: &View<'a>, endpoints: &BTreeMap<String, SocketAddr>) -> Self {
        let side = |task: &Task| view.service.map_or(Side::Other, |service| service.side_of(task));
        let leads: Vec<_> = view.pointers().map(|(.., lead)| lead).collect();
        let pointer_to = |task: &Task| {
            leads.iter().position(|lead| matches!(lead, Lead::Task(it, _) if it.arn == task.arn))
        };
        let mut survey = Survey { candidates: vec![], unaddressed: vec![], absent: vec![] };
        for task in view.tasks.iter().filter(|task| !is_over(task)) {
            let serving = match side(task) {
                Side::Serving => true,
                Side::Other => false,
                Side::Withheld => {
                    survey.absent.push((task, absence(task).unwrap_or(Rejection::Withheld)));
                    continue;
                }
            };
            match (absence(task), endpoints.get(&task.arn)) {
                (Some(why), _) => survey.absent.push((task, why)),
                (None, None) => survey.unaddressed.push((task, serving)),
                (None, Some(endpoint)) => survey.candidates.push(Candidate {
                    task,
                    endpoint: *endpoint,
                    standing: standing(view, task, *endpoint),
                    serving,
                    pointer: pointer_to(task),
                }),
            }
        }
        survey.candidates.sort_by_key(|it| {
            let sick = it.standing == Standing::Unhealthy;
            let Task { arn, health, started_at, .. } = it.task;
            let age = (started_at.is_none(), started_at);
            let place = (it.pointer.is_none(), it.pointer);
            // What ECS does not hear of may be gone at any moment (F51), but not while it answers.
            let answers = view.route.readiness.get(&it.endpoint) == Some(&Readiness::Ready);
            let may_answer = it.pointer.is_some() && it.standing == Standing::Unasked;
            let lost = !it.task.connected && !answers && !may_answer;
            (sick, lost, !it.serving, place, *health, age, arn)
        });
        survey.unaddressed.sort_by_key(|(task, serving)| (!serving, &task.arn));
        survey.absent.sort_by_key(|(task, _)| &task.arn);
        survey
    }

    /// The best task that is ready; where all were asked and none is, the best that answers at all:
    /// with a path that the application does not have no task is ever ready. The one the route leads
    /// to is trusted while nobody asked it: that is so only when there is no other.
    pub(super) fn chosen(&self) -> Option<&Candidate<'a>> {
        let mut candidates = self.candidates.iter();
        let unasked = candidates.clone().any(|it| it.standing == Standing::Unasked);
        let ready = candidates.clone().find(|it| it.standing == Standing::Ready);
        let answers = |it: &&Candidate<'_>| !unasked && matches!(it.standing, Standing::Unclear(_));
        ready.or_else(|| candidates.find(answers))
    }

    /// See [`super::asks`].
    pub(super) fn asks(&self) -> Vec<SocketAddr> {
        // The best task is most likely ready where the route leads there already.
        let best_is_target = self
            .candidates
            .first()
            .is_some_and(|it| it.pointer.is_some() && it.standing == Standing::Unasked);
        let at_once = if best_is_target { 1 } else { ASKED_AT_ONCE };
        self.candidates
            .iter()
            .take_while(|it| it.standing != Standing::Ready)
            .filter(|it| it.standing == Standing::Unasked)
            .map(|it| it.endpoint)
            .take(at_once)
            .collect()
    }

    /// The best task that does not answer, and what it does instead.
    pub(super) fn fallback(&self) -> Option<(&Candidate<'a>, &'a str)> {
        let best = self.candidates.first()?;
        Some((best, best.standing.because()))
    }

    /// Why every task that the route cannot lead to is none for it.
    pub(super) fn rejected(&self) -> Vec<Rejected> {
        let rejected = |task: &Task, because| Rejected { task: task.id().to_owned(), because };
        let unfit = self.candidates.iter().filter_map(|it| match it.standing {
            Standing::Ready | Standing::Unasked => None,
            Standing::Unclear(because)
            | Standing::NotReady(because)
            | Standing::Unreachable(because) => {
                Some(rejected(it.task, Rejection::NotReady(because.to_owned())))
            }
            Standing::Unhealthy => Some(rejected(it.task, Rejection::Unhealthy)),
        });
        let unaddressed = self.unaddressed.iter().map(|(task, _)| (*task, Rejection::NoAddress));
        let absent = self.absent.iter().map(|(task, why)| (*task, why.clone()));
        unfit.chain(unaddressed.chain(absent).map(|(task, why)| rejected(task, why))).collect()
    }

    /// A task that would take over from the target as soon as it answers.
    pub(super) fn awaited(&self, target: &Candidate<'_>) -> Option<Hold> {
        let before = self.candidates.iter().take_while(|it| it.task.arn != target.task.arn);
        let unready = before.filter(|it| it.standing.may_change());
        let awaited = unready.map(|it| awaiting(it.task, it.standing.because())).next();
        let unaddressed = self.unaddressed.iter().find(|(_, serving)| *serving && !target.serving);
        awaited.or_else(|| unaddressed.map(|(task, _)| awaiting(task, "it has no address yet")))
    }

    /// A task that would take over as soon as it answers, while the route leads to something that
    /// does not serve either.
    pub(super) fn awaited_beside(&self, present: Option<SocketAddr>) -> Option<Hold> {
        let unready =
            |it: &&Candidate<'_>| it.standing.may_change() && Some(it.endpoint) != present;
        let awaited = self.candidates.iter().find(unready);
        let awaited = awaited.map(|it| awaiting(it.task, it.standing.because()));
        awaited.or_else(|| {
            let (task, _) = self.unaddressed.first()?;
            Some(awaiting(task, "it has no address yet"))
        })
    }

    /// A task of which nobody knows whether it serves.
    pub(super) fn unreachable(&self) -> Option<Hold> {
        self.candidates.iter().find_map(|it| match it.standing {
            Standing::Unreachable(because) => Some(Hold::ReadinessUnknown {
                task: it.task.id().to_owned(),
                because: because.to_owned(),
            }),
            Standing::Ready
            | Standing::Unasked
            | Standing::Unclear(_)
            | Standing::NotReady(_)
            | Standing::Unhealthy => None,
        })
    }

    /// Why no running task can be led to, when that is for want of an address.
    pub(super) fn no_address(&self, ports: Ports) -> Option<Hold> {
        let (task, _) = self.unaddressed.first()?;
        let because = match &task.network {
            TaskNetwork::Interface(eni) => format!(
                "its network interface {eni} has no public address: on Fargate assignPublicIp must be \
                 ENABLED, and on EC2 awsvpc networking gives none, bridge and host do; an IPv6 \
                 address counts only with IPV6_TARGETS=on"
            ),
            TaskNetwork::Host { container_instance, port } => {
                format!("its container instance {container_instance} {}", lacks(*port, ports))
            }
            TaskNetwork::Unattached => "ECS shows no network interface of it".to_owned(),
        };
        Some(Hold::NoAddress { task: task.id().to_owned(), because })
    }
}

impl<'a> Standing<'a> {
    /// Whether it may be ready the next time it is asked.
    fn may_change(self) -> bool {
        matches!(self, Standing::Unclear(_) | Standing::NotReady(_) | Standing::Unreachable(_))
    }

    fn because(self) -> &'a str {
        match self {
            Standing::Ready => "it answers",
            Standing::Unasked => "it was not asked in time",
            Standing::Unclear(because)
            | Standing::NotReady(because)
            | Standing::Unreachable(because) => because,
            Standing::Unhealthy => "it fails its container health check",
        }
    }
}

fn awaiting(task: &Task, because: &str) -> Hold {
    Hold::AwaitingReady { task: task.id().to_owned(), because: because.to_owned() }
}

/// What a container instance lacks for a task to be reached there.
fn lacks(port: HostPort, ports: Ports) -> String {
    match port {
        HostPort::Bound { ipv4: Some(port), .. } if !ports.take(port) => {
            format!("binds port {port} for it, and a REST API takes only 80, 443 and 1024 to 65535")
        }
        HostPort::Bound { ipv4: Some(_), .. } => "has no public address".to_owned(),
        HostPort::Bound { ipv4: None, ipv6: Some(_) } => {
            "binds a port to BACKEND_PORT for IPv6 alone".to_owned()
        }
        HostPort::Bound { ipv4: None, ipv6: None } => {
            "binds no port to BACKEND_PORT over TCP, or does so for several containers".to_owned()
        }
        HostPort::Unbound => "has no public address, or the task's containers bind no port of it \
                              and have no host networking"
            .to_owned(),
    }
}

/// Whether nothing is left of a task but the memory, which ECS keeps for an hour (F18).
fn is_over(task: &Task) -> bool {
    task.last_status == LastStatus::Stopping && task.network == TaskNetwork::Unattached
}

/// Why a task does not run as far as the route is concerned, if it does not.
fn absence(task: &Task) -> Option<Rejection> {
    match task.last_status {
        LastStatus::Running if task.wanted => None,
        LastStatus::Starting if task.wanted => Some(Rejection::Starting),
        LastStatus::Starting | LastStatus::Running | LastStatus::Stopping => {
            Some(Rejection::Stopping)
        }
        LastStatus::Unknown => Some(Rejection::StatusUnknown),
    }
}

fn standing<'a>(view: &View<'a>, task: &Task, endpoint: SocketAddr) -> Standing<'a> {
    if task.health == TaskHealth::Unhealthy {
        return Standing::Unhealthy;
    }
    if !view.routing.probing {
        return Standing::Ready;
    }
    match view.route.readiness.get(&endpoint) {
        Some(Readiness::Ready) => Standing::Ready,
        Some(Readiness::Unclear(because) | Readiness::Limited(because)) => {
            Standing::Unclear(because)
        }
        Some(Readiness::NotReady(_, because)) => Standing::NotReady(because),
        Some(Readiness::Unreachable(because)) => Standing::Unreachable(because),
        None if is_trusted(view, task, endpoint) => Standing::Ready,
        None => Standing::Unasked,
    }
}

/// Whether a task need not be asked: every pointer that may be rewritten leads to it, no other
/// runs that could take over, and there is no maintenance page to show instead.
fn is_trusted(view: &View<'_>, task: &Task, endpoint: SocketAddr) -> bool {
    let mut others = view.tasks.iter().filter(|other| other.runs() && other.arn != task.arn);
    let mut pointers = view.pointers();
    view.routing.maintenance.is_none()
        && others.next().is_none()
        && pointers.all(|(.., lead)| matches!(lead, Lead::Task(_, at) if at == endpoint))
}
