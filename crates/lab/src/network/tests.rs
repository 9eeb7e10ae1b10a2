//! The real network against a world in real time, two hundred times as fast as AWS.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use jiff::Timestamp;

use super::client::{ExchangeError, exchange};
use super::server::{HangUp, Server};
use super::*;
use crate::clock::Clock;
use crate::lab::Lab;
use crate::spec::{AlarmSpec, Watched};
use crate::world::{AlarmState, ApiSpec, AppState, ServiceSpec, Task, Timing, World, WorldConfig};

const SOON: Duration = Duration::from_secs(5);
const SPEED: f64 = 0.005;

/// A service of one task behind a gateway. Each test has a network of its own, as they run at the
/// same time on one machine.
struct Scene {
    lab: Lab,
    gateway: Gateway,
    _network: Network,
}

impl Scene {
    async fn start(network: u8) -> Self {
        let timing = Timing { gateway_timeout: SOON, ..Timing::aws().scaled(SPEED) };
        let config = WorldConfig {
            timing,
            network: [31, network],
            ..WorldConfig::new(1, Timestamp::UNIX_EPOCH)
        };
        let mut world = World::new(config);
        world.create_service(ServiceSpec::new("c", "s"));
        world.create_api(
            ApiSpec::new("api")
                .integration("i", "http://127.31.0.0:1/{proxy}")
                .route("/{proxy+}", "i")
                .stage("$default", true),
        );
        let lab = Lab::start(world, Clock::starting_at(Timestamp::UNIX_EPOCH));
        let gateway = Gateway::start(&lab, "api", 0).await.unwrap();
        Self { _network: Network::start(&lab), gateway, lab }
    }

    /// The service's task, once it answers.
    async fn task(&self) -> Task {
        let answering = |world: &World| !world.listeners().is_empty();
        assert!(self.lab.until(SOON, answering).await, "no task listens");
        let task = self.lab.world().tasks("c", "s").remove(0).clone();
        eventually(|| connects(&task)).await;
        task
    }

    fn point_to(&self, uri: &str) {
        self.lab.world().set_integration_uri("api", "i", uri).unwrap();
    }

    /// What the gateway answers to a request for the path.
    async fn get(&self, path: &str) -> Response<Bytes> {
        get(&format!("{}{path}", self.gateway.url())).await.unwrap()
    }
}

async fn get(url: &str) -> Result<Response<Bytes>, ExchangeError> {
    exchange(Request::get(url).body(Bytes::new()).unwrap()).await
}

fn url(task: &Task) -> String {
    format!("http://{}/x", task.endpoint())
}

async fn connects(task: &Task) -> bool {
    tokio::net::TcpStream::connect(task.endpoint()).await.is_ok()
}

async fn eventually(what: impl AsyncFn() -> bool) {
    let trying = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, trying).await.expect("it never became true");
}

#[tokio::test]
async fn a_task_answers_as_its_application_does() {
    let scene = Scene::start(1).await;
    let task = scene.task().await;

    let serving = get(&url(&task)).await.unwrap();
    scene.lab.world().set_app(&task.arn, AppState::Failing(500)).unwrap();
    let failing = get(&url(&task)).await.unwrap();
    scene.lab.world().set_path_status(&task.arn, "/x", 418).unwrap();
    let at_path = get(&url(&task)).await.unwrap();

    assert_eq!(at_path.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(serving.status(), StatusCode::OK);
    assert!(String::from_utf8_lossy(serving.body()).contains(&task.arn));
    assert_eq!(failing.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_crash_ends_open_connections_and_refuses_new_ones() {
    let scene = Scene::start(2).await;
    let task = scene.task().await;
    scene.lab.world().set_app(&task.arn, AppState::Hung).unwrap();
    let open = tokio::spawn({
        let url = url(&task);
        async move { get(&url).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!open.is_finished(), "a hung application never answers");

    scene.lab.world().crash_task(&task.arn, 1).unwrap();

    let ended = tokio::time::timeout(SOON, open).await.expect("the connection ends").unwrap();
    assert!(ended.is_err(), "{ended:?}");
    eventually(async || matches!(get(&url(&task)).await, Err(ExchangeError::Connect(..)))).await;
}

#[tokio::test]
async fn a_successor_listens_at_an_address_of_its_own() {
    let scene = Scene::start(3).await;
    let first = scene.task().await;

    scene.lab.world().crash_task(&first.arn, 1).unwrap();
    let replaced = |world: &World| world.listeners().iter().any(|it| it.task_arn != first.arn);
    assert!(scene.lab.until(SOON, replaced).await, "no successor listens");

    let successor = scene.lab.world().listeners().remove(0);
    assert_ne!(successor.address, first.endpoint());
    eventually(async || get(&format!("http://{}/", successor.address)).await.is_ok()).await;
}

#[tokio::test]
async fn the_gateway_follows_the_integration() {
    let scene = Scene::start(4).await;
    let task = scene.task().await;

    let dead = scene.get("/x").await;
    scene.point_to(&format!("http://{}/{{proxy}}", task.endpoint()));
    let alive = scene.get("/x").await;

    assert_eq!(dead.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(alive.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_gateway_hands_on_method_path_query_headers_and_body() {
    let scene = Scene::start(5).await;
    let echo = Server::start(([127, 0, 0, 1], 0).into(), async |request: Request<Bytes>| {
        let text = format!(
            "{} {} {:?} {:?}",
            request.method(),
            request.uri(),
            request.headers()["x-eden"],
            request.body(),
        );
        Ok::<_, HangUp>(Response::new(Bytes::from(text)))
    });
    let echo = echo.await.unwrap();
    scene.point_to(&format!("http://{}/v1/{{proxy}}?k=1", echo.address()));

    let request = Request::put(format!("{}/a/b?q=2", scene.gateway.url()))
        .header("x-eden", "yes")
        .body(Bytes::from("hello"))
        .unwrap();
    let response = exchange(request).await.unwrap();

    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(text, "PUT /v1/a/b?k=1&q=2 \"yes\" b\"hello\"");
}

#[tokio::test]
async fn the_gateway_gives_up_on_a_hung_application() {
    let mut config = WorldConfig::new(1, Timestamp::UNIX_EPOCH);
    config.timing.gateway_timeout = Duration::from_millis(200);
    let mut world = World::new(config);
    let hung = Server::start(([127, 0, 0, 1], 0).into(), async |_| std::future::pending().await);
    let hung = hung.await.unwrap();
    world.create_api(
        ApiSpec::new("api")
            .integration("i", &format!("http://{}/", hung.address()))
            .route("/", "i")
            .stage("$default", true),
    );
    let lab = Lab::start(world, Clock::starting_at(Timestamp::UNIX_EPOCH));
    let gateway = Gateway::start(&lab, "api", 0).await.unwrap();

    let response = get(&gateway.url()).await.unwrap();

    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_gateway_answers_for_what_it_cannot_reach() {
    let scene = Scene::start(6).await;
    // One of these is outside the machine: the lab never goes there.
    for uri in ["http://203.0.113.9:8000/", "https://127.0.0.1:1/", "not a url"] {
        scene.point_to(uri);
        assert_eq!(scene.get("/x").await.status(), StatusCode::SERVICE_UNAVAILABLE, "{uri}");
    }
    assert_eq!(scene.get("/").await.status(), StatusCode::NOT_FOUND, "there is no such route");
}

#[tokio::test]
async fn the_gateways_failures_raise_the_alarm() {
    let scene = Scene::start(7).await;
    scene.lab.world().add_alarm(AlarmSpec {
        name: "a".to_owned(),
        watched: Watched::of_api("5xx", ("ApiId", "api")),
        period: Duration::from_secs(60),
        evaluation_periods: 2,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    });

    eventually(async || {
        assert_eq!(scene.get("/x").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        let world = scene.lab.world();
        world.alarm("a").is_some_and(|alarm| alarm.status.state == AlarmState::Alarm)
    })
    .await;
}
