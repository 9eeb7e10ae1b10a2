//! How things end, or do not: roll backs that cannot succeed, steps that AWS refuses, counts that others
//! change meanwhile, containers beside the application's, and hosts that are gone.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{
    AppState, Behaviour, Doing, Fault, FaultKind, Networking, PublicAddress, Sidecar,
    TaskDefinition,
};
use eden_tests::rig::{Rig, each, is_steady, minutes, seconds};
use serde_json::json;

use crate::remediation::scene::{
    HUMAN, WELL_AGAIN, calls_for_a_human, deploy, deployed, done, fail_requests, look, of, reasons,
    revision, service_tag, settled, subjects, unschedule,
};

const CRASHES: Behaviour = Behaviour::Crashes { after: Duration::from_secs(20), exit_code: 1 };
const SERVES: Behaviour = Behaviour::Runs(AppState::Serving);
const FAILS: Behaviour = Behaviour::Runs(AppState::Failing(500));

fn with_rollback(example: Example) -> Example {
    example.parameter("Rollback", &"on").parameter("TaskRoleArns", &"none")
}

/// Somebody deploys that as Terraform and CloudFormation do: what ran before is deregistered.
fn release(rig: &Rig, definition: TaskDefinition) {
    rig.lab.world().replace_task_definition(CLUSTER, SERVICE, definition).unwrap();
}

fn is_back_at(revision: u32) -> impl Fn(&World) -> bool {
    move |world| {
        let service = world.service(CLUSTER, SERVICE).unwrap();
        service.primary.task_definition.revision == revision && is_steady(world)
    }
}

fn always(operation: &'static str, kind: FaultKind) -> Fault {
    Fault { operation, kind, times: None }
}

fn mails(rig: &Rig) -> String {
    let world = rig.lab.world();
    world.published().iter().map(|mail| mail.message.clone()).collect::<Vec<_>>().join("\n")
}

/// <https://github.com/aws/aws-cdk/issues/24372>,
/// <https://github.com/hashicorp/terraform-provider-aws/issues/258>,
/// <https://github.com/fabfuel/ecs-deploy/issues/92>
#[tokio::test(start_paused = true)]
async fn a_release_is_rolled_back_to_the_newest_revision_that_is_still_active() {
    // Given: revision 2 ran well after revision 1, and was deregistered when revision 3 came.
    let example = with_rollback(of(1));
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, SERVES));
    rig.wait(minutes(20)).await;
    // When
    release(&rig, revision(&example, 3, CRASHES));
    // Then
    assert!(rig.lab.until(minutes(30), is_back_at(1)).await);
    assert_eq!(done(&rig, "UpdateService").len(), 1);
    assert!(rig.calls("UpdateService").iter().all(|call| call.outcome.is_ok()));
}

/// <https://github.com/hashicorp/terraform-provider-aws/issues/258>: a deployment deregisters what ran
/// before. A review found that refusals then spent the budget, and nobody was called.
#[tokio::test(start_paused = true)]
async fn where_nothing_before_is_active_people_are_called_at_once_and_aws_is_not_asked() {
    // Given
    let example = with_rollback(of(1));
    let rig = settled(&example).await;
    release(&rig, revision(&example, 2, CRASHES));
    // When
    let called = |world: &World| !world.published().is_empty();
    assert!(rig.lab.until(minutes(15), called).await);
    rig.wait(minutes(120)).await;
    // Then
    assert_eq!(subjects(&rig), [HUMAN]);
    assert!(mails(&rig).contains("INACTIVE"), "{}", mails(&rig));
    assert_eq!(rig.calls("UpdateService"), []);
    assert_eq!(service_tag(&rig, "eden:redeployed"), None);
    assert!(reasons(&look(&rig).await).contains(&"former_inactive"));
}

/// The same review: a roll back that cannot be kept the service from what can help.
#[tokio::test(start_paused = true)]
async fn where_nothing_before_is_active_a_failing_release_is_deployed_anew_when_it_may_be() {
    // Given: every request to the new release fails, which only a person can mend.
    let example = with_rollback(of(1));
    let rig = settled(&example).await;
    release(&rig, revision(&example, 2, FAILS));
    // When
    rig.wait(minutes(60)).await;
    // Then: the ladder goes on with a redeployment.
    assert!(rig.action_kinds().contains(&"force_deployment".to_owned()));
    assert!(!rig.action_kinds().contains(&"roll_back".to_owned()));
    assert_eq!(deployed(&rig), 2);
    assert!(subjects(&rig).iter().any(|subject| subject == HUMAN));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_in_progress_is_rolled_back_by_ecs_itself() {
    // Given: the tasks before serve while those of the release die.
    let example = with_rollback(of(2));
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, CRASHES));
    // When, then
    assert!(rig.lab.until(minutes(40), is_back_at(1)).await);
    assert_eq!(done(&rig, "StopServiceDeployment").len(), 1);
    assert_eq!(rig.calls("UpdateService"), []);
    // It is Eden's own doing, and nothing to be rolled back in turn.
    rig.wait(minutes(120)).await;
    assert_eq!((deployed(&rig), done(&rig, "StopServiceDeployment").len()), (1, 1));
}

/// A review found that only the first page was read, and its order is not documented.
#[tokio::test(start_paused = true)]
async fn all_pages_of_the_services_history_are_read_in_whatever_order_they_come() {
    // Given: a page shows one deployment, and ECS says nothing of their order.
    let example = with_rollback(of(1));
    let rig = settled(&example).await;
    rig.lab.world().set_list_page(1);
    for n in 2..=8 {
        deploy(&rig, revision(&example, n, SERVES));
        rig.wait(minutes(5)).await;
    }
    rig.wait(minutes(20)).await;
    // When
    deploy(&rig, revision(&example, 9, CRASHES));
    // Then
    assert!(rig.lab.until(minutes(40), is_back_at(8)).await);
}

/// A review found that a refusal was counted as done, tried again, and told by nobody.
#[tokio::test(start_paused = true)]
async fn a_remedy_that_aws_refuses_is_not_counted_and_not_asked_for_at_each_look() {
    // Given: a service fails every request, and may be deployed anew; a permission is missing.
    let example = with_rollback(of(1));
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, SERVES));
    rig.wait(minutes(20)).await;
    unschedule(&rig);
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, FAILS).unwrap();
    fail_requests(&rig, 500);
    rig.lab.world().inject(always("UpdateService", FaultKind::AccessDenied));
    // When: the alarm wakes Eden, which is refused, and looks again and again.
    rig.wait(minutes(6)).await;
    for _ in 0..8 {
        look(&rig).await;
        rig.wait(minutes(5)).await;
    }
    // Then: each remedy was asked for once, nothing is counted, and people know in AWS's own words.
    assert!(rig.calls("UpdateService").len() <= 2, "{:?}", rig.calls("UpdateService"));
    assert!(service_tag(&rig, "eden:redeployed").unwrap_or_default().is_empty());
    assert_eq!(subjects(&rig), [HUMAN]);
    assert!(mails(&rig).contains("AccessDeniedException"), "{}", mails(&rig));
    let report = look(&rig).await;
    assert!(reasons(&report).contains(&"refused"), "{report}");
    assert!(!reasons(&report).contains(&"budget_spent"), "{report}");
    // When the permission is there: it is tried again an hour after the refusal.
    rig.lab.world().clear_faults();
    rig.wait(minutes(60)).await;
    look(&rig).await;
    assert_eq!(done(&rig, "UpdateService").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_a_moment_is_counted_and_no_refusal() {
    let rig = settled(&of(1)).await;
    unschedule(&rig);
    fail_requests(&rig, 500);
    let fault =
        Fault { operation: "UpdateService", kind: FaultKind::InternalError, times: Some(1) };
    rig.lab.world().inject(fault);
    rig.wait(minutes(4)).await;
    assert_eq!(service_tag(&rig, "eden:refused"), None);
    assert!(!service_tag(&rig, "eden:redeployed").unwrap_or_default().is_empty());
}

/// An independent emulator showed it: a count that an operator set was written over.
#[tokio::test(start_paused = true)]
async fn a_count_that_somebody_sets_between_look_and_write_stays() {
    // Given: nothing is wanted, and a look takes three seconds.
    let rig = settled(&of(1)).await;
    unschedule(&rig);
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    rig.lab.world().inject(always("DescribeAlarms", FaultKind::Latency(seconds(3))));
    // When
    let operator = async {
        rig.wait(seconds(1)).await;
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 3).unwrap();
    };
    let (report, ()) = tokio::join!(look(&rig), operator);
    // Then
    let desired = |rig: &Rig| rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count;
    assert_eq!(desired(&rig), 3);
    assert!(!each(&report, "done", "action").contains(&"restore_desired_count"), "{report}");
    assert_eq!(rig.calls("UpdateService"), []);
}

/// A review found: an automatic scaler with a maximum of 0 fought Eden for ever, with a mail each time.
#[tokio::test(start_paused = true)]
async fn a_count_that_is_lowered_again_and_again_is_raised_three_times_and_then_told() {
    // Given: Application Auto Scaling knows a maximum of 0.
    let rig = settled(&of(1)).await;
    // When
    for _ in 0..120 {
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
        rig.wait(minutes(1)).await;
    }
    // Then
    assert_eq!(done(&rig, "UpdateService").len(), 3);
    assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
    assert!(reasons(&look(&rig).await).contains(&"restored_in_vain"));
}

/// A log router that is killed with the application, and an agent of AWS's own that is never pulled.
fn with_sidecars(mut example: Example) -> Example {
    let pull = "CannotPullContainerError: access denied".to_owned();
    let agent = Sidecar::new("aws-guardduty-agent-x", Doing::NeverStarts { reason: pull });
    let helper = Sidecar::new("migrate", Doing::Ends { after: seconds(5), exit_code: 2 });
    example.service.task_definition.sidecars = vec![
        Sidecar::new("log_router", Doing::Runs { exit_code: 137 }),
        Sidecar { injected: true, essential: false, ..agent },
        Sidecar { essential: false, ..helper },
    ];
    example
}

/// <https://github.com/aws/aws-for-fluent-bit/issues/11>,
/// <https://github.com/hyperdxio/aws-ecs-opentelemetry-sidecar/issues/2>,
/// <https://github.com/aws-samples/bedrock-chat/pull/501>
#[tokio::test(start_paused = true)]
async fn people_are_told_of_the_container_that_ended_the_tasks() {
    // Given
    let example = with_sidecars(of(1));
    let rig = settled(&example).await;
    assert_eq!(rig.calls("DescribeTaskDefinition"), []);
    // When
    deploy(&rig, revision(&example, 2, CRASHES));
    rig.wait(minutes(20)).await;
    // Then
    let asked = rig.calls("DescribeTaskDefinition").len();
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert_eq!(rig.calls("DescribeTaskDefinition").len(), asked + 1);
    assert_eq!(report["diagnosis"], "crash_loop", "{report}");
    assert_eq!((&report["exit_code"], &report["container"]), (&1.into(), &"app".into()));
    let mail = mails(&rig);
    assert!(mail.contains("exit code 1 of container app"), "{mail}");
    for misleading in ["code 137", "CannotPullContainerError", "code 2"] {
        assert!(!mail.contains(misleading), "{mail}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_that_cannot_be_read_keeps_nobody_from_being_told() {
    let example = with_sidecars(of(1));
    let rig = settled(&example).await;
    rig.lab.world().inject(always("DescribeTaskDefinition", FaultKind::AccessDenied));
    deploy(&rig, revision(&example, 2, CRASHES));
    rig.wait(minutes(20)).await;
    assert_eq!(subjects(&rig), [HUMAN]);
    // Which of the two that failed by themselves is essential is not known: both are told.
    let mail = mails(&rig);
    assert!(mail.contains("app exited with 1") && mail.contains("migrate exited with 2"), "{mail}");
}

/// Tasks on instances of their own, in bridge mode.
fn on_ec2(tasks: u32) -> Example {
    let mut example = of(tasks);
    example.service.task_definition.networking = Networking::Bridge { host_port: None };
    example
}

/// So many instances, and a service that has been well on them for a while.
async fn on_instances(example: &Example, instances: usize) -> (Rig, Vec<String>) {
    let rig = Rig::start(example);
    let add = |_| {
        let mut world = rig.lab.world();
        world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap()
    };
    let instances = (0..instances).map(add).collect();
    assert!(rig.lab.until(minutes(10), is_steady).await);
    rig.wait(minutes(21)).await;
    (rig, instances)
}

/// The container instance on which the first task runs.
fn host(rig: &Rig) -> String {
    rig.running()[0].container_instance_arn.clone().unwrap()
}

/// An incident report of 2026: two days down, and the forced deployments had no effect;
/// <https://github.com/aws/amazon-ecs-agent/issues/818>
#[tokio::test(start_paused = true)]
async fn a_task_on_a_stopped_instance_is_told_with_the_cure_and_nothing_is_deployed() {
    // Given
    let (rig, _) = on_instances(&with_rollback(on_ec2(1)), 2).await;
    let stopped = host(&rig);
    // When
    rig.lab.world().stop_instance(&stopped).unwrap();
    let called = |world: &World| !world.published().is_empty();
    assert!(rig.lab.until(minutes(30), called).await);
    rig.wait(minutes(120)).await;
    // Then
    assert_eq!(subjects(&rig), [HUMAN]);
    let id = stopped.rsplit('/').next().unwrap();
    let cure = format!("--container-instance {id} --force");
    assert!(mails(&rig).contains(&cure), "{}", mails(&rig));
    assert_eq!(rig.calls("UpdateService"), []);
    assert_eq!(look(&rig).await["diagnosis"], "task_stuck");
    // When people do that
    rig.lab.world().deregister_container_instance(&stopped).unwrap();
    assert!(rig.lab.until(minutes(15), is_steady).await);
    rig.wait(minutes(30)).await;
    assert_eq!(subjects(&rig), [HUMAN, WELL_AGAIN]);
}

/// <https://github.com/aws/containers-roadmap/issues/2040>,
/// <https://github.com/convox/rack/issues/1247>
#[tokio::test(start_paused = true)]
async fn the_route_leaves_a_dead_host_and_people_are_called_for_a_task_that_a_stop_does_not_end() {
    // Given
    let (rig, _) = on_instances(&on_ec2(2), 3).await;
    let target = rig.serving().unwrap();
    let dead = target.container_instance_arn.clone().unwrap();
    // When
    rig.lab.world().kill_instance(&dead).unwrap();
    let report = look(&rig).await;
    // Then
    assert_ne!(rig.serving().map(|task| task.arn), Some(target.arn.clone()));
    let evidence = report["evidence"].to_string();
    assert!(evidence.contains("its agent is disconnected"), "{evidence}");
    // When it is stopped, by whomever, it does not end.
    rig.lab.world().stop_task(&target.arn, "it does not answer").unwrap();
    rig.wait(minutes(30)).await;
    let id = dead.rsplit('/').next().unwrap();
    assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
    assert!(mails(&rig).contains(&format!("--container-instance {id} --force")));
    assert_eq!(rig.calls("UpdateService"), []);
}

/// The same from beginning to end: Eden stops the task, which does not end, and people get the cure.
/// Without a path too, and when the task has no traffic: then ECS's word for its agent is all that shows.
#[tokio::test(start_paused = true)]
async fn a_task_of_a_dead_host_is_stopped_once_and_then_people_get_the_cure() {
    for (path, is_target) in [("/health", true), ("", true), ("", false)] {
        // Given
        let (rig, _) = on_instances(&on_ec2(2).parameter("HealthCheckPath", &path), 3).await;
        let target = rig.serving().unwrap().arn;
        let task = rig.running().into_iter().find(|task| (task.arn == target) == is_target);
        let dead = task.unwrap().container_instance_arn.unwrap();
        // When
        rig.lab.world().kill_instance(&dead).unwrap();
        rig.wait(minutes(60)).await;
        // Then
        assert_eq!(done(&rig, "StopTask").len(), 1, "{path} {is_target}");
        let id = dead.rsplit('/').next().unwrap();
        assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
        assert!(mails(&rig).contains("deregister-container-instance"), "{}", mails(&rig));
        assert!(mails(&rig).contains(&format!("--container-instance {id} --force")));
        assert_eq!(rig.calls("UpdateService"), []);
    }
}

/// <https://github.com/yc-software/qm/issues/1371>: a task that stopped an hour ago is listed, and gone
/// when it is described.
#[tokio::test(start_paused = true)]
async fn a_stopped_task_that_expires_between_two_calls_is_no_failure_of_the_look() {
    let rig = settled(&of(1)).await;
    let task = rig.running().remove(0);
    rig.lab.world().crash_task(&task.arn, 1).unwrap();
    rig.wait(minutes(10)).await;
    rig.lab.world().inject(always("DescribeTasks", FaultKind::Expired));
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "healthy", "{report}");
    assert_eq!(rig.invocations(HEALTH_MONITOR).iter().filter(|it| it.result.is_err()).count(), 0);
}

/// An independent emulator showed it: one container instance that is MISSING blocked the route for all.
#[tokio::test(start_paused = true)]
async fn a_container_instance_that_is_missing_does_not_keep_the_route_from_the_tasks_on_others() {
    // Given: ECS does not know the host of one of two tasks any more.
    let rig = Rig::start(&on_ec2(2));
    for _ in 0..2 {
        rig.lab.world().add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    }
    rig.start_each_invocation_afresh();
    rig.lab.world().inject(always("DescribeContainerInstances", FaultKind::Partial(1)));
    // When
    rig.wait(minutes(10)).await;
    // Then
    assert!(rig.serving().is_some());
    let report = look(&rig).await;
    assert!(each(&report, "rejected", "reason").contains(&"no_address"), "{report}");
}
