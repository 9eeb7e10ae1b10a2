//! Tasks on container instances (F25): where they are placed, how they are reached, what AWS shows.

mod sdk;

use std::collections::BTreeSet;

use eden_lab::World;
use eden_lab::world::{
    AppState, ContainerInstance, Networking, OperatorError, PublicAddress, ServiceSpec, Task,
};
use serde_json::{Value, json};

use crate::support::{
    API, CLUSTER, MINUTE, SERVICE, api, pass, running, tasks, the_task, until, world_with,
};

const BRIDGE: Networking = Networking::Bridge { host_port: None };

/// A world ten minutes old, with these instances and a service of so many tasks of this kind.
fn ec2_world(networking: Networking, instances: &[PublicAddress], tasks: u32) -> World {
    let mut world = world_with(|spec: &mut ServiceSpec| {
        spec.task_definition.networking = networking;
        spec.desired_count = tasks;
    });
    for public in instances {
        world.add_container_instance(CLUSTER, *public).unwrap();
    }
    pass(&mut world, 10 * MINUTE);
    world
}

fn instance_of<'a>(world: &'a World, task: &Task) -> &'a ContainerInstance {
    world.container_instance(task.container_instance_arn.as_deref().unwrap()).unwrap()
}

/// The details of all events of a task, in order.
fn told<'a>(world: &'a World, arn: &str) -> Vec<&'a Value> {
    let details = world.events().iter().map(|event| &event["detail"]);
    details.filter(|detail| detail["taskArn"] == arn).collect()
}

fn complains(world: &World) -> bool {
    let messages = &world.service(CLUSTER, SERVICE).unwrap().messages;
    messages.iter().any(|message| message.text.contains("no container instance met all"))
}

#[test]
fn bridge_tasks_share_an_instance_at_ephemeral_ports_of_its_address() {
    // given 50 bridge tasks and one instance
    let world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 50);

    // when all run, then each listens at the instance's address and a port of its own
    let tasks = running(&world);
    let instance = instance_of(&world, tasks[0]);
    assert_eq!(tasks.len(), 50);
    assert_eq!(world.tasks_on(&instance.arn).count(), 50);
    assert!(tasks.iter().all(|task| Some(task.endpoint().ip()) == instance.address));
    let ports: BTreeSet<u16> = tasks.iter().map(|task| task.endpoint().port()).collect();
    assert_eq!(ports.len(), 50);
    assert!(ports.iter().all(|port| (32_768..=60_999).contains(port)), "{ports:?}");
    let listening: BTreeSet<u16> = world.listeners().iter().map(|it| it.address.port()).collect();
    assert_eq!(listening, ports);
}

#[test]
fn ports_come_from_the_seed() {
    let ports = || -> Vec<u16> {
        let world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 3);
        running(&world).iter().map(|task| task.endpoint().port()).collect()
    };
    assert_eq!(ports(), ports());
}

#[test]
fn tasks_are_spread_over_the_instances_of_their_cluster() {
    // given three instances of the cluster and one of another
    let mut world = ec2_world(BRIDGE, &[PublicAddress::Ipv4; 3], 0);
    let foreign = world.add_container_instance("other", PublicAddress::Ipv4).unwrap();

    // when six tasks are started
    world.set_desired_count(CLUSTER, SERVICE, 6).unwrap();
    pass(&mut world, 10 * MINUTE);

    // then each instance has two, and the foreign one none
    for task in running(&world) {
        assert_eq!(world.tasks_on(task.container_instance_arn.as_deref().unwrap()).count(), 2);
    }
    assert_eq!(world.tasks_on(&foreign).count(), 0);
}

#[test]
fn the_gateway_reaches_a_task_at_its_port_of_the_instance() {
    // given two bridge tasks on an instance, of which one fails
    let mut world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 2);
    let [good, bad] = [running(&world)[0].clone(), running(&world)[1].clone()];
    world.set_app(&bad.arn, AppState::Failing(500)).unwrap();

    // when an API leads to each, then each answers
    for (task, status) in [(&good, 200), (&bad, 500)] {
        world.create_api(api(&format!("http://{}/{{proxy}}", task.endpoint()), true));
        assert_eq!(world.request(API, "/orders"), status);
    }

    // when it leads to the container's port, then nobody does
    let address = good.endpoint().ip();
    world.create_api(api(&format!("http://{address}:8000/{{proxy}}"), true));
    assert_eq!(world.request(API, "/orders"), 503);
}

#[test]
fn a_fixed_port_is_taken_once_on_each_instance_and_free_again_after_its_task() {
    // given two tasks that want the same port, and one instance
    let fixed = Networking::Bridge { host_port: Some(8080) };
    let mut world = ec2_world(fixed, &[PublicAddress::Ipv4], 2);
    assert_eq!((running(&world).len(), complains(&world)), (1, true));

    // when there is another instance
    world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    pass(&mut world, 10 * MINUTE);

    // then both run there, at the same port
    let endpoints: BTreeSet<_> = running(&world).iter().map(|task| task.endpoint()).collect();
    assert_eq!(endpoints.len(), 2);
    assert!(endpoints.iter().all(|endpoint| endpoint.port() == 8080));

    // when one stops, then its successor has its port
    let arn = running(&world)[0].arn.clone();
    world.stop_task(&arn, "test").unwrap();
    pass(&mut world, 10 * MINUTE);
    let after: BTreeSet<_> = running(&world).iter().map(|task| task.endpoint()).collect();
    assert_eq!(after, endpoints);
}

#[test]
fn a_host_task_has_the_containers_port_and_no_bindings() {
    // given a host task
    let world = ec2_world(Networking::Host, &[PublicAddress::Ipv4], 1);

    // when it runs
    let task = running(&world)[0];

    // then it listens on the instance, and nothing tells of its port
    assert_eq!(Some(task.endpoint().ip()), instance_of(&world, task).address);
    assert_eq!(task.endpoint().port(), 8000);
    let detail = told(&world, &task.arn).into_iter().next_back().unwrap();
    assert_eq!(detail["containers"][0]["networkBindings"], json!([]));
    assert_eq!(world.listeners()[0].address, task.endpoint());
}

#[test]
fn a_task_without_an_interface_skips_the_steps_that_an_interface_takes() {
    // given a bridge task that ran and was stopped
    let mut world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 1);
    let arn = the_task(&world);
    world.stop_task(&arn, "test").unwrap();
    pass(&mut world, 5 * MINUTE);

    // when its events are read
    let told = told(&world, &arn);
    let steps: Vec<&str> =
        told.iter().map(|detail| detail["lastStatus"].as_str().unwrap()).collect();

    // then there is neither PROVISIONING nor DEPROVISIONING
    let starting = ["PENDING", "PENDING", "ACTIVATING", "RUNNING"];
    let stopping = ["RUNNING", "DEACTIVATING", "STOPPING", "STOPPING", "STOPPED"];
    assert_eq!(steps, [&starting[..], &stopping[..]].concat());
    assert!(told[0]["pullStartedAt"].is_string());
    let successor = the_task(&world);
    assert_ne!(successor, arn);
}

#[test]
fn a_bridge_task_that_is_stopped_before_it_runs_has_no_exit_code() {
    // given a bridge task that is still PENDING
    let mut world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 0);
    world.set_desired_count(CLUSTER, SERVICE, 1).unwrap();
    until(&mut world, |world| !tasks(world).is_empty());
    let arn = tasks(&world)[0].arn.clone();

    // when it is stopped
    world.stop_task(&arn, "test").unwrap();
    pass(&mut world, 5 * MINUTE);

    // then it never ran
    let detail = told(&world, &arn).into_iter().next_back().unwrap();
    assert_eq!((&detail["lastStatus"], detail.get("startedAt")), (&json!("STOPPED"), None));
    assert_eq!(detail["containers"][0]["lastStatus"], "STOPPED");
    assert_eq!(detail["containers"][0].get("exitCode"), None);
}

#[test]
fn an_event_of_a_bridge_task_shows_instance_and_bindings_and_no_interface() {
    // given a bridge task
    let world = ec2_world(BRIDGE, &[PublicAddress::Ipv4], 1);
    let task = running(&world)[0];

    // when its first and last event are read
    let told = told(&world, &task.arn);
    let (first, last) = (told[0], told.last().unwrap());

    // then they show what there is by then
    for detail in [first, last] {
        assert_eq!(detail["launchType"], "EC2");
        assert_eq!(detail["attachments"], json!([]));
        assert_eq!(detail["containers"][0]["networkInterfaces"], json!([]));
        assert_eq!(detail["containerInstanceArn"].as_str(), task.container_instance_arn.as_deref());
        for of_fargate in ["capacityProviderName", "platformVersion", "ephemeralStorage"] {
            assert_eq!(detail.get(of_fargate), None);
        }
    }
    assert_eq!(first["containers"][0]["networkBindings"], json!([]));
    let binding = json!({
        "bindIP": "0.0.0.0",
        "containerPort": 8000,
        "hostPort": task.endpoint().port(),
        "protocol": "tcp",
    });
    assert_eq!(last["containers"][0]["networkBindings"], json!([binding]));
}

#[test]
fn an_instance_without_a_free_address_is_refused() {
    // given a network in which every address is taken
    let mut world = ec2_world(BRIDGE, &[PublicAddress::Ipv4; 254], 0);

    // when there is to be another instance
    let refused = world.add_container_instance(CLUSTER, PublicAddress::None);

    // then it says why not
    assert_eq!(refused, Err(OperatorError::NoFreeAddress));
}
