//! CloudFormation's intrinsic functions: `Ref`, `Fn::Sub` and the others that yield a value.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::yaml::join;
use super::{Deployment, TemplateError};

const ACCEPTED: &str = "Ref, Fn::GetAtt, Fn::Sub, Fn::If, Fn::Join, Fn::Select, Fn::Split";

/// What names in a template refer to.
pub(super) struct Scope<'a> {
    pub template: &'a Value,
    pub deployment: &'a Deployment,
    parameters: BTreeMap<String, Value>,
    /// What is being resolved now: a name that comes again refers to itself.
    visiting: RefCell<Vec<String>>,
}

/// A resolved value; none for `AWS::NoValue`, which removes the property it stands for.
type Resolved = Result<Option<Value>, TemplateError>;

impl<'a> Scope<'a> {
    pub(super) fn new(
        template: &'a Value,
        deployment: &'a Deployment,
        parameters: BTreeMap<String, Value>,
    ) -> Self {
        Self { template, deployment, parameters, visiting: RefCell::default() }
    }

    /// The value with every intrinsic function in it replaced by what it yields.
    pub(super) fn resolve(&self, value: &Value, at: &str) -> Resolved {
        match value {
            Value::Object(object) => match intrinsic(object) {
                Some((name, argument)) => self.call(name, argument, at),
                None => self.resolve_object(object, at).map(Some),
            },
            Value::Array(elements) => self.resolve_list(elements, at).map(|it| Some(it.into())),
            _ => Ok(Some(value.clone())),
        }
    }

    /// The value as text.
    pub(super) fn resolve_text(&self, value: &Value, at: &str) -> Result<String, TemplateError> {
        let resolved = self.resolve(value, at)?;
        resolved.as_ref().and_then(as_text).ok_or_else(|| {
            let found = resolved.unwrap_or_default();
            TemplateError::at(at, format!("is {found}; accepted: a text or a number"))
        })
    }

    /// Does the work for something with a name, unless that work is going on already.
    pub(super) fn once<T>(
        &self,
        name: String,
        at: &str,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.visiting.borrow().contains(&name) {
            return Err(TemplateError::at(at, format!("{name} refers to itself")));
        }
        self.visiting.borrow_mut().push(name);
        let result = work();
        self.visiting.borrow_mut().pop();
        result
    }

    fn resolve_object(
        &self,
        object: &Map<String, Value>,
        at: &str,
    ) -> Result<Value, TemplateError> {
        let mut resolved = Map::new();
        for (name, value) in object {
            if let Some(value) = self.resolve(value, &join(at, name))? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn resolve_list(&self, elements: &[Value], at: &str) -> Result<Vec<Value>, TemplateError> {
        let indexed = elements.iter().enumerate();
        indexed
            .filter_map(|(index, it)| self.resolve(it, &join(at, &index.to_string())).transpose())
            .collect()
    }

    fn call(&self, name: &str, argument: &Value, at: &str) -> Resolved {
        let at = &join(at, name);
        match (name, argument) {
            ("Ref", Value::String(name)) => self.reference(name, at),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    self.attribute(resource, attribute, at).map(|it| Some(it.into()))
                }
                _ => Err(malformed(argument, "a resource and its attribute", at)),
            },
            ("Fn::Sub", Value::String(text)) => self.substitute(text, None, at).map(Some),
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(text), Value::Object(names)] => {
                    self.substitute(text, Some(names), at).map(Some)
                }
                _ => Err(malformed(argument, "a text and an object of names", at)),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), then, otherwise] => {
                    let holds = self.condition(condition, at)?;
                    self.resolve(if holds { then } else { otherwise }, at)
                }
                _ => Err(malformed(argument, "a condition's name and two values", at)),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), list] => self.join_list(between, list, at).map(Some),
                _ => Err(malformed(argument, "a delimiter and a list", at)),
            },
            ("Fn::Select", Value::Array(parts)) => match parts.as_slice() {
                [index, list] => self.select(index, list, at),
                _ => Err(malformed(argument, "an index and a list", at)),
            },
            ("Fn::Split", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), text] => {
                    let text = self.resolve_text(text, at)?;
                    Ok(Some(text.split(between.as_str()).map(Value::from).collect()))
                }
                _ => Err(malformed(argument, "a delimiter and a text", at)),
            },
            _ => Err(malformed(argument, ACCEPTED, at)),
        }
    }

    fn reference(&self, name: &str, at: &str) -> Resolved {
        let Deployment { stack_name, region, account, .. } = self.deployment;
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => region.clone(),
            "AWS::AccountId" => account.clone(),
            "AWS::Partition" => self.deployment.partition().to_owned(),
            "AWS::URLSuffix" => self.deployment.url_suffix().to_owned(),
            "AWS::StackName" => stack_name.clone(),
            "AWS::StackId" => {
                format!("arn:aws:cloudformation:{region}:{account}:stack/{stack_name}/lab")
            }
            _ => match self.parameters.get(name) {
                Some(value) => return Ok(Some(value.clone())),
                None => self.physical_id(name, at)?,
            },
        };
        Ok(Some(Value::String(text)))
    }

    fn substitute(
        &self,
        text: &str,
        names: Option<&Map<String, Value>>,
        at: &str,
    ) -> Result<Value, TemplateError> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::at(at, format!("`${{` without `}}` in {text:?}")))?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
                continue;
            }
            let reference = match (names.and_then(|names| names.get(name)), name.split_once('.')) {
                (Some(value), _) => value.clone(),
                (None, Some(path)) => serde_json::json!({ "Fn::GetAtt": path }),
                (None, None) => serde_json::json!({ "Ref": name }),
            };
            result.push_str(&self.resolve_text(&reference, at)?);
        }
        result.push_str(rest);
        Ok(Value::String(result))
    }

    fn join_list(&self, between: &str, list: &Value, at: &str) -> Result<Value, TemplateError> {
        let list = self.list(list, at)?;
        let texts = list.iter().map(|element| self.resolve_text(element, at));
        Ok(texts.collect::<Result<Vec<_>, _>>()?.join(between).into())
    }

    fn select(&self, index: &Value, list: &Value, at: &str) -> Resolved {
        let index = self.resolve_text(index, at)?;
        let list = self.list(list, at)?;
        let selected = index.parse().ok().and_then(|index: usize| list.get(index));
        let missing = || TemplateError::at(at, format!("no element {index} in {}", list.len()));
        selected.cloned().map(Some).ok_or_else(missing)
    }

    fn list(&self, value: &Value, at: &str) -> Result<Vec<Value>, TemplateError> {
        match self.resolve(value, at)? {
            Some(Value::Array(elements)) => Ok(elements),
            other => Err(malformed(&other.unwrap_or_default(), "a list", at)),
        }
    }
}

/// The function's name and argument, if the object is a call of one.
fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

/// The text of a scalar, as CloudFormation puts it into strings.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn malformed(found: &Value, accepted: &str, at: &str) -> TemplateError {
    TemplateError::at(at, format!("is {found}; accepted: {accepted}"))
}
