//! The real SDK clients of ECS and EC2, where tasks run on container instances.

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{Filter, Reservation};
use aws_sdk_ecs::operation::describe_container_instances::DescribeContainerInstancesError;
use aws_sdk_ecs::types::{LaunchType, TransportProtocol};
use eden_lab::world::{Fault, FaultKind, Networking, PublicAddress};
use eden_lab::{Clock, Lab};

use super::{BRIDGE, ec2_world, instance_of};
use crate::support::{API, CLUSTER, SERVICE, api, interface_of, running};

fn ec2_lab(networking: Networking, instances: &[PublicAddress], tasks: u32) -> Lab {
    let world = ec2_world(networking, instances, tasks);
    let clock = Clock::starting_at(world.now());
    Lab::start(world, clock)
}

#[tokio::test(start_paused = true)]
async fn from_a_bridge_task_its_address_is_found_through_its_instance() {
    // given a bridge task
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4], 1);
    let task = running(&lab.world())[0].clone();
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config());

    // when the way of F25 is gone
    let described = ecs.describe_tasks().cluster(CLUSTER).tasks(&task.arn).send().await.unwrap();
    let shown = &described.tasks()[0];
    let arn = shown.container_instance_arn().unwrap();
    let describe = ecs.describe_container_instances().cluster(CLUSTER);
    let instances = describe.container_instances(arn).send().await.unwrap();
    let instance = &instances.container_instances()[0];
    let describe = ec2.describe_instances().instance_ids(instance.ec2_instance_id().unwrap());
    let reservations = describe.send().await.unwrap();

    // then it leads to where the task listens
    let binding = &shown.containers()[0].network_bindings()[0];
    assert_eq!((binding.container_port(), binding.bind_ip()), (Some(8000), Some("0.0.0.0")));
    assert_eq!(binding.protocol(), Some(&TransportProtocol::Tcp));
    let found = &reservations.reservations()[0].instances()[0];
    let address = found.public_ip_address().unwrap();
    let port = binding.host_port().unwrap();
    assert_eq!(format!("{address}:{port}"), task.endpoint().to_string());

    // and the rest says that it runs on EC2
    assert_eq!(shown.launch_type(), Some(&LaunchType::Ec2));
    assert_eq!((shown.attachments().len(), shown.platform_version()), (0, None));
    assert_eq!((instance.status(), instance.agent_connected()), (Some("ACTIVE"), true));
    assert_eq!((instance.running_tasks_count(), instance.pending_tasks_count()), (1, 0));
    assert_eq!(found.ipv6_address(), None);
    assert!(found.private_ip_address().unwrap().starts_with("10.0."));
    let described = ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await;
    let described = described.unwrap();
    let service = &described.services()[0];
    assert_eq!((service.launch_type(), service.platform_version()), (Some(&LaunchType::Ec2), None));
    assert_eq!(service.deployments()[0].launch_type(), Some(&LaunchType::Ec2));
}

#[tokio::test(start_paused = true)]
async fn an_awsvpc_task_on_ec2_has_an_interface_without_a_public_address() {
    // given an awsvpc task on an instance that has a public address
    let lab = ec2_lab(Networking::Awsvpc, &[PublicAddress::Ipv4], 1);
    let task = running(&lab.world())[0].clone();
    let id = interface_of(&task).id.clone();

    // when its interface is described
    let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config());
    let describe = ec2.describe_network_interfaces().network_interface_ids(&id);
    let output = describe.send().await.unwrap();

    // then only the VPC reaches it
    let shown = &output.network_interfaces()[0];
    let endpoint = task.endpoint();
    assert_eq!(shown.private_ip_address(), Some(endpoint.ip().to_string().as_str()));
    assert!(shown.association().is_none() && shown.ipv6_addresses().is_empty(), "{shown:?}");
    let mut world = lab.world();
    assert!(task.container_instance_arn.is_some() && !task.is_public());
    assert!(world.task(&task.arn).unwrap().listening && world.listeners().is_empty());
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    assert_eq!(world.request(API, "/orders"), 503);
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_a_public_address_shows_none_and_its_tasks_have_none() {
    // given a bridge task on such an instance
    let lab = ec2_lab(BRIDGE, &[PublicAddress::None], 1);
    let (task, id) = {
        let world = lab.world();
        let task = running(&world)[0].clone();
        let id = instance_of(&world, &task).ec2_instance_id.clone();
        (task, id)
    };

    // when the instance is described
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_instances();
    let output = describe.instance_ids(id).send().await.unwrap();

    // then it has only its private address, at which the task listens
    let shown = &output.reservations()[0].instances()[0];
    assert_eq!((shown.public_ip_address(), shown.ipv6_address()), (None, None));
    assert_eq!(shown.private_ip_address(), Some(task.endpoint().ip().to_string().as_str()));
    assert!(lab.world().listeners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_instances_interface_is_found_by_the_instance() {
    // given two instances, and one that is not there
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4, PublicAddress::None], 2);
    let (mut ids, addresses): (Vec<String>, Vec<_>) = {
        let world = lab.world();
        let tasks = running(&world);
        let instances = tasks.iter().map(|task| instance_of(&world, task));
        instances.map(|it| (it.ec2_instance_id.clone(), it.address)).unzip()
    };
    ids.push("i-0".to_owned());
    let filter = |name: &str, values: &[String]| {
        Filter::builder().name(name).set_values(Some(values.to_vec())).build()
    };
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_network_interfaces();
    let of_these = describe.filters(filter("attachment.instance-id", &ids));

    // when their first interfaces are asked for, or their second ones
    let device = |index: &str| filter("attachment.device-index", &[index.to_owned()]);
    let first = of_these.clone().filters(device("0")).send().await.unwrap();
    let second = of_these.clone().filters(device("1")).send().await.unwrap();
    let other = of_these.filters(filter("vpc-id", &["vpc-1".to_owned()])).send().await;

    // then there is one of each instance, with the instance's address
    let found = first.network_interfaces().iter().map(|it| {
        let address = it.association().and_then(|it| it.public_ip()).map(str::to_owned);
        let attachment = it.attachment().unwrap();
        assert_eq!(attachment.device_index(), Some(0));
        (attachment.instance_id().unwrap().to_owned(), address)
    });
    let addresses = addresses.into_iter().map(|it| it.map(|address| address.to_string()));
    assert_eq!(
        found.collect::<Vec<_>>(),
        ids[..2].iter().cloned().zip(addresses).collect::<Vec<_>>()
    );
    assert!(second.network_interfaces().is_empty());
    assert_eq!(other.unwrap_err().code(), Some("InvalidParameterValue"));
}

#[tokio::test(start_paused = true)]
async fn describe_container_instances_takes_ids_and_reports_what_is_missing() {
    // given an instance
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4], 1);
    let arn = running(&lab.world())[0].container_instance_arn.clone().unwrap();
    let id = arn.rsplit('/').next().unwrap();
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let describe = ecs.describe_container_instances();

    // when it and an unknown one are described, or too many, none, or those of no cluster
    let own = describe.clone().cluster(CLUSTER);
    let output = own.clone().container_instances(id).container_instances("none").send().await;
    let names = (0..101).map(|number| format!("instance-{number}")).collect();
    let many = own.clone().set_container_instances(Some(names)).send().await;
    let none = own.set_container_instances(Some(Vec::new())).send().await;
    let cluster = describe.cluster("other").container_instances(id).send().await;

    // then F17 holds, and the SDK knows the errors
    let output = output.unwrap();
    assert_eq!(output.container_instances()[0].container_instance_arn(), Some(arn.as_str()));
    let failure = &output.failures()[0];
    assert_eq!(failure.reason(), Some("MISSING"));
    assert!(failure.arn().unwrap().ends_with("container-instance/prod-eden-cluster/none"));
    for refused in [many, none] {
        let error = refused.unwrap_err().into_service_error();
        let expected =
            matches!(error, DescribeContainerInstancesError::InvalidParameterException(_));
        assert!(expected, "{error:?}");
    }
    let error = cluster.unwrap_err().into_service_error();
    let expected = matches!(error, DescribeContainerInstancesError::ClusterNotFoundException(_));
    assert!(expected, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn describe_container_instances_may_answer_in_part() {
    // given an instance, and an ECS that fails for one of those asked for
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4], 1);
    let arn = running(&lab.world())[0].container_instance_arn.clone().unwrap();
    let (operation, kind) = ("DescribeContainerInstances", FaultKind::Partial(1));
    lab.world().inject(Fault { operation, kind, times: Some(1) });

    // when it is described
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config()).describe_container_instances();
    let output = ecs.cluster(CLUSTER).container_instances(&arn).send().await.unwrap();

    // then it is a failure (F17)
    assert!(output.container_instances().is_empty());
    assert_eq!(output.failures()[0].arn(), Some(arn.as_str()));
}

#[tokio::test(start_paused = true)]
async fn one_missing_instance_fails_the_call_but_a_filter_returns_what_exists() {
    // given two instances
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4; 2], 2);
    let mut ids: Vec<String> = {
        let world = lab.world();
        let tasks = running(&world);
        tasks.iter().map(|task| instance_of(&world, task).ec2_instance_id.clone()).collect()
    };
    ids.push("i-0".to_owned());
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_instances();

    // when they and another one are asked for
    let by_id = describe.clone().set_instance_ids(Some(ids.clone())).send().await;
    let filter = Filter::builder().name("instance-id").set_values(Some(ids.clone())).build();
    let by_filter = describe.clone().filters(filter).send().await;
    let other = Filter::builder().name("vpc-id").values("vpc-1").build();
    let by_other = describe.filters(other).send().await;

    // then F24 holds for instances as well
    let by_id = by_id.unwrap_err();
    assert_eq!(by_id.code(), Some("InvalidInstanceID.NotFound"));
    assert_eq!(by_id.message(), Some("The instance ID 'i-0' does not exist"));
    let shown = by_filter.unwrap();
    let instances = shown.reservations().iter().flat_map(Reservation::instances);
    let found: Vec<&str> = instances.filter_map(|it| it.instance_id()).collect();
    assert_eq!(found, ids[..2]);
    assert_eq!(by_other.unwrap_err().code(), Some("InvalidParameterValue"));
}

#[tokio::test(start_paused = true)]
async fn both_calls_need_their_permissions() {
    // given an instance
    let lab = ec2_lab(BRIDGE, &[PublicAddress::Ipv4], 1);
    let instance = {
        let world = lab.world();
        instance_of(&world, running(&world)[0]).clone()
    };

    // when it is described on either side
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config()).describe_container_instances();
    ecs.cluster(CLUSTER).container_instances(&instance.arn).send().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_instances();
    ec2.instance_ids(&instance.ec2_instance_id).send().await.unwrap();

    // then ECS asks for the instance in the cluster, and EC2 for everything
    let world = lab.world();
    let [first, second] = world.calls() else { panic!("{:?}", world.calls()) };
    let [need] = first.needs.as_slice() else { panic!("{first:?}") };
    assert_eq!(need.action, "ecs:DescribeContainerInstances");
    assert_eq!(need.resource, instance.arn);
    let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/prod-eden-cluster";
    assert_eq!(need.condition_keys["ecs:cluster"], cluster);
    let [need] = second.needs.as_slice() else { panic!("{second:?}") };
    assert_eq!((need.action.as_str(), need.resource.as_str()), ("ec2:DescribeInstances", "*"));
    assert!(!first.mutating && !second.mutating);
    assert!(second.resource.contains(&instance.ec2_instance_id));
}
