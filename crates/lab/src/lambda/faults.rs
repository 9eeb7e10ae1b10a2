//! What goes wrong with invocations by chance.

use std::time::Duration;

use super::doom::{Doom, End};

/// The chances, from 0 to 1, that something goes wrong with an attempt at an invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvocationFaults {
    /// That its process dies ([`End::Crash`]).
    pub crash: f64,
    /// That it hangs until its time-out ([`End::Hang`]).
    pub hang: f64,
    /// Either happens before one of so many calls.
    pub calls: usize,
    /// That an asynchronous event reaches the function twice, with the same request id: Lambda's
    /// queue is consistent only eventually (Developer Guide, asynchronous invocation). That the id
    /// is the same is assumed.
    pub repeat: f64,
    /// The second one starts up to so much later.
    pub repeat_delay: Duration,
}

impl InvocationFaults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self::of(0.0);

    /// Each of them has this chance: within the first thirty calls, and within ten seconds.
    pub const fn of(chance: f64) -> Self {
        Self {
            crash: chance,
            hang: chance,
            calls: 30,
            repeat: chance,
            repeat_delay: Duration::from_secs(10),
        }
    }

    /// The doom of one attempt.
    pub(super) fn doom(&self, rng: &mut fastrand::Rng) -> Option<Doom> {
        let dice = rng.f64();
        let end = if dice < self.crash {
            End::Crash
        } else if dice < self.crash + self.hang {
            End::Hang
        } else {
            return None;
        };
        Some(Doom { end, before_call: rng.usize(1..=self.calls.max(1)) })
    }

    /// How much later an event comes once more, if it does.
    pub(super) fn repetition(&self, rng: &mut fastrand::Rng) -> Option<Duration> {
        (rng.f64() < self.repeat).then(|| self.repeat_delay.mul_f64(rng.f64()))
    }
}
