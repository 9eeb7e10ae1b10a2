//! The web in virtual time: an HTTP connector for requests that are not AWS calls.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use url::Url;

use super::server::HangUp;
use super::{application, gateway};
use crate::in_process::{from_sdk, to_sdk};
use crate::lab::{Lab, Shared};
use crate::world::{Visit, WebhookAnswer, address};

impl Lab {
    /// A connector to the world's web: the hosts of its APIs ([`World::set_api_url`]), whose
    /// requests are routed and counted like those of its gateway, and its webhooks
    /// ([`World::add_webhook`]). Other hosts do not resolve.
    ///
    /// It waits as long as the answer takes, for ever if none comes: give up after a while.
    ///
    /// [`World::set_api_url`]: crate::World::set_api_url
    /// [`World::add_webhook`]: crate::World::add_webhook
    pub fn web_connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(Web { lab: Arc::clone(self.shared()) })
    }
}

#[derive(Debug, Clone)]
struct Web {
    lab: Arc<Shared>,
}

impl HttpConnector for Web {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match from_sdk(request) {
            Ok(request) => HttpConnectorFuture::new(self.clone().exchange(request)),
            Err(error) => HttpConnectorFuture::ready(Err(error)),
        }
    }
}

impl Web {
    async fn exchange(self, request: Request<Bytes>) -> Result<HttpResponse, ConnectorError> {
        let latency = self.lab.world().timing().connect_latency;
        tokio::time::sleep(latency).await;
        let visit = self.lab.world().visit(&request);
        match visit {
            Visit::Api(api) => to_sdk(self.ask(api, request).await?),
            Visit::Webhook(WebhookAnswer::Status(200)) => to_sdk(text(200, "ok")),
            Visit::Webhook(WebhookAnswer::Status(status)) => to_sdk(text(status, "error")),
            Visit::Webhook(WebhookAnswer::Never) => std::future::pending().await,
            Visit::NotFound => to_sdk(text(404, "not found")),
            Visit::NoSuchHost => {
                let host = request.uri().host().unwrap_or_default();
                let message = format!("failed to lookup address information of {host:?}");
                Err(ConnectorError::io(message.into()))
            }
        }
    }

    /// Asks an API. The gateway sees its answer through and counts it, whether or not the client
    /// is still there.
    async fn ask(
        self,
        api: String,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, ConnectorError> {
        let lab = self.lab;
        let asked = tokio::spawn(async move {
            gateway::answer(&lab, &api, request, |request| call(&lab, request)).await
        });
        asked.await.map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// Calls the application at the URL of an integration, as long as it is there.
async fn call(lab: &Shared, request: Request<Bytes>) -> Result<Response<Bytes>, HangUp> {
    let latency = lab.world().timing().connect_latency;
    tokio::time::sleep(latency).await;
    let url = Url::parse(&request.uri().to_string()).map_err(|_| HangUp)?;
    let address = address(&url).ok_or(HangUp)?;
    let name = lab.world().occupant(address).ok_or(HangUp)?.name().to_owned();
    let tls = url.scheme() == "https";
    // In this order, so that the same seed gives the same history.
    tokio::select! {
        biased;
        answer = application::answer(lab, address, tls, &request) => answer,
        _ = lab.until(None, |world| {
            world.occupant(address).is_none_or(|occupant| occupant.name() != name)
        }) => Err(HangUp),
    }
}

fn text(status: u16, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
