//! Tasks are asked as the gateway asks them, and what a stage cannot show is told.

use eden_core::config::{IpUpdaterConfig, Via};
use eden_lab::example::{
    API, CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION,
    REST_ROOT_INTEGRATION, REST_STAGE, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{ApiKind, Canary, Networking, PublicAddress};
use eden_tests::permissions::Variant;
use eden_tests::rig::{Rig, each, example, minutes};
use jiff::Timestamp;
use serde_json::{Value, json};

const HOST: &str = "api.example.com";
const PAGE: &str = "https://status.example.com/down";

/// A service with a path to ask for, and a page that comes after half a minute.
fn with_page(example: Example) -> Example {
    let example = example.parameter("HealthCheckPath", &"/health");
    example.parameter("MaintenanceUrl", &PAGE).parameter("MaintenanceAfterSeconds", &30)
}

/// Its application takes requests for one host only.
fn of_one_host(mut example: Example) -> Example {
    example.service.task_definition.host = Some(HOST.to_owned());
    example
}

/// The account once `prepare` has changed its API, and a few minutes later.
async fn started(example: &Example, prepare: impl Fn(&Rig)) -> Rig {
    let rig = Rig::start(example);
    prepare(&rig);
    rig.lab.world().add_page(PAGE);
    rig.wait(minutes(5)).await;
    rig
}

fn integrations(example: &Example) -> [&'static str; 2] {
    match example.api_kind {
        ApiKind::Http => [ROOT_INTEGRATION, PROXY_INTEGRATION],
        ApiKind::Rest => [REST_ROOT_INTEGRATION, REST_PROXY_INTEGRATION],
    }
}

/// Maps the header `Host` in both integrations, in the way of the kind of API.
fn map_host(rig: &Rig, example: &Example, value: &str) {
    let http = example.api_kind == ApiKind::Http;
    let name = if http { "overwrite:header.Host" } else { "integration.request.header.Host" };
    for integration in integrations(example) {
        rig.lab.world().map_parameter(API, integration, name, Some(value)).unwrap();
    }
}

/// Deploys the stage of a REST API, as people do after a change of it.
fn deploy(rig: &Rig, example: &Example) {
    if example.api_kind == ApiKind::Rest {
        rig.lab.world().deploy_stage(API, REST_STAGE, None).unwrap();
    }
}

fn uri(rig: &Rig, integration: &str) -> String {
    rig.lab.world().api(API).unwrap().integrations[integration].uri.clone()
}

fn only_task_uri(rig: &Rig, scheme: &str) -> String {
    format!("{scheme}://{}/{{proxy}}", rig.running()[0].endpoint())
}

/// The kinds of the actions that Eden took, but for the route's and notes of what was found.
fn remedies(rig: &Rig) -> Vec<String> {
    let harmless = [
        "point_integration",
        "set_stage_variable",
        "deploy_stage",
        "mark_condition",
        "clear_condition",
    ];
    let kinds = rig.action_kinds();
    kinds.into_iter().filter(|kind| !harmless.contains(&kind.as_str())).collect()
}

async fn health(rig: &Rig) -> Value {
    rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap()
}

/// A new deployment of the same replaces the task; when requests failed meanwhile.
async fn roll(rig: &Rig) -> Vec<Timestamp> {
    let since = rig.start_traffic();
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    rig.wait(minutes(10)).await;
    rig.failures(since)
}

/// Source: a public Terraform file of 2026 that maps `overwrite:header.Host`, since Django's
/// `ALLOWED_HOSTS` would see the task's address else;
/// https://github.com/ietf-tools/bibxml-service/issues/122 shows the 400.
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_with_the_host_that_the_integration_maps() {
    for (variant, value) in
        [(Variant::HttpIntegrations, HOST), (Variant::RestIntegrations, "'api.example.com'")]
    {
        // Given
        let example = with_page(of_one_host(variant.example()));
        let rig = started(&example, |rig| map_host(rig, &example, value)).await;
        // When it is deployed anew
        let failed = roll(&rig).await;
        // Then no request is lost, and nothing but the route was touched.
        assert_eq!(failed, [], "{variant:?}");
        assert_eq!(remedies(&rig), [""; 0], "{variant:?}");
        assert_eq!(health(&rig).await["diagnosis"], "healthy", "{variant:?}");
    }
}

/// Source: as above; a mapping that is worked out for each request is known by the setting.
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_with_the_host_of_the_settings_where_the_mapping_is_no_constant() {
    let example = with_page(of_one_host(example())).parameter("HealthCheckHost", &HOST);
    let rig = started(&example, |rig| {
        map_host(rig, &example, "${stageVariables.host}");
        rig.lab.world().set_stage_variable(API, "$default", "host", Some(HOST)).unwrap();
    })
    .await;
    assert_eq!(roll(&rig).await, []);
    assert_eq!(health(&rig).await["diagnosis"], "healthy");
}

/// Source: https://github.com/ietf-tools/bibxml-service/issues/122: where nothing tells of the host,
/// probes are answered 400, and the service works.
#[tokio::test(start_paused = true)]
async fn what_a_task_answers_to_the_wrong_host_never_brings_the_page_while_the_api_answers_well() {
    // Given a mapping that nobody can read, and no setting.
    let example = with_page(of_one_host(example()));
    let rig = started(&example, |rig| {
        map_host(rig, &example, "${stageVariables.host}");
        rig.lab.world().set_stage_variable(API, "$default", "host", Some(HOST)).unwrap();
    })
    .await;
    let since = rig.start_traffic();
    let task = rig.running()[0].clone();
    // When both functions look, also after the time at which the page would be due
    for _ in 0..3 {
        assert_eq!(health(&rig).await["diagnosis"], "wrong_path");
        rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
        rig.wait(minutes(2)).await;
    }
    // Then nobody has been sent to the page.
    assert_eq!(uri(&rig, PROXY_INTEGRATION), only_task_uri(&rig, "http"));
    assert_eq!(rig.failures(since), []);
    assert_eq!(
        rig.lab.world().service(CLUSTER, SERVICE).unwrap().tags.get("eden:unserved-since"),
        None
    );
}

/// Source: https://github.com/ejc3/fcvm/issues/958, and AWS's `tlsConfig.insecureSkipVerification`,
/// with which a REST API calls a backend with a certificate of its own.
#[tokio::test(start_paused = true)]
async fn a_task_that_speaks_tls_is_asked_over_tls() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        // Given
        let mut example = with_page(variant.example());
        example.service.task_definition.tls = true;
        let [root, proxy] = integrations(&example);
        let rig = started(&example, |rig| {
            for (integration, path) in [(root, ""), (proxy, "{proxy}")] {
                let uri = format!("https://127.0.0.1:1/{path}");
                rig.lab.world().set_integration_uri(API, integration, &uri).unwrap();
            }
        })
        .await;
        assert_eq!(uri(&rig, proxy), only_task_uri(&rig, "https"));
        // When, then
        assert_eq!(roll(&rig).await, [], "{variant:?}");
        assert_eq!(remedies(&rig), [""; 0], "{variant:?}");
        assert_eq!(health(&rig).await["diagnosis"], "healthy", "{variant:?}");
    }
}

/// The same where the route is a stage variable: its value is a URL.
#[tokio::test(start_paused = true)]
async fn a_stage_variable_that_holds_a_url_tells_that_tasks_speak_tls() {
    let mut example = Variant::HttpStageVariable.example().parameter("HealthCheckPath", &"/health");
    example.service.task_definition.tls = true;
    let rig = Rig::start(&example);
    let name = stage_variable(&rig);
    let value = Some("https://127.0.0.1:1");
    rig.lab.world().set_stage_variable(API, "$default", &name, value).unwrap();
    let [root, proxy] = integrations(&example);
    for (integration, path) in [(root, ""), (proxy, "{proxy}")] {
        let uri = format!("${{stageVariables.{name}}}/{path}");
        rig.lab.world().set_integration_uri(API, integration, &uri).unwrap();
    }
    rig.wait(minutes(5)).await;

    let task = rig.running()[0].clone();
    let led = rig.lab.world().api(API).unwrap().stages["$default"].variables[&name].clone();
    assert_eq!(led, format!("https://{}", task.endpoint()));
    let report = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
    assert_eq!(each(&report, "held", "reason"), ["already_routed"]);
    assert_eq!(health(&rig).await["diagnosis"], "healthy");
}

/// The name of the variable that the stack's functions write.
fn stage_variable(rig: &Rig) -> String {
    let environment = &rig.stack.function(IP_UPDATER).unwrap().environment;
    let config = IpUpdaterConfig::read(|name| environment.get(name).cloned()).unwrap();
    let Via::StageVariable { name, .. } = config.gateway.via else {
        panic!("{:?}", config.gateway.via)
    };
    name
}

/// The issue asks for the path of the integration's URI: `/health` of the API is `/api/health` of the
/// application.
#[tokio::test(start_paused = true)]
async fn a_path_is_asked_below_that_of_the_integration_or_as_the_applications_own() {
    for (well, elsewhere) in [("/api/health", "/health"), ("/health", "/api/health")] {
        let rig = started(&with_page(example()), |rig| {
            let uri = "http://127.0.0.1:1/api/{proxy}";
            rig.lab.world().set_integration_uri(API, PROXY_INTEGRATION, uri).unwrap();
        })
        .await;
        let task = rig.running()[0].clone();
        // Given an application that has only one of them
        rig.lab.world().set_path_status(&task.arn, well, 200).unwrap();
        rig.lab.world().set_path_status(&task.arn, elsewhere, 404).unwrap();
        // When
        let report = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap();
        // Then
        assert_eq!(each(&report, "held", "reason"), ["already_routed"; 2], "{well}: {report}");
    }
}

/// Source: https://github.com/aws/copilot-cli/issues/5339: private dual-stack subnets have no public
/// IPv4 address and an egress-only gateway.
#[tokio::test(start_paused = true)]
async fn an_ipv6_address_is_no_target_unless_people_say_so() {
    let mut example = example();
    let networking = Networking::Fargate(PublicAddress::Ipv6EgressOnly);
    example.service.task_definition.networking = networking;
    let rig = Rig::start(&example);
    let before = "http://backend.example.com/{proxy}";
    rig.lab.world().set_integration_uri(API, PROXY_INTEGRATION, before).unwrap();
    rig.wait(minutes(5)).await;
    // When
    let task = rig.running()[0].clone();
    let error = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap_err();
    // Then nothing is overwritten, and what to do is said.
    assert_eq!(uri(&rig, PROXY_INTEGRATION), before);
    let error = format!("{error:?}");
    assert!(error.contains("assignPublicIp") && error.contains("IPV6_TARGETS=on"), "{error}");
}

/// Source: AWS, "HTTP integrations for REST APIs": ports 80, 443 and 1024 to 65535.
#[tokio::test(start_paused = true)]
async fn a_port_that_a_rest_api_does_not_connect_to_is_no_target() {
    for (variant, taken) in [(Variant::RestIntegrations, false), (Variant::HttpIntegrations, true)]
    {
        let mut example = variant.example();
        example.service.task_definition.networking = Networking::Bridge { host_port: Some(81) };
        let rig = Rig::start(&example);
        rig.lab.world().add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
        rig.wait(minutes(5)).await;
        let [_, proxy] = integrations(&example);
        let led = uri(&rig, proxy) == only_task_uri(&rig, "http");
        assert_eq!(led, taken, "{variant:?}: {}", uri(&rig, proxy));
        if !taken {
            let task = rig.running()[0].clone();
            let error = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap_err();
            assert!(format!("{error:?}").contains("binds port 81"), "{error:?}");
        }
    }
}

/// Source: https://github.com/serverless/serverless/issues/11518
#[tokio::test(start_paused = true)]
async fn beside_a_canary_no_deployment_is_tried_and_people_are_told_once() {
    // Given a stage with a canary
    let example = Variant::RestIntegrations.example();
    let rig = started(&example, |rig| deploy(rig, &example)).await;
    let variables = [].into();
    let canary = Canary { percent: 10, deployment_id: "can1".to_owned(), variables };
    rig.lab.world().set_canary(API, REST_STAGE, Some(canary)).unwrap();
    let told = |rig: &Rig| {
        let world = rig.lab.world();
        world.published().iter().filter(|it| it.message.contains("canary")).count()
    };
    // When it is looked at, before anything is the matter and after the task was replaced
    rig.wait(minutes(11)).await;
    let early = told(&rig);
    let deployments = rig.calls("CreateDeployment").len();
    let task = rig.running()[0].clone();
    rig.lab.world().stop_task(&task.arn, "by hand").unwrap();
    rig.wait(minutes(6)).await;
    let report = health(&rig).await;
    // Then nothing was tried, the service is not blamed, and the integration is right.
    assert_eq!(rig.calls("CreateDeployment").len(), deployments);
    assert_eq!(report["diagnosis"], "route_stale", "{report}");
    assert!(each(&report, "held", "reason").contains(&"stage_has_canary"), "{report}");
    assert_eq!(remedies(&rig), [""; 0]);
    assert_eq!(uri(&rig, REST_PROXY_INTEGRATION), only_task_uri(&rig, "http"));
    assert_eq!((early, told(&rig)), (1, 1), "beforehand, and once");
    // When the canary ends, then the stage shows the task.
    rig.lab.world().set_canary(API, REST_STAGE, None).unwrap();
    rig.wait(minutes(6)).await;
    assert_eq!(rig.lab.world().request(API, "/prod/orders/42"), 200);
}

/// AWS's canary settings (<https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html>)
/// have `stageVariableOverrides`: some of the requests would go on to an address that nobody keeps.
#[tokio::test(start_paused = true)]
async fn a_canary_with_a_value_of_its_own_of_the_route_is_told_once_and_costs_no_task() {
    // Given a stage variable that leads to the tasks
    let variant = Variant::RestStageVariable;
    let networking = Networking::Fargate(PublicAddress::Ipv4);
    let rig = variant.open(variant.example(), networking).await;
    let name = stage_variable(&rig);
    let led = |rig: &Rig| {
        let world = rig.lab.world();
        world.api(API).unwrap().stages[REST_STAGE].variables[&name].clone()
    };
    // When a canary has the address of a task that is long gone
    let variables = [(name.clone(), "192.0.2.1:8000".to_owned())].into();
    let canary = Canary { percent: 10, deployment_id: "can1".to_owned(), variables };
    rig.lab.world().set_canary(API, REST_STAGE, Some(canary)).unwrap();
    rig.wait(minutes(11)).await;
    // Then people know of it, once, and the stage's own value goes on being right.
    let report = health(&rig).await;
    assert!(each(&report, "held", "reason").contains(&"canary_has_own_variable"), "{report}");
    rig.wait(minutes(11)).await;
    let world = rig.lab.world();
    let told = world.published().iter().filter(|it| it.message.contains("canary")).count();
    assert_eq!(told, 1, "{:#?}", world.published());
    drop(world);
    assert_eq!(remedies(&rig), [""; 0]);
    assert!(led(&rig).contains(&rig.running()[0].endpoint().to_string()), "{}", led(&rig));
    // When the canary ends, then nothing is held for it.
    rig.lab.world().set_canary(API, REST_STAGE, None).unwrap();
    let report = health(&rig).await;
    let held = each(&report, "held", "reason");
    assert!(!held.contains(&"canary_has_own_variable"), "{report}");
    assert_eq!(report["diagnosis"], "healthy", "{report}");
}

/// Source: state files in public repositories with `lastDeploymentStatusMessage`: "Deployment attempt
/// failed: Unable to deploy API because no valid routes exist in this API".
#[tokio::test(start_paused = true)]
async fn an_automatic_deployment_that_failed_is_told_and_not_held_against_the_service() {
    // Given a stage that cannot be deployed any more
    let rig = started(&example(), |_| {}).await;
    rig.wait(minutes(20)).await;
    let because = "Unable to deploy API because no valid routes exist in this API";
    rig.lab.world().fail_deployments(API, "$default", Some(because)).unwrap();
    // When the task is replaced, and users get errors until the alarm rings and long after
    rig.start_traffic();
    let task = rig.running()[0].clone();
    rig.lab.world().stop_task(&task.arn, "by hand").unwrap();
    rig.wait(minutes(60)).await;
    // Then people know in AWS's words, once; no task or deployment was touched.
    let report = health(&rig).await;
    assert_eq!(report["diagnosis"], "route_stale", "{report}");
    let text = report.to_string();
    assert!(text.contains("stage_deployment_failed") && text.contains(because), "{text}");
    assert_eq!(remedies(&rig), [""; 0]);
    let told = rig.lab.world().published().iter().filter(|it| it.message.contains(because)).count();
    assert_eq!(told, 1);
}

/// Source: API Gateway's model: `deploymentStatus` is PENDING, FAILED or DEPLOYED.
#[tokio::test(start_paused = true)]
async fn a_deployment_that_was_made_and_failed_is_an_error_in_awss_words() {
    let example = Example { auto_deploy: false, ..example() };
    let rig = started(&example, |_| {}).await;
    rig.wait(minutes(1)).await;
    let because = "no valid routes exist";
    rig.lab.world().fail_deployments(API, "$default", Some(because)).unwrap();
    rig.lab.world().set_integration_uri(API, PROXY_INTEGRATION, "http://127.0.0.1:1/").unwrap();
    let task = rig.running()[0].clone();
    let error = rig.invoke(IP_UPDATER, rig.last_event_of(&task)).await.unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("CreateDeployment") && error.contains(because), "{error}");
}
