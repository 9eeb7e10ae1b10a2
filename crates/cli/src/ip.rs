//! `eden ip`: the public addresses of the running tasks.

use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::{Result, bail};
use eden_core::observe::{self, RouteFacts, Wanted};
use eden_input::Hints;
use eden_policy::Observed;
use serde::Serialize;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::settings;

/// A running task that can be reached from the internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Reached {
    task: String,
    address: IpAddr,
    port: u16,
}

/// Prints one address per line.
///
/// # Errors
/// When the settings, the tasks or their addresses could not be read.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    let config = settings::ip_updater(context).await?;
    let (aws, wanted) = (&context.edge.aws, [Wanted::Running]);
    let hints = Hints::default();
    let facts = observe::route(aws, &config.target, &config.gateway, &wanted, &hints).await;
    context.output.show(&addresses(facts)?, |addresses, _| lines(addresses))?;
    Ok(ExitStatus::Good)
}

fn addresses(facts: RouteFacts) -> Result<Vec<Reached>> {
    let tasks = match facts.tasks {
        Observed::Known(tasks) => tasks,
        Observed::Unknown(because) => bail!("could not read the tasks: {because}"),
    };
    let endpoints = match facts.route.endpoints {
        Observed::Known(endpoints) => endpoints,
        Observed::Unknown(because) => bail!("could not read the tasks' addresses: {because}"),
    };
    let running = tasks.iter().filter(|task| task.runs());
    Ok(running
        .filter_map(|task| {
            let endpoint = endpoints.get(&task.arn)?;
            let task = task.id().to_owned();
            Some(Reached { task, address: endpoint.ip(), port: endpoint.port() })
        })
        .collect())
}

fn lines(addresses: &[Reached]) -> String {
    addresses.iter().fold(String::new(), |mut text, it| {
        let _ = writeln!(text, "{}", it.address);
        text
    })
}
