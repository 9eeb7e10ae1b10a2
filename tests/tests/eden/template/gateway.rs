//! What depends on the kind of the API and on where the route is written: settings and alarm.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use eden_core::config::{ApiType, Gateway, IpUpdaterConfig, Probe, Via};
use eden_lab::example::{ALARM, API, Example, IP_UPDATER};
use eden_lab::spec::Watched;
use eden_policy::{Maintenance, Routing};
use eden_tests::rig::example;

const URL: &str = "https://api.example.com/prod";

fn example_of(parameters: &[(&str, &str)]) -> Example {
    parameters.iter().fold(example(), |example, (name, value)| example.parameter(name, value))
}

/// What ip-updater reads when the stack has these parameters.
fn gateway(parameters: &[(&str, &str)]) -> Gateway {
    let stack = example_of(parameters).stack(URL).unwrap();
    let environment = &stack.function(IP_UPDATER).unwrap().environment;
    IpUpdaterConfig::read(|name| environment.get(name).cloned()).unwrap().gateway
}

#[test]
fn every_setting_of_the_route_reaches_the_functions() {
    let gateway = gateway(&[
        ("ApiType", "REST"),
        ("APIGatewayName", "shop-api"),
        ("APIGatewayIntegrationId", "res1:ANY,res2:GET"),
        ("APIGatewayStage", "prod,test"),
        ("BackendPort", "9000"),
        ("ReadinessProbe", "off"),
        ("HealthCheckPath", "/health"),
        ("HealthCheckHost", "api.example.com"),
        ("IPv6Targets", "on"),
        ("HealthCheckStatus", "200-204"),
        ("HealthCheckTimeoutSeconds", "3"),
        ("HealthCheckAttempts", "4"),
        ("ReadyWithinSeconds", "5"),
        ("MaintenanceUrl", "https://status.example.com/sorry"),
        ("MaintenanceAfterSeconds", "7"),
        ("Parking", "off"),
    ]);
    let status: RangeInclusive<u16> = 200..=204;
    let expected = Gateway {
        api_type: ApiType::Rest,
        api_id: API.to_owned(),
        via: Via::Integrations(["res1:ANY", "res2:GET"].map(str::to_owned).into()),
        stages: ["prod", "test"].map(str::to_owned).into(),
        backend_port: 9000,
        ipv6_targets: true,
        routing: Routing {
            probing: false,
            maintenance: Some(Maintenance {
                url: "https://status.example.com/sorry".to_owned(),
                after: Duration::from_secs(7),
            }),
            parking: false,
        },
        probe: Probe {
            path: Some("/health".to_owned()),
            host: Some("api.example.com".to_owned()),
            status,
            timeout: Duration::from_secs(3),
            attempts: 4,
        },
        ready_within: Duration::from_secs(5),
    };
    assert_eq!(gateway, expected);
}

#[test]
fn the_templates_defaults_are_the_functions_own() {
    let minimal = [
        ("ECS_CLUSTER", "c"),
        ("ECS_SERVICE", "s"),
        ("API_GATEWAY_ID", API),
        ("INTEGRATION_ID", "int1234,int5678"),
        ("API_GATEWAY_URL", URL),
    ];
    let minimal = BTreeMap::from(minimal);
    let own = IpUpdaterConfig::read(|name| minimal.get(name).map(ToString::to_string)).unwrap();
    assert_eq!(gateway(&[]), own.gateway);
}

#[test]
fn a_stage_variable_reaches_the_functions_with_its_stage() {
    let gateway = gateway(&[
        ("RouteVia", "stage-variable:backend"),
        ("APIGatewayStage", "$default"),
        ("APIGatewayIntegrationId", ""),
    ]);
    let via = Via::StageVariable { stage: "$default".to_owned(), name: "backend".to_owned() };
    assert_eq!(gateway.via, via);
}

#[test]
fn the_alarm_watches_the_metric_that_the_kind_of_api_publishes() {
    // F1, F2
    let rest = [("ApiType", "REST"), ("APIGatewayStage", "prod"), ("APIGatewayName", "shop-api")];
    for (parameters, metric, dimension) in [
        (&[][..], "5xx", ("ApiId", API)),
        // The name alone makes no REST API
        (&rest[2..], "5xx", ("ApiId", API)),
        (&rest, "5XXError", ("ApiName", "shop-api")),
    ] {
        let stack = example_of(parameters).stack(URL).unwrap();
        let alarm = stack.alarms.iter().find(|alarm| alarm.name == ALARM).unwrap();
        assert_eq!(alarm.watched, Watched::of_api(metric, dimension));
        assert_eq!((alarm.period.as_secs(), alarm.evaluation_periods), (60, 2));
        assert!(alarm.threshold <= 1.0 && alarm.missing_is_not_breaching);
    }
}
