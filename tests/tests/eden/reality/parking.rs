//! The public IPv4 address of a stopped task goes back to AWS's pool and may be anybody's, who then
//! gets what users send: bodies, cookies, authorization. The cases are those of
//! <https://repost.aws/questions/QUGfvJ9oG1QYeFrmsE6TQqZA>,
//! <https://github.com/domain-protect/domain-protect/pull/117> and
//! <https://pauley.me/post/2022/cloud-squatting/>.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{
    API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION,
    REST_ROOT_INTEGRATION, REST_STAGE, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{
    AddressReuse, ApiKind, AppState, Behaviour, Fault, FaultKind, Networking, PublicAddress,
};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, example, is_steady, minutes, seconds};
use serde_json::json;

const FARGATE: Networking = Networking::Fargate(PublicAddress::Ipv4);
const MARK: &str = "eden:unserved-since";

/// A service that runs well, and that may be scaled to zero. Whatever address a task leaves is given
/// to a stranger half a minute later.
async fn settled(variant: Variant) -> Rig {
    let rig = variant.open(variant.example().parameter("MinDesiredCount", &0), FARGATE).await;
    rig.lab.world().set_address_reuse(AddressReuse {
        chance: 1.0,
        after: seconds(30),
        stays: minutes(24 * 60),
        status: 200,
    });
    rig.wait(minutes(2)).await;
    rig
}

fn desire(rig: &Rig, count: u32) {
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, count).unwrap();
}

/// All that leads to the tasks: the integrations' URIs, and the stages' variables.
fn pointers(world: &World) -> Vec<String> {
    let api = world.api(API).unwrap();
    let (ids, stage) = match api.kind {
        ApiKind::Http => ([ROOT_INTEGRATION, PROXY_INTEGRATION], "$default"),
        ApiKind::Rest => ([REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION], REST_STAGE),
    };
    let uris = ids.iter().map(|id| api.integrations[*id].uri.clone());
    uris.chain(api.stages[stage].variables.get("backend").cloned()).collect()
}

/// What users get for a request now: the status, and whether a stranger made it.
fn answer(rig: &Rig) -> (u16, bool) {
    let world = rig.lab.world();
    let path = match world.api(API).unwrap().kind {
        ApiKind::Http => "/orders/42",
        ApiKind::Rest => "/prod/orders/42",
    };
    let outcome = world.would_be(API, path);
    (outcome.status, outcome.misdelivered)
}

fn is_parked(world: &World) -> bool {
    let (path, nobody) = match world.api(API).unwrap().kind {
        ApiKind::Http => ("/orders/42", ["parked.invalid", "192.0.2.1"]),
        ApiKind::Rest => ("/prod/orders/42", ["parked.invalid", "192.0.2.1"]),
    };
    let upstream = world.upstream(API, path);
    upstream.is_some_and(|uri| nobody.iter().any(|host| uri.contains(host)))
}

fn subjects(rig: &Rig) -> Vec<String> {
    rig.lab.world().published().iter().filter_map(|mail| mail.subject.clone()).collect()
}

fn count(rig: &Rig, kind: &str) -> usize {
    rig.action_kinds().iter().filter(|it| *it == kind).count()
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_scaled_to_zero_at_night_leaves_no_address_and_is_back_byte_for_byte() {
    scale_to_zero_and_back([Variant::HttpIntegrations, Variant::RestIntegrations]).await;
}

#[tokio::test(start_paused = true)]
async fn nor_does_it_with_a_stage_variable_that_keeps_its_form() {
    scale_to_zero_and_back([Variant::HttpStageVariable, Variant::RestStageVariable]).await;
}

async fn scale_to_zero_and_back(variants: [Variant; 2]) {
    for variant in variants {
        // Given
        let rig = settled(variant).await;
        let before = pointers(&rig.lab.world());
        let old = rig.serving().unwrap();
        // When: evening
        desire(&rig, 0);
        assert!(rig.lab.until(minutes(8), is_parked).await, "{variant:?}");
        rig.wait(minutes(6)).await;
        // Then: the whole night long nobody gets anything, and nothing is written.
        assert!(rig.lab.world().stranger_at(old.endpoint()).is_some());
        let writes = rig.writes();
        for _ in 0..3 {
            rig.wait(minutes(60)).await;
            let (status, misdelivered) = answer(&rig);
            assert!(status >= 500 && !misdelivered, "{variant:?}: {status}");
        }
        assert_eq!(rig.writes(), writes, "{variant:?}");
        let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert_eq!(
            (&report["diagnosis"], &report["outcome"]),
            (&json!("scaled_to_zero"), &json!("unchanged"))
        );
        assert!(each(&report, "held", "reason").contains(&"parked"), "{report}");
        // When: morning
        desire(&rig, 1);
        assert!(rig.lab.until(minutes(3), is_steady).await, "{variant:?}");
        // Then
        let new = rig.serving().unwrap();
        let there =
            |at: &String| at.replace(&old.endpoint().to_string(), &new.endpoint().to_string());
        assert_eq!(pointers(&rig.lab.world()), before.iter().map(there).collect::<Vec<_>>());
        // Then: both are told, once.
        rig.wait(minutes(15)).await;
        assert_eq!(subjects(&rig), ["Eden Route Parking"; 2], "{variant:?}");
        assert!(!rig.lab.world().service(CLUSTER, SERVICE).unwrap().tags.contains_key(MARK));
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_told_why_the_route_is_parked() {
    let rig = settled(Variant::HttpIntegrations).await;
    let uri = rig.uris()[1].clone();
    rig.lab.disconnect();
    desire(&rig, 0);
    rig.wait(minutes(3)).await;
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    let world = rig.lab.world();
    let [mail] = world.published() else { panic!("one mail: {:?}", world.published()) };
    let line = format!(
        "- Parked integration {PROXY_INTEGRATION}: no task owns the address in {uri}, which may be \
         anybody's, and the service is scaled to zero\n"
    );
    assert!(mail.message.contains(&line), "{}", mail.message);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_of_hours_leaves_no_address_for_longer_than_a_check_and_is_told_once() {
    // Given: the application dies before it listens, and ECS restarts it ever more rarely.
    let rig = settled(Variant::HttpIntegrations).await;
    let crashes = Behaviour::Crashes { after: seconds(5), exit_code: 1 };
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, crashes).unwrap();
    let task = rig.serving().unwrap().arn;
    rig.lab.world().crash_task(&task, 1).unwrap();
    // When
    let mut dead = Duration::ZERO;
    let mut longest = dead;
    for _ in 0..(2 * 60 * 6) {
        rig.wait(seconds(10)).await;
        let nobodys = is_parked(&rig.lab.world()) || owned(&rig);
        dead = if nobodys { Duration::ZERO } else { dead + seconds(10) };
        longest = longest.max(dead);
    }
    // Then: two minutes for a successor, and the next check.
    assert!(longest <= minutes(7), "{longest:?}");
    let told = subjects(&rig);
    assert!(told.iter().filter(|it| *it == "Eden Route Parking").count() <= 1, "{told:?}");
}

/// Whether a task of the service has the address that the route leads to, alive or stopping.
fn owned(rig: &Rig) -> bool {
    let world = rig.lab.world();
    let upstream = world.upstream(API, "/orders/42").unwrap_or_default();
    let tasks = world.tasks(CLUSTER, SERVICE);
    let mut there = tasks.iter().filter(|task| upstream.contains(&task.endpoint().to_string()));
    there.any(|task| task.interface.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_tasks_cannot_start_leaves_no_address() {
    let rig = settled(Variant::HttpIntegrations).await;
    let reason = "CannotPullContainerError: image not found".to_owned();
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, Behaviour::NeverStarts { reason }).unwrap();
    let task = rig.serving().unwrap().arn;
    rig.lab.world().crash_task(&task, 1).unwrap();
    assert!(rig.lab.until(minutes(9), is_parked).await);
    for _ in 0..6 {
        rig.wait(minutes(20)).await;
        assert!(is_parked(&rig.lab.world()));
        assert!(!answer(&rig).1);
    }
    assert!(count(&rig, "park") >= 2, "each integration");
    // When it can again
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, Behaviour::Runs(AppState::Serving)).unwrap();
    assert!(rig.lab.until(minutes(40), is_steady).await);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_deleted_leaves_no_address() {
    let rig = settled(Variant::HttpIntegrations).await;
    rig.lab.world().delete_service(CLUSTER, SERVICE).unwrap();
    assert!(rig.lab.until(minutes(9), is_parked).await);
    rig.wait(minutes(6)).await;
    let writes = rig.writes();
    rig.wait(minutes(60)).await;
    assert_eq!(answer(&rig), (503, false));
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn what_api_gateway_refuses_is_followed_by_what_it_takes() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        // Given: it takes no name that does not resolve.
        let rig = settled(variant).await;
        rig.lab.world().refuse_host("parked.invalid");
        // When
        desire(&rig, 0);
        assert!(rig.lab.until(minutes(8), is_parked).await, "{variant:?}");
        // Then
        let uris = pointers(&rig.lab.world());
        assert!(uris.iter().all(|uri| uri.contains("://192.0.2.1:8000/")), "{uris:?}");
        desire(&rig, 1);
        assert!(rig.lab.until(minutes(3), is_steady).await);
    }
}

#[tokio::test(start_paused = true)]
async fn when_api_gateway_refuses_all_of_them_that_is_an_error_and_nothing_is_changed() {
    let rig = settled(Variant::HttpIntegrations).await;
    for host in ["parked.invalid", "192.0.2.1"] {
        rig.lab.world().refuse_host(host);
    }
    let before = rig.uris();
    desire(&rig, 0);
    rig.wait(minutes(2)).await;
    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
    assert!(error.message.contains("Invalid HTTP endpoint"), "{error}");
    assert_eq!(rig.uris(), before);
}

#[tokio::test(start_paused = true)]
async fn a_crash_with_a_successor_is_no_reason_to_park() {
    let rig = settled(Variant::HttpIntegrations).await;
    for _ in 0..3 {
        let task = rig.serving().unwrap().arn;
        rig.lab.world().crash_task(&task, 1).unwrap();
        rig.wait(seconds(50)).await;
        // A check in the middle of it waits, and sees the successor.
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert!(rig.lab.until(minutes(3), is_steady).await);
        rig.wait(minutes(30)).await;
    }
    assert_eq!(count(&rig, "park"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_no_reason_to_park() {
    for operation in ["DescribeServices", "ListTasks", "DescribeTasks"] {
        let rig = settled(Variant::HttpIntegrations).await;
        desire(&rig, 0);
        let kind = FaultKind::AccessDenied;
        rig.lab.world().inject(Fault { operation, kind, times: None });
        rig.wait(minutes(12)).await;
        assert_eq!(count(&rig, "park"), 0, "{operation}");
        rig.lab.world().clear_faults();
        assert!(rig.lab.until(minutes(8), is_parked).await, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn neither_in_observe_nor_with_parking_off_is_anything_written() {
    for (name, value) in [("HealingMode", "observe"), ("HealingMode", "off"), ("Parking", "off")] {
        let rig = settled(Variant::HttpIntegrations).await;
        let rig = {
            drop(rig);
            let example = example().parameter("MinDesiredCount", &0).parameter(name, &value);
            let rig = Rig::start(&example);
            rig.wait(minutes(3)).await;
            rig
        };
        let writes = rig.writes();
        desire(&rig, 0);
        rig.wait(minutes(20)).await;
        assert_eq!(rig.writes(), writes, "{name}={value}");
        let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        let held = each(&report, "held", "text").join("\n");
        assert_eq!(held.contains("not done: Parked integration"), value == "observe", "{held}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_maintenance_page_comes_instead_and_at_once() {
    let page = "https://status.example.com/";
    let rig = settled(Variant::Maintenance).await;
    rig.lab.world().add_page(page);
    desire(&rig, 0);
    let shown = |world: &World| pointers(world).iter().all(|uri| uri.starts_with(page));
    assert!(rig.lab.until(minutes(8), shown).await);
    assert_eq!(count(&rig, "park"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_just_come_is_not_parked_away() {
    // Given: health-monitor has looked while no task ran, and is held up before it writes.
    let rig = settled(Variant::HttpIntegrations).await;
    desire(&rig, 0);
    rig.lab.disconnect();
    rig.wait(minutes(3)).await;
    let latency = FaultKind::Latency(seconds(4));
    rig.lab.world().inject(Fault { operation: "TagResource", kind: latency, times: Some(1) });
    let held_up = rig.invoke(HEALTH_MONITOR, json!({}));
    // When: meanwhile a task comes, and somebody leads the route to it.
    let meanwhile = async {
        rig.wait(seconds(2)).await;
        let uri = "http://127.0.0.2:8000/";
        let mut world = rig.lab.world();
        world.set_integration_uri(API, ROOT_INTEGRATION, uri).unwrap();
    };
    let (report, ()) = tokio::join!(held_up, meanwhile);
    // Then: what changed since the look is left to the next look.
    let report = report.unwrap();
    let skipped = each(&report, "skipped", "text").join("\n");
    assert!(skipped.contains("leads to http://127.0.0.2:8000/ by now"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn ip_updater_parks_as_well_and_health_monitor_tells() {
    let rig = settled(Variant::HttpIntegrations).await;
    let event = rig.last_event_of(&rig.serving().unwrap());
    rig.lab.disconnect();
    desire(&rig, 0);
    rig.wait(minutes(3)).await;
    // When: two run for one change.
    let (one, two) =
        tokio::join!(rig.invoke(IP_UPDATER, event.clone()), rig.invoke(IP_UPDATER, event.clone()),);
    // Then
    assert!(is_parked(&rig.lab.world()), "{one:?} {two:?}");
    assert_eq!(subjects(&rig), [""; 0]);
    for _ in 0..2 {
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert_eq!(subjects(&rig), ["Eden Route Parking"]);
    }
}

/// A fresh reader's case: people scale to zero for a migration and lead the route to a standby of
/// theirs by its address. Parking, and the page, would end what works.
#[tokio::test(start_paused = true)]
async fn a_standby_that_people_lead_the_route_to_by_its_address_stays() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        // Given
        let rig = settled(variant).await;
        let ids = match variant {
            Variant::RestIntegrations => [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
            _ => [ROOT_INTEGRATION, PROXY_INTEGRATION],
        };
        let standby = {
            let mut world = rig.lab.world();
            let arn = world.add_container_instance("standby", PublicAddress::Ipv4).unwrap();
            world.container_instance(&arn).unwrap().address.unwrap()
        };
        // When
        desire(&rig, 0);
        for id in ids {
            let uri = format!("http://{standby}:8000/{{proxy}}");
            rig.lab.world().set_integration_uri(API, id, &uri).unwrap();
        }
        let (writes, led) = (rig.writes(), pointers(&rig.lab.world()));
        rig.wait(minutes(60)).await;
        // Then
        assert_eq!((rig.writes(), pointers(&rig.lab.world())), (writes, led), "{variant:?}");
        let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert!(each(&report, "held", "reason").contains(&"address_in_use"), "{report}");
        assert!(!subjects(&rig).contains(&"Eden Route Parking".to_owned()), "{:?}", subjects(&rig));
    }
}
