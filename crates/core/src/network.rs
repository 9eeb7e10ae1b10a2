//! The network, as far as probes use it: connections to tasks.

mod anybodys;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use anybodys::ANYBODYS;

/// A connection.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// What becomes of an attempt to connect.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + Send + 'a>>;

/// Opens connections: TCP in Lambda, the simulated network in the lab.
pub trait Dial: Debug + Send + Sync {
    /// Connects to an endpoint; waits as long as the network does. With `tls`, the connection is one
    /// over TLS, whatever certificate the other side shows: a task is asked whether it answers, and a
    /// certificate for a bare address that changes with each task is nobody's to have.
    ///
    /// The future's error is of the kind `ConnectionRefused` when nothing listens there, and with `tls`
    /// `InvalidData` or `UnexpectedEof` when what listens does not speak it.
    fn dial(&self, to: SocketAddr, tls: bool) -> Dialing<'_>;
}

/// TCP.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Dial for Internet {
    fn dial(&self, to: SocketAddr, tls: bool) -> Dialing<'_> {
        Box::pin(async move {
            let stream = TcpStream::connect(to).await?;
            if !tls {
                return Ok(Box::new(stream) as Box<dyn Connection>);
            }
            let name = ServerName::IpAddress(to.ip().into());
            let stream = TlsConnector::from(Arc::clone(&ANYBODYS)).connect(name, stream).await?;
            Ok(Box::new(stream) as Box<dyn Connection>)
        })
    }
}
