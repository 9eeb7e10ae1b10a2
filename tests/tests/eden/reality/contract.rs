//! The variables with which each function begins to work, and no others: what the document that Eden
//! came from gives them.

use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig};
use eden_core::{health_monitor, ip_updater, lambda::Invocation};
use eden_lab::example::{API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, ROOT_INTEGRATION, SERVICE};
use eden_tests::rig::{API_URL, Rig, edge, example, seconds};
use serde_json::{Value, json};

fn of<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

fn invocation(rig: &Rig, event: Value) -> Invocation {
    let deadline = rig.lab.world().now() + seconds(60);
    let (request_id, environment) = ("id-1".to_owned(), "0".repeat(32));
    Invocation { request_id, environment, event, deadline }
}

#[tokio::test(start_paused = true)]
async fn ip_updater_works_with_five_variables() {
    // Given a service whose route was typed in wrong
    let rig = Rig::steady(&example()).await;
    let task = rig.serving().unwrap();
    let event = rig.last_event_of(&task);
    let wrong = "http://127.0.0.1:9/";
    rig.lab.world().set_integration_uri(API, ROOT_INTEGRATION, wrong).unwrap();
    // When a function that knows no more than this is woken
    let port = task.definition.port.to_string();
    let config = IpUpdaterConfig::read(of(&[
        ("API_GATEWAY_ID", API),
        ("INTEGRATION_ID", ROOT_INTEGRATION),
        ("ECS_CLUSTER", CLUSTER),
        ("ECS_SERVICE", SERVICE),
        ("BACKEND_PORT", &port),
    ]));
    let config = config.expect("five variables are enough");
    let (edge, invocation) = (edge(&rig.lab, IP_UPDATER), invocation(&rig, event));
    let ended = Box::pin(ip_updater::handle(&config, &edge, &invocation)).await;
    let report = ended.expect("nothing fails");
    // Then it leads the route to the task
    assert_eq!(report.done.len(), 1, "{report:?}");
    assert_eq!(rig.uris()[0], format!("http://{}/", task.endpoint()));
}

#[tokio::test(start_paused = true)]
async fn health_monitor_works_with_four_variables() {
    // Given a service that was scaled to zero by mistake
    let rig = Rig::steady(&example()).await;
    rig.lab.disconnect();
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    // When a function that knows no more than this looks at it
    let topic = rig.stack.topics[0].clone();
    let mails = || rig.lab.world().published().len();
    let before = mails();
    for topic in [&*topic, ""] {
        let config = HealthMonitorConfig::read(of(&[
            ("ECS_CLUSTER", CLUSTER),
            ("ECS_SERVICE", SERVICE),
            ("API_GATEWAY_URL", API_URL),
            ("SNS_TOPIC_ARN", topic),
        ]));
        let config = config.expect("four variables are enough, and three");
        let edge = edge(&rig.lab, HEALTH_MONITOR);
        let invocation = invocation(&rig, json!({ "source": "manual-test" }));
        let ended = Box::pin(health_monitor::handle(&config, &edge, &invocation)).await;
        let _ = ended.expect("nothing fails");
    }
    // Then the count is restored, and people are told where there is a topic
    assert_eq!(rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 1);
    assert_eq!(mails() - before, 1);
}
