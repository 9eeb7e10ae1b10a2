//! The gateway: where its pointers lead, and what its stages show. One module for each kind of
//! API, of the same shape.

mod http;
mod rest;

use std::collections::HashMap;

use eden_policy::facts::StageDeployment;
use eden_policy::facts::{Integration, Observed, Obstacle, Pointer, Serves, Stage};
use futures_util::stream::{self, StreamExt};
use hyper::header::HeaderValue;
use jiff::Timestamp;

use super::AT_ONCE;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::{ApiType, Gateway, Via};

pub use http::kind as kind_in_http_api;
pub use rest::kind as kind_in_rest_api;

/// Whose deployment is read; each costs a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Of stages that do not deploy by themselves: enough to know whether one is due (F4).
    ManualStages,
    /// Of every stage: also tells when the route last moved.
    EveryStage,
}

/// What was read.
pub(super) struct Read {
    pub(super) pointers: Vec<(Pointer, Observed<Integration>)>,
    pub(super) stages: Observed<Vec<Stage>>,
}

/// A stage's variable.
struct Variable {
    value: Option<String>,
    /// The value that a canary release has instead, if it has its own.
    of_canary: Option<String>,
    /// When the stage last changed.
    updated_at: Option<Timestamp>,
}

/// Reads the pointers and the stages at the same time; the stages' deployments are left to
/// [`deployments`].
pub(super) async fn read(aws: &Aws, gateway: &Gateway) -> Read {
    match &gateway.via {
        Via::Integrations(ids) => {
            let (pointers, stages) =
                tokio::join!(integrations(aws, gateway, ids), stages(aws, gateway));
            Read { pointers, stages: Observed::from(stages) }
        }
        Via::StageVariable { stage, name } => variable(aws, gateway, stage, name).await,
    }
}

/// Reads the deployments that were left unread.
pub async fn deployments(aws: &Aws, gateway: &Gateway, stages: &mut Observed<Vec<Stage>>, of: Of) {
    let Observed::Known(known) = stages else { return };
    for stage in known {
        let Serves::NotRead(id) = &stage.serves else { continue };
        if of == Of::ManualStages && stage.auto_deploy {
            continue;
        }
        let read = match gateway.api_type {
            ApiType::Http => http::deployment(aws, &gateway.api_id, id).await,
            ApiType::Rest => rest::deployment(aws, &gateway.api_id, id).await,
        };
        match read {
            Ok(deployment) => stage.serves = Serves::Deployment(deployment),
            Err(error) => {
                *stages = Observed::Unknown(error.to_string());
                return;
            }
        }
    }
}

async fn integrations(
    aws: &Aws,
    gateway: &Gateway,
    ids: &[String],
) -> Vec<(Pointer, Observed<Integration>)> {
    let reads: Vec<_> = ids.iter().map(|id| integration(aws, gateway, id)).collect();
    stream::iter(reads).buffered(AT_ONCE).collect().await
}

async fn integration(aws: &Aws, gateway: &Gateway, id: &str) -> (Pointer, Observed<Integration>) {
    let read = match gateway.api_type {
        ApiType::Http => http::integration(aws, &gateway.api_id, id).await,
        ApiType::Rest => rest::integration(aws, &gateway.api_id, id).await,
    };
    (Pointer::Integration(id.to_owned()), Observed::from(read))
}

/// Where a pointer leads now, before it is written on what was seen a while ago.
///
/// # Errors
/// When it could not be read.
pub async fn uri(
    aws: &Aws,
    api_type: ApiType,
    api: &str,
    pointer: &Pointer,
) -> Result<Option<String>, CallError> {
    Ok(match (pointer, api_type) {
        (Pointer::Integration(id), ApiType::Http) => http::integration(aws, api, id).await?.uri,
        (Pointer::Integration(id), ApiType::Rest) => rest::integration(aws, api, id).await?.uri,
        (Pointer::StageVariable { stage, name }, ApiType::Http) => {
            http::variable(aws, api, stage, name).await?.value
        }
        (Pointer::StageVariable { stage, name }, ApiType::Rest) => {
            rest::variable(aws, api, stage, name).await?.value
        }
    })
}

async fn stages(aws: &Aws, gateway: &Gateway) -> Result<Vec<Stage>, CallError> {
    let api = &gateway.api_id;
    let stages = match gateway.api_type {
        ApiType::Http => http::stages(aws, api).await?,
        ApiType::Rest => rest::stages(aws, api).await?,
    };
    let there: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    if let Some(name) = gateway.stages.iter().find(|name| !there.contains(&name.as_str())) {
        let because =
            format!("STAGE_NAME names {name}, but the API has only: {}", there.join(", "));
        return Err(CallError::answered("GetStages", format!("API {api}"), because));
    }
    let named = |stage: Stage| Stage { named: gateway.stages.contains(&stage.name), ..stage };
    let asked = |stage: &Stage| gateway.stages.is_empty() || stage.named;
    Ok(stages.into_iter().map(named).filter(asked).collect())
}

/// A stage that shows a variable at once needs no deployment; its last change stands for one.
async fn variable(aws: &Aws, gateway: &Gateway, stage: &str, name: &str) -> Read {
    let read = match gateway.api_type {
        ApiType::Http => http::variable(aws, &gateway.api_id, stage, name).await,
        ApiType::Rest => rest::variable(aws, &gateway.api_id, stage, name).await,
    };
    let pointer = Pointer::StageVariable { stage: stage.to_owned(), name: name.to_owned() };
    let updated_at = read.as_ref().ok().and_then(|variable| variable.updated_at);
    let of_canary = read.as_ref().ok().and_then(|variable| variable.of_canary.clone());
    let integration = read.map(|variable| Integration::http(variable.value));
    let shown = Stage {
        name: stage.to_owned(),
        auto_deploy: true,
        named: true,
        obstacle: of_canary.map(Obstacle::CanaryVariable),
        serves: Serves::Deployment(StageDeployment { description: None, created_at: updated_at }),
    };
    Read {
        pointers: vec![(pointer, Observed::from(integration))],
        stages: Observed::Known(vec![shown]),
    }
}

/// The `Host` that the parameters of an integration map, where it is a constant one: header names are
/// the same in any case. One that is worked out for each request is not known here.
fn mapped_host(
    parameters: Option<&HashMap<String, String>>,
    prefix: &str,
    constant: fn(&str) -> Option<&str>,
) -> Option<String> {
    let is_host = |name: &str| {
        name.strip_prefix(prefix).is_some_and(|header| header.eq_ignore_ascii_case("host"))
    };
    let (_, value) = parameters?.iter().find(|(name, _)| is_host(name))?;
    constant(value).filter(|host| HeaderValue::from_str(host).is_ok()).map(str::to_owned)
}

fn serves(deployment_id: Option<&str>) -> Serves {
    deployment_id.map_or(Serves::Nothing, |id| Serves::NotRead(id.to_owned()))
}

fn of(api_id: &str, part: &str) -> String {
    format!("{part} of API {api_id}")
}
