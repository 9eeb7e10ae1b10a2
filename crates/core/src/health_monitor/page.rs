//! The watch on the maintenance page. ECS sends no event when a running task answers again, so that users
//! would see the page until the next scheduled check.

use std::time::Duration;

use eden_policy::route::is_move;
use eden_policy::{Hold, Step};

use super::{Eye, NAME, later, settle};
use crate::lambda::Invocation;
use crate::notify::{self, Trail};
use crate::report::{Counts, Done, Report};

/// Time between two looks at the route.
const EVERY: Duration = Duration::from_secs(30);
/// The least time that is left for a look and what follows. The tasks are asked for ten seconds, API Gateway
/// may let a write wait for fifteen (F5), the tasks are asked once more, and one of the runs that see the
/// same tells people, which takes ten; the rest is for slow answers.
const LOOKING: Duration = Duration::from_secs(75);

/// As long as the page is shown while tasks are wanted, looks at the route time and again, leads it back,
/// and tells people. A fact that cannot be read is read again at the next look.
pub(super) async fn watch(eye: &Eye<'_>, invocation: &Invocation, report: &mut Report) {
    let now = || eye.edge.aws.now();
    let mut is_shown = shows_the_page(report);
    while is_shown && later(now(), EVERY + LOOKING) <= invocation.deadline {
        tokio::time::sleep(EVERY).await;
        is_shown = Box::pin(look(eye, invocation, report)).await;
    }
}

/// Looks at the route once; whether there is a reason to look again.
async fn look(eye: &Eye<'_>, invocation: &Invocation, report: &mut Report) -> bool {
    let Eye { config, edge, .. } = *eye;
    let mut own = Report::new(NAME, &report.request_id, report.trigger.clone(), edge.aws.now());
    own.service_arn.clone_from(&report.service_arn);
    let trail = Trail::of(&edge.aws, &config.target, &own);
    let Some(settled) = settle(eye, &trail).await else { return false };
    let unread: Vec<_> = settled.plan.unknown_facts().map(ToString::to_string).collect();
    let is_shown = settled.plan.holds.iter().any(is_of_the_page);
    let is_unread = !unread.is_empty();
    // What was written is to be looked at.
    own.failed.extend(unread.into_iter().filter(|_| !settled.attempts.is_empty()));
    own.routed(settled, None);
    notify::healing(edge, config, &invocation.attempt(), &mut own).await;
    if own.done.iter().any(leads_back) {
        report.held.retain(|held| !is_of_the_page(&held.what));
    }
    report.add(own);
    (is_shown || is_unread) && report.failed.is_empty()
}

/// Whether the page is shown while tasks are wanted, as far as the run knows.
fn shows_the_page(report: &Report) -> bool {
    let wants = report.tasks.is_some_and(|Counts { desired, .. }| desired > 0);
    let was_shown = report.held.iter().any(|held| is_of_the_page(&held.what));
    let last = report.done.iter().rev().find(|done| is_move(&done.what));
    report.is_on && wants && (was_shown || last.is_some_and(|last| !leads_back(last)))
}

/// Whether this leads the route away from the page, if it leads it anywhere.
fn leads_back(done: &Done) -> bool {
    is_move(&done.what) && !matches!(done.what, Step::ShowMaintenance { .. })
}

fn is_of_the_page(hold: &Hold) -> bool {
    matches!(hold, Hold::InMaintenance { .. })
}
