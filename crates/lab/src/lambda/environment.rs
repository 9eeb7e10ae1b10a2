//! One execution environment: a process that runs the function's binary, and its Runtime API.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::runtime_api::{Answer, RuntimeApi, Work};
use super::{FunctionError, FunctionLog, Invocation};

/// The lines a function's processes have written, in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct LogLines {
    lines: Arc<Mutex<Vec<String>>>,
    stream: FunctionLog,
}

impl LogLines {
    /// The same lines; those that come this way also go to a log stream.
    pub(super) fn in_stream(&self, stream: &FunctionLog) -> Self {
        Self { lines: Arc::clone(&self.lines), stream: stream.clone() }
    }

    fn push(&self, line: String) {
        self.stream.write(&line);
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// All of them so far.
    pub fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last(&self, count: usize) -> String {
        let lines = self.all();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

/// A running process with its Runtime API. Dropping it kills the process.
#[derive(Debug)]
pub struct Environment {
    child: Child,
    api: RuntimeApi,
    log_readers: JoinSet<()>,
    log: LogLines,
}

/// How an invocation ended, and whether the environment can take another.
#[derive(Debug)]
pub struct Ended {
    /// The function's response, or why it failed.
    pub result: Result<Value, FunctionError>,
    /// Whether the process can take another invocation.
    pub reusable: bool,
}

/// Enough to read why a function ended without flooding the caller.
const LOG_LINES_IN_ERROR: usize = 10;
/// A process may leave children behind that hold its output open.
const LOG_WAIT: Duration = Duration::from_millis(500);

impl Environment {
    /// Starts this command with `AWS_LAMBDA_RUNTIME_API` added to its environment. What it writes
    /// goes to the log.
    ///
    /// # Errors
    /// When the command cannot be started, or its Runtime API has no port.
    pub async fn start(mut command: Command, log: LogLines) -> io::Result<Self> {
        let api = RuntimeApi::start().await?;
        let mut child = command
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut log_readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            log_readers.spawn(read_lines(stdout, log.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            log_readers.spawn(read_lines(stderr, log.clone()));
        }
        Ok(Self { child, api, log_readers, log })
    }

    /// The process's id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// When the process first asked for an invocation; waits until it has.
    pub fn first_poll(&self) -> impl Future<Output = Instant> + use<> {
        self.api.first_poll()
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// When the system does not tell.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Runs one invocation in it.
    pub async fn run(
        &mut self,
        function_arn: &str,
        payload: Value,
        invocation: &Invocation,
    ) -> Ended {
        let (answer, answered) = oneshot::channel();
        let work = Work {
            request_id: invocation.request_id.clone(),
            payload,
            deadline_ms: deadline_ms(invocation.timeout),
            function_arn: function_arn.to_owned(),
            answer,
        };
        self.api.hand_over(work).await;
        tokio::select! {
            // An answer counts even if the process has ended right after it.
            biased;
            Ok(answer) = answered => match answer {
                Answer::Response(response) => Ended { result: Ok(response), reusable: true },
                Answer::Error(error) => Ended { result: Err(error), reusable: true },
                Answer::InitError(error) => Ended { result: Err(error), reusable: false },
            },
            status = self.child.wait() => {
                let error = self.exit_error(&invocation.request_id, status).await;
                Ended { result: Err(error), reusable: false }
            }
        }
    }

    async fn exit_error(
        &mut self,
        request_id: &str,
        status: io::Result<ExitStatus>,
    ) -> FunctionError {
        let all_read = async { while self.log_readers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LOG_WAIT, all_read).await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = self.log.last(LOG_LINES_IN_ERROR);
        FunctionError::new(
            "Runtime.ExitError",
            format!("RequestId: {request_id} Error: Runtime exited with error: {status}\n{log}"),
        )
    }
}

async fn read_lines(stream: impl AsyncRead + Unpin, log: LogLines) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.push(line);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real process compares its deadline with the machine's clock"
)]
fn deadline_ms(timeout: Duration) -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + timeout).as_millis()
}
