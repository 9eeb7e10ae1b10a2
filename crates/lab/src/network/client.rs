//! An HTTP/1 client that opens a connection for every request, so that each shows the truth about
//! its target. It never leaves the machine.

use std::io;
use std::net::{IpAddr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{PathAndQuery, Uri};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;

use crate::background::Background;

/// Why a request got no response.
#[derive(Debug, Error)]
pub(crate) enum ExchangeError {
    #[error("{0} is no URL of an address in 127.0.0.0/8")]
    NotLoopback(Uri),
    #[error("cannot connect to {0}")]
    Connect(SocketAddr, #[source] io::Error),
    #[error("no response from {0}")]
    Response(SocketAddr, #[source] hyper::Error),
}

/// Sends the request to the host in its URI and waits for the whole response.
pub(crate) async fn exchange(request: Request<Bytes>) -> Result<Response<Bytes>, ExchangeError> {
    let address =
        loopback(request.uri()).ok_or_else(|| ExchangeError::NotLoopback(request.uri().clone()))?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| ExchangeError::Connect(address, error))?;
    let no_response = |error| ExchangeError::Response(address, error);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(no_response)?;
    let _connection = Background::spawn(async {
        // The sender reports the same error.
        let _ = connection.await;
    });
    let request = origin_form(request, address).map(Full::new);
    let (parts, body) = sender.send_request(request).await.map_err(no_response)?.into_parts();
    let body = body.collect().await.map_err(no_response)?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

fn loopback(uri: &Uri) -> Option<SocketAddr> {
    let host: IpAddr = uri.host()?.parse().ok()?;
    let is_http = uri.scheme_str() == Some("http");
    (is_http && host.is_loopback()).then(|| SocketAddr::new(host, uri.port_u16().unwrap_or(80)))
}

/// A request as a server gets it: the path alone, and the host in its header, unless it is there.
fn origin_form(mut request: Request<Bytes>, address: SocketAddr) -> Request<Bytes> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = path.into();
    let host = HeaderValue::from_str(&address.to_string()).expect("an address is ASCII");
    request.headers_mut().entry(HOST).or_insert(host);
    request
}
