//! The classic mix: what tasks, operators and AWS itself do to a service on Fargate that ECS rolls.
//! A test keeps it as it is.

use std::time::Duration;

use eden_lab::world::{DeliveryFaults, FaultKind};
use fastrand::Rng;

use crate::fault::{Drawn, Fault};
use crate::history::{Event, minutes, seconds};
use crate::setting::{Setting, pick};

/// The operations whose faults a history may have, and which the controller depends on.
const READS: [&str; 8] = [
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "DescribeNetworkInterfaces",
    "GetIntegration",
    "GetStages",
    "DescribeAlarms",
    "GetTaskProtection",
];
const WRITES: [&str; 6] =
    ["UpdateIntegration", "StopTask", "UpdateService", "TagResource", "UntagResource", "Publish"];
/// Those whose answers have a list of failures (F17).
const PARTIAL: [&str; 3] = ["DescribeServices", "DescribeTasks", "GetTaskProtection"];

/// Any setting.
pub(super) fn setting(rng: &mut Rng) -> Setting {
    let chance = |rng: &mut Rng, percent: u32| rng.u32(0..100) < percent;
    let probes_path = chance(rng, 75);
    Setting {
        desired: pick(rng, &[1, 1, 1, 2, 2, 3, 4, 6]),
        health_check: chance(rng, 60),
        probes_path,
        health_check_grace: Duration::from_secs(pick(rng, &[0, 0, 0, 240, 600])),
        start_up: Duration::from_secs(rng.u64(1..30)),
        stop: Duration::from_secs(rng.u64(1..20)),
        minimum_healthy_percent: pick(rng, &[100, 100, 50]),
        circuit_breaker: chance(rng, 55),
        // As the console sets it together with the circuit breaker, unless somebody unchecks it.
        breaker_rolls_back: chance(rng, 75),
        rollback: chance(rng, 60),
        floor: u32::from(chance(rng, 90)),
        budget: pick(rng, &[6, 6, 6, 6, 6, 6, 6, 3, 3, 1]),
        maintenance: chance(rng, 15),
        auto_deploy: chance(rng, 88),
        // Where nobody asks and nothing is probed, nobody can notice anything.
        traffic: (!probes_path || chance(rng, 93))
            .then(|| Duration::from_secs(pick(rng, &[5, 10, 10, 20]))),
        ..Setting::usual()
    }
}

/// Any fault. Trouble seldom comes alone.
pub(super) fn fault(rng: &mut Rng, setting: &Setting, last: Option<&Event>) -> Drawn {
    let troubled = last.is_some_and(|last| last.fault.is_bad_deployment());
    if troubled && rng.bool() { of_service(rng) } else { any(rng, setting) }
}

pub(super) fn any(rng: &mut Rng, setting: &Setting) -> Drawn {
    let none = Duration::ZERO;
    let nth = rng.usize(0..8);
    match rng.u32(0..138) {
        37..=42 if setting.health_check => (Fault::Unhealthy(nth), none),
        0..=19 | 37..=42 => (Fault::Crash(nth), none),
        20..=22 => (Fault::CrashAll, none),
        23..=29 => (Fault::Hang(nth), none),
        30..=36 => (Fault::Fail(nth), none),
        43..=45 => (Fault::FailAll, none),
        46..=47 => (Fault::HangAll, none),
        48 => (Fault::DependencyDown, minutes(rng, 2..10)),
        49 => (Fault::CrashLoop(seconds(rng, 5..90)), minutes(rng, 4..15)),
        50..=51 => (Fault::CannotStart, minutes(rng, 4..15)),
        52..=66 => of_operators(rng, setting, nth),
        67..=72 => (Fault::Scale(rng.u32(1..6)), none),
        73..=75 => (Fault::ScaleToZero, minutes(rng, 10..30)),
        76..=80 => (Fault::EditRoute, none),
        81..=84 => (Fault::StopTask(nth), none),
        85 => (Fault::Pause(pick(rng, &["observe", "off", "please not now"])), minutes(rng, 5..40)),
        86..=88 => (Fault::Protect, minutes(rng, 10..60)),
        89..=92 => (Fault::Interrupt(nth), none),
        93 | 109..=110 => (Fault::NoCapacity, minutes(rng, 2..25)),
        111..=114 => (Fault::HangMost, none),
        94..=95 => (Fault::LoseZone(nth), minutes(rng, 10..60)),
        96..=98 => (Fault::ReuseAddresses, minutes(rng, 20..90)),
        99..=108 => (Fault::Stall(nth), seconds(rng, 60..360)),
        _ => of_aws(rng),
    }
}

/// What makes a whole service sick.
fn of_service(rng: &mut Rng) -> Drawn {
    match rng.u32(0..3) {
        0 => (Fault::FailAll, Duration::ZERO),
        1 => (Fault::HangAll, Duration::ZERO),
        _ => (Fault::DependencyDown, minutes(rng, 4..15)),
    }
}

/// Deployments; of a bad one its operators notice after a while.
fn of_operators(rng: &mut Rng, setting: &Setting, nth: usize) -> Drawn {
    let noticed = minutes(rng, 5..60);
    match rng.u32(0..27) {
        0..=16 => (Fault::Deploy, Duration::ZERO),
        17..=18 => (Fault::DeployFailing, noticed),
        19..=21 => (Fault::DeployCrashing(seconds(rng, 3..60)), noticed),
        22..=23 => (Fault::DeployUnstartable, noticed),
        24..=25 => (Fault::DeployLeaking(minutes(rng, 3..15)), noticed + Duration::from_mins(15)),
        _ if setting.health_check => (Fault::DeployUnhealthy, noticed),
        _ => (Fault::Crash(nth), Duration::ZERO),
    }
}

/// What makes healing harder, and harms nobody by itself.
fn of_aws(rng: &mut Rng) -> Drawn {
    match rng.u32(0..23) {
        0..=9 => of_api(rng),
        10..=13 => {
            let faults = DeliveryFaults {
                copies: rng.u32(1..4),
                repeat: 0.0,
                delay: seconds(rng, 0..90),
                loss: f64::from(rng.u32(0..60)) / 100.0,
            };
            (Fault::Bus(faults), minutes(rng, 10..60))
        }
        14..=16 => (Fault::Weather(f64::from(rng.u32(1..5)) / 100.0), minutes(rng, 5..40)),
        17..=19 => (Fault::Lag(seconds(rng, 1..20)), minutes(rng, 10..60)),
        _ => (Fault::Invocations(f64::from(rng.u32(2..12)) / 100.0), minutes(rng, 10..60)),
    }
}

fn of_api(rng: &mut Rng) -> Drawn {
    let lasts = minutes(rng, 1..12);
    let any = |rng: &mut Rng| {
        if rng.u32(0..3) == 0 { pick(rng, &WRITES) } else { pick(rng, &READS) }
    };
    let fault = match rng.u32(0..10) {
        0 => Fault::Api(any(rng), FaultKind::Throttled),
        1 => Fault::Api(any(rng), FaultKind::InternalError),
        2 => Fault::Api(any(rng), FaultKind::AccessDenied),
        3 => Fault::Api(any(rng), FaultKind::Latency(seconds(rng, 1..12))),
        4 => Fault::Api(any(rng), FaultKind::ConnectionReset),
        5 => Fault::Api(any(rng), FaultKind::InternalErrorAfter),
        6 => Fault::Api(any(rng), FaultKind::ConnectionResetAfter),
        7 => Fault::Api(any(rng), FaultKind::NoAnswer),
        8 => Fault::Api(pick(rng, &PARTIAL), FaultKind::Partial(1)),
        _ => Fault::Api(pick(rng, &["GetIntegration", "GetStages"]), FaultKind::Stale),
    };
    (fault, lasts)
}
