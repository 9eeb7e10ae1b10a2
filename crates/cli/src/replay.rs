//! `eden replay`: an event, handled here as the function would.

use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, Result, bail};
use eden_core::trigger::Trigger;
use eden_core::{health_monitor, ip_updater};
use serde_json::Value;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::{settings, told};

/// Runs the handler that the event is for, with the deployed function's settings. It acts.
///
/// # Errors
/// When the file holds no event of either function, or the settings could not be read.
pub async fn run(context: &Context, file: &Path) -> Result<ExitStatus> {
    let event = read(file).with_context(|| format!("cannot replay {}", file.display()))?;
    let trigger = Trigger::parse(&event)?;
    let invocation = context.invocation(event);
    let edge = &context.edge;
    let ended = match trigger {
        Trigger::Task(_) => {
            let config = settings::ip_updater(context).await?;
            Box::pin(ip_updater::handle(&config, edge, &invocation)).await
        }
        Trigger::Alarm { .. } | Trigger::Schedule | Trigger::Manual => {
            let config = settings::health_monitor(context).await?;
            Box::pin(health_monitor::handle(&config, edge, &invocation)).await
        }
        Trigger::Other(what) => bail!(
            "no function handles {what}: ip-updater takes ECS Task State Change, health-monitor \
             CloudWatch Alarm State Change, Scheduled Event and {{}}"
        ),
    };
    told::show(context.output, ended)
}

fn read(file: &Path) -> Result<Value> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        text
    } else {
        fs::read_to_string(file)?
    };
    Ok(serde_json::from_str(&text)?)
}
