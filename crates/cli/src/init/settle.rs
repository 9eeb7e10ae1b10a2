//! From what there is to what is wanted: by an option, because it is certain, or by a question.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Result, anyhow, bail, ensure};
use eden_core::config::IpUpdaterConfig;
use eden_core::observe::{self, RouteFacts, Wanted};
use eden_input::Hints;
use eden_policy::Observed;

use super::ask::Asker;
use super::facts::Service;
use super::parameters::Values;
use super::plan::{self, HEALTH_PATHS, Proposal};
use super::questions::{API, EMAIL, HEALTH_PATH, NONE, PORT, Question, SERVICE};
use super::routes::{Asked, Candidate, candidates};
use super::{probing, read};
use crate::arguments::{Architecture, InitOptions, StackOptions};
use crate::context::Context;
use crate::output::{self, DIM};

/// What is wanted, and what there is of it.
#[derive(Debug)]
pub struct Settled {
    /// The values of the parameters.
    pub values: Values,
    /// The settings that the functions get.
    pub config: IpUpdaterConfig,
    /// The tasks, the integrations and the stages.
    pub facts: RouteFacts,
}

/// What every step needs.
struct Settling<'a> {
    context: &'a Context,
    options: &'a InitOptions,
    asker: Asker,
    /// The parameters that the file has.
    present: &'a Values,
    values: Values,
}

/// Settles everything.
///
/// # Errors
/// When something cannot be read, does not fit, or nobody can be asked.
pub async fn settle(
    context: &Context,
    stack: &StackOptions,
    options: &InitOptions,
    asker: Asker,
    present: &Values,
) -> Result<Settled> {
    let values = names(stack, present)?;
    let mut it = Settling { context, options, asker, present, values };
    let service = Box::pin(it.service()).await?;
    let ports = match read::ports(context, &service).await {
        Observed::Known(ports) => ports,
        Observed::Unknown(why) => {
            output::remark(&format!("{DIM}{why}{DIM:#}"));
            Vec::new()
        }
    };
    let candidate = Box::pin(it.route(&ports)).await?;
    it.port(&ports, &candidate)?;
    let config = it.values.settings(present)?;
    let facts = Box::pin(it.look(&config)).await;
    Box::pin(it.health_path(&config, &facts)).await?;
    it.email()?;
    it.architecture();
    let config = it.values.settings(present)?;
    Ok(Settled { values: it.values, config, facts })
}

/// The names that the stack's resources begin with: given, or the file's, or the template's.
fn names(stack: &StackOptions, present: &Values) -> Result<Values> {
    let mut values = Values::default();
    for (name, option, given, default, most) in [
        ("Environment", "--env", &stack.env, "prod", 15),
        ("AppName", "--app", &stack.app, "eden", 20),
    ] {
        let value = given.as_deref().or_else(|| present.get(name)).unwrap_or(default);
        ensure!(
            plan::is_prefix(value, most) && value != "aws",
            "{option} {value:?} is not 1 to {most} small letters, digits and hyphens, a letter first, \
             and not aws"
        );
        values.set(name, value);
    }
    Ok(values)
}

impl Settling<'_> {
    async fn service(&mut self) -> Result<Service> {
        let named = self.options.service.as_deref();
        let region = self.context.region();
        if let Some(named) = named {
            ensure!(
                named.matches('/').count() == 1 && !named.starts_with("arn:"),
                "--service {named:?} is not CLUSTER/SERVICE, the names of the cluster and the service"
            );
        }
        let services = read::services(self.context, named).await?;
        if services.is_empty() {
            match named {
                Some(named) => bail!(
                    "there is no active service {named} in {region}: `aws ecs list-services --cluster \
                     CLUSTER` lists those there are. Nothing was written"
                ),
                None => bail!(
                    "there is no active ECS service in {region}: choose another region with --region, \
                     or make a service first. Nothing was written"
                ),
            }
        }
        let (environment, app) = (self.values.get("Environment"), self.values.get("AppName"));
        let prefix = format!("{}-{}", environment.unwrap_or_default(), app.unwrap_or_default());
        let proposal = plan::service(&services, self.present, &prefix);
        let texts: Vec<String> = services.iter().map(text_of).collect();
        let at = self.choose(SERVICE, &texts, proposal)?;
        let service = services.into_iter().nth(at).ok_or_else(|| anyhow!("no service"))?;
        self.values.set("ECSCluster", &service.cluster);
        self.values.set("ECSService", &service.name);
        Ok(service)
    }

    async fn route(&mut self, ports: &[u16]) -> Result<Candidate> {
        let options = self.options;
        let apis = read::apis(self.context, options.api.as_deref());
        let (apis, tasks) = tokio::join!(apis, self.addresses(ports));
        let asked = Asked {
            api: options.api.as_deref(),
            integrations: options.integrations.as_deref(),
            stages: options.stage.as_deref(),
            url: options.url.as_deref(),
        };
        let (found, refused) = candidates(&apis?, &tasks, asked);
        if found.is_empty() {
            return Err(self.no_api(&refused));
        }
        let proposal = plan::route(&found, self.present, options.api.is_some());
        let texts: Vec<String> = found.iter().map(|it| it.text.clone()).collect();
        let at = self.choose(API, &texts, proposal)?;
        let candidate = found.into_iter().nth(at).ok_or_else(|| anyhow!("no API"))?;
        for left in &candidate.left_alone {
            output::remark(&format!("{DIM}left alone:  {left}{DIM:#}"));
        }
        let same_api = self.present.get("APIGatewayId") == Some(candidate.api.as_str());
        let of_file = self.present.get("APIGatewayURL").filter(|_| same_api);
        let url = options.url.as_deref().or(of_file).or(candidate.url.as_deref());
        plan::set_route(&mut self.values, &candidate, url.unwrap_or_default());
        for (name, option) in [("APIGatewayURL", "--url"), ("APIGatewayStage", "--stage")] {
            if let Some(expected) = self.values.refusal(name) {
                let value = self.values.get(name).unwrap_or_default();
                bail!("{option} {value:?} is not {expected}");
            }
        }
        Ok(candidate)
    }

    /// Why there is no API to choose, and what to do.
    fn no_api(&self, refused: &[String]) -> anyhow::Error {
        let region = self.context.region();
        match (&self.options.api, refused) {
            (Some(id), []) => anyhow!(
                "there is no API {id} in {region}: `aws apigatewayv2 get-apis` and `aws apigateway \
                 get-rest-apis` list those there are. Nothing was written"
            ),
            (None, []) => anyhow!(
                "there is neither an HTTP API nor a REST API in {region}: make one, with an HTTP_PROXY \
                 integration whose URL is a placeholder like http://example.com/{{proxy}}. Nothing was \
                 written"
            ),
            (_, refused) => anyhow!(
                "no API in {region} can lead to the service:\n  {}\nnext: give one an HTTP_PROXY \
                 integration over the internet, whose URL may be a placeholder like \
                 http://example.com/{{proxy}}. Nothing was written",
                refused.join("\n  ")
            ),
        }
    }

    /// The addresses of the tasks that run. Where they cannot be read, a check says so later.
    async fn addresses(&self, ports: &[u16]) -> BTreeSet<IpAddr> {
        let mut values = self.values.clone();
        // Nothing is asked of an API.
        for name in ["APIGatewayId", "APIGatewayIntegrationId"] {
            values.set(name, "none");
        }
        if let Some(port) = ports.first() {
            values.set("BackendPort", port.to_string());
        }
        let Ok(config) = values.settings(self.present) else { return BTreeSet::new() };
        let aws = &self.context.edge.aws;
        let (_, endpoints) = observe::running(aws, &config.target, &config.gateway).await;
        let endpoints = endpoints.known().into_iter().flat_map(|it| it.values());
        endpoints.map(SocketAddr::ip).collect()
    }

    fn port(&mut self, ports: &[u16], candidate: &Candidate) -> Result<()> {
        let (proposed, only) = plan::port(ports, candidate.port, self.present);
        let values = self.values.clone();
        let accept = |text: &str| {
            let mut values = values.clone();
            values.set("BackendPort", text);
            let refusal = values.refusal("BackendPort");
            match text {
                "" => Err("a port from 1 to 65535".to_owned()),
                _ => refusal.map_or(Ok(()), Err),
            }
        };
        let proposed = proposed.to_string();
        let port = if let Some(given) = &self.options.port {
            given_for(PORT, given, accept)?
        } else if only {
            accept(&proposed).map_err(|expected| {
                anyhow!(
                    "the tasks' port {proposed} is not {expected}: change it, or use an HTTP API"
                )
            })?;
            Asker::show(PORT, &proposed);
            proposed
        } else {
            self.asker.text(PORT, &proposed, accept)?
        };
        self.values.set("BackendPort", port);
        Ok(())
    }

    async fn look(&self, config: &IpUpdaterConfig) -> RouteFacts {
        let (aws, hints) = (&self.context.edge.aws, Hints::default());
        let (target, gateway) = (&config.target, &config.gateway);
        observe::route(aws, target, gateway, &[Wanted::Running], &hints).await
    }

    async fn health_path(&mut self, config: &IpUpdaterConfig, facts: &RouteFacts) -> Result<()> {
        let values = self.values.clone();
        let accept = |text: &str| {
            let mut values = values.clone();
            values.set("HealthCheckPath", text);
            values.refusal("HealthCheckPath").map_or(Ok(()), Err)
        };
        let path = if let Some(given) = &self.options.health_path {
            given_for(HEALTH_PATH, given, accept)?
        } else {
            let answers = probing::at_paths(self.context, config, facts, &HEALTH_PATHS).await;
            let proposed = plan::health_path(&answers, self.present);
            self.asker.text(HEALTH_PATH, proposed, accept)?
        };
        self.values.set("HealthCheckPath", path);
        Ok(())
    }

    fn email(&mut self) -> Result<()> {
        let accept = |text: &str| match text {
            "" => Ok(()),
            text if plan::is_address(text) => Ok(()),
            _ => Err("an e-mail address like ops@example.com, or none".to_owned()),
        };
        let address = if let Some(given) = &self.options.email {
            given_for(EMAIL, given, accept)?
        } else {
            let proposed = self.present.get("NotificationEmail").unwrap_or_default();
            self.asker.text(EMAIL, proposed, accept)?
        };
        self.values.set("NotificationEmail", address);
        Ok(())
    }

    fn architecture(&mut self) {
        let given = self.options.architecture.map(|it| match it {
            Architecture::X86 => "x86_64",
            Architecture::Arm64 => "arm64",
        });
        let of_file = self.present.get("Architecture");
        let value = given.or(of_file).unwrap_or(plan::architecture());
        self.values.set("Architecture", value);
    }

    /// Shows the only one, and asks for one of several.
    fn choose(&self, question: Question, texts: &[String], proposal: Proposal) -> Result<usize> {
        let Proposal { at, only, certain } = proposal;
        if only {
            Asker::show(question, texts.get(at).map_or("", String::as_str));
            return Ok(at);
        }
        self.asker.choose(question, texts, at, certain)
    }
}

/// An answer from the command line.
fn given_for(
    question: Question,
    given: &str,
    accept: impl Fn(&str) -> Result<(), String>,
) -> Result<String> {
    let value = if given == NONE { "" } else { given };
    let option = question.option;
    accept(value).map_err(|expected| anyhow!("--{option} {given:?} is not {expected}"))?;
    Asker::show(question, given);
    Ok(value.to_owned())
}

fn text_of(service: &Service) -> String {
    let note = if service.load_balanced { ", which has a load balancer" } else { "" };
    format!("{}{note}", service.path())
}
