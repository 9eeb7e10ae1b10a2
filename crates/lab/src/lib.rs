//! A simulated AWS at the wire: what the tests and the demo run Eden against. Never deployed.

mod background;
pub mod binaries;
pub mod clock;
pub mod example;
pub mod http;
mod in_process;
pub mod lab;
pub mod lambda;
pub mod math;
pub mod network;
pub mod pattern;
mod roles;
pub mod spec;
pub mod stage;
pub mod template;
pub mod traffic;
pub mod wire;
pub mod world;

pub use clock::Clock;
pub use lab::Lab;
pub use roles::RoleError;
pub use world::{World, WorldConfig};
