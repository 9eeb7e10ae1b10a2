//! The simulation itself: the same seed gives the same history, broken controllers are caught, and
//! nobody else is blamed.

use std::time::Duration;

use eden_simulation::{Event, Fault, History, Mutant, Played, Policy, Setting, play};

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

fn text(played: &Played) -> String {
    played.trace.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_same_seed_gives_the_same_history_byte_for_byte() {
    for seed in [1, 2] {
        let history = History::of_seed(seed, HOUR / 2);
        for policy in [Policy::Eden, Policy::Simple] {
            let (one, other) = (play(&history, policy, true), play(&history, policy, true));
            assert!(one.trace.len() > 50, "seed {seed}: {}", text(&one));
            assert_eq!(text(&one), text(&other), "seed {seed}");
            assert_eq!(one, other);
        }
    }
}

#[test]
fn a_trace_changes_nothing() {
    let history = History::of_seed(3, HOUR / 2);
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
    let rest = (history.end() - Duration::from_mins(20)).as_secs_f64();
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
