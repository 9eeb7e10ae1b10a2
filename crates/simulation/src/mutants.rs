//! Mutants: Eden, deliberately broken by what stands between it and AWS. Each must be caught by an
//! invariant; one that is not would say that the invariants prove nothing.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use eden_core::network::{Dial, Dialing};
use eden_lab::Lab;
use eden_lab::example::API;
use serde::Serialize;
use serde_json::Value;

use crate::call::{Answered, Asked, with_body};
use crate::hand::running;
use crate::setting::USERS;

/// How Eden is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutant {
    /// It does not see what it has done in the last hours.
    IgnoresTheBudget,
    /// Tasks that it cannot read it takes for UNHEALTHY.
    TakesUnknownForSick,
    /// What it has written it takes for done, without looking again.
    NeverVerifies,
    /// It stops another task than the sick one.
    StopsTheWrongTask,
    /// While the API answers badly, no task seems to answer either.
    BlamesTasks,
    /// What it writes never gets to AWS, and seems to be done.
    HoldsEverything,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::IgnoresTheBudget,
        Self::TakesUnknownForSick,
        Self::NeverVerifies,
        Self::StopsTheWrongTask,
        Self::BlamesTasks,
        Self::HoldsEverything,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::IgnoresTheBudget => "ignores-the-budget",
            Self::TakesUnknownForSick => "takes-unknown-for-sick",
            Self::NeverVerifies => "never-verifies",
            Self::StopsTheWrongTask => "stops-the-wrong-task",
            Self::BlamesTasks => "blames-tasks",
            Self::HoldsEverything => "holds-everything",
        }
    }
}

/// A mutant at work in one process.
#[derive(Debug)]
pub(crate) struct Mutation {
    mutant: Mutant,
    lab: Lab,
    /// The tasks as they were read last, by ARN; the last answers to writes of the route, by path.
    kept: Mutex<BTreeMap<String, String>>,
}

impl Mutation {
    pub(crate) fn new(mutant: Mutant, lab: &Lab) -> Self {
        Self { mutant, lab: lab.clone(), kept: Mutex::default() }
    }

    /// An invocation begins.
    pub(crate) fn begin(&self) {
        if self.mutant == Mutant::NeverVerifies {
            self.kept().clear();
        }
    }

    /// What it answers to a call by itself.
    pub(crate) fn instead(&self, asked: &Asked) -> Option<HttpResponse> {
        if self.mutant == Mutant::HoldsEverything && asked.is_write() {
            return Some(done(asked));
        }
        let looks = self.mutant == Mutant::NeverVerifies && asked.operation == "GetIntegration";
        let kept = self.kept().get(&asked.path).cloned().filter(|_| looks)?;
        Some(ok("application/json", kept))
    }

    /// What it asks instead.
    pub(crate) fn alter(&self, asked: &mut Asked, request: &mut HttpRequest) {
        if self.mutant != Mutant::StopsTheWrongTask || asked.operation != "StopTask" {
            return;
        }
        let sick = asked.text("task").unwrap_or_default().to_owned();
        let other = running(&self.lab.world()).into_iter().find(|task| task.arn != sick);
        if let Some(other) = other {
            asked.input["task"] = other.arn.into();
            *request.body_mut() = SdkBody::from(asked.input.to_string());
        }
    }

    /// What it makes of an answer.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        answer: Result<HttpResponse, ConnectorError>,
    ) -> Result<HttpResponse, ConnectorError> {
        match self.mutant {
            Mutant::IgnoresTheBudget => answer.map(|answer| forgetting(asked, answer)),
            Mutant::TakesUnknownForSick => self.suspecting(asked, answer),
            Mutant::NeverVerifies => {
                if let (Ok(answer), "UpdateIntegration") = (&answer, asked.operation.as_str())
                    && answer.status().is_success()
                {
                    self.kept().insert(asked.path.clone(), text(answer));
                }
                answer
            }
            Mutant::StopsTheWrongTask | Mutant::BlamesTasks | Mutant::HoldsEverything => answer,
        }
    }

    fn suspecting(
        &self,
        asked: &Asked,
        answer: Result<HttpResponse, ConnectorError>,
    ) -> Result<HttpResponse, ConnectorError> {
        if asked.operation != "DescribeTasks" {
            return answer;
        }
        let answered = Answered::read(&answer);
        let mut kept = self.kept();
        if let (Ok(answer), Answered::Well) = (&answer, answered) {
            let body: Value = serde_json::from_str(&text(answer)).unwrap_or_default();
            for task in body["tasks"].as_array().into_iter().flatten() {
                let arn = task["taskArn"].as_str().unwrap_or_default().to_owned();
                kept.insert(arn, task.to_string());
            }
        }
        if answered == Answered::Well {
            return answer;
        }
        let wanted = asked.input["tasks"].as_array().into_iter().flatten();
        let remembered: Option<Vec<Value>> =
            wanted.map(|arn| serde_json::from_str(kept.get(arn.as_str()?)?).ok()).collect();
        let Some(mut tasks) = remembered else { return answer };
        for task in tasks.iter_mut().filter(|task| task["lastStatus"] == "RUNNING") {
            task["healthStatus"] = "UNHEALTHY".into();
        }
        let sick = serde_json::json!({ "tasks": tasks, "failures": [] });
        Ok(ok("application/x-amz-json-1.1", sick.to_string()))
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A way to the tasks that leads nowhere while the API answers badly.
#[derive(Debug)]
pub(crate) struct Blaming {
    lab: Lab,
    way: Arc<dyn Dial>,
}

impl Blaming {
    pub(crate) fn new(lab: &Lab, way: Arc<dyn Dial>) -> Self {
        Self { lab: lab.clone(), way }
    }
}

impl Dial for Blaming {
    fn dial(&self, to: SocketAddr, tls: bool) -> Dialing<'_> {
        if self.lab.world().would_be(API, USERS).status >= 500 {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        self.way.dial(to, tls)
    }
}

/// What AWS answers when it has done what it was asked for.
fn done(asked: &Asked) -> HttpResponse {
    let (content_type, body) = match asked.operation.as_str() {
        "StopTask" => ("application/x-amz-json-1.1", r#"{"task":{}}"#),
        "UpdateService" => ("application/x-amz-json-1.1", r#"{"service":{}}"#),
        "TagResource" | "UntagResource" | "StopServiceDeployment" => {
            ("application/x-amz-json-1.1", "{}")
        }
        "CreateDeployment" => ("application/json", r#"{"deploymentId":"none"}"#),
        _ => ("application/json", "{}"),
    };
    ok(content_type, body.to_owned())
}

/// Stop reasons lose the mark by which Eden knows its own, and the service the tag.
fn forgetting(asked: &Asked, answer: HttpResponse) -> HttpResponse {
    let forgotten: &[_] = match asked.operation.as_str() {
        "DescribeTasks" => &[("\"stoppedReason\":\"Eden: ", "\"stoppedReason\":\"")],
        "DescribeServices" => {
            &[(":redeployed\"", ":forgotten\""), (":stopped\"", ":forgotten-too\"")]
        }
        _ => return answer,
    };
    let forget = |body: String, (known, other): &(&str, &str)| body.replace(known, other);
    let body = forgotten.iter().fold(text(&answer), forget);
    with_body(&answer, body.into_bytes())
}

fn text(answer: &HttpResponse) -> String {
    String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned()
}

fn ok(content_type: &'static str, body: String) -> HttpResponse {
    let mut answer = HttpResponse::new(
        aws_smithy_runtime_api::http::StatusCode::try_from(200).expect("a status"),
        SdkBody::from(body),
    );
    answer.headers_mut().insert("content-type", content_type);
    answer
}
