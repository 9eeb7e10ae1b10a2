//! The wire protocols of AWS: an HTTP request and the world in, an HTTP response out.

mod apigateway;
mod authorization;
mod cloudformation;
mod cloudwatch;
mod ec2;
mod ecs;
mod error;
mod events;
mod lambda;
mod logs;
mod protocol;
mod request;
mod rest;
mod secrets_manager;
mod sns;
mod sqs;
mod ssm;

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Request, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::world::{Call, FaultKind, World};
use error::ApiError;
pub(crate) use lambda::{invoked, not_run};
use protocol::Body;
use request::{ApiRequest, Service};

/// How a face treats the connection, found in the extensions of the response it shall send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// Send the response so much later.
    Late(Duration),
    /// Send nothing and break the connection.
    Reset,
    /// Send nothing and keep the connection.
    Never,
}

/// A function that has to be run before its invoker is answered: an extension of responses, which
/// [`invoked`] then makes whole.
#[derive(Debug, Clone)]
pub(crate) struct Invoke {
    pub(crate) function: String,
    pub(crate) payload: Value,
}

/// Whose request it is, whatever it is signed with: an extension of requests that come in on a
/// face of their caller's own.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) String);

/// The access key that signed a request, or stands for its caller; empty without a signature.
pub(crate) fn access_key(request: &Request<Bytes>) -> &str {
    let caller = request.extensions().get::<Caller>().map(|Caller(key)| key.as_str());
    caller.or_else(|| request::credential(request, 0)).unwrap_or_default()
}

/// Answers one request as AWS would. Never panics: what the lab does not know is an error in the
/// shape of the protocol.
///
/// Whoever sends the response runs the function and obeys the [`Disturbance`] in its extensions.
pub fn handle(world: &mut World, request: &Request<Bytes>) -> Response<Bytes> {
    let request_id = world.request_id();
    match ApiRequest::read(request) {
        Ok(request) => answer(world, request, &request_id),
        Err((protocol, error)) => protocol.error(&error, &request_id),
    }
}

fn answer(world: &mut World, mut request: ApiRequest, request_id: &str) -> Response<Bytes> {
    let (service, protocol) = (request.service, request.protocol);
    let needs = authorization::needs(world, &request);
    let denial = world.denial(&request.access_key, &needs);
    let denied = denial.is_some();
    let Attempt { result, done, disturbance } = match denial {
        Some(why) => Attempt::refused(service.access_denied(&why)),
        None => attempt(world, &mut request),
    };
    world.record_call(Call {
        at: world.now(),
        needs,
        denied,
        done,
        service: service.name(),
        mutating: request.is_mutating(),
        resource: request.resource(),
        outcome: result.as_ref().map(|_| ()).map_err(|error| error.code.clone()),
        operation: request.operation,
        access_key: request.access_key,
    });
    let mut response = match result {
        Ok(body) => protocol.success(body, request_id),
        Err(error) => protocol.error(&error, request_id),
    };
    if let Some(disturbance) = disturbance {
        response.extensions_mut().insert(disturbance);
    }
    response
}

/// What became of a request.
struct Attempt {
    result: Result<Body, ApiError>,
    done: bool,
    disturbance: Option<Disturbance>,
}

impl Attempt {
    fn refused(error: ApiError) -> Self {
        Self { result: Err(error), done: false, disturbance: None }
    }

    fn of(result: Result<Body, ApiError>) -> Self {
        Self { done: result.is_ok(), result, disturbance: None }
    }

    fn but(self, disturbance: Disturbance) -> Self {
        Self { disturbance: Some(disturbance), ..self }
    }
}

/// Performs the request, unless a fault keeps it from being performed.
fn attempt(world: &mut World, request: &mut ApiRequest) -> Attempt {
    let service = request.service;
    let Some(fault) = world.meet_fault(&request.operation) else {
        return Attempt::of(perform_or_lag(world, request));
    };
    match fault {
        FaultKind::Latency(late) => {
            Attempt::of(perform_or_lag(world, request)).but(Disturbance::Late(late))
        }
        FaultKind::Partial(failed) => {
            request.failed = failed;
            Attempt::of(perform_or_lag(world, request))
        }
        FaultKind::Expired => {
            request.expired = true;
            Attempt::of(perform_or_lag(world, request))
        }
        FaultKind::Stale => Attempt::of(world.in_the_past(|past| perform(past, request))),
        FaultKind::Throttled => Attempt::refused(service.throttled()),
        FaultKind::InternalError => Attempt::refused(service.internal_error()),
        FaultKind::InternalErrorAfter => {
            let done = Attempt::of(perform_or_lag(world, request));
            Attempt { result: done.result.and_then(|_| Err(service.internal_error())), ..done }
        }
        FaultKind::AccessDenied => {
            let why = format!("User is not authorized to perform: {}", request.operation);
            Attempt::refused(service.access_denied(&why))
        }
        FaultKind::ConnectionReset => {
            let error = ApiError::new(503, "ConnectionReset", "");
            Attempt::refused(error).but(Disturbance::Reset)
        }
        FaultKind::ConnectionResetAfter => {
            Attempt::of(perform_or_lag(world, request)).but(Disturbance::Reset)
        }
        FaultKind::NoAnswer => Attempt::of(perform_or_lag(world, request)).but(Disturbance::Never),
    }
}

/// Performs the request; a read of what is consistent only eventually may show the past.
fn perform_or_lag(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    if request.service.may_lag() && !request.is_mutating() {
        world.lagging(|world| perform(world, request))
    } else {
        perform(world, request)
    }
}

fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.service {
        Service::Ecs => ecs::perform(world, request),
        Service::Ec2 => ec2::perform(world, request),
        Service::ApiGateway => apigateway::v1::perform(world, request),
        Service::ApiGatewayV2 => apigateway::v2::perform(world, request),
        Service::Sns => sns::perform(world, request),
        Service::CloudWatch => cloudwatch::perform(world, request),
        Service::EventBridge => events::perform(world, request),
        Service::SecretsManager => secrets_manager::perform(world, request),
        Service::Ssm => ssm::perform(world, request),
        Service::Lambda => lambda::perform(world, request),
        Service::Logs => logs::perform(world, request),
        Service::Sqs => sqs::perform(world, request),
        Service::CloudFormation => cloudformation::perform(world, request),
    }
}

/// Reads an operation's input. A member that the lab does not simulate is an error, not ignored.
fn input<T: DeserializeOwned>(request: &ApiRequest) -> Result<T, ApiError> {
    serde_json::from_value(request.input.clone()).map_err(|error| {
        let message = format!("{}: {error}", request.operation);
        ApiError::new(400, request.service.invalid_input(), &message)
    })
}

/// A member of a JSON input as one string for the record of calls.
fn summary(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(summary).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
