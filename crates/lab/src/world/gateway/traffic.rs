//! Requests that clients make of an API in virtual time, and the metrics that count them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{ApiKind, Destination};
use crate::world::World;
use crate::world::application::Answer;
use crate::world::metric::MetricKey;
use crate::world::queue::Due;

/// What became of a virtual request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestOutcome {
    /// When it was made.
    pub at: Timestamp,
    /// What the gateway answered.
    pub status: u16,
    /// Whether it got to somebody else's application, which answered.
    pub misdelivered: bool,
}

impl RequestOutcome {
    /// Whether its sender got what it asked for.
    pub fn is_success(self) -> bool {
        self.status < 400 && !self.misdelivered
    }
}

/// A stream of virtual requests.
#[derive(Debug)]
pub(in crate::world) struct Stream {
    api: String,
    path: String,
    every: Duration,
}

impl World {
    /// After this the gateway gives up on an integration.
    pub fn gateway_timeout(&self) -> Duration {
        self.timing.gateway_timeout
    }

    /// Makes one virtual GET and returns what the gateway answers.
    pub fn request(&mut self, api_id: &str, path: &str) -> u16 {
        let (status, _) = self.outcome_of(api_id, path);
        self.record_response(api_id, status);
        status
    }

    /// What would become of a GET that was made now, which is not counted.
    pub fn would_be(&self, api_id: &str, path: &str) -> RequestOutcome {
        let (status, misdelivered) = self.outcome_of(api_id, path);
        RequestOutcome { at: self.now, status, misdelivered }
    }

    /// What the gateway answers, and whether somebody else's application has made it.
    fn outcome_of(&self, api_id: &str, path: &str) -> (u16, bool) {
        match self.admitted(api_id, "GET", path, true) {
            Destination::Gateway(answer) => (answer.status, false),
            Destination::Backend { uri, host, unreachable, timed_out } => {
                match self.answer_from(&uri, host.as_deref()) {
                    None => (unreachable.status, false),
                    Some((Answer::Status(status), misdelivered)) => (status, misdelivered),
                    Some((Answer::Never, misdelivered)) => (timed_out.status, misdelivered),
                }
            }
        }
    }

    /// Counts a response of the gateway in the metrics of the API's kind (F1).
    pub fn record_response(&mut self, api_id: &str, status: u16) {
        let api = self.apis.get(api_id).map(|api| (api.kind, api.name.as_str()));
        let (dimension, value, names) = match api {
            Some((ApiKind::Rest, name)) => ("ApiName", name, ["Count", "4XXError", "5XXError"]),
            Some((ApiKind::Http, _)) | None => ("ApiId", api_id, ["Count", "4xx", "5xx"]),
        };
        let dimensions = BTreeMap::from([(dimension.to_owned(), value.to_owned())]);
        let within = |range: std::ops::Range<u16>| f64::from(u8::from(range.contains(&status)));
        let counts = [1.0, within(400..500), within(500..600)];
        for (name, count) in names.into_iter().zip(counts) {
            let key = MetricKey {
                namespace: "AWS/ApiGateway".to_owned(),
                name: name.to_owned(),
                dimensions: dimensions.clone(),
            };
            self.metrics.record(key, self.now, count);
        }
    }

    /// Makes virtual requests from now on, one every so often.
    pub fn start_traffic(&mut self, api_id: &str, path: &str, every: Duration) {
        self.streams.push(Stream { api: api_id.to_owned(), path: path.to_owned(), every });
        self.plan(every, Due::Request(self.streams.len() - 1));
    }

    /// What became of the virtual requests of all streams, oldest first.
    pub fn traffic(&self) -> &[RequestOutcome] {
        &self.outcomes
    }

    /// How many virtual requests that were made at this time or later failed.
    pub fn failed_requests(&self, since: Timestamp) -> usize {
        self.outcomes.iter().filter(|it| it.at >= since && !it.is_success()).count()
    }

    pub(in crate::world) fn next_request(&mut self, stream: usize) {
        let Stream { api, path, every } = &self.streams[stream];
        let (api, path, every) = (api.clone(), path.clone(), *every);
        let outcome = self.would_be(&api, &path);
        self.record_response(&api, outcome.status);
        self.outcomes.push(outcome);
        self.plan(every, Due::Request(stream));
    }
}
