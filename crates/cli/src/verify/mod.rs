//! `eden verify`: is Eden installed as it should be, can it do its work, and is the service well?
//!
//! Each area has a module of its own, with what it reads of AWS as plain facts, and its checks, which
//! are pure functions of them. What could not be read is unknown, and unknown is not failed. What can be
//! checked before there is a stack is public: `eden init` checks it too.

mod alarms;
pub mod check;
mod dead_letters;
mod functions;
mod logs;
mod manual_test;
mod notify;
mod policy;
pub mod report;
pub mod route;
mod rules;
mod service;
pub mod tags;
mod topic;

use anyhow::Result;
use eden_core::config::HealthMonitorConfig;
use eden_core::health_monitor;
use eden_policy::Observed;

use crate::context::Context;
use crate::exit::ExitStatus;
use check::Check;
use report::Report;
use service::Looked;

/// Checks everything and prints the results; `invoke` also runs health-monitor by hand, and `notify`
/// tries out what tells people and what Eden notes.
///
/// # Errors
/// When stdout cannot be written. What could not be read is a result, not an error.
pub async fn run(context: &Context, invoke: bool, notify: bool) -> Result<ExitStatus> {
    let mut checks = Box::pin(read_and_check(context)).await;
    if notify {
        checks.extend(Box::pin(try_out(context)).await);
    }
    if invoke {
        checks.push(manual_test::check(&manual_test::read(context).await));
    }
    let report = Report::new(checks);
    context.output.show(&report, report::text)?;
    Ok(report.status())
}

/// In the order in which somebody would look for a fault: what wakes Eden, what it works on, whom it
/// tells.
async fn read_and_check(context: &Context) -> Vec<Check> {
    let functions = Box::pin(functions::read(context)).await;
    let settings = functions.health_monitor_settings();
    let (looked, rules, alarms, topic, queue, tags) = tokio::join!(
        look(context, settings.as_ref()),
        rules::read(context),
        alarms::read(context, settings.as_ref()),
        topic::read(context, settings.as_ref()),
        dead_letters::read(context),
        tags::read(context, settings.as_ref()),
    );
    let logs = Box::pin(logs::read(context, looked.as_ref().ok(), rules.every())).await;
    let mut checks = functions::checks(&functions);
    checks.extend(rules::checks(&rules, &functions));
    checks.extend(alarms::checks(&alarms));
    checks.extend(topic::checks(&topic));
    checks.extend(logs::checks(&logs));
    checks.push(service::check(looked.as_ref().map_err(String::as_str)));
    checks.extend(service::images(looked.as_ref().map_err(String::as_str)));
    checks.extend(route::checks(looked.as_ref().map_err(String::as_str)));
    checks.push(tags::check(&tags));
    checks.push(dead_letters::check(&queue));
    checks
}

/// The trials: people get a message and an alarm that say that they are a test.
async fn try_out(context: &Context) -> Vec<Check> {
    let settings = Box::pin(functions::read(context)).await.health_monitor_settings();
    let config = match &settings {
        Ok(config) => config,
        Err(why) => return vec![Check::new("trial", check::Outcome::unknown(why))],
    };
    let mut checks = notify::checks(&notify::try_out(context, config).await);
    if let Observed::Known(tags) = tags::read(context, Ok(config)).await {
        checks.push(tags::try_out(&context.edge.aws, &config.target, &tags.arn).await);
    }
    checks
}

/// What health-monitor would see now, or why nobody can tell.
async fn look(
    context: &Context,
    settings: Result<&HealthMonitorConfig, &String>,
) -> Result<Looked, String> {
    let config = settings.map_err(Clone::clone)?;
    let (facts, finding) = Box::pin(health_monitor::look(config, &context.edge)).await;
    let now = context.edge.aws.now();
    Ok(Looked { gateway: config.gateway.clone(), facts, finding, now })
}
