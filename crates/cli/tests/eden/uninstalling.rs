//! What is left behind when Eden goes: the address in the gateway, which may be anybody's once the
//! task is gone (<https://repost.aws/questions/QUGfvJ9oG1QYeFrmsE6TQqZA>), and Eden's tags.

use std::collections::BTreeMap;

use eden_lab::example::{
    CLUSTER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{ApiKind, Fault, FaultKind};
use serde_json::json;

use crate::scene::Scene;

/// A service that carries notes of Eden's and a tag of its owner's, and a task with a note.
async fn noted(network: u8, api_kind: ApiKind) -> Scene {
    let scene = Scene::steady(network, api_kind).await;
    scene.lull().await;
    let task = scene.task().arn;
    scene.change(|world| {
        for (key, value) in
            [("owner", "shop"), ("eden:told", "crash_loop ecs-svc/1"), ("eden:claim", "unparsable")]
        {
            world.set_service_tag(CLUSTER, SERVICE, key, Some(value)).unwrap();
        }
        world.set_task_tag(&task, "eden:suspect-since", Some("2026-01-01T00:00:00Z")).unwrap();
    });
    scene
}

/// The notes on the service's tasks.
fn notes(scene: &Scene) -> usize {
    let world = scene.account.lab.world();
    world.tasks(CLUSTER, SERVICE).iter().map(|task| task.tags.len()).sum()
}

fn tags(scene: &Scene) -> BTreeMap<String, String> {
    let world = scene.account.lab.world();
    world.service(CLUSTER, SERVICE).unwrap().tags.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_route_is_parked_or_left_as_asked_and_edens_tags_go() {
    for (network, api_kind, id) in
        [(220, ApiKind::Http, PROXY_INTEGRATION), (221, ApiKind::Rest, REST_PROXY_INTEGRATION)]
    {
        // Given
        let scene = noted(network, api_kind).await;
        let (before, uri) = (tags(&scene), scene.uri(id));
        let written = scene.written().len();
        // When, then: nobody can be asked what is to become of the route
        let said = scene.eden(&["uninstall"]).await;
        assert_eq!(said.status, Some(2), "{}", said.stdout);
        assert!(said.stderr.contains("--route park"), "{}", said.stderr);
        assert_eq!((tags(&scene), scene.written().len()), (before, written));
        assert_eq!(notes(&scene), 1);
        // When, then: it is left
        let said = scene.eden(&["uninstall", "--route", "leave"]).await;
        assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
        assert!(said.stdout.contains("may be anybody's"), "{}", said.stdout);
        assert!(said.stdout.contains("sam delete"), "{}", said.stdout);
        assert_eq!((scene.uri(id), notes(&scene)), (uri, 0));
        let left = [("eden:healing", "off"), ("owner", "shop")];
        let left = left.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(tags(&scene), left.clone().into());
        // When: it is parked
        let said = scene.eden(&["uninstall", "--route", "park", "--json"]).await;
        // Then
        let json = said.json();
        assert_eq!(said.status, Some(0), "{}", said.stdout);
        assert_eq!((&json["route"], &json["failed"]), (&json!("park"), &json!([])));
        assert_eq!(json["done"][0]["action"], "park");
        assert!(scene.uri(id).starts_with("http://parked.invalid:"), "{}", scene.uri(id));
        assert_eq!(tags(&scene), left.into());
        // Then: verify says so, and the functions leave it alone.
        let said = scene.eden(&["route", "--apply"]).await;
        assert!(said.stdout.contains("healing_not_on"), "{}", said.stdout);
        let said = scene.eden(&["status"]).await;
        assert!(said.stdout.contains("is parked at http://parked.invalid:"), "{}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_when_the_stack_or_the_route_cannot_be_read() {
    let scene = noted(222, ApiKind::Http).await;
    let (before, uri) = (tags(&scene), scene.uri(ROOT_INTEGRATION));
    // When, then
    let said = scene.eden(&["uninstall", "--route", "park", "--app", "other"]).await;
    assert_eq!(said.status, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("is Eden deployed here"), "{}", said.stderr);
    for operation in ["GetIntegration", "DescribeTasks"] {
        let kind = FaultKind::AccessDenied;
        scene.change(|world| world.inject(Fault { operation, kind, times: None }));
        let said = scene.eden(&["uninstall", "--route", "park"]).await;
        scene.change(eden_lab::World::clear_faults);
        assert_eq!(said.status, Some(2), "{operation}: {}", said.stdout);
        assert!(said.stderr.contains("nothing was changed"), "{}", said.stderr);
    }
    assert_eq!((tags(&scene), scene.uri(ROOT_INTEGRATION)), (before, uri));
}
