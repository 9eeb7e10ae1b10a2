//! Tags: what Eden notes on the service and its tasks, and who may write which.

use std::collections::BTreeSet;

use eden_lab::example::{CLUSTER, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::world::Permission;
use eden_tests::permissions::Variant;

use super::role_of;

/// What a function may do to which of Eden's tags, and to the one that is people's alone.
fn tagging(variant: Variant, function: &str) -> BTreeSet<String> {
    let role = role_of(variant, function);
    let mut allowed = BTreeSet::new();
    for (kind, resource) in
        [("service", format!("{CLUSTER}/{SERVICE}")), ("task", format!("{CLUSTER}/1234"))]
    {
        for action in ["TagResource", "UntagResource"] {
            for key in [
                "claim",
                "failed-runs",
                "failing-since",
                "healing",
                "noted",
                "overwritten",
                "redeployed",
                "refused",
                "reported",
                "restored",
                "seen",
                "stopped",
                "suspect-since",
                "told",
                "unserved-since",
            ] {
                let need = Permission {
                    action: format!("ecs:{action}"),
                    resource: format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{resource}"),
                    condition_keys: [("aws:TagKeys".to_owned(), format!("eden:{key}"))].into(),
                };
                if role.allows(&need).unwrap() {
                    allowed.insert(format!("{action} {key} of the {kind}"));
                }
            }
        }
    }
    allowed
}

#[test]
fn each_function_may_touch_the_tags_that_it_writes_and_no_others() {
    let of_monitor = [
        "TagResource claim of the service",
        "TagResource failed-runs of the service",
        "TagResource failing-since of the service",
        "TagResource noted of the service",
        "TagResource overwritten of the service",
        "TagResource redeployed of the service",
        "TagResource refused of the service",
        "TagResource reported of the service",
        "TagResource restored of the service",
        "TagResource stopped of the service",
        "TagResource seen of the service",
        "TagResource told of the service",
        "UntagResource claim of the service",
        "UntagResource failed-runs of the service",
        "UntagResource failing-since of the service",
        "UntagResource seen of the service",
        "UntagResource told of the service",
        "TagResource suspect-since of the task",
        "UntagResource suspect-since of the task",
    ];
    let of_maintenance = [
        "TagResource unserved-since of the service",
        "UntagResource unserved-since of the service",
    ];
    for variant in Variant::ALL {
        let mut updater = BTreeSet::new();
        let mut monitor: BTreeSet<String> = of_monitor.map(str::to_owned).into();
        // health-monitor also notes that the route is parked.
        monitor.extend(of_maintenance.map(str::to_owned));
        if variant == Variant::Maintenance {
            updater.extend(of_maintenance.map(str::to_owned));
        }
        assert_eq!(tagging(variant, IP_UPDATER), updater, "{variant:?}");
        assert_eq!(tagging(variant, HEALTH_MONITOR), monitor, "{variant:?}");
    }
}
