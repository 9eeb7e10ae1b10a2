//! The limits of healing.

use eden_policy::Limits;

use super::reader::Reader;
use super::values;

/// Reads `MIN_DESIRED_COUNT`, `STARTUP_GRACE_SECONDS`, `ALARM_SETTLE_SECONDS`,
/// `REDEPLOY_COOLDOWN_SECONDS`, `MAX_UNHEALTHY_PERCENT`, `UNHEALTHY_FOR_SECONDS`,
/// `HEALING_BUDGET_PER_HOUR`, `STORM_COOLDOWN_SECONDS`, `ROLLOUT_TIMEOUT_SECONDS`,
/// `CRASH_LOOP_DEATHS` and `ROLLBACK`.
pub(super) fn read(reader: &mut Reader<'_>) -> Limits {
    let defaults = Limits::default();
    let mut seconds = |name, default| reader.or(name, values::seconds, default);
    let startup_grace = seconds("STARTUP_GRACE_SECONDS", defaults.startup_grace);
    let alarm_settle = seconds("ALARM_SETTLE_SECONDS", defaults.alarm_settle);
    let redeploy_cooldown = seconds("REDEPLOY_COOLDOWN_SECONDS", defaults.redeploy_cooldown);
    let unhealthy_for = seconds("UNHEALTHY_FOR_SECONDS", defaults.unhealthy_for);
    let storm_cooldown = seconds("STORM_COOLDOWN_SECONDS", defaults.storm_cooldown);
    let rollout_timeout = seconds("ROLLOUT_TIMEOUT_SECONDS", defaults.rollout_timeout);
    let mut count = |name, default| reader.or(name, values::count, default);
    Limits {
        min_desired_count: count("MIN_DESIRED_COUNT", defaults.min_desired_count),
        healing_budget_per_hour: count("HEALING_BUDGET_PER_HOUR", defaults.healing_budget_per_hour),
        max_unhealthy_percent: reader.or(
            "MAX_UNHEALTHY_PERCENT",
            values::percent,
            defaults.max_unhealthy_percent,
        ),
        loop_deaths: reader.or("CRASH_LOOP_DEATHS", values::deaths, defaults.loop_deaths),
        rollback: reader.or("ROLLBACK", values::switch, defaults.rollback),
        startup_grace,
        alarm_settle,
        redeploy_cooldown,
        unhealthy_for,
        storm_cooldown,
        rollout_timeout,
    }
}
