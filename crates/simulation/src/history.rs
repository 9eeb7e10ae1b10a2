//! Histories: what befalls the service when, drawn from one seed, the same under every policy.

use std::time::Duration;

use eden_lab::world::{DeliveryFaults, FaultKind};
use fastrand::Rng;

use crate::fault::Fault;
use crate::setting::{Setting, pick};

/// So long the service has for coming up before anything happens.
pub const BEGIN: Duration = Duration::from_mins(10);
/// So long nothing happens any more at the end.
pub const CALM: Duration = Duration::from_mins(75);

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

/// Something that befalls the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, since the world began.
    pub at: Duration,
    /// What.
    pub fault: Fault,
    /// For how long, where it has an end of its own.
    pub lasts: Duration,
}

/// What befalls a service over some hours: first a phase with faults, then a calm one.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Its name: the seed's, or that of a scripted one.
    pub name: String,
    /// Where everything random comes from.
    pub seed: u64,
    /// What it plays in.
    pub setting: Setting,
    /// What happens, in order of time.
    pub events: Vec<Event>,
    /// When the phase of faults ends, and all faults with it.
    pub calm: Duration,
}

impl History {
    /// The history of this seed, with faults for so long.
    pub fn of_seed(seed: u64, faults: Duration) -> Self {
        let mut rng = Rng::with_seed(seed);
        let setting = Setting::any(&mut rng);
        let calm = BEGIN + faults;
        let mut events = Vec::new();
        let mut at = BEGIN + Duration::from_secs(rng.u64(0..300));
        while at < calm {
            // Trouble seldom comes alone.
            let troubled = events.last().is_some_and(|last: &Event| last.fault.is_bad_deployment());
            let (fault, lasts) = if troubled && rng.bool() {
                of_service(&mut rng)
            } else {
                any_fault(&mut rng, &setting)
            };
            events.push(Event { at, fault, lasts });
            at += gap(&mut rng);
        }
        Self { name: format!("seed {seed}"), seed, setting, events, calm }
    }

    /// The same with an event bus that delivers each event once and at once; `None` when it has no
    /// other.
    pub fn with_a_reliable_bus(&self) -> Option<Self> {
        let mut other = self.clone();
        other.events.retain(|event| !matches!(event.fault, Fault::Bus(_)));
        (other.events.len() < self.events.len()).then_some(other)
    }

    /// When it ends.
    pub fn end(&self) -> Duration {
        self.calm + CALM
    }
}

fn seconds(rng: &mut Rng, of: std::ops::Range<u64>) -> Duration {
    Duration::from_secs(rng.u64(of))
}

fn minutes(rng: &mut Rng, of: std::ops::Range<u64>) -> Duration {
    Duration::from_secs(60 * rng.u64(of) + rng.u64(0..60))
}

/// Until the next fault: some come together, most find the service at rest.
fn gap(rng: &mut Rng) -> Duration {
    match rng.u32(0..10) {
        0..=1 => seconds(rng, 5..120),
        2..=5 => minutes(rng, 5..20),
        _ => minutes(rng, 20..50),
    }
}

fn any_fault(rng: &mut Rng, setting: &Setting) -> (Fault, Duration) {
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
fn of_service(rng: &mut Rng) -> (Fault, Duration) {
    match rng.u32(0..3) {
        0 => (Fault::FailAll, Duration::ZERO),
        1 => (Fault::HangAll, Duration::ZERO),
        _ => (Fault::DependencyDown, minutes(rng, 4..15)),
    }
}

/// Deployments; of a bad one its operators notice after a while.
fn of_operators(rng: &mut Rng, setting: &Setting, nth: usize) -> (Fault, Duration) {
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
fn of_aws(rng: &mut Rng) -> (Fault, Duration) {
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

fn of_api(rng: &mut Rng) -> (Fault, Duration) {
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
