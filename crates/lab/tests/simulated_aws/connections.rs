//! Connections to tasks in virtual time, and what the applications behind them answer.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use eden_lab::world::{ApiSpec, AppState, TaskStatus};
use eden_lab::{Lab, World};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::time::{Instant, timeout};

use crate::support::{
    API, CLUSTER, INTEGRATION, MINUTE, SERVICE, api, pass, running, running_lab,
    running_world_with, status, the_task, until,
};

/// The one running task and where it listens.
fn endpoint(lab: &Lab) -> (String, SocketAddr) {
    let world = lab.world();
    let arn = the_task(&world);
    let endpoint = world.task(&arn).unwrap().endpoint();
    (arn, endpoint)
}

/// What the application at the other end answers to a GET.
async fn get(stream: DuplexStream, path: &str) -> hyper::Result<(u16, String)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("host", "task").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The error of a connection attempt, if it fails.
async fn error(lab: &Lab, to: SocketAddr) -> Option<ErrorKind> {
    lab.connect_to(to).await.err().map(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn a_connection_reaches_the_application_within_the_latency_and_is_recorded() {
    // given a running task
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    let began = Instant::now();

    // when it is connected to and asked
    let stream = lab.connect_to(to).await.unwrap();
    let (status, body) = get(stream, "/orders?page=2").await.unwrap();

    // then it has answered
    assert_eq!(status, 200);
    assert!(body.contains(&arn), "{body}");
    let latency = lab.world().timing().connect_latency;
    assert_eq!(began.elapsed(), latency);
    assert_eq!(lab.world().connections(), [(lab.clock().now(), to)]);
}

#[tokio::test(start_paused = true)]
async fn several_requests_share_a_connection() {
    // given a connection to a task
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    let stream = lab.connect_to(to).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);

    // when it fails between two requests
    let mut statuses = Vec::new();
    for app in [AppState::Serving, AppState::Failing(500)] {
        lab.world().set_app(&arn, app).unwrap();
        let request = Request::get("/").header("host", "task").body(Empty::<Bytes>::new());
        sender.ready().await.unwrap();
        let response = sender.send_request(request.unwrap()).await.unwrap();
        statuses.push(response.status().as_u16());
        response.into_body().collect().await.unwrap();
    }

    // then both were answered as the application was
    assert_eq!(statuses, [200, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_refused_until_the_application_listens() {
    // given a task that runs, whose application takes a minute to start
    let lab = running_lab(|spec| {
        spec.desired_count = 0;
        spec.task_definition.start_up = MINUTE;
    });
    lab.world().set_desired_count(CLUSTER, SERVICE, 1).unwrap();
    let runs = |world: &World| !running(world).is_empty();
    assert!(lab.until(2 * MINUTE, runs).await);
    let (_, to) = endpoint(&lab);

    // when it is connected to, then it refuses
    assert_eq!(error(&lab, to).await, Some(ErrorKind::ConnectionRefused));

    // when it has started, then it accepts; both attempts were recorded
    tokio::time::sleep(MINUTE).await;
    assert_eq!(error(&lab, to).await, None);
    assert_eq!(lab.world().connections().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hung_application_accepts_and_never_answers() {
    // given a task that hangs
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    lab.world().set_app(&arn, AppState::Hung).unwrap();
    lab.world().set_path_status(&arn, "/health", 200).unwrap();

    // when it is asked, even for a path of its own
    let stream = lab.connect_to(to).await.unwrap();
    let answer = timeout(MINUTE, get(stream, "/health")).await;

    // then nothing comes
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_gateway_passes_the_firewall_of_an_unreachable_task() {
    // given a task behind a firewall, to which an API leads
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    lab.world().create_api(api(&format!("http://{to}/{{proxy}}"), true));
    lab.world().set_reachable(&arn, false).unwrap();

    // when it is connected to, then nothing comes back, not even a refusal
    assert!(timeout(MINUTE, lab.connect_to(to)).await.is_err());
    assert_eq!(lab.world().connections().len(), 1);
    assert_eq!(lab.world().request(API, "/orders"), 200);

    // when the firewall goes, then it accepts
    lab.world().set_reachable(&arn, true).unwrap();
    assert_eq!(error(&lab, to).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_health_path_may_fail_while_the_rest_serves() {
    // given a task whose health path fails
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    lab.world().create_api(api(&format!("http://{to}/{{proxy}}"), true));
    lab.world().set_path_status(&arn, "/health", 503).unwrap();

    // when both paths are asked for, then only that one fails, on either way
    for (path, status) in [("/health", 503), ("/health?deep=1", 503), ("/orders", 200)] {
        let stream = lab.connect_to(to).await.unwrap();
        assert_eq!(get(stream, path).await.unwrap().0, status, "{path}");
        assert_eq!(lab.world().request(API, path), status, "{path}");
    }

    // when the application fails, then the path keeps its own answer
    lab.world().set_app(&arn, AppState::Failing(500)).unwrap();
    let stream = lab.connect_to(to).await.unwrap();
    assert_eq!(get(stream, "/health").await.unwrap().0, 503);
    assert_eq!(lab.world().request(API, "/orders"), 500);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_the_application() {
    // given a request that waits for a hung application
    let lab = running_lab(|_| {});
    let (arn, to) = endpoint(&lab);
    lab.world().set_app(&arn, AppState::Hung).unwrap();
    let stream = lab.connect_to(to).await.unwrap();
    let waiting = tokio::spawn(async move { get(stream, "/").await });
    tokio::time::sleep(MINUTE).await;
    assert!(!waiting.is_finished());
    let crashed = Instant::now();

    // when it crashes
    lab.world().crash_task(&arn, 1).unwrap();

    // then the request fails at once, and so do new connections
    let ended = waiting.await.unwrap();
    assert!(ended.is_err(), "{ended:?}");
    assert_eq!(crashed.elapsed(), Duration::ZERO);
    assert_eq!(error(&lab, to).await, Some(ErrorKind::ConnectionRefused));
}

#[tokio::test(start_paused = true)]
async fn an_application_serves_while_it_drains_and_not_a_moment_longer() {
    // given a task that drains for ten seconds after SIGTERM, to which an API leads
    let drain = Duration::from_secs(10);
    let lab = running_lab(|spec| spec.task_definition.stop = drain);
    let (arn, to) = endpoint(&lab);
    lab.world().create_api(api(&format!("http://{to}/{{proxy}}"), true));
    lab.world().stop_task(&arn, "test").unwrap();
    let has_sigterm = |world: &World| status(world, &arn) == TaskStatus::Stopping;
    assert!(lab.until(MINUTE, has_sigterm).await);
    let sigterm = Instant::now();

    // when requests arrive until the last moment, then they succeed, on either way
    while sigterm.elapsed() + Duration::from_millis(10) < drain {
        let stream = lab.connect_to(to).await.unwrap();
        assert_eq!(get(stream, "/").await.unwrap().0, 200, "after {:?}", sigterm.elapsed());
        assert_eq!(lab.world().request(API, "/orders"), 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    // when it has drained, then none does
    tokio::time::sleep_until(sigterm + drain).await;
    assert_eq!(error(&lab, to).await, Some(ErrorKind::ConnectionRefused));
    assert_eq!(lab.world().request(API, "/orders"), 503);
}

#[test]
fn traffic_tells_how_many_requests_failed_since_a_time() {
    // given a request a second to a task that drains for ten seconds
    let mut world = running_world_with(|spec| {
        spec.task_definition.stop = Duration::from_secs(10);
        spec.maximum_percent = 100;
        spec.minimum_healthy_percent = 0;
    });
    let arn = the_task(&world);
    let to = world.task(&arn).unwrap().endpoint();
    let root = ApiSpec::new(API).integration(INTEGRATION, &format!("http://{to}/"));
    world.create_api(root.route("/", INTEGRATION).stage("$default", true));
    world.start_traffic(API, "/", Duration::from_secs(1));
    let began = world.now();
    pass(&mut world, Duration::from_millis(500));

    // when it stops and five more seconds pass
    world.stop_task(&arn, "test").unwrap();
    until(&mut world, |world| !world.task(&arn).unwrap().listening);
    let drained = world.now();
    pass(&mut world, Duration::from_secs(5));

    // then every request before that succeeded, and those five failed
    assert!(drained.duration_since(began).as_secs() >= 10);
    assert_eq!(world.failed_requests(began), 5);
    assert_eq!(world.failed_requests(drained + Duration::from_millis(2500)), 3);
    assert!(world.traffic().iter().all(|it| it.is_success() == (it.at <= drained)));
}
