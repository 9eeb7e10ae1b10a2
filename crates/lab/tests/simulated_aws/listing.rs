//! What there is in an account, listed through the real SDK clients.

use aws_sdk_ec2::error::ProvideErrorMetadata;
use eden_lab::Lab;
use eden_lab::world::{ApiSpec, ServiceSpec};

use crate::support::{API, CLUSTER, SERVICE, api, interface_of, running, running_lab};

/// An account with a second cluster of a dozen services, and an API of each kind.
fn lab() -> Lab {
    let lab = running_lab(|_| {});
    {
        let mut world = lab.world();
        for number in 0..12 {
            world.create_service(ServiceSpec::new("other", &format!("service-{number:02}")));
        }
        world.delete_service("other", "service-11").unwrap();
        world
            .create_api(api("http://127.10.0.255:8000/{proxy}", true).route("$default", "int1234"));
        world.create_api(
            ApiSpec::rest("r1", "shop")
                .resource("all", "/{proxy+}")
                .integration("all:ANY", "http://127.10.0.255:8000/{proxy}")
                .mock_integration("all:OPTIONS")
                .private(),
        );
    }
    lab
}

#[tokio::test(start_paused = true)]
async fn clusters_and_services_are_listed_by_pages_without_what_was_deleted() {
    // given
    let lab = lab();
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());

    // when
    let clusters = ecs.list_clusters().send().await.unwrap();
    let services = |cluster: &str| {
        let pages = ecs.list_services().cluster(cluster).into_paginator().send();
        pages.collect::<Result<Vec<_>, _>>()
    };
    let (first, other) = (services(CLUSTER).await.unwrap(), services("other").await.unwrap());

    // then
    assert_eq!(clusters.cluster_arns().len(), 2);
    assert!(first[0].service_arns()[0].ends_with(&format!("{CLUSTER}/{SERVICE}")));
    let counts: Vec<usize> = other.iter().map(|page| page.service_arns().len()).collect();
    assert_eq!(counts, [10, 1]);
    let unknown = ecs.list_services().cluster("none").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_cluster_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn apis_are_listed_by_kind_with_what_leads_to_their_integrations() {
    // given
    let lab = lab();
    let (http, rest) = (
        aws_sdk_apigatewayv2::Client::new(&lab.sdk_config()),
        aws_sdk_apigateway::Client::new(&lab.sdk_config()),
    );

    // when, then
    let apis = http.get_apis().send().await.unwrap();
    let ids: Vec<_> = apis.items().iter().map(|it| it.api_id().unwrap()).collect();
    assert_eq!(ids, [API]);
    let routes = http.get_routes().api_id(API).send().await.unwrap();
    let routes: Vec<_> =
        routes.items().iter().map(|it| (it.route_key().unwrap(), it.target().unwrap())).collect();
    let target = "integrations/int1234";
    assert_eq!(routes, [("ANY /{proxy+}", target), ("$default", target)]);

    // when, then
    let apis = rest.get_rest_apis().send().await.unwrap();
    let [shop] = apis.items() else { panic!("{apis:?}") };
    let types = shop.endpoint_configuration().unwrap().types();
    assert_eq!((shop.name(), types[0].as_str()), (Some("shop"), "PRIVATE"));
    let resources = rest.get_resources().rest_api_id("r1").embed("methods").send().await.unwrap();
    let [all] = resources.items() else { panic!("{resources:?}") };
    let methods = all.resource_methods().unwrap();
    let kind = |method: &str| methods[method].method_integration().unwrap().r#type().unwrap();
    assert_eq!(all.path(), Some("/{proxy+}"));
    assert_eq!([kind("ANY").as_str(), kind("OPTIONS").as_str()], ["HTTP_PROXY", "MOCK"]);
}

#[tokio::test(start_paused = true)]
async fn every_interface_is_in_the_security_group_that_tells_which_ports_are_open() {
    // given
    let lab = lab();
    let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config());
    let interface = interface_of(running(&lab.world())[0]).id.clone();

    // when
    let described = ec2.describe_network_interfaces().network_interface_ids(interface);
    let described = described.send().await.unwrap();
    let group = described.network_interfaces()[0].groups()[0].group_id().unwrap().to_owned();
    lab.world().set_open_ports(vec![80..=81]);
    let groups = ec2.describe_security_groups().group_ids(&group).send().await.unwrap();

    // then
    let [permission] = groups.security_groups()[0].ip_permissions() else { panic!("{groups:?}") };
    assert_eq!((permission.from_port(), permission.to_port()), (Some(80), Some(81)));
    assert_eq!(permission.ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));
    let unknown = ec2.describe_security_groups().group_ids("sg-1").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("InvalidGroup.NotFound"));
}
