//! Notify: people by mail, machines by events. A channel that fails never prevents healing; it is
//! reported as a failure of its own.

mod audit;
mod mail;

pub use audit::audit;
pub use mail::{failure, healing, maintenance};
