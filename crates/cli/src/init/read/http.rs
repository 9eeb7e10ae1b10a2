//! HTTP APIs (`apigatewayv2`): routes lead to integrations by their ids.

use std::collections::BTreeMap;

use aws_sdk_apigatewayv2::types::{Api as HttpApi, Integration as HttpIntegration, ProtocolType};
use eden_core::config::ApiType;
use eden_core::observe::kind_in_http_api;
use eden_policy::facts;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::super::facts::{Api, Integration};
use super::AT_ONCE;
use crate::context::Context;
use crate::failure::Failed;

/// Calls an operation for all its pages; the SDK has no paginators for it.
macro_rules! pages {
    ($operation:literal, $permission:literal, $of:expr, $request:expr) => {{
        let (mut items, mut token) = (Vec::new(), None);
        loop {
            let page = $request.set_next_token(token).send().await;
            let page = page.map_err(|error| Failed::new($operation, $permission, $of, &error))?;
            items.extend(page.items.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break items;
            }
        }
    }};
}

pub(super) async fn apis(context: &Context, named: Option<&str>) -> Result<Vec<Api>, Failed> {
    let client = &context.edge.aws.apigatewayv2;
    let region = format!("region {}", context.region());
    let all = pages!("GetApis", "apigateway:GET on /apis", region.as_str(), client.get_apis());
    let wanted = |api: &HttpApi| {
        api.protocol_type() == Some(&ProtocolType::Http)
            && named.is_none_or(|id| api.api_id() == Some(id))
    };
    let reading: Vec<_> =
        all.into_iter().filter(wanted).map(|api| Box::pin(one(context, api))).collect();
    stream::iter(reading).buffered(AT_ONCE).try_collect().await
}

async fn one(context: &Context, api: HttpApi) -> Result<Api, Failed> {
    let client = &context.edge.aws.apigatewayv2;
    let id = api.api_id.unwrap_or_default();
    let integrations = pages!(
        "GetIntegrations",
        "apigateway:GET on /apis/ID/integrations",
        id.as_str(),
        client.get_integrations().api_id(&id)
    );
    let routes = pages!(
        "GetRoutes",
        "apigateway:GET on /apis/ID/routes",
        id.as_str(),
        client.get_routes().api_id(&id)
    );
    let stages = pages!(
        "GetStages",
        "apigateway:GET on /apis/ID/stages",
        id.as_str(),
        client.get_stages().api_id(&id)
    );
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for route in &routes {
        let (Some(key), Some(target)) = (route.route_key(), route.target()) else { continue };
        let Some(integration) = target.strip_prefix("integrations/") else { continue };
        let path = key.strip_prefix("ANY ").unwrap_or(key);
        paths.entry(integration.to_owned()).or_default().push(path.to_owned());
    }
    let closed = api.disable_execute_api_endpoint == Some(true);
    let mut integrations: Vec<_> =
        integrations.iter().map(|it| integration(it, &mut paths)).collect();
    integrations.sort_by(|one, other| one.paths.cmp(&other.paths));
    Ok(Api {
        name: api.name.unwrap_or_default(),
        kind: ApiType::Http,
        url: api.api_endpoint.filter(|_| !closed),
        private: false,
        stages: stages.into_iter().filter_map(|it| it.stage_name).collect(),
        integrations,
        id,
    })
}

fn integration(
    integration: &HttpIntegration,
    paths: &mut BTreeMap<String, Vec<String>>,
) -> Integration {
    let id = integration.integration_id().unwrap_or_default();
    Integration {
        id: id.to_owned(),
        paths: paths.remove(id).unwrap_or_default(),
        read: facts::Integration {
            kind: kind_in_http_api(integration.integration_type(), integration.connection_type()),
            uri: integration.integration_uri().map(str::to_owned),
            host: None,
        },
    }
}
