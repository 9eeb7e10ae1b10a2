//! The tap: sits between the SDK and the simulated AWS and sees every call that a function makes,
//! and what it is answered.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use eden_core::aws;
use eden_lab::Lab;

use crate::record;

/// What one process of a function asks and is told.
#[derive(Debug)]
pub(crate) struct Tap {
    function: String,
    record: record::Shared,
    invocation: Mutex<String>,
}

impl Tap {
    pub(crate) fn new(function: &str, record: &record::Shared) -> Self {
        Self {
            function: function.to_owned(),
            record: Arc::clone(record),
            invocation: Mutex::default(),
        }
    }

    /// An invocation begins.
    pub(crate) fn begin(&self, request_id: &str) {
        request_id
            .clone_into(&mut self.invocation.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The invocation has ended by itself.
    pub(crate) fn end(&self) {}
}

/// The configuration of a process's clients, with the patience that Lambda's have.
pub(crate) fn tapped(lab: &Lab, tap: &Arc<Tap>) -> aws_types::SdkConfig {
    let config = lab.sdk_config_of(&tap.function);
    let inner = config.http_client().expect("the lab's configuration has a client");
    let client = Tapped { inner, tap: Arc::clone(tap) };
    let builder = config.to_builder().http_client(client);
    builder.retry_config(aws::retries()).timeout_config(aws::timeouts()).build()
}

#[derive(Debug, Clone)]
struct Tapped<C> {
    inner: C,
    tap: Arc<Tap>,
}

impl HttpClient for Tapped<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Tapped { inner, tap: Arc::clone(&self.tap) })
    }
}

impl HttpConnector for Tapped<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.inner.call(request)
    }
}
