//! The real SDK clients of EC2, API Gateway, SNS, CloudWatch and EventBridge against the wire.

use std::time::Duration;

use aws_sdk_apigatewayv2::operation::create_deployment::CreateDeploymentError;
use aws_sdk_apigatewayv2::operation::get_integration::GetIntegrationError;
use aws_sdk_apigatewayv2::operation::get_stages::GetStagesError;
use aws_sdk_apigatewayv2::operation::update_integration::UpdateIntegrationError;
use aws_sdk_apigatewayv2::types::{ConnectionType, IntegrationType};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::Filter;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::operation::publish::PublishError;
use eden_lab::Lab;
use eden_lab::pattern::Pattern;
use eden_lab::spec::{AlarmSpec, RuleSpec, RuleTrigger, Target, Watched};
use serde_json::json;

use crate::support::{
    API, INTEGRATION, MINUTE, api, empty_world, interface_of, running, running_lab,
};

const URI: &str = "http://127.10.0.255:8000/{proxy}";

fn interface(lab: &Lab) -> (String, String) {
    let world = lab.world();
    let task = running(&world)[0];
    (interface_of(task).id.clone(), task.endpoint().ip().to_string())
}

#[tokio::test(start_paused = true)]
async fn ec2_shows_a_network_interface_with_its_public_address() {
    // given a running task
    let lab = running_lab(|_| {});
    let (id, address) = interface(&lab);

    // when its interface is described
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_network_interfaces();
    let output = describe.network_interface_ids(&id).send().await.unwrap();

    // then F24 holds
    let shown = &output.network_interfaces()[0];
    assert_eq!(shown.network_interface_id(), Some(id.as_str()));
    let association = shown.association().unwrap();
    assert_eq!(association.public_ip(), Some(address.as_str()));
    assert_eq!(association.allocation_id(), None);
}

#[tokio::test(start_paused = true)]
async fn one_missing_interface_fails_the_call_but_a_filter_returns_what_exists() {
    // given a running task
    let lab = running_lab(|_| {});
    let (id, _) = interface(&lab);
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_network_interfaces();
    let both = [id.clone(), "eni-<0>&".to_owned()];

    // when its interface and another one are asked for
    let by_id = describe.clone().set_network_interface_ids(Some(both.to_vec())).send().await;
    let filter = Filter::builder().name("network-interface-id").set_values(Some(both.to_vec()));
    let by_filter = describe.filters(filter.build()).send().await;

    // then F24 holds
    let by_id = by_id.unwrap_err();
    assert_eq!(by_id.code(), Some("InvalidNetworkInterfaceID.NotFound"));
    assert_eq!(by_id.message(), Some("The networkInterface ID 'eni-<0>&' does not exist"));
    let shown = by_filter.unwrap();
    assert_eq!(shown.network_interfaces().len(), 1);
    assert_eq!(shown.network_interfaces()[0].network_interface_id(), Some(id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn api_gateway_changes_only_what_is_sent() {
    // given an API with an integration
    let lab = running_lab(|_| {});
    lab.world().create_api(api(URI, true));
    let gateway = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());

    // when its URI is changed
    let uri = "http://127.10.0.7:8000/{proxy}";
    let update = gateway.update_integration().api_id(API).integration_id(INTEGRATION);
    let updated = update.integration_uri(uri).send().await.unwrap();

    // then F3 holds
    assert_eq!(updated.integration_uri(), Some(uri));
    let get = gateway.get_integration().api_id(API).integration_id(INTEGRATION);
    let got = get.send().await.unwrap();
    assert_eq!(got.integration_uri(), Some(uri));
    assert_eq!(got.integration_type(), Some(&IntegrationType::HttpProxy));
    assert_eq!(got.integration_method(), Some("ANY"));
    assert_eq!(got.timeout_in_millis(), Some(30_000));
    let listed = gateway.get_integrations().api_id(API).send().await.unwrap();
    assert_eq!(listed.items()[0].integration_uri(), Some(uri));
    assert_eq!(gateway.get_api().api_id(API).send().await.unwrap().api_id(), Some(API));
}

#[tokio::test(start_paused = true)]
async fn api_gateway_shows_stages_and_deploys_one_without_auto_deploy() {
    // given an API on a stage without autoDeploy
    let lab = running_lab(|_| {});
    lab.world().create_api(api(URI, false));
    let gateway = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());
    let stages = gateway.get_stages().api_id(API).send().await.unwrap();
    let stage = &stages.items()[0];
    assert_eq!((stage.stage_name(), stage.auto_deploy()), (Some("$default"), Some(false)));

    // when it is deployed a minute later
    tokio::time::sleep(MINUTE).await;
    let deploy = gateway.create_deployment().api_id(API).stage_name("$default");
    let deploy = deploy.description("by hand");
    let id = deploy.send().await.unwrap().deployment_id().map(str::to_owned);

    // then it shows that deployment
    let stage = gateway.get_stage().api_id(API).stage_name("$default").send().await.unwrap();
    assert_eq!(stage.deployment_id(), id.as_deref());
    assert_ne!(stage.deployment_id(), stages.items()[0].deployment_id());
    assert!(stage.last_updated_date() > stages.items()[0].last_updated_date());
    let get = gateway.get_deployment().api_id(API).set_deployment_id(id).send().await.unwrap();
    assert_eq!((get.description(), get.auto_deployed()), (Some("by hand"), Some(false)));
    assert_eq!(get.created_date(), stage.last_updated_date());
}

#[tokio::test(start_paused = true)]
async fn api_gateway_shows_a_vpc_link_whose_uri_is_an_arn() {
    // given an integration through a VPC link (F6)
    let lab = running_lab(|_| {});
    let arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1";
    let spec = api(URI, true).vpc_link_integration("link", arn, "vpclink1");
    lab.world().create_api(spec);

    // when it is read
    let gateway = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());
    let get = gateway.get_integration().api_id(API).integration_id("link");
    let integration = get.send().await.unwrap();

    // then it shows what it is, and may lead to another ARN
    let other = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-2";
    let update = gateway.update_integration().api_id(API).integration_id("link");
    let updated = update.integration_uri(other).send().await.unwrap();
    assert_eq!(updated.integration_uri(), Some(other));
    assert_eq!(integration.connection_type(), Some(&ConnectionType::VpcLink));
    assert_eq!(integration.connection_id(), Some("vpclink1"));
    assert_eq!(integration.integration_uri(), Some(arn));
}

#[tokio::test(start_paused = true)]
async fn api_gateway_refuses_what_is_not_there_and_what_is_no_url() {
    // given an API on a stage with autoDeploy
    let lab = running_lab(|_| {});
    lab.world().create_api(api(URI, true));
    let gateway = aws_sdk_apigatewayv2::Client::new(&lab.sdk_config());

    // when wrong things are asked for
    let get = gateway.get_integration().api_id(API).integration_id("none").send().await;
    let stages = gateway.get_stages().api_id("none").send().await;
    let update = gateway.update_integration().api_id(API).integration_id(INTEGRATION);
    let update = update.integration_uri("ftp://127.10.0.7").send().await;
    let deploy = gateway.create_deployment().api_id(API);
    let unknown = deploy.clone().stage_name("none").send().await;
    let needless = deploy.stage_name("$default").send().await;

    // then the SDK knows the errors
    let get = get.unwrap_err().into_service_error();
    assert!(matches!(get, GetIntegrationError::NotFoundException(_)), "{get:?}");
    let stages = stages.unwrap_err().into_service_error();
    assert!(matches!(stages, GetStagesError::NotFoundException(_)), "{stages:?}");
    let update = update.unwrap_err().into_service_error();
    assert!(matches!(update, UpdateIntegrationError::BadRequestException(_)), "{update:?}");
    let unknown = unknown.unwrap_err().into_service_error();
    assert!(matches!(unknown, CreateDeploymentError::NotFoundException(_)), "{unknown:?}");
    let needless = needless.unwrap_err().into_service_error();
    assert!(matches!(needless, CreateDeploymentError::BadRequestException(_)), "{needless:?}");
}

#[tokio::test(start_paused = true)]
async fn sns_keeps_what_is_published() {
    // given a topic
    let lab = running_lab(|_| {});
    let topic = lab.world().add_topic("notifications", Some("ops@example.com"));
    let publish = aws_sdk_sns::Client::new(&lab.sdk_config()).publish();

    // when a message is published
    let body = "🚨 Tâche arrêtée & remplacée <1/1>";
    let publish = publish.topic_arn(&topic).subject("Eden: healed").message(body);
    let output = publish.send().await.unwrap();

    // then it is there as it was sent
    let world = lab.world();
    let message = &world.published()[0];
    assert_eq!(output.message_id(), Some(message.id.as_str()));
    assert_eq!(message.subject.as_deref(), Some("Eden: healed"));
    assert_eq!((message.message.as_str(), &message.topic), (body, &topic));
    assert_eq!(world.topic(&topic).unwrap().subscriptions[0].endpoint, "ops@example.com");
}

#[tokio::test(start_paused = true)]
async fn sns_refuses_a_bad_subject_and_an_unknown_topic() {
    // given a topic
    let lab = running_lab(|_| {});
    let topic = lab.world().add_topic("notifications", None);
    let publish = aws_sdk_sns::Client::new(&lab.sdk_config()).publish().message("text");

    // when subjects are published that break F26
    let long = "a".repeat(100);
    for subject in [long.as_str(), "", " indented", "two\nlines", "🚨 alert"] {
        let error = publish.clone().topic_arn(&topic).subject(subject).send().await;

        // then the SDK knows the error
        let error = error.unwrap_err().into_service_error();
        assert!(matches!(error, PublishError::InvalidParameterException(_)), "{error:?}");
    }
    let longest = publish.clone().topic_arn(&topic).subject("a".repeat(99)).send().await;
    assert!(longest.is_ok());
    let unknown = publish.topic_arn("arn:aws:sns:us-east-1:123456789012:none").send().await;
    let unknown = unknown.unwrap_err().into_service_error();
    assert!(matches!(unknown, PublishError::NotFoundException(_)), "{unknown:?}");
    assert_eq!(lab.world().published().len(), 1);
}

fn alarm(name: &str, period: Duration) -> AlarmSpec {
    AlarmSpec {
        name: name.to_owned(),
        watched: Watched::of_api("5xx", ("ApiId", API)),
        period,
        evaluation_periods: 2,
        threshold: 1.0,
        missing_is_not_breaching: true,
        actions_enabled: true,
        actions: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn cloudwatch_describes_alarms_with_their_state_and_its_time() {
    // given two alarms, of which one has been evaluated to OK
    let lab = running_lab(|_| {});
    lab.world().add_alarm(alarm("health", MINUTE));
    lab.world().add_alarm(alarm("other", 60 * MINUTE));
    let due = lab.clock().now() + MINUTE + lab.world().timing().metric_delay;
    tokio::time::sleep(2 * MINUTE).await;

    // when one is described, and when those without data are
    let describe = aws_sdk_cloudwatch::Client::new(&lab.sdk_config()).describe_alarms();
    let named = describe.clone().alarm_names("health").alarm_names("none").send().await.unwrap();
    let blind = describe.state_value(StateValue::InsufficientData).send().await.unwrap();

    // then each has what it has
    let [health] = named.metric_alarms() else { panic!("{named:?}") };
    assert_eq!(health.state_value(), Some(&StateValue::Ok));
    assert_eq!(health.state_updated_timestamp().unwrap().secs(), due.as_second());
    assert_eq!((health.period(), health.evaluation_periods()), (Some(60), Some(2)));
    assert_eq!(health.threshold(), Some(1.0));
    assert_eq!(health.dimensions()[0].value(), Some(API));
    assert_eq!(blind.metric_alarms()[0].alarm_name(), Some("other"));
    assert_eq!(blind.metric_alarms()[0].state_reason_data(), None);
}

#[tokio::test(start_paused = true)]
async fn events_put_on_the_bus_are_matched_by_rules() {
    // given a rule that sends Eden's actions to a log group
    let lab = running_lab(|_| {});
    let pattern = Pattern::parse(&json!({ "source": ["eden.autoresiliency"] })).unwrap();
    lab.world().add_rule(RuleSpec {
        name: "audit".to_owned(),
        trigger: RuleTrigger::Pattern(pattern),
        targets: vec![Target::LogGroup("/eden/prod/autoresiliency".to_owned())],
    });
    let entry = |source: &str, detail: &str| {
        let entry = PutEventsRequestEntry::builder().source(source).detail_type("Eden Action");
        entry.detail(detail).build()
    };

    // when a good event, one in AWS's name and a malformed one are put
    let output = aws_sdk_eventbridge::Client::new(&lab.sdk_config())
        .put_events()
        .entries(entry("eden.autoresiliency", "{\"action\":\"StopTask\"}"))
        .entries(entry("aws.ecs", "{}"))
        .entries(entry("eden.autoresiliency", "[not json"))
        .send()
        .await
        .unwrap();

    // then only the good one arrives (F16)
    assert_eq!(output.failed_entry_count(), 2);
    let codes: Vec<_> = output.entries().iter().map(|entry| entry.error_code()).collect();
    assert_eq!(codes, [None, Some("NotAuthorizedForSourceException"), Some("MalformedDetail")]);
    let world = lab.world();
    let [line] = world.log_group("/eden/prod/autoresiliency") else { panic!("one line") };
    assert_eq!(line["detail"]["action"], "StopTask");
    assert_eq!(line["account"], "123456789012");
    assert_eq!(line["id"].as_str(), output.entries()[0].event_id());
}

#[test]
fn cloudwatch_answers_in_the_protocol_it_is_asked_in() {
    // given: the Python SDK and the AWS CLI speak AWS JSON with it, the Rust SDK CBOR.
    let mut world = empty_world(1);
    world.add_alarm(alarm("health", MINUTE));
    let request = hyper::Request::post("http://127.0.0.1/")
        .header("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms")
        .body(hyper::body::Bytes::from_static(b"{}"))
        .unwrap();

    // when
    let response = eden_lab::wire::handle(&mut world, &request);

    // then
    let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let alarm = &answer["MetricAlarms"][0];
    assert_eq!(alarm["MetricName"], "5xx");
    assert!(alarm["StateUpdatedTimestamp"].is_number(), "{alarm}");
}
