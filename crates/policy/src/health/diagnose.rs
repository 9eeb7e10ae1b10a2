//! The diagnosis: the first that fits, with what it rests on.

use std::time::Duration;

use super::later;
use super::patient::{Patient, Sickness};
use crate::evidence::Evidence;
use crate::facts::{Alarm, ApiAnswer, Stop, StopCode, Task};
use crate::plan::Diagnosis;
use crate::route::State;

/// What ECS says when it cannot start a task for want of capacity or because of its settings. Its
/// messages are for people and may change: what is not recognized is no evidence.
const CANNOT_PLACE: [&str; 4] =
    ["unable to place a task", "unable to start task", "failed to launch a task", "was unable to"];
/// A message of ECS is evidence for so long.
const RECENT: Duration = Duration::from_mins(15);

impl Patient<'_> {
    pub(super) fn diagnose(&self) -> (Diagnosis, Vec<Evidence>) {
        let (running, desired) = (self.service.running, self.service.desired);
        if let Some(found) = self.cannot_start().or_else(|| self.crash_loop()) {
            return found;
        }
        if let Some((deployment, overdue)) = self.rolling() {
            let (id, since) = (deployment.id.clone(), deployment.created_at);
            let evidence = vec![Evidence::InProgress { deployment: id.clone(), since }];
            return (Diagnosis::Rolling { deployment: id, overdue }, evidence);
        }
        if self.route_is == State::Stale {
            return (Diagnosis::RouteStale, self.of_service());
        }
        let sick = self.sick();
        if !sick.is_empty() {
            let tasks = sick.iter().map(|(task, _)| task.arn.clone()).collect();
            let evidence = sick.iter().map(|(task, why)| of_sick(task, *why)).collect();
            return (Diagnosis::TaskSick { tasks }, evidence);
        }
        let diagnosis = if running < desired {
            if self.unsettled().is_some() {
                Diagnosis::Starting
            } else {
                Diagnosis::TooFewTasks { running, desired }
            }
        } else {
            match (self.alarm(), self.api()) {
                (None, _) => Diagnosis::Unknown,
                // Without traffic the alarm stays quiet whatever happens (F2).
                (Some(_), Some(ApiAnswer::Bad(_))) if self.nobody_answers() => {
                    if self.unsettled().is_some() {
                        Diagnosis::Starting
                    } else {
                        Diagnosis::ServiceSick
                    }
                }
                (Some(Alarm::Ok | Alarm::InsufficientData | Alarm::Missing), _) => {
                    Diagnosis::Healthy
                }
                (Some(Alarm::Alarm), _) if self.unsettled().is_some() => Diagnosis::Starting,
                (Some(Alarm::Alarm), None) => Diagnosis::Unknown,
                (Some(Alarm::Alarm), Some(ApiAnswer::Good { .. })) => Diagnosis::Disputed,
                (Some(Alarm::Alarm), Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. })) => {
                    Diagnosis::ServiceSick
                }
            }
        };
        (diagnosis, self.of_service())
    }

    /// What the alarm and the API say.
    fn of_service(&self) -> Vec<Evidence> {
        let alarm = self.alarm().map(Evidence::of_alarm);
        alarm.into_iter().chain(self.api().map(Evidence::of_api)).collect()
    }

    /// The last stops that nobody asked for, newest first: those of Eden, of people and of ECS's
    /// own scaling say nothing about the application. Those from before a task started that has
    /// been running for longer than the grace are over.
    fn last_stops(&self) -> Vec<(&Task, &Stop)> {
        let mut stops: Vec<_> = self
            .tasks
            .iter()
            .filter_map(|task| Some((task.stopping_at?, task, task.stop.as_ref()?)))
            .filter(|(_, _, stop)| match stop.code {
                StopCode::TaskFailedToStart | StopCode::EssentialContainerExited => true,
                StopCode::UserInitiated
                | StopCode::ServiceSchedulerInitiated
                | StopCode::Infrastructure
                | StopCode::Unknown => false,
            })
            .collect();
        stops.sort_by_key(|(at, task, _)| (std::cmp::Reverse(*at), &task.arn));
        let well = self.tasks.iter().filter(|task| task.runs());
        let well_since = well
            .filter_map(|task| task.started_at)
            .filter(|at| self.now >= later(*at, self.grace()));
        let well_since = well_since.max();
        stops
            .into_iter()
            .take_while(|(at, ..)| well_since.is_none_or(|since| *at > since))
            .map(|(_, task, stop)| (task, stop))
            .collect()
    }

    /// The last tasks never ran, or ECS says that it can place none.
    fn cannot_start(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        if self.service.running >= self.service.desired && self.service.rolling().is_none() {
            return None;
        }
        let stops = self.last_stops();
        let row: Vec<_> =
            stops.iter().take_while(|(_, it)| it.code == StopCode::TaskFailedToStart).collect();
        if row.len() >= self.limits.loop_deaths {
            let evidence = row.iter().filter_map(|(task, stop)| {
                let (task, at) = (task.id().to_owned(), task.stopping_at?);
                Some(Evidence::NotStarted { task, at, reason: stop.reason.clone() })
            });
            let because = row.first()?.1.reason.clone();
            return Some((Diagnosis::CannotStart { because }, evidence.collect()));
        }
        let recent = self.service.events.iter().filter(|it| self.now < later(it.at, RECENT));
        // What was said before the last good news is over.
        let mut since_news = recent.take_while(|it| !it.text.contains("steady state"));
        let said =
            since_news.find(|it| CANNOT_PLACE.iter().any(|words| it.text.contains(words)))?;
        let evidence = vec![Evidence::Said { at: said.at, text: said.text.clone() }];
        Some((Diagnosis::CannotStart { because: said.text.clone() }, evidence))
    }

    /// The last tasks died by themselves.
    fn crash_loop(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        let stops = self.last_stops();
        let row: Vec<_> = stops
            .iter()
            .take_while(|(_, it)| it.code == StopCode::EssentialContainerExited)
            .collect();
        if row.len() < self.limits.loop_deaths {
            return None;
        }
        let evidence = row.iter().filter_map(|(task, stop)| {
            let (task, at) = (task.id().to_owned(), task.stopping_at?);
            let (exit_code, reason) = (stop.exit_code, stop.reason.clone());
            Some(Evidence::Died { task, at, exit_code, reason })
        });
        let (_, last) = row.first()?;
        let diagnosis = Diagnosis::CrashLoop {
            deaths: row.len(),
            exit_code: last.exit_code,
            reason: last.reason.clone(),
        };
        Some((diagnosis, evidence.collect()))
    }
}

fn of_sick(task: &Task, why: Sickness<'_>) -> Evidence {
    let (id, since) = (task.id().to_owned(), task.suspect_since);
    match why {
        Sickness::Unhealthy => Evidence::Unhealthy { task: id, since },
        Sickness::Unanswered(because) => {
            Evidence::Unanswered { task: id, because: because.to_owned(), since }
        }
    }
}
