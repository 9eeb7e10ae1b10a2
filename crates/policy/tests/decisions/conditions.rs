//! What people hear of, and when: what one look found may be over at the next.

use eden_policy::facts::{Alarm, ApiAnswer, Observed, Service};
use eden_policy::health::Finding;
use eden_policy::plan::{Condition, Sighting};
use eden_policy::{Diagnosis, Facts, Hold, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// One message of ECS, which may have found room by the next look.
fn no_room() -> Facts {
    healthy(2).tasks(vec![task(1)]).service(|service| {
        service.running = 1;
        service.events = vec![event(60, NO_ROOM)];
    })
}

fn noted(facts: Facts, seconds_ago: u64) -> Facts {
    let note = format!("cannot_start {PRIMARY} {:.0}", ago(seconds_ago));
    facts.service(|service| service.seen = Some(note))
}

fn condition(finding: &Finding) -> &Condition {
    finding.condition.as_ref().expect("a condition")
}

fn of_people(finding: &Finding) -> Vec<&Step> {
    let about =
        |step: &&Step| matches!(step, Step::MarkCondition { .. } | Step::ClearCondition { .. });
    finding.plan.steps.iter().filter(about).collect()
}

fn arn(facts: &Facts) -> String {
    let Observed::Known(Service { arn, .. }) = &facts.service else { panic!("it is known") };
    arn.clone()
}

#[test]
fn what_one_look_found_is_noted_and_calls_nobody() {
    let facts = no_room();
    let finding = decide(&facts);
    assert!(!condition(&finding).lasts);
    let (name, of) = ("cannot_start".to_owned(), PRIMARY.to_owned());
    let sighting = Sighting { name, of, since: now() };
    assert_eq!(of_people(&finding), [&Step::MarkCondition { service: arn(&facts), sighting }]);
}

#[test]
fn what_the_second_look_finds_as_well_lasts_and_is_not_noted_again() {
    for (seconds_ago, lasts) in [(10, false), (59, false), (60, true), (300, true)] {
        let finding = decide(&noted(no_room(), seconds_ago));
        assert_eq!(condition(&finding).lasts, lasts, "{seconds_ago}");
        assert_eq!(of_people(&finding), [] as [&Step; 0], "{seconds_ago}");
    }
}

#[test]
fn three_deaths_have_lasted_by_themselves() {
    let deaths = (1..=3).map(|n| task(n).died(u64::from(n) * 200)).collect();
    let facts = healthy(1).tasks(deaths).service(|service| service.running = 0);
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "crash_loop");
    assert!(condition(&finding).lasts);
    assert_eq!(of_people(&finding), [] as [&Step; 0]);
}

#[test]
fn what_is_not_found_any_more_is_forgotten_once_that_is_certain() {
    let facts = noted(healthy(1), 300);
    let finding = decide(&facts);
    assert_eq!(finding.diagnosis, Diagnosis::Healthy);
    assert_eq!(of_people(&finding), [&Step::ClearCondition { service: arn(&facts) }]);
    // A task on its way says nothing of it.
    let starting = noted(healthy(2).tasks(vec![task(1), task(2).starting()]), 300);
    let starting = starting.service(|service| service.running = 1);
    let finding = decide(&starting);
    assert_eq!(named(&finding.diagnosis), "starting");
    assert_eq!(of_people(&finding), [] as [&Step; 0]);
}

#[test]
fn a_note_that_eden_cannot_have_written_counts_as_none() {
    for note in ["hands off", "cannot_start ecs-svc/1 2099-01-01T00:00:00Z"] {
        let facts = no_room().service(|service| service.seen = Some(note.to_owned()));
        let finding = decide(&facts);
        assert!(!condition(&finding).lasts, "{note}");
        assert_eq!(of_people(&finding).len(), 1, "{note}");
    }
}

/// From a run in an independent emulator: a look for the error alarm without `HealthCheckPath` ended as
/// `unknown`, and nothing said why.
#[test]
fn a_look_that_may_not_ask_the_api_says_so() {
    let finding = decide(&healthy(1).alarm(Alarm::Alarm).api(ApiAnswer::NotAsked));
    assert_eq!(finding.diagnosis, Diagnosis::Unknown);
    assert!(finding.holds(&Hold::ApiNotAsked), "{finding:?}");
    let finding = decide(&healthy(1).api(ApiAnswer::NotAsked));
    assert_eq!(finding.diagnosis, Diagnosis::Healthy);
    assert!(!finding.holds(&Hold::ApiNotAsked), "{finding:?}");
}

/// <https://github.com/aws/amazon-ecs-agent/issues/2031>,
/// <https://github.com/stacklok/toolhive/issues/4877>: somebody deploys again every ten minutes, so that
/// no deployment is ever overdue, and nobody is served.
#[test]
fn that_no_deployment_completes_while_tasks_are_missing_is_told_whoever_deploys_again() {
    let rolling = |seen: Option<String>| {
        let facts = healthy(2).tasks(vec![task(1).old(), task(2).starting()]);
        facts.service(|service| {
            (service.running, service.pending) = (1, 1);
            (service.deployments, service.seen) = (rollout_since(300), seen);
        })
    };
    let lasts = |facts: &Facts| {
        let finding = decide(facts);
        assert_eq!(named(&finding.diagnosis), "rolling");
        (condition(&finding).to_string(), condition(&finding).lasts, of_people(&finding).len())
    };
    let unfinished = "rollouts_unfinished any";
    let seen = |seconds| Some(format!("{unfinished} {:.0}", ago(seconds)));
    assert_eq!(lasts(&rolling(None)), (unfinished.to_owned(), false, 1));
    assert_eq!(lasts(&rolling(seen(1_799))), (unfinished.to_owned(), false, 0));
    assert_eq!(lasts(&rolling(seen(1_800))), (unfinished.to_owned(), true, 0));
    // The first two minutes of a rollout are no news, unless it goes on with those before.
    let fresh = |seen| rolling(seen).service(|it| it.deployments = rollout_since(119));
    assert_eq!(decide(&fresh(None)).condition, None);
    assert_eq!(lasts(&fresh(seen(1_800))), (unfinished.to_owned(), true, 0));
    // Nothing is missing: a rollout as any other. What was noted is over with the rollouts.
    assert_eq!(decide(&rolling(None).service(|it| it.running = 2)).condition, None);
    let well = healthy(2).service(|it| it.seen = seen(600));
    assert_eq!(of_people(&decide(&well)).len(), 1);
    // What was noted of the present deployment is not overwritten, but of another it is.
    let of = |id: &str| Some(format!("cannot_start {id} {:.0}", ago(200)));
    assert_eq!(decide(&rolling(of(PRIMARY))).condition, None);
    assert_eq!(lasts(&rolling(of("ecs-svc/7"))), (unfinished.to_owned(), false, 1));
}

/// <https://github.com/aws/containers-roadmap/issues/2379>: a task stayed PENDING for hours, and nobody
/// was told.
#[test]
fn that_no_task_runs_and_one_stays_pending_is_told_after_ten_minutes() {
    let told = |facts: &Facts| decide(facts).condition.map(|it| (it.name, it.lasts));
    let seen = |facts: Facts, seconds_ago| {
        let note = format!("pending_for_long {PRIMARY} {:.0}", ago(seconds_ago));
        facts.service(|service| service.seen = Some(note))
    };
    assert_eq!(told(&pending(599)), None);
    assert_eq!(told(&pending(600)), Some(("pending_for_long".to_owned(), false)));
    let lasts = decide(&seen(pending(720), 60));
    assert_eq!(lasts.condition.as_ref().map(|it| it.lasts), Some(true));
    let hold = Hold::PendingForLong {
        task: "task1".to_owned(),
        status: "PENDING".to_owned(),
        since: ago(720),
    };
    assert!(lasts.holds(&hold), "{lasts:?}");
    assert!(
        hold.to_string().contains("task1, requested at 2026-01-01T11:48:00Z, is still PENDING")
    );
    assert_eq!(lasts.remedies(), [] as [&Step; 0]);
    // The same in a rollout, where a note that no deployment completes does not keep it back.
    let rolling = pending(720).service(|service| {
        service.deployments = rollout_since(720);
        service.seen = Some(format!("rollouts_unfinished any {:.0}", ago(300)));
    });
    assert_eq!(named(&decide(&rolling).diagnosis), "rolling");
    assert_eq!(told(&rolling), Some(("pending_for_long".to_owned(), false)));
    // Over as soon as a task runs, and nothing where one may.
    let runs = |task| pending(720).with_task(task).service(|it| it.running = 1);
    assert_eq!(told(&runs(task(2))), None);
    assert_eq!(told(&pending(720).with_task(task(2).stopping(30))), None);
}
