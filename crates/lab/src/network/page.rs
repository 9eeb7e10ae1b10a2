//! A static page of the account's owner, for the time in which no task can serve.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use hyper::Response;
use hyper::body::Bytes;

use super::server::Server;

/// What the page says; by this [`Traffic`](crate::traffic::Traffic) knows it.
pub(crate) const TEXT: &str = "The shop is closed for a moment. Please come back soon.\n";

/// A web server whose every page is the same; closed when dropped.
#[derive(Debug)]
pub struct MaintenancePage {
    server: Server,
}

impl MaintenancePage {
    /// Listens on any port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let page = async || Ok(Response::new(Bytes::from_static(TEXT.as_bytes())));
        Ok(Self { server: Server::start(address, move |_| page()).await? })
    }

    /// Its URL, for the stack's parameter `MaintenanceUrl`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }
}
