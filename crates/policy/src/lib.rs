//! Facts in, plan out: every decision Eden makes, as data and pure functions.
//!
//! Nothing here can reach AWS, a clock, the environment or a random number: the crate depends on
//! none of them. The same [`facts`] and [`Limits`] at the same time give the same [`Plan`].
//!
//! - [`facts`]: what was observed, with [`Observed::Unknown`] for what could not be read;
//! - [`route`]: which task the gateway should lead to, and what must be written for that;
//! - [`evidence`]: what a diagnosis rests on;
//! - [`health`]: whether the service is sick, and which remedy fits;
//! - [`plan`]: the steps to take and the reasons for those not taken;
//! - [`manner`]: how the gateway asks a task, which a probe does likewise;
//! - [`limits`]: what holds remedies back;
//! - [`redact`]: texts without the credentials of the URIs in them;
//! - [`mode`]: whether people want anything done at all.

pub mod evidence;
pub mod facts;
pub mod health;
pub mod limits;
pub mod manner;
pub mod mode;
pub mod plan;
pub mod redact;
pub mod route;
pub mod uri;

pub use evidence::Evidence;
pub use facts::{Facts, Observed};
pub use limits::{Limits, Maintenance, Routing};
pub use manner::Manner;
pub use mode::Mode;
pub use plan::{Diagnosis, Hold, Plan, Step};
