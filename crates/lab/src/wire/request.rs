//! Tells services and operations apart and reads every protocol's input into one form.

use hyper::body::Bytes;
use hyper::{Method, Request};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::error::ApiError;
use super::protocol::{Protocol, as_json};
use super::{rest, summary};

const ECS_TARGET: &str = "AmazonEC2ContainerServiceV20141113.";
const EVENTS_TARGET: &str = "AWSEvents.";
const SECRETS_MANAGER_TARGET: &str = "secretsmanager.";
const SSM_TARGET: &str = "AmazonSSM.";
const LOGS_TARGET: &str = "Logs_20140328.";
const SQS_TARGET: &str = "AmazonSQS.";
const LAMBDA_PATH: &str = "/2015-03-31/functions";
const CLOUDWATCH_TARGET: &str = "GraniteServiceVersion20100801.";
const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

/// The services of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Ecs,
    Ec2,
    /// The first version of API Gateway: REST APIs.
    ApiGateway,
    /// The second: HTTP APIs. IAM and the record of calls make no difference.
    ApiGatewayV2,
    Sns,
    CloudWatch,
    EventBridge,
    SecretsManager,
    /// Systems Manager: its Parameter Store.
    Ssm,
    Lambda,
    /// CloudWatch Logs.
    Logs,
    Sqs,
    CloudFormation,
}

impl Service {
    /// The name in signatures and endpoints.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Ec2 => "ec2",
            Self::ApiGateway | Self::ApiGatewayV2 => "apigateway",
            Self::Sns => "sns",
            Self::CloudWatch => "monitoring",
            Self::EventBridge => "events",
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::Sqs => "sqs",
            Self::CloudFormation => "cloudformation",
        }
    }

    /// Whether its reads may lag behind its writes.
    pub(super) fn may_lag(self) -> bool {
        match self {
            Self::Ecs | Self::Ec2 | Self::ApiGateway | Self::ApiGatewayV2 | Self::CloudWatch => {
                true
            }
            Self::Sns
            | Self::EventBridge
            | Self::SecretsManager
            | Self::Ssm
            | Self::Lambda
            | Self::Logs
            | Self::Sqs
            | Self::CloudFormation => false,
        }
    }

    /// The protocol of the Rust SDK's client; that of Python speaks AWS JSON with CloudWatch.
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Ecs | Self::EventBridge | Self::SecretsManager | Self::Ssm | Self::Logs => {
                Protocol::AwsJson
            }
            Self::Sqs => Protocol::AwsJson10,
            Self::Ec2 => Protocol::Ec2Query,
            Self::ApiGateway | Self::ApiGatewayV2 | Self::Lambda => Protocol::RestJson,
            Self::Sns | Self::CloudFormation => Protocol::Query,
            Self::CloudWatch => Protocol::Cbor,
        }
    }
}

/// A request, whatever its protocol.
#[derive(Debug)]
pub(super) struct ApiRequest {
    pub(super) service: Service,
    /// The protocol that its client speaks, and wants the answer in.
    pub(super) protocol: Protocol,
    pub(super) operation: String,
    /// The HTTP method and the path without its percent encoding: what IAM calls the action and the
    /// resource of API Gateway.
    pub(super) endpoint: (Method, String),
    /// The members of the input; those of a path or a form are strings.
    pub(super) input: Value,
    /// So many of the things asked for are answered as failures.
    pub(super) failed: usize,
    /// Whether tasks that have stopped are answered as failures.
    pub(super) expired: bool,
    /// The access key that signed it; empty without a signature.
    pub(super) access_key: String,
}

type Refusal = (Protocol, ApiError);

impl ApiRequest {
    /// Reads a request; what cannot be read is an error in the protocol it came closest to.
    pub(super) fn read(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let access_key = super::access_key(request).to_owned();
        let endpoint = (request.method().clone(), decoded(request.uri().path()).join("/"));
        Ok(Self { endpoint, access_key, ..Self::read_unsigned(request)? })
    }

    fn read_unsigned(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let path = request.uri().path();
        if let Some(target) = request.headers().get("x-amz-target") {
            Self::read_target(&String::from_utf8_lossy(target.as_bytes()), request.body())
        } else if let Some(operation) = path.strip_prefix(CLOUDWATCH_PATH) {
            let input: ciborium::Value = ciborium::from_reader(request.body().as_ref())
                .map_err(|error| unreadable(Service::CloudWatch, &error.to_string()))?;
            Ok(Self::new(Service::CloudWatch, operation, as_json(&input)))
        } else if path.starts_with(LAMBDA_PATH) {
            Self::read_lambda(request)
        } else if ["/v2/apis", "/restapis"].iter().any(|it| path.starts_with(it)) {
            Self::read_rest(request)
        } else {
            Self::read_form(request)
        }
    }

    fn new(service: Service, operation: &str, input: Value) -> Self {
        let protocol = service.protocol();
        let (operation, access_key) = (operation.to_owned(), String::new());
        let endpoint = (Method::POST, String::new());
        Self {
            service,
            protocol,
            operation,
            endpoint,
            input,
            failed: 0,
            expired: false,
            access_key,
        }
    }

    fn read_target(target: &str, body: &[u8]) -> Result<Self, Refusal> {
        let services = [
            (ECS_TARGET, Service::Ecs),
            (EVENTS_TARGET, Service::EventBridge),
            (CLOUDWATCH_TARGET, Service::CloudWatch),
            (SECRETS_MANAGER_TARGET, Service::SecretsManager),
            (SSM_TARGET, Service::Ssm),
            (LOGS_TARGET, Service::Logs),
            (SQS_TARGET, Service::Sqs),
        ];
        let named = |(prefix, service)| Some((service, target.strip_prefix(prefix)?));
        let Some((service, operation)) = services.into_iter().find_map(named) else {
            return Err((Protocol::AwsJson, Service::Ecs.unknown_operation(target)));
        };
        let input = serde_json::from_slice(body)
            .map_err(|error| unreadable(service, &error.to_string()))?;
        let protocol = match service.protocol() {
            Protocol::AwsJson10 => Protocol::AwsJson10,
            _ => Protocol::AwsJson,
        };
        Ok(Self { protocol, ..Self::new(service, operation, input) })
    }

    /// The operations of API Gateway, by method and path.
    fn read_rest(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let (method, uri, body) = (request.method(), request.uri(), request.body());
        let parts = decoded(uri.path());
        let parts: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
        let Some((service, (operation, members))) = rest::operation(method.as_str(), &parts) else {
            let service = Service::ApiGateway;
            let error = service.unknown_operation(&format!("{method} {}", uri.path()));
            return Err((service.protocol(), error));
        };
        let mut input: Map<String, Value> = if body.is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(body).map_err(|error| unreadable(service, &error.to_string()))?
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        input.extend(query.map(|(name, value)| (name.into_owned(), value.into_owned().into())));
        input.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        Ok(Self::new(service, operation, Value::Object(input)))
    }

    /// The operations of Lambda. What a function is invoked with is no object of members: it comes
    /// as the one member `Payload`.
    fn read_lambda(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let (service, method, uri) = (Service::Lambda, request.method(), request.uri());
        let parts = decoded(uri.path());
        let parts: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
        let Some((operation, members)) = rest::lambda(method.as_str(), &parts) else {
            let error = service.unknown_operation(&format!("{method} {}", uri.path()));
            return Err((service.protocol(), error));
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut input: Map<String, Value> =
            query.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        input.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        for (header, member) in rest::LAMBDA_HEADERS {
            if let Some(value) = request.headers().get(header) {
                input.insert(member.into(), String::from_utf8_lossy(value.as_bytes()).into());
            }
        }
        if !request.body().is_empty() {
            let payload = serde_json::from_slice(request.body());
            let payload = payload.map_err(|error| unreadable(service, &error.to_string()))?;
            input.insert("Payload".to_owned(), payload);
        }
        Ok(Self::new(service, operation, Value::Object(input)))
    }

    /// The query protocols: EC2's and the others', told apart by the signature's scope or the action.
    fn read_form(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let query = request.uri().query().unwrap_or_default();
        let mut input: Map<String, Value> = form_urlencoded::parse(query.as_bytes())
            .chain(form_urlencoded::parse(request.body()))
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        let Some(Value::String(operation)) = input.remove("Action") else {
            let what = format!("{} {}", request.method(), request.uri().path());
            let error = ApiError::new(404, "UnknownOperationException", &what);
            return Err((Protocol::RestJson, error));
        };
        input.remove("Version");
        let service = match credential(request, 3) {
            Some("ec2") => Service::Ec2,
            Some("sns") => Service::Sns,
            Some("cloudformation") => Service::CloudFormation,
            _ if operation == "Publish" => Service::Sns,
            _ => Service::Ec2,
        };
        Ok(Self::new(service, &operation, Value::Object(input)))
    }

    /// Whether the operation is of a kind that changes something.
    pub(super) fn is_mutating(&self) -> bool {
        !["Describe", "List", "Get", "Filter"].iter().any(|verb| self.operation.starts_with(verb))
    }

    /// What the request is about: the names, ids and ARNs in it.
    pub(super) fn resource(&self) -> String {
        const MEMBERS: [&str; 39] = [
            "cluster",
            "service",
            "services",
            "serviceName",
            "task",
            "tasks",
            "containerInstances",
            "serviceDeploymentArns",
            "serviceRevisionArns",
            "serviceDeploymentArn",
            "resourceArn",
            "tags",
            "tagKeys",
            "apiId",
            "integrationId",
            "integrationUri",
            "restApiId",
            "resourceId",
            "httpMethod",
            "stageName",
            "stageVariables",
            "patchOperations",
            "TopicArn",
            "AlarmNames",
            "SecretId",
            "Name",
            "Rule",
            "FunctionName",
            "logGroupName",
            "logGroupNamePrefix",
            "QueueName",
            "QueueUrl",
            "StackName",
            "NetworkInterfaceId.1",
            "InstanceId.1",
            "Filter.1.Value.1",
            "desiredCount",
            "taskDefinition",
            "forceNewDeployment",
        ];
        let found: Vec<String> =
            MEMBERS.iter().filter_map(|member| self.input.get(member)).map(summary).collect();
        found.join(" ")
    }
}

fn unreadable(service: Service, why: &str) -> Refusal {
    (service.protocol(), ApiError::new(400, "SerializationException", why))
}

/// A part of the credential of a `SigV4` signature: `KEY/DATE/REGION/SERVICE/aws4_request`.
pub(super) fn credential(request: &Request<Bytes>, part: usize) -> Option<&str> {
    let authorization = request.headers().get("authorization")?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').nth(part)
}

/// The segments of a path, the first one empty, without their percent encoding.
fn decoded(path: &str) -> Vec<String> {
    path.split('/').map(decode).collect()
}

/// Undoes the percent encoding of a path segment such as `%24default`.
fn decode(segment: &str) -> String {
    // A plus stands for itself in a path, but for a space in a form.
    let escaped = format!("segment={}", segment.replace('+', "%2B"));
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
