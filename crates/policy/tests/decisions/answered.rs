//! What tasks and the API answer that is no failure of theirs, and what hides that they are well.

use eden_policy::facts::{Alarm, ApiAnswer, Readiness, RolloutState};
use eden_policy::{Diagnosis, Facts, Hold};

use crate::fixtures::*;
use crate::verdict::*;

fn limited() -> Facts {
    let answer =
        "GET /health of 203.0.113.1:8000 answered 429: a limit on requests, not a wrong path";
    let mut route = route_to(1);
    route.readiness.insert(endpoint(1), Readiness::Limited(answer.to_owned()));
    healthy(1).route(route)
}

/// <https://github.com/traefik/traefik/issues/8862>: a server that limits its clients answered 429 at its
/// health check, and was taken out of service for it.
#[test]
fn a_task_that_limits_requests_is_alive_and_its_path_is_right() {
    for (alarm, api, diagnosis) in [
        (Alarm::Ok, GOOD, "healthy"),
        (Alarm::Ok, ApiAnswer::Unclear { status: 429 }, "healthy"),
        (Alarm::Alarm, GOOD, "disputed"),
        (Alarm::Alarm, ApiAnswer::Unclear { status: 429 }, "unclear"),
        (Alarm::Alarm, bad(), "unclear"),
    ] {
        let finding = decide(&limited().alarm(alarm).api(api));
        assert_eq!(named(&finding.diagnosis), diagnosis, "{alarm:?}");
        assert_eq!(finding.remedies(), [] as [&eden_policy::Step; 0]);
        if let Diagnosis::Unclear { because } = &finding.diagnosis {
            assert!(because.contains("a limit on requests"), "{because}");
        }
    }
    // The maintenance page does not hide it either, and it is led back to the task.
    let finding =
        decide_with_page(&limited().api(bad()).service(|it| it.unserved_since = Some(ago(300))));
    assert!(finding.plan.holds.iter().all(|it| it.reason() != "in_maintenance"), "{finding:?}");
}

/// A custom domain that the VPC's resolver does not know, or a certificate that has expired: Eden cannot
/// ask, users may be served or not, and no task is to blame.
#[test]
fn an_api_that_cannot_be_asked_is_not_one_that_fails() {
    let unasked = || ApiAnswer::NotReached("dns error: failed to lookup address".to_owned());
    for (facts, diagnosis) in [
        // It may have expired for everybody, and then no request rings the alarm: people are told.
        (healthy(1).api(unasked()), "before_tasks"),
        (healthy(1).api(unasked()).route(route_to(1).unasked()), "unknown"),
        (healthy(1).api(unasked()).alarm(Alarm::Alarm), "before_tasks"),
        (failing(1).api(unasked()), "service_sick"),
        (unprobed(1).api(unasked()), "unclear"),
    ] {
        let finding = decide(&facts);
        assert_eq!(named(&finding.diagnosis), diagnosis, "{:?}", finding.evidence);
        let said = finding.evidence.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(said.contains("could not be asked from here: dns error"), "{said}");
        // What was told of before is not over, as long as nobody knows.
        assert!(!finding.is_over, "{diagnosis}");
    }
}

/// <https://github.com/Zooz/predator/issues/478>: the readiness of an application asked its own public
/// URL. Behind the maintenance page it never becomes ready, however often it is replaced.
#[test]
fn when_replacing_is_vain_behind_the_page_people_hear_what_the_page_may_hide() {
    let facts = failing(2).failing_since(9_000).service(|service| {
        service.unserved_since = Some(ago(8_000));
        service.redeployed_at = vec![ago(8_900), ago(7_900)];
        service.deployments = vec![deployment(RolloutState::Completed, 7_900)];
    });
    let finding = decide_with_page(&facts);
    assert_eq!(finding.condition(), Some("replacing_did_not_help"));
    assert!(finding.holds(&Hold::PageAnswersForIt), "{:?}", finding.reasons());
    let text = Hold::PageAnswersForIt.to_string();
    assert!(text.contains("public URL") && text.contains("MAINTENANCE_URL"), "{text}");
    // Without a page nothing is hidden.
    assert!(!decide(&facts).holds(&Hold::PageAnswersForIt));
}
