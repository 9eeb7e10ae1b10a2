//! Two invocations at once, with the world changing between any two calls of theirs: the route ends
//! where it should, and stays there.

mod scene;
mod stale;

use std::time::Duration;

use eden_lab::world::Call;
use eden_tests::permissions::Variant;
use scene::{Boundary, Case, Change, Fate, Function};

/// Plays the case with the first invocation held up at each of its boundaries; returns how often.
async fn at_every_boundary(case: &Case, fate: Fate) -> usize {
    let mut played = 0;
    for boundary in Boundary::all() {
        if !case.play(boundary, fate).await.held {
            break;
        }
        played += 1;
    }
    played
}

/// Holds the first invocation up at every boundary while the world changes, for each of the changes.
/// Then ip-updater overtakes it, be it ip-updater's or health-monitor's; or it has crashed, and
/// health-monitor comes.
async fn one_held_up(variant: Variant, auto_deploy: bool, changes: &[Change], least: usize) {
    for change in changes {
        for (first, second, fate) in [
            (Function::Updater, Function::Updater, Fate::Overtaken),
            (Function::Monitor, Function::Updater, Fate::Overtaken),
            (Function::Updater, Function::Monitor, Fate::Crashed),
        ] {
            let case = Case { first, second, ..Case::new(variant, auto_deploy, *change) };
            let played = at_every_boundary(&case, fate).await;
            assert!(played >= least, "{case}, {fate:?}: only {played} interleavings");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_autodeploy_a_late_invocation_ends_in_the_right_route() {
    let changes = [Change::Nothing, Change::Crash, Change::HandEdit];
    one_held_up(Variant::HttpIntegrations, true, &changes, 30).await;
}

#[tokio::test(start_paused = true)]
async fn with_deployments_a_late_invocation_ends_in_the_right_route() {
    let changes = [Change::Nothing, Change::Crash, Change::Rollout];
    one_held_up(Variant::HttpIntegrations, false, &changes, 34).await;
}

#[tokio::test(start_paused = true)]
async fn in_a_rest_api_a_late_invocation_ends_in_the_right_route() {
    one_held_up(Variant::RestIntegrations, false, &[Change::Crash], 34).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_stage_variable_a_late_invocation_ends_in_the_right_route() {
    let changes = [Change::Crash, Change::HandEdit];
    one_held_up(Variant::HttpStageVariable, true, &changes, 20).await;
}

/// The deployment that is owed is known by the note on the one before.
#[tokio::test(start_paused = true)]
async fn what_a_crash_left_of_a_second_move_is_made_up_for() {
    let case = Case::new(Variant::HttpIntegrations, false, Change::Nothing);
    let case = Case { moved_before: true, ..case };
    let played = at_every_boundary(&case, Fate::Crashed).await;
    assert!(played >= 34, "only {played} interleavings");
}

/// The second invocation then waits so long for its deployment that the SDK gives up on the first
/// one's call, and makes it again.
#[tokio::test(start_paused = true)]
async fn with_one_deployment_in_five_seconds_a_late_invocation_ends_in_the_right_route() {
    let case = Case::new(Variant::HttpIntegrations, false, Change::Crash);
    let case = Case { deployment_interval: Duration::from_secs(5), ..case };
    let played = at_every_boundary(&case, Fate::Overtaken).await;
    assert!(played >= 34, "only {played} interleavings");
}

/// Holds both invocations up, at every pair of boundaries that make a difference to the route, and
/// lets them go on in the order that `fate` says.
async fn both_held_up(case: Case, fate: fn(Boundary) -> Fate, least: usize) {
    // When the second one begins, the tasks have changed already: only the gateway still does.
    let gateway = |call: &Call| call.service == "apigateway";
    let mut played = 0;
    let undisturbed = case.play(Boundary::NEVER, Fate::Overtaken).await;
    for first in Boundary::different(&undisturbed.of_first, gateway) {
        let overtaken = case.play(first, Fate::Overtaken).await;
        for second in Boundary::different(&overtaken.of_second, gateway) {
            case.play(first, fate(second)).await;
            played += 1;
        }
    }
    assert!(played >= least, "{case}: only {played} interleavings");
}

#[tokio::test(start_paused = true)]
async fn with_autodeploy_two_interleaved_invocations_end_in_the_right_route() {
    let case = Case::new(Variant::HttpIntegrations, true, Change::Crash);
    both_held_up(case.clone(), Fate::EndsFirst, 140).await;
    both_held_up(case, Fate::EndsLast, 140).await;
}

#[tokio::test(start_paused = true)]
async fn with_deployments_two_interleaved_invocations_end_in_the_right_route() {
    let case = Case::new(Variant::HttpIntegrations, false, Change::Crash);
    both_held_up(case, Fate::EndsLast, 250).await;
}

#[tokio::test(start_paused = true)]
async fn with_deployments_two_invocations_interleaved_the_other_way_end_in_the_right_route() {
    let case = Case::new(Variant::HttpIntegrations, false, Change::Crash);
    both_held_up(case, Fate::EndsFirst, 250).await;
}

#[tokio::test(start_paused = true)]
async fn health_monitor_and_ip_updater_interleaved_end_in_the_right_route() {
    let case = Case::new(Variant::HttpIntegrations, true, Change::Crash);
    let case = Case { first: Function::Monitor, ..case };
    both_held_up(case.clone(), Fate::EndsFirst, 160).await;
    both_held_up(case, Fate::EndsLast, 160).await;
}
