//! REST APIs (`apigateway`): an integration belongs to a method of a resource.

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, Resource, RestApi, Stage};
use eden_core::config::ApiType;
use eden_core::observe::kind_in_rest_api;
use eden_policy::facts;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::super::facts::{Api, Integration};
use super::AT_ONCE;
use crate::context::Context;
use crate::failure::Failed;

pub(super) async fn apis(context: &Context, named: Option<&str>) -> Result<Vec<Api>, Failed> {
    let mut items = context.edge.aws.apigateway.get_rest_apis().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(api) = items.next().await {
        let api = api.map_err(|error| {
            let region = format!("region {}", context.region());
            Failed::new("GetRestApis", "apigateway:GET on /restapis", region, &error)
        })?;
        if named.is_none_or(|id| api.id() == Some(id)) {
            found.push(api);
        }
    }
    let reading: Vec<_> = found.into_iter().map(|api| Box::pin(one(context, api))).collect();
    stream::iter(reading).buffered(AT_ONCE).try_collect().await
}

async fn one(context: &Context, api: RestApi) -> Result<Api, Failed> {
    let client = &context.edge.aws.apigateway;
    let id = api.id().unwrap_or_default();
    let resources = client.get_resources().rest_api_id(id).embed("methods").into_paginator();
    let mut resources = resources.items().send();
    let mut integrations = Vec::new();
    while let Some(resource) = resources.next().await {
        let resource = resource.map_err(|error| {
            Failed::new("GetResources", "apigateway:GET on /restapis/ID/resources", id, &error)
        })?;
        integrations.extend(of_resource(&resource));
    }
    integrations.sort_by(|one, other| one.paths.cmp(&other.paths));
    let stages = client.get_stages().rest_api_id(id).send().await.map_err(|error| {
        Failed::new("GetStages", "apigateway:GET on /restapis/ID/stages", id, &error)
    })?;
    let stages = stages.item().iter().filter_map(Stage::stage_name);
    let endpoints =
        api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default();
    Ok(Api {
        id: id.to_owned(),
        name: api.name().unwrap_or_default().to_owned(),
        kind: ApiType::Rest,
        url: (!api.disable_execute_api_endpoint()).then(|| url(id, context.region())),
        private: endpoints.contains(&EndpointType::Private),
        stages: stages.map(str::to_owned).collect(),
        integrations,
    })
}

/// The URL of an API of this region; AWS does not tell it.
fn url(id: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{id}.execute-api.{region}.{domain}")
}

fn of_resource(resource: &Resource) -> Vec<Integration> {
    let (id, path) = (resource.id().unwrap_or_default(), resource.path().unwrap_or_default());
    let methods = resource.resource_methods().into_iter().flatten();
    methods
        .filter_map(|(name, method)| {
            let integration = method.method_integration()?;
            let path = if name == "ANY" { path.to_owned() } else { format!("{name} {path}") };
            Some(Integration {
                id: format!("{id}:{name}"),
                paths: vec![path],
                read: facts::Integration {
                    kind: kind_in_rest_api(integration.r#type(), integration.connection_type()),
                    uri: integration.uri().map(str::to_owned),
                    host: None,
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_has_the_domain_of_the_partition() {
        assert_eq!(url("r1", "us-east-1"), "https://r1.execute-api.us-east-1.amazonaws.com");
        let china = url("r1", "cn-north-1");
        assert_eq!(china, "https://r1.execute-api.cn-north-1.amazonaws.com.cn");
    }
}
