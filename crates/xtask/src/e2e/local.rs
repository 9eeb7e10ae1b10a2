//! Step 6: `sam local invoke` of both functions with every event, in Docker, against the lab.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
use eden_lab::example::{API, PROXY_INTEGRATION, ROOT_INTEGRATION};
use eden_lab::http::{self, HttpFace};
use eden_lab::stage::Account;
use serde_json::Value;

use super::cloud::example;
use super::docker::{self, BaseImage, Network};
use super::events::{self, Event, FUNCTIONS, Function};
use super::heal::{serves, task_runs, within_roles};
use super::ministack::away_from_aws;
use super::report::{Failed, Report};
use super::tool;
use crate::built;
use crate::tools::Tools;
use crate::workspace::root;

/// The built template with one variable more; beside it, so that its paths hold. In JSON, in which
/// `on` can be nothing but text.
const TEMPLATE: &str = ".aws-sam/build/e2e-local.json";
/// What docs/troubleshooting.md tells users to give to `sam local invoke`.
const VARIABLES: &str = "tools/local-env.json";

/// Where and how the functions run.
struct Local {
    account: Account,
    image: &'static str,
    network: Network,
    // Listens as long as this is there.
    _face: Option<HttpFace>,
}

/// Invokes both functions in containers; skipped where there is no Docker.
pub async fn invoke_in_docker(report: &mut Report, image: BaseImage) -> Result<(), Failed> {
    report.step("6  sam local invoke");
    if !docker::is_there() {
        report.skip("sam local invoke", "no Docker daemon answers `docker info`");
        return Ok(());
    }
    let image = report.check("the Lambda base image", image.provide()).await?;
    let local = report.check("a lab that containers reach", open(image)).await?;
    report.check("the service runs a task", task_runs(&local.account)).await?;
    let all = report.check("events/ is read", async { events::all() }).await?;
    for function in FUNCTIONS {
        for event in &all {
            let name = format!("sam local invoke {} with {}", function.logical_id, event.name);
            let take = async {
                let response = local.invoke(function, event).await?;
                function.judge(event, &response)
            };
            report.check(&name, take).await?;
        }
    }
    let url = format!("{}/orders/42", local.account.gateway.url());
    report.check("the lab's HTTP API serves from the live task", serves(&url)).await?;
    report.check("the lab denied no call of either role", within_roles(&local.account)).await
}

/// An account of its own, with the roles and the alarm of the stack.
async fn open(image: &'static str) -> Result<Local> {
    let example = example(1);
    let account = Account::open(&example, 0).await.context("cannot open the lab")?;
    let stack = example.stack(&account.gateway.url())?;
    account.lab.world().install(&stack);
    account.lab.world().install_roles(&stack)?;
    let network = Network::make().await?;
    let gateway: IpAddr = network.gateway.parse()?;
    // Docker on this machine shows it at the network's gateway. Docker in a virtual machine has
    // that address to itself, and a name for this machine's loopback.
    let (face, url) = match http::serve(&account.lab, SocketAddr::from((gateway, 0))).await {
        Ok(face) => {
            let url = face.url();
            (Some(face), url)
        }
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
            let port = account.face.address().port();
            (None, format!("http://host.docker.internal:{port}"))
        }
        Err(error) => return Err(error).context("cannot listen for containers"),
    };
    write_template(&url)?;
    Ok(Local { account, image, network, _face: face })
}

/// `sam local` passes only variables that the template declares.
fn write_template(endpoint: &str) -> Result<()> {
    let text = fs::read_to_string(root().join(built::TEMPLATE)).context("there is no build")?;
    let mut template: Value = serde_yaml_ng::from_str(&text).context(built::TEMPLATE)?;
    let variables = template
        .pointer_mut("/Globals/Function/Environment/Variables")
        .and_then(Value::as_object_mut)
        .context("the template has no variables for all functions")?;
    variables.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.into());
    fs::write(root().join(TEMPLATE), template.to_string())?;
    Ok(())
}

impl Local {
    async fn invoke(&self, function: Function, event: &Event) -> Result<Value> {
        let mut command = Tools::Sam.tool("sam")?;
        away_from_aws(&mut command);
        command
            .args(["local", "invoke", function.logical_id, "--template", TEMPLATE])
            .args(["--invoke-image", self.image, "--skip-pull-image", "--env-vars", VARIABLES])
            .args(["--docker-network", &self.network.name, "--event"])
            .arg(&event.path)
            .arg("--parameter-overrides")
            .arg(format!("APIGatewayId={API}"))
            .arg(format!("APIGatewayIntegrationId={ROOT_INTEGRATION},{PROXY_INTEGRATION}"))
            .arg(format!("APIGatewayURL={}", self.account.gateway.url()))
            // By this the lab knows the function's role.
            .env("AWS_ACCESS_KEY_ID", function.name);
        // A function that fails is no failure of SAM's.
        let said = tool::run(command).await?;
        // The response is the last line; what the function logs goes elsewhere.
        let line = said.stdout.trim_end().lines().last().unwrap_or_default();
        let response: Value = serde_json::from_str(line).with_context(|| said.end())?;
        ensure!(response.get("errorType").is_none(), "it failed: {}", said.end());
        Ok(response)
    }
}
