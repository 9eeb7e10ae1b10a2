//! Every kind of ECS service, as public reports tell of it: deployments that shift traffic, task
//! sets, daemon services, and rollouts that wait for their old tasks.

use eden_lab::example::{CLUSTER, Example, IP_UPDATER, SERVICE};
use eden_lab::world::{
    AppState, Behaviour, Beside, Deploys, Fault, FaultKind, LifecycleStage, Networking,
    PublicAddress, RolloutState, Task, TaskDefinition,
};
use eden_tests::rig::{Rig, is_steady, minutes, running, serving};

use crate::remediation::scene::{
    calls_for_a_human, deploy, done, is_well, left_to_eden, look, of, reasons, remedies, revision,
    settled, sicken, starts_from_now, subjects,
};

fn works(example: &Example) -> TaskDefinition {
    revision(example, 2, Behaviour::Runs(AppState::Serving))
}

/// Two tasks, replaced by blue/green deployments with a bake of an hour that a hook pauses after the
/// test traffic has shifted.
fn paused_blue_green() -> Example {
    paused("BLUE_GREEN")
}

/// The same by another strategy that starts new tasks beside the old ones.
fn paused(strategy: &'static str) -> Example {
    let mut example = left_to_eden(of(2)).parameter("Rollback", &"on");
    example.service.deploys = Deploys::BesideBy(Beside {
        strategy,
        pauses: vec![LifecycleStage::PostTestTrafficShift],
        ..Beside::blue_green(60)
    });
    example.parameter("TaskRoleArns", &"none")
}

fn revision_of(task: &Task) -> u32 {
    task.definition.revision
}

/// The revision of the task that requests get to.
fn served_by(rig: &Rig) -> Option<u32> {
    rig.serving().as_ref().map(revision_of)
}

fn of_revision(rig: &Rig, revision: u32) -> Vec<Task> {
    rig.running().into_iter().filter(|task| revision_of(task) == revision).collect()
}

/// The stage of the deployment in progress.
fn stage(rig: &Rig) -> Option<LifecycleStage> {
    let world = rig.lab.world();
    world.service(CLUSTER, SERVICE)?.primary.lifecycle.as_ref().map(|it| it.stage)
}

fn proceed(rig: &Rig) {
    rig.lab.world().continue_deployment(CLUSTER, SERVICE).unwrap();
}

/// Nothing was stopped or deployed by Eden, and nobody was called.
fn assert_left_alone(rig: &Rig) {
    assert_eq!(done(rig, "UpdateService").len() + done(rig, "StopTask").len(), 0);
    assert_eq!(calls_for_a_human(rig), 0, "{:?}", subjects(rig));
}

/// <https://github.com/reproio/ecs_deploy/pull/125>: a PAUSE hook waits for an approval for hours;
/// <https://github.com/kayac/ecspresso/pull/1063>: blue and green run for a bake of hours. ECS shifts no
/// traffic of a service without a load balancer: Eden does, when the stage says so.
#[tokio::test(start_paused = true)]
async fn production_stays_with_blue_until_the_shift_and_neither_pause_nor_bake_is_overdue() {
    // LINEAR and CANARY came in 2025, and there will be more.
    for strategy in ["BLUE_GREEN", "LINEAR", "CANARY", "SOMETHING_NEW"] {
        left_to_the_stages(strategy).await;
    }
}

async fn left_to_the_stages(strategy: &'static str) {
    // Given
    let example = paused(strategy);
    let rig = settled(&example).await;
    let since = rig.start_traffic();
    // When: green is there, and the hook waits for an approval.
    deploy(&rig, works(&example));
    rig.wait(minutes(120)).await;
    // Then
    assert_eq!(stage(&rig), Some(LifecycleStage::PostTestTrafficShift), "{strategy}");
    assert_eq!((of_revision(&rig, 1).len(), of_revision(&rig, 2).len()), (2, 2));
    assert_eq!(served_by(&rig), Some(1), "{strategy}");
    let report = look(&rig).await;
    assert_eq!(
        (report["diagnosis"].as_str(), &report["overdue"]),
        (Some("rolling"), &false.into())
    );
    assert!(reasons(&report).contains(&"rollout_in_progress"), "{report}");
    // When: it is approved, and the traffic shifts.
    proceed(&rig);
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!(stage(&rig), Some(LifecycleStage::BakeTime), "{strategy}");
    assert_eq!(served_by(&rig), Some(2));
    assert_eq!(of_revision(&rig, 1).len(), 2);
    // When: the bake is over, and blue is stopped.
    rig.wait(minutes(70)).await;
    // Then: nobody noticed.
    assert!(is_well(&rig.lab.world()));
    assert_eq!((of_revision(&rig, 1).len(), served_by(&rig)), (0, Some(2)));
    assert_eq!(rig.failures(since), [], "{strategy}");
    assert_left_alone(&rig);
}

/// The same where the traffic shifts without a pause and without a bake: blue is told to stop at once.
#[tokio::test(start_paused = true)]
async fn without_a_bake_the_route_moves_to_green_before_blue_is_gone() {
    // Given
    let mut example = of(2);
    example.service.deploys = Deploys::BesideBy(Beside::blue_green(0));
    example.service.task_definition.stop = minutes(1);
    example.world.timing.stop_timeout = minutes(2);
    let rig = settled(&example).await;
    let since = rig.start_traffic();
    // When
    deploy(&rig, works(&example));
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!((of_revision(&rig, 1).len(), served_by(&rig)), (0, Some(2)));
    assert_eq!(rig.failures(since), []);
    assert_left_alone(&rig);
}

/// A sick task of the side that serves gets help during a pause, and green is left alone.
#[tokio::test(start_paused = true)]
async fn a_sick_task_of_blue_is_treated_while_green_is_paused() {
    // Given
    let example = paused_blue_green();
    let rig = settled(&example).await;
    deploy(&rig, works(&example));
    rig.wait(minutes(40)).await;
    let green: Vec<_> = of_revision(&rig, 2).into_iter().map(|task| task.arn).collect();
    // When
    let sick = of_revision(&rig, 1).swap_remove(0);
    sicken(&rig, [&sick]);
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert_eq!(done(&rig, "UpdateService").len(), 0);
    let blue = of_revision(&rig, 1);
    assert!(blue.len() == 2 && blue.iter().all(|task| task.is_ready() && task.arn != sick.arn));
    assert!(of_revision(&rig, 2).iter().all(|task| green.contains(&task.arn)));
    assert_eq!(served_by(&rig), Some(1));
}

/// Blue dies while green answers beside it: production does not get to what is not validated yet.
#[tokio::test(start_paused = true)]
async fn green_gets_no_traffic_before_the_shift_even_while_blue_is_gone() {
    // Given
    let example = paused_blue_green();
    let rig = settled(&example).await;
    deploy(&rig, works(&example));
    rig.wait(minutes(20)).await;
    // When
    for task in of_revision(&rig, 1) {
        rig.lab.world().crash_task(&task.arn, 137).unwrap();
    }
    // Then
    for _ in 0..12 {
        rig.wait(minutes(1) / 4).await;
        assert_ne!(served_by(&rig), Some(2));
    }
    rig.wait(minutes(6)).await;
    assert_eq!(served_by(&rig), Some(1));
}

/// A deployment that is rolled back during its bake leads back to blue.
#[tokio::test(start_paused = true)]
async fn a_roll_back_during_the_bake_leads_back_to_blue() {
    // Given: the route is with green.
    let example = paused_blue_green();
    let rig = settled(&example).await;
    let since = rig.start_traffic();
    deploy(&rig, works(&example));
    rig.wait(minutes(10)).await;
    proceed(&rig);
    rig.wait(minutes(10)).await;
    assert_eq!(served_by(&rig), Some(2));
    // When
    rig.lab.world().roll_back_deployment(CLUSTER, SERVICE).unwrap();
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!((of_revision(&rig, 2).len(), served_by(&rig)), (0, Some(1)));
    assert_eq!(rig.failures(since), []);
    assert_left_alone(&rig);
}

/// What cannot be read is no reason to shift: blue keeps the route until the deployment ends.
#[tokio::test(start_paused = true)]
async fn while_the_stage_cannot_be_read_blue_keeps_the_route_and_the_run_fails() {
    // Given
    let example = paused_blue_green();
    let rig = settled(&example).await;
    let kind = FaultKind::InternalError;
    rig.lab.world().inject(Fault { operation: "DescribeServiceDeployments", kind, times: None });
    // When
    deploy(&rig, works(&example));
    rig.wait(minutes(10)).await;
    proceed(&rig);
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!((stage(&rig), served_by(&rig)), (Some(LifecycleStage::BakeTime), Some(1)));
    let event = rig.last_event_of(&of_revision(&rig, 2)[0]);
    let error = rig.invoke(IP_UPDATER, event).await.unwrap_err();
    assert!(error.message.contains("how far the deployment in progress is"), "{error}");
    // When
    rig.wait(minutes(60)).await;
    // Then
    assert_eq!((of_revision(&rig, 1).len(), served_by(&rig)), (0, Some(2)));
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
}

/// One task of a service that somebody else deploys, in task sets.
fn by_task_sets(deploys: Deploys) -> Example {
    let mut example = of(1).parameter("Rollback", &"on").parameter("TaskRoleArns", &"none");
    example.service.deploys = deploys;
    example
}

/// <https://github.com/aws/copilot-cli/issues/1061>: with CodeDeploy or an external controller a service
/// has task sets, and no deployments.
#[tokio::test(start_paused = true)]
async fn crash_loops_of_task_sets_call_people_and_nothing_is_deployed() {
    for deploys in [Deploys::External, Deploys::CodeDeploy] {
        // Given
        let rig = settled(&by_task_sets(deploys.clone())).await;
        // When
        let behaviour = Behaviour::Crashes { after: minutes(1) / 6, exit_code: 1 };
        starts_from_now(&rig, behaviour);
        let task = rig.running().swap_remove(0);
        rig.lab.world().crash_task(&task.arn, 1).unwrap();
        rig.wait(minutes(20)).await;
        // Then
        let report = look(&rig).await;
        assert_eq!(report["diagnosis"], "crash_loop", "{deploys:?}: {report}");
        assert_eq!(calls_for_a_human(&rig), 1, "{deploys:?}");
        assert_eq!(rig.calls("UpdateService").len(), 0, "{deploys:?}");
    }
}

/// The same for an image that cannot be pulled.
#[tokio::test(start_paused = true)]
async fn tasks_of_a_task_set_that_cannot_start_call_people() {
    // Given
    let rig = settled(&by_task_sets(Deploys::External)).await;
    // When
    let reason = "CannotPullContainerError: not found".to_owned();
    starts_from_now(&rig, Behaviour::NeverStarts { reason });
    let task = rig.running().swap_remove(0);
    rig.lab.world().stop_task(&task.arn, "a drill").unwrap();
    rig.wait(minutes(30)).await;
    // Then
    assert_eq!(look(&rig).await["diagnosis"], "cannot_start");
    assert_eq!(calls_for_a_human(&rig), 1);
    assert_eq!(rig.calls("UpdateService").len(), 0);
}

/// The PRIMARY task set is the one that serves production (API reference of `TaskSet`).
#[tokio::test(start_paused = true)]
async fn the_route_follows_the_primary_task_set_and_no_other() {
    // Given
    let example = by_task_sets(Deploys::External);
    let rig = settled(&example).await;
    let green = {
        let mut world = rig.lab.world();
        world.create_task_set(CLUSTER, SERVICE, works(&example), 100).unwrap()
    };
    rig.wait(minutes(5)).await;
    assert_eq!((rig.running().len(), served_by(&rig)), (2, Some(1)));
    // When: its only task dies, and the other task set answers.
    let blue = of_revision(&rig, 1).swap_remove(0);
    rig.lab.world().crash_task(&blue.arn, 137).unwrap();
    // Then
    for _ in 0..12 {
        rig.wait(minutes(1) / 4).await;
        assert_ne!(served_by(&rig), Some(2));
    }
    // When
    rig.lab.world().set_primary_task_set(CLUSTER, SERVICE, &green).unwrap();
    rig.wait(minutes(6)).await;
    // Then
    assert_eq!(served_by(&rig), Some(2));
    assert_eq!(rig.calls("UpdateService").len(), 0);
}

/// A daemon service on so many instances, under a floor of three.
async fn daemon(instances: u32) -> (Rig, Vec<String>) {
    let mut example = left_to_eden(of(1)).parameter("MinDesiredCount", &3);
    example.service.daemon = true;
    example.service.maximum_percent = 100;
    example.service.minimum_healthy_percent = 0;
    example.service.task_definition.networking = Networking::Host;
    let rig = Rig::start(&example);
    let add = |_| {
        let mut world = rig.lab.world();
        world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap()
    };
    let instances = (0..instances).map(add).collect();
    assert!(rig.lab.until(minutes(10), is_steady).await);
    rig.wait(minutes(21)).await;
    (rig, instances)
}

/// <https://github.com/fabfuel/ecs-deploy/issues/59>, <https://github.com/kayac/ecspresso/pull/20>: "The
/// daemon scheduling strategy does not support a desired count for services."
#[tokio::test(start_paused = true)]
async fn the_count_of_a_daemon_service_is_never_written_and_no_instance_calls_people() {
    // Given: fewer instances than the floor.
    let (rig, instances) = daemon(2).await;
    assert_eq!(look(&rig).await["diagnosis"], "healthy");
    // When: they are gone, for a while.
    for arn in instances {
        rig.lab.world().remove_container_instance(&arn);
    }
    rig.wait(minutes(40)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "no_instances", "{report}");
    assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
    assert_eq!(rig.calls("UpdateService").len(), 0);
    // When
    rig.lab.world().add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    assert!(rig.lab.until(minutes(10), is_steady).await);
    rig.wait(minutes(80)).await;
    // Then
    assert_eq!(look(&rig).await["diagnosis"], "healthy");
    assert_eq!(rig.calls("UpdateService").len(), 0);
}

/// The same: below the floor, every other diagnosis still happens.
#[tokio::test(start_paused = true)]
async fn a_sick_task_of_a_daemon_service_is_stopped_as_any_other() {
    // Given
    let (rig, _) = daemon(2).await;
    let sick = rig.running().swap_remove(0);
    // When
    sicken(&rig, [&sick]);
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert!(running(&rig.lab.world()).iter().all(|task| task.arn != sick.arn));
}

/// A rollout is not to blame for old tasks that do not end: here one that is protected (F19).
#[tokio::test(start_paused = true)]
async fn a_rollout_that_only_waits_for_a_protected_old_task_says_so_and_is_not_rolled_back() {
    // Given
    let example = left_to_eden(of(2)).parameter("Rollback", &"on");
    let example = example.parameter("TaskRoleArns", &"none");
    let rig = settled(&example).await;
    let old = rig.running().swap_remove(0);
    {
        let mut world = rig.lab.world();
        let until = world.now() + minutes(180);
        world.protect_task(&old.arn, until).unwrap();
    }
    // When
    deploy(&rig, works(&example));
    rig.wait(minutes(20)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "old_tasks_remain", "{report}");
    assert!(reasons(&report).contains(&"old_task_remains"), "{report}");
    assert!(
        report.to_string().contains(&format!("old task {}: it is protected", old.id())),
        "{report}"
    );
    assert_eq!(calls_for_a_human(&rig), 0);
    // When: a new task becomes sick meanwhile.
    let sick = of_revision(&rig, 2).swap_remove(0);
    sicken(&rig, [&sick]);
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    // When: the rollout is overdue.
    rig.wait(minutes(40)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["condition"]["name"], "old_tasks_remain", "{report}");
    assert_eq!((calls_for_a_human(&rig), remedies(&report)), (1, vec![]));
    let told = rig.lab.world().published().last().unwrap().message.clone();
    assert!(told.contains(old.id()), "{told}");
    assert_eq!(done(&rig, "UpdateService").len(), 0);
    // When: it may go.
    rig.wait(minutes(120)).await;
    // Then
    let world = rig.lab.world();
    assert_eq!(
        world.service(CLUSTER, SERVICE).unwrap().primary.rollout_state,
        RolloutState::Completed
    );
    assert!(is_well(&world) && serving(&world).is_some());
}
