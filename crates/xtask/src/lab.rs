//! `cargo xtask lab`: the simulated AWS over HTTP, for SDKs, the AWS CLI and curl.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use eden_lab::WorldConfig;
use eden_lab::example::{Example, HEALTH_MONITOR};
use eden_lab::stage::Account;
use eden_lab::world::ApiKind;
use jiff::Timestamp;

/// The kind of the account's API, in the words of the stack's parameter `ApiType`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ApiType {
    /// An HTTP API
    Http,
    /// A REST API
    Rest,
}

/// Serves until the process is stopped.
///
/// # Errors
/// When the port cannot be bound.
#[tokio::main]
pub async fn run(port: u16, seed: u64, api_type: ApiType) -> Result<()> {
    let mut example = Example::new(WorldConfig::new(seed, now()));
    example.api_kind = match api_type {
        ApiType::Http => ApiKind::Http,
        ApiType::Rest => ApiKind::Rest,
    };
    let account = Account::open(&example, port)
        .await
        .with_context(|| format!("cannot listen on {}:{port}", Ipv4Addr::LOCALHOST))?;
    let stack = example.stack(&account.gateway.url())?;
    account.lab.world().install(&stack);
    let monitor = stack.function(HEALTH_MONITOR).context("the template has no health-monitor")?;
    describe(&account, api_type, &monitor.environment);
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

/// The wall clock: the lab's SDK clients live outside of it.
#[expect(clippy::disallowed_methods, reason = "the edge: real clients sign with real time")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Prints lines that a shell understands, and comments for people.
fn describe(account: &Account, api_type: ApiType, settings: &BTreeMap<String, String>) {
    anstream::println!("# A simulated AWS at its real speed; Ctrl-C stops it.");
    anstream::println!("# Point an SDK or the AWS CLI at it:");
    for (name, value) in account.environment() {
        anstream::println!("export {name}={value}");
    }
    anstream::println!("# Or have a look at it with eden: cargo run --bin eden -- status");
    let page = account.maintenance_page.url();
    anstream::println!("# A page for MAINTENANCE_URL: {page}");
    let api = match api_type {
        ApiType::Http => "an HTTP API",
        ApiType::Rest => "a REST API",
    };
    anstream::println!("# One service behind {api}. What template.yaml sets for the functions:");
    for (name, value) in settings {
        anstream::println!("export {name}={value}");
    }
}
