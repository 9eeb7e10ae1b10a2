//! A function's policies taken apart into the smallest pieces that could be left out.

use std::fmt;

use eden_lab::template::Stack;
use eden_lab::world::Role;
use serde_json::{Value, json};

/// One action on one resource under one condition, out of a statement that may allow several.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The statement's id.
    pub sid: String,
    /// The action, for example `ecs:StopTask`.
    pub action: String,
    /// The resource's ARN, with wildcards if it has some.
    pub resource: String,
    /// The statement's condition, with one of the values that it accepts; null without one.
    pub condition: Value,
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} on {}", self.sid, self.action, self.resource)?;
        if !self.condition.is_null() {
            write!(formatter, " if {}", self.condition)?;
        }
        Ok(())
    }
}

/// Every statement of a function's policies.
///
/// # Panics
/// When the stack has no such function, or a policy has no list of statements.
pub fn statements(stack: &Stack, function: &str) -> Vec<Value> {
    let policies = stack.policies(function).expect("the stack has the function and its policies");
    let of = |policy: &&Value| policy["Statement"].as_array().cloned();
    policies.iter().flat_map(|policy| of(policy).expect("a list of statements")).collect()
}

/// What a function's policies allow, piece by piece.
///
/// # Panics
/// When a statement is of a kind that cannot be taken apart: one that denies, or that names
/// everything but something.
pub fn grants(stack: &Stack, function: &str) -> Vec<Grant> {
    statements(stack, function).iter().flat_map(pieces).collect()
}

fn pieces(statement: &Value) -> Vec<Grant> {
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
    assert!(!actions.is_empty() && !resources.is_empty(), "{statement}");
    let mut pieces = Vec::new();
    for action in &actions {
        for resource in &resources {
            for condition in conditions(&statement["Condition"]) {
                pieces.push(Grant {
                    sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
                    action: action.clone(),
                    resource: resource.clone(),
                    condition,
                });
            }
        }
    }
    pieces
}

/// A condition once for each value that it accepts: any one of several will do. What `ForAllValues`
/// asks of a request's values it asks of each by itself, as the lab does.
fn conditions(condition: &Value) -> Vec<Value> {
    let several = condition.as_object().into_iter().flatten().find_map(|(operator, keys)| {
        let several = |values: &Value| values.as_array().filter(|it| it.len() > 1).cloned();
        let mut keys = keys.as_object()?.iter();
        keys.find_map(|(key, values)| Some((operator, key, several(values)?)))
    });
    let Some((operator, key, values)) = several else {
        return vec![condition.clone()];
    };
    let with_one = |value: Value| {
        let mut condition = condition.clone();
        condition[operator][key] = value;
        conditions(&condition)
    };
    values.into_iter().flat_map(with_one).collect()
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let values = value.as_array().map_or(one, Vec::as_slice);
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A role with these grants and no others.
///
/// # Panics
/// When IAM would refuse one of them.
pub fn role<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Role {
    let statement = |grant: &Grant| {
        let Grant { action, resource, condition, .. } = grant;
        let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        if !condition.is_null() {
            statement["Condition"] = condition.clone();
        }
        statement
    };
    let statements: Vec<Value> = grants.into_iter().map(statement).collect();
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Role::new([&policy]).expect("a piece of a policy is a policy")
}
