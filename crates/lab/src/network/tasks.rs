//! The tasks' applications as real listeners on 127.0.0.0/8, in step with the world.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::application;
use super::server::Server;
use crate::background::Background;
use crate::lab::Lab;
use crate::world::World;

/// Keeps a listener for each address on which the world has an application.
#[derive(Debug)]
pub struct Network {
    _following: Background,
}

/// How long to wait for an address that another program holds.
const RETRY: Duration = Duration::from_millis(100);
/// The world is looked at again whenever it changes; this only bounds one wait.
const LOOK: Duration = Duration::from_secs(60);

impl Network {
    /// Follows the lab's world from now on; every listener goes when this is dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(lab: &Lab) -> Self {
        Self { _following: Background::spawn(follow(lab.clone())) }
    }
}

async fn follow(lab: Lab) {
    let mut servers: BTreeMap<SocketAddr, Server> = BTreeMap::new();
    loop {
        let wanted = addresses(&lab.world());
        servers.retain(|address, _| wanted.contains(address));
        let mut all_bound = true;
        for &address in &wanted {
            if servers.contains_key(&address) {
                continue;
            }
            let shared = Arc::clone(lab.shared());
            let answer = move |request| {
                let lab = Arc::clone(&shared);
                async move { application::answer(&lab, address, false, &request).await }
            };
            match Server::start(address, answer).await {
                Ok(server) => {
                    servers.insert(address, server);
                }
                Err(error) => {
                    all_bound = false;
                    tracing::warn!(%address, %error, "a task's address cannot be bound");
                }
            }
        }
        let wait = if all_bound { LOOK } else { RETRY };
        lab.until(wait, |world| addresses(world) != wanted).await;
    }
}

/// The addresses of the applications that this machine can listen on.
fn addresses(world: &World) -> BTreeSet<SocketAddr> {
    let listeners = world.listeners().into_iter().map(|listener| listener.address);
    listeners.filter(|address| address.ip().is_loopback()).collect()
}
