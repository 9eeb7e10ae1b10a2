//! A service's history through the real SDK client: its deployments and revisions.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::list_service_deployments::ListServiceDeploymentsError;
use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{
    CreatedAt, ServiceDeployment, ServiceDeploymentBrief, ServiceDeploymentRollbackMonitorsStatus,
    ServiceDeploymentStatus,
};
use eden_lab::world::{Behaviour, Role, RolloutState, TaskDefinition};
use eden_lab::{Lab, World};
use serde_json::json;

use crate::support::{CLUSTER, MINUTE, SERVICE, running_lab};

const ARN: &str = "arn:aws:ecs:us-east-1:123456789012";

fn client(lab: &Lab) -> Client {
    Client::new(&lab.sdk_config())
}

/// Makes further revisions of what the service runs.
fn register(lab: &Lab, revisions: &[u32]) {
    let mut world = lab.world();
    let present = world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.clone();
    for revision in revisions {
        world.register_task_definition(TaskDefinition { revision: *revision, ..present.clone() });
    }
}

/// Updates the service to a revision, and waits until it is there.
async fn deploy(lab: &Lab, revision: u32) {
    let update = client(lab).update_service().cluster(CLUSTER).service(SERVICE);
    let update = update.task_definition(format!("{SERVICE}:{revision}")).send().await.unwrap();
    let arn = format!("{ARN}:task-definition/{SERVICE}:{revision}");
    assert_eq!(update.service().unwrap().deployments()[0].task_definition(), Some(&*arn));
    tokio::time::sleep(5 * MINUTE).await;
}

/// The deployments, the newest first; the list itself has no order.
async fn list(client: &Client) -> Vec<ServiceDeploymentBrief> {
    let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
    let mut deployments = list.send().await.unwrap().service_deployments.unwrap();
    deployments.sort_by_key(|it| std::cmp::Reverse(it.created_at().unwrap().secs()));
    deployments
}

fn statuses(deployments: &[ServiceDeploymentBrief]) -> Vec<&str> {
    deployments.iter().map(|it| it.status().unwrap().as_str()).collect()
}

/// The task definitions of the revisions that deployments deploy, in their order.
async fn definitions(client: &Client, deployments: &[ServiceDeploymentBrief]) -> Vec<String> {
    let revisions: Vec<String> =
        deployments.iter().map(|it| it.target_service_revision_arn().unwrap().to_owned()).collect();
    let describe = client.describe_service_revisions().set_service_revision_arns(Some(revisions));
    let output = describe.send().await.unwrap();
    let short = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    output.service_revisions().iter().map(|it| short(it.task_definition().unwrap())).collect()
}

async fn describe(client: &Client, arn: &str) -> ServiceDeployment {
    let describe = client.describe_service_deployments().service_deployment_arns(arn);
    describe.send().await.unwrap().service_deployments.unwrap().remove(0)
}

#[tokio::test(start_paused = true)]
async fn every_deployment_is_remembered_with_what_it_deployed() {
    // given a service that was updated once, and then rolled back by hand
    let lab = running_lab(|_| {});
    let client = client(&lab);
    register(&lab, &[2]);
    deploy(&lab, 2).await;
    deploy(&lab, 1).await;

    // when its deployments are listed, then all are there
    let deployments = list(&client).await;
    assert_eq!(statuses(&deployments), ["SUCCESSFUL"; 3]);
    let names = |revisions: [u32; 3]| revisions.map(|it| format!("{SERVICE}:{it}"));
    assert_eq!(definitions(&client, &deployments).await, names([1, 2, 1]));

    // and each has a revision of its own, which the PRIMARY deployment names
    let newest = &deployments[0];
    let primary = lab.world().service(CLUSTER, SERVICE).unwrap().primary.clone();
    let (_, number) = primary.id.split_once('/').unwrap();
    let revision = format!("{ARN}:service-revision/{CLUSTER}/{SERVICE}/{number}");
    assert_eq!(newest.target_service_revision_arn(), Some(&*revision));
    let id = primary.service_deployment_id;
    let arn = format!("{ARN}:service-deployment/{CLUSTER}/{SERVICE}/{id}");
    assert_eq!(newest.service_deployment_arn(), Some(&*arn));
    assert_eq!(newest.service_arn(), Some(&*format!("{ARN}:service/{CLUSTER}/{SERVICE}")));
    assert_eq!(newest.cluster_arn(), Some(&*format!("{ARN}:cluster/{CLUSTER}")));
    assert!(newest.finished_at().unwrap().secs() > newest.created_at().unwrap().secs());
}

#[tokio::test(start_paused = true)]
async fn a_list_may_be_of_one_status_or_of_one_time() {
    // given a service with one deployment that completed and one that is in progress
    let lab = running_lab(|_| {});
    let client = client(&lab);
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    let made = lab.clock().now();
    let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
    let list = || list.clone();

    // when those of a status are listed, then only those come
    for (status, count) in [("SUCCESSFUL", 1), ("IN_PROGRESS", 1), ("STOPPED", 0)] {
        let of_status = list().status(ServiceDeploymentStatus::from(status)).send().await.unwrap();
        assert_eq!(statuses(of_status.service_deployments()), vec![status; count]);
    }
    let either = list()
        .status(ServiceDeploymentStatus::Successful)
        .status(ServiceDeploymentStatus::InProgress);
    assert_eq!(either.send().await.unwrap().service_deployments().len(), 2);

    // when those since or until a time are listed, then only those come
    let minute_before = DateTime::from_secs(made.as_second() - 60);
    let since = list().created_at(CreatedAt::builder().after(minute_before).build());
    let since = since.send().await.unwrap();
    assert_eq!(statuses(since.service_deployments()), ["IN_PROGRESS"]);
    let until = list().created_at(CreatedAt::builder().before(minute_before).build());
    let until = until.send().await.unwrap();
    assert_eq!(statuses(until.service_deployments()), ["SUCCESSFUL"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_of_twenty() {
    // given a service with twenty-one deployments
    let lab = running_lab(|_| {});
    let client = client(&lab);
    for _ in 0..20 {
        tokio::time::sleep(MINUTE).await;
        lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    }
    let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);

    // when they are listed, then one is on a second page
    let first = list.clone().send().await.unwrap();
    assert_eq!(first.service_deployments().len(), 20);
    let second = list.clone().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(second.service_deployments().len(), 1);
    assert_eq!(second.next_token(), None);

    // when shorter or longer pages are asked for, then they come
    assert_eq!(list.clone().max_results(3).send().await.unwrap().service_deployments().len(), 3);
    assert_eq!(list.clone().max_results(100).send().await.unwrap().service_deployments().len(), 21);
    let error = list.max_results(101).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_a_newer_one_replaced_before_it_was_complete_is_stopped() {
    // given a rollout of two tasks that another one has replaced after ten seconds
    let lab = running_lab(|spec| spec.desired_count = 2);
    let client = client(&lab);
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    let ten_seconds = MINUTE / 6;
    tokio::time::sleep(ten_seconds).await;
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    let replaced_at = lab.clock().now();
    let two_come = |world: &World| world.tasks(CLUSTER, SERVICE).len() == 6;
    assert!(lab.until(MINUTE, two_come).await);

    // when they are listed
    let deployments = list(&client).await;

    // then only the newest is in progress
    assert_eq!(statuses(&deployments), ["IN_PROGRESS", "STOPPED", "SUCCESSFUL"]);
    assert_eq!(deployments[1].finished_at(), None);
    assert!(deployments[1].status_reason().is_some());
    let stopped = describe(&client, deployments[1].service_deployment_arn().unwrap()).await;
    assert_eq!(stopped.stopped_at().unwrap().secs(), replaced_at.as_second());

    // and it replaces both others
    let newest = describe(&client, deployments[0].service_deployment_arn().unwrap()).await;
    let sources = newest.source_service_revisions();
    let arns: Vec<_> = sources.iter().map(|source| source.arn()).collect();
    let older = deployments[1..].iter().map(ServiceDeploymentBrief::target_service_revision_arn);
    assert_eq!(arns, older.collect::<Vec<_>>());
    assert_eq!((sources[0].requested_task_count(), sources[0].running_task_count()), (0, 0));
    assert_eq!((sources[1].requested_task_count(), sources[1].running_task_count()), (2, 2));
    let target = newest.target_service_revision().unwrap();
    assert_eq!(target.arn(), deployments[0].target_service_revision_arn());
    assert_eq!((target.requested_task_count(), target.pending_task_count()), (2, 2));
    assert_eq!((newest.finished_at(), newest.stopped_at()), (None, None));
    let breaker = newest.deployment_circuit_breaker().unwrap();
    assert_eq!(breaker.status(), Some(&ServiceDeploymentRollbackMonitorsStatus::Disabled));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_the_circuit_breaker_gave_up_is_stopped_and_says_why() {
    // given a service with the circuit breaker whose update never starts
    let lab = running_lab(|spec| spec.circuit_breaker = true);
    let client = client(&lab);
    {
        let mut world = lab.world();
        let present = world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.clone();
        let reason = "CannotPullContainerError: not found".to_owned();
        let behaviour = Behaviour::NeverStarts { reason };
        let broken = TaskDefinition { revision: 2, behaviour, ..present };
        world.new_deployment(CLUSTER, SERVICE, Some(broken)).unwrap();
    }
    tokio::time::sleep(10 * MINUTE).await;

    // when it is described
    let deployments = list(&client).await;
    assert_eq!(statuses(&deployments), ["STOPPED", "SUCCESSFUL"]);
    let failed = describe(&client, deployments[0].service_deployment_arn().unwrap()).await;

    // then it says why
    let reason = "ECS deployment circuit breaker: tasks failed to start.";
    assert_eq!(failed.status_reason(), Some(reason));
    assert!(failed.stopped_at().is_some());
    let breaker = failed.deployment_circuit_breaker().unwrap();
    assert_eq!(breaker.status(), Some(&ServiceDeploymentRollbackMonitorsStatus::Triggered));
    assert_eq!((breaker.failure_count(), breaker.threshold()), (3, 3));
    let configuration = failed.deployment_configuration().unwrap();
    assert!(configuration.deployment_circuit_breaker().unwrap().enable());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_a_failure_or_an_error() {
    // given a running service
    let lab = running_lab(|_| {});
    let client = client(&lab);
    let list = client.list_service_deployments();

    // when service or cluster do not exist, then the SDK knows the errors
    let service = list.clone().cluster(CLUSTER).service("other").send().await;
    let service = service.unwrap_err().into_service_error();
    let unknown = matches!(service, ListServiceDeploymentsError::ServiceNotFoundException(_));
    assert!(unknown, "{service:?}");
    let cluster = list.cluster("other").service(SERVICE).send().await;
    let cluster = cluster.unwrap_err().into_service_error();
    let unknown = matches!(cluster, ListServiceDeploymentsError::ClusterNotFoundException(_));
    assert!(unknown, "{cluster:?}");

    // when a deployment or revision does not, then it is a failure (F17)
    let arn = |kind: &str| format!("{ARN}:{kind}/{CLUSTER}/{SERVICE}/none");
    let deployments = client.describe_service_deployments();
    let none = deployments.service_deployment_arns(arn("service-deployment")).send().await.unwrap();
    assert_eq!((none.service_deployments().len(), none.failures().len()), (0, 1));
    let revisions = client.describe_service_revisions();
    let none = revisions.clone().service_revision_arns(arn("service-revision"));
    let none = none.send().await.unwrap();
    assert_eq!(none.failures()[0].reason(), Some("MISSING"));

    // when more than twenty are asked for, then it is an error
    let many = vec![arn("service-revision"); 21];
    let error = revisions.set_service_revision_arns(Some(many)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn the_history_takes_permissions_on_the_service_and_on_its_deployments_and_revisions() {
    // given a role that may read it all, and roles that lack one of the resources
    let lab = running_lab(|_| {});
    let deployments = list(&client(&lab)).await;
    let deployment = deployments[0].service_deployment_arn().unwrap();
    let revision = deployments[0].target_service_revision_arn().unwrap();
    let resource = |kind: &str| format!("{ARN}:{kind}/{CLUSTER}/{SERVICE}");
    let service = resource("service");
    let deployments = resource("service-deployment") + "/*";
    let revisions = resource("service-revision") + "/*";
    let with = |resources: &[&String]| {
        let actions = ["List", "Describe"].map(|verb| format!("ecs:{verb}Service*"));
        let role = Role::new([&json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": actions, "Resource": resources,
            "Condition": {"ArnEquals": {"ecs:cluster": format!("{ARN}:cluster/{CLUSTER}")}},
        }]})]);
        lab.world().assign_role("reader", role.unwrap());
        Client::new(&lab.sdk_config_of("reader"))
    };
    let may = async |client: Client| {
        let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
        let describe = client.describe_service_deployments().service_deployment_arns(deployment);
        let revisions = client.describe_service_revisions().service_revision_arns(revision);
        [list.send().await.is_ok(), describe.send().await.is_ok(), revisions.send().await.is_ok()]
    };

    // when each reads, then it may what its resources allow
    assert_eq!(may(with(&[&service, &deployments, &revisions])).await, [true, true, true]);
    assert_eq!(may(with(&[&service, &deployments])).await, [true, true, false]);
    assert_eq!(may(with(&[&service, &revisions])).await, [true, false, true]);
    assert_eq!(may(with(&[&deployments, &revisions])).await, [false, false, false]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_was_rolled_back_says_so_and_the_rollback_is_none_of_its_own() {
    // given a service whose circuit breaker rolls back, and a deployment that cannot start
    let lab = running_lab(|spec| {
        spec.circuit_breaker = true;
        spec.rollback = true;
    });
    let bad = {
        let mut world = lab.world();
        let present = world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.clone();
        let behaviour = Behaviour::NeverStarts { reason: "no image".to_owned() };
        let bad = TaskDefinition { revision: 2, behaviour, ..present };
        world.new_deployment(CLUSTER, SERVICE, Some(bad)).unwrap();
        world.service(CLUSTER, SERVICE).unwrap().primary.id.clone()
    };

    // when the rollback has completed
    let done = |world: &World| {
        let primary = &world.service(CLUSTER, SERVICE).unwrap().primary;
        primary.id != bad && primary.rollout_state == RolloutState::Completed
    };
    assert!(lab.until(60 * MINUTE, done).await);
    let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let list = ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).send().await;

    // then the history has the failed one and the first
    let statuses: Vec<String> = list
        .unwrap()
        .service_deployments()
        .iter()
        .map(|it| it.status().unwrap().as_str().to_owned())
        .collect();
    assert_eq!(statuses, ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]);
}
