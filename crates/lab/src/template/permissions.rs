//! Who may do what: which rules may invoke a function, and which policies a function runs under.

use serde_json::Value;

use super::properties::{Properties, of_kind};
use super::{Resource, Resources, TemplateError};
use crate::spec::InvokePermission;

/// Who may invoke the function: its `AWS::Lambda::Permission` resources, and the rules that SAM makes
/// of its own events, whichever those are.
pub(super) fn of_function(
    resources: &Resources,
    function: &Resource,
) -> Result<Vec<InvokePermission>, TemplateError> {
    let is_for = |permission: &Properties<'_>| {
        let named = permission.get("FunctionName").and_then(Value::as_str);
        named == Some(&function.reference) || (named.is_some() && named == function.arn.as_deref())
    };
    let events = function.properties.get("Events").and_then(Value::as_object);
    let of_events = events.into_iter().flatten().map(|(event, _)| {
        let (id, principal) = (format!("{event}Permission"), "events.amazonaws.com".to_owned());
        Ok(InvokePermission { id, principal, source_arn: None })
    });
    of_kind(resources, "AWS::Lambda::Permission")
        .filter(|(_, _, permission)| is_for(permission))
        .map(|(id, _, permission)| {
            if permission.text("Action")? != "lambda:InvokeFunction" {
                return Err(permission.refuse("Action", "lambda:InvokeFunction"));
            }
            Ok(InvokePermission {
                id: id.to_owned(),
                principal: permission.text("Principal")?,
                source_arn: permission.optional_text("SourceArn")?,
            })
        })
        .chain(of_events)
        .collect()
}

/// Whether a permission lets EventBridge invoke the function for this rule: without one AWS drops
/// the events.
pub(super) fn may_invoke(
    resources: &Resources,
    rule_arn: Option<&str>,
    function: &Resource,
) -> Result<bool, TemplateError> {
    let permissions = of_function(resources, function)?;
    Ok(rule_arn.is_some_and(|rule| permissions.iter().any(|it| it.is_for_rule(rule))))
}

/// The documents of the policies a function runs under.
pub(super) fn policies<'a>(
    resources: &'a Resources,
    function_name: &str,
) -> Result<Vec<&'a Value>, TemplateError> {
    let mut functions = of_kind(resources, "AWS::Serverless::Function");
    let function = functions.find(|(_, resource, _)| resource.reference == function_name);
    let Some((_, _, function)) = function else {
        return Err(TemplateError::at("Resources", format!("no function named {function_name}")));
    };
    // SAM makes a role of a function's Policies only if it has no role of its own.
    let Some(role_arn) = function.optional_text("Role")? else {
        return own_policies(resources, &function);
    };
    let mut roles = of_kind(resources, "AWS::IAM::Role");
    let role = roles.find(|(_, resource, _)| resource.arn.as_deref() == Some(&role_arn));
    let (_, _, role) = role.ok_or_else(|| function.refuse("Role", "a role of the stack"))?;
    let mut documents = Vec::new();
    for policy in role.objects("Policies")? {
        let document = policy.get("PolicyDocument");
        documents.push(document.ok_or_else(|| policy.refuse("PolicyDocument", "a policy"))?);
    }
    for managed in role.objects("ManagedPolicyArns")? {
        documents.push(managed_policy(resources, &managed)?);
    }
    Ok(documents)
}

/// A SAM function's `Policies`: one or several documents or ARNs.
fn own_policies<'a>(
    resources: &'a Resources,
    function: &Properties<'a>,
) -> Result<Vec<&'a Value>, TemplateError> {
    let policies = match function.get("Policies") {
        Some(Value::Array(_)) => function.objects("Policies")?,
        Some(value) => vec![Properties { at: function.at("Policies"), value }],
        None => Vec::new(),
    };
    let document = |policy: &Properties<'a>| match policy.get("Statement") {
        Some(_) => Ok(policy.value),
        None => managed_policy(resources, policy),
    };
    policies.iter().map(document).collect()
}

fn managed_policy<'a>(
    resources: &'a Resources,
    reference: &Properties<'_>,
) -> Result<&'a Value, TemplateError> {
    let arn = reference.value.as_str();
    let policies = of_kind(resources, "AWS::IAM::ManagedPolicy");
    let mut found = policies.filter(|(_, policy, _)| policy.arn.as_deref() == arn && arn.is_some());
    let document = found.next().and_then(|(_, policy, _)| policy.properties.get("PolicyDocument"));
    document.ok_or_else(|| {
        let problem = format!("is {}; accepted: a managed policy of the stack", reference.value);
        TemplateError::at(&reference.at, problem)
    })
}
