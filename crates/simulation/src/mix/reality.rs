//! The mix of reality: the classic one, and beside it what users of such tools report.

use std::time::Duration;

use eden_lab::world::FaultKind;
use fastrand::Rng;

use super::classic;
use crate::fault::{Drawn, Fault};
use crate::history::{Event, minutes};
use crate::reported::Reported;
use crate::setting::{Application, Kind, Launch, Setting, pick};

const APPLICATIONS: [Application; 10] = {
    let mut of = [Application::Plain; 10];
    (of[8], of[9]) = (Application::OwnName, Application::Tls);
    of
};

/// Any setting: a classic one, of which some are odd.
pub(super) fn setting(rng: &mut Rng) -> Setting {
    let chance = |rng: &mut Rng, percent: u32| rng.u32(0..100) < percent;
    let setting = classic::setting(rng);
    let kind = kind(rng);
    let launch = if kind == Kind::Daemon {
        Launch::Instances(setting.desired)
    } else if chance(rng, 25) {
        Launch::Instances(setting.desired.max(2) + rng.u32(0..2))
    } else {
        Launch::Fargate
    };
    // Single writers want their only task to end before the next one starts.
    // Of daemons there is room for one on each instance.
    let recreates = chance(rng, 12) || kind == Kind::Daemon;
    let errs = chance(rng, 10) && setting.traffic.is_some();
    Setting {
        launch,
        kind,
        // The circuit breaker is that of rolled services.
        circuit_breaker: setting.circuit_breaker && matches!(kind, Kind::Rolled | Kind::Daemon),
        application: pick(rng, &APPLICATIONS),
        deregisters: chance(rng, 40),
        minimum_healthy_percent: if recreates { 0 } else { setting.minimum_healthy_percent },
        maximum_percent: if recreates { 100 } else { setting.maximum_percent },
        at_path: if chance(rng, 10) { pick(rng, &[404, 404, 401, 403]) } else { 200 },
        errors: errs.then(|| Duration::from_secs(pick(rng, &[20, 45, 90]))),
        floor: u32::from(chance(rng, 75)),
        parking: chance(rng, 90),
        ..setting
    }
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.u32(0..100) {
        nth @ 0..=11 => {
            let pause = if rng.bool() { minutes(rng, 10..40) } else { Duration::ZERO };
            let strategy = match nth {
                0..=5 => "BLUE_GREEN",
                6..=8 => "LINEAR",
                _ => "CANARY",
            };
            Kind::Beside { strategy, bake: rng.u32(0..60), pause }
        }
        12..=18 => Kind::Daemon,
        19..=25 => Kind::External,
        _ => Kind::Rolled,
    }
}

/// Any fault: three in five are classic ones.
pub(super) fn fault(rng: &mut Rng, setting: &Setting, last: Option<&Event>) -> Drawn {
    if rng.u32(0..5) < 3 {
        return classic::fault(rng, setting, last);
    }
    if rng.u32(0..20) == 0 {
        return (Fault::Api("DescribeTasks", FaultKind::Expired), minutes(rng, 2..30));
    }
    let (reported, lasts) = reported(rng, setting);
    (Fault::Reported(reported), lasts)
}

fn reported(rng: &mut Rng, setting: &Setting) -> (Reported, Duration) {
    let nth = rng.usize(0..8);
    let on_hosts = setting.launch != Launch::Fargate;
    match rng.u32(0..43) {
        0..=5 => (Reported::SlowPath, minutes(rng, 8..60)),
        6..=11 => (Reported::OtherIntegration, minutes(rng, 8..60)),
        12..=16 => (Reported::Refused(pick(rng, &[500, 500, 503, 429, 403])), minutes(rng, 3..40)),
        17..=20 => (Reported::Guarded(pick(rng, &[401, 403])), minutes(rng, 20..90)),
        21..=23 => (Reported::TagsDenied, minutes(rng, 10..60)),
        24..=27 => (claimed(rng), minutes(rng, 10..60)),
        28..=31 if setting.floor == 0 => (Reported::MeantZero, minutes(rng, 10..60)),
        28..=31 if setting.desired > 1 => (Reported::Scaler, minutes(rng, 15..60)),
        32..=34 if setting.auto_deploy => (Reported::StageFails, minutes(rng, 5..40)),
        35..=37 if on_hosts => (Reported::DeadHost(nth), minutes(rng, 10..60)),
        38..=39 if on_hosts => (Reported::StoppedHost(nth), minutes(rng, 10..60)),
        40..=42 if on_hosts => (Reported::LostAgent(nth), minutes(rng, 1..20)),
        _ => (Reported::SlowPath, minutes(rng, 20..90)),
    }
}

fn claimed(rng: &mut Rng) -> Reported {
    let (ahead, by) = (rng.bool(), pick(rng, &[12, 60, 600, 60 * 24 * 365]));
    // Somebody who acts now gives the claim up within minutes.
    let by = if ahead { by } else { rng.u64(0..4) };
    Reported::Claimed { ahead, by: Duration::from_secs(60 * by) }
}
