//! The weather of the API: faults that meet any call by chance, for as long as it lasts.

use std::time::Duration;

use super::World;
use super::fault::FaultKind;

/// The chances, from 0 to 1, that a call meets a fault; at most one does. Whether AWS has such days
/// is not documented: the kinds of faults are those that its clients must expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Of [`FaultKind::Throttled`].
    pub throttled: f64,
    /// Of [`FaultKind::InternalError`].
    pub internal_error: f64,
    /// Of [`FaultKind::InternalErrorAfter`].
    pub internal_error_after: f64,
    /// Of [`FaultKind::ConnectionReset`].
    pub reset: f64,
    /// Of [`FaultKind::ConnectionResetAfter`].
    pub reset_after: f64,
    /// Of [`FaultKind::NoAnswer`].
    pub no_answer: f64,
    /// Of [`FaultKind::Partial`], of one thing; calls that ask for no list never meet it.
    pub partial: f64,
    /// Of [`FaultKind::Latency`].
    pub late: f64,
    /// The longest such latency.
    pub latency: Duration,
}

impl Weather {
    /// No call meets a fault by chance.
    pub const CLEAR: Self = Self::of(0.0);

    /// A call meets each kind of fault with this chance; answers are up to three seconds late.
    pub const fn of(chance: f64) -> Self {
        Self {
            throttled: chance,
            internal_error: chance,
            internal_error_after: chance,
            reset: chance,
            reset_after: chance,
            no_answer: chance,
            partial: chance,
            late: chance,
            latency: Duration::from_secs(3),
        }
    }
}

impl World {
    /// From now on, the weather is so, until it is set again. Faults that were injected come first.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// The fault that a call meets by chance; `lists` when its answer may be partial.
    pub(super) fn meet_weather(&mut self, lists: bool) -> Option<FaultKind> {
        let Weather { latency, .. } = self.weather;
        if self.weather == Weather::CLEAR {
            return None;
        }
        let late = FaultKind::Latency(latency.mul_f64(self.call_rng.f64()));
        let Weather { throttled, internal_error, internal_error_after, .. } = self.weather;
        let Weather { reset, reset_after, no_answer, partial, late: lateness, .. } = self.weather;
        let kinds = [
            (throttled, FaultKind::Throttled),
            (internal_error, FaultKind::InternalError),
            (internal_error_after, FaultKind::InternalErrorAfter),
            (reset, FaultKind::ConnectionReset),
            (reset_after, FaultKind::ConnectionResetAfter),
            (no_answer, FaultKind::NoAnswer),
            (lateness, late),
            (if lists { partial } else { 0.0 }, FaultKind::Partial(1)),
        ];
        let mut dice = self.call_rng.f64();
        kinds.into_iter().find_map(|(chance, kind)| {
            dice -= chance;
            (dice < 0.0).then_some(kind)
        })
    }
}
