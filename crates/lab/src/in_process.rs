//! The in-process face: an HTTP client for the AWS SDK that ends in the world, not in a network.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::body::Bytes;
use hyper::{Request, Response};

use crate::lab::Shared;
use crate::lambda::doom;
use crate::wire::{self, Disturbance};
use crate::world::{HoldEnd, HoldId, HoldWhen, MetHold};

/// An HTTP client whose every request the lab answers.
#[derive(Debug, Clone)]
pub(crate) struct InProcess {
    lab: Arc<Shared>,
    read_timeout: Option<Duration>,
}

impl InProcess {
    pub(crate) fn new(lab: Arc<Shared>) -> Self {
        Self { lab, read_timeout: None }
    }

    /// Sends the request and waits for the answer, as long as AWS and its faults take for it.
    async fn exchange(self, request: Request<Bytes>) -> Result<HttpResponse, ConnectorError> {
        doom::before_call().await;
        let latency = self.lab.world().timing().api_latency;
        tokio::time::sleep(latency).await;
        let holds = self.lab.world().meet_holds(wire::access_key(&request));
        self.wait_out(&holds, HoldWhen::Before).await?;
        let response = self.patiently(self.lab.answer(&request)).await?;
        self.wait_out(&holds, HoldWhen::After).await?;
        match response.extensions().get::<Disturbance>() {
            None => {}
            Some(Disturbance::Late(late)) => self.patiently(tokio::time::sleep(*late)).await?,
            Some(Disturbance::Never) => self.patiently(std::future::pending()).await?,
            Some(Disturbance::Reset) => {
                return Err(ConnectorError::io("connection reset by peer".into()));
            }
        }
        to_sdk(response)
    }

    /// Waits as long as the call is held up at this end of it.
    async fn wait_out(&self, holds: &[MetHold], when: HoldWhen) -> Result<(), ConnectorError> {
        for hold in holds.iter().filter(|hold| hold.when == when) {
            let _holding = Holding::begin(&self.lab, hold.id);
            let end = match hold.until {
                HoldEnd::Released => None,
                HoldEnd::Elapsed(time) => Some(self.lab.clock().now() + time),
            };
            self.patiently(async {
                self.lab.until(end, |world| !world.is_holding(hold.id)).await;
            })
            .await?;
        }
        Ok(())
    }

    /// Waits for what keeps the answer away, no longer than the SDK's read time-out allows.
    async fn patiently<T>(&self, delay: impl Future<Output = T>) -> Result<T, ConnectorError> {
        let Some(timeout) = self.read_timeout else {
            return Ok(delay.await);
        };
        tokio::time::timeout(timeout, delay).await.map_err(|_| {
            let message = format!("no answer within the read time-out of {timeout:?}");
            ConnectorError::timeout(message.into())
        })
    }
}

/// A call that is held up, until this is dropped: its caller may give up on it.
struct Holding<'a> {
    lab: &'a Shared,
    id: HoldId,
}

impl<'a> Holding<'a> {
    fn begin(lab: &'a Shared, id: HoldId) -> Self {
        lab.world().begin_hold(id);
        Self { lab, id }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.lab.world().end_hold(self.id);
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match from_sdk(request) {
            Ok(request) => HttpConnectorFuture::new(self.clone().exchange(request)),
            Err(error) => HttpConnectorFuture::ready(Err(error)),
        }
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let lab = Arc::clone(&self.lab);
        SharedHttpConnector::new(Self { lab, read_timeout: settings.read_timeout() })
    }
}

pub(crate) fn from_sdk(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body
        .bytes()
        .map(Bytes::copy_from_slice)
        .ok_or_else(|| ConnectorError::user("the lab takes no streamed bodies".into()))?;
    Ok(Request::from_parts(parts, body))
}

pub(crate) fn to_sdk(response: Response<Bytes>) -> Result<HttpResponse, ConnectorError> {
    let response = response.map(SdkBody::from);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}
