//! A template's conditions: `Fn::Equals`, `Fn::Not`, `Fn::And`, `Fn::Or` and names of others.

use serde_json::Value;

use super::TemplateError;
use super::intrinsics::{Scope, malformed};

impl Scope<'_> {
    /// Whether the condition of this name holds.
    pub(super) fn condition(&self, name: &str, at: &str) -> Result<bool, TemplateError> {
        let Some(condition) = self.template.get("Conditions").and_then(|all| all.get(name)) else {
            return Err(TemplateError::at(at, format!("there is no condition {name}")));
        };
        let at = format!("Conditions.{name}");
        self.once(at.clone(), &at, || self.evaluate(condition, &at))
    }

    /// Whether this expression holds.
    pub(super) fn evaluate(&self, condition: &Value, at: &str) -> Result<bool, TemplateError> {
        let refused = || {
            let accepted = "Condition, Fn::Equals, Fn::Not, Fn::And, Fn::Or with their arguments";
            malformed(condition, accepted, at)
        };
        let object = condition.as_object().filter(|object| object.len() == 1);
        let (name, argument) = object.and_then(|it| it.iter().next()).ok_or_else(refused)?;
        match (name.as_str(), argument) {
            ("Condition", Value::String(name)) => self.condition(name, at),
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [left, right] => Ok(self.resolve_text(left, at)? == self.resolve_text(right, at)?),
                _ => Err(refused()),
            },
            ("Fn::Not", Value::Array(negated)) => match negated.as_slice() {
                [negated] => self.evaluate(negated, at).map(|holds| !holds),
                _ => Err(refused()),
            },
            ("Fn::And", Value::Array(members)) => {
                self.evaluate_all(members, at).map(|all| all.into_iter().all(|holds| holds))
            }
            ("Fn::Or", Value::Array(members)) => {
                self.evaluate_all(members, at).map(|all| all.into_iter().any(|holds| holds))
            }
            _ => Err(refused()),
        }
    }

    /// All of them, so that a bad one is found even when the others decide.
    fn evaluate_all(&self, members: &[Value], at: &str) -> Result<Vec<bool>, TemplateError> {
        members.iter().map(|member| self.evaluate(member, at)).collect()
    }
}
