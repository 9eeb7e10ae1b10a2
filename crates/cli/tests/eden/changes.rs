//! What changes something, and what it does not change.

use std::process::Stdio;

use eden_lab::example::{
    CLUSTER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION, REST_ROOT_INTEGRATION, ROOT_INTEGRATION,
    SERVICE,
};
use eden_lab::world::ApiKind;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::scene::{DEAD, Scene};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_healed_after_the_plan_was_shown_and_agreed_to() {
    // Given
    let scene = Scene::steady(213, ApiKind::Http).await;
    scene.lull().await;
    let good = scene.uri(PROXY_INTEGRATION);
    scene.misroute();
    // When, then: it is diagnosed
    let said = scene.eden(&["diagnose", "--json"]).await;
    assert_eq!(said.status, Some(1), "{}", said.stdout);
    assert_eq!(said.json()["diagnosis"], "route_stale");
    assert_eq!(said.json()["steps"][0]["action"], "point_integration");
    // When, then: nobody can be asked
    let said = scene.eden(&["heal"]).await;
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("Point integration"), "{}", said.stderr);
    assert!(said.stderr.contains("--yes"), "{}", said.stderr);
    assert_eq!((said.stdout.as_str(), scene.written()), ("", Vec::<String>::new()));
    // When
    let said = scene.eden(&["heal", "--yes", "--json"]).await;
    // Then
    assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(said.json()["outcome"], "acted");
    assert_eq!(scene.uri(PROXY_INTEGRATION), good);
    assert!(scene.written().contains(&"PutEvents".to_owned()), "{:?}", scene.written());
    // Then: it is told who did it
    let said = scene.eden(&["history", "--json"]).await;
    let json = said.json();
    let ours = |it: &&serde_json::Value| {
        it["request_id"].as_str().is_some_and(|id| id.starts_with("cli-"))
    };
    assert!(json.as_array().unwrap().iter().any(|it| ours(&it)), "{}", said.stdout);
    // When, then: nothing is left to do
    let said = scene.eden(&["heal"]).await;
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("nothing to do"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_route_is_shown_first_and_written_when_asked_to() {
    // Given
    let scene = Scene::steady(214, ApiKind::Rest).await;
    scene.lull().await;
    let integrations = [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION];
    let good = integrations.map(|it| scene.uri(it));
    scene.misroute();
    // When, then
    let said = scene.eden(&["route"]).await;
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("Point integration res1:ANY to http://127."), "{}", said.stdout);
    assert!(said.stdout.contains("Deploy stage prod"), "{}", said.stdout);
    assert!(integrations.iter().all(|it| scene.uri(it).starts_with(DEAD)));
    // When
    let said = scene.eden(&["route", "--apply"]).await;
    // Then
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stdout.starts_with("ip-updater  acted\n"), "{}", said.stdout);
    assert_eq!(integrations.map(|it| scene.uri(it)), good);
    let said = scene.eden(&["route"]).await;
    assert!(said.stdout.contains("nothing to do"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn healing_is_paused_observed_and_resumed_by_the_service_s_tag() {
    // Given
    let scene = Scene::steady(215, ApiKind::Http).await;
    scene.lull().await;
    let tag = || {
        let world = scene.account.lab.world();
        world.service(CLUSTER, SERVICE).unwrap().tags.get("eden:healing").cloned()
    };
    // When, then
    let said = scene.eden(&["pause"]).await;
    assert_eq!((said.status, tag().as_deref()), (Some(0), Some("off")), "{}", said.stderr);
    assert!(said.stdout.contains("was on and is off now"), "{}", said.stdout);
    let said = scene.eden(&["status", "--json"]).await;
    assert_eq!(said.json()["healing"], json!({ "mode": "off", "by": "the tag eden:healing" }));
    // Then: nothing is done, here neither
    scene.misroute();
    let said = scene.eden(&["heal", "--yes", "--json"]).await;
    assert_eq!(said.json()["diagnosis"], "paused", "{}", said.stdout);
    let said = scene.eden(&["route", "--apply", "--json"]).await;
    let held = said.json()["held"].clone();
    let held = held.as_array().unwrap();
    assert!(held.iter().any(|it| it["reason"] == "healing_not_on"), "{}", said.stdout);
    assert!(scene.uri(ROOT_INTEGRATION).starts_with(DEAD));
    // When, then
    let said = scene.eden(&["observe", "--json"]).await;
    assert_eq!((said.json()["was"].clone(), tag().as_deref()), (json!("off"), Some("observe")));
    // When, then: the parameter says on, so no tag is needed
    let said = scene.eden(&["resume", "--json"]).await;
    assert_eq!((said.json()["mode"].clone(), tag()), (json!("on"), None));
    let said = scene.eden(&["resume"]).await;
    assert!(said.stdout.contains("is on already"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_handled_by_the_handler_it_is_for() {
    // Given
    let scene = Scene::steady(216, ApiKind::Http).await;
    scene.lull().await;
    let good = scene.uri(PROXY_INTEGRATION);
    for (file, function, outcome) in [
        ("ecs-task-running.json", "ip-updater", "acted"),
        ("scheduled.json", "health-monitor", "acted"),
        ("manual-test.json", "health-monitor", "acted"),
        ("ecs-task-other-service.json", "ip-updater", "ignored"),
    ] {
        scene.misroute();
        // When
        let said = scene.eden(&["replay", &format!("{EVENTS}/{file}"), "--json"]).await;
        // Then
        let report = said.json();
        assert_eq!(said.status, Some(0), "{file}: {}", said.stdout);
        assert_eq!((&report["function"], &report["outcome"]), (&json!(function), &json!(outcome)));
        let uri = if outcome == "acted" { good.as_str() } else { DEAD };
        assert!(
            scene.uri(PROXY_INTEGRATION).starts_with(uri.trim_end_matches("{proxy}")),
            "{file}"
        );
    }
    // When: from stdin, and nobody's
    let mut eden = scene.command(&["replay", "-"]);
    eden.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut eden = eden.spawn().unwrap();
    eden.stdin.take().unwrap().write_all(br#"{"weather":"fine"}"#).await.unwrap();
    let said = eden.wait_with_output().await.unwrap();
    // Then
    assert_eq!(said.status.code(), Some(2));
    let stderr = String::from_utf8(said.stderr).unwrap();
    assert!(stderr.contains("weather") && stderr.contains("ip-updater takes"), "{stderr}");
}
