//! HTTPS: one TLS configuration and one pool of connections, for the AWS clients and the web.
//!
//! The SDK's own client reads and parses the system's certificates again for each of its clients,
//! and opens a connection only when there is a request for it. This one does that once, and can open
//! connections beforehand.

mod dial;
mod error;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpInfo, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use dial::Dialer;
pub(crate) use error::is_of_name_or_certificate;

/// A client for HTTPS. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Https(Arc<LazyLock<Pool>>);

/// The connections, and how they are opened.
#[derive(Debug, Clone)]
struct Pool {
    dialer: Dialer,
    client: Client<Dialer, SdkBody>,
}

impl Https {
    /// What to trust is read when the first connection is opened.
    pub fn new() -> Self {
        Https(Arc::new(LazyLock::new(Pool::new)))
    }

    /// Opens connections to these origins, so many to each, beside whatever else there is to do; the
    /// next requests to them take those. One that cannot be opened is opened again by the request
    /// that needs it, which then tells why not. What to trust is read first, unless it has been.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open(&self, origins: Vec<(Uri, usize)>) {
        for (origin, count) in origins {
            for _ in 0..count {
                self.0.dialer.open(&origin);
            }
        }
    }
}

impl Default for Https {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    fn new() -> Self {
        let dialer = Dialer::new();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        Pool { client: builder.build(dialer.clone()), dialer }
    }
}

/// Whatever a client's settings: all of Eden's have the same.
impl HttpClient for Https {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let answer = self.0.client.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(error::classify)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK needs to have a connection not used again on which a request failed.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let connection = connection.clone();
    let mut extensions = http::Extensions::new();
    let known = connection.connection_metadata().as_ref().map(|connected| {
        connected.get_extras(&mut extensions);
    });
    known?;
    let info = extensions.get::<HttpInfo>();
    let mut builder = ConnectionMetadata::builder().proxied(false);
    builder
        .set_local_addr(info.map(HttpInfo::local_addr))
        .set_remote_addr(info.map(HttpInfo::remote_addr));
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(builder.poison_fn(poison).build())
}
