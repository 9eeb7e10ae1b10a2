//! The operations of API Gateway's two versions and of Lambda, by method and path.

use super::request::Service;

/// The operation of a request, and the members of its input that the path gives.
pub(super) type Operation<'a> = (&'static str, Vec<(&'static str, &'a str)>);

/// The operation of this method on a path split at its slashes; `None` for one that the lab does
/// not simulate.
pub(super) fn operation<'a>(method: &str, path: &[&'a str]) -> Option<(Service, Operation<'a>)> {
    match path {
        ["v2", "apis"] if method == "GET" => Some((Service::ApiGatewayV2, ("GetApis", vec![]))),
        ["restapis"] if method == "GET" => Some((Service::ApiGateway, ("GetRestApis", vec![]))),
        ["v2", "apis", api, rest @ ..] => {
            http_api(method, api, rest).map(|it| (Service::ApiGatewayV2, it))
        }
        ["restapis", api, rest @ ..] => {
            rest_api(method, api, rest).map(|it| (Service::ApiGateway, it))
        }
        _ => None,
    }
}

fn http_api<'a>(method: &str, api: &'a str, path: &[&'a str]) -> Option<Operation<'a>> {
    let api = ("apiId", api);
    let integration = |id| vec![api, ("integrationId", id)];
    let stage = |name| vec![api, ("stageName", name)];
    Some(match (method, path) {
        ("GET", []) => ("GetApi", vec![api]),
        ("GET", ["routes"]) => ("GetRoutes", vec![api]),
        ("GET", ["integrations"]) => ("GetIntegrations", vec![api]),
        ("GET", ["integrations", id]) => ("GetIntegration", integration(*id)),
        ("PATCH", ["integrations", id]) => ("UpdateIntegration", integration(*id)),
        ("GET", ["stages"]) => ("GetStages", vec![api]),
        ("GET", ["stages", name]) => ("GetStage", stage(*name)),
        ("PATCH", ["stages", name]) => ("UpdateStage", stage(*name)),
        ("GET", ["deployments", id]) => ("GetDeployment", vec![api, ("deploymentId", *id)]),
        ("POST", ["deployments"]) => ("CreateDeployment", vec![api]),
        _ => return None,
    })
}

fn rest_api<'a>(method: &str, api: &'a str, path: &[&'a str]) -> Option<Operation<'a>> {
    let api = ("restApiId", api);
    let integration =
        |resource, method| vec![api, ("resourceId", resource), ("httpMethod", method)];
    let stage = |name| vec![api, ("stageName", name)];
    Some(match (method, path) {
        ("GET", []) => ("GetRestApi", vec![api]),
        ("GET", ["resources"]) => ("GetResources", vec![api]),
        ("GET", ["resources", resource, "methods", of, "integration"]) => {
            ("GetIntegration", integration(*resource, *of))
        }
        ("PATCH", ["resources", resource, "methods", of, "integration"]) => {
            ("UpdateIntegration", integration(*resource, *of))
        }
        ("GET", ["stages"]) => ("GetStages", vec![api]),
        ("GET", ["stages", name]) => ("GetStage", stage(*name)),
        ("PATCH", ["stages", name]) => ("UpdateStage", stage(*name)),
        ("GET", ["deployments", id]) => ("GetDeployment", vec![api, ("deploymentId", *id)]),
        ("POST", ["deployments"]) => ("CreateDeployment", vec![api]),
        _ => return None,
    })
}

/// The headers that are members of Lambda's inputs, in lower case.
pub(super) const LAMBDA_HEADERS: [(&str, &str); 3] = [
    ("x-amz-invocation-type", "InvocationType"),
    ("x-amz-log-type", "LogType"),
    ("x-amz-client-context", "ClientContext"),
];

/// The operation of Lambda of this method on a path split at its slashes.
pub(super) fn lambda<'a>(method: &str, path: &[&'a str]) -> Option<Operation<'a>> {
    let ["2015-03-31", "functions", function, rest @ ..] = path else { return None };
    if function.is_empty() {
        return None;
    }
    let operation = match (method, rest) {
        ("GET", []) => "GetFunction",
        ("GET", ["configuration"]) => "GetFunctionConfiguration",
        ("GET", ["policy"]) => "GetPolicy",
        ("POST", ["invocations"]) => "Invoke",
        _ => return None,
    };
    Some((operation, vec![("FunctionName", *function)]))
}
