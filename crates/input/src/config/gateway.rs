//! The gateway's side of the route: where it is written, and when a task may take over.

use std::ops::RangeInclusive;
use std::time::Duration;

use eden_policy::facts::Ports;
use eden_policy::{Maintenance, Routing};

use super::reader::Reader;
use super::values;

/// The API, how the route to the service is written in it, and what a task must do to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// `API_TYPE`, default `HTTP`.
    pub api_type: ApiType,
    /// `API_GATEWAY_ID`.
    pub api_id: String,
    /// `ROUTE_VIA`, default `integration`, with `INTEGRATION_ID` or the stage of `STAGE_NAME`.
    pub via: Via,
    /// `STAGE_NAME`: the stages that get a deployment; when empty, each of an HTTP API that does not
    /// deploy itself (F4).
    pub stages: Vec<String>,
    /// `BACKEND_PORT`, default 8000.
    pub backend_port: u16,
    /// `IPV6_TARGETS`, default `off`: whether a task may be led to by an IPv6 address (F55).
    pub ipv6_targets: bool,
    /// `READINESS_PROBE`, default `on`, `MAINTENANCE_URL`, `MAINTENANCE_AFTER_SECONDS`, default 60,
    /// and `PARKING`, default `on`.
    pub routing: Routing,
    /// `HEALTH_CHECK_PATH`, `HEALTH_CHECK_HOST`, `HEALTH_CHECK_STATUS`, `HEALTH_CHECK_TIMEOUT_SECONDS` and
    /// `HEALTH_CHECK_ATTEMPTS`.
    pub probe: Probe,
    /// `READY_WITHIN_SECONDS`, default 40: for how long an invocation of ip-updater waits for a
    /// task that is to take over.
    pub ready_within: Duration,
}

/// The two kinds of API that can lead to a task; each has operations of its own (F3, F7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiType {
    /// An HTTP API, `aws apigatewayv2`.
    Http,
    /// A REST API, `aws apigateway`.
    Rest,
}

impl ApiType {
    /// The ports that such an API connects to.
    pub fn ports(self) -> Ports {
        match self {
            ApiType::Http => Ports::All,
            ApiType::Rest => Ports::OfRestApi,
        }
    }
}

/// Where in the API the route is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// In the URI of each of these integrations: ids in an HTTP API, `RESOURCE_ID:METHOD` in a
    /// REST API.
    Integrations(Vec<String>),
    /// In one variable of a stage, to which the integrations refer.
    StageVariable {
        /// The stage's name.
        stage: String,
        /// The variable's name.
        name: String,
    },
}

/// How a task is asked whether it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What to GET; without it the task only has to accept a TCP connection.
    pub path: Option<String>,
    /// `HEALTH_CHECK_HOST`: the `Host` to send where the route tells of none; the task's address and
    /// port without it.
    pub host: Option<String>,
    /// The statuses of a good answer, default 200 to 399.
    pub status: RangeInclusive<u16>,
    /// For how long to wait for a connection and an answer together, default 2 s.
    pub timeout: Duration,
    /// How many probes in a row must fail before a task counts as not ready, default 2.
    pub attempts: u32,
}

impl Gateway {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let api_type = reader.or("API_TYPE", values::api_type, ApiType::Http);
        let api_id = reader.required("API_GATEWAY_ID", values::id);
        let (via, stages) = read_via(reader, api_type);
        Gateway {
            api_type,
            api_id,
            backend_port: read_port(reader, api_type),
            ipv6_targets: reader.or("IPV6_TARGETS", values::switch, false),
            routing: Routing {
                probing: reader.or("READINESS_PROBE", values::switch, true),
                maintenance: read_maintenance(reader, &via),
                parking: reader.or("PARKING", values::switch, true),
            },
            probe: Probe::read(reader),
            ready_within: reader.or(
                "READY_WITHIN_SECONDS",
                values::ready_within,
                Duration::from_secs(40),
            ),
            via,
            stages,
        }
    }
}

/// Where the route is written, and the stages that get a deployment.
fn read_via(reader: &mut Reader<'_>, api_type: ApiType) -> (Via, Vec<String>) {
    if let Some(name) = reader.or("ROUTE_VIA", values::route_via, None) {
        let stage = reader.required("STAGE_NAME", values::stage);
        return (Via::StageVariable { stage: stage.clone(), name }, vec![stage]);
    }
    let integrations = match api_type {
        ApiType::Http => values::integrations,
        ApiType::Rest => values::methods,
    };
    let via = Via::Integrations(reader.required("INTEGRATION_ID", integrations));
    if api_type == ApiType::Rest && !reader.has("STAGE_NAME") {
        let expected = "the names of the REST API's stages that may be deployed, one or several, \
                        comma-separated: each deployment publishes whatever is unfinished in the API";
        reader.refuse("STAGE_NAME", expected);
    }
    (via, reader.or("STAGE_NAME", values::stages, Vec::new()))
}

/// A port that an API of this type connects to.
fn read_port(reader: &mut Reader<'_>, api_type: ApiType) -> u16 {
    let port = reader.or("BACKEND_PORT", values::port, 8000);
    if !api_type.ports().take(port) {
        let expected = "a port that a REST API connects to: 80, 443, or one from 1024 to 65535";
        reader.refuse("BACKEND_PORT", expected);
    }
    port
}

fn read_maintenance(reader: &mut Reader<'_>, via: &Via) -> Option<Maintenance> {
    let url = reader.optional("MAINTENANCE_URL", values::page_url);
    let minute = Duration::from_secs(60);
    let after = reader.or("MAINTENANCE_AFTER_SECONDS", values::maintenance_after, minute);
    let url = url?;
    if matches!(via, Via::StageVariable { .. }) {
        let expected = "possible together with a stage variable, which cannot hold what the way \
                        back needs: it needs ROUTE_VIA=integration";
        reader.refuse("MAINTENANCE_URL", expected);
    }
    Some(Maintenance { url, after })
}

impl Probe {
    fn read(reader: &mut Reader<'_>) -> Self {
        Probe {
            path: reader.optional("HEALTH_CHECK_PATH", values::path),
            host: reader.optional("HEALTH_CHECK_HOST", values::host),
            status: reader.or("HEALTH_CHECK_STATUS", values::statuses, 200..=399),
            timeout: reader.or(
                "HEALTH_CHECK_TIMEOUT_SECONDS",
                values::probe_timeout,
                Duration::from_secs(2),
            ),
            attempts: reader.or("HEALTH_CHECK_ATTEMPTS", values::attempts, 2),
        }
    }
}
