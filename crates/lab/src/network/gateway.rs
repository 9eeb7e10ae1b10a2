//! An API of the world as a real proxy: each request goes where the integration points to now.

use std::fmt::Display;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};

use super::client;
use super::server::Server;
use crate::lab::{Lab, Shared};
use crate::world::{Destination, GatewayAnswer};

/// The endpoint of one API; closed when dropped.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
}

impl Gateway {
    /// Listens on this port of 127.0.0.1, or on any for port 0.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(lab: &Lab, api_id: &str, port: u16) -> io::Result<Self> {
        let (lab, api_id) = (lab.clone(), api_id.to_owned());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Server::start(address, move |request| {
            let (lab, api_id) = (lab.clone(), api_id.clone());
            async move { Ok(answer(lab.shared(), &api_id, request, client::exchange).await) }
        });
        Ok(Self { server: server.await? })
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

/// The answer of an API, which calls its integration by `exchange`.
pub(super) async fn answer<F, E>(
    lab: &Shared,
    api_id: &str,
    request: Request<Bytes>,
    exchange: impl FnOnce(Request<Bytes>) -> F,
) -> Response<Bytes>
where
    F: Future<Output = Result<Response<Bytes>, E>>,
    E: Display,
{
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let authorized = request.headers().contains_key(AUTHORIZATION);
    let destination = lab.world().admitted(api_id, request.method().as_str(), path, authorized);
    let response = match destination {
        Destination::Backend { uri, host, unreachable, timed_out } => {
            let limit = lab.world().gateway_timeout();
            let request = addressed(request, &uri, host.as_deref());
            match request {
                Some(request) => forward([unreachable, timed_out], request, limit, exchange).await,
                None => message(unreachable),
            }
        }
        Destination::Gateway(answer) => message(answer),
    };
    lab.world().record_response(api_id, response.status().as_u16());
    response
}

/// The request as it goes to this URI, with this `Host` or the URI's own; `None` for no URI.
fn addressed(mut request: Request<Bytes>, uri: &str, host: Option<&str>) -> Option<Request<Bytes>> {
    let uri: Uri = uri.parse().ok()?;
    let host = host.or(uri.authority().map(hyper::http::uri::Authority::as_str))?;
    request.headers_mut().insert(HOST, HeaderValue::from_str(host).ok()?);
    *request.uri_mut() = uri;
    remove_connection_headers(request.headers_mut());
    Some(request)
}

/// Calls the integration. As API Gateway does, it answers for one that cannot be reached or takes
/// too long.
async fn forward<F, E>(
    [unreachable, timed_out]: [GatewayAnswer; 2],
    request: Request<Bytes>,
    limit: Duration,
    exchange: impl FnOnce(Request<Bytes>) -> F,
) -> Response<Bytes>
where
    F: Future<Output = Result<Response<Bytes>, E>>,
    E: Display,
{
    match tokio::time::timeout(limit, exchange(request)).await {
        Ok(Ok(mut response)) => {
            remove_connection_headers(response.headers_mut());
            response
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "integration unavailable");
            message(unreachable)
        }
        Err(_) => message(timed_out),
    }
}

/// What concerns one connection only is set anew on the next.
fn remove_connection_headers(headers: &mut HeaderMap) {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

fn message(answer: GatewayAnswer) -> Response<Bytes> {
    let body = serde_json::json!({ "message": answer.message }).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
