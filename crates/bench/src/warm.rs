//! Warm processes: what an event costs one that has answered before.

use std::time::Duration;

use anyhow::Result;

use crate::figures::Warm;
use crate::ground::{Ground, Wire};
use crate::process::{cpu_time, peak_memory};
use crate::side::{Function, Programs, Side};
use crate::spread::{Pair, Spread};
use crate::subject::{Invoked, Subject};

/// One side's process and what its invocations cost.
struct Measured {
    subject: Subject,
    first: Invoked,
    invoked: Vec<Invoked>,
    cpu: Vec<Duration>,
    logged: usize,
}

/// Hands events to a process of each side in turn, so many to each.
///
/// # Errors
/// When one fails, or does not do its job.
pub async fn measure(
    programs: &Programs,
    ground: &Ground,
    (wire, tasks): (Wire, u32),
    function: Function,
    events: usize,
) -> Result<Warm> {
    let mut sides = Vec::new();
    for side in Side::BOTH {
        let mut subject = Subject::start(programs, ground, side, function).await?;
        let first = subject.invoke(ground).await?;
        // The second still fills pools and caches.
        subject.invoke(ground).await?;
        let logged = subject.logged();
        sides.push(Measured { subject, first, invoked: Vec::new(), cpu: Vec::new(), logged });
    }
    for _ in 0..events {
        for measured in &mut sides {
            let pid = measured.subject.pid()?;
            let before = cpu_time(pid)?;
            measured.invoked.push(measured.subject.invoke(ground).await?);
            measured.cpu.push(cpu_time(pid)?.saturating_sub(before));
        }
    }
    let peaks =
        sides.iter().map(|it| peak_memory(it.subject.pid()?)).collect::<Result<Vec<_>>>()?;
    let ms = |of: &dyn Fn(&Invoked) -> Option<Duration>| {
        pair(&sides, |it| Spread::of_ms(it.invoked.iter().filter_map(of)))
    };
    let most = |of: fn(&Invoked) -> usize| {
        let most = |it: &Measured| it.invoked.iter().map(of).max().unwrap_or_default();
        [most(&sides[0]), most(&sides[1])]
    };
    let peak = |index: usize| Spread::of([peaks[index] / 1e6]);
    Ok(Warm {
        function,
        wire,
        tasks,
        latency_ms: ground.latency().as_millis(),
        first_ms: pair(&sides, |it| Spread::of_ms([it.first.took])),
        answered_ms: ms(&|it| Some(it.took)),
        to_write_ms: (function == Function::IpUpdater).then(|| ms(&|it| it.to_write)),
        // Only latency tells calls in a row from calls at once.
        round_trips: (!ground.latency().is_zero()).then(|| most(|it| it.round_trips)),
        round_trips_to_write: (!ground.latency().is_zero() && function == Function::IpUpdater)
            .then(|| most(|it| it.round_trips_to_write)),
        calls: most(|it| it.calls),
        cpu_ms: pair(&sides, |it| Spread::of_ms(it.cpu.iter().copied())),
        peak_mb: Pair { eden: peak(0), baseline: peak(1) },
        logged_bytes: [0, 1].map(|index| {
            let Measured { subject, logged, .. } = &sides[index];
            (subject.logged() - logged) / events.max(1)
        }),
    })
}

fn pair(sides: &[Measured], of: impl Fn(&Measured) -> Spread) -> Pair {
    Pair { eden: of(&sides[0]), baseline: of(&sides[1]) }
}
