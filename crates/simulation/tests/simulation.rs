//! The simulation itself: the same seed gives the same history, broken controllers are caught, and
//! nobody else is blamed.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use eden_lab::world::DeliveryFaults;
use eden_simulation::{
    Event, Fault, History, Mix, Mutant, Played, Policy, Reported, Setting, named, play, reach,
};

const HOUR: Duration = Duration::from_hours(1);

/// A calm life that these faults, each at its minute, befall.
fn story(setting: Setting, faults: &[(u64, Fault, u64)]) -> History {
    let minutes = |minutes: u64| Duration::from_mins(minutes);
    let events = faults.iter().map(|(at, fault, lasts)| Event {
        at: minutes(*at),
        fault: *fault,
        lasts: minutes(*lasts),
    });
    let events: Vec<_> = events.collect();
    History { name: "a story".to_owned(), seed: 7, setting, events, calm: minutes(60) }
}

/// Plays these seeds, half an hour of faults each, in this order.
fn played(seeds: impl Iterator<Item = u64>) -> BTreeMap<(u64, Policy), Played> {
    let histories = seeds.map(|seed| History::of_seed(Mix::Reality, seed, HOUR / 2));
    let under = |history: History| {
        [Policy::Eden, Policy::Simple].map(|it| ((history.seed, it), play(&history, it, true)))
    };
    histories.flat_map(under).collect()
}

#[test]
fn the_same_seed_gives_the_same_history_byte_for_byte() {
    // What was played before on the same thread, and what is played on another one, is no part of
    // a history.
    let (there, back) = thread::scope(|scope| {
        let there = scope.spawn(|| played(1..=20));
        let back = scope.spawn(|| played((1..=20).rev()));
        (there.join().expect("played"), back.join().expect("played"))
    });
    // In a few of them hardly anything happens.
    let lines: usize = there.values().map(|one| one.trace.len()).sum();
    assert!(lines > 50 * there.len(), "{lines} lines of {} histories", there.len());
    for (of, one) in &there {
        let other = &back[of];
        let differs = one.trace.iter().zip(&other.trace).find(|(one, other)| one != other);
        if let Some((one, other)) = differs {
            panic!("{of:?} differs:\n{one}\n{other}");
        }
        assert_eq!(one, other);
    }
}

#[test]
fn a_trace_changes_nothing() {
    let history = History::of_seed(Mix::Reality, 3, HOUR / 2);
    let traced = play(&history, Policy::Eden, true);
    let silent = play(&history, Policy::Eden, false);
    assert_eq!(Played { trace: Vec::new(), spans: Vec::new(), ..traced }, silent);
}

#[test]
fn a_crash_of_the_only_task_is_an_outage_for_ecs_alone_and_a_task_start_for_eden() {
    let history = story(Setting::usual(), &[(20, Fault::Crash(0), 0)]);

    let [none, eden, oracle] =
        [Policy::None, Policy::Eden, Policy::Oracle].map(|policy| play(&history, policy, false));

    assert!((30.0..60.0).contains(&eden.downtime_s), "{eden:?}");
    assert!(oracle.downtime_s <= eden.downtime_s, "{oracle:?}");
    let rest = history.end().saturating_sub(Duration::from_mins(20)).as_secs_f64();
    assert!((none.downtime_s - rest).abs() < 1.0, "nobody moves the route: {none:?}");
    assert_eq!(eden.broken, []);
}

#[test]
fn without_faults_nothing_is_done_and_nothing_fails() {
    let history = story(Setting::usual(), &[]);
    for policy in Policy::ALL {
        let played = play(&history, policy, false);
        assert_eq!((played.downtime_s, played.actions.len()), (0.0, 0), "{played:?}");
        assert_eq!(played.broken, []);
    }
}

/// The mix in which each is caught, and where in the row of seeds to begin looking: from there it is
/// caught in one of a thousand.
const MUTANTS: [(Mutant, Mix, u64); 6] = [
    (Mutant::IgnoresTheBudget, Mix::Classic, 35),
    (Mutant::TakesUnknownForSick, Mix::Classic, 21),
    (Mutant::NeverVerifies, Mix::Classic, 1),
    (Mutant::StopsTheWrongTask, Mix::Classic, 1),
    (Mutant::BlamesTasks, Mix::Reality, 1),
    (Mutant::HoldsEverything, Mix::Reality, 1),
];

#[test]
fn broken_controllers_are_caught_by_an_invariant_within_a_thousand_seeds() {
    for (mutant, mix, first) in MUTANTS {
        let caught = (first..first + 1000).find_map(|seed| {
            let history = History::of_seed(mix, seed, 3 * HOUR);
            let broken = play(&history, Policy::Mutant(mutant), false).broken;
            (!broken.is_empty()).then_some((history, broken))
        });
        let (history, broken) = caught.unwrap_or_else(|| panic!("{} is not caught", mutant.name()));
        println!("{} is caught by {broken:?} of {}", mutant.name(), history.name);
        assert_eq!(play(&history, Policy::Eden, false).broken, [], "{}", history.name);
    }
}

/// Which invariants a mutant breaks in this story, which Eden plays without breaking any.
fn broken_by(mutant: Mutant, history: &History) -> Vec<&'static str> {
    assert_eq!(play(history, Policy::Eden, false).broken, []);
    let broken = play(history, Policy::Mutant(mutant), false).broken;
    broken.iter().map(|broken| broken.invariant).collect()
}

#[test]
fn a_healer_that_holds_everything_is_caught_by_what_lasts() {
    let three = || Setting { desired: 3, health_check: false, ..Setting::usual() };
    for (fault, invariant) in [
        (Fault::EditRoute, "the route does not stay where nobody answers"),
        (Fault::Hang(1), "a sick task beside others does not stay"),
        (Fault::HangAll, "a service of which no task answers is deployed again"),
        (Fault::ScaleToZero, "the desired count does not stay below the floor"),
    ] {
        let lasts = if fault == Fault::ScaleToZero { 30 } else { 0 };
        let history = story(three(), &[(20, fault, lasts)]);
        let broken = broken_by(Mutant::HoldsEverything, &history);
        assert!(broken.contains(&invariant), "{fault}: {broken:?}");
    }
}

#[test]
fn a_healer_that_blames_tasks_for_the_gateway_is_caught() {
    let refused = Fault::Reported(Reported::Refused(500));
    let history = story(Setting::usual(), &[(20, refused, 30)]);
    let broken = broken_by(Mutant::BlamesTasks, &history);
    let invariant = "nothing is deployed again while its tasks answer well";
    assert!(broken.contains(&invariant), "{broken:?}");
}

#[test]
fn what_fails_before_the_tasks_is_nobodys_downtime() {
    let refused = Fault::Reported(Reported::Refused(500));
    let history = story(Setting::usual(), &[(20, refused, 30)]);
    for policy in Policy::ALL {
        let played = play(&history, policy, false);
        assert!(played.downtime_s.abs() < f64::EPSILON, "{policy}: {} s", played.downtime_s);
    }
}

#[test]
fn a_mix_is_known_by_its_name() {
    for mix in Mix::ALL {
        assert_eq!(mix.name().parse(), Ok(mix));
    }
    assert_eq!("other".parse::<Mix>(), Err("accepted: classic, reality".to_owned()));
}

#[test]
fn events_that_come_twice_late_or_never_change_nothing_about_the_end() {
    let bus = DeliveryFaults { copies: 3, repeat: 0.0, delay: Duration::from_mins(2), loss: 0.4 };
    let faults = [
        (10, Fault::Bus(bus), 50),
        (15, Fault::Crash(0), 0),
        (25, Fault::Deploy, 0),
        (40, Fault::EditRoute, 0),
    ];
    let history = story(Setting { desired: 2, ..Setting::usual() }, &faults);
    let other = history.with_a_reliable_bus().expect("its bus is not reliable");

    let (one, other) = (play(&history, Policy::Eden, false), play(&other, Policy::Eden, false));

    assert_eq!(one.ending, other.ending);
    assert!(one.ending.serving && one.ending.ready == 2, "{:?}", one.ending);
    assert_eq!((one.broken, other.broken), (Vec::new(), Vec::new()));
}

#[test]
fn the_named_histories_break_no_invariant() {
    for history in named() {
        let played = play(&history, Policy::Eden, false);
        assert_eq!(played.broken, [], "{}", history.name);
    }
}

#[test]
fn what_has_to_be_reached_is_what_the_documents_list() {
    let operations = include_str!("../../../docs/operations.md");
    let (_, rest) = operations.split_once("## Why it did not act").expect("the section");
    let section = rest.split("\n## ").next().expect("a section has a text");
    let documented = section.lines().filter_map(|line| {
        line.strip_prefix("| `")?.split_once('`').map(|(name, _)| format!("hold: {name}"))
    });
    let known = |name: &String| {
        let exempt = reach::EXEMPT.iter().any(|(it, _)| it == name);
        exempt || reach::HOLDS.iter().any(|it| *name == format!("hold: {it}"))
    };
    let documented: Vec<_> = documented.filter(|name| name != "hold: reason").collect();
    assert!(documented.len() > 30, "{documented:?}");
    let unknown: Vec<_> = documented.into_iter().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "neither to be reached nor exempt: {unknown:?}");
}

#[test]
fn what_never_occurred_is_told() {
    let seen = [("diagnosis: healthy".to_owned(), 1)].into();
    let unreached = reach::unreached(Mix::Reality, &seen);
    assert!(!unreached.contains(&"diagnosis: healthy".to_owned()));
    assert!(unreached.contains(&"remedy: stop_task".to_owned()), "{unreached:?}");
    assert!(unreached.contains(&"fault: crash loop".to_owned()), "{unreached:?}");
}
