//! Named histories: one fault each, or a few that belong together, at rest before and after.

use std::time::Duration;

use eden_lab::world::{DeliveryFaults, FaultKind};

use crate::fault::Fault;
use crate::history::{BEGIN, Event, History};
use crate::setting::Setting;

/// A fault, when it begins, and how long it lasts, in minutes.
type Cue = (u64, Fault, u64);

/// All of them.
pub fn named() -> Vec<History> {
    let one = Setting::usual;
    let three = || Setting { desired: 3, ..Setting::usual() };
    let unwatched = || Setting { health_check: false, ..three() };
    let mended = || Setting { rollback: true, ..three() };
    let bus = DeliveryFaults { copies: 3, repeat: 0.0, delay: Duration::from_secs(60), loss: 0.3 };
    let dies = Duration::from_secs(20);
    let stories: [(&str, Setting, &[Cue]); 19] = [
        ("the only task crashes", one(), &[(10, Fault::Crash(0), 0)]),
        ("all tasks crash", three(), &[(10, Fault::CrashAll, 0)]),
        ("a task hangs, ECS sees it", three(), &[(10, Fault::Hang(0), 0)]),
        ("a task hangs, ECS does not", unwatched(), &[(10, Fault::Hang(0), 0)]),
        ("all tasks answer 5xx", three(), &[(10, Fault::FailAll, 0)]),
        ("a dependency is down", three(), &[(10, Fault::DependencyDown, 12)]),
        ("crash loop", three(), &[(10, Fault::CrashLoop(dies), 15)]),
        ("tasks cannot start", three(), &[(10, Fault::CannotStart, 15)]),
        ("deployment", three(), &[(10, Fault::Deploy, 0)]),
        ("bad deployment, rolled back", mended(), &[(10, Fault::DeployFailing, 40)]),
        ("bad deployment, not rolled back", three(), &[(10, Fault::DeployFailing, 40)]),
        ("an availability zone is lost", three(), &[(10, Fault::LoseZone(0), 30)]),
        ("Spot capacity is taken back", one(), &[(10, Fault::Interrupt(0), 0)]),
        (
            "a dead task's address is given to somebody else",
            one(),
            &[(5, Fault::ReuseAddresses, 50), (10, Fault::Crash(0), 0)],
        ),
        ("scaled to zero", three(), &[(10, Fault::ScaleToZero, 25)]),
        ("the route is edited", one(), &[(10, Fault::EditRoute, 0)]),
        (
            "events are lost, late and repeated",
            one(),
            &[(5, Fault::Bus(bus), 50), (10, Fault::Crash(0), 0), (30, Fault::Crash(0), 0)],
        ),
        (
            "ECS throttles while a task crashes",
            one(),
            &[(9, Fault::Api("DescribeTasks", FaultKind::Throttled), 8), (10, Fault::Crash(0), 0)],
        ),
        (
            "paused while a task crashes",
            one(),
            &[(9, Fault::Pause("observe"), 20), (10, Fault::Crash(0), 0)],
        ),
    ];
    stories.into_iter().map(|(name, setting, cues)| history(name, setting, cues)).collect()
}

fn history(name: &str, setting: Setting, cues: &[Cue]) -> History {
    let event = |(at, fault, lasts): &Cue| Event {
        at: BEGIN + Duration::from_mins(*at),
        fault: *fault,
        lasts: Duration::from_mins(*lasts),
    };
    let events = cues.iter().map(event).collect();
    let calm = BEGIN + Duration::from_hours(1);
    History { name: name.to_owned(), seed: 1, setting, events, calm }
}
