//! `eden route`: where the gateway should lead.

use anyhow::Result;
use eden_core::ip_updater;
use eden_core::report::Report;
use eden_core::routing::Reconciler;
use eden_input::Hints;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::intent::Intent;
use crate::output::Table;
use crate::{settings, told};

/// Tells what ip-updater would write, or writes it if `apply`.
///
/// # Errors
/// When the settings could not be read.
pub async fn run(context: &Context, apply: bool) -> Result<ExitStatus> {
    let config = settings::ip_updater(context).await?;
    let edge = &context.edge;
    if apply {
        let trigger = "eden route --apply".to_owned();
        let request = context.request_id();
        let report = Report::new(ip_updater::NAME, &request, trigger, edge.aws.now());
        let hints = Hints::default();
        let ended = Box::pin(ip_updater::follow(&config, edge, &hints, None, report)).await;
        return told::show(context.output, ended);
    }
    let (target, people) = (&config.target, &config.people);
    let reconciler = Reconciler { edge, target, gateway: &config.gateway, people };
    let intent = Intent::from(Box::pin(reconciler.plan()).await);
    context.output.show(&intent, |intent, width| {
        let mut table = Table::bare();
        intent.tell(&mut table);
        table.text(0, width)
    })?;
    Ok(if intent.unread() { ExitStatus::Unknown } else { ExitStatus::Good })
}
