//! The web beyond AWS in virtual time: an API's own URL, and webhooks.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use eden_lab::spec::{AlarmSpec, Watched};
use eden_lab::world::{AlarmState, AppState, OperatorError, WebhookAnswer};
use eden_lab::{Lab, World};
use hyper::Request;
use tokio::time::{Instant, timeout};

use crate::support::{API, MINUTE, alarm_state, api, empty_world, running_lab, the_task};

const SITE: &str = "https://api.example.com";
const HOOK: &str = "https://hooks.slack.com/services/T0/B0/x";

/// A lab with a running task, an API that leads to it, and the API's URL.
fn lab() -> (Lab, String) {
    let lab = running_lab(|_| {});
    let arn = the_task(&lab.world());
    let endpoint = lab.world().task(&arn).unwrap().endpoint();
    lab.world().create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    lab.world().set_api_url(SITE, API).unwrap();
    (lab, arn)
}

/// An alarm that rings after a minute with a 5xx.
fn alarm() -> AlarmSpec {
    AlarmSpec {
        name: "alarm".to_owned(),
        watched: Watched::of_api("5xx", ("ApiId", API)),
        period: MINUTE,
        evaluation_periods: 1,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    }
}

fn rings(world: &World) -> bool {
    alarm_state(world, "alarm") == AlarmState::Alarm
}

/// The status and the body of the answer.
async fn send(
    lab: &Lab,
    method: &str,
    url: &str,
    body: &str,
) -> Result<(u16, String), ConnectorError> {
    let request = Request::builder().method(method).uri(url).body(SdkBody::from(body)).unwrap();
    let request = HttpRequest::try_from(request).unwrap();
    let response = lab.web_connector().call(request).await?;
    let body = String::from_utf8_lossy(response.body().bytes().unwrap()).into_owned();
    Ok((response.status().as_u16(), body))
}

async fn get(lab: &Lab, path: &str) -> u16 {
    send(lab, "GET", &format!("{SITE}{path}"), "").await.unwrap().0
}

#[tokio::test(start_paused = true)]
async fn a_request_to_the_apis_url_reaches_the_application_behind_it() {
    // given an API with a URL
    let (lab, arn) = lab();
    let began = Instant::now();

    // when it is asked
    let (status, body) = send(&lab, "GET", &format!("{SITE}/orders?page=2"), "").await.unwrap();

    // then the task has answered, after the latency of both connections
    assert_eq!(status, 200);
    assert!(body.contains(&arn), "{body}");
    assert_eq!(began.elapsed(), 2 * lab.world().timing().connect_latency);
    // and it was the gateway that connected to it, not the client
    assert!(lab.world().connections().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_routed_like_any_other_of_the_gateway() {
    // given an API without a route for `/`
    let (lab, arn) = lab();
    lab.world().set_path_status(&arn, "/health", 503).unwrap();

    // when paths are asked for, then each gets what it would get anywhere
    for (path, status) in [("/orders", 200), ("/health", 503), ("/", 404), ("", 404)] {
        assert_eq!(get(&lab, path).await, status, "{path}");
        assert_eq!(lab.world().request(API, path), status, "{path}");
    }

    // when the integration leads to nobody, then the gateway says so
    lab.world().set_integration_uri(API, "int1234", "http://127.0.0.1:1/{proxy}").unwrap();
    assert_eq!(get(&lab, "/orders").await, 503);
}

#[tokio::test(start_paused = true)]
async fn responses_are_counted_in_the_apis_metrics() {
    // given an alarm on the API's 5xx, and an application that fails
    let (lab, arn) = lab();
    lab.world().add_alarm(alarm());
    lab.world().set_app(&arn, AppState::Failing(500)).unwrap();

    // when it is asked once
    assert_eq!(get(&lab, "/orders").await, 500);

    // then the alarm hears of it
    assert!(lab.until(2 * MINUTE, rings).await);
}

#[tokio::test(start_paused = true)]
async fn the_gateway_gives_up_on_a_hung_application_and_counts_that_for_clients_that_left() {
    // given an application that hangs
    let (lab, arn) = lab();
    lab.world().set_app(&arn, AppState::Hung).unwrap();
    let limit = lab.world().gateway_timeout();
    let began = Instant::now();

    // when a client is patient, then the gateway answers for it
    assert_eq!(get(&lab, "/orders").await, 503);
    assert_eq!(began.elapsed(), limit + lab.world().timing().connect_latency);

    // when another one gives up before, then its request counts all the same
    tokio::time::sleep(MINUTE).await;
    lab.world().add_alarm(alarm());
    assert!(timeout(Duration::from_secs(5), get(&lab, "/orders")).await.is_err());
    assert!(lab.until(2 * MINUTE, rings).await);
}

#[tokio::test(start_paused = true)]
async fn a_hung_application_that_goes_ends_the_requests_that_wait_for_it() {
    // given a request that waits for a hung application
    let (lab, arn) = lab();
    lab.world().set_app(&arn, AppState::Hung).unwrap();
    let waiting = tokio::spawn({
        let lab = lab.clone();
        async move { get(&lab, "/orders").await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!waiting.is_finished());

    // when it crashes, then the gateway answers at once
    let crashed = Instant::now();
    lab.world().crash_task(&arn, 1).unwrap();
    assert_eq!(waiting.await.unwrap(), 503);
    assert_eq!(crashed.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_keeps_what_is_posted_to_it() {
    // given a webhook
    let (lab, _) = lab();
    lab.world().add_webhook(HOOK).unwrap();

    // when it is posted to
    let answer = send(&lab, "POST", HOOK, r#"{"text":"hello"}"#).await.unwrap();

    // then it says ok, as Slack's does, and has it
    assert_eq!(answer, (200, "ok".to_owned()));
    let world = lab.world();
    let [post] = world.webhook_posts() else { panic!("{:?}", world.webhook_posts()) };
    assert_eq!((post.url.as_str(), post.body.as_str()), (HOOK, r#"{"text":"hello"}"#));
    assert_eq!(post.at, lab.clock().now());
}

#[tokio::test(start_paused = true)]
async fn a_webhook_fails_when_told_to() {
    // given a webhook that refuses
    let (lab, _) = lab();
    lab.world().set_webhook_answer(HOOK, WebhookAnswer::Status(403)).unwrap();
    assert_eq!(send(&lab, "POST", HOOK, "1").await.unwrap().0, 403);

    // when it does not answer, then nothing comes
    lab.world().set_webhook_answer(HOOK, WebhookAnswer::Never).unwrap();
    let silence = timeout(MINUTE, send(&lab, "POST", HOOK, "2")).await;
    assert!(silence.is_err(), "{silence:?}");

    // when it is well again, then it has got every post, in order
    lab.world().add_webhook(HOOK).unwrap();
    assert_eq!(send(&lab, "POST", HOOK, "3").await.unwrap().0, 200);
    let bodies: Vec<String> =
        lab.world().webhook_posts().iter().map(|post| post.body.clone()).collect();
    assert_eq!(bodies, ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_the_web_is_not_found_or_does_not_resolve() {
    // given an API and a webhook
    let (lab, _) = lab();
    lab.world().add_webhook(HOOK).unwrap();

    // when another URL of the webhook's host is posted to, or the webhook is only looked at
    assert_eq!(send(&lab, "POST", &format!("{HOOK}y"), "").await.unwrap().0, 404);
    assert_eq!(send(&lab, "GET", HOOK, "").await.unwrap().0, 404);
    assert!(lab.world().webhook_posts().is_empty());

    // when another host is asked, then it fails as a name that does not resolve
    for url in ["https://other.example.com/", "https://api.example.com:8443/orders"] {
        let error = send(&lab, "GET", url, "").await.unwrap_err();
        assert!(error.is_io(), "{error:?}");
    }
}

#[test]
fn only_an_api_that_there_is_gets_a_url_and_only_a_url() {
    let mut world = empty_world(1);
    let no_api = world.set_api_url(SITE, API);
    assert_eq!(no_api, Err(OperatorError::NoSuchApi(API.to_owned())));
    world.create_api(api("http://127.0.0.1:1", true));
    for text in ["api.example.com", "/orders", ""] {
        assert_eq!(world.set_api_url(text, API), Err(OperatorError::NotAUrl(text.to_owned())));
        assert_eq!(world.add_webhook(text), Err(OperatorError::NotAUrl(text.to_owned())));
    }
}
