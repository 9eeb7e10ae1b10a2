//! The web beyond AWS: the API's own URL, and webhooks.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use http::Request;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use tokio::time::timeout;

use crate::https::{self, Https};

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// In words.
    pub because: String,
    /// Whether the name could not be resolved here, or the certificate is not accepted: others may get
    /// an answer.
    pub is_of_name_or_certificate: bool,
}

impl NoAnswer {
    fn other(because: String) -> Self {
        NoAnswer { because, is_of_name_or_certificate: false }
    }
}

/// An HTTP client for what is not AWS.
#[derive(Debug, Clone)]
pub struct Web(SharedHttpConnector);

impl Web {
    /// A client that sends its requests through this connector.
    pub fn new(connector: SharedHttpConnector) -> Self {
        Web(connector)
    }

    /// The internet, by the connections that the AWS clients use.
    pub fn internet(https: &Https) -> Self {
        Web(SharedHttpConnector::new(https.clone()))
    }

    /// GETs a URL and returns the answer's status.
    ///
    /// # Errors
    /// Why there was none within that time.
    pub async fn get(&self, url: &str, within: Duration) -> Result<u16, NoAnswer> {
        // What a cache answers says nothing of who is behind it.
        let request = Request::get(url).header(CACHE_CONTROL, "no-cache");
        self.send(request, SdkBody::empty(), within).await
    }

    /// POSTs JSON to a URL and returns the answer's status.
    ///
    /// # Errors
    /// Why there was none within that time, in words.
    pub async fn post(&self, url: &str, json: String, within: Duration) -> Result<u16, String> {
        let request = Request::post(url).header(CONTENT_TYPE, "application/json");
        let answer = self.send(request, SdkBody::from(json), within).await;
        answer.map_err(|error| error.because)
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: SdkBody,
        within: Duration,
    ) -> Result<u16, NoAnswer> {
        let agent = concat!("eden/", env!("CARGO_PKG_VERSION"));
        let request = request.header(USER_AGENT, agent).body(body);
        let request = request.map_err(|error| NoAnswer::other(error.to_string()))?;
        let request = HttpRequest::try_from(request);
        let request = request.map_err(|error| NoAnswer::other(error.to_string()))?;
        match timeout(within, self.0.call(request)).await {
            Ok(Ok(response)) => Ok(response.status().as_u16()),
            Ok(Err(error)) => Err(NoAnswer {
                because: DisplayErrorContext(&error).to_string(),
                is_of_name_or_certificate: https::is_of_name_or_certificate(&error),
            }),
            Err(_) => Err(NoAnswer::other(format!("nothing within {within:?}"))),
        }
    }
}
