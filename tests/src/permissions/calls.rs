//! Accounts in which all happens that the functions are for, and the calls they make in them.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{
    AppState, Behaviour, Beside, Call, Deploys, Fault, FaultKind, Gatekeeper, HealthStatus,
    Networking, PublicAddress,
};
use serde_json::json;

use super::Variant;
use crate::rig::{Rig, is_steady, minutes, serving};

/// What tasks may run on (F25).
const NETWORKINGS: [Networking; 2] =
    [Networking::Fargate(PublicAddress::Ipv4), Networking::Bridge { host_port: None }];

const CRASHES: Behaviour = Behaviour::Crashes { after: Duration::from_secs(10), exit_code: 1 };

/// The calls of a function among these.
pub fn calls_of<'a>(calls: &'a [Call], function: &str) -> Vec<&'a Call> {
    calls.iter().filter(|call| call.access_key == function).collect()
}

/// Every call that both functions make while each of their remedies is needed once, with tasks on
/// Fargate and on EC2 instances, for stages that do not deploy themselves (F4).
///
/// # Panics
/// When a remedy was not taken.
pub async fn account_calls(variant: Variant) -> Vec<Call> {
    let mut calls = Vec::new();
    for networking in NETWORKINGS {
        let mut example = variant.example();
        example.auto_deploy = false;
        example.world.timing.unhealthy_replacement = minutes(600);
        let rig = variant.open(example, networking).await;
        rig.lab.world().start_traffic(API, &variant.path(), Duration::from_secs(1));

        settle(&rig).await;
        deploy_beside(&rig).await;
        settle(&rig).await;
        variant.lead_astray(&mut rig.lab.world());
        check(&rig).await;
        lead_to_a_neighbour(&rig, variant).await;
        crash_again_and_again(&rig).await;
        fail_once(&rig).await;
        find_no_room(&rig).await;
        scale_to_zero(&rig).await;
        leave_no_address(&rig).await;
        recover(&rig).await;
        sicken(&rig).await;
        fail_where_nothing_is_deployed(&rig).await;
        refuse_everybody(&rig).await;
        break_application(&rig).await;
        if variant == Variant::Maintenance {
            fall_silent(&rig).await;
        }
        if variant == Variant::Rollback {
            deploy_what(&rig, CRASHES).await;
            deploy_what(&rig, Behaviour::Runs(AppState::Failing(500))).await;
        }
        be_refused(&rig).await;

        settle(&rig).await;
        look(&rig).await;

        let taken = rig.action_kinds();
        let everywhere = [
            "restore_desired_count",
            "mark_unserved",
            "clear_unserved",
            "mark_suspect",
            "clear_suspect",
            "stop_task",
            "force_deployment",
            "mark_overwritten",
        ];
        for kind in everywhere.iter().chain(variant.actions()) {
            assert!(taken.iter().any(|it| it == kind), "{variant:?}: no {kind} among {taken:?}");
        }
        calls.extend(rig.lab.world().calls().iter().cloned());
    }
    calls.extend(calls_with_host_networking(variant).await);
    calls
}

/// The calls that lead the route to a task whose instance's ports are its own.
async fn calls_with_host_networking(variant: Variant) -> Vec<Call> {
    let rig = variant.open(variant.example(), Networking::Host).await;
    settle(&rig).await;
    look(&rig).await;
    rig.lab.world().calls().to_vec()
}

/// Long enough that no grace and no cooldown holds anything back.
async fn settle(rig: &Rig) {
    rig.wait(minutes(21)).await;
    assert!(rig.is_steady());
}

/// The task dies, and ip-updater leads the route to its successor.
async fn crash(rig: &Rig) {
    let task = rig.running().swap_remove(0).arn;
    rig.lab.world().crash_task(&task, 1).expect("a running task");
    assert!(rig.lab.until(minutes(10), is_steady).await);
}

/// Tasks die by themselves one after the other: people are told, and told when it is over.
async fn crash_again_and_again(rig: &Rig) {
    settle(rig).await;
    for _ in 0..3 {
        crash(rig).await;
    }
    look(rig).await;
    settle(rig).await;
    look(rig).await;
}

/// Somebody deploys the service by another strategy, which shifts traffic: both functions see how far
/// that is.
async fn deploy_beside(rig: &Rig) {
    let change = |deploys| rig.lab.world().set_deploys(CLUSTER, SERVICE, deploys);
    change(Deploys::BesideBy(Beside::blue_green(2))).expect("the example's service");
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).expect("the example's service");
    rig.wait(minutes(2)).await;
    look(rig).await;
    assert!(rig.lab.until(minutes(10), is_steady).await);
    change(Deploys::Rolling).expect("the example's service");
}

/// Somebody leads the route to another machine of the account: it is led back, and that is noted.
async fn lead_to_a_neighbour(rig: &Rig, variant: Variant) {
    {
        let mut world = rig.lab.world();
        let added = world.add_container_instance("neighbours", PublicAddress::Ipv4);
        let instance = added.expect("an instance of another cluster");
        let address = world.container_instance(&instance).and_then(|it| it.address);
        let to = format!("{}:8000", address.expect("a public address"));
        variant.lead_to(&mut world, &to);
    }
    check(rig).await;
}

/// A run of health-monitor fails, and the next one does not: it was noted, and nobody is told.
async fn fail_once(rig: &Rig) {
    let kind = FaultKind::AccessDenied;
    rig.lab.world().inject(Fault { operation: "DescribeAlarms", kind, times: Some(1) });
    rig.invoke(HEALTH_MONITOR, json!({})).await.expect_err("the alarm could not be read");
    look(rig).await;
}

/// ECS finds no room for a task, and finds it before anybody is told.
async fn find_no_room(rig: &Rig) {
    settle(rig).await;
    without_room(rig, async || {
        rig.wait(Duration::from_secs(30)).await;
        look(rig).await;
    })
    .await;
    assert!(rig.lab.until(minutes(10), is_steady).await);
    settle(rig).await;
    look(rig).await;
}

/// A task dies, and meanwhile there is no room for its successor.
async fn without_room(rig: &Rig, meanwhile: impl AsyncFnOnce()) {
    let zones = rig.lab.world().zones();
    let every_zone = |change: fn(&mut World, &str)| {
        let mut world = rig.lab.world();
        for zone in &zones {
            change(&mut world, zone);
        }
    };
    every_zone(|world, zone| world.close_zone(zone).expect("a zone of this region"));
    let task = rig.running().swap_remove(0).arn;
    rig.lab.world().crash_task(&task, 1).expect("a running task");
    meanwhile().await;
    every_zone(|world, zone| world.open_zone(zone).expect("a zone of this region"));
}

async fn scale_to_zero(rig: &Rig) {
    settle(rig).await;
    let scaled = rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0);
    scaled.expect("the example's service");
    check(rig).await;
}

/// No task runs for a while, and no event comes: health-monitor leads the route away from the
/// address that is nobody's, and notes it, and the end when a task has served for a while.
async fn leave_no_address(rig: &Rig) {
    settle(rig).await;
    rig.lab.disconnect();
    without_room(rig, async || {
        rig.wait(minutes(4)).await;
        look(rig).await;
    })
    .await;
    for _ in 0..2 {
        rig.wait(minutes(3)).await;
        look(rig).await;
    }
    rig.lab.connect(rig.lambda.clone());
}

/// AWS refuses to raise the desired count, which an operator does then.
async fn be_refused(rig: &Rig) {
    settle(rig).await;
    let (operation, kind) = ("UpdateService", FaultKind::AccessDenied);
    rig.lab.world().inject(Fault { operation, kind, times: Some(1) });
    for count in [0, 1] {
        let scaled = rig.lab.world().set_desired_count(CLUSTER, SERVICE, count);
        scaled.expect("the example's service");
        look(rig).await;
    }
    assert!(rig.lab.until(minutes(10), is_steady).await);
}

/// A container turns UNHEALTHY, and ECS is slow to replace it (F19).
async fn sicken(rig: &Rig) {
    settle(rig).await;
    turn(rig, HealthStatus::Unhealthy);
    check(rig).await;
}

/// A container turns UNHEALTHY, and is well again while health-monitor waits for ECS to act.
async fn recover(rig: &Rig) {
    settle(rig).await;
    turn(rig, HealthStatus::Unhealthy);
    let recovery = async {
        rig.wait(Duration::from_secs(20)).await;
        turn(rig, HealthStatus::Healthy);
    };
    tokio::join!(look(rig), recovery);
}

fn turn(rig: &Rig, health: HealthStatus) {
    let task = rig.running().swap_remove(0).arn;
    rig.lab.world().set_container_health(&task, health).expect("a running task");
}

/// Somebody deploys a task definition whose tasks die by themselves, so that the deployment in progress
/// is stopped; or fail every request, so that the one that completed is replaced.
async fn deploy_what(rig: &Rig, behaviour: Behaviour) {
    settle(rig).await;
    let mut definition = rig.running().swap_remove(0).definition;
    let good = definition.revision;
    definition.revision += 1;
    definition.behaviour = behaviour;
    let deployed = rig.lab.world().new_deployment(CLUSTER, SERVICE, Some(definition));
    deployed.expect("the example's service");
    let rolled_back = |world: &World| {
        let service = world.service(CLUSTER, SERVICE).expect("the example's service");
        service.primary.task_definition.revision == good && is_steady(world)
    };
    assert!(rig.lab.until(minutes(30), rolled_back).await);
}

/// The application fails while somebody else deploys the service: what is found is noted, and the note
/// is taken away when it is over.
async fn fail_where_nothing_is_deployed(rig: &Rig) {
    settle(rig).await;
    let deploys = |deploys| rig.lab.world().set_deploys(CLUSTER, SERVICE, deploys);
    let every_task = |app| rig.lab.world().set_app_of_service(CLUSTER, SERVICE, app);
    deploys(Deploys::External).expect("the example's service");
    every_task(AppState::Failing(500)).expect("the example's service");
    rig.wait(minutes(4)).await;
    every_task(AppState::Serving).expect("the example's service");
    rig.wait(minutes(10)).await;
    look(rig).await;
    deploys(Deploys::Rolling).expect("the example's service");
}

/// The API fails while the tasks are well, and then while they answer neither well nor badly, for so
/// long that the alarm rings.
async fn refuse_everybody(rig: &Rig) {
    settle(rig).await;
    let gatekeeper = |gatekeeper| rig.lab.world().set_gatekeeper(API, gatekeeper);
    let every_task = |app| rig.lab.world().set_app_of_service(CLUSTER, SERVICE, app);
    gatekeeper(Some(Gatekeeper::Refuses(500))).expect("the example's API");
    look(rig).await;
    every_task(AppState::Failing(404)).expect("the example's service");
    rig.wait(minutes(4)).await;
    look(rig).await;
    every_task(AppState::Serving).expect("the example's service");
    gatekeeper(None).expect("the example's API");
    look(rig).await;
}

/// The application fails while ECS sees nothing wrong, and so does what is started in place of a task
/// that was stopped as a trial; the alarm wakes health-monitor.
async fn break_application(rig: &Rig) {
    settle(rig).await;
    let deployment = || {
        let world = rig.lab.world();
        world.service(CLUSTER, SERVICE).expect("the example's service").primary.id.clone()
    };
    let before = deployment();
    for _ in 0..180 {
        if deployment() != before {
            break;
        }
        let broken = rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500));
        broken.expect("the example's service");
        rig.wait(Duration::from_secs(10)).await;
    }
    assert_ne!(deployment(), before);
    let redeployed = |world: &World| serving(world).is_some();
    assert!(rig.lab.until(minutes(15), redeployed).await);
}

/// No task answers well for so long that the maintenance page comes: once health-monitor ends it,
/// and once ip-updater, since another task comes. All within the cooldown after a redeployment: a
/// rollout in progress would keep the page away.
async fn fall_silent(rig: &Rig) {
    for recovers in [true, false] {
        rig.wait(minutes(5)).await;
        assert!(rig.is_steady());
        look(rig).await;
        let every_task = |app| {
            let set = rig.lab.world().set_app_of_service(CLUSTER, SERVICE, app);
            set.expect("the example's service");
        };
        every_task(AppState::Failing(503));
        look(rig).await;
        rig.wait(Duration::from_secs(61)).await;
        look(rig).await;
        look(rig).await;
        assert!(rig.uris().iter().all(|uri| uri.starts_with("https://status.example.com/")));
        if recovers {
            every_task(AppState::Serving);
            check(rig).await;
        } else {
            // It may not be deployed again yet: its only task is stopped as a trial.
            assert!(rig.lab.until(minutes(10), is_steady).await);
        }
    }
}

async fn look(rig: &Rig) {
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await;
    report.expect("health-monitor may do what it is for");
}

async fn check(rig: &Rig) {
    look(rig).await;
    assert!(rig.lab.until(minutes(10), is_steady).await);
}
