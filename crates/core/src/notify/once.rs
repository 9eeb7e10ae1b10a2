//! Of runs that have the same news at the same moment, one tells: the one whose note stays.

use std::time::Duration;

use eden_policy::facts::{Service, noted_time};
use eden_policy::plan::{Condition, Known};
use jiff::Timestamp;

use super::failing::Failing;
use super::news::News;
use crate::act::ecs::{note, take_off};
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::claim::{Contest, Won};
use crate::config::Target;
use crate::tags::{FAILED_RUNS, REPORTED, TOLD};

/// What the tag `told` begins with while a run tells that what people know of is over.
const OVER: &str = "over ";
/// A run that took the note away and ended before it told is not waited for any longer.
const TELLING: Duration = Duration::from_mins(1);

/// Notes of one run on a service.
pub(super) struct Notes<'a> {
    pub aws: &'a Aws,
    pub target: &'a Target,
    /// The service's ARN.
    pub service: &'a str,
    /// Whose notes they are, as no other run is called.
    pub teller: &'a str,
}

impl Notes<'_> {
    /// Notes that people know of a condition; whether this run is the one to tell them.
    ///
    /// # Errors
    /// When that could not be noted.
    pub async fn take(
        &self,
        known: Option<Known>,
        condition: &Condition,
    ) -> Result<bool, CallError> {
        let value = format!("{} {}", Known::with(known, condition), self.teller);
        let contest = self.contest(TOLD, value, |service| service.told.as_deref());
        let is_told = |service: &Service| {
            service.notes().known().is_some_and(|told| told.includes(condition))
        };
        Ok(contest.enter(is_told).await? == Won::Ours)
    }

    /// Takes the note of what people know away; whether this run is the one to tell that it is over.
    ///
    /// # Errors
    /// When that could not be done: it would be told again at every look.
    pub async fn forget(&self) -> Result<bool, CallError> {
        let now = self.aws.now();
        let value = format!("{OVER}{} {now:.0}", self.teller);
        let contest = self.contest(TOLD, value, |service| service.told.as_deref());
        let is_told =
            |service: &Service| service.told.as_deref().is_none_or(|told| is_being_told(told, now));
        if contest.enter(is_told).await? != Won::Ours {
            return Ok(false);
        }
        take_off(self.aws, self.target, self.service, TOLD).await?;
        Ok(true)
    }

    /// Notes that people know of a failure; whether this run is the one to tell them.
    ///
    /// # Errors
    /// When that could not be noted.
    pub async fn fail(&self, failing: &Failing, failure: &str) -> Result<bool, CallError> {
        let value = format!("{failing} {}", self.teller);
        let contest = self.contest(FAILED_RUNS, value, |service| service.failed_runs.as_deref());
        let now = self.aws.now();
        let knows = |service: &Service| {
            let noted = service.failed_runs.as_deref().and_then(|it| Failing::parse(it, now));
            noted.is_some_and(|noted| noted.includes(failure))
        };
        Ok(contest.enter(knows).await? == Won::Ours)
    }

    /// Notes that people are told of what was done by a run that began then; whether this run is the
    /// one to tell them.
    ///
    /// # Errors
    /// When that could not be noted.
    pub async fn report(&self, news: &News, began: Timestamp) -> Result<bool, CallError> {
        let now = self.aws.now();
        let value = news.noted(now, self.teller);
        let contest = self.contest(REPORTED, value, |service| service.reported.as_deref());
        let is_told = |service: &Service| {
            let told = service.reported.as_deref();
            told.is_some_and(|told| news.is_told(told, began, now))
        };
        // What another run wrote over it need not be the same news.
        Ok(match contest.enter(is_told).await? {
            Won::Ours => true,
            Won::Anothers(note) => !note.is_some_and(|it| news.is_told(&it, began, now)),
        })
    }

    /// Puts a note back as it was, because nobody could be told.
    ///
    /// # Errors
    /// When that fails: nobody will be told then.
    pub async fn restore(&self, key: &'static str, before: Option<&str>) -> Result<(), CallError> {
        let Notes { aws, target, service, .. } = *self;
        match before {
            Some(before) => note(aws, target, service, key, before).await?,
            None => take_off(aws, target, service, key).await?,
        };
        Ok(())
    }

    fn contest(
        &self,
        key: &'static str,
        value: String,
        says: fn(&Service) -> Option<&str>,
    ) -> Contest<'_> {
        let Notes { aws, target, service, .. } = *self;
        Contest { aws, target, service, key, value, says }
    }
}

/// Whether another run is telling, at this moment, that what people know of is over.
fn is_being_told(told: &str, now: Timestamp) -> bool {
    let since = told.strip_prefix(OVER).and_then(|it| noted_time(it.split(' ').nth(1)?, now));
    since.is_some_and(|since| now.duration_since(since).unsigned_abs() < TELLING)
}
