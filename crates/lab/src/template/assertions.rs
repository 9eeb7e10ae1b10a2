//! A template's `Rules`: assertions that parameters must hold together before anything is made.

use serde_json::Value;

use super::TemplateError;
use super::intrinsics::Scope;

/// Refuses parameters that do not go together, with the sentence of the assertion that fails.
pub(super) fn check(scope: &Scope<'_>) -> Result<(), TemplateError> {
    let rules = scope.template.get("Rules").and_then(Value::as_object);
    for (name, rule) in rules.into_iter().flatten() {
        let at = format!("Rules.{name}");
        let applies = match rule.get("RuleCondition") {
            Some(condition) => scope.evaluate(condition, &format!("{at}.RuleCondition"))?,
            None => true,
        };
        let Some(assertions) = rule.get("Assertions").and_then(Value::as_array) else {
            return Err(TemplateError::at(at, "has no Assertions; accepted: a list of them"));
        };
        for (index, assertion) in assertions.iter().enumerate() {
            let at = format!("{at}.Assertions.{index}");
            let assert = assertion.get("Assert").unwrap_or(&Value::Null);
            // Read in any case, so that a malformed one is found even when the rule does not apply.
            if !scope.evaluate(assert, &at)? && applies {
                let sentence = assertion.get("AssertDescription").and_then(Value::as_str);
                return Err(TemplateError::at(at, sentence.unwrap_or("does not hold")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::template::{Deployment, Stack, TemplateError};

    fn deploy(template: &str, parameters: &[(&str, &str)]) -> Result<Stack, TemplateError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters = parameters.iter().map(owned).collect();
        Stack::deploy(template, &Deployment { parameters, ..Deployment::default() })
    }

    #[test]
    fn parameters_that_do_not_go_together_are_refused_with_the_rules_sentence() {
        let template = "
    Parameters:
      Kind: { Type: String, Default: plain }
      Name: { Type: String, Default: '' }
    Rules:
      NamedKindHasItsName:
        RuleCondition: !Equals [!Ref Kind, named]
        Assertions:
          - Assert: !Not [!Equals [!Ref Name, '']]
            AssertDescription: the kind named needs a Name
      NobodyIsBad:
        Assertions: [{ Assert: !Not [!Equals [!Ref Name, bad]] }]
    Resources: {}";
        for (parameters, expected) in [
            (
                &[("Kind", "named")][..],
                "Rules.NamedKindHasItsName.Assertions.0: the kind named needs a Name",
            ),
            (&[("Name", "bad")], "Rules.NobodyIsBad.Assertions.0: does not hold"),
        ] {
            let error = deploy(template, parameters).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        assert!(deploy(template, &[("Kind", "named"), ("Name", "it")]).is_ok());
        assert!(deploy(template, &[]).is_ok());
    }

    #[test]
    fn a_malformed_rule_is_an_error_even_where_it_does_not_apply() {
        for (rule, expected) in [
            ("{ RuleCondition: !Equals [a, b] }", "Rules.R: has no Assertions"),
            (
                "{ RuleCondition: !Equals [a, b], Assertions: [{ Assert: !Contains [[a], a] }] }",
                "Rules.R.Assertions.0: is",
            ),
            ("{ RuleCondition: !Equals [a], Assertions: [] }", "Rules.R.RuleCondition: is"),
        ] {
            let template = format!("Rules: {{ R: {rule} }}\nResources: {{}}");
            let error = deploy(&template, &[]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should contain {expected:?}");
        }
    }
}
