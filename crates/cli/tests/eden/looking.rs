//! What only looks: nothing is changed by it.

use eden_lab::example::{AUDIT_LOG, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION};
use eden_lab::world::{ApiKind, LogEvent};
use serde_json::json;

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_steady_service_is_shown_from_every_side_and_left_alone() {
    // Given
    let scene = Scene::steady(210, ApiKind::Http).await;
    scene.lull().await;
    let task = scene.task();
    let address = task.endpoint().to_string();

    // When, then: on one screen
    let said = scene.eden(&["status", "--json"]).await;
    let status = said.json();
    assert_eq!(said.status, Some(0), "{}", said.stdout);
    assert_eq!(
        status["counts"],
        json!({ "running": 1, "desired": 1, "pending": 0, "unhealthy": 0 })
    );
    assert_eq!(status["tasks"][0]["id"], task.id());
    assert_eq!(status["tasks"][0]["address"], address);
    assert_eq!(status["tasks"][0]["routed"], true);
    assert_eq!(status["alarm"]["state"], "OK");
    assert_eq!(status["healing"]["mode"], "on");
    assert_eq!(status["budget"], json!({ "left": 6, "per_hour": 6 }));
    assert!(!status["actions"].as_array().unwrap().is_empty(), "{}", said.stdout);
    let said = scene.eden(&["status"]).await;
    assert!(said.stdout.contains("1 of 1 tasks run"), "{}", said.stdout);
    assert!(said.stdout.contains("the gateway leads here"), "{}", said.stdout);
    assert!(!said.stdout.contains('\u{1b}'), "colour without a terminal: {}", said.stdout);

    // When, then: as health-monitor sees it
    let said = scene.eden(&["diagnose", "--json"]).await;
    assert_eq!(said.status, Some(0), "{}", said.stdout);
    assert_eq!(said.json()["diagnosis"], "healthy");
    assert_eq!(said.json()["steps"], json!([]));
    let said = scene.eden(&["diagnose", "--color", "always"]).await;
    assert!(said.stdout.contains('\u{1b}') && said.stdout.contains("Healthy"), "{}", said.stdout);

    // When, then: as ip-updater sees it
    let said = scene.eden(&["route", "--json"]).await;
    assert_eq!(said.status, Some(0), "{}", said.stdout);
    assert_eq!(said.json()["steps"], json!([]));
    assert_eq!(said.json()["held"][0]["reason"], "already_routed");

    // When, then: its addresses
    let said = scene.eden(&["ip"]).await;
    assert_eq!(said.stdout, format!("{}\n", task.endpoint().ip()));
    let said = scene.eden(&["ip", "--json"]).await;
    assert_eq!(said.json()[0]["port"], task.endpoint().port());

    // Then
    assert_eq!(scene.written(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_what_eden_and_ecs_did_and_how_far_back_it_is_asked_for() {
    // Given
    let scene = Scene::steady(211, ApiKind::Http).await;
    scene.lull().await;
    // When
    let said = scene.eden(&["history", "--json"]).await;
    // Then
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let json = said.json();
    let entries = json.as_array().unwrap();
    let moved = entries.iter().find(|it| it["text"].as_str().unwrap().contains(PROXY_INTEGRATION));
    let moved = moved.unwrap_or_else(|| panic!("{}", said.stdout));
    assert!(moved["trigger"].as_str().is_some_and(|it| !it.is_empty()), "{moved}");
    assert!(entries.iter().any(|it| it["source"] == "ecs"), "{}", said.stdout);
    let times: Vec<_> = entries.iter().map(|it| it["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    // When: nothing lies within the time that is asked for
    let said = scene.eden(&["history", "--since", "1s"]).await;
    // Then
    assert_eq!(said.stdout, "Nothing happened.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_merged_by_time_and_readable() {
    // Given: a report as the function writes it
    let scene = Scene::steady(212, ApiKind::Http).await;
    scene.lull().await;
    let report = json!({
        "function": "health-monitor", "trigger": "Scheduled Event", "outcome": "unchanged",
        "diagnosis": "starting", "done": [], "failed": [],
        "held": [{ "reason": "within_startup_grace", "text": "task 7 is fresh" }],
    });
    scene.change(|world| {
        let message = json!({
            "timestamp": "2026-01-01T00:00:00Z", "level": "INFO", "message": "finished",
            "report": report.to_string(), "target": "eden_core::report",
        });
        let (stream, at, message) = ("s".to_owned(), world.now(), message.to_string());
        let group = format!("/aws/lambda/{HEALTH_MONITOR}");
        world.logs().write(&group, LogEvent { stream, at, message });
    });
    // When
    let said = scene.eden(&["logs"]).await;
    // Then
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let lines: Vec<_> = said.stdout.lines().collect();
    assert!(lines.iter().any(|it| it.contains("audit") && it.contains("Pointed")), "{lines:?}");
    assert!(!said.stdout.contains("RequestId"), "{}", said.stdout);
    let [.., run, held] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(run.ends_with("health-monitor  unchanged, starting (Scheduled Event)"), "{run}");
    assert_eq!(held.trim(), "held: task 7 is fresh");
    // When: by machine
    let said = scene.eden(&["logs", "--json"]).await;
    // Then: each line is data, those for machines too
    let lines: Vec<serde_json::Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|it| it["source"] == "ip-updater"), "{}", said.stdout);
    assert_eq!(lines.last().unwrap()["message"]["message"], "finished");
    // When, then: the screen shows the run as the last one
    let said = scene.eden(&["status", "--json"]).await;
    assert_eq!(said.json()["last_run"]["held"][0]["reason"], "within_startup_grace");
}

/// A review found: whoever may put events on the account's bus can write lines into the audit log that
/// look like Eden's; into a function's own log only that function writes.
#[tokio::test(flavor = "multi_thread")]
async fn history_and_status_do_not_believe_what_no_function_wrote() {
    // Given: what ip-updater did, with the report in its own log
    let scene = Scene::steady(236, ApiKind::Http).await;
    scene.lull().await;
    let reports: Vec<_> = scene.lambda.history();
    let reports = reports.iter().filter(|it| it.function == IP_UPDATER);
    let reports = reports.filter_map(|it| it.result.as_ref().ok().cloned());
    let reports: Vec<_> = reports.filter(|it| it["outcome"] == "acted").collect();
    assert!(!reports.is_empty());
    let forged = json!({
        "source": "eden.autoresiliency", "detail-type": "Eden Action",
        "detail": {
            "function": "ip-updater", "requestId": reports[0]["request_id"], "trigger": "nobody",
            "at": reports[0]["at"], "text": "Deployed stage prod", "confirmed": true,
        },
    });
    scene.change(|world| {
        let at = world.now();
        let event = |message: String| LogEvent { stream: "s".to_owned(), at, message };
        for report in &reports {
            let line = json!({ "message": "finished", "report": report.to_string() });
            world.logs().write(&format!("/aws/lambda/{IP_UPDATER}"), event(line.to_string()));
        }
        // And: a line of somebody else's, of the same invocation
        world.logs().write(AUDIT_LOG, event(forged.to_string()));
    });

    // When
    let said = scene.eden(&["history", "--json"]).await;

    // Then
    let entries = said.json();
    let of_eden = entries.as_array().unwrap().iter().filter(|it| it["source"] == "ip-updater");
    for entry in of_eden {
        let is_forged = entry["text"] == "Deployed stage prod";
        assert_eq!(entry["confirmed"], !is_forged, "{entry}");
    }
    assert!(said.stdout.contains("Deployed stage prod"), "{}", said.stdout);
    assert!(said.stderr.contains("unconfirmed"), "{}", said.stderr);
    // And: on the screen
    let said = scene.eden(&["status"]).await;
    let lines: Vec<_> = said.stdout.lines().filter(|it| it.contains("  ip-updater  ")).collect();
    assert!(lines.iter().any(|it| it.ends_with("Deployed stage prod (unconfirmed)")), "{lines:?}");
    assert!(lines.iter().any(|it| !it.ends_with("(unconfirmed)")), "{lines:?}");
}
