//! AWS CloudFormation: the query protocol, a form in and XML out.

use std::fmt::Write;

use quick_xml::escape::escape;
use serde::Deserialize;

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::events::whole_seconds;
use crate::world::{DeployedStack, World};

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "DescribeStacks" => describe_stacks(world, &input(request)?),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

/// The lab's stacks fit on one page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeStacks {
    stack_name: Option<String>,
}

fn describe_stacks(world: &World, input: &DescribeStacks) -> Result<Body, ApiError> {
    let asked = input.stack_name.as_deref();
    let is_asked_for =
        |stack: &&DeployedStack| asked.is_none_or(|it| it == stack.name || it == stack.arn);
    let mut members = String::new();
    for stack in world.stacks().filter(is_asked_for) {
        members.push_str(&show(stack));
    }
    match asked {
        Some(asked) if members.is_empty() => {
            let message = format!("Stack with id {asked} does not exist");
            Err(ApiError::new(400, "ValidationError", &message))
        }
        Some(_) | None => Ok(Body::Xml(format!(
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <DescribeStacksResult><Stacks>{members}</Stacks></DescribeStacksResult>\
             </DescribeStacksResponse>"
        ))),
    }
}

fn show(stack: &DeployedStack) -> String {
    let mut outputs = String::new();
    for (name, value) in &stack.outputs {
        // Writing to a string cannot fail.
        let _ = write!(
            outputs,
            "<member><OutputKey>{}</OutputKey><OutputValue>{}</OutputValue></member>",
            escape(name),
            escape(value)
        );
    }
    format!(
        "<member><StackName>{}</StackName><StackId>{}</StackId><CreationTime>{}</CreationTime>\
         <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{outputs}</Outputs></member>",
        escape(&stack.name),
        escape(&stack.arn),
        whole_seconds(stack.created_at),
    )
}
