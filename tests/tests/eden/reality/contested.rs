//! Two Edens on one integration, as when a stack is copied for another service and the ids of the API are
//! left in it. Controllers that do so undo each other's work for ever:
//! <https://github.com/kubernetes-sigs/external-dns/issues/5846>.

use eden_core::config::HealthMonitorConfig;
use eden_core::{Edge, Report, health_monitor, lambda::Invocation};
use eden_lab::example::{API, CLUSTER, SERVICE};
use eden_lab::spec::FunctionSpec;
use eden_lab::world::ServiceSpec;
use eden_tests::permissions::Variant;
use eden_tests::rig::{API_URL, Rig, edge, is_steady, minutes, seconds};
use serde_json::json;

const OTHER: &str = "other-service";
const MONITOR: &str = "test-eden-health-monitor";

/// A second installation, with roles of its own; its schedule is the test's.
struct Second {
    config: HealthMonitorConfig,
    edge: Edge,
}

impl Second {
    fn install(rig: &Rig, variant: Variant) -> Self {
        let example = variant.example();
        let mut service = ServiceSpec::new(CLUSTER, OTHER);
        service.task_definition = example.service.task_definition.clone();
        let example = example
            .parameter("Environment", &"test")
            .parameter("ECSCluster", &CLUSTER)
            .parameter("ECSService", &OTHER);
        let stack = example.stack(API_URL).unwrap();
        rig.lab.world().create_service(service);
        for topic in &stack.topics {
            rig.lab.world().add_topic(topic.rsplit(':').next().unwrap(), None);
        }
        rig.lab.world().install_roles(&stack).unwrap();
        let FunctionSpec { environment, .. } = stack.function(MONITOR).unwrap();
        let config = HealthMonitorConfig::read(|name| environment.get(name).cloned()).unwrap();
        Second { config, edge: edge(&rig.lab, MONITOR) }
    }

    /// A check, such as the schedule begins.
    async fn check(&self) -> Report {
        let invocation = Invocation {
            request_id: "id-1".to_owned(),
            environment: "0".repeat(32),
            event: json!({ "source": "manual-test" }),
            deadline: self.edge.aws.now() + seconds(200),
        };
        let ended = Box::pin(health_monitor::handle(&self.config, &self.edge, &invocation)).await;
        ended.expect("nothing fails")
    }

    /// Checks every five minutes; the last report.
    async fn checks(&self, rig: &Rig, times: usize) -> Report {
        let mut last = self.check().await;
        for _ in 1..times {
            rig.wait(minutes(5)).await;
            last = self.check().await;
        }
        last
    }
}

fn told(rig: &Rig) -> usize {
    let world = rig.lab.world();
    world.published().iter().filter(|mail| mail.message.contains("route_contested")).count()
}

#[tokio::test(start_paused = true)]
async fn two_edens_on_one_integration_do_not_write_over_each_other_for_ever() {
    for variant in [Variant::HttpIntegrations, Variant::RestIntegrations] {
        // Given
        let rig = Rig::start(&variant.example());
        assert!(rig.lab.until(minutes(10), is_steady).await, "{variant:?}");
        let second = Second::install(&rig, variant);
        rig.wait(minutes(3)).await;
        // When both look every five minutes
        let _ = second.checks(&rig, 6).await;
        let settled = rig.lab.world().now();
        let before = told(&rig);
        let report = second.checks(&rig, 36).await;
        // Then one of them keeps the route, and the other one says so, once
        assert_eq!(rig.route_writes(settled), [], "{variant:?}");
        assert!(rig.is_steady(), "{variant:?}");
        let held: Vec<_> = report.held.iter().map(|held| held.what.reason()).collect();
        assert!(held.contains(&"route_contested"), "{variant:?}: {held:?}");
        assert_eq!((before, told(&rig)), (1, 1), "{variant:?}");
        // When the first service is given up
        rig.lab.world().delete_service(CLUSTER, SERVICE).unwrap();
        rig.wait(minutes(3)).await;
        let _ = second.checks(&rig, 2).await;
        // Then the other one gets the route
        let tasks: Vec<_> = rig.lab.world().tasks(CLUSTER, OTHER).into_iter().cloned().collect();
        let api = rig.lab.world().api(API).unwrap().clone();
        for integration in api.integrations.values() {
            let leads = |task: &eden_lab::world::Task| {
                integration.uri.contains(&task.endpoint().to_string())
            };
            assert!(tasks.iter().any(leads), "{variant:?}: {}", integration.uri);
        }
    }
}
