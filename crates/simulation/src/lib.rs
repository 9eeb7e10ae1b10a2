//! Eden through thousands of seeded histories of faults, in the simulated AWS: how much downtime it
//! saves, and that it never makes anything worse.
//!
//! A [`History`] is what befalls a service, drawn from one seed. [`play()`] plays it under a
//! [`Policy`] in virtual time, with the real AWS SDK in between, measures for how long requests
//! would have failed and checks the invariants at every step.

mod call;
mod clients;
mod ending;
mod fault;
mod hand;
mod history;
pub mod install;
mod laws;
mod liveness;
mod mix;
mod mutants;
mod named;
mod play;
mod policies;
pub mod reach;
mod record;
pub mod report;
mod reported;
mod runner;
mod script;
mod setting;
mod shown;
mod spans;
mod summary;
mod tap;
mod told;
mod watch;

pub use ending::Ending;
pub use fault::{FAULTS, Fault};
pub use history::{Event, History};
pub use mix::Mix;
pub use mutants::Mutant;
pub use named::named;
pub use play::{Played, play};
pub use policies::Policy;
pub use record::{About, Broken, Line};
pub use reported::Reported;
pub use runner::play_all;
pub use setting::{Application, Kind, Launch, Setting};
pub use spans::{Being, Span};
pub use summary::{Failure, OfFault, OfPolicy, Summary};
