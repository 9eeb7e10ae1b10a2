//! A function's own policy: who else may invoke it.

use serde_json::Value;

/// Whether the policy lets EventBridge invoke the function for this rule.
pub fn lets_in(policy: &str, rule_arn: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = policy.get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().any(|it| allows(it, rule_arn))
}

fn allows(statement: &Value, rule_arn: &str) -> bool {
    let principal = match statement.get("Principal") {
        Some(Value::Object(principals)) => principals.get("Service"),
        principal => principal,
    };
    let invokes = |action: &str| ["lambda:InvokeFunction", "lambda:*", "*"].contains(&action);
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && any(principal, |it| it == "events.amazonaws.com" || it == "*")
        && any(statement.get("Action"), invokes)
        && is_for(statement.get("Condition"), rule_arn)
}

/// Whether a statement's conditions hold for what a rule asks. One that this does not know does not:
/// a permission must be plain to see.
fn is_for(condition: Option<&Value>, rule_arn: &str) -> bool {
    let operators = condition.and_then(Value::as_object);
    let account = rule_arn.split(':').nth(4).unwrap_or_default();
    operators.into_iter().flatten().all(|(operator, keys)| {
        let compares = ["ArnLike", "ArnEquals", "StringEquals", "StringLike"];
        let keys = keys.as_object().filter(|_| compares.contains(&operator.as_str()));
        keys.is_some_and(|keys| {
            keys.iter().all(|(key, value)| {
                let of = |name: &str| key.eq_ignore_ascii_case(name);
                (of("aws:SourceArn") && any(Some(value), |pattern| matches(pattern, rule_arn)))
                    || (of("aws:SourceAccount") && any(Some(value), |it| it == account))
            })
        })
    })
}

/// Whether a text or one of a list of them is as wanted.
fn any(value: Option<&Value>, wanted: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(text)) => wanted(text),
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).any(wanted),
        _ => false,
    }
}

/// Whether a text is like a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            let ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/prod-eden-x";

    fn policy(change: impl FnOnce(&mut Value)) -> String {
        let mut statement = json!({
            "Sid": "x",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Condition": { "ArnLike": { "AWS:SourceArn": RULE } },
        });
        change(&mut statement);
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    #[test]
    fn a_rule_is_let_in_by_a_statement_for_it() {
        for condition in [
            json!({ "ArnLike": { "AWS:SourceArn": RULE } }),
            json!({ "StringEquals": { "aws:SourceArn": [RULE, "arn:other"] } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:123456789012:rule/prod-*" } }),
            json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } }),
            json!({}),
        ] {
            let policy = policy(|it| it["Condition"] = condition.clone());
            assert!(lets_in(&policy, RULE), "{condition}");
        }
    }

    #[test]
    fn a_rule_is_not_let_in_by_a_statement_for_something_else() {
        for (member, value) in [
            ("Effect", json!("Deny")),
            ("Principal", json!({ "Service": "sns.amazonaws.com" })),
            ("Action", json!("lambda:GetFunction")),
            ("Condition", json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:events:*:rule/other" } })),
            ("Condition", json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } })),
            ("Condition", json!({ "Bool": { "aws:SecureTransport": "true" } })),
        ] {
            let policy = policy(|it| it[member] = value.clone());
            assert!(!lets_in(&policy, RULE), "{member} {value}");
        }
        assert!(!lets_in("no JSON", RULE));
    }
}
