//! The answers of the wire protocols: AWS JSON, REST JSON, query, EC2 query, RPC v2 CBOR.

use ciborium::Value as Cbor;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use quick_xml::escape::escape;
use serde_json::{Value, json};

use super::Invoke;
use super::error::ApiError;

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    AwsJson,
    /// The same in its version 1.0.
    AwsJson10,
    RestJson,
    Query,
    Ec2Query,
    Cbor,
}

/// The body of a success.
#[derive(Debug)]
pub(super) enum Body {
    Json(Value),
    /// REST's answer to a POST that created something.
    Created(Value),
    Xml(String),
    Cbor(Cbor),
    /// A function has to be run first: the answer is its own.
    Invoke(Invoke),
}

impl Protocol {
    fn content_type(self) -> &'static str {
        match self {
            Self::AwsJson => "application/x-amz-json-1.1",
            Self::AwsJson10 => "application/x-amz-json-1.0",
            Self::RestJson => "application/json",
            Self::Query | Self::Ec2Query => "text/xml",
            Self::Cbor => "application/cbor",
        }
    }

    pub(super) fn success(self, body: Body, request_id: &str) -> Response<Bytes> {
        match body {
            Body::Json(value) => self.respond(200, value.to_string().into(), request_id),
            Body::Created(value) => self.respond(201, value.to_string().into(), request_id),
            Body::Invoke(invoke) => {
                let mut response = self.respond(200, Bytes::new(), request_id);
                response.extensions_mut().insert(invoke);
                response
            }
            Body::Xml(text) => self.respond(200, text.into(), request_id),
            Body::Cbor(value) if self == Self::Cbor => {
                self.respond(200, cbor_bytes(&value), request_id)
            }
            Body::Cbor(value) => self.respond(200, as_json(&value).to_string().into(), request_id),
        }
    }

    /// An error in the shape in which this protocol's clients look for it.
    pub(super) fn error(self, error: &ApiError, request_id: &str) -> Response<Bytes> {
        let ApiError { status, code, message } = error;
        let kind = if *status < 500 { "Sender" } else { "Receiver" };
        let body = match self {
            Self::AwsJson | Self::AwsJson10 => {
                json!({ "__type": code, "message": message }).to_string().into()
            }
            Self::RestJson => json!({ "message": message }).to_string().into(),
            Self::Query => format!(
                "<ErrorResponse><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message>\
                 </Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                escape(code),
                escape(message)
            )
            .into(),
            Self::Ec2Query => format!(
                "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>\
                 <RequestID>{request_id}</RequestID></Response>",
                escape(code),
                escape(message)
            )
            .into(),
            Self::Cbor => cbor_bytes(&cbor_map([
                ("__type", code.as_str().into()),
                ("message", message.as_str().into()),
            ])),
        };
        let mut response = self.respond(*status, body, request_id);
        let headers = response.headers_mut();
        match self {
            Self::RestJson => set(headers, "x-amzn-errortype", code),
            Self::Cbor => set(headers, "x-amzn-query-error", &format!("{code};{kind}")),
            // Only SQS speaks it; its clients know this error by the name that it had before.
            Self::AwsJson10 if code == "QueueDoesNotExist" => {
                let before = "AWS.SimpleQueueService.NonExistentQueue";
                set(headers, "x-amzn-query-error", &format!("{before};{kind}"));
            }
            Self::AwsJson | Self::AwsJson10 | Self::Query | Self::Ec2Query => {}
        }
        response
    }

    fn respond(self, status: u16, body: Bytes, request_id: &str) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        set(headers, CONTENT_TYPE.as_str(), self.content_type());
        set(headers, "x-amzn-requestid", request_id);
        if self == Self::Cbor {
            set(headers, "smithy-protocol", "rpc-v2-cbor");
        }
        response
    }
}

fn set(headers: &mut hyper::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        headers.insert(name, value);
    }
}

/// A map with text keys.
pub(super) fn cbor_map<const N: usize>(members: [(&str, Cbor); N]) -> Cbor {
    Cbor::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The same value in JSON, where a time is a number of seconds as well, but without a tag.
pub(super) fn as_json(value: &Cbor) -> Value {
    match value {
        Cbor::Tag(_, value) => as_json(value),
        Cbor::Array(items) => items.iter().map(as_json).collect(),
        Cbor::Map(members) => members
            .iter()
            .filter_map(|(name, value)| Some((name.as_text()?.to_owned(), as_json(value))))
            .collect(),
        plain => plain.deserialized().unwrap_or(Value::Null),
    }
}

fn cbor_bytes(value: &Cbor) -> Bytes {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)
        .expect("a vector takes every byte, and a CBOR value is always valid CBOR");
    bytes.into()
}
