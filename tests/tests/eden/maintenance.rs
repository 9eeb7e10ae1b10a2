//! The maintenance page: when it comes, when it does not, and that everything is as before when it
//! goes.

use eden_lab::World;
use eden_lab::example::{
    API, CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION,
    REST_ROOT_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{ApiKind, AppState, Fault, FaultKind, Networking, PublicAddress, Task};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, example, is_steady, minutes, seconds};
use eden_tests::sample;
use jiff::Timestamp;
use serde_json::json;

const PAGE: &str = "https://status.example.com/down?lang=en";
const MARK: &str = "eden:unserved-since";

/// A service with a page that is shown after half a minute, so that one invocation sees both ends.
fn with_page(example: Example) -> Example {
    example
        .parameter("MaintenanceUrl", &PAGE)
        .parameter("MaintenanceAfterSeconds", &30)
        .parameter("HealthCheckPath", &"/health")
}

async fn settled(example: &Example) -> Rig {
    let rig = Rig::steady(example).await;
    rig.lab.world().add_page(PAGE);
    rig.wait(minutes(2)).await;
    rig
}

/// The URIs of both integrations.
fn uris(world: &World) -> Vec<String> {
    let api = world.api(API).unwrap();
    let ids = match api.kind {
        ApiKind::Http => [ROOT_INTEGRATION, PROXY_INTEGRATION],
        ApiKind::Rest => [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
    };
    ids.iter().map(|id| api.integrations[*id].uri.clone()).collect()
}

fn is_page(world: &World) -> bool {
    let path = match world.api(API).unwrap().kind {
        ApiKind::Http => "/orders/42",
        ApiKind::Rest => "/prod/orders/42",
    };
    let shown = world.upstream(API, path).is_some_and(|uri| uri.starts_with(PAGE));
    shown && uris(world).iter().all(|uri| uri.starts_with(PAGE))
}

fn mark(rig: &Rig) -> Option<Timestamp> {
    let world = rig.lab.world();
    let mark = world.service(CLUSTER, SERVICE).unwrap().tags.get(MARK).cloned();
    mark.map(|since| since.parse().unwrap())
}

fn crash(rig: &Rig) -> (Task, Timestamp) {
    let task = rig.serving().unwrap();
    rig.lab.world().crash_task(&task.arn, 137).unwrap();
    (task, rig.lab.clock().now())
}

fn set_app(rig: &Rig, app: AppState) {
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, app).unwrap();
}

/// The subjects and texts of the mails.
fn mails(rig: &Rig) -> Vec<(String, String)> {
    let world = rig.lab.world();
    let mails = world.published().iter();
    mails.map(|it| (it.subject.clone().unwrap_or_default(), it.message.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_page_comes_when_no_task_has_served_for_so_long_and_goes_when_one_does() {
    for (variant, auto_deploy) in [
        (Variant::HttpIntegrations, true),
        (Variant::HttpIntegrations, false),
        (Variant::RestIntegrations, false),
    ] {
        // Given: a successor that needs 34 s to run and 60 more to start.
        let mut example = with_page(variant.example());
        example.auto_deploy = auto_deploy;
        example.service.task_definition.start_up = seconds(60);
        let fargate = Networking::Fargate(PublicAddress::Ipv4);
        let rig = variant.open(example, fargate).await;
        rig.wait(minutes(2)).await;
        let before = uris(&rig.lab.world());
        // When
        let (old, crashed_at) = crash(&rig);
        assert!(rig.lab.until(minutes(3), is_page).await, "{variant:?}");
        // Then: not before its time, which is noted in whole seconds, and soon after.
        let after = rig.lab.clock().now().duration_since(crashed_at).unsigned_abs();
        let noted = mark(&rig).unwrap().duration_since(crashed_at).unsigned_abs();
        assert!(noted <= seconds(2), "{noted:?}");
        assert!(after >= noted + seconds(30) && after < seconds(45), "{after:?}");
        assert!(uris(&rig.lab.world())[0].contains("&eden-before=http%3A%2F%2F"));
        // When the successor answers
        rig.wait(minutes(3)).await;
        // Then: the URIs are as before, but for its address; the note is gone.
        assert!(rig.is_steady(), "{variant:?}");
        let new = rig.serving().unwrap();
        let there =
            |uri: &String| uri.replace(&old.endpoint().to_string(), &new.endpoint().to_string());
        assert_eq!(uris(&rig.lab.world()), before.iter().map(there).collect::<Vec<_>>());
        assert_eq!(mark(&rig), None);
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_defaults_the_successors_invocation_shows_the_page_at_its_time() {
    // Given: the page waits for longer than any invocation does.
    let defaults = example().parameter("MaintenanceUrl", &PAGE);
    let mut example = defaults.parameter("HealthCheckPath", &"/health");
    example.service.task_definition.start_up = minutes(2);
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(2)).await;
    // When
    let (_, crashed_at) = crash(&rig);
    assert!(rig.lab.until(minutes(3), is_page).await);
    // Then
    let after = rig.lab.clock().now().duration_since(crashed_at).as_secs();
    assert!((61..=65).contains(&after), "{after} s");
    rig.wait(minutes(4)).await;
    assert!(rig.is_steady());
}

#[tokio::test(start_paused = true)]
async fn uris_come_back_byte_for_byte() {
    // Given: the same task serves before and after.
    let rig = settled(&with_page(example())).await;
    let endpoint = rig.serving().unwrap().endpoint();
    let odd = [
        format!("HTTP://me:p%40ss@{endpoint}/a%2Fb//?k=v&eden=1&u={{proxy}}#frag"),
        format!("http://{endpoint}/${{stageVariables.v}}/{{proxy}}?q=%7B+%20"),
    ];
    {
        let mut world = rig.lab.world();
        for (id, uri) in [ROOT_INTEGRATION, PROXY_INTEGRATION].iter().zip(&odd) {
            world.set_integration_uri(API, id, uri).unwrap();
        }
    }
    // When
    set_app(&rig, AppState::Failing(503));
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    rig.wait(seconds(31)).await;
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert!(uris(&rig.lab.world()).iter().all(|uri| uri.starts_with(PAGE)));
    set_app(&rig, AppState::Serving);
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then
    assert_eq!(uris(&rig.lab.world()), odd);
}

#[tokio::test(start_paused = true)]
async fn people_are_told_of_both_and_every_step_is_in_the_audit_log() {
    // Given
    let mut example = with_page(example());
    example.service.task_definition.start_up = seconds(60);
    let rig = settled(&example).await;
    let told = rig.actions().len();
    // When
    crash(&rig);
    rig.wait(minutes(4)).await;
    // Then
    let mails = mails(&rig);
    let texts: Vec<_> = mails.iter().map(|(_, text)| text.as_str()).collect();
    assert!(mails.iter().all(|(subject, _)| subject == "Eden Maintenance Page"), "{mails:?}");
    let about = |part: &str| texts.iter().filter(|text| text.contains(part)).count();
    let endpoint = rig.serving().unwrap().endpoint();
    for id in [ROOT_INTEGRATION, PROXY_INTEGRATION] {
        assert_eq!(about(&format!("- Pointed integration {id} to the maintenance page\n")), 1);
        let back = format!(
            "- Pointed integration {id} back from the maintenance page to http://{endpoint}/"
        );
        assert_eq!(about(&back), 1, "{texts:?}");
    }
    let kinds: Vec<_> = rig.action_kinds().split_off(told);
    assert_eq!(kinds.iter().filter(|kind| *kind == "show_maintenance").count(), 2, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "point_integration").count(), 2, "{kinds:?}");
    assert!(kinds.contains(&"mark_unserved".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"clear_unserved".to_owned()), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_successor_in_time_spares_the_page() {
    let example = with_page(example()).parameter("MaintenanceAfterSeconds", &60);
    let rig = settled(&example).await;
    crash(&rig);
    rig.wait(seconds(20)).await;
    assert!(mark(&rig).is_some());
    rig.wait(minutes(10)).await;
    assert!(rig.is_steady());
    assert_eq!(mark(&rig), None);
    assert!(!rig.action_kinds().contains(&"show_maintenance".to_owned()));
    assert_eq!(mails(&rig), []);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_never_shows_the_page_nor_notes_anything() {
    // Given: the old tasks go before the new ones come.
    let mut example = with_page(example()).parameter("MaintenanceAfterSeconds", &0);
    example.service.minimum_healthy_percent = 0;
    example.service.maximum_percent = 100;
    example.service.task_definition.start_up = minutes(3);
    let rig = Rig::steady(&example).await;
    rig.wait(minutes(5)).await;
    let told = rig.action_kinds().len();
    // When: nobody serves for minutes, and both functions look.
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    rig.wait(minutes(2)).await;
    assert_eq!(rig.serving(), None);
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert!(each(&report, "held", "reason").contains(&"rolling_not_maintained"), "{report}");
    rig.wait(minutes(10)).await;
    // Then
    assert!(rig.is_steady());
    let kinds = rig.action_kinds().split_off(told);
    assert!(kinds.iter().all(|kind| kind == "point_integration"), "{kinds:?}");
    assert_eq!(rig.calls("TagResource"), []);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_somebody_ends_by_a_deployment_does_not_show_the_page_meanwhile() {
    // Given: the outage is noted, and the page would be due in half a minute.
    let mut example = with_page(example());
    example.service.task_definition.start_up = minutes(2);
    let rig = settled(&example).await;
    set_app(&rig, AppState::Failing(503));
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert!(mark(&rig).is_some());
    // When
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    rig.wait(minutes(1)).await;
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then
    assert!(each(&report, "held", "reason").contains(&"rolling_not_maintained"), "{report}");
    rig.wait(minutes(5)).await;
    assert!(rig.is_steady());
    assert_eq!(mark(&rig), None);
    assert!(!rig.action_kinds().contains(&"show_maintenance".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn facts_that_cannot_be_read_never_show_the_page() {
    for operation in ["DescribeServices", "ListTasks", "DescribeTasks", "DescribeNetworkInterfaces"]
    {
        // Given: nobody serves, for longer than the page waits.
        let rig = settled(&with_page(example())).await;
        set_app(&rig, AppState::Failing(503));
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert!(mark(&rig).is_some());
        rig.wait(minutes(1)).await;
        // When
        let task = rig.running().swap_remove(0);
        let fault = Fault { operation, kind: FaultKind::AccessDenied, times: None };
        rig.lab.world().inject(fault);
        for (function, event) in
            [(IP_UPDATER, rig.last_event_of(&task)), (HEALTH_MONITOR, json!({}))]
        {
            let error = rig.invoke(function, event).await.unwrap_err();
            assert!(error.message.contains(operation), "{error}");
        }
        // Then
        assert!(!uris(&rig.lab.world()).iter().any(|uri| uri.starts_with(PAGE)), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_only_api_gateway_may_reach_never_show_the_page() {
    let rig = settled(&with_page(example()).parameter("MaintenanceAfterSeconds", &0)).await;
    let task = rig.running().swap_remove(0);
    rig.lab.world().set_reachable(&task.arn, false).unwrap();
    for _ in 0..3 {
        for (function, event) in
            [(IP_UPDATER, rig.last_event_of(&task)), (HEALTH_MONITOR, json!({}))]
        {
            let report = rig.invoke(function, event).await.unwrap();
            let reasons = each(&report, "held", "reason");
            assert!(reasons.contains(&"readiness_unknown"), "{report}");
            let told = each(&report, "held", "text").join("\n");
            assert!(told.contains("set READINESS_PROBE=off"), "{told}");
        }
        rig.wait(minutes(1)).await;
    }
    assert!(rig.is_steady());
    assert_eq!(rig.calls("TagResource"), []);
}

#[tokio::test(start_paused = true)]
async fn health_monitor_shows_the_page_and_leads_back_when_ip_updaters_events_are_lost() {
    // Given: an application that may take its time to start.
    let example = with_page(example());
    let example = example.parameter("ScheduleRate", &"rate(1 minute)");
    let mut example = example.parameter("StartupGraceSeconds", &600);
    example.service.task_definition.start_up = minutes(4);
    let rig = settled(&example).await;
    assert!(rig.lab.world().set_rule_enabled("prod-eden-ecs-task-state-change", false));
    // When: the schedule notes it first, and shows the page then.
    crash(&rig);
    assert!(rig.lab.until(minutes(3), is_page).await);
    rig.wait(minutes(2)).await;
    // Then
    let updaters = rig.invocations(IP_UPDATER).len();
    let mail = mails(&rig).pop().unwrap();
    assert_eq!(mail.0, "Eden Service Auto-Healing Triggered");
    assert!(mail.1.contains("to the maintenance page"), "{}", mail.1);
    // When, then
    assert!(rig.lab.until(minutes(7), is_steady).await);
    rig.wait(seconds(10)).await;
    assert_eq!(mark(&rig), None);
    let mail = mails(&rig).pop().unwrap();
    assert!(mail.1.contains("back from the maintenance page"), "{}", mail.1);
    assert_eq!(rig.invocations(IP_UPDATER).len(), updaters);
}

#[tokio::test(start_paused = true)]
async fn in_observe_mode_the_page_is_only_spoken_of() {
    let rig = settled(&with_page(example()).parameter("MaintenanceAfterSeconds", &0)).await;
    let set = rig.lab.world().set_service_tag(CLUSTER, SERVICE, "eden:healing", Some("observe"));
    set.unwrap();
    let before = uris(&rig.lab.world());
    let writes = rig.writes();
    set_app(&rig, AppState::Failing(503));
    let task = rig.running().swap_remove(0);
    // When
    let updater = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
    let monitor = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then
    for report in [updater, monitor] {
        let told = each(&report, "held", "text").join("\n");
        assert!(told.contains("not done: Noted that no task has been able to serve"), "{told}");
    }
    assert_eq!(uris(&rig.lab.world()), before);
    assert_eq!((rig.writes(), mark(&rig)), (writes, None));
    assert_eq!(mails(&rig), []);
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_service_is_scaled_to_zero_stays_until_a_task_is_back() {
    // Given: nobody restores the count.
    let rig = settled(&with_page(example()).parameter("MinDesiredCount", &0)).await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    assert!(rig.lab.until(minutes(2), is_page).await);
    let writes = rig.writes();
    rig.wait(minutes(60)).await;
    assert!(is_page(&rig.lab.world()));
    assert_eq!(rig.writes(), writes, "nothing is written while the page is shown");
    // When
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 1).unwrap();
    // Then
    assert!(rig.lab.until(minutes(2), is_steady).await);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_hangs_is_replaced_although_the_page_hides_its_errors() {
    // Given: it hangs so soon after a deployment that the page is shown before the next one may be
    // forced. ECS sees nothing, and the page answers in the application's place.
    let rig = settled(&with_page(example())).await;
    rig.start_traffic();
    rig.wait(minutes(2)).await;
    set_app(&rig, AppState::Hung);
    // When: the requests that are counted show it as well.
    assert!(rig.lab.until(minutes(4), is_page).await);
    // Then: once that has lasted for a minute, its task is stopped as a trial.
    assert!(rig.lab.until(minutes(10), is_steady).await);
    let kinds = rig.action_kinds();
    let count = |kind: &str| kinds.iter().filter(|it| *it == kind).count();
    assert_eq!((count("stop_task"), count("force_deployment")), (1, 0), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn an_application_that_hangs_for_the_first_time_is_redeployed_once_that_has_lasted() {
    let rig = settled(&with_page(example())).await;
    rig.start_traffic();
    rig.wait(minutes(20)).await;
    set_app(&rig, AppState::Hung);

    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();

    assert_eq!(report["diagnosis"], "service_sick", "{report}");
    assert!(each(&report, "held", "reason").contains(&"failing_not_yet"), "{report}");
    assert!(rig.lab.until(minutes(5), is_steady).await);
    let kinds = rig.action_kinds();
    let count = |kind: &str| kinds.iter().filter(|it| *it == kind).count();
    assert_eq!((count("stop_task"), count("force_deployment")), (0, 1), "{kinds:?}");
}

/// The page is shown for an application that fails, and nothing but the test wakes the functions. Eden may
/// take no remedy, so that the page is the only reason to look again.
async fn shown_without_events() -> Rig {
    let rig = due_without_events().await;
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert!(is_page(&rig.lab.world()));
    rig
}

/// The same, before the look that shows it.
async fn due_without_events() -> Rig {
    let example = with_page(example()).parameter("MaintenanceAfterSeconds", &0);
    let rig = settled(&example.parameter("HealingBudgetPerHour", &0)).await;
    only_the_test_wakes_the_functions(&rig);
    set_app(&rig, AppState::Failing(503));
    // One look notes it, the next one shows the page.
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    rig
}

fn only_the_test_wakes_the_functions(rig: &Rig) {
    for rule in ["ecs-task-state-change", "health-alarm-trigger", "scheduled-health-check"] {
        assert!(rig.lab.world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
    }
}

/// Found by the simulation (classic, seeds 2500 and 5299): a dependency came back a second after the last
/// look, and users saw the page until the next scheduled check.
#[tokio::test(start_paused = true)]
async fn the_page_goes_soon_after_a_task_answers_while_a_scheduled_run_goes_on() {
    for after in [10, 100, 140, 190] {
        // Given
        let rig = shown_without_events().await;
        // It has failed for so long that all else which is waited for is over.
        rig.wait(minutes(2)).await;
        // When: it answers again so long after a scheduled check.
        let recovers = async {
            rig.wait(seconds(after)).await;
            set_app(&rig, AppState::Serving);
            rig.wait(seconds(65)).await;
            assert!(is_steady(&rig.lab.world()), "{after} s");
        };
        let scheduled = rig.invoke(HEALTH_MONITOR, sample("scheduled"));
        let (report, ()) = tokio::join!(scheduled, recovers);
        // Then: the report has it, and people are told.
        let report = report.unwrap();
        assert!(report.to_string().contains("point_integration"), "{report}");
        let (_, mail) = mails(&rig).pop().unwrap();
        assert!(mail.contains("back from the maintenance page"), "{mail}");
    }
}

#[tokio::test(start_paused = true)]
async fn people_hear_of_a_run_before_it_goes_on_watching_the_page() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        // Given: an application that fails, and a page that comes after a minute.
        let example = with_page(variant.example()).parameter("MaintenanceAfterSeconds", &60);
        let example = example.parameter("HealingBudgetPerHour", &0);
        let rig = variant.open(example, Networking::Fargate(PublicAddress::Ipv4)).await;
        rig.lab.world().add_page(PAGE);
        only_the_test_wakes_the_functions(&rig);
        set_app(&rig, AppState::Failing(503));
        rig.wait(minutes(2)).await;
        // When: a scheduled run notes that, and shows the page; the application answers after more than
        // three minutes.
        let told = async {
            rig.wait(seconds(100)).await;
            assert!(is_page(&rig.lab.world()), "{variant:?}");
            let told = mails(&rig);
            rig.wait(seconds(85)).await;
            assert_eq!(mails(&rig), told);
            set_app(&rig, AppState::Serving);
            rig.wait(seconds(45)).await;
            assert!(rig.is_steady(), "{variant:?}");
            told
        };
        let scheduled = rig.invoke(HEALTH_MONITOR, sample("scheduled"));
        let (report, told) = tokio::join!(scheduled, told);
        // Then
        let report = report.unwrap();
        assert!(!each(&report, "held", "reason").contains(&"in_maintenance"), "{report}");
        assert!(told.last().unwrap().1.contains("to the maintenance page"), "{told:?}");
        let (later, last) = (mails(&rig), mails(&rig).pop().unwrap().1);
        assert_eq!(later.len(), told.len() + 1, "{later:?}");
        assert!(last.contains("back from the maintenance page"), "{last}");
    }
}

/// The run did what it was to do, and one look of several is no reason to begin it anew.
#[tokio::test(start_paused = true)]
async fn a_fact_that_cannot_be_read_while_the_page_is_watched_is_read_again() {
    // Given
    let rig = shown_without_events().await;
    rig.wait(minutes(2)).await;
    let unread = async {
        rig.wait(seconds(135)).await;
        let kind = FaultKind::AccessDenied;
        rig.lab.world().inject(Fault { operation: "ListTasks", kind, times: Some(1) });
        set_app(&rig, AppState::Serving);
        rig.wait(seconds(30)).await;
        assert!(is_page(&rig.lab.world()), "nothing is written on what could not be read");
        rig.wait(seconds(35)).await;
        assert!(rig.is_steady());
    };
    // When
    let scheduled = rig.invoke(HEALTH_MONITOR, sample("scheduled"));
    let (ended, ()) = tokio::join!(scheduled, unread);
    // Then
    ended.unwrap();
}

/// ECS sends an event for a task that starts.
#[tokio::test(start_paused = true)]
async fn the_page_is_not_watched_while_no_task_is_wanted() {
    // Given
    let rig = settled(&with_page(example()).parameter("MinDesiredCount", &0)).await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    assert!(rig.lab.until(minutes(2), is_page).await);
    rig.wait(minutes(2)).await;
    // When
    let began = rig.lab.clock().now();
    rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
    // Then: it looks once more, as a whole.
    let lasted = rig.lab.clock().now().duration_since(began).as_secs();
    assert!((60..70).contains(&lasted), "{lasted} s");
}

/// Found by the simulation (reality, seed 1106): where tags are denied, ip-updater ended at the tag
/// that it could not take off, and what it had just written was not looked at again.
#[tokio::test(start_paused = true)]
async fn the_route_is_looked_at_again_although_a_tag_beside_it_could_not_be_written() {
    // Given: the page is shown since a time that is noted, and the only task answers again.
    let rig = shown_without_events().await;
    let since = rig.lab.clock().now().to_string();
    rig.lab.world().set_service_tag(CLUSTER, SERVICE, MARK, Some(&since)).unwrap();
    set_app(&rig, AppState::Serving);
    let fault = Fault { operation: "UntagResource", kind: FaultKind::AccessDenied, times: None };
    rig.lab.world().inject(fault);
    // When
    let task = rig.running().swap_remove(0);
    let report = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
    // Then: the refusal is told, and each integration was read after it was written.
    assert!(each(&report, "held", "reason").contains(&"tags_refused"), "{report}");
    assert!(rig.is_steady());
    let last = |operation| rig.calls(operation).last().unwrap().at;
    assert!(last("GetIntegration") > last("UpdateIntegration"));
    assert!(rig.calls("UntagResource").len() <= 2, "what failed is not tried again");
}
