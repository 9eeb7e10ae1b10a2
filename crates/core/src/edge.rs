//! The edge: all that an invocation reaches the world by, and what it remembers of the last one.

use std::sync::Arc;

use crate::aws::Aws;
use crate::config::ApiType;
use crate::https::Https;
use crate::memory::Memory;
use crate::network::{Dial, Internet};
use crate::web::Web;

/// AWS, the network, and what an earlier invocation saw.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The AWS clients.
    pub aws: Aws,
    /// What tasks are probed through.
    pub network: Arc<dyn Dial>,
    /// What is asked beyond AWS: the API's own URL, and webhooks.
    pub web: Web,
    /// What the last look saw: it saves round trips and decides nothing.
    pub memory: Arc<Memory>,
}

impl Edge {
    /// AWS, this network and this web, with nothing seen so far.
    pub fn new(aws: Aws, network: Arc<dyn Dial>, web: Web) -> Self {
        Edge { aws, network, web, memory: Arc::default() }
    }

    /// The edge in Lambda: AWS by the environment, and the internet, with the clients that each event
    /// begins with, for an API of this type if there is one.
    pub async fn from_environment(api_type: Option<ApiType>) -> Self {
        let https = Https::new();
        let config = crate::aws::config_from_environment(&https);
        https.open(crate::aws::origins(&config).await);
        // The connections are under way while the clients are made.
        tokio::task::yield_now().await;
        let aws = Aws::new(&config);
        aws.make_ready(api_type);
        Edge::new(aws, Arc::new(Internet), Web::internet(&https))
    }
}
