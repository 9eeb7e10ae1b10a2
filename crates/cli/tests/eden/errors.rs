//! What is said when something is missing or may not be read.

use eden_lab::world::{ApiKind, Fault, FaultKind};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_what_helps() {
    // Given
    let scene = Scene::steady(217, ApiKind::Http).await;
    scene.lull().await;
    for (arguments, says) in [
        (&["diagnose", "--env", "dev"][..], &["dev-eden-health-monitor", "--env"][..]),
        (&["ip", "--app", "shop"], &["prod-shop-ip-updater", "--stack"]),
        (&["logs", "--env", "dev"], &["dev-eden", "describe-log-groups"]),
        (&["status", "--stack", "other"], &["other", "list-stacks"]),
        (&["history", "--since", "yesterday"], &["\"yesterday\"", "24h"]),
        (&["status", "--stack", "a", "--env", "b"], &["--stack", "--env"]),
        (&["replay", "/nowhere.json"], &["/nowhere.json", "No such file"]),
    ] {
        // When
        let said = scene.eden(arguments).await;
        // Then
        assert_eq!(said.status, Some(2), "{arguments:?}");
        assert_eq!(said.stdout, "", "{arguments:?}");
        for part in says {
            assert!(said.stderr.contains(part), "{arguments:?}, {part}: {}", said.stderr);
        }
    }
    // When, then: the stack's own name does
    let said = scene.eden(&["ip", "--stack", "eden-autoresiliency"]).await;
    assert_eq!(said.status, Some(0), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_unknown_and_the_permission_is_named() {
    // Given
    let scene = Scene::steady(218, ApiKind::Http).await;
    scene.lull().await;
    for (arguments, operation, permission) in [
        (&["status"][..], "GetFunctionConfiguration", "lambda:GetFunctionConfiguration"),
        (&["status"], "FilterLogEvents", "logs:FilterLogEvents"),
        (&["status"], "DescribeTasks", "DescribeTasks"),
        (&["diagnose"], "DescribeAlarms", "DescribeAlarms"),
        (&["ip"], "DescribeNetworkInterfaces", "DescribeNetworkInterfaces"),
        (&["route"], "GetIntegration", "GetIntegration"),
        (&["history"], "DescribeServices", "DescribeServices"),
        (&["logs"], "FilterLogEvents", "logs:FilterLogEvents"),
        (&["pause"], "TagResource", "TagResource"),
    ] {
        // When
        let kind = FaultKind::AccessDenied;
        scene.change(|world| world.inject(Fault { operation, kind, times: None }));
        let said = scene.eden(arguments).await;
        // Then
        let all = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(said.status, Some(2), "{arguments:?}, {operation}: {all}");
        assert!(all.contains(permission), "{arguments:?}, {operation}: {all}");
        scene.restore();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remedy_that_fails_is_told_and_exits_with_1() {
    // Given
    let scene = Scene::steady(219, ApiKind::Http).await;
    scene.lull().await;
    scene.misroute();
    let (operation, kind) = ("UpdateIntegration", FaultKind::AccessDenied);
    scene.change(|world| world.inject(Fault { operation, kind, times: None }));
    for arguments in [&["heal", "--yes"][..], &["route", "--apply"]] {
        // When
        let said = scene.eden(arguments).await;
        // Then
        assert_eq!(said.status, Some(1), "{arguments:?}: {}{}", said.stdout, said.stderr);
        assert!(said.stdout.contains("UpdateIntegration of"), "{arguments:?}: {}", said.stdout);
    }
}
