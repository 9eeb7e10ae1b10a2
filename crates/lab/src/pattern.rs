//! EventBridge event patterns: which events a rule takes.

mod alternative;

use serde_json::Value;
use thiserror::Error;

use alternative::Alternative;

/// An event pattern, as in a rule's `EventPattern`.
///
/// Every field named must match; a field matches when one of its alternatives does. Where the event
/// holds a list, one matching element is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    source: Value,
    fields: Fields,
}

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// A value of the wrong kind.
    #[error("event pattern: {path} is {found}; accepted: {accepted}")]
    Value {
        /// Where in the pattern, for example `detail.group`.
        path: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        accepted: &'static str,
    },
    /// A comparison operator that the lab does not know.
    #[error(
        "event pattern: {path} uses the operator `{operator}`; \
         accepted: prefix, suffix, anything-but, exists, equals-ignore-case, numeric, $or"
    )]
    UnknownOperator {
        /// Where in the pattern.
        path: String,
        /// The operator's name.
        operator: String,
    },
}

impl PatternError {
    fn value(path: &str, found: &Value, accepted: &'static str) -> Self {
        Self::Value {
            path: if path.is_empty() { "it" } else { path }.to_owned(),
            found: found.to_string(),
            accepted,
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When EventBridge would refuse it, or when it uses an operator the lab does not know.
    pub fn parse(pattern: &Value) -> Result<Self, PatternError> {
        Ok(Self { fields: Fields::parse(pattern, "")?, source: pattern.clone() })
    }

    /// Whether a rule with this pattern takes the event.
    pub fn matches(&self, event: &Value) -> bool {
        self.fields.matches(Some(event))
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &Value {
        &self.source
    }
}

/// Fields that must all match, and an `$or` of which one member must.
#[derive(Debug, Clone, PartialEq)]
struct Fields {
    named: Vec<(String, Field)>,
    any_of: Vec<Fields>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Nested(Fields),
    Alternatives(Vec<Alternative>),
}

impl Fields {
    fn parse(value: &Value, path: &str) -> Result<Self, PatternError> {
        let object = value.as_object().filter(|object| !object.is_empty()).ok_or_else(|| {
            let accepted = "a non-empty object, or in it a non-empty list of alternatives";
            PatternError::value(path, value, accepted)
        })?;
        let mut fields = Self { named: Vec::new(), any_of: Vec::new() };
        for (name, value) in object {
            let path = join(path, name);
            if name == "$or" {
                fields.any_of = parse_or(value, &path)?;
            } else {
                let field = Field::parse(value, &path)?;
                fields.named.push((name.clone(), field));
            }
        }
        Ok(fields)
    }

    fn matches(&self, event: Option<&Value>) -> bool {
        // Inside a list of objects, all fields must match in the same element.
        if let Some(Value::Array(elements)) = event
            && !elements.is_empty()
        {
            return elements.iter().any(|element| self.matches(Some(element)));
        }
        let named = self
            .named
            .iter()
            .all(|(name, field)| field.matches(event.and_then(|event| event.get(name))));
        named && (self.any_of.is_empty() || self.any_of.iter().any(|fields| fields.matches(event)))
    }
}

impl Field {
    fn parse(value: &Value, path: &str) -> Result<Self, PatternError> {
        match value {
            Value::Array(alternatives) if !alternatives.is_empty() => alternatives
                .iter()
                .map(|alternative| Alternative::parse(alternative, path))
                .collect::<Result<_, _>>()
                .map(Self::Alternatives),
            _ => Fields::parse(value, path).map(Self::Nested),
        }
    }

    fn matches(&self, event: Option<&Value>) -> bool {
        match self {
            Self::Nested(fields) => fields.matches(event),
            Self::Alternatives(alternatives) => {
                let mut leaves = Vec::new();
                collect_leaves(event, &mut leaves);
                alternatives.iter().any(|it| it.matches(&leaves))
            }
        }
    }
}

fn parse_or(value: &Value, path: &str) -> Result<Vec<Fields>, PatternError> {
    let accepted = "a list of two or more objects";
    match value.as_array() {
        Some(members) if members.len() > 1 => {
            members.iter().map(|member| Fields::parse(member, path)).collect()
        }
        _ => Err(PatternError::value(path, value, accepted)),
    }
}

/// The plain values a field holds: operators see only these, so an object or an empty list counts
/// as absent.
fn collect_leaves<'event>(value: Option<&'event Value>, leaves: &mut Vec<&'event Value>) {
    match value {
        None | Some(Value::Object(_)) => {}
        Some(Value::Array(elements)) => {
            for element in elements {
                collect_leaves(Some(element), leaves);
            }
        }
        Some(leaf) => leaves.push(leaf),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether the pattern takes an event whose `detail.x` is the value.
    fn takes(alternatives: &Value, x: &Value) -> bool {
        let pattern = Pattern::parse(&json!({"detail": {"x": alternatives}})).unwrap();
        pattern.matches(&json!({"detail": {"x": x}}))
    }

    #[test]
    fn every_named_field_must_match_and_other_fields_do_not_matter() {
        let pattern = Pattern::parse(&json!({
            "source": ["aws.ecs"],
            "detail": {"group": ["service:web"], "desiredStatus": ["RUNNING", "STOPPED"]}
        }))
        .unwrap();

        let event = |group: &str| {
            let detail = json!({"group": group, "desiredStatus": "STOPPED"});
            json!({"source": "aws.ecs", "id": "1", "detail": detail})
        };

        assert!(pattern.matches(&event("service:web")));
        assert!(!pattern.matches(&event("service:web2")));
        assert!(!pattern.matches(&json!({"source": "aws.ecs"})));
    }

    #[test]
    fn plain_values_match_exactly_and_by_type() {
        for value in [json!("1"), json!(1), json!(1.0), json!(true), json!(null)] {
            for other in [json!("1"), json!(1), json!(1.0), json!(true), json!(null)] {
                assert_eq!(takes(&json!([value]), &other), value == other, "{value} on {other}");
            }
        }
    }

    #[test]
    fn one_matching_element_of_a_list_is_enough() {
        assert!(takes(&json!(["b"]), &json!(["a", "b"])));
        assert!(!takes(&json!(["c"]), &json!(["a", "b"])));
    }

    #[test]
    fn fields_inside_a_list_of_objects_must_match_in_the_same_object() {
        let pattern =
            Pattern::parse(&json!({"attachments": {"type": ["eni"], "status": ["DELETED"]}}))
                .unwrap();

        let event = |eni: &str, elb: &str| {
            let [eni, elb] = [("eni", eni), ("elb", elb)]
                .map(|(kind, status)| json!({"type": kind, "status": status}));
            json!({"attachments": [eni, elb]})
        };

        assert!(pattern.matches(&event("DELETED", "ATTACHED")));
        assert!(!pattern.matches(&event("ATTACHED", "DELETED")));
    }

    #[test]
    fn each_operator_matches_what_eventbridge_says() {
        let cases = [
            (json!([{"prefix": "ab"}]), json!("abc"), json!("cab")),
            (json!([{"suffix": "bc"}]), json!("abc"), json!("bca")),
            (json!([{"equals-ignore-case": "Abc"}]), json!("aBC"), json!("abcd")),
            (json!([{"anything-but": "a"}]), json!("b"), json!("a")),
            (json!([{"anything-but": ["a", 1]}]), json!(2), json!(1)),
            (json!([{"anything-but": {"prefix": "a"}}]), json!("ba"), json!("ab")),
            (json!([{"numeric": [">", 0, "<=", 5]}]), json!(5), json!(0)),
            (json!([{"numeric": ["=", 3]}]), json!(3.0), json!(4)),
            (json!([{"exists": true}]), json!(null), json!({"y": 1})),
            (json!([{"exists": false}]), json!([]), json!("there")),
            (json!(["z", {"prefix": "a"}]), json!("ab"), json!("b")),
        ];
        for (alternatives, taken, refused) in cases {
            assert!(takes(&alternatives, &taken), "{alternatives} should take {taken}");
            assert!(!takes(&alternatives, &refused), "{alternatives} should refuse {refused}");
        }
    }

    #[test]
    fn an_absent_field_matches_only_exists_false() {
        let event = json!({"source": "aws.ecs"});
        let matches = |alternatives: Value| {
            Pattern::parse(&json!({"detail": {"reason": alternatives}})).unwrap().matches(&event)
        };

        assert!(matches(json!([{"exists": false}])));
        assert!(!matches(json!([{"exists": true}])));
        assert!(!matches(json!([{"anything-but": "x"}])));
        assert!(!matches(json!([null])));
    }

    #[test]
    fn or_needs_one_of_its_members_and_the_fields_beside_it() {
        let pattern = Pattern::parse(&json!({"detail": {
            "group": ["service:web"],
            "$or": [{"lastStatus": ["RUNNING"]}, {"desiredStatus": ["STOPPED"]}]
        }}))
        .unwrap();

        let event = |group: &str, last: &str, desired: &str| {
            let task = json!({"group": group, "lastStatus": last, "desiredStatus": desired});
            json!({"detail": task})
        };

        assert!(pattern.matches(&event("service:web", "RUNNING", "RUNNING")));
        assert!(pattern.matches(&event("service:web", "PENDING", "STOPPED")));
        assert!(!pattern.matches(&event("service:web", "PENDING", "RUNNING")));
        assert!(!pattern.matches(&event("service:api", "RUNNING", "RUNNING")));
    }

    #[test]
    fn a_pattern_eventbridge_would_refuse_is_an_error_naming_the_place() {
        let cases = [
            (json!({}), "it is {}"),
            (json!({"source": "aws.ecs"}), "source is \"aws.ecs\""),
            (json!({"detail": {"x": []}}), "detail.x is []"),
            (json!({"detail": {"x": [["a"]]}}), "detail.x is [\"a\"]"),
            (
                json!({"detail": {"x": [{"wildcard": "a*"}]}}),
                "detail.x uses the operator `wildcard`",
            ),
            (json!({"detail": {"x": [{"prefix": 1}]}}), "detail.x.prefix is 1"),
            (json!({"detail": {"x": [{"exists": "yes"}]}}), "detail.x.exists is \"yes\""),
            (json!({"detail": {"x": [{"numeric": [">"]}]}}), "detail.x.numeric is [\">\"]"),
            (json!({"detail": {"x": [{"anything-but": []}]}}), "detail.x.anything-but is []"),
            (json!({"$or": [{"a": [1]}]}), "$or is [{"),
        ];
        for (pattern, expected) in cases {
            let error = Pattern::parse(&pattern).unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
            assert!(error.contains("accepted: "), "{error:?} should say what is accepted");
        }
    }
}
