//! Invocation: time-outs, the retries of asynchronous invocations, and the record of it all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::doom::{Doom, End, Fate};
use super::{FunctionError, FunctionLog, Handler, Invocation, InvocationFaults};
use crate::clock::Clock;
use crate::world::Logs;

/// How long Lambda waits before it repeats a failed asynchronous invocation (F29).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryDelays([Duration; 2]);

impl RetryDelays {
    /// One minute, then two.
    pub fn aws() -> Self {
        Self([Duration::from_secs(60), Duration::from_secs(120)])
    }

    /// The same, each multiplied by the factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self(self.0.map(|delay| delay.mul_f64(factor)))
    }
}

/// One attempt at an invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct InvocationRecord {
    /// The function's name.
    pub function: String,
    /// The same for every attempt at one invocation.
    pub request_id: String,
    /// The event.
    pub payload: Value,
    /// 1 for the first.
    pub attempt: usize,
    /// When it started.
    pub started: Instant,
    /// How long it took.
    pub took: Duration,
    /// The function's response, or why it failed.
    pub result: Result<Value, FunctionError>,
    /// Whether Lambda gave up on the event: asynchronous, and this was the last attempt.
    pub dead: bool,
}

/// The Lambda service. Clones share functions and history.
#[derive(Clone)]
pub struct Lambda {
    shared: Arc<Shared>,
}

struct Shared {
    retries: RetryDelays,
    state: Mutex<State>,
}

struct State {
    functions: BTreeMap<String, Function>,
    requests: u64,
    attempts: u64,
    history: Vec<InvocationRecord>,
    faults: InvocationFaults,
    rng: fastrand::Rng,
    dooms: BTreeMap<String, Doom>,
    logs: Option<(Logs, Clock)>,
}

impl State {
    /// What awaits the next attempt at an invocation of a function.
    fn doom(&mut self, function: &str) -> Option<Doom> {
        self.dooms.remove(function).or_else(|| self.faults.doom(&mut self.rng))
    }
}

#[derive(Clone)]
struct Function {
    timeout: Duration,
    handler: Handler,
}

impl Lambda {
    /// A service without functions.
    pub fn new(retries: RetryDelays) -> Self {
        let state = State {
            functions: BTreeMap::new(),
            requests: 0,
            attempts: 0,
            history: Vec::new(),
            faults: InvocationFaults::NONE,
            rng: fastrand::Rng::with_seed(0),
            dooms: BTreeMap::new(),
            logs: None,
        };
        Self { shared: Arc::new(Shared { retries, state: Mutex::new(state) }) }
    }

    /// From now on, so much goes wrong with invocations; by which chance comes from the seed, which
    /// is to be the world's.
    pub fn set_faults(&self, faults: InvocationFaults, seed: u64) {
        let mut state = self.state();
        (state.faults, state.rng) = (faults, fastrand::Rng::with_seed(seed));
    }

    /// The next attempt at an invocation of a function ends before its time. Only a function whose
    /// [`Handler`] makes its calls in its own task can end between them; any other does at its end.
    pub fn doom_next(&self, function: &str, doom: Doom) {
        self.state().dooms.insert(function.to_owned(), doom);
    }

    /// From now on, what functions write goes to these log groups, with the time of this clock.
    pub(crate) fn log_to(&self, logs: Logs, clock: Clock) {
        self.state().logs = Some((logs, clock));
    }

    /// Whether there is a function of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.state().functions.contains_key(name)
    }

    /// Creates or replaces a function.
    pub fn register(&self, name: impl Into<String>, timeout: Duration, handler: Handler) {
        self.state().functions.insert(name.into(), Function { timeout, handler });
    }

    /// Invokes the function and waits for its response; never retries.
    ///
    /// # Errors
    /// When the function fails, takes longer than its time-out or does not exist.
    pub async fn invoke(&self, name: &str, payload: Value) -> Result<Value, FunctionError> {
        let request_id = self.next_request_id();
        let record = self.attempt(name, &request_id, payload, 1).await;
        let result = record.result.clone();
        self.state().history.push(record);
        result
    }

    /// Hands the event to the function and returns at once. A failed attempt is repeated after each
    /// of the [`RetryDelays`]; the last failure is recorded as dead.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn invoke_async(&self, name: &str, payload: Value) {
        let request_id = self.next_request_id();
        let again = {
            let State { faults, rng, .. } = &mut *self.state();
            faults.repetition(rng)
        };
        if let Some(delay) = again {
            self.invoke_until_done(name, &request_id, payload.clone(), delay);
        }
        self.invoke_until_done(name, &request_id, payload, Duration::ZERO);
    }

    fn invoke_until_done(&self, name: &str, request_id: &str, payload: Value, after: Duration) {
        let (lambda, name, request_id) = (self.clone(), name.to_owned(), request_id.to_owned());
        tokio::spawn(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let mut delays = lambda.shared.retries.0.into_iter();
            let mut attempt = 1;
            loop {
                let mut record = lambda.attempt(&name, &request_id, payload.clone(), attempt).await;
                let retry = if record.result.is_err() { delays.next() } else { None };
                record.dead = record.result.is_err() && retry.is_none();
                lambda.state().history.push(record);
                let Some(delay) = retry else { return };
                tokio::time::sleep(delay).await;
                attempt += 1;
            }
        });
    }

    /// Every attempt that has ended, in the order of ending.
    pub fn history(&self) -> Vec<InvocationRecord> {
        self.state().history.clone()
    }

    async fn attempt(
        &self,
        name: &str,
        request_id: &str,
        payload: Value,
        attempt: usize,
    ) -> InvocationRecord {
        let started = Instant::now();
        let (function, fate, environment, log) = {
            let mut state = self.state();
            state.attempts += 1;
            let environment = log_stream(state.attempts);
            let log = FunctionLog::new(state.logs.clone(), name, &environment);
            (state.functions.get(name).cloned(), Fate::new(state.doom(name)), environment, log)
        };
        log.write(&format!("START RequestId: {request_id} Version: $LATEST"));
        let invocation = |function: &Function| Invocation {
            request_id: request_id.to_owned(),
            environment,
            timeout: function.timeout,
            log: log.clone(),
        };
        let result = match function {
            Some(function) => {
                let invocation = invocation(&function);
                function.run(invocation, payload.clone(), fate).await
            }
            None => Err(FunctionError::new(
                "ResourceNotFoundException",
                format!("Function not found: {name}"),
            )),
        };
        let millis = started.elapsed().as_millis();
        log.write(&format!("END RequestId: {request_id}"));
        log.write(&format!("REPORT RequestId: {request_id}\tDuration: {millis} ms"));
        InvocationRecord {
            function: name.to_owned(),
            request_id: request_id.to_owned(),
            payload,
            attempt,
            started,
            took: started.elapsed(),
            result,
            dead: false,
        }
    }

    /// Counted, not random, so that a run can be repeated exactly.
    fn next_request_id(&self) -> String {
        let mut state = self.state();
        state.requests += 1;
        format!("00000000-0000-4000-8000-{:012x}", state.requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of an execution environment's log stream, counted as well.
pub(super) fn log_stream(number: u64) -> String {
    format!("2026/01/01/[$LATEST]{number:032x}")
}

impl Function {
    async fn run(
        &self,
        invocation: Invocation,
        payload: Value,
        fate: Arc<Fate>,
    ) -> Result<Value, FunctionError> {
        let (started, timeout) = (Instant::now(), self.timeout);
        let request_id = invocation.request_id.clone();
        let running = Arc::clone(&fate).rule((self.handler)(payload, invocation));
        let end = tokio::select! {
            biased;
            end = fate.end() => end,
            ended = tokio::time::timeout(timeout, running) => match ended {
                Ok(result) => return result,
                Err(_) => End::Hang,
            },
        };
        let (error_type, what) = match end {
            End::Crash => {
                let what = "Runtime exited with error: signal: killed".to_owned();
                ("Runtime.ExitError", what)
            }
            End::Hang => {
                tokio::time::sleep_until(started + timeout).await;
                let seconds = timeout.as_secs_f64();
                ("Sandbox.Timedout", format!("Task timed out after {seconds:.2} seconds"))
            }
        };
        Err(FunctionError::new(error_type, format!("RequestId: {request_id} Error: {what}")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Fails as often as told, then answers with the request id.
    fn failing(times: usize) -> Handler {
        let left = Arc::new(Mutex::new(times));
        Arc::new(move |_, invocation| {
            let left = Arc::clone(&left);
            Box::pin(async move {
                let mut left = left.lock().unwrap();
                if *left == 0 {
                    return Ok(json!(invocation.request_id));
                }
                *left -= 1;
                Err(FunctionError::new("Failed", "on purpose"))
            })
        })
    }

    fn lambda(handler: Handler) -> Lambda {
        let lambda = Lambda::new(RetryDelays::aws());
        lambda.register("f", MINUTE, handler);
        lambda
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_asynchronous_invocation_is_repeated_after_one_and_two_minutes_then_dead() {
        let lambda = lambda(failing(9));
        let start = Instant::now();

        lambda.invoke_async("f", json!({"n": 1}));
        tokio::time::sleep(60 * MINUTE).await;

        let seen: Vec<_> = lambda
            .history()
            .iter()
            .map(|it| ((it.started - start).as_secs(), it.attempt, it.dead, it.request_id.clone()))
            .collect();
        let id = "00000000-0000-4000-8000-000000000001".to_owned();
        let expected = [(0, 1, false, id.clone()), (60, 2, false, id.clone()), (180, 3, true, id)];
        assert_eq!(seen, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_invocation_that_succeeds_is_not_repeated_again() {
        let lambda = lambda(failing(1));

        lambda.invoke_async("f", json!({}));
        tokio::time::sleep(60 * MINUTE).await;

        let history = lambda.history();
        assert_eq!(history.len(), 2);
        assert!(history[1].result.is_ok() && !history[1].dead);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_synchronous_invocation_is_the_callers_to_repeat() {
        let lambda = lambda(failing(1));

        let first = lambda.invoke("f", json!({})).await;
        tokio::time::sleep(60 * MINUTE).await;

        assert_eq!(first, Err(FunctionError::new("Failed", "on purpose")));
        assert_eq!(lambda.history().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_invocation_ends_as_failed_at_its_time_out() {
        let lambda = lambda(Arc::new(|_, _| Box::pin(std::future::pending())));

        let error = lambda.invoke("f", json!({})).await.unwrap_err();

        assert_eq!(error.error_type, "Sandbox.Timedout");
        assert_eq!(lambda.history()[0].took, MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn invocations_overlap() {
        let slow: Handler = Arc::new(|_, _| {
            Box::pin(async {
                tokio::time::sleep(MINUTE / 2).await;
                Ok(json!("done"))
            })
        });
        let lambda = lambda(slow);
        let start = Instant::now();

        lambda.invoke_async("f", json!(1));
        lambda.invoke_async("f", json!(2));
        tokio::time::sleep(MINUTE).await;

        let starts: Vec<_> = lambda.history().iter().map(|it| it.started - start).collect();
        assert_eq!(starts, [Duration::ZERO, Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn scaled_delays_are_kept() {
        let lambda = Lambda::new(RetryDelays::aws().scaled(0.01));
        lambda.register("f", MINUTE, failing(9));
        let start = Instant::now();

        lambda.invoke_async("f", json!({}));
        tokio::time::sleep(MINUTE).await;

        let starts: Vec<_> = lambda.history().iter().map(|it| it.started - start).collect();
        assert_eq!(starts, [0, 600, 1800].map(Duration::from_millis));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_does_not_exist_is_an_error_naming_it() {
        let error = lambda(failing(0)).invoke("g", json!({})).await.unwrap_err();

        assert_eq!(error.to_string(), "ResourceNotFoundException: Function not found: g");
    }
}
