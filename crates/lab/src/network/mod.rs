//! The lab's network: tasks and a maintenance page as real listeners and the gateway as a real proxy,
//! on loopback only, and connections to tasks and to the web in virtual time.

mod application;
pub(crate) mod client;
mod connect;
mod gateway;
pub(crate) mod page;
pub(crate) mod server;
mod tasks;
#[cfg(test)]
mod tests;
mod web;

pub use gateway::Gateway;
pub use page::MaintenancePage;
pub use tasks::Network;
