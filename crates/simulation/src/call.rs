//! A call at the wire, as far as those who watch and alter calls read it.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// A call that is on its way to AWS.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// For example `DescribeTasks`.
    pub(crate) operation: String,
    /// The path of the request; that of API Gateway's names the resource.
    pub(crate) path: String,
    /// Its input, where the protocol has it as JSON.
    pub(crate) input: Value,
    /// The subject of a message to people.
    pub(crate) subject: Option<String>,
}

impl Asked {
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let url = request.uri();
        let path = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = path.find('/').map_or("/", |at| &path[at..]);
        let path = path.split('?').next().unwrap_or(path).to_owned();
        let target = request.headers().get("x-amz-target");
        let operation = match target.and_then(|target| target.rsplit_once('.')) {
            Some((_, operation)) => operation.to_owned(),
            None => of_path(request.method(), &path, request.body().bytes()),
        };
        let body = request.body().bytes().unwrap_or_default();
        let input = serde_json::from_slice(body).unwrap_or_default();
        let subject = if operation == "Publish" { subject(body) } else { None };
        Self { operation, path, input, subject }
    }

    /// A text in the input.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member)?.as_str()
    }

    /// Whether it writes where the API leads to.
    pub(crate) fn is_of_route(&self) -> bool {
        matches!(self.operation.as_str(), "UpdateIntegration" | "CreateDeployment")
    }

    /// Whether it changes something beside telling people.
    pub(crate) fn is_write(&self) -> bool {
        self.is_of_route()
            || matches!(
                self.operation.as_str(),
                "StopTask"
                    | "UpdateService"
                    | "StopServiceDeployment"
                    | "TagResource"
                    | "UntagResource"
                    | "UpdateStage"
            )
    }

    /// Whether it makes a deployment of the service, or ends one.
    pub(crate) fn deploys(&self) -> bool {
        let updates = self.operation == "UpdateService";
        let is_new = updates && self.input["forceNewDeployment"] == true;
        is_new || self.operation == "StopServiceDeployment"
    }
}

/// What an operation is called that is named by method and path, or in a form.
fn of_path(method: &str, path: &str, body: Option<&[u8]>) -> String {
    const CLOUDWATCH: &str = "/service/GraniteServiceVersion20100801/operation/";
    if let Some(operation) = path.strip_prefix(CLOUDWATCH) {
        return operation.to_owned();
    }
    if path.starts_with("/v2/apis") {
        let verb = match method {
            "GET" => "Get",
            "PATCH" => "Update",
            "POST" => "Create",
            _ => method,
        };
        // `/v2/apis/ID/integrations/ID`: the kind of thing, and perhaps which.
        let parts: Vec<_> = path.split('/').skip(4).collect();
        let noun = match parts.as_slice() {
            ["integrations", _] => "Integration",
            ["stages", _] => "Stage",
            ["stages"] => "Stages",
            ["deployments", _] | ["deployments"] if method == "POST" => "Deployment",
            ["deployments", ..] => "Deployments",
            _ => path,
        };
        return format!("{verb}{noun}");
    }
    let form = body.map(String::from_utf8_lossy).unwrap_or_default();
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or("unknown").to_owned()
}

/// The subject in a form.
fn subject(form: &[u8]) -> Option<String> {
    let form = String::from_utf8_lossy(form);
    let subject = form.split('&').find_map(|pair| pair.strip_prefix("Subject="))?;
    Some(subject.replace(['+'], " ").replace("%20", " "))
}

/// How a call was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// With all that was asked for.
    Well,
    /// With a part of it only (F17).
    Partly,
    /// With an error, or not at all.
    Badly,
}

impl Answered {
    pub(crate) fn read<E>(answer: &Result<HttpResponse, E>) -> Self {
        let Ok(answer) = answer else { return Self::Badly };
        if !answer.status().is_success() {
            return Self::Badly;
        }
        let body = str::from_utf8(answer.body().bytes().unwrap_or_default()).unwrap_or_default();
        let partly = body.starts_with('{') && body.contains("\"failures\":[{");
        if partly { Self::Partly } else { Self::Well }
    }
}

/// The answer with another body.
pub(crate) fn with_body(answer: &HttpResponse, body: Vec<u8>) -> HttpResponse {
    let mut other = HttpResponse::new(answer.status(), SdkBody::from(body));
    for (name, value) in answer.headers() {
        if name != "content-length" {
            other.headers_mut().insert(name.to_owned(), value.to_owned());
        }
    }
    other
}
