//! Cold starts: a process is started, asks for its first event, and answers it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use crate::figures::Cold;
use crate::ground::{Ground, Wire};
use crate::process::{cpu_time, peak_memory};
use crate::side::{Function, Programs, Side};
use crate::spread::{Pair, Spread};
use crate::subject::Subject;

/// A process that takes longer to ask for an event hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one start cost.
#[derive(Debug, Clone, Copy)]
struct Start {
    first_poll: Duration,
    answered: Duration,
    cpu_to_poll: Duration,
    cpu: Duration,
    peak: f64,
}

/// Starts both sides in turn, so many times each.
///
/// # Errors
/// When one fails, or does not do its job.
pub async fn measure(
    programs: &Programs,
    ground: &Ground,
    wire: Wire,
    function: Function,
    runs: usize,
) -> Result<Cold> {
    let mut starts = [Vec::new(), Vec::new()];
    // The first of each finds nothing in the system's caches.
    for run in 0..=runs {
        for (side, starts) in Side::BOTH.into_iter().zip(&mut starts) {
            let start = start(programs, ground, side, function).await?;
            if run > 0 {
                starts.push(start);
            }
        }
    }
    let ms = |of: fn(&Start) -> Duration| pair(&starts, |it| of(it).as_secs_f64() * 1e3);
    Ok(Cold {
        function,
        wire,
        latency_ms: ground.latency().as_millis(),
        first_poll_ms: ms(|it| it.first_poll),
        answered_ms: ms(|it| it.answered),
        cpu_to_poll_ms: ms(|it| it.cpu_to_poll),
        cpu_ms: ms(|it| it.cpu),
        peak_mb: pair(&starts, |it| it.peak / 1e6),
    })
}

fn pair(starts: &[Vec<Start>; 2], of: impl Fn(&Start) -> f64) -> Pair {
    let [eden, baseline] = starts.each_ref().map(|starts| Spread::of(starts.iter().map(&of)));
    Pair { eden, baseline }
}

/// The event waits for the process, as it does when Lambda starts one for it.
async fn start(
    programs: &Programs,
    ground: &Ground,
    side: Side,
    function: Function,
) -> Result<Start> {
    let mut subject = Subject::start(programs, ground, side, function).await?;
    let (pid, started) = (subject.pid()?, subject.started);
    let first_poll = subject.environment.first_poll();
    let polled = async {
        let at: Instant = tokio::time::timeout(PATIENCE, first_poll)
            .await
            .with_context(|| format!("{side:?}'s {function} does not ask for an event"))?;
        Ok::<_, anyhow::Error>((at, cpu_time(pid)?))
    };
    let (polled, invoked) = tokio::join!(polled, subject.invoke(ground));
    // What the process says about its failure tells more than that it did not ask.
    let invoked = invoked?;
    let (polled_at, cpu_to_poll) = polled?;
    Ok(Start {
        first_poll: polled_at - started,
        answered: invoked.at - started,
        cpu_to_poll,
        cpu: cpu_time(pid)?,
        peak: peak_memory(pid)?,
    })
}
