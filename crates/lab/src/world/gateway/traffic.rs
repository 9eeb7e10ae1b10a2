//! Requests that clients make of an API in virtual time, and the metrics that count them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{ApiKind, Destination, GatewayAnswer};
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
}

impl RequestOutcome {
    /// Whether its sender got what it asked for.
    pub fn is_success(self) -> bool {
        self.status < 400
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
        let status = match self.destination(api_id, "GET", path) {
            Destination::Gateway(answer) => answer.status,
            Destination::Backend { uri, unreachable } => match self.answer_from(&uri) {
                None => unreachable.status,
                Some(Answer::Status(status)) => status,
                Some(Answer::Never) => GatewayAnswer::TIMED_OUT.status,
            },
        };
        self.record_response(api_id, status);
        status
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
        let status = self.request(&api, &path);
        self.outcomes.push(RequestOutcome { at: self.now, status });
        self.plan(every, Due::Request(stream));
    }
}
