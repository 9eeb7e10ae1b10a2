//! What comes from outside, parsed: the environment into typed settings, events into hints.
//!
//! Pure, and without the AWS SDK, so that it can be fuzzed.

pub mod config;
mod hints;
pub mod tags;
pub mod trigger;

pub use hints::Hints;
