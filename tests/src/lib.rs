//! What the tests share: the samples, Eden installed in a simulated AWS, and its permissions.

pub mod by_hand;
pub mod permissions;
pub mod rig;
mod samples;

pub use samples::sample;
