//! The Lambda service: functions by name, invoked synchronously or asynchronously.

pub(crate) mod doom;
mod environment;
mod faults;
mod log;
mod process;
mod runtime_api;
mod service;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

pub use doom::{Doom, End};
pub use environment::{Ended, Environment, LogLines};
pub use faults::InvocationFaults;
pub use log::FunctionLog;
pub use process::ProcessFunction;
pub use service::{InvocationRecord, Lambda, RetryDelays};

/// A function's code: takes the event, gives the response or fails.
///
/// It may be dropped at any point: that is how an invocation ends at its time-out, or when its process
/// dies.
pub type Handler = Arc<dyn Fn(Value, Invocation) -> HandlerFuture + Send + Sync>;

/// One run of a [`Handler`].
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send>>;

/// What a handler is told about its invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The same for every attempt at one asynchronous invocation.
    pub request_id: String,
    /// What this attempt runs in, by its log stream: another one each time, unless the [`Handler`]
    /// knows better.
    pub environment: String,
    /// How long this attempt may take.
    pub timeout: Duration,
    /// Where what it writes goes. A process that is used again goes on in the stream of its first
    /// invocation; what Lambda itself writes of a later one is in that one's.
    pub log: FunctionLog,
}

/// A failed invocation, as Lambda shows it to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// For example `Runtime.ExitError`.
    pub error_type: String,
    /// What the function, or Lambda on its behalf, says about it.
    pub message: String,
}

impl FunctionError {
    /// An error of this type.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into() }
    }
}
