//! Histories: what befalls the service when, drawn from one seed, the same under every policy.

use std::time::Duration;

use fastrand::Rng;

use crate::fault::Fault;
use crate::mix::Mix;
use crate::setting::Setting;

/// So long the service has for coming up before anything happens.
pub const BEGIN: Duration = Duration::from_mins(10);
/// So long nothing happens any more at the end.
pub const CALM: Duration = Duration::from_mins(75);

/// Something that befalls the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, since the world began.
    pub at: Duration,
    /// What.
    pub fault: Fault,
    /// For how long, where it has an end of its own.
    pub lasts: Duration,
}

/// What befalls a service over some hours: first a phase with faults, then a calm one.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Its name: the seed's, or that of a scripted one.
    pub name: String,
    /// Where everything random comes from.
    pub seed: u64,
    /// What it plays in.
    pub setting: Setting,
    /// What happens, in order of time.
    pub events: Vec<Event>,
    /// When the phase of faults ends, and all faults with it.
    pub calm: Duration,
}

impl History {
    /// The history that this mix has for a seed, with faults for so long.
    pub fn of_seed(mix: Mix, seed: u64, faults: Duration) -> Self {
        let mut rng = Rng::with_seed(seed);
        let setting = mix.setting(&mut rng);
        let calm = BEGIN + faults;
        let mut events: Vec<Event> = Vec::new();
        let mut at = BEGIN + Duration::from_secs(rng.u64(0..300));
        while at < calm {
            let (fault, lasts) = mix.fault(&mut rng, &setting, events.last());
            events.push(Event { at, fault, lasts });
            at += gap(&mut rng);
        }
        Self { name: format!("seed {seed}"), seed, setting, events, calm }
    }

    /// The same with an event bus that delivers each event once and at once; `None` when it has no
    /// other.
    pub fn with_a_reliable_bus(&self) -> Option<Self> {
        let mut other = self.clone();
        other.events.retain(|event| !matches!(event.fault, Fault::Bus(_)));
        (other.events.len() < self.events.len()).then_some(other)
    }

    /// When it ends.
    pub fn end(&self) -> Duration {
        self.calm + CALM
    }
}

pub(crate) fn seconds(rng: &mut Rng, of: std::ops::Range<u64>) -> Duration {
    Duration::from_secs(rng.u64(of))
}

pub(crate) fn minutes(rng: &mut Rng, of: std::ops::Range<u64>) -> Duration {
    Duration::from_secs(60 * rng.u64(of) + rng.u64(0..60))
}

/// Until the next fault: some come together, most find the service at rest.
fn gap(rng: &mut Rng) -> Duration {
    match rng.u32(0..10) {
        0..=1 => seconds(rng, 5..120),
        2..=5 => minutes(rng, 5..20),
        _ => minutes(rng, 20..50),
    }
}
