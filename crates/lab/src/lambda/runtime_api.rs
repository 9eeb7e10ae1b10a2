//! The Lambda Runtime API of one execution environment: hands invocations to the process in it and
//! takes its answers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::FunctionError;
use crate::background::Background;

/// One invocation for the process, and where its answer goes.
#[derive(Debug)]
pub(super) struct Work {
    pub request_id: String,
    pub payload: Value,
    /// The invocation's end, in milliseconds since 1970.
    pub deadline_ms: u128,
    pub function_arn: String,
    pub answer: oneshot::Sender<Answer>,
}

/// What the process said about an invocation.
#[derive(Debug)]
pub(super) enum Answer {
    Response(Value),
    Error(FunctionError),
    /// It could not start: the environment is of no further use.
    InitError(FunctionError),
}

/// The API on a port of its own; gone when dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    address: SocketAddr,
    work: mpsc::Sender<Work>,
    first_poll: watch::Receiver<Option<Instant>>,
    _serving: Background,
}

struct Shared {
    queue: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    running: Mutex<Option<Work>>,
    first_poll: watch::Sender<Option<Instant>>,
}

impl RuntimeApi {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (work, queue) = mpsc::channel(1);
        let (polls, first_poll) = watch::channel(None);
        let shared = Arc::new(Shared {
            queue: tokio::sync::Mutex::new(queue),
            running: Mutex::new(None),
            first_poll: polls,
        });
        let runtime = Router::new()
            .route("/runtime/invocation/next", get(next))
            .route("/runtime/invocation/{request_id}/response", post(response))
            .route("/runtime/invocation/{request_id}/error", post(error))
            .route("/runtime/init/error", post(init_error))
            .with_state(shared);
        let app = Router::new().nest("/2018-06-01", runtime);
        let serving = Background::spawn(async move {
            // axum's accept loop only ends with its task.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, work, first_poll, _serving: serving })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the process first asked for an invocation; waits until it has.
    pub(super) fn first_poll(&self) -> impl Future<Output = Instant> + use<> {
        let mut polls = self.first_poll.clone();
        async move {
            let first = polls.wait_for(Option::is_some).await.ok().and_then(|first| *first);
            // Without its server there is no API that could still be asked.
            match first {
                Some(first) => first,
                None => std::future::pending().await,
            }
        }
    }

    /// Queues an invocation for the process.
    pub(super) async fn hand_over(&self, work: Work) {
        // The queue lives as long as the server, which lives as long as `self`.
        let _ = self.work.send(work).await;
    }
}

impl Shared {
    fn start(&self, work: Option<Work>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    /// Answers the running invocation if it has this id.
    fn finish(&self, request_id: &str, answer: Answer) -> Reply {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.take_if(|work| work.request_id == request_id) {
            Some(work) => {
                // Nobody waits any more when the invocation has been given up.
                let _ = work.answer.send(answer);
                reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
            }
            None => reply(
                StatusCode::BAD_REQUEST,
                r#"{"errorMessage":"No such invocation","errorType":"InvalidRequestID"}"#,
            ),
        }
    }
}

type Reply = Response<axum::body::Body>;

async fn next(State(shared): State<Arc<Shared>>) -> Reply {
    let now = Instant::now();
    shared.first_poll.send_if_modified(|first| first.replace(first.unwrap_or(now)).is_none());
    let Some(work) = shared.queue.lock().await.recv().await else {
        return reply(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &work.request_id)
        .header("Lambda-Runtime-Deadline-Ms", work.deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", &work.function_arn)
        .header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
        .body(work.payload.to_string().into());
    shared.start(Some(work));
    response.unwrap_or_else(|_| reply(StatusCode::INTERNAL_SERVER_ERROR, ""))
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Reply {
    let answer = serde_json::from_slice(&body).map_or_else(
        |error| {
            let message = format!("the function's response is not JSON: {error}");
            Answer::Error(FunctionError::new("Runtime.InvalidResponse", message))
        },
        Answer::Response,
    );
    shared.finish(&request_id, answer)
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    shared.finish(&request_id, Answer::Error(function_error(&headers, &body)))
}

/// The process could not start: the invocation it was started for fails with its error.
async fn init_error(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Reply {
    if let Some(work) = shared.queue.lock().await.recv().await {
        let _ = work.answer.send(Answer::InitError(function_error(&headers, &body)));
    }
    reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_type: Option<String>,
    error_message: Option<String>,
}

fn function_error(headers: &HeaderMap, body: &Bytes) -> FunctionError {
    let parsed = serde_json::from_slice::<ErrorBody>(body).ok();
    let (error_type, message) = parsed.map_or((None, None), |it| (it.error_type, it.error_message));
    let in_header = || {
        let header = headers.get("Lambda-Runtime-Function-Error-Type")?;
        header.to_str().ok().map(str::to_owned)
    };
    FunctionError {
        error_type: error_type.or_else(in_header).unwrap_or_else(|| "Runtime.Unknown".to_owned()),
        message: message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()),
    }
}

fn reply(status: StatusCode, body: &'static str) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply
}
