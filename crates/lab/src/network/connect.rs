//! Connections to tasks in virtual time: no network is in between.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::DuplexStream;

use super::application;
use super::server::serve;
use crate::lab::Lab;
use crate::world::Connection;

/// So many bytes may be on their way in each direction.
const BUFFER: usize = 64 * 1024;

impl Lab {
    /// What a TCP connect to this address gets now. The application at the other end speaks HTTP/1
    /// as the tasks' real listeners do; when it exits, the connection ends.
    ///
    /// Takes [`Timing::connect_latency`](crate::world::Timing). Never returns for a task that is
    /// not [reachable](crate::World::set_reachable): give up after a while.
    ///
    /// # Errors
    /// `ConnectionRefused` when nothing listens there.
    pub async fn connect_to(&self, to: SocketAddr) -> io::Result<DuplexStream> {
        self.open(to, false).await
    }

    /// The same, with a TLS handshake after it that looks at no certificate. What is sent over the
    /// connection is not encrypted: only that it would be is simulated.
    ///
    /// # Errors
    /// `ConnectionRefused` when nothing listens there, `InvalidData` when it does not speak TLS.
    pub async fn connect_by_tls_to(&self, to: SocketAddr) -> io::Result<DuplexStream> {
        self.open(to, true).await
    }

    async fn open(&self, to: SocketAddr, tls: bool) -> io::Result<DuplexStream> {
        let latency = self.world().timing().connect_latency;
        tokio::time::sleep(latency).await;
        let connection = self.world().connect(to);
        let name = match connection {
            Connection::Accepted(name) => name,
            Connection::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
            Connection::Dropped => return std::future::pending().await,
        };
        if tls && !self.world().occupant(to).is_some_and(|it| it.speaks_tls()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let lab = Arc::clone(self.shared());
        tokio::spawn(async move {
            let answering = Arc::clone(&lab);
            let serving = serve(theirs, move |request| {
                let lab = Arc::clone(&answering);
                async move { application::answer(&lab, to, tls, &request).await }
            });
            // In this order, so that the same seed gives the same history.
            tokio::select! {
                biased;
                () = serving => {}
                _ = lab.until(None, |world| {
                    world.occupant(to).is_none_or(|occupant| occupant.name() != name)
                }) => {}
            }
        });
        Ok(ours)
    }
}
