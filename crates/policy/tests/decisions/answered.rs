//! What tasks and the API answer that is no failure of theirs, and what hides that they are well.

use eden_policy::Hold;
use eden_policy::facts::RolloutState;

use crate::fixtures::*;
use crate::verdict::*;

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
