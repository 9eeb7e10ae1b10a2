//! What a backend makes of how it is asked, and stages that cannot be deployed.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_apigateway::error::ProvideErrorMetadata;
use aws_sdk_apigatewayv2::types::DeploymentStatus;
use eden_lab::Lab;
use eden_lab::world::{ApiSpec, Canary, Networking, PublicAddress, TaskDefinition};
use tokio::time::timeout;

use crate::support::{API, INTEGRATION, MINUTE, api, running_lab, the_task};

/// A running task of this kind, and its address.
fn lab_of(change: impl FnOnce(&mut TaskDefinition)) -> (Lab, SocketAddr) {
    let lab = running_lab(|spec| change(&mut spec.task_definition));
    let endpoint = {
        let world = lab.world();
        world.task(&the_task(&world)).unwrap().endpoint()
    };
    (lab, endpoint)
}

/// Source: https://github.com/ietf-tools/bibxml-service/issues/122 (Django's `DisallowedHost`).
#[tokio::test(start_paused = true)]
async fn an_application_that_takes_one_host_only_answers_400_to_others() {
    let (lab, at) = lab_of(|it| it.host = Some("api.example.com".to_owned()));
    let uri = format!("http://{at}/{{proxy}}");

    // The gateway sends the address, unless a parameter is mapped.
    lab.world().create_api(api(&uri, true));
    assert_eq!(lab.world().request(API, "/orders"), 400);
    for (host, expected) in [("api.example.com", 200), ("other.example.com", 400)] {
        let spec = api(&uri, true);
        let spec = spec.request_parameter(INTEGRATION, "overwrite:header.Host", host);
        lab.world().create_api(spec);
        assert_eq!(lab.world().request(API, "/orders"), expected, "{host}");
    }
    let spec = ApiSpec::rest("rest", "shop").resource("all", "/{proxy+}").stage("prod", false);
    let spec = spec.integration("all:ANY", &uri);
    let name = "integration.request.header.Host";
    lab.world().create_api(spec.request_parameter("all:ANY", name, "'api.example.com'"));
    assert_eq!(lab.world().request("rest", "/prod/orders"), 200);
}

/// Source: https://github.com/ejc3/fcvm/issues/958 (an https health check, asked in plain HTTP).
#[tokio::test(start_paused = true)]
async fn a_task_that_speaks_tls_answers_400_to_plain_http_and_a_plain_one_takes_no_handshake() {
    let (lab, tls) = lab_of(|it| it.tls = true);
    for (scheme, expected) in [("https", 200), ("http", 400)] {
        lab.world().create_api(api(&format!("{scheme}://{tls}/{{proxy}}"), true));
        assert_eq!(lab.world().request(API, "/orders"), expected, "{scheme}");
    }
    assert!(lab.connect_by_tls_to(tls).await.is_ok());

    let (lab, plain) = lab_of(|_| {});
    lab.world().create_api(api(&format!("https://{plain}/{{proxy}}"), true));
    assert_eq!(lab.world().request(API, "/orders"), 503);
    let refused = lab.connect_by_tls_to(plain).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidData);
}

/// Source: https://github.com/aws/copilot-cli/issues/5339 (dual-stack private subnets).
#[tokio::test(start_paused = true)]
async fn nothing_gets_to_an_ipv6_address_behind_an_egress_only_gateway() {
    let egress_only = Networking::Fargate(PublicAddress::Ipv6EgressOnly);
    let (lab, at) = lab_of(|it| it.networking = egress_only);
    lab.world().create_api(api(&format!("http://{at}/{{proxy}}"), true));

    assert!(at.is_ipv6());
    assert_eq!(lab.world().request(API, "/orders"), 503);
    assert!(timeout(MINUTE, lab.connect_to(at)).await.is_err());
}

/// Source: https://github.com/serverless/serverless/issues/11518
#[tokio::test(start_paused = true)]
async fn a_stage_with_a_canary_takes_no_deployment_without_one() {
    let lab = running_lab(|_| {});
    lab.world().create_api(ApiSpec::rest(API, "shop").stage("prod", false));
    let client = aws_sdk_apigateway::Client::new(&lab.sdk_config());
    let deploy = || client.create_deployment().rest_api_id(API).stage_name("prod").send();
    let canary = Canary {
        percent: 10,
        deployment_id: "can1".to_owned(),
        variables: [("backend".to_owned(), "127.0.0.1".to_owned())].into(),
    };
    lab.world().set_canary(API, "prod", Some(canary)).unwrap();

    let refused = deploy().await.unwrap_err();
    assert_eq!(refused.code(), Some("BadRequestException"));
    let said = "Non canary deployment not supported on stage prod because Canary is enabled";
    assert!(refused.message().unwrap().starts_with(said), "{refused:?}");
    let stages = client.get_stages().rest_api_id(API).send().await.unwrap();
    let shown = stages.item()[0].canary_settings().unwrap();
    assert_eq!((shown.percent_traffic(), shown.deployment_id()), (10.0, Some("can1")));
    assert_eq!(shown.stage_variable_overrides().unwrap()["backend"], "127.0.0.1");

    lab.world().set_canary(API, "prod", None).unwrap();
    deploy().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_leaves_the_stage_as_it_was_and_says_why() {
    let lab = running_lab(|_| {});
    let client = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());
    let because = "Unable to deploy API because no valid routes exist in this API";
    for auto_deploy in [true, false] {
        lab.world().create_api(api("http://127.1.1.1/", auto_deploy));
        lab.world().fail_deployments(API, "$default", Some(because)).unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;

        // when the API changes, and is deployed by hand where it does not deploy by itself
        lab.world().set_integration_uri(API, INTEGRATION, "http://127.2.2.2/").unwrap();
        let status = if auto_deploy {
            None
        } else {
            let deploy = client.create_deployment().api_id(API).stage_name("$default");
            let deployed = deploy.send().await.unwrap();
            assert_eq!(deployed.deployment_status_message(), Some(because));
            deployed.deployment_status().cloned()
        };

        // then it shows what it showed
        assert_eq!(lab.world().upstream(API, "/a").unwrap(), "http://127.1.1.1/");
        assert_eq!(status, (!auto_deploy).then_some(DeploymentStatus::Failed));
        let stage = client.get_stage().api_id(API).stage_name("$default").send().await.unwrap();
        let said = stage.last_deployment_status_message();
        let expected = format!("Deployment attempt failed: {because}");
        assert_eq!(said, auto_deploy.then_some(expected.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_was_never_deployed_shows_nothing() {
    let lab = running_lab(|_| {});
    lab.world().create_api(api("http://127.1.1.1/", false).undeployed("$default"));
    let client = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());

    let stage = client.get_stage().api_id(API).stage_name("$default").send().await.unwrap();
    assert_eq!(stage.deployment_id(), None);
    assert_eq!(lab.world().request(API, "/a"), 404);
}
