//! The classic mix does not drift: its seeds give the same histories byte for byte, so that figures
//! of years ago compare.

use std::fmt::Write as _;
use std::time::Duration;

use eden_simulation::{Event, History, Mix, Policy, Setting, play};

const HOUR: Duration = Duration::from_hours(1);

/// What is drawn: the setting by its members of today, so that a new one changes nothing here, and
/// each event.
fn drawn(history: &History) -> String {
    let Setting { desired, health_check, probes_path, health_check_grace, start_up, stop, .. } =
        &history.setting;
    let Setting { minimum_healthy_percent, circuit_breaker, breaker_rolls_back, .. } =
        &history.setting;
    let Setting { rollback, floor, budget, maintenance, auto_deploy, traffic, .. } =
        &history.setting;
    let mut text = format!(
        "{} {desired} {health_check} {probes_path} {health_check_grace:?} {start_up:?} {stop:?} \
         {minimum_healthy_percent} {circuit_breaker} {breaker_rolls_back} {rollback} {floor} \
         {budget} {maintenance} {auto_deploy} {traffic:?} until {:?}\n",
        history.name, history.calm
    );
    for Event { at, fault, lasts } in &history.events {
        let _ = writeln!(text, "{at:?} {fault:?} {lasts:?}");
    }
    text
}

/// FNV-1a, which stays the same in every version of Rust.
fn digest(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn the_classic_seeds_give_the_histories_that_they_always_gave() {
    let histories = |hours: u32| -> String {
        (1..=1000).map(|seed| drawn(&History::of_seed(Mix::Classic, seed, HOUR * hours))).collect()
    };
    assert_eq!(format!("{:#x}", digest(&histories(1))), "0x22502946c7916599");
    assert_eq!(format!("{:#x}", digest(&histories(3))), "0xe0c3daaee9bb3544");
}

/// A trace with its ids by the order in which they appear: which ids are drawn depends on how many events
/// the template's rules let through, and nothing that happens depends on them.
fn without_ids(trace: &str) -> String {
    let is_id = |word: &str| {
        let task = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        task || word.len() == 19 && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut ids: Vec<String> = Vec::new();
    let mut text = String::new();
    for word in trace.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let id = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if is_id(id) {
            let known = ids.iter().position(|known| known == id);
            let at = known.unwrap_or(ids.len());
            if known.is_none() {
                ids.push(id.to_owned());
            }
            let _ = write!(text, "#{at}{}", &word[id.len()..]);
        } else {
            text.push_str(word);
        }
    }
    text
}

#[test]
fn the_world_plays_the_classic_histories_as_it_always_did() {
    // Without a controller, which may learn.
    let traces: String = (1..=12)
        .flat_map(|seed| {
            let history = History::of_seed(Mix::Classic, seed, HOUR);
            let trace = play(&history, Policy::None, true).trace;
            let lines: Vec<_> = trace.iter().map(ToString::to_string).collect();
            [without_ids(&lines.join("\n")), "\n".to_owned()]
        })
        .collect();
    assert_eq!(format!("{:#x}", digest(&traces)), "0x9000bf8270c55db3");
}
