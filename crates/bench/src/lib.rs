//! Eden measured side by side with a plain Python pair that does the same job, in the simulated
//! AWS, on one machine, in one run. What `cargo xtask bench` runs.
//!
//! ```text
//! ground (AWS with a service) -> subject (a function's process) -> figures -> document
//! ```
//!
//! Both sides are started by the same Runtime API, get the same events and call the same simulated
//! AWS, in turn, so that whatever else the machine does disturbs both.

pub mod cold;
pub mod cost;
pub mod document;
pub mod figures;
pub mod floor;
pub mod ground;
pub mod instructions;
pub mod machine;
pub mod process;
pub mod promises;
pub mod run;
pub mod side;
pub mod simulation;
pub mod size;
pub mod spread;
pub mod subject;
pub mod tls;
pub mod warm;
