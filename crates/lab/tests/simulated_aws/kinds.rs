//! Services of other kinds through the real SDK client: daemon services, task sets, and deployments
//! that go through lifecycle stages.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{
    DeploymentControllerType, DeploymentStrategy, SchedulingStrategy, Service,
    ServiceDeploymentStatus, StabilityStatus,
};
use eden_lab::Lab;
use eden_lab::world::{
    Beside, Binding, Deploys, LifecycleStage, Networking, PublicAddress, TaskDefinition,
};

use crate::support::{CLUSTER, MINUTE, SERVICE, running, running_lab};

fn client(lab: &Lab) -> Client {
    Client::new(&lab.sdk_config())
}

async fn service(client: &Client) -> Service {
    let describe = client.describe_services().cluster(CLUSTER).services(SERVICE);
    describe.send().await.unwrap().services.unwrap().remove(0)
}

/// The status and stage of the newest deployment.
async fn progress(client: &Client) -> (ServiceDeploymentStatus, Option<String>) {
    let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
    let listed = list.send().await.unwrap().service_deployments.unwrap();
    let arn = listed[0].service_deployment_arn().unwrap();
    let describe = client.describe_service_deployments().service_deployment_arns(arn);
    let newest = describe.send().await.unwrap().service_deployments.unwrap().remove(0);
    (newest.status().unwrap().clone(), newest.lifecycle_stage().map(|it| it.as_str().to_owned()))
}

/// <https://github.com/fabfuel/ecs-deploy/issues/59>
#[tokio::test(start_paused = true)]
async fn a_daemon_service_runs_a_task_on_each_instance_and_takes_no_count() {
    // given
    let lab = running_lab(|spec| {
        spec.daemon = true;
        spec.maximum_percent = 100;
        spec.minimum_healthy_percent = 0;
        spec.task_definition.networking = Networking::Host;
    });
    let client = client(&lab);
    let add = || lab.world().add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    let first = add();
    add();
    tokio::time::sleep(5 * MINUTE).await;

    // when it is described, then it has a task on each
    let shown = service(&client).await;
    assert_eq!(shown.scheduling_strategy(), Some(&SchedulingStrategy::Daemon));
    assert_eq!((shown.desired_count(), shown.running_count()), (2, 2));

    // when somebody wants a count, then that is refused
    let update = client.update_service().cluster(CLUSTER).service(SERVICE).desired_count(3);
    let error = update.send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert!(error.message().unwrap().contains("does not support a desired count"), "{error:?}");

    // when an instance goes, then so does its task, and it is not replaced
    lab.world().remove_container_instance(&first);
    tokio::time::sleep(5 * MINUTE).await;
    let shown = service(&client).await;
    assert_eq!((shown.desired_count(), shown.running_count()), (1, 1));
}

/// <https://github.com/aws/copilot-cli/issues/1061>
#[tokio::test(start_paused = true)]
async fn a_service_that_somebody_else_deploys_has_task_sets_and_no_deployments() {
    for (deploys, controller) in [
        (Deploys::External, DeploymentControllerType::External),
        (Deploys::CodeDeploy, DeploymentControllerType::CodeDeploy),
    ] {
        // given
        let lab = running_lab(|spec| spec.deploys = deploys);
        let client = client(&lab);
        let shown = service(&client).await;
        assert_eq!(shown.deployment_controller().unwrap().r#type(), &controller);
        assert_eq!(shown.deployments(), []);
        let [set] = shown.task_sets() else { panic!("one task set") };
        assert_eq!(set.status(), Some("PRIMARY"));
        assert_eq!(set.stability_status(), Some(&StabilityStatus::SteadyState));
        assert_eq!(running(&lab.world())[0].started_by, set.id().unwrap());

        // when another is made, and then the PRIMARY one
        let present = running(&lab.world())[0].definition.clone();
        let definition = TaskDefinition { revision: 2, ..present };
        let id = lab.world().create_task_set(CLUSTER, SERVICE, definition, 100).unwrap();
        tokio::time::sleep(5 * MINUTE).await;
        assert_eq!(service(&client).await.running_count(), 2);
        lab.world().set_primary_task_set(CLUSTER, SERVICE, &id).unwrap();

        // then it is shown first
        let shown = service(&client).await;
        let status = |it: &aws_sdk_ecs::types::TaskSet| it.status().unwrap().to_owned();
        let sets: Vec<_> = shown.task_sets().iter().map(status).collect();
        assert_eq!(sets, ["PRIMARY", "ACTIVE"]);
        assert_eq!(shown.task_sets()[0].id(), Some(&*id));

        // when somebody forces a deployment, then that is refused (F22)
        let update = client.update_service().cluster(CLUSTER).service(SERVICE);
        let error = update.force_new_deployment(true).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterException"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_beside_what_runs_goes_through_its_stages_and_waits_at_its_hooks() {
    // given
    let lab = running_lab(|spec| {
        spec.deploys = Deploys::BesideBy(Beside {
            pauses: vec![LifecycleStage::PostTestTrafficShift],
            ..Beside::blue_green(10)
        });
    });
    let client = client(&lab);
    let configuration = service(&client).await.deployment_configuration.unwrap();
    assert_eq!(configuration.strategy(), Some(&DeploymentStrategy::BlueGreen));
    assert_eq!(configuration.bake_time_in_minutes(), Some(10));

    // when it is deployed, then both sides run at the hook
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    tokio::time::sleep(10 * MINUTE).await;
    let in_progress = ServiceDeploymentStatus::InProgress;
    let paused = Some("POST_TEST_TRAFFIC_SHIFT".to_owned());
    assert_eq!(progress(&client).await, (in_progress.clone(), paused));
    let shown = service(&client).await;
    assert_eq!((shown.deployments().len(), shown.running_count()), (2, 2));

    // when it is continued, then it bakes, and ends
    lab.world().continue_deployment(CLUSTER, SERVICE).unwrap();
    tokio::time::sleep(5 * MINUTE).await;
    assert_eq!(progress(&client).await, (in_progress, Some("BAKE_TIME".to_owned())));
    tokio::time::sleep(10 * MINUTE).await;
    assert_eq!(progress(&client).await.0, ServiceDeploymentStatus::Successful);
    let shown = service(&client).await;
    assert_eq!((shown.deployments().len(), shown.running_count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_roll_back_leaves_what_ran_before() {
    // given a deployment that bakes
    let lab = running_lab(|spec| spec.deploys = Deploys::BesideBy(Beside::blue_green(60)));
    let client = client(&lab);
    let blue = running(&lab.world())[0].arn.clone();
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    tokio::time::sleep(10 * MINUTE).await;

    // when
    lab.world().roll_back_deployment(CLUSTER, SERVICE).unwrap();
    assert_eq!(progress(&client).await.0, ServiceDeploymentStatus::RollbackInProgress);
    tokio::time::sleep(5 * MINUTE).await;

    // then
    assert_eq!(progress(&client).await.0, ServiceDeploymentStatus::RollbackSuccessful);
    assert_eq!(running(&lab.world()).iter().map(|task| &task.arn).collect::<Vec<_>>(), [&blue]);
}

/// <https://github.com/aws/amazon-ecs-agent/issues/2870>, <https://github.com/aws/amazon-ecs-agent/pull/3479>
#[tokio::test(start_paused = true)]
async fn the_bindings_of_a_task_may_be_several_of_other_families_and_ranges() {
    let lab = running_lab(|spec| {
        spec.task_definition.networking = Networking::Bridge { host_port: None };
        spec.task_definition.bindings = Some(vec![
            Binding { bind_ip: "::", host_port: Some(49_154), ..Binding::of(8000) },
            Binding { container_ports: (7_990, 8_009), ..Binding::of(8000) },
        ]);
    });
    lab.world().add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    tokio::time::sleep(5 * MINUTE).await;
    let task = running(&lab.world())[0].clone();
    let describe = client(&lab).describe_tasks().cluster(CLUSTER).tasks(&task.arn);
    let shown = describe.send().await.unwrap().tasks.unwrap().remove(0);
    let [other, range] = shown.containers()[0].network_bindings() else { panic!("two") };
    assert_eq!((other.bind_ip(), other.host_port()), (Some("::"), Some(49_154)));
    let first = task.endpoint().port() - 10;
    assert_eq!(range.container_port_range(), Some("7990-8009"));
    assert_eq!(range.host_port_range(), Some(&*format!("{first}-{}", first + 19)));
}
