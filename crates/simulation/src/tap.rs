//! The tap: sits between the SDK and the simulated AWS, sees every call that a function makes and
//! what it is answered, and checks what a caller owes to what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use eden_core::aws;
use eden_lab::Lab;
use eden_lab::example::{API, CLUSTER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use jiff::Timestamp;
use serde_json::Value;

use crate::call::{Answered, Asked};
use crate::laws::TOLERANCE;
use crate::mutants::{Mutant, Mutation};
use crate::record::{self, About};

/// A claim is read back this long after it was written, at the earliest.
const SETTLE: Duration = Duration::from_secs(6);

/// So often the same may be asked that AWS refuses: once by each of Lambda's attempts (F29).
const MOST_REFUSALS: u32 = 3;
/// The subject of what people are told when no remedy is left.
const HUMAN: &str = "Eden Needs a Human";
/// The subject of what they are told when that is over.
const OVER: &str = "Eden Service Healthy Again";

/// What one process of a function asks and is told.
#[derive(Debug)]
pub(crate) struct Tap {
    function: String,
    lab: Lab,
    record: record::Shared,
    mutation: Option<Mutation>,
    told: Mutex<Told>,
}

/// What the present invocation was told, and did.
#[derive(Debug, Default)]
struct Told {
    /// How each operation was answered last.
    answered: BTreeMap<String, Answered>,
    /// The tasks that are to run, by the last list.
    listed: BTreeSet<String>,
    /// The tasks of which the last answer said nothing.
    untold: BTreeSet<String>,
    /// When its claim was written.
    claimed_at: Option<Timestamp>,
    /// Whether the service was read after the claim had settled.
    claim_is_verified: bool,
    /// Integrations that were written and not looked at since.
    unseen: BTreeSet<String>,
    /// The subjects of the messages to people.
    subjects: BTreeSet<String>,
}

impl Tap {
    pub(crate) fn new(
        function: &str,
        lab: &Lab,
        record: &record::Shared,
        mutant: Option<Mutant>,
    ) -> Self {
        Self {
            function: function.to_owned(),
            lab: lab.clone(),
            record: Arc::clone(record),
            mutation: mutant.map(|mutant| Mutation::new(mutant, lab)),
            told: Mutex::default(),
        }
    }

    /// An invocation begins.
    pub(crate) fn begin(&self) {
        *self.told() = Told::default();
        if let Some(mutation) = &self.mutation {
            mutation.begin();
        }
    }

    /// The invocation has ended by itself, with this condition if there is one. One that failed is
    /// repeated, and looks then.
    pub(crate) fn end(&self, now: Timestamp, well: bool, condition: Option<&str>) {
        let told = self.told();
        let mut record = record::write(&self.record);
        if told.subjects.contains(OVER) {
            record.people.are_relieved();
        }
        if let Some(condition) = condition.filter(|_| told.subjects.contains(HUMAN))
            && let Some(invariant) = record.people.hear(now, condition)
        {
            record.breaks(now, invariant, condition.to_owned());
        }
        if well && !told.unseen.is_empty() {
            let text = format!("{} wrote {:?} and never looked again", self.function, told.unseen);
            record.breaks(now, "what was written is looked at again", text);
        }
    }

    /// A call is about to be made.
    fn asks(&self, asked: &Asked) {
        if !asked.is_write() {
            return;
        }
        let (now, foreign, counted) = {
            let world = self.lab.world();
            let is_ours = |arn: &str| {
                arn.ends_with(&format!("service/{CLUSTER}/{SERVICE}"))
                    || world
                        .task(arn)
                        .is_some_and(|task| task.group == format!("service:{SERVICE}"))
            };
            let service = world.service(CLUSTER, SERVICE);
            let counted = service.is_some_and(|service| service.daemon);
            (world.now(), !touches_only_ours(asked, is_ours), counted)
        };
        let mut record = record::write(&self.record);
        let what =
            || format!("{}: {} {}{}", self.function, asked.operation, asked.path, asked.input);
        record.note(now, About::Call, what);
        if foreign {
            record.breaks(now, "nothing of another service or API is touched", what());
        }
        if counted && asked.input.get("desiredCount").is_some() {
            record.breaks(now, "the count of daemons is ECS's", what());
        }
        let told = self.told();
        for needed in needs(asked) {
            let text = match told.answered.get(*needed) {
                Some(Answered::Well) => continue,
                Some(Answered::Partly)
                    if *needed == "DescribeTasks" && told.untold.is_disjoint(&told.listed) =>
                {
                    continue;
                }
                Some(Answered::Partly) => "was answered partly",
                Some(Answered::Badly) => "failed",
                // Of no task there is nothing to describe.
                None if *needed == "DescribeTasks" && told.listed.is_empty() => continue,
                None => "was never asked",
            };
            let text = format!("{needed} {text} before {}", what());
            record.breaks(now, "no action on unknown facts", text);
        }
        let alone = asked.operation == "StopTask" || asked.deploys();
        if alone && !told.claim_is_verified {
            let text = format!("no claim was read back before {}", what());
            record.breaks(now, "only who holds the claim acts", text);
        }
        let paused = record.paused_since.is_some_and(|since| now >= since + TOLERANCE);
        if paused && !is_bookkeeping(asked) {
            record.breaks(now, "no action while healing is paused", what());
        }
        if asked.operation == "StopServiceDeployment" {
            record.deployment_stopped_at = Some(now);
        }
        record.last_write = Some((now, what()));
    }

    /// A call was answered.
    fn told_of(&self, asked: &Asked, answered: Answered, body: &[u8]) {
        let now = self.lab.world().now();
        let mut told = self.told();
        told.answered.insert(asked.operation.clone(), answered);
        let well = answered == Answered::Well;
        match asked.operation.as_str() {
            "UpdateIntegration" if well => {
                told.unseen.insert(asked.path.clone());
            }
            "GetIntegration" if well => {
                told.unseen.remove(&asked.path);
            }
            "TagResource" if well && asked.input.to_string().contains(":claim\"") => {
                (told.claimed_at, told.claim_is_verified) = (Some(now), false);
            }
            "ListTasks" if well && asked.text("desiredStatus") != Some("STOPPED") => {
                told.listed = texts(body, |answer| &answer["taskArns"]);
            }
            "DescribeTasks" if answered != Answered::Badly => {
                told.untold = texts(body, |answer| &answer["failures"]);
            }
            "Publish" if well => told.subjects.extend(asked.subject.clone()),
            "DescribeServices" if well => {
                told.claim_is_verified |= told.claimed_at.is_some_and(|at| now >= at + SETTLE);
            }
            _ => {}
        }
        if asked.is_write() && !well {
            let what = || format!("{} answered {}", self.function, asked.operation);
            record::write(&self.record).note(now, About::Call, || format!("{}: failed", what()));
        }
    }

    /// AWS will not do this, however often it is asked.
    fn refused(&self, asked: &Asked) {
        let what = ["task", "taskDefinition", "serviceDeploymentArn", "desiredCount"];
        let what = what.into_iter().find_map(|member| asked.input.get(member));
        let key = format!("{} {}", asked.operation, what.unwrap_or(&Value::Null));
        let mut record = record::write(&self.record);
        let times = record.refusals.entry(key.clone()).or_default();
        *times += 1;
        if *times == MOST_REFUSALS + 1 {
            let now = self.lab.world().now();
            record.breaks(now, "what AWS refuses is not tried for ever", key);
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a body says that AWS will not do what it was asked for, however often.
fn is_refusal(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = answer["__type"].as_str().unwrap_or_default();
    ["ClientException", "InvalidParameterException"].iter().any(|it| kind.ends_with(it))
}

/// The texts in a list of a JSON answer, or the ARNs of its entries.
fn texts(body: &[u8], list: impl Fn(&Value) -> &Value) -> BTreeSet<String> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = list(&answer).as_array().into_iter().flatten();
    let text = |entry: &Value| entry.as_str().or_else(|| entry["arn"].as_str()).map(str::to_owned);
    entries.filter_map(text).collect()
}

/// Whether it only notes what people were told, or gives a claim up.
fn is_bookkeeping(asked: &Asked) -> bool {
    let input = asked.input.to_string();
    let gives_up = asked.operation == "UntagResource" && input.contains(":claim\"");
    gives_up || input.contains(":told\"")
}

/// What must have been read completely before this is written.
fn needs(asked: &Asked) -> &'static [&'static str] {
    match asked.operation.as_str() {
        "StopTask" | "StopServiceDeployment" => &["DescribeServices", "ListTasks", "DescribeTasks"],
        "UpdateService" if asked.deploys() => &["DescribeServices", "ListTasks", "DescribeTasks"],
        "UpdateService" => &["DescribeServices"],
        "UpdateIntegration" => &["ListTasks", "DescribeTasks"],
        _ => &[],
    }
}

/// Whether a write is about the service, its tasks, or its two integrations.
fn touches_only_ours(asked: &Asked, is_ours: impl Fn(&str) -> bool) -> bool {
    match asked.operation.as_str() {
        "StopTask" => asked.text("task").is_some_and(is_ours),
        "UpdateService" => {
            asked.text("cluster") == Some(CLUSTER) && asked.text("service") == Some(SERVICE)
        }
        "StopServiceDeployment" => asked
            .text("serviceDeploymentArn")
            .is_some_and(|arn| arn.contains(&format!("/{CLUSTER}/{SERVICE}/"))),
        "TagResource" | "UntagResource" => asked.text("resourceArn").is_some_and(is_ours),
        "UpdateIntegration" => [ROOT_INTEGRATION, PROXY_INTEGRATION]
            .iter()
            .any(|id| asked.path == format!("/v2/apis/{API}/integrations/{id}")),
        "CreateDeployment" => asked.path == format!("/v2/apis/{API}/deployments"),
        _ => false,
    }
}

/// The configuration of a process's clients, with the patience that Lambda's have.
pub(crate) fn tapped(lab: &Lab, tap: &Arc<Tap>) -> aws_types::SdkConfig {
    let config = lab.sdk_config_of(&tap.function);
    let inner = config.http_client().expect("the lab's configuration has a client");
    let client = Tapped { inner, tap: Arc::clone(tap) };
    let builder = config.to_builder().http_client(client);
    builder.retry_config(aws::retries()).timeout_config(aws::timeouts()).build()
}

#[derive(Debug, Clone)]
struct Tapped<C> {
    inner: C,
    tap: Arc<Tap>,
}

impl HttpClient for Tapped<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Tapped { inner, tap: Arc::clone(&self.tap) })
    }
}

impl HttpConnector for Tapped<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl Tapped<SharedHttpConnector> {
    /// What a mutant alters is altered on the caller's side of the tap.
    async fn exchange(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let tap = &self.tap;
        let mut asked = Asked::read(&request);
        if let Some(mutation) = &tap.mutation {
            if let Some(answer) = mutation.instead(&asked) {
                return Ok(answer);
            }
            mutation.alter(&mut asked, &mut request);
        }
        tap.asks(&asked);
        let mut answering = Unanswered { tap, asked: Some(&asked) };
        let answer = self.inner.call(request).await;
        answering.asked = None;
        let body = answer.as_ref().ok().and_then(|answer| answer.body().bytes());
        let body = body.unwrap_or_default();
        tap.told_of(&asked, Answered::read(&answer), body);
        if asked.is_write() && is_refusal(body) {
            tap.refused(&asked);
        }
        match &tap.mutation {
            Some(mutation) => mutation.answer(&asked, answer),
            None => answer,
        }
    }
}

/// A call that its caller may give up on: that is a bad answer, too.
struct Unanswered<'a> {
    tap: &'a Tap,
    asked: Option<&'a Asked>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(asked) = self.asked {
            self.tap.told_of(asked, Answered::Badly, &[]);
        }
    }
}
