//! Step 3: the deployed functions take every event; they move the route and heal the service.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::http::{self, HttpFace};
use eden_lab::stage::Account;
use eden_lab::traffic::Traffic;
use serde_json::{Value, json};

use super::cloud::Cloud;
use super::events::{self, Event, FUNCTIONS, Function};
use super::folder;
use super::report::{Failed, Report};

/// The lab's minute is a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests in a row that must succeed before the route counts as working.
const FLOWING: usize = 10;

/// Invokes both functions with every event, then lets the service be healed.
pub async fn with_deployed_functions(report: &mut Report, cloud: &Cloud) -> Result<(), Failed> {
    report.step("3  invoke");
    let connecting = connect(cloud);
    let _faces = report.check("the functions reach ECS and EC2 in the lab", connecting).await?;
    let queue = report.check("an SQS queue subscribes to the topic", subscribe(cloud)).await?;
    report.check("the service runs a task", task_runs(&cloud.account)).await?;
    let [ip_updater, health_monitor] = FUNCTIONS;
    let all = report.check("events/ is read", async { events::all() }).await?;
    for function in [ip_updater, health_monitor] {
        for event in &all {
            let name = format!("{} takes {}", function.name, event.name);
            report.check(&name, take(cloud, function, event)).await?;
        }
    }
    let url = format!("{}/orders/42", cloud.ministack.api_url(&cloud.api));
    report.check("the HTTP API serves from the live task", serves(&url)).await?;
    let healing = restore(cloud, health_monitor);
    report.check("health-monitor restores a service scaled to zero", healing).await?;
    report.check("its message arrives at the subscriber", message(cloud, &queue)).await?;
    report.check("the service runs a task again", task_runs(&cloud.account)).await?;
    let moving = moves(cloud, ip_updater);
    report.check("ip-updater moves the route to the new task", moving).await?;
    report.check("the HTTP API serves from the new task", serves(&url)).await?;
    let within = within_roles(&cloud.account);
    report.check("the lab denied no call of either role", within).await
}

/// Gives each function the lab's endpoint, which Lambda knows nothing of. Each has an endpoint of
/// its own: by it the lab tells their roles apart, and denies what the template does not allow.
async fn connect(cloud: &Cloud) -> Result<Vec<HttpFace>> {
    let mut faces = Vec::new();
    for function in &cloud.expected.functions {
        let mut variables: BTreeMap<&str, &str> =
            function.environment.iter().map(|(name, value)| (name.as_str(), &**value)).collect();
        let any_port = (Ipv4Addr::LOCALHOST, 0).into();
        let face = http::serve_one(&cloud.account.lab, any_port, &function.name).await?;
        let (lab, others) = (face.url(), cloud.ministack.url());
        variables.extend([
            ("AWS_ENDPOINT_URL", &*others),
            ("AWS_ENDPOINT_URL_ECS", &lab),
            ("AWS_ENDPOINT_URL_EC2", &lab),
        ]);
        let environment = json!({ "Variables": variables }).to_string();
        let update = ["lambda", "update-function-configuration", "--function-name"];
        let update = [&update[..], &[&function.name, "--environment", &environment]].concat();
        cloud.ministack.aws(&update).await?;
        faces.push(face);
    }
    Ok(faces)
}

/// Each function has called the lab under its own name, and its role allowed every call.
pub async fn within_roles(account: &Account) -> Result<()> {
    let world = account.lab.world();
    for function in FUNCTIONS {
        let mut calls = world.calls().iter().filter(|call| call.access_key == function.name);
        ensure!(calls.clone().next().is_some(), "{} has called nothing", function.name);
        if let Some(denied) = calls.find(|call| call.denied) {
            bail!("{} may not do this: {denied:?}", function.name);
        }
    }
    Ok(())
}

/// A queue that gets what the topic sends; its URL.
async fn subscribe(cloud: &Cloud) -> Result<String> {
    let name = "notifications";
    let made = cloud.ministack.aws(&["sqs", "create-queue", "--queue-name", name]).await?;
    let topic = cloud.expected.topics.first().context("the template has no topic")?;
    let queue = cloud.arn("sqs", name);
    let subscribe = ["sns", "subscribe", "--protocol", "sqs", "--topic-arn", topic];
    let subscribe = [&subscribe[..], &["--notification-endpoint", &queue]].concat();
    cloud.ministack.aws(&subscribe).await?;
    Ok(made["QueueUrl"].as_str().context("the queue has no URL")?.to_owned())
}

/// Waits until the lab's service is as it should be.
pub async fn task_runs(account: &Account) -> Result<()> {
    let runs = account.lab.until(PATIENCE * 60, |world| {
        world.tasks(CLUSTER, SERVICE).iter().any(|task| task.is_ready())
    });
    match tokio::time::timeout(PATIENCE, runs).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => {
            bail!("no task of {SERVICE} runs after {} s", PATIENCE.as_secs())
        }
    }
}

async fn take(cloud: &Cloud, function: Function, event: &Event) -> Result<()> {
    let response = invoke(cloud, function, event).await?;
    function.judge(event, &response)
}

/// Invokes a function and waits for its response, which is no error.
async fn invoke(cloud: &Cloud, function: Function, event: &Event) -> Result<Value> {
    let payload = format!("fileb://{}", event.path.display());
    let response = folder().join("response.json");
    let to = response.to_string_lossy();
    let invoke = ["lambda", "invoke", "--function-name", function.name, "--payload", &payload];
    let invoked = cloud.ministack.aws(&[&invoke[..], &["--", &to]].concat()).await?;
    let text = fs::read_to_string(&response).context("the response was not written")?;
    ensure!(invoked.get("FunctionError").is_none_or(Value::is_null), "it failed: {text}");
    serde_json::from_str(&text).with_context(|| format!("it answered {text}"))
}

/// Whether requests come through, one after the other.
pub async fn serves(url: &str) -> Result<()> {
    let traffic = Traffic::start(url, Duration::from_millis(100))?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while traffic.since(Duration::ZERO).successes_in_a_row < FLOWING {
        let last = traffic.outcomes().last().copied();
        ensure!(tokio::time::Instant::now() < deadline, "{url} does not serve: {last:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn restore(cloud: &Cloud, health_monitor: Function) -> Result<()> {
    let lab = &cloud.account.lab;
    lab.world().set_desired_count(CLUSTER, SERVICE, 0)?;
    let response = invoke(cloud, health_monitor, &Event::named("scheduled")).await?;
    let actions = events::actions(&response);
    // With a task on its way nothing is parked yet.
    ensure!(actions == ["restore_desired_count"], "it answered {response}");
    let desired = lab.world().service(CLUSTER, SERVICE).map(|service| service.desired_count);
    ensure!(desired == Some(1), "the desired count is {desired:?}");
    Ok(())
}

/// Waits for the mail about the restored service; the queue also holds those of before.
async fn message(cloud: &Cloud, queue: &str) -> Result<()> {
    let receive = ["sqs", "receive-message", "--wait-time-seconds", "5", "--queue-url", queue];
    let receive = [&receive[..], &["--max-number-of-messages", "10"]].concat();
    let mut seen = Vec::new();
    for _ in 0..6 {
        let answer = cloud.ministack.aws(&receive).await?;
        for message in answer["Messages"].as_array().into_iter().flatten() {
            let body = message["Body"].as_str().unwrap_or_default();
            let notification: Value = serde_json::from_str(body).context("no SNS notification")?;
            let text = notification["Message"].as_str().unwrap_or_default();
            if text.contains("desired count") {
                return Ok(());
            }
            seen.push(text.to_owned());
        }
    }
    bail!("no message tells of the desired count; there were {seen:?}")
}

async fn moves(cloud: &Cloud, ip_updater: Function) -> Result<()> {
    let response = invoke(cloud, ip_updater, &Event::named("ecs-task-running")).await?;
    let actions = events::actions(&response);
    ensure!(actions == ["point_integration"], "it answered {response}");
    Ok(())
}
