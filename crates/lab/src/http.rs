//! The HTTP face: the wire protocols on a port, for real binaries and any SDK or CLI.

use std::io;
use std::net::SocketAddr;

use hyper::body::Bytes;
use hyper::{Request, Response};

use crate::lab::Lab;
use crate::network::server::{HangUp, Server};
use crate::wire::{Caller, Disturbance};

/// The lab's AWS endpoint; closed when dropped.
#[derive(Debug)]
pub struct HttpFace {
    server: Server,
}

/// Serves every AWS service of the lab on this address, port 0 for any.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(lab: &Lab, address: SocketAddr) -> io::Result<HttpFace> {
    let lab = lab.clone();
    let server = Server::start(address, move |request| answer(lab.clone(), request)).await?;
    Ok(HttpFace { server })
}

/// The same for one caller, who counts as having this access key whatever signs the requests: some
/// hosts of functions choose the credentials themselves.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve_one(lab: &Lab, address: SocketAddr, access_key: &str) -> io::Result<HttpFace> {
    let (lab, caller) = (lab.clone(), Caller(access_key.to_owned()));
    let server = Server::start(address, move |mut request| {
        request.extensions_mut().insert(caller.clone());
        answer(lab.clone(), request)
    });
    Ok(HttpFace { server: server.await? })
}

impl HttpFace {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

async fn answer(lab: Lab, request: Request<Bytes>) -> Result<Response<Bytes>, HangUp> {
    let latency = lab.world().timing().api_latency;
    tokio::time::sleep(latency).await;
    let response = lab.shared().answer(&request).await;
    match response.extensions().get::<Disturbance>() {
        None => {}
        Some(Disturbance::Late(late)) => tokio::time::sleep(*late).await,
        Some(Disturbance::Reset) => return Err(HangUp),
        Some(Disturbance::Never) => std::future::pending().await,
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;
    use crate::clock::Clock;
    use crate::network::client::{ExchangeError, exchange};
    use crate::world::{Fault, FaultKind, ServiceSpec, World, WorldConfig};

    async fn start() -> (Lab, HttpFace) {
        let mut world = World::new(WorldConfig::new(1, Timestamp::UNIX_EPOCH));
        world.create_service(ServiceSpec::new("c", "s"));
        let lab = Lab::start(world, Clock::starting_at(Timestamp::UNIX_EPOCH));
        let face = serve(&lab, ([127, 0, 0, 1], 0).into()).await.unwrap();
        (lab, face)
    }

    fn inject(lab: &Lab, kind: FaultKind) {
        lab.world().inject(Fault { operation: "DescribeServices", kind, times: Some(1) });
    }

    async fn describe_services(face: &HttpFace) -> Result<Response<Bytes>, ExchangeError> {
        let request = Request::post(face.url())
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeServices")
            .body(json!({"cluster": "c", "services": ["s"]}).to_string().into());
        exchange(request.unwrap()).await
    }

    #[tokio::test]
    async fn a_request_over_http_is_answered_by_the_world() {
        let (_lab, face) = start().await;

        let response = describe_services(&face).await.unwrap();

        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["services"][0]["serviceName"], "s");
    }

    #[tokio::test]
    async fn a_reset_connection_gives_no_answer_and_the_next_request_works() {
        let (lab, face) = start().await;
        inject(&lab, FaultKind::ConnectionReset);

        let reset = describe_services(&face).await;
        let next = describe_services(&face).await.unwrap();

        assert!(matches!(reset, Err(ExchangeError::Response(..))), "{reset:?}");
        assert_eq!(next.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_late_answer_comes_late() {
        let (lab, face) = start().await;
        let late = Duration::from_millis(300);
        inject(&lab, FaultKind::Latency(late));

        let start = Instant::now();
        let response = describe_services(&face).await.unwrap();

        assert_eq!(response.status(), StatusCode::OK);
        assert!(start.elapsed() >= late);
    }

    #[tokio::test]
    async fn a_closed_face_accepts_no_connection() {
        let (_lab, face) = start().await;
        let address = face.address();

        drop(face);

        let refused = async {
            while tokio::net::TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), refused).await;
        assert!(waited.is_ok(), "{address} still accepts connections");
    }
}
