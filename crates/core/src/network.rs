//! The network, as far as probes use it: connections to tasks.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// What becomes of an attempt to connect.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + Send + 'a>>;

/// Opens connections: TCP in Lambda, the simulated network in the lab.
pub trait Dial: Debug + Send + Sync {
    /// Connects to an endpoint; waits as long as the network does.
    fn dial(&self, to: SocketAddr) -> Dialing<'_>;
}

/// TCP.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Dial for Internet {
    fn dial(&self, to: SocketAddr) -> Dialing<'_> {
        Box::pin(async move {
            let stream = TcpStream::connect(to).await?;
            Ok(Box::new(stream) as Box<dyn Connection>)
        })
    }
}
