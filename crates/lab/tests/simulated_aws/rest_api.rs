//! REST APIs through the real SDK client of API Gateway's first version.

mod requests;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::error::ProvideErrorMetadata;
use aws_sdk_apigateway::operation::get_integration::GetIntegrationError;
use aws_sdk_apigateway::operation::update_integration::UpdateIntegrationError;
use aws_sdk_apigateway::types::{ConnectionType, IntegrationType, Op, PatchOperation};
use eden_lab::world::ApiSpec;
use eden_lab::{Lab, World};

use crate::support::{API, INTEGRATION, MINUTE, running_lab, the_task};

const NAME: &str = "shop-api";
const NOWHERE: &str = "http://127.10.0.255:8000/{proxy}";

/// A REST API with a root and a catch-all below the stage `prod`.
fn rest_api(uri: &str) -> ApiSpec {
    ApiSpec::rest(API, NAME)
        .resource("root", "/")
        .resource("all", "/{proxy+}")
        .integration("root:ANY", "http://127.10.0.255:8000/")
        .integration("all:ANY", uri)
        .stage("prod", true)
}

fn uri_of_the_task(world: &World) -> String {
    format!("http://{}/{{proxy}}", world.task(&the_task(world)).unwrap().endpoint())
}

/// A lab with this API, and the client of its version.
fn lab_with(spec: ApiSpec) -> (Lab, Client) {
    let lab = running_lab(|_| {});
    lab.world().create_api(spec);
    let client = Client::new(&lab.sdk_config());
    (lab, client)
}

fn patch(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build()
}

#[tokio::test(start_paused = true)]
async fn an_integration_is_addressed_by_resource_and_method_and_changed_by_a_patch() {
    // given a REST API
    let (lab, client) = lab_with(rest_api(NOWHERE));

    // when the URI of one integration is replaced
    let uri = "http://127.10.0.7:8000/{proxy}";
    let update = client.update_integration().rest_api_id(API).resource_id("all");
    let update = update.http_method("ANY").patch_operations(patch(Op::Replace, "/uri", Some(uri)));
    let updated = update.send().await.unwrap();

    // then only that one has changed (F7)
    assert_eq!(updated.uri(), Some(uri));
    let get = client.get_integration().rest_api_id(API).http_method("ANY");
    let got = get.clone().resource_id("all").send().await.unwrap();
    assert_eq!((got.uri(), got.r#type()), (Some(uri), Some(&IntegrationType::HttpProxy)));
    assert_eq!((got.http_method(), got.timeout_in_millis()), (Some("ANY"), 29_000));
    assert_eq!(got.connection_type(), Some(&ConnectionType::Internet));
    let other = get.resource_id("root").send().await.unwrap();
    assert_eq!(other.uri(), Some("http://127.10.0.255:8000/"));
    let world = lab.world();
    assert_eq!(world.api(API).unwrap().integrations["all:ANY"].uri, uri);
    assert_eq!(
        world.calls()[0].resource.split(' ').take(3).collect::<Vec<_>>(),
        [API, "all", "ANY"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_follows_a_change_only_when_deployed_even_if_it_was_to_deploy_by_itself() {
    // given a REST API that leads nowhere, and a stage that was made with autoDeploy
    let (lab, client) = lab_with(rest_api(NOWHERE));
    let uri = uri_of_the_task(&lab.world());

    // when the integration is changed, then nothing follows (F7)
    let update = client.update_integration().rest_api_id(API).resource_id("all");
    let update = update.http_method("ANY").patch_operations(patch(Op::Replace, "/uri", Some(&uri)));
    update.send().await.unwrap();
    assert_eq!(lab.world().request(API, "/prod/orders"), 504);

    // when the stage is deployed a minute later, then it does
    tokio::time::sleep(MINUTE).await;
    let deploy = client.create_deployment().rest_api_id(API).stage_name("prod");
    let deployed = deploy.description("by hand").send().await.unwrap();
    assert_eq!(lab.world().request(API, "/prod/orders"), 200);

    // and shows the deployment
    let id = deployed.id().unwrap();
    let stage = client.get_stage().rest_api_id(API).stage_name("prod").send().await.unwrap();
    assert_eq!(stage.deployment_id(), Some(id));
    let got = client.get_deployment().rest_api_id(API).deployment_id(id).send().await.unwrap();
    assert_eq!((got.id(), got.description()), (Some(id), Some("by hand")));
    assert_eq!(got.created_date(), stage.last_updated_date());
    assert!(stage.last_updated_date() > stage.created_date());
}

#[tokio::test(start_paused = true)]
async fn the_api_and_its_stages_are_shown() {
    let (lab, client) = lab_with(rest_api(NOWHERE).stage("dev", false));
    let made = lab.world().api(API).unwrap().created_at;
    let shown = client.get_rest_api().rest_api_id(API).send().await.unwrap();
    assert_eq!((shown.id(), shown.name()), (Some(API), Some(NAME)));
    assert_eq!(shown.created_date().unwrap().secs(), made.as_second());
    let stages = client.get_stages().rest_api_id(API).send().await.unwrap();
    let names: Vec<_> = stages.item().iter().filter_map(|stage| stage.stage_name()).collect();
    assert_eq!(names, ["dev", "prod"]);
}

#[tokio::test(start_paused = true)]
async fn integrations_of_every_type_show_what_they_are_and_answer_without_a_backend() {
    // given one integration of each other type
    let function = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn/invocations";
    let balancer = "http://internal.elb.us-east-1.amazonaws.com/{proxy}";
    let (lab, client) = lab_with(
        ApiSpec::rest(API, NAME)
            .resource("mock", "/mock")
            .resource("function", "/function")
            .resource("private", "/private/{proxy+}")
            .mock_integration("mock:GET")
            .lambda_integration("function:ANY", function)
            .vpc_link_integration("private:ANY", balancer, "link1")
            .stage("prod", false),
    );

    // when they are read
    let get = client.get_integration().rest_api_id(API);
    let mock = get.clone().resource_id("mock").http_method("GET").send().await.unwrap();
    let lambda = get.clone().resource_id("function").http_method("ANY").send().await.unwrap();
    let private = get.resource_id("private").http_method("ANY").send().await.unwrap();

    // then each shows its type, and where it leads
    assert_eq!((mock.r#type(), mock.uri()), (Some(&IntegrationType::Mock), None));
    assert_eq!(lambda.r#type(), Some(&IntegrationType::AwsProxy));
    assert_eq!((lambda.uri(), lambda.http_method()), (Some(function), Some("POST")));
    assert_eq!(private.r#type(), Some(&IntegrationType::HttpProxy));
    assert_eq!(private.connection_type(), Some(&ConnectionType::VpcLink));
    assert_eq!((private.connection_id(), private.uri()), (Some("link1"), Some(balancer)));

    // and the gateway answers by itself, since the lab has neither functions nor load balancers
    let mut world = lab.world();
    let answers = ["/prod/mock", "/prod/function", "/prod/private/x"];
    assert_eq!(answers.map(|path| world.request(API, path)), [200, 500, 504]);
}

#[tokio::test(start_paused = true)]
async fn only_a_replaced_uri_that_fits_the_integration_is_taken() {
    // given a REST API with a backend and a mock
    let (lab, client) = lab_with(
        rest_api(NOWHERE)
            .resource("mock", "/mock")
            .mock_integration("mock:GET")
            .lambda_integration(
                "mock:PUT",
                "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn/invocations",
            ),
    );
    let before = lab.world().api(API).unwrap().integrations.clone();
    let url = Some("http://127.10.0.7/");

    // when it is patched otherwise
    let bad = [
        ("all", "ANY", patch(Op::Replace, "/uri", Some("ftp://127.10.0.7/"))),
        ("all", "ANY", patch(Op::Replace, "/uri", Some("placeholder"))),
        ("all", "ANY", patch(Op::Replace, "/uri", None)),
        ("all", "ANY", patch(Op::Remove, "/uri", None)),
        ("all", "ANY", patch(Op::Replace, "/timeoutInMillis", Some("50"))),
        ("mock", "GET", patch(Op::Replace, "/uri", url)),
        ("mock", "PUT", patch(Op::Replace, "/uri", url)),
    ];
    for (resource, method, operation) in bad {
        let update = client.update_integration().rest_api_id(API).resource_id(resource);
        let good = patch(Op::Replace, "/uri", Some("http://127.10.0.8/"));
        let update = update.http_method(method).patch_operations(good);
        let error = update.patch_operations(operation.clone()).send().await.unwrap_err();

        // then the SDK knows the error, and the good step beside it is not taken either
        let error = error.into_service_error();
        let is_known = matches!(error, UpdateIntegrationError::BadRequestException(_));
        assert!(is_known, "{operation:?}: {error:?}");
    }
    assert_eq!(lab.world().api(API).unwrap().integrations, before);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let (_lab, client) = lab_with(rest_api(NOWHERE));
    for (api, resource, method, what) in [
        ("none", "all", "ANY", "Invalid API identifier specified none"),
        (API, "none", "ANY", "Invalid Resource identifier specified"),
        (API, "all", "GET", "Invalid Method identifier specified"),
    ] {
        let get = client.get_integration().rest_api_id(api).resource_id(resource);
        let error = get.http_method(method).send().await.unwrap_err().into_service_error();
        assert!(matches!(error, GetIntegrationError::NotFoundException(_)), "{error:?}");
        assert_eq!(error.message(), Some(what));
    }
    let stage = client.get_stage().rest_api_id(API).stage_name("none").send().await;
    let deploy = client.create_deployment().rest_api_id(API).stage_name("none").send().await;
    let deployment = client.get_deployment().rest_api_id(API).deployment_id("none").send().await;
    let update = client.update_stage().rest_api_id(API).stage_name("none").send().await;
    let codes = [
        stage.unwrap_err().code().map(str::to_owned),
        deploy.unwrap_err().code().map(str::to_owned),
        deployment.unwrap_err().code().map(str::to_owned),
        update.unwrap_err().code().map(str::to_owned),
    ];
    let not_found = |code: &Option<String>| code.as_deref() == Some("NotFoundException");
    assert!(codes.iter().all(not_found), "{codes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_input_that_the_lab_does_not_simulate_is_refused() {
    // given a REST API
    let (_lab, client) = lab_with(rest_api(NOWHERE));

    // when an operation, a member of a query, or one of a body is used that the lab does not know
    let operation = client.get_models().rest_api_id(API).send().await;
    let query = client.get_stages().rest_api_id(API).deployment_id("d1").send().await;
    let body = client.create_deployment().rest_api_id(API).stage_name("prod");
    let body = body.variables("color", "blue").send().await;

    // then it is not ignored
    assert_eq!(operation.unwrap_err().code(), Some("NotFoundException"));
    assert_eq!(query.unwrap_err().code(), Some("BadRequestException"));
    assert_eq!(body.unwrap_err().code(), Some("BadRequestException"));
}

#[tokio::test(start_paused = true)]
async fn each_version_knows_only_the_apis_of_its_kind() {
    // given an API of each kind
    let (lab, rest) = lab_with(rest_api(NOWHERE));
    lab.world().create_api({
        let spec = ApiSpec::new("http").integration(INTEGRATION, NOWHERE);
        spec.route("/{proxy+}", INTEGRATION).stage("$default", true)
    });
    let http = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());

    // when each is asked for with the other's client
    let of_rest = http.get_api().api_id(API).send().await.unwrap_err();
    let stages_of_rest = http.get_stages().api_id(API).send().await.unwrap_err();
    let of_http = rest.get_rest_api().rest_api_id("http").send().await.unwrap_err();
    let stages_of_http = rest.get_stages().rest_api_id("http").send().await.unwrap_err();

    // then it is not found
    let codes = [of_rest.code(), stages_of_rest.code(), of_http.code(), stages_of_http.code()];
    assert_eq!(codes, [Some("NotFoundException"); 4]);

    // and with its own it is
    assert!(rest.get_stages().rest_api_id(API).send().await.is_ok());
    assert!(http.get_stages().api_id("http").send().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stage_variable_is_replaced_and_removed_by_a_patch_and_takes_effect_at_once() {
    // given a REST API whose integration leads where a stage variable says
    let (lab, client) = lab_with(
        rest_api("http://${stageVariables.backend}/{proxy}")
            .stage_variable("prod", "color", "blue"),
    );
    let address = {
        let world = lab.world();
        world.task(&the_task(&world)).unwrap().endpoint().to_string()
    };
    assert_eq!(lab.world().request(API, "/prod/orders"), 504);

    // when the variable is set
    let update = client.update_stage().rest_api_id(API).stage_name("prod");
    let set =
        update.clone().patch_operations(patch(Op::Replace, "/variables/backend", Some(&address)));
    let shown = set.send().await.unwrap();

    // then requests arrive without a deployment, and the other variable stays
    assert_eq!(lab.world().request(API, "/prod/orders"), 200);
    let variables = shown.variables().unwrap();
    assert_eq!((variables["backend"].as_str(), variables["color"].as_str()), (&*address, "blue"));

    // when it is removed, then they do not
    let removed = update.patch_operations(patch(Op::Remove, "/variables/backend", None));
    let shown = removed.send().await.unwrap();
    assert_eq!(lab.world().request(API, "/prod/orders"), 504);
    assert_eq!(shown.variables().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_stage_variable_is_refused_with_all_that_came_along() {
    // given a REST API
    let (lab, client) = lab_with(rest_api(NOWHERE));

    // when a good variable and a bad one, or another change, are sent together
    for bad in [
        patch(Op::Replace, "/variables/backend", Some("http://a/{proxy}")),
        patch(Op::Replace, "/variables/backend", Some("")),
        patch(Op::Replace, "/variables/back-end", Some("a")),
        patch(Op::Replace, "/variables/backend", None),
        patch(Op::Add, "/variables/backend", Some("a")),
        patch(Op::Replace, "/deploymentId", Some("d1")),
    ] {
        let update = client.update_stage().rest_api_id(API).stage_name("prod");
        let update = update.patch_operations(patch(Op::Replace, "/variables/color", Some("blue")));
        let error = update.patch_operations(bad.clone()).send().await.unwrap_err();

        // then it is refused
        assert_eq!(error.code(), Some("BadRequestException"), "{bad:?}");
    }

    // and nothing has changed
    assert!(lab.world().api(API).unwrap().stages["prod"].variables.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_operation_needs_its_method_on_its_path() {
    // given a REST API, and an HTTP API for what is new there
    let (lab, client) = lab_with(rest_api(NOWHERE));
    lab.world().create_api(ApiSpec::new("http").stage("$default", true));
    let http = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());

    // when every operation is called
    client.get_rest_api().rest_api_id(API).send().await.unwrap();
    let get = client.get_integration().rest_api_id(API).resource_id("all").http_method("ANY");
    get.send().await.unwrap();
    let update = client.update_integration().rest_api_id(API).resource_id("all");
    update.http_method("ANY").send().await.unwrap();
    client.get_stages().rest_api_id(API).send().await.unwrap();
    client.get_stage().rest_api_id(API).stage_name("prod").send().await.unwrap();
    client.update_stage().rest_api_id(API).stage_name("prod").send().await.unwrap();
    let deploy = client.create_deployment().rest_api_id(API).stage_name("prod");
    let id = deploy.send().await.unwrap().id().unwrap().to_owned();
    client.get_deployment().rest_api_id(API).deployment_id(&id).send().await.unwrap();
    http.update_stage().api_id("http").stage_name("$default").send().await.unwrap();

    // then IAM is asked for the HTTP method on the path, without the version's (F28)
    let arn = |path: &str| format!("arn:aws:apigateway:us-east-1::{path}");
    let of_rest = |path: &str| arn(&format!("/restapis/{API}{path}"));
    let expected = [
        ("GET", of_rest("")),
        ("GET", of_rest("/resources/all/methods/ANY/integration")),
        ("PATCH", of_rest("/resources/all/methods/ANY/integration")),
        ("GET", of_rest("/stages")),
        ("GET", of_rest("/stages/prod")),
        ("PATCH", of_rest("/stages/prod")),
        ("POST", of_rest("/deployments")),
        ("GET", of_rest(&format!("/deployments/{id}"))),
        ("PATCH", arn("/apis/http/stages/$default")),
    ]
    .map(|(method, resource)| (format!("apigateway:{method}"), resource));
    let world = lab.world();
    let needs = world.calls().iter().flat_map(|call| call.needs.clone());
    let needs: Vec<_> = needs.map(|need| (need.action, need.resource)).collect();
    assert_eq!(needs, expected);
}
