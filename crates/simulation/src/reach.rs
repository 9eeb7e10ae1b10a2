//! Reachability: a run proves nothing about what never happened in it. So over a run each diagnosis,
//! each remedy, each reason to hold and each fault has to occur.

use std::collections::BTreeMap;

use crate::mix::Mix;

/// What the health monitor may find.
pub const DIAGNOSES: &[&str] = &[
    "healthy",
    "starting",
    "rolling",
    "rollout_failed",
    "route_stale",
    "task_sick",
    "too_few_tasks",
    "service_sick",
    "disputed",
    "crash_loop",
    "cannot_start",
    "paused",
    "below_floor",
    "scaled_to_zero",
    "unknown",
    "not_active",
    "before_tasks",
    "old_tasks_remain",
    "task_stuck",
    "unclear",
    "wrong_path",
];

/// What Eden may do.
pub const REMEDIES: &[&str] = &[
    "point_integration",
    "show_maintenance",
    "mark_unserved",
    "clear_unserved",
    "deploy_stage",
    "restore_desired_count",
    "mark_suspect",
    "clear_suspect",
    "stop_task",
    "force_deployment",
    "roll_back",
    "park",
    "mark_condition",
    "clear_condition",
    "mark_failing",
    "clear_failing",
];

/// Why Eden may not have done something.
pub const HOLDS: &[&str] = &[
    "already_routed",
    "api_answers_well",
    "api_not_asked",
    "awaiting_ready",
    "budget_spent",
    "claimed",
    "evidence_disagrees",
    "evidence_unclear",
    "fact_unknown",
    "failing_not_yet",
    "fault_before_tasks",
    "foreign_deployment_controller",
    "former_inactive",
    "healing_not_on",
    "in_maintenance",
    "maintenance_not_yet",
    "mode_tag_unrecognized",
    "needs_a_human",
    "no_address",
    "no_better_task",
    "no_running_task",
    "nothing_to_roll_back_to",
    "old_task_remains",
    "parked",
    "parking_not_yet",
    "redeploy_cooldown",
    "replaced_by_ecs",
    "replacing_did_not_help",
    "requests_to_be_counted",
    "restored_in_vain",
    "retry_not_yet",
    "rolling_not_maintained",
    "rollout_failed",
    "rollout_in_progress",
    "route_just_moved",
    "route_repaired_first",
    "route_unknown",
    "scaled_to_zero",
    "service_not_active",
    "stage_deployment_failed",
    "stop_limit",
    "stop_not_over",
    "stops_first",
    "storm_cooldown",
    "successors_cannot_start",
    "suspect_not_yet",
    "tags_refused",
    "task_protected",
    "task_stuck",
    "trial_not_over",
    "within_startup_grace",
];

/// What no history has, each with the reason.
pub const EXEMPT: &[(&str, &str)] = &[
    ("hold: value_not_allowed", "the histories' route goes through integrations"),
    ("hold: not_an_http_integration", "a setting that is wrong once and for all"),
    ("hold: host_is_stage_variable", "a setting that is wrong once and for all"),
    ("hold: refused", "seldom: what it would return to must be deregistered between two calls"),
    ("hold: readiness_unknown", "tasks that only API Gateway reaches are never probed well"),
    ("remedy: set_stage_variable", "the histories' route goes through integrations"),
    ("hold: address_in_use", "people lead no route to an address of theirs"),
    ("hold: route_contested", "people lead no route to an address of theirs"),
    ("remedy: mark_overwritten", "people lead no route to an address of theirs"),
    ("hold: owners_to_be_asked", "it is asked at once"),
    ("hold: api_to_be_asked", "it is asked at once"),
    ("hold: fails_after_running", "seldom: a task must have run for long before all others die"),
    ("hold: no_room_to_deploy", "every deployment of the histories may stop or start a task first"),
    (
        "hold: still_starting",
        "seldom: applications start in time, and few young tasks hang beside older",
    ),
    ("hold: pending_for_long", "the tasks of the histories start within minutes, or fail"),
    ("hold: page_answers_for_it", "seldom: replacing must have been in vain behind the page"),
    ("hold: others_answer", "no cache or mock of the histories answers for the tasks"),
    ("hold: users_are_served", "no path of the histories is slow while requests succeed"),
    ("diagnosis: no_instances", "a daemon service always has instances"),
    ("hold: no_instances", "a daemon service always has instances"),
    ("hold: tags_removed", "nobody takes tags off the service"),
    ("hold: stage_has_canary", "only REST APIs have canary releases"),
    ("hold: canary_has_own_variable", "only REST APIs have canary releases"),
    ("hold: stage_never_deployed", "a setting that is wrong once and for all"),
];

/// What has to be seen over a run of a mix and was not. The classic mix has none of what came later,
/// so only its own faults have to occur.
pub fn unreached(mix: Mix, seen: &BTreeMap<String, u64>) -> Vec<String> {
    let faults = mix.faults();
    let decisions = [("diagnosis", DIAGNOSES), ("remedy", REMEDIES), ("hold", HOLDS)];
    let decisions = decisions.into_iter().filter(|_| mix == Mix::Reality);
    let expected = decisions
        .chain([("fault", faults.as_slice())])
        .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}: {name}")));
    expected.filter(|name| !seen.contains_key(name)).collect()
}
