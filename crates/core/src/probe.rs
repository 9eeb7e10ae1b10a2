//! Probes: whether a task answers. RUNNING only means that its containers have started.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::Manner;
use eden_policy::facts::{Readiness, Route, Unready};
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use crate::config::{Gateway, Probe};
use crate::network::{Connection, Dial};

/// Between the attempts of one probe.
const PAUSE: Duration = Duration::from_millis(250);
/// For so long a look asks tasks whether they answer. It fits into what an invocation has left when
/// it has waited as long as it may, and takes the longest time-out of a probe.
pub const ASKING: Duration = Duration::from_secs(10);
/// So many tasks are probed at the same time.
const AT_ONCE: usize = 16;

/// What tasks are asked, and how: as the gateway asks them.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is asked.
    pub probe: Probe,
    /// How.
    manner: Manner,
    /// The paths that are tried in turn, each where the one before was not found; none to have a
    /// connection taken.
    paths: Vec<String>,
}

impl Question {
    /// What the settings say, in the manner of the route.
    pub fn of(gateway: &Gateway, route: &Route) -> Self {
        let (probe, manner) = (gateway.probe.clone(), Manner::of(route));
        let paths = probe.path.as_deref().map(|path| manner.paths(path)).unwrap_or_default();
        Question { probe, manner, paths }
    }

    /// The same, asked in one attempt.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.probe.attempts = 1;
        self
    }

    /// Where a request without a path arrives. A success or a redirection is a good answer; what a 404
    /// means of a path that the task need not have is unclear.
    fn root(mut self) -> Self {
        self.paths = vec![self.manner.root().to_owned()];
        self.probe.status = 200..=399;
        self
    }

    /// The `Host`, unless it is the task's own address.
    fn host(&self) -> Option<&str> {
        self.manner.host.as_deref().or(self.probe.host.as_deref())
    }
}

/// Probes several endpoints at the same time, and tells of each as soon as it is known.
///
/// A task is ready when one attempt succeeds: a TCP connection, and with a path an answer whose
/// status is a good one. It is not when all attempts in a row fail, as many as fit before `until`.
pub fn all(
    network: &dyn Dial,
    probe: &Question,
    until: Instant,
    endpoints: impl IntoIterator<Item = SocketAddr>,
) -> impl Stream<Item = (SocketAddr, Readiness)> {
    let probes: Vec<_> = endpoints.into_iter().map(|to| one(network, probe, until, to)).collect();
    stream::iter(probes).buffer_unordered(AT_ONCE)
}

/// Asks several endpoints for `/` at the same time. A success or a redirection is a good answer; what
/// a 404 means of a path that the task need not have is unclear.
pub async fn answers(
    network: &dyn Dial,
    question: Question,
    endpoints: impl IntoIterator<Item = SocketAddr>,
) -> BTreeMap<SocketAddr, Readiness> {
    let probe = question.root();
    let until = Instant::now() + ASKING;
    all(network, &probe, until, endpoints).collect().await
}

async fn one(
    network: &dyn Dial,
    question: &Question,
    until: Instant,
    to: SocketAddr,
) -> (SocketAddr, Readiness) {
    let probe = &question.probe;
    let mut last = attempt(network, question, to).await;
    for _ in 1..probe.attempts {
        let fits = Instant::now() + PAUSE + probe.timeout <= until;
        if last.answers() || !fits {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        last = attempt(network, question, to).await;
    }
    tracing::debug!(%to, ?last, "probed");
    (to, last)
}

async fn attempt(network: &dyn Dial, question: &Question, to: SocketAddr) -> Readiness {
    let deadline = Instant::now() + question.probe.timeout;
    let Some((last, others)) = question.paths.split_last() else {
        return connect(network, question, to, deadline).await.err().unwrap_or(Readiness::Ready);
    };
    for path in others {
        match get(network, question, to, path, deadline).await {
            Ok(StatusCode::NOT_FOUND) => {}
            Ok(status) => return question.judge(to, path, status),
            Err(readiness) => return readiness,
        }
    }
    match get(network, question, to, last, deadline).await {
        Ok(status) => question.judge(to, last, status),
        Err(readiness) => readiness,
    }
}

impl Question {
    fn judge(&self, to: SocketAddr, path: &str, status: StatusCode) -> Readiness {
        if self.probe.status.contains(&status.as_u16()) {
            return Readiness::Ready;
        }
        let answer = format!("{} answered {}", self.asked(to, path), status.as_u16());
        judged(answer, status)
    }

    /// A request in words.
    fn asked(&self, to: SocketAddr, path: &str) -> String {
        let tls = if self.manner.tls { " over TLS" } else { "" };
        let host = self.host().map(|host| format!(" with the Host {host}")).unwrap_or_default();
        format!("GET {path} of {to}{tls}{host}")
    }
}

/// What an answer that is no good one says of a task.
fn judged(answer: String, status: StatusCode) -> Readiness {
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Readiness::Limited(format!("{answer}: a limit on requests, not a wrong path"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            Readiness::Limited(format!("{answer}: not now, which is no wrong path"))
        }
        _ if status.is_server_error() => Readiness::NotReady(Unready::Fails, answer),
        _ => Readiness::Unclear(answer),
    }
}

/// A connection, or what became of it instead.
async fn connect(
    network: &dyn Dial,
    question: &Question,
    to: SocketAddr,
    deadline: Instant,
) -> Result<Box<dyn Connection>, Readiness> {
    // Who only has to take a connection is asked for no handshake.
    let tls = question.manner.tls && !question.paths.is_empty();
    let within = question.probe.timeout;
    match timeout_at(deadline, network.dial(to, tls)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match error.kind() {
            ErrorKind::ConnectionRefused => {
                Readiness::NotReady(Unready::Refuses, format!("{to} refuses connections"))
            }
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof if tls => {
                let because = format!("{to} does not speak TLS, as the route does: {error}");
                Readiness::NotReady(Unready::Refuses, because)
            }
            _ => Readiness::Unreachable(format!("no connection to {to}: {error}")),
        }),
        Err(_) => {
            Err(Readiness::Unreachable(format!("no connection to {to}: nothing within {within:?}")))
        }
    }
}

/// The status of an answer, or what came instead.
async fn get(
    network: &dyn Dial,
    question: &Question,
    to: SocketAddr,
    path: &str,
    deadline: Instant,
) -> Result<StatusCode, Readiness> {
    let connection = connect(network, question, to, deadline).await?;
    let host = question.host().map_or_else(|| to.to_string(), str::to_owned);
    let not_ready =
        |how, what: String| Readiness::NotReady(how, format!("{}{what}", question.asked(to, path)));
    match timeout_at(deadline, exchange(connection, &host, path)).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(not_ready(Unready::Fails, format!(" failed: {error}"))),
        Err(_) => {
            let nothing = format!(": nothing within {:?}", question.probe.timeout);
            Err(not_ready(Unready::Silent, nothing))
        }
    }
}

async fn exchange(
    connection: Box<dyn Connection>,
    host: &str,
    path: &str,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    let request = Request::get(path)
        .header(HOST, host)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://github.com/traefik/traefik/issues/8862>
    #[test]
    fn a_limit_is_no_wrong_path() {
        let judged = |code| judged("it answered".to_owned(), StatusCode::from_u16(code).unwrap());
        for code in [408, 425, 429] {
            assert!(matches!(judged(code), Readiness::Limited(_)), "{code}");
        }
        assert!(matches!(judged(404), Readiness::Unclear(_)));
        assert!(matches!(judged(503), Readiness::NotReady(Unready::Fails, _)));
    }
}
