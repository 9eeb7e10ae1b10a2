//! What an API answers although its tasks work, and what tasks answer although they are well.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use eden_lab::world::{Answer, AppState, Gatekeeper};
use eden_lab::{Lab, World};
use hyper::Request;

use crate::support::{API, CLUSTER, MINUTE, SERVICE, api, pass, running_lab, the_task};

const SITE: &str = "https://api.example.com";

/// A lab with a running task that answers so at these paths, and an API that leads to it.
fn lab(paths: &[(&str, Answer)]) -> Lab {
    let lab = running_lab(|spec| {
        spec.task_definition.paths =
            paths.iter().map(|(path, answer)| ((*path).to_owned(), *answer)).collect();
    });
    lead_to_the_task(&lab);
    lab
}

fn lead_to_the_task(lab: &Lab) {
    let mut world = lab.world();
    let arn = the_task(&world);
    let endpoint = world.task(&arn).unwrap().endpoint();
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    world.set_api_url(SITE, API).unwrap();
}

fn statuses<const N: usize>(world: &mut World, paths: [&str; N]) -> [u16; N] {
    paths.map(|path| world.request(API, path))
}

/// What somebody gets who asks the API's URL from outside, with or without a token.
async fn ask(lab: &Lab, token: Option<&str>) -> u16 {
    let mut request = Request::get(format!("{SITE}/orders"));
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let request = HttpRequest::try_from(request.body(SdkBody::empty()).unwrap()).unwrap();
    lab.web_connector().call(request).await.unwrap().status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn an_application_answers_some_paths_as_its_code_says_and_so_do_its_successors() {
    // given an application without `/health`, with a login, a broken endpoint and a slow one
    let paths = [
        ("/health", Answer::Status(404)),
        ("/account", Answer::Status(401)),
        ("/checkout", Answer::Status(500)),
        ("/report", Answer::Never),
    ];
    let asked = ["/orders", "/health", "/account", "/checkout", "/report"];
    let lab = lab(&paths);

    // when it is asked by the gateway, then the slow one is given up with 503
    assert_eq!(statuses(&mut lab.world(), asked), [200, 404, 401, 500, 503]);

    // when its task is replaced, then nothing has changed
    let arn = the_task(&lab.world());
    lab.world().stop_task(&arn, "test").unwrap();
    pass(&mut lab.world(), 5 * MINUTE);
    lead_to_the_task(&lab);
    assert_eq!(statuses(&mut lab.world(), asked), [200, 404, 401, 500, 503]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_application_fails_at_every_path_and_a_lost_dependency_leaves_missing_paths_missing()
 {
    let lab = lab(&[("/health", Answer::Status(404))]);
    let mut world = lab.world();

    // when something that it depends on is down, then a path that it does not have is still missing
    world.set_dependency(CLUSTER, SERVICE, Some(503)).unwrap();
    assert_eq!(statuses(&mut world, ["/orders", "/health"]), [503, 404]);

    // when it fails as a whole, then everywhere
    world.set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    assert_eq!(statuses(&mut world, ["/orders", "/health"]), [500, 500]);
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_answers_whoever_has_no_token_before_any_task_is_asked() {
    // given an API whose authorizer demands a token
    let lab = lab(&[]);
    for status in [401, 403] {
        lab.world().set_gatekeeper(API, Some(Gatekeeper::Demands(status))).unwrap();

        // when it is asked with one and without, then the task answers the former only
        assert_eq!(ask(&lab, None).await, status);
        assert_eq!(ask(&lab, Some("Bearer x")).await, 200);
        // and the virtual clients have one
        assert_eq!(lab.world().request(API, "/orders"), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_authorizer_fails_everybody_until_it_is_mended() {
    // given an API whose authorizer fails
    let lab = lab(&[]);
    lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();

    // when it is asked, then a token does not help
    assert_eq!(ask(&lab, Some("Bearer x")).await, 500);
    assert_eq!(lab.world().request(API, "/orders"), 500);

    // when it is mended, then the task answers
    lab.world().set_gatekeeper(API, None).unwrap();
    assert_eq!(ask(&lab, None).await, 200);
}

#[tokio::test(start_paused = true)]
async fn cloudwatch_tells_how_many_requests_there_were_and_how_many_failed() {
    // given an API of which one request in three fails, for three minutes
    let lab = lab(&[("/checkout", Answer::Status(500))]);
    let began = lab.world().now();
    for path in ["/orders", "/orders", "/checkout"] {
        lab.world().start_traffic(API, path, MINUTE / 6);
    }
    tokio::time::sleep(3 * MINUTE).await;

    // when their sums are asked for
    let sum = |id: &str, name: &str| {
        let api = Dimension::builder().name("ApiId").value(API).build();
        let metric = Metric::builder().namespace("AWS/ApiGateway").metric_name(name);
        let stat = MetricStat::builder().metric(metric.dimensions(api).build());
        let stat = stat.period(60).stat("Sum").build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let answer = aws_sdk_cloudwatch::Client::new(&lab.sdk_config())
        .get_metric_data()
        .metric_data_queries(sum("failed", "5xx"))
        .metric_data_queries(sum("all", "Count"))
        .metric_data_queries(sum("none", "4XXError"))
        .start_time(DateTime::from_secs(began.as_second()))
        .end_time(DateTime::from_secs(began.as_second() + 180))
        .send()
        .await
        .unwrap();

    // then there is a sum for each minute that has data, and none for a metric without
    let sums: Vec<_> = answer
        .metric_data_results()
        .iter()
        .map(|it| (it.id().unwrap(), it.values().len(), it.values().iter().sum::<f64>()))
        .collect();
    let [failed, all, none] = sums[..] else { panic!("{answer:?}") };
    assert_eq!((failed.0, failed.1), ("failed", 3));
    assert!((all.2 - 3.0 * failed.2).abs() < f64::EPSILON && all.2 >= 48.0, "{sums:?}");
    assert_eq!(none, ("none", 0, 0.0));
}
