//! What becomes of a request: its stage, its route, and the deployed URI that it goes to.

use std::collections::BTreeMap;

use super::{Api, ApiKind, IntegrationType};
use crate::world::World;
use crate::world::stage::Stage;

/// The variable that a greedy path fills and an integration's URI may use.
const GREEDY: &str = "{proxy+}";
/// The method of a route that takes all.
const ANY: &str = "ANY";
/// What a stage variable's name stands between in a URI.
const VARIABLE: (&str, &str) = ("${stageVariables.", "}");

/// Requests of this path and method go to this integration.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) method: String,
    pub(super) integration: String,
}

impl Route {
    pub(super) fn any(path: &str, integration: &str) -> Self {
        Self { path: path.to_owned(), method: ANY.to_owned(), integration: integration.to_owned() }
    }
}

/// Where the gateway leads a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To a backend over the internet.
    Backend {
        /// The deployed URI, with `{proxy}` and stage variables filled in.
        uri: String,
        /// The `Host` that the integration maps; that of the URI without one.
        host: Option<String>,
        /// What the gateway answers when nothing accepts the connection.
        unreachable: GatewayAnswer,
        /// What it answers when the backend takes too long.
        timed_out: GatewayAnswer,
    },
    /// Nowhere: the gateway answers by itself.
    Gateway(GatewayAnswer),
}

/// What the gateway answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `message` in its body.
    pub message: &'static str,
}

impl GatewayAnswer {
    const MOCK: Self = Self { status: 200, message: "OK" };
    /// When the backend takes too long: an HTTP API answers 503 after its 30 s
    /// (<https://github.com/anomalyco/sst/issues/2232>,
    /// <https://github.com/cortexlabs/cortex/issues/1225>), a REST API 504.
    fn timed_out(kind: ApiKind) -> Self {
        match kind {
            ApiKind::Http => Self { status: 503, message: "Service Unavailable" },
            ApiKind::Rest => Self { status: 504, message: "Endpoint request timed out" },
        }
    }

    /// Of what stands before the integrations. The words are those of HTTP APIs; nobody reads them.
    pub(super) fn refusal(status: u16) -> Self {
        let message = match status {
            401 => "Unauthorized",
            403 => "Forbidden",
            429 => "Too Many Requests",
            500 => "Internal Server Error",
            _ => "Service Unavailable",
        };
        Self { status, message }
    }

    /// To a request that no stage or route takes.
    fn no_route(kind: ApiKind) -> Self {
        match kind {
            ApiKind::Http => Self { status: 404, message: "Not Found" },
            ApiKind::Rest => Self { status: 403, message: "Missing Authentication Token" },
        }
    }

    /// When the backend does not accept the connection.
    fn unreachable(kind: ApiKind) -> Self {
        match kind {
            ApiKind::Http => Self { status: 503, message: "Service Unavailable" },
            ApiKind::Rest => {
                Self { status: 504, message: "Network error communicating with endpoint" }
            }
        }
    }

    /// When a Lambda function cannot be invoked: the lab has none behind an API.
    fn no_function(kind: ApiKind) -> Self {
        match kind {
            ApiKind::Http => Self { status: 500, message: "Internal Server Error" },
            ApiKind::Rest => Self { status: 500, message: "Internal server error" },
        }
    }
}

impl World {
    /// Where the gateway leads a request of this method for this path.
    pub fn destination(&self, api_id: &str, method: &str, path: &str) -> Destination {
        match self.apis.get(api_id) {
            Some(api) => api.destination(method, path),
            None => Destination::Gateway(GatewayAnswer::no_route(ApiKind::Http)),
        }
    }

    /// The deployed URI of the backend that a GET for this path goes to; `None` when the gateway
    /// answers it without one.
    pub fn upstream(&self, api_id: &str, path: &str) -> Option<String> {
        match self.destination(api_id, "GET", path) {
            Destination::Backend { uri, .. } => Some(uri),
            Destination::Gateway(_) => None,
        }
    }
}

impl Api {
    fn destination(&self, method: &str, path: &str) -> Destination {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = path.strip_prefix('/').unwrap_or(path);
        let found = self.stage_of(path).and_then(|(stage, path)| {
            let (integration, rest) = self.integration_of(method, path)?;
            Some((
                self.integrations.get(integration)?,
                stage.deployed.get(integration)?,
                stage,
                rest,
            ))
        });
        let Some((integration, uri, stage, rest)) = found else {
            return Destination::Gateway(GatewayAnswer::no_route(self.kind));
        };
        match integration.integration_type {
            IntegrationType::Mock => Destination::Gateway(GatewayAnswer::MOCK),
            IntegrationType::AwsProxy => {
                Destination::Gateway(GatewayAnswer::no_function(self.kind))
            }
            // The lab has no private load balancers.
            IntegrationType::HttpProxy if integration.vpc_link.is_some() => {
                Destination::Gateway(GatewayAnswer::unreachable(self.kind))
            }
            IntegrationType::HttpProxy => {
                let variable = |name: &str| stage.variables.get(name).map(String::as_str);
                // The path comes last: what a client sends is never taken for a variable.
                let uri = with_stage_variables(uri, variable).replace("{proxy}", rest);
                Destination::Backend {
                    uri: if query.is_empty() { uri } else { with_query(&uri, query) },
                    host: integration.host().map(|host| worked_out(host, variable)),
                    unreachable: GatewayAnswer::unreachable(self.kind),
                    timed_out: GatewayAnswer::timed_out(self.kind),
                }
            }
        }
    }

    /// A path may begin with a stage's name, that of a REST API does; else it belongs to
    /// `$default`.
    fn stage_of<'a>(&self, path: &'a str) -> Option<(&Stage, &'a str)> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        self.stages
            .get(first)
            .map(|stage| (stage, rest))
            .or_else(|| self.stages.get("$default").map(|stage| (stage, path)))
    }

    /// The integration of the most specific path, and what the path's variable takes. The path
    /// decides first, then the method: its own before `ANY`.
    fn integration_of<'a>(&self, method: &str, path: &'a str) -> Option<(&str, &'a str)> {
        let (wanted, rest) = self.path_of(path)?;
        let here = || self.routes.iter().filter(|route| route.path == wanted);
        here()
            .find(|route| route.method == method)
            .or_else(|| here().find(|route| route.method == ANY))
            .map(|route| (route.integration.as_str(), rest))
    }

    /// The most specific path: an exact one, then the longest greedy one, then `$default`.
    fn path_of<'a>(&self, path: &'a str) -> Option<(&str, &'a str)> {
        let paths = || self.routes.iter().map(|route| route.path.as_str());
        if let Some(exact) = paths().find(|it| it.strip_prefix('/') == Some(path)) {
            return Some((exact, ""));
        }
        let greedy = paths().filter_map(|it| {
            let prefix = it.strip_prefix('/')?.strip_suffix(GREEDY)?;
            let rest = path.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
            Some((it, rest))
        });
        greedy
            .min_by_key(|(_, rest)| rest.len())
            .or_else(|| paths().find(|it| *it == "$default").map(|it| (it, path)))
    }

    /// The URIs as they are now: what a deployment takes along.
    pub(super) fn uris(&self) -> BTreeMap<String, String> {
        self.integrations.iter().map(|(id, it)| (id.clone(), it.uri.clone())).collect()
    }
}

/// The URI with every `${stageVariables.NAME}` replaced, an unknown one by nothing.
pub(crate) fn with_stage_variables<'a>(
    uri: &str,
    value: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let (begin, end) = VARIABLE;
    let mut pieces = uri.split(begin);
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(end) {
            Some((name, rest)) => {
                whole.push_str(value(name).unwrap_or_default());
                whole.push_str(rest);
            }
            // It is not closed, hence no variable.
            None => whole.extend([begin, piece]),
        }
    }
    whole
}

/// A mapped value. Of all expressions the lab knows stage variables; others come to nothing.
fn worked_out<'a>(value: &str, variable: impl Fn(&str) -> Option<&'a str>) -> String {
    let value = with_stage_variables(value, variable);
    if value.contains('$') || value.starts_with("method.request.") { String::new() } else { value }
}

fn with_query(uri: &str, query: &str) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{query}")
}
