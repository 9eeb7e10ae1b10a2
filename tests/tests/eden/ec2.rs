//! Tasks on EC2 instances (F25): bridge, host and awsvpc networking. Of a task in host mode ECS may show no
//! bindings (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkBinding.html>).

use eden_lab::example::{
    API, CLUSTER, Example, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, SERVICE,
};
use eden_lab::world::{Binding, Networking, PublicAddress, Task};
use eden_tests::rig::{Rig, each, example, is_steady, minutes, seconds};
use serde_json::json;

const BRIDGE: Networking = Networking::Bridge { host_port: None };
const FIXED: Networking = Networking::Bridge { host_port: Some(8080) };
/// A port that no mapping leads to.
const UNMAPPED: Networking = Networking::Bridge { host_port: Some(8000) };

fn on_ec2(networking: Networking, desired: u32) -> Example {
    let mut example = example();
    example.service.task_definition.networking = networking;
    example.service.desired_count = desired;
    example
}

/// The account with so many instances, which have a public address or none.
fn start(example: &Example, instances: u32, public: PublicAddress) -> Rig {
    let rig = Rig::start(example);
    for _ in 0..instances {
        rig.lab.world().add_container_instance(CLUSTER, public).unwrap();
    }
    rig
}

async fn steady(example: &Example, instances: u32) -> Rig {
    let rig = start(example, instances, PublicAddress::Ipv4);
    assert!(rig.lab.until(minutes(5), is_steady).await);
    rig.wait(minutes(2)).await;
    rig
}

fn uri(rig: &Rig) -> String {
    rig.lab.world().api(API).unwrap().integrations[PROXY_INTEGRATION].uri.clone()
}

fn leads_to(task: &Task) -> String {
    format!("http://{}/{{proxy}}", task.endpoint())
}

async fn crash(rig: &Rig, task: &Task) {
    rig.lab.world().crash_task(&task.arn, 137).unwrap();
    rig.wait(seconds(1)).await;
    assert!(rig.lab.until(minutes(5), is_steady).await);
    rig.wait(minutes(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_with_bridge_networking_is_led_to_at_its_hosts_port() {
    // Given
    let rig = steady(&on_ec2(BRIDGE, 1), 1).await;
    let first = rig.serving().unwrap();
    assert!(first.endpoint().port() >= 32_768);
    assert_eq!(uri(&rig), leads_to(&first));
    // When
    crash(&rig, &first).await;
    // Then: the same host, another port.
    let second = rig.serving().unwrap();
    assert_eq!(second.endpoint().ip(), first.endpoint().ip());
    assert_ne!(second.endpoint().port(), first.endpoint().port());
    assert_eq!(uri(&rig), leads_to(&second));
}

/// <https://github.com/aws/amazon-ecs-agent/issues/2870>: the binding of the other address family leads
/// to another port, at times another container's; <https://github.com/aws/amazon-ecs-agent/pull/3479>:
/// a range of ports is one binding.
#[tokio::test(start_paused = true)]
async fn of_many_bindings_the_one_of_the_port_protocol_and_address_family_counts() {
    let own = Binding::of(8000);
    let other = |bind_ip, protocol| Binding {
        bind_ip,
        protocol,
        host_port: Some(49_154),
        ..Binding::of(8000)
    };
    for bindings in [
        vec![other("::", "tcp"), own.clone()],
        vec![other("0.0.0.0", "udp"), own.clone()],
        vec![Binding { container_ports: (7_990, 8_009), ..own }],
    ] {
        // Given
        let mut example = on_ec2(BRIDGE, 1);
        example.service.task_definition.bindings = Some(bindings.clone());
        // When
        let rig = steady(&example, 1).await;
        // Then
        assert_eq!(uri(&rig), leads_to(&rig.running()[0]), "{bindings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_tasks_on_one_host_the_route_leads_to_one_that_runs() {
    // Given
    let mut example = on_ec2(BRIDGE, 3);
    example.service.task_definition.stop = seconds(10);
    let rig = steady(&example, 1).await;
    let (target, since) = (rig.serving().unwrap(), rig.start_traffic());
    // When
    rig.lab.world().stop_task(&target.arn, "a drill").unwrap();
    rig.wait(minutes(3)).await;
    // Then
    assert_eq!(rig.failures(since), []);
    let next = rig.serving().unwrap();
    assert_eq!(next.endpoint().ip(), target.endpoint().ip());
    assert_eq!(uri(&rig), leads_to(&next));
}

#[tokio::test(start_paused = true)]
async fn a_successor_at_the_very_same_address_and_port_needs_no_write() {
    // Given: one instance, whose port is free again once the first task has stopped.
    for networking in [Networking::Host, FIXED] {
        let rig = steady(&on_ec2(networking, 1), 1).await;
        let (first, writes) = (rig.serving().unwrap(), rig.writes());
        // When
        crash(&rig, &first).await;
        // Then
        let second = rig.serving().unwrap();
        assert_ne!(second.arn, first.arn);
        assert_eq!(second.endpoint(), first.endpoint());
        assert_eq!(rig.writes(), writes, "{networking:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_over_two_hosts_loses_no_request() {
    for networking in [Networking::Host, FIXED, BRIDGE] {
        // Given
        let mut example = on_ec2(networking, 1);
        example.service.task_definition.start_up = seconds(20);
        example.service.task_definition.stop = seconds(10);
        let rig = steady(&example, 2).await;
        let (old, since) = (rig.serving().unwrap(), rig.start_traffic());
        // When
        rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
        rig.wait(minutes(4)).await;
        // Then
        assert_eq!(rig.failures(since), [], "{networking:?}");
        let new = rig.serving().unwrap();
        assert_ne!(new.endpoint(), old.endpoint());
        assert_eq!(uri(&rig), leads_to(&new));
        let told = rig.lab.world().task(&old.arn).unwrap().milestones.stopping.unwrap();
        assert!(rig.route_writes(since).into_iter().all(|at| at < told), "{networking:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_reached_from_the_internet_is_an_error_that_says_what_is_missing() {
    for (networking, public, port, missing) in [
        (Networking::Awsvpc, PublicAddress::Ipv4, 8000, "awsvpc"),
        (BRIDGE, PublicAddress::None, 8000, "has no public address"),
        (Networking::Host, PublicAddress::None, 8000, "has no public address"),
        (BRIDGE, PublicAddress::Ipv4, 9000, "binds no port to BACKEND_PORT"),
        (UNMAPPED, PublicAddress::Ipv4, 8000, "and have no host networking"),
    ] {
        // Given
        let mut example = on_ec2(networking, 1).parameter("BackendPort", &port);
        if networking == UNMAPPED {
            example.service.task_definition.bindings = Some(vec![]);
        }
        let rig = start(&example, 1, public);
        rig.wait(minutes(10)).await;
        let task = rig.running().swap_remove(0);
        // When, then: both functions name the task and what it lacks.
        for (function, event) in
            [(IP_UPDATER, rig.last_event_of(&task)), (HEALTH_MONITOR, json!({}))]
        {
            let error = rig.invoke(function, event).await.unwrap_err();
            assert!(error.message.contains(&format!("task {} runs, but", task.id())), "{error}");
            assert!(error.message.contains(missing), "{error}");
            let of = match networking {
                Networking::Awsvpc => &task.interface.as_ref().unwrap().id,
                _ => task.container_instance_arn.as_ref().unwrap(),
            };
            assert!(error.message.contains(of), "{error}");
        }
        // Nothing is changed; that the API fails may be noted.
        assert_eq!(rig.writes(), 0, "{networking:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_without_an_address_does_not_keep_the_route_from_one_that_has_one() {
    // Given: two instances, of which one has no public address.
    let rig = Rig::start(&on_ec2(BRIDGE, 2).parameter("ReadyWithinSeconds", &0));
    for public in [PublicAddress::None, PublicAddress::Ipv4] {
        rig.lab.world().add_container_instance(CLUSTER, public).unwrap();
    }
    // When
    assert!(rig.lab.until(minutes(5), is_steady).await);
    rig.wait(minutes(1)).await;
    // Then
    let serving = rig.serving().unwrap();
    assert!(serving.is_public());
    let report = rig.invoke(IP_UPDATER, rig.last_event_of(&serving)).await.unwrap();
    assert_eq!(each(&report, "rejected", "reason"), ["no_address"]);
    let other = rig.running().into_iter().find(|task| task.arn != serving.arn).unwrap();
    assert_eq!(each(&report, "rejected", "task"), [other.id()]);
}
