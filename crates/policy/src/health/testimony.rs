//! Who is to blame when no task stands out: the alarm and the API speak of the service as a whole,
//! and of what is before it. The tasks are blamed only for what they answer themselves.
//!
//! | the API answers | the tasks, asked themselves | alarm quiet | alarm rings |
//! |---|---|---|---|
//! | well            | all refuse, or answer 5xx | disputed     | disputed |
//! | well            | anything else             | healthy; wrong path if they answer 4xx | disputed |
//! | 4xx             | all well                  | healthy      | before the tasks |
//! | not well        | some well, others not     | unclear; healthy if the API answers 4xx | unclear |
//! | 5xx, nothing, or could not be asked | all well | before the tasks | before the tasks |
//! | not well        | 4xx where a path is set   | wrong path   | wrong path; unclear if most requests fail |
//! | not well        | 4xx at `/`                | unknown; healthy if the API answers 4xx | unclear; service sick if most requests fail |
//! | not well        | 408, 425, 429: a limit    | unknown; healthy if the API answers 4xx | unclear; at `/` service sick if most requests fail |
//! | not well        | none answers at the path  | service sick | service sick |
//! | not well        | some are silent at the path, none answers | service sick; unclear if most requests of the newest minute succeed | the same |
//! | not well        | none answers at `/`       | unknown; healthy if the API answers 4xx | service sick, unless most requests succeed: unclear |
//! | 5xx, nothing    | could not be asked        | unknown      | service sick, unless most requests of the newest minute succeed: unclear |
//! | 4xx             | could not be asked        | healthy      | unclear; service sick if most requests fail |
//! | could not be asked | could not be asked     | unknown      | unclear; service sick if most requests fail |
//!
//! An API whose name is not known here, or whose certificate is not accepted, could not be asked. That
//! accuses no task, as little as a 4xx does; but it is no sign of health either: where all tasks answer
//! well the fault is before them, and otherwise nobody knows.
//!
//! A task that takes a connection and answers nothing in time may hang, or only be slow: users may wait
//! longer than a probe does. One that refuses connections, or answers 5xx, says so itself.

use super::patient::Patient;
use crate::evidence::Evidence;
use crate::facts::{Alarm, ApiAnswer, Readiness, Requests, Task, Unready};
use crate::plan::Diagnosis;

/// What all tasks that could be asked say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Testimony<'a> {
    /// None could be asked: nobody probes, or none can be reached from here.
    Nothing,
    /// They answer well.
    Well,
    /// One answers with a status that tells nothing, and no other is known to fail.
    Unclear(&'a str),
    /// One refuses what is too much or too soon, and no other is known to fail: it is alive.
    Limited(&'a str),
    /// Some answer well, and others refuse connections, answer 5xx or nothing.
    Divided,
    /// None of them answers: they refuse connections, or answer 5xx.
    Fails,
    /// None of them answers, and some say nothing at all.
    Silent,
}

impl<'a> Patient<'a> {
    /// The diagnosis of a service whose tasks run and of which none stands out.
    pub(super) fn of_whole(&self) -> Diagnosis {
        let Some(alarm) = self.alarm() else { return Diagnosis::Unknown };
        let rings = alarm == Alarm::Alarm;
        // Tasks run, and yet none can be led to.
        let found = if self.parked { Diagnosis::Unknown } else { self.blamed(rings) };
        let is_well = found.is_quiet()
            || matches!(found, Diagnosis::RolloutFailed { .. } | Diagnosis::OldTasksRemain { .. });
        if !is_well && self.unsettled().is_some() { Diagnosis::Starting } else { found }
    }

    /// What is to blame, by the table of this module.
    fn blamed(&self, rings: bool) -> Diagnosis {
        let says = self.testimony();
        // Behind the maintenance page nobody asks the service at all.
        if self.silenced {
            return match says {
                Testimony::Nothing | Testimony::Fails | Testimony::Silent => Diagnosis::ServiceSick,
                Testimony::Unclear(answer) => wrong_path(answer),
                Testimony::Limited(because) => Diagnosis::Unclear { because: because.to_owned() },
                Testimony::Well | Testimony::Divided => self.of_quiet(),
            };
        }
        match (self.api(), says) {
            (None | Some(ApiAnswer::NotAsked), _) if rings => Diagnosis::Unknown,
            (Some(ApiAnswer::Good { .. }), _) if self.others_answer() => Diagnosis::Disputed,
            (Some(ApiAnswer::Good { .. }), _) if rings => Diagnosis::Disputed,
            (None | Some(ApiAnswer::NotAsked | ApiAnswer::Good { .. }), says) => match says {
                Testimony::Unclear(answer) => wrong_path(answer),
                Testimony::Nothing
                | Testimony::Well
                | Testimony::Limited(_)
                | Testimony::Divided
                | Testimony::Fails
                | Testimony::Silent => self.of_quiet(),
            },
            (
                Some(
                    api
                    @ (ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)),
                ),
                says,
            ) => self.of_unwell(api, says, rings),
        }
    }

    /// The same where the API does not answer well.
    fn of_unwell(&self, api: &ApiAnswer, says: Testimony<'_>, rings: bool) -> Diagnosis {
        let most_fail = self.most_requests_fail();
        let fails = matches!(api, ApiAnswer::Bad(_));
        let is_no_answer = fails || matches!(api, ApiAnswer::NotReached(_));
        let is_sick = match says {
            Testimony::Well if rings || is_no_answer => return Diagnosis::BeforeTasks,
            Testimony::Well | Testimony::Divided => false,
            // Without traffic the alarm stays quiet whatever happens (F2), but `/` may fail in an
            // application that is well.
            Testimony::Fails if self.asks_a_path() => rings || self.nobody_answers(),
            Testimony::Silent if self.asks_a_path() => {
                (rings || self.nobody_answers()) && !self.is_slow()
            }
            Testimony::Fails | Testimony::Silent => rings && most_fail != Some(false),
            // A status that a path of the settings answers proves nothing, whatever other paths do.
            Testimony::Unclear(_) | Testimony::Limited(_) => {
                rings && most_fail == Some(true) && !self.asks_a_path()
            }
            Testimony::Nothing => {
                let served = self.requests().is_some_and(Requests::succeed);
                rings && ((fails && !served) || most_fail == Some(true))
            }
        };
        match says {
            _ if is_sick => Diagnosis::ServiceSick,
            // People may have heard of the path long ago: that most requests fail is news.
            Testimony::Unclear(answer)
                if self.asks_a_path() && !(rings && most_fail == Some(true)) =>
            {
                wrong_path(answer)
            }
            Testimony::Divided if rings || is_no_answer => {
                Diagnosis::Unclear { because: self.doubt() }
            }
            _ if rings || self.is_slow() => Diagnosis::Unclear { because: self.doubt() },
            _ if is_no_answer => Diagnosis::Unknown,
            _ => self.of_quiet(),
        }
    }

    /// The diagnosis of a service of which nothing is seen to fail: it may be left with a deployment
    /// that ECS gave up, or with one that is in progress and leaves it alone.
    fn of_quiet(&self) -> Diagnosis {
        let lingering = self.lingering();
        if let (Some((deployment, overdue)), [_, ..]) = (self.rolling(), &lingering[..]) {
            let tasks = lingering.iter().map(|task| task.arn.clone()).collect();
            return Diagnosis::OldTasksRemain { deployment: deployment.id.clone(), tasks, overdue };
        }
        let given_up = self.service.given_up().map(|it| it.id.clone());
        let given_up = given_up.map(|deployment| Diagnosis::RolloutFailed { deployment });
        let in_progress = self.service.in_progress().map(|it| it.id.clone());
        let in_progress =
            in_progress.map(|deployment| Diagnosis::Rolling { deployment, overdue: false });
        given_up.or(in_progress).unwrap_or(Diagnosis::Healthy)
    }

    /// What the tasks say. Fresh ones are not heard where there are others.
    pub(super) fn testimony(&self) -> Testimony<'a> {
        let heard = self.heard();
        let unclear = heard.iter().find_map(|readiness| match readiness {
            Readiness::Unclear(answer) => Some(answer.as_str()),
            Readiness::Ready
            | Readiness::Limited(_)
            | Readiness::NotReady(..)
            | Readiness::Unreachable(_) => None,
        });
        let limited = heard.iter().find_map(|readiness| match readiness {
            Readiness::Limited(answer) => Some(answer.as_str()),
            _ => None,
        });
        if let Some(answer) = unclear {
            Testimony::Unclear(answer)
        } else if let Some(answer) = limited {
            Testimony::Limited(answer)
        } else if heard.contains(&&Readiness::Ready) {
            let fails = heard.iter().any(|it| matches!(it, Readiness::NotReady(..)));
            if fails { Testimony::Divided } else { Testimony::Well }
        } else if heard.iter().any(|it| matches!(it, Readiness::NotReady(Unready::Silent, _))) {
            Testimony::Silent
        } else if heard.iter().any(|it| matches!(it, Readiness::NotReady(..))) {
            Testimony::Fails
        } else {
            Testimony::Nothing
        }
    }

    /// Whether a task takes connections, whatever it answers.
    pub(super) fn takes_connections(&self) -> bool {
        let refuses = |it: &Readiness| {
            matches!(it, Readiness::NotReady(Unready::Refuses, _) | Readiness::Unreachable(_))
        };
        self.heard().into_iter().any(|it| !refuses(it))
    }

    /// What each task that was asked did.
    fn heard(&self) -> Vec<&'a Readiness> {
        let running = self.tasks.iter().filter(|task| task.runs());
        let old = running.clone().filter(|task| self.fresh(task, self.grace()).is_none());
        let old: Vec<&Task> = old.collect();
        let mut tasks = if old.is_empty() { running.collect() } else { old };
        tasks.sort_by_key(|task| &task.arn);
        tasks.into_iter().filter_map(|task| self.readiness(task)).collect()
    }

    /// Whether a task may be called sick for what it answers at `/`, where no path is set: the alarm rings, or
    /// the API itself fails, and nearly all requests are not known to succeed.
    pub(super) fn root_accuses(&self) -> bool {
        let fails = matches!(self.api(), Some(ApiAnswer::Bad(_)));
        let rings = self.alarm() == Some(Alarm::Alarm);
        (fails || rings) && !self.requests().is_some_and(Requests::hardly_fail)
    }

    /// Whether the tasks were asked for a path that the settings name.
    pub(super) fn asks_a_path(&self) -> bool {
        self.facts.answers.is_empty()
    }

    /// Whether the tasks are slow, not dead: silent at the path of the settings for a while, and users
    /// are served meanwhile.
    pub(super) fn is_slow(&self) -> bool {
        self.has_lasted() && self.is_silent_while_served()
    }

    /// Whether the tasks are silent at the path of the settings while users are served: while the alarm
    /// rings nearly all of them, since other integrations may serve the rest.
    pub(super) fn is_silent_while_served(&self) -> bool {
        let rings = self.alarm() == Some(Alarm::Alarm);
        let served = |it: Requests| if rings { it.hardly_fail() } else { it.succeed() };
        let is_served = self.requests().is_some_and(|it| served(it) || it.none_fails());
        self.testimony() == Testimony::Silent && self.asks_a_path() && is_served
    }

    /// Whether the API answers well although every task that runs refuses connections or answers 5xx:
    /// what answers is a cache, a mock or something else.
    pub(super) fn others_answer(&self) -> bool {
        let good = matches!(self.api(), Some(ApiAnswer::Good { .. }));
        good && self.testimony() == Testimony::Fails && self.nobody_answers()
    }

    /// Whether most requests of the last minutes succeed, and of the newest one.
    pub(super) fn users_are_served(&self) -> bool {
        self.most_requests_fail() == Some(false) && self.requests().is_some_and(Requests::succeed)
    }

    /// The requests of the last minutes, where they are counted.
    pub(super) fn requests(&self) -> Option<Requests> {
        self.facts.requests.known().copied().flatten()
    }

    fn most_requests_fail(&self) -> Option<bool> {
        self.requests().and_then(Requests::most_fail)
    }

    /// Whether the diagnosis depends on how many of the API's requests fail.
    pub(super) fn asks_for_requests(&self) -> bool {
        let not_well = match self.api() {
            Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)) => true,
            // They tell whether what was noted is over.
            Some(ApiAnswer::Good { .. }) => {
                return self.alarm() == Some(Alarm::Alarm) && self.service.failing.is_some();
            }
            Some(ApiAnswer::NotAsked) | None => false,
        };
        let single = || self.root_accuses() && !self.asks_a_path() && !self.sick().is_empty();
        let matters = match self.testimony() {
            Testimony::Well
            | Testimony::Divided
            | Testimony::Unclear(_)
            | Testimony::Limited(_)
                if single() =>
            {
                true
            }
            Testimony::Well | Testimony::Divided => false,
            Testimony::Fails | Testimony::Silent if self.asks_a_path() => true,
            Testimony::Fails
            | Testimony::Silent
            | Testimony::Nothing
            | Testimony::Unclear(_)
            | Testimony::Limited(_) => self.alarm() == Some(Alarm::Alarm),
        };
        not_well && matters
    }

    /// Whether the service is held sick although nothing but the number of failed requests says so.
    pub(super) fn is_guess(&self) -> bool {
        match self.testimony() {
            Testimony::Unclear(_) | Testimony::Limited(_) => true,
            Testimony::Nothing => {
                matches!(self.api(), Some(ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)))
            }
            Testimony::Well | Testimony::Divided | Testimony::Fails | Testimony::Silent => false,
        }
    }

    /// Why nobody knows whether the tasks are well.
    pub(super) fn doubt(&self) -> String {
        let answered = self.api().map(|api| Evidence::of_api(api).to_string());
        let because = match self.testimony() {
            Testimony::Unclear(answer) | Testimony::Limited(answer) => answer.to_owned(),
            _ => self.otherwise().unwrap_or_else(|| "no task could be asked".to_owned()),
        };
        answered.map_or(because.clone(), |answered| format!("{answered}; {because}"))
    }

    /// What the alarm, the API and the tasks say.
    pub(super) fn of_service(&self) -> Vec<Evidence> {
        let alarm = self.alarm().map(Evidence::of_alarm);
        let page = self.silenced.then_some(Evidence::MaintenancePage);
        let of_requests =
            |it: Requests| Evidence::RequestsFailed { failed: it.failed, all: it.all };
        let requests = self.requests().map(of_requests);
        let api = self.api().map(Evidence::of_api);
        let parked = self.parked.then_some(Evidence::Parked);
        let tasks = self.asked().into_iter().chain(requests);
        alarm.into_iter().chain(api).chain(tasks).chain(page).chain(parked).collect()
    }

    /// What the tasks answered, where the API does not answer well or they do not.
    fn asked(&self) -> Option<Evidence> {
        let heard = self.heard();
        let good = matches!(self.api(), Some(ApiAnswer::Good { .. }));
        let well = heard.iter().filter(|it| ***it == Readiness::Ready).count();
        let otherwise = self.otherwise();
        let asked = heard.len();
        let tells = asked > 0 && (!good || otherwise.is_some());
        tells.then_some(Evidence::Asked { well, asked, otherwise })
    }

    /// What the first task that does not answer well says, or why it could not be asked.
    fn otherwise(&self) -> Option<String> {
        self.heard().into_iter().find_map(|it| match it {
            Readiness::Unclear(answer)
            | Readiness::Limited(answer)
            | Readiness::NotReady(_, answer)
            | Readiness::Unreachable(answer) => Some(answer.clone()),
            Readiness::Ready => None,
        })
    }
}

fn wrong_path(answer: &str) -> Diagnosis {
    Diagnosis::WrongPath { answer: answer.to_owned() }
}
