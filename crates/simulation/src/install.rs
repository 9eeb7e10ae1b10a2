//! Eden installed in a simulated AWS, in process and in virtual time: the handlers that Lambda
//! runs, with the settings that the template gives them, behind the real AWS SDK.

use std::net::SocketAddr;
use std::sync::Arc;

use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig};
use eden_core::lambda::Invocation;
use eden_core::network::{Connection, Dial, Dialing};
use eden_core::web::Web;
use eden_core::{Aws, Edge, HandlerError, Report, health_monitor, ip_updater};
use eden_lab::Lab;
use eden_lab::example::{HEALTH_MONITOR, IP_UPDATER};
use eden_lab::lambda::{FunctionError, Handler, Invocation as Invoked, Lambda};
use eden_lab::spec::FunctionSpec;
use eden_lab::template::Stack;
use serde_json::Value;

use crate::clients;

/// How a handler ended.
pub type Ended = Result<Report, HandlerError>;

/// A process of a function, for one invocation.
pub struct Process {
    edge: Edge,
    ended: Box<dyn FnOnce(&Ended) + Send>,
}

impl Process {
    /// A process with this view of the world; nobody is told how the invocation ended.
    pub fn new(edge: Edge) -> Self {
        Self::watched(edge, |_| {})
    }

    /// The same, with somebody who is told. An invocation that is cut off has no end.
    pub fn watched(edge: Edge, ended: impl FnOnce(&Ended) + Send + 'static) -> Self {
        Self { edge, ended: Box::new(ended) }
    }
}

/// Creates both functions, or replaces them; each invocation asks for its process, of which
/// `processes` is told the function's name and hands out the means to get one by request id.
///
/// # Panics
/// When the stack lacks a function, or a function refuses its settings.
pub fn install<P>(lambda: &Lambda, stack: &Stack, processes: impl Fn(&str) -> P)
where
    P: Fn(&str) -> Process + Send + Sync + 'static,
{
    for (name, handler) in [
        (IP_UPDATER, updater_handler as fn(P, &FunctionSpec) -> Handler),
        (HEALTH_MONITOR, monitor_handler),
    ] {
        let spec = stack.function(name).expect("the template has both functions");
        lambda.register(name, spec.timeout, handler(processes(name), spec));
    }
}

/// A fresh process's view of the lab, with the rights of whoever has this access key.
pub fn edge(lab: &Lab, access_key: &str) -> Edge {
    edge_of(lab, clients::of_one_process(&lab.sdk_config_of(access_key)))
}

/// A fresh process's view of the lab through these clients.
fn edge_of(lab: &Lab, aws: Aws) -> Edge {
    edge_through(lab, aws, network(lab))
}

/// The same, with this way to the tasks.
pub(crate) fn edge_through(lab: &Lab, aws: Aws, network: Arc<dyn Dial>) -> Edge {
    Edge::new(aws, network, Web::new(lab.web_connector()))
}

/// The simulated way to the tasks.
pub(crate) fn network(lab: &Lab) -> Arc<dyn Dial> {
    Arc::new(LabNetwork(lab.clone()))
}

/// The simulated network: connections to tasks in virtual time.
#[derive(Debug)]
struct LabNetwork(Lab);

impl Dial for LabNetwork {
    fn dial(&self, to: SocketAddr, tls: bool) -> Dialing<'_> {
        Box::pin(async move {
            let stream = if tls {
                self.0.connect_by_tls_to(to).await?
            } else {
                self.0.connect_to(to).await?
            };
            Ok(Box::new(stream) as Box<dyn Connection>)
        })
    }
}

/// What the handlers are told about an invocation.
fn invocation(edge: &Edge, event: Value, invoked: Invoked) -> Invocation {
    let deadline = edge.aws.now() + invoked.timeout;
    let Invoked { request_id, environment, .. } = invoked;
    Invocation { request_id, environment, event, deadline }
}

fn updater_handler<P>(processes: P, spec: &FunctionSpec) -> Handler
where
    P: Fn(&str) -> Process + Send + Sync + 'static,
{
    let config = IpUpdaterConfig::read(|name| spec.environment.get(name).cloned());
    let config = Arc::new(config.expect("the template sets what ip-updater needs"));
    Arc::new(move |event, invoked| {
        let (config, process) = (Arc::clone(&config), processes(&invoked.request_id));
        let invocation = invocation(&process.edge, event, invoked);
        Box::pin(async move {
            let ended = ip_updater::handle(&config, &process.edge, &invocation).await;
            answer(process, ended)
        })
    })
}

fn monitor_handler<P>(processes: P, spec: &FunctionSpec) -> Handler
where
    P: Fn(&str) -> Process + Send + Sync + 'static,
{
    let config = HealthMonitorConfig::read(|name| spec.environment.get(name).cloned());
    let config = Arc::new(config.expect("the template sets what health-monitor needs"));
    Arc::new(move |event, invoked| {
        let (config, process) = (Arc::clone(&config), processes(&invoked.request_id));
        let invocation = invocation(&process.edge, event, invoked);
        Box::pin(async move {
            let ended = health_monitor::handle(&config, &process.edge, &invocation).await;
            answer(process, ended)
        })
    })
}

/// What Lambda makes of a handler's end.
fn answer(process: Process, ended: Ended) -> Result<Value, FunctionError> {
    (process.ended)(&ended);
    match ended {
        Ok(report) => serde_json::to_value(report)
            .map_err(|error| FunctionError::new("Serialization", error.to_string())),
        Err(error) => {
            let diagnostic = lambda_runtime::Diagnostic::from(error);
            Err(FunctionError::new(diagnostic.error_type, diagnostic.error_message))
        }
    }
}
