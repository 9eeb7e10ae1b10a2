//! The real SDK client of Amazon ECS against the wire.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::describe_services::DescribeServicesError;
use aws_sdk_ecs::operation::describe_tasks::DescribeTasksError;
use aws_sdk_ecs::operation::list_tasks::ListTasksError;
use aws_sdk_ecs::operation::stop_task::StopTaskError;
use aws_sdk_ecs::operation::update_service::UpdateServiceError;
use aws_sdk_ecs::types::{
    DeploymentRolloutState, DesiredStatus, HealthStatus, ServiceField, TaskStopCode,
};
use eden_lab::Lab;

use crate::support::{CLUSTER, MINUTE, SERVICE, running_lab, the_task};

fn client(lab: &Lab) -> Client {
    Client::new(&lab.sdk_config())
}

#[tokio::test(start_paused = true)]
async fn describe_services_shows_the_service_with_its_deployments_and_tags() {
    // given a service with a tag that has reached a steady state
    let lab = running_lab(|spec| {
        spec.tags.insert("team".to_owned(), "eden".to_owned());
        spec.health_check_grace_period_seconds = 30;
    });

    // when it is described
    let output = client(&lab)
        .describe_services()
        .cluster(CLUSTER)
        .services(SERVICE)
        .include(ServiceField::Tags)
        .send()
        .await
        .unwrap();

    // then all is there
    let service = &output.services()[0];
    assert_eq!(service.status(), Some("ACTIVE"));
    assert_eq!(
        (service.desired_count(), service.running_count(), service.pending_count()),
        (1, 1, 0)
    );
    assert_eq!(service.health_check_grace_period_seconds(), Some(30));
    assert_eq!(service.tags()[0].key(), Some("team"));
    let configuration = service.deployment_configuration().unwrap();
    assert_eq!(configuration.minimum_healthy_percent(), Some(100));
    assert_eq!(configuration.maximum_percent(), Some(200));
    let deployment = &service.deployments()[0];
    assert!(deployment.id().unwrap().starts_with("ecs-svc/"));
    assert_eq!(deployment.status(), Some("PRIMARY"));
    assert_eq!(deployment.rollout_state(), Some(&DeploymentRolloutState::Completed));
    assert_eq!(deployment.running_count(), 1);
    let created = deployment.created_at().unwrap().secs();
    assert_eq!(created, "2025-11-10T17:30:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
    assert!(service.events()[0].message().unwrap().contains("steady state"));
}

#[tokio::test(start_paused = true)]
async fn describe_services_takes_arns_and_reports_what_is_missing() {
    // given a running service
    let lab = running_lab(|_| {});
    let arn = lab.world().service(CLUSTER, SERVICE).unwrap().arn.clone();
    let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/prod-eden-cluster";

    // when it and another one are described
    let output = client(&lab)
        .describe_services()
        .cluster(cluster)
        .services(arn)
        .services("other")
        .send()
        .await
        .unwrap();

    // then the other one is a failure, not an error (F17)
    assert_eq!(output.services().len(), 1);
    assert!(output.services()[0].tags().is_empty(), "tags come only when asked for");
    let failure = &output.failures()[0];
    assert_eq!(failure.reason(), Some("MISSING"));
    assert!(failure.arn().unwrap().ends_with("service/prod-eden-cluster/other"));
}

#[tokio::test(start_paused = true)]
async fn describe_services_refuses_another_cluster_and_too_many_services() {
    // given a running service
    let lab = running_lab(|_| {});
    let ecs = client(&lab);

    // when the cluster does not exist, or eleven services are asked for
    let describe = ecs.describe_services().services(SERVICE);
    let cluster = describe.clone().cluster("other").send().await.unwrap_err().into_service_error();
    let names = (0..11).map(|number| format!("service-{number}")).collect();
    let many = describe.cluster(CLUSTER).set_services(Some(names)).send().await;
    let many = many.unwrap_err().into_service_error();

    // then the SDK knows the errors
    assert!(matches!(cluster, DescribeServicesError::ClusterNotFoundException(_)), "{cluster:?}");
    assert!(matches!(many, DescribeServicesError::InvalidParameterException(_)), "{many:?}");
}

#[tokio::test(start_paused = true)]
async fn list_tasks_gives_pages_and_includes_tasks_that_are_still_pending() {
    // given five tasks, of which two are new, and pages of two
    let lab = running_lab(|spec| spec.desired_count = 3);
    lab.world().set_list_page(2);
    lab.world().set_desired_count(CLUSTER, SERVICE, 5).unwrap();
    let five = |world: &eden_lab::World| world.tasks(CLUSTER, SERVICE).len() == 5;
    assert!(lab.until(MINUTE, five).await);

    // when all pages are read
    let list = client(&lab).list_tasks().cluster(CLUSTER).service_name(SERVICE);
    let pages: Vec<usize> = list
        .clone()
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap()
        .into_iter()
        .map(|page| page.task_arns().len())
        .collect();

    // then F17 holds
    assert_eq!(pages, [2, 2, 1]);

    // when all fit on one page, then there is no other
    lab.world().set_list_page(5);
    let page = list.send().await.unwrap();
    assert_eq!((page.task_arns().len(), page.next_token()), (5, None));
}

#[tokio::test(start_paused = true)]
async fn list_tasks_lists_stopped_tasks_only_when_asked() {
    // given a service whose task was stopped and replaced
    let lab = running_lab(|_| {});
    let old = the_task(&lab.world());
    lab.world().stop_task(&old, "test").unwrap();
    tokio::time::sleep(5 * MINUTE).await;
    let list = client(&lab).list_tasks().cluster(CLUSTER).service_name(SERVICE);

    // when both kinds are listed
    let running = list.clone().send().await.unwrap();
    let stopped = list.desired_status(DesiredStatus::Stopped).send().await.unwrap();

    // then each is in its list
    assert_eq!(running.task_arns(), [the_task(&lab.world())]);
    assert_eq!(stopped.task_arns(), [old]);
}

#[tokio::test(start_paused = true)]
async fn list_tasks_refuses_another_service() {
    // given a running service
    let lab = running_lab(|_| {});
    let list = client(&lab).list_tasks();

    // when service or cluster do not exist
    let service = list.clone().cluster(CLUSTER).service_name("other").send().await;
    let cluster = list.cluster("other").service_name(SERVICE).send().await;

    // then the SDK knows the errors
    let service = service.unwrap_err().into_service_error();
    assert!(matches!(service, ListTasksError::ServiceNotFoundException(_)), "{service:?}");
    let cluster = cluster.unwrap_err().into_service_error();
    assert!(matches!(cluster, ListTasksError::ClusterNotFoundException(_)), "{cluster:?}");
}

#[tokio::test(start_paused = true)]
async fn describe_tasks_shows_running_and_stopped_tasks_and_reports_what_is_missing() {
    // given a stopped task and its healthy successor
    let lab = running_lab(|spec| spec.task_definition.health_check = true);
    let old = the_task(&lab.world());
    lab.world().crash_task(&old, 3).unwrap();
    tokio::time::sleep(5 * MINUTE).await;
    let new = the_task(&lab.world());
    let short = new.rsplit('/').next().unwrap();

    // when they and an unknown one are described
    let describe = client(&lab).describe_tasks().cluster(CLUSTER);
    let output = describe.tasks(&old).tasks(short).tasks("unknown").send().await.unwrap();

    // then all is there (F10, F17, F18)
    let [stopped, running] = output.tasks() else { panic!("{:?}", output.tasks()) };
    assert_eq!(stopped.last_status(), Some("STOPPED"));
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::EssentialContainerExited));
    assert_eq!(stopped.stopped_reason(), Some("Essential container in task exited"));
    assert_eq!(stopped.containers()[0].exit_code(), Some(3));
    assert!(stopped.stopped_at().is_some());
    assert_eq!(stopped.attachments()[0].status(), Some("DELETED"));
    assert_eq!(running.task_arn(), Some(new.as_str()));
    assert_eq!(running.health_status(), Some(&HealthStatus::Healthy));
    assert_eq!(running.group(), Some("service:prod-eden-service"));
    assert!(running.started_at().unwrap().secs() > running.created_at().unwrap().secs());
    assert_eq!(running.attachments()[0].r#type(), Some("ElasticNetworkInterface"));
    assert_eq!(running.version(), 5);
    assert_eq!(output.failures()[0].reason(), Some("MISSING"));
}

#[tokio::test(start_paused = true)]
async fn describe_tasks_refuses_more_than_a_hundred_tasks_and_another_cluster() {
    // given a running service
    let lab = running_lab(|_| {});
    let describe = client(&lab).describe_tasks();
    let names: Vec<String> = (0..101).map(|number| format!("task-{number}")).collect();

    // when 101 tasks are asked for, or the cluster does not exist
    let many = describe.clone().cluster(CLUSTER).set_tasks(Some(names)).send().await;
    let cluster = describe.cluster("other").tasks("task").send().await;

    // then the SDK knows the errors
    let many = many.unwrap_err().into_service_error();
    assert!(matches!(many, DescribeTasksError::InvalidParameterException(_)), "{many:?}");
    let cluster = cluster.unwrap_err().into_service_error();
    assert!(matches!(cluster, DescribeTasksError::ClusterNotFoundException(_)), "{cluster:?}");
}

#[tokio::test(start_paused = true)]
async fn stop_task_stops_a_task_with_the_reason_given() {
    // given a running task
    let lab = running_lab(|_| {});
    let arn = the_task(&lab.world());

    // when it is stopped
    let stop = client(&lab).stop_task().cluster(CLUSTER);
    let output = stop.clone().task(&arn).reason("eden: unhealthy").send().await.unwrap();

    // then it says so (F9, F18)
    let task = output.task().unwrap();
    assert_eq!((task.last_status(), task.desired_status()), (Some("RUNNING"), Some("STOPPED")));
    assert_eq!(task.stopped_reason(), Some("eden: unhealthy"));
    assert_eq!(task.stop_code(), Some(&TaskStopCode::UserInitiated));
}

#[tokio::test(start_paused = true)]
async fn stop_task_refuses_an_unknown_task_and_a_long_reason() {
    // given a running task
    let lab = running_lab(|_| {});
    let arn = the_task(&lab.world());
    let stop = client(&lab).stop_task().cluster(CLUSTER);

    // when another one is stopped, or for 256 characters of reason
    let unknown = stop.clone().task("unknown").send().await.unwrap_err().into_service_error();
    let long = stop.clone().task(&arn).reason("ä".repeat(256)).send().await;
    let long = long.unwrap_err().into_service_error();
    let fits = stop.task(&arn).reason("ä".repeat(255)).send().await;

    // then the SDK knows the errors
    assert!(matches!(unknown, StopTaskError::InvalidParameterException(_)), "{unknown:?}");
    assert_eq!(unknown.message(), Some("The referenced task was not found."));
    assert!(matches!(long, StopTaskError::InvalidParameterException(_)), "{long:?}");
    assert!(fits.is_ok());
}

#[tokio::test(start_paused = true)]
async fn update_service_changes_the_count_and_forces_a_deployment() {
    // given a running service
    let lab = running_lab(|_| {});
    let update = client(&lab).update_service().cluster(CLUSTER).service(SERVICE);

    // when its count is changed
    let output = update.clone().desired_count(2).send().await.unwrap();

    // then it has no new deployment (F21)
    let service = output.service().unwrap();
    assert_eq!((service.desired_count(), service.deployments().len()), (2, 1));

    // when a deployment is forced
    let output = update.force_new_deployment(true).send().await.unwrap();

    // then the new one is in progress and the old one still ACTIVE
    let [primary, active] = output.service().unwrap().deployments() else { panic!("{output:?}") };
    assert_eq!(primary.rollout_state(), Some(&DeploymentRolloutState::InProgress));
    assert_eq!(active.status(), Some("ACTIVE"));
    assert_eq!((active.desired_count(), active.running_count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn update_service_refuses_what_is_not_there() {
    // given a service that is deleted
    let lab = running_lab(|_| {});
    let update = client(&lab).update_service().cluster(CLUSTER);
    let definition = update.clone().service(SERVICE).task_definition("none:7").send().await;
    lab.world().delete_service(CLUSTER, SERVICE).unwrap();

    // when it or another one are updated
    let inactive = update.clone().service(SERVICE).desired_count(1).send().await;
    let unknown = update.service("other").desired_count(1).send().await;

    // then the SDK knows the errors
    let inactive = inactive.unwrap_err().into_service_error();
    assert!(matches!(inactive, UpdateServiceError::ServiceNotActiveException(_)), "{inactive:?}");
    let unknown = unknown.unwrap_err().into_service_error();
    assert!(matches!(unknown, UpdateServiceError::ServiceNotFoundException(_)), "{unknown:?}");
    let definition = definition.unwrap_err().into_service_error();
    assert!(matches!(definition, UpdateServiceError::ClientException(_)), "{definition:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_or_a_member_that_the_lab_does_not_know_is_an_error() {
    // given a running service
    let lab = running_lab(|_| {});
    let ecs = client(&lab);

    // when another operation is called, or another member sent
    let operation = ecs.list_account_settings().send().await.unwrap_err();
    let list = ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE);
    let member = list.family("web").send().await.unwrap_err();

    // then the errors say so
    assert_eq!(operation.code(), Some("UnknownOperationException"));
    assert_eq!(member.code(), Some("InvalidParameterException"));
    assert!(member.message().unwrap().contains("family"), "{member:?}");
}
