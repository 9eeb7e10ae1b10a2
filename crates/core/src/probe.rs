//! Probes: whether a task answers. RUNNING only means that its containers have started.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::facts::Readiness;
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use crate::config::Probe;
use crate::network::{Connection, Dial};

/// Between the attempts of one probe.
const PAUSE: Duration = Duration::from_millis(250);
/// For so long a look asks tasks whether they answer. It fits into what an invocation has left when
/// it has waited as long as it may, and takes the longest time-out of a probe.
pub const ASKING: Duration = Duration::from_secs(10);
/// So many tasks are probed at the same time.
const AT_ONCE: usize = 16;

/// Probes several endpoints at the same time, and tells of each as soon as it is known.
///
/// A task is ready when one attempt succeeds: a TCP connection, and with a path an answer whose
/// status is a good one. It is not when all attempts in a row fail, as many as fit before `until`.
pub fn all(
    network: &dyn Dial,
    probe: &Probe,
    until: Instant,
    endpoints: impl IntoIterator<Item = SocketAddr>,
) -> impl Stream<Item = (SocketAddr, Readiness)> {
    let probes: Vec<_> = endpoints.into_iter().map(|to| one(network, probe, until, to)).collect();
    stream::iter(probes).buffer_unordered(AT_ONCE)
}

/// Asks several endpoints for `/` at the same time. Whatever a task answers below 500 is an answer: of
/// a path that it need not have, a 404 is no fault.
pub async fn answers(
    network: &dyn Dial,
    probe: &Probe,
    endpoints: impl IntoIterator<Item = SocketAddr>,
) -> BTreeMap<SocketAddr, Readiness> {
    let probe = Probe { path: Some("/".to_owned()), status: 100..=499, ..probe.clone() };
    let until = Instant::now() + ASKING;
    all(network, &probe, until, endpoints).collect().await
}

async fn one(
    network: &dyn Dial,
    probe: &Probe,
    until: Instant,
    to: SocketAddr,
) -> (SocketAddr, Readiness) {
    let mut last = attempt(network, probe, to).await;
    for _ in 1..probe.attempts {
        let fits = Instant::now() + PAUSE + probe.timeout <= until;
        if last == Readiness::Ready || !fits {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        last = attempt(network, probe, to).await;
    }
    tracing::debug!(%to, ?last, "probed");
    (to, last)
}

async fn attempt(network: &dyn Dial, probe: &Probe, to: SocketAddr) -> Readiness {
    let deadline = Instant::now() + probe.timeout;
    let silence = || format!("nothing within {:?}", probe.timeout);
    let connection = match timeout_at(deadline, network.dial(to)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            return Readiness::NotReady(format!("{to} refuses connections"));
        }
        Ok(Err(error)) => return Readiness::Unreachable(format!("no connection to {to}: {error}")),
        Err(_) => return Readiness::Unreachable(format!("no connection to {to}: {}", silence())),
    };
    let Some(path) = &probe.path else {
        return Readiness::Ready;
    };
    match timeout_at(deadline, get(connection, to, path)).await {
        Ok(Ok(status)) if probe.status.contains(&status.as_u16()) => Readiness::Ready,
        Ok(Ok(status)) => {
            Readiness::NotReady(format!("GET {path} of {to} answered {}", status.as_u16()))
        }
        Ok(Err(error)) => Readiness::NotReady(format!("GET {path} of {to} failed: {error}")),
        Err(_) => Readiness::NotReady(format!("GET {path} of {to}: {}", silence())),
    }
}

async fn get(
    connection: Box<dyn Connection>,
    to: SocketAddr,
    path: &str,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    let request = Request::get(path)
        .header(HOST, to.to_string())
        .header(USER_AGENT, concat!("eden/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    // The connection does the work for the request, and ends with it.
    // In this order, so that the same events always give the same sentence.
    tokio::select! {
        biased;
        response = sender.send_request(request) => Ok(response?.status()),
        Err(error) = connection => Err(error.into()),
    }
}
