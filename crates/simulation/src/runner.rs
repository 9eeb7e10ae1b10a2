//! Plays many histories at once, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::history::History;
use crate::play::{Played, play};
use crate::policies::Policy;
use crate::record::Broken;

/// Plays each history under each policy, and hands over what became of it in the order of the
/// histories.
///
/// # Panics
/// When a history panics.
pub fn play_all(
    histories: &[History],
    policies: &[Policy],
    mut took: impl FnMut(&History, Vec<Played>),
) {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(histories.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(history) = histories.get(index) else { return };
                    let played: Vec<_> =
                        policies.iter().map(|policy| played(history, *policy)).collect();
                    if done.send((index, played)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = std::collections::BTreeMap::new();
        let mut due = 0;
        for (index, played) in results {
            early.insert(index, played);
            while let Some(played) = early.remove(&due) {
                took(&histories[due], played);
                due += 1;
            }
        }
    });
}

/// Plays a history, and if its events were delivered badly once more with events that were not:
/// both have to end the same.
fn played(history: &History, policy: Policy) -> Played {
    let mut played = play(history, policy, false);
    if policy.is_eden()
        && let Some(other) = history.with_a_reliable_bus()
    {
        let ending = play(&other, policy, false).ending;
        if ending != played.ending {
            let at_ms = u64::try_from(history.end().as_millis()).unwrap_or(u64::MAX);
            let invariant = "repeats, delays and losses of events change nothing about the end";
            let text = format!("{:?}, and without them {ending:?}", played.ending);
            played.broken.push(Broken { at_ms, invariant, text });
        }
    }
    played
}
