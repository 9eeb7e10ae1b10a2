//! One process of a function that is measured, and what an invocation of it cost.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use eden_lab::lambda::{Environment, FunctionLog, Invocation, LogLines};
use eden_lab::world::Call;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::ground::Ground;
use crate::side::{Function, Programs, Side, command};

/// As the template has it for health-monitor; ip-updater's is shorter, and neither is needed.
const TIMEOUT: Duration = Duration::from_secs(150);
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";

/// A function's process.
#[derive(Debug)]
pub struct Subject {
    /// The process and its Runtime API.
    pub environment: Environment,
    /// When it was started.
    pub started: Instant,
    log: LogLines,
    function: Function,
    side: Side,
    invocations: u32,
}

/// What one invocation cost.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// When its answer came.
    pub at: Instant,
    /// From the event to its answer.
    pub took: Duration,
    /// From the event until the route was written.
    pub to_write: Option<Duration>,
    /// Calls, of which each waited for the one before.
    pub round_trips: usize,
    /// The same, up to the one that wrote the route.
    pub round_trips_to_write: usize,
    /// All calls of AWS.
    pub calls: usize,
}

impl Subject {
    /// Starts a function of a side.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        programs: &Programs,
        ground: &Ground,
        side: Side,
        function: Function,
    ) -> Result<Self> {
        Self::start_as(&programs.line(side, function), ground, side, function).await
    }

    /// The same by another line, for example one that measures it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_as(
        line: &[String],
        ground: &Ground,
        side: Side,
        function: Function,
    ) -> Result<Self> {
        let log = LogLines::default();
        let command = command(line, function, &ground.variables(function)?);
        let started = Instant::now();
        let environment = Environment::start(command, log.clone()).await;
        let environment = environment.with_context(|| format!("cannot start {}", line[0]))?;
        Ok(Self { environment, started, log, function, side, invocations: 0 })
    }

    /// Its id, while it runs.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.environment.pid().with_context(|| {
            format!("{:?}'s {} has ended:\n{}", self.side, self.function, self.end_of_log())
        })
    }

    /// How many bytes it has logged.
    pub fn logged(&self) -> usize {
        self.log.all().iter().map(|line| line.len() + 1).sum()
    }

    /// Hands it what there is to do, and makes sure that it did just that: ip-updater has to move
    /// the route, health-monitor to find a service well.
    ///
    /// # Errors
    /// When it fails, or does something else.
    pub async fn invoke(&mut self, ground: &Ground) -> Result<Invoked> {
        if self.function == Function::IpUpdater {
            ground.lead_astray()?;
        }
        let event = ground.event(self.function)?;
        self.invocations += 1;
        let invocation = Invocation {
            request_id: format!("00000000-0000-4000-8000-{:012x}", self.invocations),
            environment: "bench".to_owned(),
            timeout: TIMEOUT,
            log: FunctionLog::default(),
        };
        let before = ground.world().calls().len();
        let (began, began_at) = (Instant::now(), ground.now());
        let running = self.environment.run(ARN, event, &invocation);
        let ended = tokio::time::timeout(TIMEOUT, running).await;
        let at = Instant::now();
        let who = format!("{:?}'s {}", self.side, self.function);
        let ended = ended.with_context(|| format!("{who} has not answered"))?;
        let answer = match ended.result {
            Ok(answer) => answer,
            Err(error) => bail!("{who} failed: {error}\n{}", self.end_of_log()),
        };
        let calls = ground.world().calls()[before..].to_vec();
        self.is_as_it_should_be(ground, &answer, &calls)
            .with_context(|| format!("{who} did not do its job; it answered {answer}"))?;
        let invoked =
            Invoked { at, took: at - began, ..costs(&calls, ground.latency(), began_at, at) };
        Ok(invoked)
    }

    fn is_as_it_should_be(&self, ground: &Ground, answer: &Value, calls: &[Call]) -> Result<()> {
        let failed = calls.iter().find(|call| call.outcome.is_err());
        ensure!(failed.is_none(), "a call failed: {failed:?}");
        match (self.function, self.side) {
            (Function::IpUpdater, _) => {
                ensure!(calls.iter().any(is_the_write), "it did not write the route");
                ensure!(ground.is_led_right(), "the route leads to no task");
            }
            (Function::HealthMonitor, Side::Eden) => {
                ensure!(answer["diagnosis"] == "healthy", "the service is healthy");
            }
            (Function::HealthMonitor, Side::Baseline) => {
                let body = answer["body"].as_str();
                ensure!(body == Some(r#"{"actions": []}"#), "there was nothing to do");
            }
        }
        Ok(())
    }

    fn end_of_log(&self) -> String {
        let lines = self.log.all();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

fn is_the_write(call: &Call) -> bool {
    call.operation == "UpdateIntegration"
}

fn costs(calls: &[Call], latency: Duration, began: Timestamp, at: Instant) -> Invoked {
    let write = calls.iter().find(|call| is_the_write(call));
    let to_write = write.map(|call| call.at.duration_since(began).unsigned_abs());
    let up_to: Vec<_> =
        calls.iter().filter(|call| write.is_some_and(|write| call.at <= write.at)).collect();
    Invoked {
        at,
        took: Duration::ZERO,
        to_write,
        round_trips: round_trips(&calls.iter().collect::<Vec<_>>(), latency),
        round_trips_to_write: round_trips(&up_to, latency),
        calls: calls.len(),
    }
}

/// The most calls of which no two were in flight at once: one that waits for another is in flight
/// only after it. A call is in flight from when it came in until AWS did it, the latency later.
fn round_trips(calls: &[&Call], latency: Duration) -> usize {
    let mut ends: Vec<Timestamp> = calls.iter().map(|call| call.at).collect();
    ends.sort();
    let (mut count, mut free) = (0, None);
    for end in ends {
        if free.is_none_or(|free| end - latency >= free) {
            (count, free) = (count + 1, Some(end));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at_ms: i64, operation: &str) -> Call {
        Call {
            at: Timestamp::from_millisecond(at_ms).unwrap(),
            access_key: String::new(),
            service: "ecs",
            operation: operation.to_owned(),
            resource: String::new(),
            needs: Vec::new(),
            denied: false,
            outcome: Ok(()),
            done: true,
            mutating: false,
        }
    }

    #[test]
    fn calls_that_are_in_flight_together_are_one_round_trip() {
        let latency = Duration::from_millis(30);
        // Three at once, then one, then the write, then two at once.
        let calls = [31, 32, 33, 64, 96, 128, 129].map(|at| call(at, "DescribeTasks"));
        let all: Vec<_> = calls.iter().collect();
        assert_eq!(round_trips(&all, latency), 4);
        assert_eq!(round_trips(&all[..3], latency), 1);
        assert_eq!(round_trips(&[], latency), 0);
    }

    #[test]
    fn the_write_is_told_from_what_comes_after_it() {
        let calls = [call(31, "ListTasks"), call(62, "UpdateIntegration"), call(93, "PutEvents")];
        let began = Timestamp::UNIX_EPOCH;
        let costs = costs(&calls, Duration::from_millis(30), began, Instant::now());
        assert_eq!(costs.to_write, Some(Duration::from_millis(62)));
        assert_eq!((costs.round_trips_to_write, costs.round_trips, costs.calls), (2, 3, 3));
    }
}
