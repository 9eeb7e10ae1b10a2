//! What holds remedies back: every remedy has a limit, and every limit a reason.

use std::time::Duration;

/// The limits of healing, from the environment (see `eden_input::config`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Fewest tasks the service should want; below it the desired count is restored. 0 switches
    /// that off. Default 1: someone who scales to zero on purpose says so here.
    pub min_desired_count: u32,
    /// How long a fresh task may take before its health counts, and how long ECS has for
    /// replacing a stopped one. Never less than the service's own health check grace period.
    /// Default 120 s: a Fargate task needs about a minute to start, then the application.
    pub startup_grace: Duration,
    /// For how long the alarm still shows what was before a task started or the route moved.
    /// Default 180 s: the rest of the minute in which it happened, the 60 s period after it,
    /// and the minute or so until CloudWatch has that period's sum.
    pub alarm_settle: Duration,
    /// Least time between two deployments that Eden forces, counted from the creation of the
    /// present one whoever made it. Default 900 s: a redeployment that did not help within a
    /// quarter of an hour will not help by being repeated at once.
    pub redeploy_cooldown: Duration,
    /// Share of the desired tasks that may be away after one run, in percent: sick, stopped or
    /// missing; one stop is always allowed. When more are sick than that, the cause is a shared one
    /// and stopping many would only add to the outage, so one task is stopped as a trial. Default 50.
    pub max_unhealthy_percent: u32,
    /// How long a task must have been sick before it is stopped: ECS replaces one that fails its
    /// container health check by itself, and starts the replacement first (F19). Default 60 s; 0
    /// stops it at once.
    pub unhealthy_for: Duration,
    /// Most tasks stopped and deployments forced or rolled back in an hour, all together. Default
    /// 6: whoever needs more has a fault that healing hides.
    pub healing_budget_per_hour: u32,
    /// Least time between two batches of stopped tasks. Default 120 s: a Fargate task needs about
    /// a minute to start, and the next batch waits for the last one's successors.
    pub storm_cooldown: Duration,
    /// How long a deployment may be in progress before people are called, and how long a task may be
    /// on its way before it is not waited for any more. Default 1800 s.
    pub rollout_timeout: Duration,
    /// How many tasks in a row must have died by themselves, or failed to start, to call it a
    /// loop. Default 3.
    pub loop_deaths: usize,
    /// Whether a deployment that made the service sick may be rolled back. Default `false`.
    pub rollback: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            min_desired_count: 1,
            startup_grace: Duration::from_mins(2),
            alarm_settle: Duration::from_mins(3),
            redeploy_cooldown: Duration::from_mins(15),
            max_unhealthy_percent: 50,
            unhealthy_for: Duration::from_secs(60),
            healing_budget_per_hour: 6,
            storm_cooldown: Duration::from_mins(2),
            rollout_timeout: Duration::from_mins(30),
            loop_deaths: 3,
            rollback: false,
        }
    }
}

/// So long a cooldown may become by doubling.
const LONGEST_COOLDOWN: Duration = Duration::from_hours(6);

impl Limits {
    /// The least time between the present deployment and the next that Eden forces, after so many
    /// that it forced in the last hours: it doubles with each.
    pub fn redeploy_cooldown_after(&self, redeployments: usize) -> Duration {
        let doublings = u32::try_from(redeployments).unwrap_or(u32::MAX);
        let factor = 2u32.saturating_pow(doublings);
        let longest = LONGEST_COOLDOWN.max(self.redeploy_cooldown);
        self.redeploy_cooldown.saturating_mul(factor).min(longest)
    }

    /// How many tasks may be stopped now in a service that wants `desired` tasks, of which `away` are
    /// sick or missing.
    pub fn stops_allowed(&self, away: usize, desired: u32) -> usize {
        let share = u64::from(desired) * u64::from(self.max_unhealthy_percent) / 100;
        let share = usize::try_from(share).unwrap_or(usize::MAX).max(1);
        if away <= share { away } else { 1 }
    }
}

/// How the gateway's route is chosen, from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Whether a task must answer before the route moves to it. Default `true`.
    pub probing: bool,
    /// What to show while no task can serve. Default: nothing.
    pub maintenance: Option<Maintenance>,
    /// Whether the route is led away from an address that no task owns any more. Default `true`: AWS
    /// gives such an address to others (F60).
    pub parking: bool,
}

/// A page for the time in which no task can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Its URL.
    pub url: String,
    /// How long no task must have been able to serve before the integrations lead there.
    pub after: Duration,
}

impl Default for Routing {
    fn default() -> Self {
        Routing { probing: true, maintenance: None, parking: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stop_is_always_allowed_and_a_shared_cause_gets_one_trial() {
        let limits = Limits::default();
        for (away, desired, allowed) in [
            (0, 4, 0),
            (1, 1, 1),
            (1, 4, 1),
            (2, 4, 2),
            (3, 4, 1),
            (2, 2, 1),
            (2, 1, 1),
            (60, 100, 1),
            (50, 100, 50),
        ] {
            assert_eq!(limits.stops_allowed(away, desired), allowed, "{away} of {desired} away");
        }
    }

    #[test]
    fn a_share_of_zero_percent_still_allows_one() {
        let limits = Limits { max_unhealthy_percent: 0, ..Limits::default() };
        assert_eq!(limits.stops_allowed(5, 10), 1);
    }
}
