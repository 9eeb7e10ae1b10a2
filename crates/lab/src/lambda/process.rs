//! A function whose code is a real binary: execution environments are started as they are needed
//! and used again while they are warm.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::environment::{Ended, Environment, LogLines};
use super::{FunctionError, Handler, Invocation};
use crate::spec::FunctionSpec;

/// Far more than a demo or a test needs: a runaway loop must not fill the machine with processes.
const MAX_ENVIRONMENTS: usize = 10;

/// A function that runs a binary as Lambda does. Its processes are killed when it and every
/// [`Handler`] made from it are dropped.
#[derive(Debug, Clone)]
pub struct ProcessFunction {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    binary: PathBuf,
    arn: String,
    variables: BTreeMap<String, String>,
    idle: Mutex<Vec<Environment>>,
    free: Semaphore,
    log: LogLines,
}

impl ProcessFunction {
    /// A function of this binary. Its processes see the function's own environment variables, those
    /// that Lambda sets, and `extra_env` (for example where the lab's AWS is), but none of the
    /// machine's.
    pub fn new(binary: PathBuf, spec: FunctionSpec, extra_env: BTreeMap<String, String>) -> Self {
        let region = extra_env.get("AWS_REGION").map_or("us-east-1", String::as_str);
        let arn = format!("arn:aws:lambda:{region}:123456789012:function:{}", spec.name);
        let of_lambda = [
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group),
            ("_HANDLER", spec.handler),
            ("AWS_LAMBDA_FUNCTION_NAME", spec.name),
        ];
        let mut variables = spec.environment;
        variables.extend(of_lambda.map(|(name, value)| (name.to_owned(), value)));
        variables.extend(extra_env);
        Self {
            shared: Arc::new(Shared {
                binary,
                arn,
                variables,
                idle: Mutex::default(),
                free: Semaphore::new(MAX_ENVIRONMENTS),
                log: LogLines::default(),
            }),
        }
    }

    /// For [`Lambda::register`](super::Lambda::register). Invocations that overlap run in processes
    /// of their own; those beyond the limit of ten wait for a free one within their time-out.
    pub fn handler(&self) -> Handler {
        let shared = Arc::clone(&self.shared);
        Arc::new(move |payload, invocation| {
            let shared = Arc::clone(&shared);
            Box::pin(async move { shared.invoke(payload, invocation).await })
        })
    }

    /// Every line its processes have written to standard output and standard error so far.
    pub fn logs(&self) -> Vec<String> {
        self.shared.log.all()
    }
}

impl Shared {
    async fn invoke(&self, payload: Value, invocation: Invocation) -> Result<Value, FunctionError> {
        let _permit = self.free.acquire().await.expect("the semaphore is never closed");
        let mut environment = match self.warm() {
            Some(environment) => environment,
            None => self.cold(&invocation).await?,
        };
        // Dropped here at the time-out, the environment takes its process with it.
        let Ended { result, reusable } = environment.run(&self.arn, payload, &invocation).await;
        if reusable {
            self.idle().push(environment);
        }
        result
    }

    fn warm(&self) -> Option<Environment> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop()).find_map(|mut it| it.is_alive().then_some(it))
    }

    async fn cold(&self, first: &Invocation) -> Result<Environment, FunctionError> {
        let Invocation { request_id, environment, log, .. } = first;
        let mut variables = self.variables.clone();
        variables.insert("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), environment.clone());
        let mut command = Command::new(&self.binary);
        command.env_clear().envs(variables);
        let started = Environment::start(command, self.log.in_stream(log)).await;
        started.map_err(|error| {
            let binary = self.binary.display();
            FunctionError::new(
                "Runtime.InvalidEntrypoint",
                format!("RequestId: {request_id} Error: cannot start {binary}: {error}"),
            )
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use serde_json::json;

    use super::super::{Lambda, RetryDelays};
    use super::*;

    const BRIEF: Duration = Duration::from_millis(1500);
    const LONG: Duration = Duration::from_secs(20);

    /// A Lambda service whose function `shell` runs the script of the tests.
    fn shell(timeout: Duration, environment: &[(&str, &str)]) -> (Lambda, ProcessFunction) {
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/runtime.sh");
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let spec = FunctionSpec {
            environment: environment.iter().map(owned).collect(),
            timeout,
            ..FunctionSpec::new("shell")
        };
        let function = ProcessFunction::new(binary, spec, BTreeMap::new());
        let lambda = Lambda::new(RetryDelays::aws());
        lambda.register("shell", timeout, function.handler());
        (lambda, function)
    }

    fn is_running(pid: &Value) -> bool {
        // A killed process that is not yet waited for still has an entry, in state Z.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    }

    /// A kill takes a moment.
    async fn ends(pid: &Value) -> bool {
        let ended = async {
            while is_running(pid) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, ended).await.is_ok()
    }

    #[tokio::test]
    async fn a_binary_gets_the_event_and_what_lambda_tells_with_it() {
        let (lambda, _function) = shell(LONG, &[]);

        let response = lambda.invoke("shell", json!({"do": "echo", "x": [1, "é"]})).await.unwrap();

        assert_eq!(response["event"], json!({"do": "echo", "x": [1, "é"]}));
        assert_eq!(response["id"], "00000000-0000-4000-8000-000000000001");
        assert_eq!(response["arn"], "arn:aws:lambda:us-east-1:123456789012:function:shell");
        assert!(response["deadline_ms"].as_u64() > Some(1_700_000_000_000));
    }

    #[tokio::test]
    async fn a_binary_sees_only_the_environment_it_was_given() {
        let (lambda, _function) = shell(LONG, &[("ECS_CLUSTER", "prod-eden-cluster")]);

        let response = lambda.invoke("shell", json!({"do": "environment"})).await.unwrap();

        let names = response["names"].as_str().unwrap();
        // The shell itself adds these.
        let of_shell = ["PWD", "SHLVL", "OLDPWD", "_"];
        let given: Vec<_> =
            names.split(' ').filter(|it| !it.is_empty() && !of_shell.contains(it)).collect();
        let expected = [
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "ECS_CLUSTER",
            "_HANDLER",
        ];
        assert_eq!(given, expected);
    }

    #[tokio::test]
    async fn a_warm_process_is_used_again_even_after_its_function_failed() {
        let (lambda, _function) = shell(LONG, &[]);

        let first = lambda.invoke("shell", json!({"do": "echo"})).await.unwrap();
        let failed = lambda.invoke("shell", json!({"do": "fail"})).await.unwrap_err();
        let second = lambda.invoke("shell", json!({"do": "echo"})).await.unwrap();

        assert_eq!(failed, FunctionError::new("Oops", "told to"));
        assert_eq!(first["pid"], second["pid"]);
    }

    #[tokio::test]
    async fn two_invocations_at_once_run_in_two_processes() {
        let (lambda, _function) = shell(LONG, &[]);

        let (one, other) = tokio::join!(
            lambda.invoke("shell", json!({"do": "wait"})),
            lambda.invoke("shell", json!({"do": "wait"})),
        );

        assert_ne!(one.unwrap()["pid"], other.unwrap()["pid"]);
    }

    #[tokio::test]
    async fn an_error_at_start_is_the_error_of_the_invocation() {
        let (lambda, _function) = shell(LONG, &[("FAIL_INIT", "1")]);

        let error = lambda.invoke("shell", json!({"do": "echo"})).await.unwrap_err();

        assert_eq!(error, FunctionError::new("Config", "ECS_CLUSTER is missing"));
    }

    #[tokio::test]
    async fn a_crash_is_an_error_with_the_last_log_lines_and_the_next_invocation_starts_afresh() {
        let (lambda, function) = shell(LONG, &[]);

        let crash = lambda.invoke("shell", json!({"do": "crash"})).await.unwrap_err();
        let next = lambda.invoke("shell", json!({"do": "echo"})).await;

        assert_eq!(crash.error_type, "Runtime.ExitError");
        assert!(crash.message.contains("exit status: 3"), "{crash}");
        assert!(crash.message.contains("about to crash"), "{crash}");
        assert!(next.is_ok(), "{next:?}");
        let starts = function.logs().iter().filter(|line| line.starts_with("started")).count();
        assert_eq!(starts, 2);
    }

    #[tokio::test]
    async fn a_hung_process_is_killed_at_the_time_out() {
        let (lambda, function) = shell(BRIEF, &[]);

        let error = lambda.invoke("shell", json!({"do": "hang"})).await.unwrap_err();

        assert_eq!(error.error_type, "Sandbox.Timedout");
        assert!(error.message.ends_with("Task timed out after 1.50 seconds"), "{error}");
        let started = function.logs().first().cloned().unwrap();
        let pid = json!(started.trim_start_matches("started ").parse::<u32>().unwrap());
        assert!(ends(&pid).await, "process {pid} should be gone");
    }

    #[tokio::test]
    async fn dropping_the_function_kills_its_warm_processes() {
        let (lambda, function) = shell(LONG, &[]);
        let pid = lambda.invoke("shell", json!({"do": "echo"})).await.unwrap()["pid"].clone();
        assert!(is_running(&pid));

        drop((lambda, function));

        assert!(ends(&pid).await, "process {pid} should be gone");
    }

    #[tokio::test]
    async fn a_binary_that_cannot_be_started_is_an_error_naming_it() {
        let spec = FunctionSpec { timeout: LONG, ..FunctionSpec::new("none") };
        let function = ProcessFunction::new("/no/such/bootstrap".into(), spec, BTreeMap::new());
        let lambda = Lambda::new(RetryDelays::aws());
        lambda.register("none", LONG, function.handler());

        let error = lambda.invoke("none", json!({})).await.unwrap_err();

        assert_eq!(error.error_type, "Runtime.InvalidEntrypoint");
        assert!(error.message.contains("/no/such/bootstrap"), "{error}");
    }
}
