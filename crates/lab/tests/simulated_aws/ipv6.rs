//! Tasks and container instances whose only address on the internet is an IPv6 one.

use std::net::{IpAddr, SocketAddr};

use eden_lab::world::{Networking, PublicAddress, ServiceSpec};
use eden_lab::{Clock, Lab};

use crate::support::{
    API, CLUSTER, MINUTE, api, interface_of, pass, running, running_lab, world_with,
};

fn ipv6_service(spec: &mut ServiceSpec) {
    spec.task_definition.networking = Networking::Fargate(PublicAddress::Ipv6);
    spec.desired_count = 2;
}

#[tokio::test(start_paused = true)]
async fn ec2_shows_the_ipv6_address_of_an_interface_and_no_public_ipv4_one() {
    // given two tasks with IPv6 addresses
    let lab = running_lab(ipv6_service);
    let tasks = running(&lab.world()).into_iter().cloned().collect::<Vec<_>>();
    assert_ne!(tasks[0].endpoint(), tasks[1].endpoint());

    for task in tasks {
        // when its interface is described
        let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config());
        let describe = ec2.describe_network_interfaces();
        let output = describe.network_interface_ids(&interface_of(&task).id).send().await.unwrap();

        // then it has that address, out of the documentation's range
        let shown = &output.network_interfaces()[0];
        let [address] = shown.ipv6_addresses() else { panic!("{shown:?}") };
        let address: IpAddr = address.ipv6_address().unwrap().parse().unwrap();
        assert_eq!(address, task.endpoint().ip());
        assert!(address.to_string().starts_with("2001:db8::"), "{address}");
        assert!(shown.association().is_none(), "{shown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ecs_shows_the_ipv6_address_at_the_container() {
    // given a task with an IPv6 address
    let lab = running_lab(ipv6_service);
    let task = running(&lab.world())[0].clone();

    // when it is described
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let output = ecs.describe_tasks().cluster(CLUSTER).tasks(&task.arn).send().await.unwrap();

    // then its container has it
    let shown = &output.tasks()[0].containers()[0].network_interfaces()[0];
    assert_eq!(shown.ipv6_address(), Some(task.endpoint().ip().to_string().as_str()));
}

#[tokio::test(start_paused = true)]
async fn gateway_and_connections_reach_an_ipv6_address_in_brackets() {
    // given a task with an IPv6 address
    let lab = running_lab(ipv6_service);
    let endpoint: SocketAddr = running(&lab.world())[0].endpoint();
    assert!(endpoint.to_string().starts_with("[2001:db8::"), "{endpoint}");

    // when an API leads there and somebody connects
    lab.world().create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    let status = lab.world().request(API, "/orders");
    let connected = lab.connect_to(endpoint).await;

    // then both get there
    assert_eq!(status, 200);
    assert!(connected.is_ok(), "{connected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_container_instance_may_have_an_ipv6_address_only() {
    // given a bridge task on such an instance
    let mut world = world_with(|spec| {
        spec.task_definition.networking = Networking::Bridge { host_port: None };
    });
    let arn = world.add_container_instance(CLUSTER, PublicAddress::Ipv6).unwrap();
    pass(&mut world, 10 * MINUTE);
    let id = world.container_instance(&arn).unwrap().ec2_instance_id.clone();
    let endpoint = running(&world)[0].endpoint();
    let clock = Clock::starting_at(world.now());
    let lab = Lab::start(world, clock);

    // when the instance is described
    let describe = aws_sdk_ec2::Client::new(&lab.sdk_config()).describe_instances();
    let output = describe.instance_ids(id).send().await.unwrap();

    // then it has that address, at which the task listens
    let shown = &output.reservations()[0].instances()[0];
    assert_eq!(shown.ipv6_address(), Some(endpoint.ip().to_string().as_str()));
    assert_eq!(shown.public_ip_address(), None);
    assert_eq!(lab.world().listeners()[0].address, endpoint);
}
