//! Gateways that are not what the settings say: each thing that cannot be done is named, with what to
//! do, and the rest is done.

use eden_lab::example::{
    API, Example, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_API_NAME,
    REST_PROXY_INTEGRATION, REST_ROOT_INTEGRATION, REST_STAGE, ROOT_INTEGRATION,
};
use eden_lab::world::{ApiSpec, Networking, PublicAddress};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, example, is_steady, minutes, seconds};
use serde_json::{Value, json};

const LAMBDA: &str = "arn:aws:lambda:us-east-1:123456789012:function:shop";
const CLOUD_MAP: &str = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1";

fn http_api() -> ApiSpec {
    ApiSpec::new(API)
        .integration(ROOT_INTEGRATION, "http://127.0.0.1:1/")
        .route("/", ROOT_INTEGRATION)
        .route("/{proxy+}", PROXY_INTEGRATION)
        .stage("$default", true)
}

fn rest_api() -> ApiSpec {
    ApiSpec::rest(API, REST_API_NAME)
        .resource("res1", "/")
        .resource("res2", "/{proxy+}")
        .integration(REST_ROOT_INTEGRATION, "http://127.0.0.1:1/")
        .stage(REST_STAGE, false)
}

fn rest() -> Example {
    Variant::RestIntegrations.example()
}

/// An account in which a task runs, and ip-updater's report on it.
async fn look(rig: &Rig) -> Result<Value, String> {
    rig.wait(seconds(100)).await;
    let task = rig.running().swap_remove(0);
    let ended = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await;
    ended.map_err(|error| error.message)
}

fn uri(rig: &Rig, integration: &str) -> String {
    rig.lab.world().api(API).unwrap().integrations[integration].uri.clone()
}

#[tokio::test(start_paused = true)]
async fn integrations_that_do_not_lead_to_a_url_are_refused_and_the_others_move() {
    for (example, api, [moved, refused], kind) in [
        (
            example(),
            http_api().lambda_integration(PROXY_INTEGRATION, LAMBDA),
            [ROOT_INTEGRATION, PROXY_INTEGRATION],
            "AWS_PROXY over INTERNET",
        ),
        (
            example(),
            http_api().vpc_link_integration(PROXY_INTEGRATION, CLOUD_MAP, "vl-1"),
            [ROOT_INTEGRATION, PROXY_INTEGRATION],
            "HTTP_PROXY over VPC_LINK",
        ),
        (
            rest(),
            rest_api().lambda_integration(REST_PROXY_INTEGRATION, LAMBDA),
            [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
            "AWS_PROXY over INTERNET",
        ),
        (
            rest(),
            rest_api().vpc_link_integration(
                REST_PROXY_INTEGRATION,
                "http://nlb.example.com",
                "vl-1",
            ),
            [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
            "HTTP_PROXY over VPC_LINK",
        ),
        (
            rest(),
            rest_api().mock_integration(REST_PROXY_INTEGRATION),
            [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
            "MOCK over INTERNET",
        ),
    ] {
        // Given
        let rig = Rig::start(&example);
        rig.lab.world().create_api(api);
        let before = uri(&rig, refused);
        // When
        let report = look(&rig).await.unwrap();
        // Then
        assert_eq!(uri(&rig, refused), before);
        let endpoint = rig.running()[0].endpoint();
        assert_eq!(uri(&rig, moved), format!("http://{endpoint}/"));
        let reasons = each(&report, "held", "reason");
        assert_eq!(reasons, ["not_an_http_integration", "already_routed"]);
        let told = each(&report, "held", "text")[0];
        assert_eq!(
            told,
            format!("integration {refused} is {kind}: its URI is not a task's address")
        );
        // And the next look writes nothing more.
        let writes = rig.writes();
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        assert_eq!(rig.writes(), writes, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_does_not_exist_is_named_and_the_other_moves() {
    for (example, ids, missing, [moved, kind]) in [
        (example(), "int1234,int0000", "int0000", [ROOT_INTEGRATION, "HTTP"]),
        (rest(), "res1:ANY,res9:ANY", "res9:ANY", [REST_ROOT_INTEGRATION, "REST"]),
        (rest(), "res1:ANY,res2:GET", "res2:GET", [REST_ROOT_INTEGRATION, "REST"]),
    ] {
        // When
        let rig = Rig::start(&example.parameter("APIGatewayIntegrationId", &ids));
        let error = look(&rig).await.unwrap_err();
        // Then
        let named = format!("GetIntegration of {missing} of API {API} failed: NotFoundException");
        assert!(error.contains(&named), "{error}");
        let check = format!("check API_GATEWAY_ID, INTEGRATION_ID and API_TYPE, which is {kind}");
        assert!(error.contains(&check), "{error}");
        assert!(!error.contains(moved), "{error}");
        let endpoint = rig.running()[0].endpoint();
        assert_eq!(uri(&rig, moved), format!("http://{endpoint}/"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_of_the_other_kind_is_an_error_that_says_which_kind_was_expected() {
    let http = example()
        .parameter("ApiType", &"REST")
        .parameter("APIGatewayName", &REST_API_NAME)
        .parameter("APIGatewayStage", &REST_STAGE)
        .parameter("APIGatewayIntegrationId", &"res1:ANY");
    let rest = rest().parameter("ApiType", &"HTTP").parameter("APIGatewayIntegrationId", &"int1");
    for (example, expected) in [(http, "REST"), (rest, "HTTP")] {
        let rig = Rig::start(&example);
        let error = look(&rig).await.unwrap_err();
        assert!(error.contains(&format!("API_TYPE, which is {expected}")), "{error}");
        assert!(error.contains(API), "{error}");
        assert_eq!(rig.writes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_exist_is_named_and_the_integrations_move() {
    let manual = Example { auto_deploy: false, ..example() };
    for (example, there, integration) in [
        (example(), "$default", ROOT_INTEGRATION),
        (manual, "$default", ROOT_INTEGRATION),
        (rest(), REST_STAGE, REST_ROOT_INTEGRATION),
    ] {
        let rig = Rig::start(&example.parameter("APIGatewayStage", &"nowhere"));
        let error = look(&rig).await.unwrap_err();
        let told = format!("STAGE_NAME names nowhere, but the API has only: {there}");
        assert!(error.contains(&told), "{error}");
        let endpoint = rig.running()[0].endpoint();
        assert_eq!(uri(&rig, integration), format!("http://{endpoint}/"));
        assert_eq!(rig.calls("CreateDeployment"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_address_is_bracketed_in_a_uri() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        let ipv6 = Networking::Fargate(PublicAddress::Ipv6);
        let example = variant.example().parameter("IPv6Targets", &"on");
        let rig = variant.open(example, ipv6).await;
        let task = rig.serving().unwrap();
        assert!(task.endpoint().is_ipv6());
        let root = match variant {
            Variant::RestIntegrations => REST_ROOT_INTEGRATION,
            _ => ROOT_INTEGRATION,
        };
        assert_eq!(uri(&rig, root), format!("http://[{}]:8000/", task.endpoint().ip()));
        // And its successor's too.
        rig.lab.world().crash_task(&task.arn, 1).unwrap();
        rig.wait(minutes(2)).await;
        assert!(is_steady(&rig.lab.world()));
        assert_ne!(uri(&rig, root), format!("http://[{}]:8000/", task.endpoint().ip()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_uri_that_cannot_be_parsed_is_replaced_and_a_foreign_host_moved_away_from() {
    for (before, after) in [
        ("not a url", "http://ENDPOINT/{proxy}"),
        ("http://", "http://ENDPOINT/{proxy}"),
        ("https://old.example.com/v1/{proxy}?k=v", "https://ENDPOINT/v1/{proxy}?k=v"),
        ("http://127.0.0.1:99999/{proxy}", "http://ENDPOINT/{proxy}"),
    ] {
        let rig = Rig::start(&example());
        rig.lab.world().set_integration_uri(API, PROXY_INTEGRATION, before).unwrap();
        rig.wait(minutes(2)).await;
        let endpoint = rig.running()[0].endpoint().to_string();
        assert_eq!(uri(&rig, PROXY_INTEGRATION), after.replace("ENDPOINT", &endpoint));
    }
}
