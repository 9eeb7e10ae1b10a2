//! The diagnosis: the first that fits, with what it rests on.

use super::patient::{Patient, Sickness};
use crate::evidence::Evidence;
use crate::facts::{Alarm, ApiAnswer, Task};
use crate::plan::Diagnosis;
use crate::route::State;

impl Patient<'_> {
    pub(super) fn diagnose(&self) -> (Diagnosis, Vec<Evidence>) {
        if let Some(found) = self.failing() {
            return found;
        }
        if let Some((deployment, overdue)) = self.rolling() {
            let (id, since) = (deployment.id.clone(), deployment.created_at);
            let evidence = vec![Evidence::InProgress { deployment: id.clone(), since }];
            return (Diagnosis::Rolling { deployment: id, overdue }, evidence);
        }
        let sick = self.sick();
        if sick.iter().any(|(task, _)| self.fresh(task, self.grace()).is_none()) {
            let tasks = sick.iter().map(|(task, _)| task.arn.clone()).collect();
            let evidence = sick.iter().map(|(task, why)| of_sick(task, *why)).collect();
            return (Diagnosis::TaskSick { tasks }, evidence);
        }
        let (running, desired) = (self.service.running, self.service.desired);
        let settled = self.unsettled().is_none();
        let diagnosis = if running < desired && settled {
            Diagnosis::TooFewTasks { running, desired }
        } else if self.route_is == State::Stale {
            Diagnosis::RouteStale
        } else if running < desired || !sick.is_empty() {
            Diagnosis::Starting
        } else {
            self.of_whole(settled)
        };
        (diagnosis, self.of_service())
    }

    /// The diagnosis of a service whose tasks run and of which none stands out.
    fn of_whole(&self, settled: bool) -> Diagnosis {
        // Without traffic the alarm stays quiet whatever happens (F2), and behind the maintenance page
        // nobody asks the service at all.
        let unheard = matches!(self.api(), Some(ApiAnswer::Bad(_))) && self.nobody_answers();
        match (self.alarm(), self.api()) {
            (Some(_), _) if self.silenced || unheard => {
                if settled {
                    Diagnosis::ServiceSick
                } else {
                    Diagnosis::Starting
                }
            }
            (Some(Alarm::Ok | Alarm::InsufficientData | Alarm::Missing), _) => self.of_quiet(),
            (Some(Alarm::Alarm), _) if !settled => Diagnosis::Starting,
            (None, _) | (Some(Alarm::Alarm), None | Some(ApiAnswer::NotAsked)) => {
                Diagnosis::Unknown
            }
            (Some(Alarm::Alarm), Some(ApiAnswer::Good { .. })) => Diagnosis::Disputed,
            (Some(Alarm::Alarm), Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. })) => {
                Diagnosis::ServiceSick
            }
        }
    }

    /// The diagnosis of a service of which nothing is seen to fail: it may be left with a deployment
    /// that ECS gave up.
    fn of_quiet(&self) -> Diagnosis {
        self.service.given_up().map_or(Diagnosis::Healthy, |given_up| Diagnosis::RolloutFailed {
            deployment: given_up.id.clone(),
        })
    }

    /// What the alarm and the API say.
    fn of_service(&self) -> Vec<Evidence> {
        let alarm = self.alarm().map(Evidence::of_alarm);
        let page = self.silenced.then_some(Evidence::MaintenancePage);
        alarm.into_iter().chain(self.api().map(Evidence::of_api)).chain(page).collect()
    }
}

fn of_sick(task: &Task, why: Sickness<'_>) -> Evidence {
    let (id, since) = (task.id().to_owned(), task.suspect_since);
    match why {
        Sickness::Unhealthy => Evidence::Unhealthy { task: id, since },
        Sickness::Unanswered(because) | Sickness::LikeAll(because) => {
            Evidence::Unanswered { task: id, because: because.to_owned(), since }
        }
    }
}
