//! Rung six for an application that exits again and again: nothing is started again for it, and
//! people are called once.

use std::time::Duration;

use eden_lab::example::{CLUSTER, Example};
use eden_lab::world::{AppState, Behaviour, Fault, FaultKind, Networking, PublicAddress};
use eden_tests::rig::{Rig, is_steady, minutes};

use super::scene::{
    HUMAN, WELL_AGAIN, calls_for_a_human, deploy, deployed, done, is_well, left_to_eden, look, now,
    of, reasons, revision, service_tag, settled, sicken, starts_from_now, subjects,
};

const CRASHES: Behaviour = Behaviour::Crashes { after: Duration::from_secs(20), exit_code: 3 };
const TOLD: &str = "eden:told";

fn crash_all(rig: &Rig) {
    for task in rig.running() {
        rig.lab.world().crash_task(&task.arn, 3).unwrap();
    }
}

/// What every task needs is gone, and each exits for it.
async fn in_a_loop(example: &Example) -> Rig {
    let rig = settled(example).await;
    starts_from_now(&rig, CRASHES);
    crash_all(&rig);
    rig
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_told_once_with_its_exit_code_and_never_redeployed() {
    // Given
    let rig = in_a_loop(&of(1)).await;
    // When: Eden looks every five minutes.
    rig.wait(minutes(60)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "crash_loop", "{report}");
    assert_eq!(report["exit_code"], 3);
    assert_eq!(report["condition"]["name"], "crash_loop");
    assert!(reasons(&report).contains(&"needs_a_human"), "{report}");
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
    assert_eq!(subjects(&rig), [HUMAN]);
    let mail = rig.lab.world().published()[0].message.clone();
    assert!(mail.contains("Essential container in task exited"), "{mail}");
    assert!(mail.contains("exit code 3"), "{mail}");
}

#[tokio::test(start_paused = true)]
async fn when_a_crash_loop_is_over_that_is_told_once_and_the_note_goes() {
    // Given
    let rig = in_a_loop(&of(2)).await;
    rig.wait(minutes(10)).await;
    assert_eq!(subjects(&rig), [HUMAN]);
    assert!(service_tag(&rig, TOLD).unwrap().starts_with("crash_loop "));
    // When
    starts_from_now(&rig, Behaviour::Runs(AppState::Serving));
    rig.wait(minutes(20)).await;
    assert!(is_steady(&rig.lab.world()));
    assert_eq!(subjects(&rig), [HUMAN], "the next death could still make a loop of it");
    rig.wait(minutes(60)).await;
    // Then
    assert!(is_steady(&rig.lab.world()));
    assert_eq!(subjects(&rig), [HUMAN, WELL_AGAIN]);
    let mail = rig.lab.world().published()[1].message.clone();
    assert!(mail.contains("Status: HEALTHY"), "{mail}");
    assert_eq!(service_tag(&rig, TOLD), None);
    // When: another loop is another call.
    starts_from_now(&rig, CRASHES);
    crash_all(&rig);
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!(subjects(&rig), [HUMAN, WELL_AGAIN, HUMAN]);
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_one_deployment_is_told_anew_when_the_next_one_loops_as_well() {
    let rig = in_a_loop(&of(1)).await;
    rig.wait(minutes(10)).await;
    deploy(&rig, revision(&of(1), 2, CRASHES));
    rig.wait(minutes(20)).await;
    assert_eq!(subjects(&rig), [HUMAN, HUMAN]);
}

#[tokio::test(start_paused = true)]
async fn people_are_told_again_when_the_first_call_did_not_get_through() {
    // Given: the topic refuses for a while.
    let rig = settled(&of(1)).await;
    let fault = Fault { operation: "Publish", kind: FaultKind::InternalError, times: None };
    rig.lab.world().inject(fault);
    starts_from_now(&rig, CRASHES);
    crash_all(&rig);
    rig.wait(minutes(20)).await;
    assert_eq!((subjects(&rig).len(), service_tag(&rig, TOLD)), (0, None));
    // When
    rig.lab.world().clear_faults();
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!(calls_for_a_human(&rig), 1);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_crashes_is_rolled_back_where_that_is_allowed() {
    for (rollback, revision_then) in [("on", 1), ("off", 2)] {
        // Given
        let mut example = of(1).parameter("Rollback", &rollback);
        if rollback == "on" {
            example = example.parameter("TaskRoleArns", &"none");
        }
        let rig = settled(&example).await;
        let old = rig.running().swap_remove(0);
        // When: the old task is gone before it shows.
        deploy(&rig, revision(&example, 2, CRASHES));
        rig.lab.world().crash_task(&old.arn, 1).unwrap();
        rig.wait(minutes(40)).await;
        // Then
        assert_eq!(deployed(&rig), revision_then, "rollback {rollback}");
        assert_eq!(rig.is_steady(), rollback == "on");
        assert_eq!(calls_for_a_human(&rig), usize::from(rollback == "off"), "{:?}", subjects(&rig));
    }
}

#[tokio::test(start_paused = true)]
async fn two_deaths_in_an_hour_are_no_loop_however_often_they_come() {
    let rig = settled(&of(1)).await;
    for _ in 0..5 {
        for _ in 0..2 {
            crash_all(&rig);
            rig.wait(minutes(1)).await;
            assert_ne!(look(&rig).await["diagnosis"], "crash_loop");
            rig.wait(minutes(2)).await;
        }
        rig.wait(minutes(60)).await;
    }
    assert_eq!(calls_for_a_human(&rig), 0);
}

/// What AWS takes away says nothing against the application: an interruption of Fargate Spot, and
/// "Host EC2 (instance i-...) terminated."
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>).
#[tokio::test(start_paused = true)]
async fn tasks_whose_hosts_aws_takes_three_times_an_hour_are_no_loop() {
    for on_hosts in [false, true] {
        // Given
        let mut example = of(2);
        if on_hosts {
            example.service.task_definition.networking = Networking::Bridge { host_port: None };
        }
        let rig = Rig::start(&example);
        let add = || {
            let public = PublicAddress::Ipv4;
            rig.lab.world().add_container_instance(CLUSTER, public).unwrap();
        };
        if on_hosts {
            add();
            add();
        }
        assert!(rig.lab.until(minutes(5), is_well).await);
        rig.wait(minutes(21)).await;
        for _ in 0..4 {
            // When
            let task = rig.running().swap_remove(0);
            if on_hosts {
                add();
                let instance = task.container_instance_arn.clone().unwrap();
                rig.lab.world().remove_container_instance(&instance);
            } else {
                rig.lab.world().interrupt_task(&task.arn).unwrap();
            }
            // Then
            for _ in 0..10 {
                rig.wait(minutes(1)).await;
                assert_ne!(look(&rig).await["diagnosis"], "crash_loop", "on hosts: {on_hosts}");
            }
            assert!(is_well(&rig.lab.world()), "on hosts: {on_hosts}");
        }
        assert_eq!(calls_for_a_human(&rig), 0, "{:?}", subjects(&rig));
        assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_healthy_survivor_turning_sick_long_after_a_loop_is_healed_as_any_other() {
    // Given: three deaths, then a task that was well for half an hour.
    let rig = in_a_loop(&left_to_eden(of(1))).await;
    rig.wait(minutes(8)).await;
    starts_from_now(&rig, Behaviour::Runs(AppState::Serving));
    rig.wait(minutes(30)).await;
    assert!(rig.is_steady());
    let survivor = rig.running().swap_remove(0);
    // When
    sicken(&rig, [&survivor]);
    rig.wait(minutes(7)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert!(!now(&rig, &survivor).is_wanted());
}
