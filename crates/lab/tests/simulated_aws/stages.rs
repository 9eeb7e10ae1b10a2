//! Stages through the real SDK clients: variables, deployments and their limit.

use std::time::Duration;

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::error::ProvideErrorMetadata;
use aws_sdk_apigatewayv2::operation::create_deployment::CreateDeploymentError;
use aws_sdk_apigatewayv2::operation::update_stage::UpdateStageError;
use aws_sdk_apigatewayv2::types::IntegrationType;
use aws_smithy_types::retry::RetryConfig;
use eden_lab::Lab;
use eden_lab::world::{ApiSpec, OperatorError, Timing};

use crate::support::{API, INTEGRATION, api, running_lab, the_task};

const URI: &str = "http://127.10.0.255:8000/{proxy}";
const REST: &str = "rest";

fn lab_with(spec: ApiSpec) -> (Lab, Client) {
    let lab = running_lab(|_| {});
    lab.world().create_api(spec);
    let client = Client::new(&lab.sdk_config());
    (lab, client)
}

/// An API that leads where the variable `backend` of its stage says.
fn variable_api() -> ApiSpec {
    api("http://${stageVariables.backend}/{proxy}", false)
}

#[tokio::test(start_paused = true)]
async fn a_stage_variable_takes_effect_at_once() {
    // given an API that leads nowhere, on a stage without autoDeploy
    let (lab, client) = lab_with(variable_api().stage_variable("$default", "backend", "127.1.1.1"));
    assert_eq!(lab.world().request(API, "/orders"), 503);

    // when the variable is set
    let address = {
        let world = lab.world();
        world.task(&the_task(&world)).unwrap().endpoint().to_string()
    };
    let update = client.update_stage().api_id(API).stage_name("$default");
    let updated = update.stage_variables("backend", &address).send().await.unwrap();

    // then requests arrive without a deployment, and every operation shows it
    assert_eq!(lab.world().request(API, "/orders"), 200);
    assert_eq!(updated.stage_variables().unwrap()["backend"], address);
    let stage = client.get_stage().api_id(API).stage_name("$default").send().await.unwrap();
    assert_eq!(stage.stage_variables().unwrap()["backend"], address);
    let stages = client.get_stages().api_id(API).send().await.unwrap();
    assert_eq!(stages.items()[0].stage_variables().unwrap()["backend"], address);
    assert_eq!(stage.deployment_id(), updated.deployment_id());
}

#[tokio::test(start_paused = true)]
async fn variables_that_are_sent_join_those_that_are_there_and_an_empty_one_goes() {
    // given a stage with two variables
    let spec = variable_api().stage_variable("$default", "backend", "a");
    let (lab, client) = lab_with(spec.stage_variable("$default", "color", "blue"));

    // when one is changed to nothing and a third is sent
    let update = client.update_stage().api_id(API).stage_name("$default");
    let update = update.stage_variables("backend", "").stage_variables("size", "7");
    update.send().await.unwrap();

    // then the one is gone and the one that was not named stays
    let world = lab.world();
    let variables = world.api(API).unwrap().stages["$default"].variables.clone();
    let expected = [("color", "blue"), ("size", "7")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(variables, expected.into());
}

#[tokio::test(start_paused = true)]
async fn a_variable_with_other_characters_is_refused_and_changes_nothing() {
    // given a stage
    let (lab, client) = lab_with(variable_api());

    // when a good variable and a bad one are sent
    let all = "AZaz09-._~:/?#&=,";
    for (name, value) in [("bad", "{proxy}"), ("bad", "a b"), ("bad", "ä"), ("b-d", "a")] {
        let update = client.update_stage().api_id(API).stage_name("$default");
        let update = update.stage_variables("a_good1", all).stage_variables(name, value);
        let error = update.send().await.unwrap_err().into_service_error();

        // then the SDK knows the error
        assert!(matches!(error, UpdateStageError::BadRequestException(_)), "{error:?}");
    }
    assert!(lab.world().api(API).unwrap().stages["$default"].variables.is_empty());

    // and the good one alone is taken
    let update = client.update_stage().api_id(API).stage_name("$default");
    update.stage_variables("a_good1", all).send().await.unwrap();
    assert_eq!(lab.world().api(API).unwrap().stages["$default"].variables["a_good1"], all);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_stage_is_not_found() {
    let (_lab, client) = lab_with(variable_api());
    for (api, stage) in [(API, "none"), ("none", "$default")] {
        let update = client.update_stage().api_id(api).stage_name(stage);
        let error = update.stage_variables("color", "blue").send().await.unwrap_err();
        assert_eq!(error.code(), Some("NotFoundException"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_sets_and_removes_variables_by_the_same_rules() {
    let (lab, _) = lab_with(variable_api());
    let mut world = lab.world();
    world.set_stage_variable(API, "$default", "backend", Some("127.10.0.9:80")).unwrap();
    assert_eq!(world.upstream(API, "/orders").unwrap(), "http://127.10.0.9:80/orders");
    world.set_stage_variable(API, "$default", "backend", None).unwrap();
    assert_eq!(world.upstream(API, "/orders").unwrap(), "http:///orders");
    let bad = world.set_stage_variable(API, "$default", "backend", Some("{}"));
    assert!(matches!(bad, Err(OperatorError::InvalidStageVariable { .. })), "{bad:?}");
    let none = world.set_stage_variable(API, "none", "backend", Some("a"));
    assert_eq!(none, Err(OperatorError::NoSuchStage("none".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_uri_may_have_stage_variables_in_any_part() {
    let (lab, client) = lab_with(api(URI, true));
    let update = client.update_integration().api_id(API).integration_id(INTEGRATION);
    for uri in [
        "https://${stageVariables.host}/{proxy}",
        "http://${stageVariables.host}:${stageVariables.port}/${stageVariables.path}",
    ] {
        let updated = update.clone().integration_uri(uri).send().await.unwrap();
        assert_eq!(updated.integration_uri(), Some(uri));
    }
    let without_scheme = update.integration_uri("${stageVariables.url}").send().await;
    assert_eq!(without_scheme.unwrap_err().code(), Some("BadRequestException"));
    assert_eq!(lab.world().upstream(API, "/orders").unwrap(), "http://:/");
}

#[tokio::test(start_paused = true)]
async fn a_lambda_integration_shows_its_type_and_leads_to_no_url() {
    // given an HTTP API with a function behind it
    let function = "arn:aws:lambda:us-east-1:123456789012:function:orders";
    let spec = api(URI, true).lambda_integration("lambda", function).route("/function", "lambda");
    let (lab, client) = lab_with(spec);

    // when it is read and changed
    let get = client.get_integration().api_id(API).integration_id("lambda").send().await.unwrap();
    let update = client.update_integration().api_id(API).integration_id("lambda");
    let to_url = update.clone().integration_uri(URI).send().await.unwrap_err();
    let other = format!("{function}2");
    let to_other = update.integration_uri(&other).send().await.unwrap();

    // then it is what it is (F6)
    assert_eq!(get.integration_type(), Some(&IntegrationType::AwsProxy));
    assert_eq!((get.integration_uri(), get.integration_method()), (Some(function), Some("POST")));
    assert_eq!(to_url.code(), Some("BadRequestException"));
    assert_eq!(to_other.integration_uri(), Some(other.as_str()));
    assert_eq!(lab.world().request(API, "/function"), 500);
}

/// One API of each kind on stages without autoDeploy, with clients that try once.
fn deployable() -> (Lab, Client, aws_sdk_apigateway::Client) {
    let (lab, _) = lab_with(api(URI, false));
    lab.world().create_api(ApiSpec::rest(REST, "shop-api").stage("prod", false));
    let config = lab.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    (lab, Client::new(&config), aws_sdk_apigateway::Client::new(&config))
}

#[tokio::test(start_paused = true)]
async fn the_account_takes_one_deployment_in_five_seconds_whatever_the_apis_kind() {
    // given an API of each kind, of which one was just deployed
    let (lab, http, rest) = deployable();
    let to_http = http.create_deployment().api_id(API).stage_name("$default");
    let to_rest = rest.create_deployment().rest_api_id(REST).stage_name("prod");
    to_http.clone().send().await.unwrap();
    let deployed = lab.world().api(API).unwrap().stages["$default"].deployment_id.clone();

    // when both are deployed within the next five seconds
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    let http_again = to_http.clone().send().await.unwrap_err().into_service_error();
    let rest_now = to_rest.clone().send().await.unwrap_err().into_service_error();

    // then the SDK knows the error, and nothing was deployed (F5)
    let is_known = matches!(http_again, CreateDeploymentError::TooManyRequestsException(_));
    assert!(is_known, "{http_again:?}");
    assert!(rest_now.is_too_many_requests_exception(), "{rest_now:?}");
    assert_eq!(lab.world().api(API).unwrap().stages["$default"].deployment_id, deployed);

    // when the five seconds are over, then one is taken: what was refused does not count
    tokio::time::sleep(Duration::from_millis(100)).await;
    to_rest.send().await.unwrap();
    let error = to_http.send().await.unwrap_err();
    assert_eq!(error.code(), Some("TooManyRequestsException"));
}

#[tokio::test(start_paused = true)]
async fn deployments_that_a_stage_makes_by_itself_do_not_count() {
    // given an API that deploys by itself, beside one that does not
    let (lab, http, rest) = deployable();
    lab.world().create_api({
        let spec = ApiSpec::new("auto").integration(INTEGRATION, URI);
        spec.route("/{proxy+}", INTEGRATION).stage("$default", true)
    });

    // when the one is changed again and again
    let update = http.update_integration().api_id("auto").integration_id(INTEGRATION);
    for uri in ["http://127.10.0.1/", "http://127.10.0.2/"] {
        update.clone().integration_uri(uri).send().await.unwrap();
    }
    assert_eq!(lab.world().api("auto").unwrap().deployments.len(), 3);

    // then the other can be deployed, and afterwards the one still changes
    rest.create_deployment().rest_api_id(REST).stage_name("prod").send().await.unwrap();
    update.integration_uri("http://127.10.0.3/").send().await.unwrap();
    assert_eq!(lab.world().upstream("auto", "/a").unwrap(), "http://127.10.0.3/");
}

#[test]
fn the_interval_follows_the_worlds_speed() {
    let interval = |timing: Timing| timing.deployment_interval;
    assert_eq!(interval(Timing::aws()), Duration::from_secs(5));
    assert_eq!(interval(Timing::aws().scaled(0.1)), Duration::from_millis(500));
}
