//! A small HTTP/1 server that takes its connections with it when it goes.

use std::io;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::background::Background;

/// A server on one address. Dropping it closes the listener and every open connection.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    _accepting: Background,
}

/// The request gets no answer: its connection ends.
#[derive(Debug, Error)]
#[error("the connection was ended on purpose")]
pub(crate) struct HangUp;

type Answered = Result<Response<Bytes>, HangUp>;

impl Server {
    /// Listens on the address, port 0 for any, and answers every request there.
    pub(crate) async fn start<F>(
        address: SocketAddr,
        answer: impl Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Answered> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, _accepting: Background::spawn(accept(listener, answer)) })
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept<F>(
    listener: TcpListener,
    answer: impl Fn(Request<Bytes>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Answered> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A connection that failed before it was accepted is the peer's affair.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(serve(stream, answer.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection, until either side ends it.
pub(super) async fn serve<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: impl Fn(Request<Bytes>) -> F + Clone,
) where
    F: Future<Output = Answered>,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| HangUp)?.to_bytes();
            answer(Request::from_parts(parts, body)).await.map(|response| response.map(Full::new))
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended early");
    }
}
