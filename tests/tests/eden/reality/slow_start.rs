//! Applications that take long to start, and tasks that do.

use eden_lab::example::{CLUSTER, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{AppState, Behaviour, Doing, Sidecar, TaskDefinition};
use eden_tests::rig::{Rig, minutes};
use serde_json::json;

use crate::remediation::scene::*;

/// How often tasks were stopped or the service deployed.
fn remedies_so_far(rig: &Rig) -> (usize, usize) {
    (done(rig, "StopTask").len(), done(rig, "UpdateService").len())
}

/// <https://github.com/willfarrell/docker-autoheal/issues/21>,
/// <https://github.com/willfarrell/docker-autoheal/issues/53>
#[tokio::test(start_paused = true)]
async fn an_application_that_starts_for_a_quarter_of_an_hour_comes_up_and_people_read_what_to_set()
{
    for tasks in [1, 2] {
        // Given: no health check tells ECS when a task has started
        let mut example = of(tasks).parameter("HealthCheckPath", &"/health");
        example.service.task_definition.health_check = false;
        let rig = settled(&example).await;
        // When: a release takes nearly a quarter of an hour to start, and what ran before ends
        let runs = Behaviour::Runs(AppState::Serving);
        let slow = TaskDefinition { start_up: minutes(14), ..revision(&example, 2, runs) };
        deploy(&rig, slow);
        rig.wait(minutes(30)).await;
        // Then: nothing started its boot over, it serves, and people were told once
        assert_eq!(remedies_so_far(&rig), (0, 0), "{tasks}");
        assert_eq!(rig.running().len(), tasks as usize);
        assert_eq!(calls_for_a_human(&rig), 1, "{tasks}");
        assert_eq!(look(&rig).await["diagnosis"], "healthy", "{tasks}");
        let world = rig.lab.world();
        let mail =
            world.published().iter().find(|it| it.subject.as_deref() == Some(HUMAN)).unwrap();
        assert!(mail.message.contains("STARTUP_GRACE_SECONDS"), "{}", mail.message);
    }
}

/// <https://github.com/aws/amazon-ecs-agent/issues/4094>: ECS calls a task HEALTHY that has a container
/// without a health check.
#[tokio::test(start_paused = true)]
async fn a_container_without_a_health_check_keeps_the_services_own_grace_going() {
    for (sidecars, expected) in [(false, "task_sick"), (true, "starting")] {
        // Given: two tasks, a grace of their own of ten minutes, and health checks that pass
        let mut example = of(2).parameter("HealthCheckPath", &"/health");
        example.service.health_check_grace_period_seconds = 600;
        example.service.task_definition.health_check = true;
        if sidecars {
            let router = Sidecar::new("log_router", Doing::Runs { exit_code: 0 });
            example.service.task_definition.sidecars = vec![router];
        }
        let rig = settled(&example).await;
        unschedule(&rig);
        // When: a third is started, and five minutes later it still answers 503
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 3).unwrap();
        rig.wait(minutes(2)).await;
        let newest = {
            let world = rig.lab.world();
            let tasks = world.tasks(CLUSTER, SERVICE).into_iter();
            tasks.max_by_key(|task| task.milestones.created).unwrap().arn.clone()
        };
        rig.lab.world().set_app(&newest, AppState::Failing(503)).unwrap();
        rig.wait(minutes(3)).await;
        let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
        // Then
        assert_eq!(report["diagnosis"], expected, "{report}");
    }
}
