//! What both Lambda functions share: observe, decide, act, report.
//!
//! ```text
//! trigger (a hint) -> observe (AWS -> facts) -> decide (eden-policy) -> act (plan -> AWS) -> report
//! ```
//!
//! Every invocation goes these five steps, whatever woke it, so lost, late, repeated and reordered
//! events are harmless: the event only says "look now". The handlers are plain functions over the
//! real AWS SDK clients, which is how Lambda, the tests and the lab run the same code.

pub mod act;
pub mod aws;
pub mod call_error;
pub mod claim;
pub mod edge;
pub mod error;
pub mod health_monitor;
pub mod https;
pub mod ip_updater;
pub mod lambda;
pub mod memory;
pub mod metrics;
pub mod network;
pub mod notify;
pub mod observe;
pub mod probe;
pub mod report;
pub mod routing;
pub mod telemetry;
pub mod web;

pub use aws::Aws;
pub use eden_input::{config, tags, trigger};
pub use edge::Edge;
pub use error::HandlerError;
pub use report::Report;
