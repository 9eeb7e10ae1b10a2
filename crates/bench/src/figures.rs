//! What a run measured.

use serde::Serialize;

use crate::ground::Wire;
use crate::machine::Machine;
use crate::side::Function;
use crate::spread::{Pair, Spread};

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// On what, and when.
    pub machine: Machine,
    /// Whether so few runs were made that the figures are only good to see that the bench works.
    pub quick: bool,
    /// The load when the run ended.
    pub load_at_end: f64,
    /// Cold starts.
    pub cold: Vec<Cold>,
    /// Events of warm processes.
    pub warm: Vec<Warm>,
    /// A call of AWS with latency, by a caller that computes nothing, in milliseconds.
    pub floor_ms: Spread,
    /// Sizes.
    pub sizes: Vec<Size>,
    /// Instructions; empty without valgrind.
    pub instructions: Vec<Instructions>,
    /// The simulation's speed.
    pub simulation: Simulation,
}

/// Processes that were started for an event.
#[derive(Debug, Clone, Serialize)]
pub struct Cold {
    /// The function.
    pub function: Function,
    /// How AWS was spoken to.
    pub wire: Wire,
    /// What was added to each call of AWS.
    pub latency_ms: u128,
    /// From the process's start until it asked for an event.
    pub first_poll_ms: Pair,
    /// From the process's start until it had answered one.
    pub answered_ms: Pair,
    /// Processor time until it asked for an event.
    pub cpu_to_poll_ms: Pair,
    /// Processor time until it had answered.
    pub cpu_ms: Pair,
    /// Peak resident memory.
    pub peak_mb: Pair,
}

/// Events that a process got which had answered before.
#[derive(Debug, Clone, Serialize)]
pub struct Warm {
    /// The function.
    pub function: Function,
    /// How AWS was spoken to.
    pub wire: Wire,
    /// How many tasks the service has.
    pub tasks: u32,
    /// What was added to each call of AWS.
    pub latency_ms: u128,
    /// The process's first event, from the event on.
    pub first_ms: Pair,
    /// From the event to its answer.
    pub answered_ms: Pair,
    /// From the event until the route was written; of ip-updater.
    pub to_write_ms: Option<Pair>,
    /// Eden's and the baseline's calls that waited for one another.
    pub round_trips: Option<[usize; 2]>,
    /// The same until the route was written; of ip-updater.
    pub round_trips_to_write: Option<[usize; 2]>,
    /// Eden's and the baseline's calls of AWS.
    pub calls: [usize; 2],
    /// Processor time of an event.
    pub cpu_ms: Pair,
    /// Peak resident memory after all events.
    pub peak_mb: Pair,
    /// What Eden and the baseline logged for an event.
    pub logged_bytes: [usize; 2],
}

/// How large a function is.
#[derive(Debug, Clone, Serialize)]
pub struct Size {
    /// The function.
    pub function: Function,
    /// The binary.
    pub binary_bytes: u64,
    /// The binary, zipped.
    pub zip_bytes: u64,
    /// The baseline's source, zipped.
    pub baseline_zip_bytes: u64,
}

/// How many instructions a function executes.
#[derive(Debug, Clone, Serialize)]
pub struct Instructions {
    /// The function.
    pub function: Function,
    /// Until it asks for an event.
    pub start: Spread,
    /// For one event, when it has answered before.
    pub event: Spread,
    /// The baseline's until it asks for an event.
    pub baseline_start: Spread,
    /// The baseline's for one event.
    pub baseline_event: Spread,
}

/// How fast the simulation plays.
#[derive(Debug, Clone, Serialize)]
pub struct Simulation {
    /// How many histories were played.
    pub histories: u32,
    /// Under how many policies each.
    pub policies: usize,
    /// How long that took.
    pub seconds: f64,
    /// Calls of AWS in a second.
    pub calls_per_second: f64,
    /// Simulated hours in a second.
    pub hours_per_second: f64,
}

impl Figures {
    /// The cold starts of one kind.
    pub fn cold(&self, function: Function, wire: Wire, latency_ms: u128) -> Option<&Cold> {
        let fits =
            |it: &&Cold| (it.function, it.wire, it.latency_ms) == (function, wire, latency_ms);
        self.cold.iter().find(fits)
    }

    /// The warm events of one kind.
    pub fn warm(
        &self,
        function: Function,
        wire: Wire,
        tasks: u32,
        latency_ms: u128,
    ) -> Option<&Warm> {
        let key = (function, wire, tasks, latency_ms);
        self.warm.iter().find(|it| (it.function, it.wire, it.tasks, it.latency_ms) == key)
    }
}
