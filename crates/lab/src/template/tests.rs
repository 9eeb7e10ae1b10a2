//! Small templates, each with what CloudFormation would make of it, and the project's own.

mod alarms;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::spec::{RuleTrigger, Target};

fn deploy(template: &str) -> Result<Stack, TemplateError> {
    Stack::deploy(template, &Deployment::default())
}

fn deploy_with(template: &str, parameters: &[(&str, &str)]) -> Result<Stack, TemplateError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters = parameters.iter().map(owned).collect();
    Stack::deploy(template, &Deployment { parameters, ..Deployment::default() })
}

/// What a template with parameters, conditions and one topic makes of an expression.
fn evaluate(expression: &str) -> Result<Value, TemplateError> {
    let template = format!(
        r#"
Parameters:
  Env: {{ Type: String, Default: prod }}
  Port: {{ Type: Number, Default: 8000 }}
  Ids: {{ Type: CommaDelimitedList, Default: "a, b" }}
  Empty: {{ Type: String, Default: "" }}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  HasNothing: !Equals [!Ref Empty, ""]
  Both: !And [!Condition IsProd, !Not [!Condition HasNothing]]
  Either: !Or [!Condition IsProd, !Condition Both]
Resources:
  Topic: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: !Sub "${{Env}}-topic" }} }}
  Group: {{ Type: AWS::Logs::LogGroup }}
  Queue: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: q }} }}
  Key: {{ Type: AWS::KMS::Key }}
  Never: {{ Type: AWS::SNS::Topic, Condition: Both }}
Outputs:
  It:
    Value: {expression}
"#
    );
    deploy(&template).map(|stack| stack.outputs.get("It").cloned().unwrap_or_default())
}

fn chain(error: &TemplateError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

#[test]
fn intrinsic_functions_yield_what_cloudformation_says() {
    let topic = "arn:aws:sns:us-east-1:123456789012:prod-topic";
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:eden-autoresiliency-Group:*";
    let cases = [
        ("!Ref Env", json!("prod")),
        ("!Ref Port", json!("8000")),
        ("!Ref Ids", json!(["a", "b"])),
        ("!Ref AWS::Region", json!("us-east-1")),
        ("!Ref Topic", json!(topic)),
        ("!Ref Group", json!("eden-autoresiliency-Group")),
        ("!GetAtt Topic.TopicName", json!("prod-topic")),
        ("!Ref Queue", json!("https://sqs.us-east-1.amazonaws.com/123456789012/q")),
        ("!GetAtt Queue.QueueName", json!("q")),
        ("!GetAtt Queue.Arn", json!("arn:aws:sqs:us-east-1:123456789012:q")),
        ("!Ref Key", json!("eden-autoresiliency-Key")),
        (
            "!GetAtt Key.Arn",
            json!("arn:aws:kms:us-east-1:123456789012:key/eden-autoresiliency-Key"),
        ),
        ("{ Ref: Env }", json!("prod")),
        ("!GetAtt Topic.TopicArn", json!(topic)),
        ("{ 'Fn::GetAtt': [Group, Arn] }", json!(group)),
        ("!Sub '${Env}/${!Env}/${Group.Arn}'", json!(format!("prod/${{Env}}/{group}"))),
        ("!Sub ['${A}-${Env}', { A: !Ref Port }]", json!("8000-prod")),
        ("!If [IsProd, 1, 2]", json!(1)),
        ("!If [Both, 1, 2]", json!(2)),
        ("!If [Either, 1, 2]", json!(1)),
        ("[1, !If [Both, 2, !Ref AWS::NoValue], 3]", json!([1, 3])),
        ("{ a: !Ref AWS::NoValue, b: 1 }", json!({"b": 1})),
        ("!Join ['-', [a, !Ref Env]]", json!("a-prod")),
        ("!Join ['+', !Ref Ids]", json!("a+b")),
        ("!Select [1, !Split [',', 'x,y']]", json!("y")),
        ("!Split [',', !Sub '${Env},z']", json!(["prod", "z"])),
    ];
    for (expression, expected) in cases {
        assert_eq!(evaluate(expression).unwrap(), expected, "{expression}");
    }
}

#[test]
fn a_bad_expression_is_an_error_naming_its_place() {
    let cases = [
        ("!Ref Nobody", "Outputs.It.Value.Ref: Nobody is neither a parameter nor a resource"),
        ("!Ref Never", "Outputs.It.Value.Ref: the condition of Never is false"),
        ("!GetAtt Topic.Colour", "the lab knows no attribute Colour of AWS::SNS::Topic (Topic)"),
        ("!If [Nobody, 1, 2]", "Outputs.It.Value.Fn::If: there is no condition Nobody"),
        ("!Select [2, !Ref Ids]", "Outputs.It.Value.Fn::Select: no element 2 in 2"),
        ("!Sub '${Env'", "Outputs.It.Value.Fn::Sub: `${` without `}`"),
        ("!Sub '${Ids}'", "Outputs.It.Value.Fn::Sub: is [\"a\",\"b\"]; accepted: a text"),
        ("[1, !Base64 x]", "Outputs.It.Value.1.Fn::Base64: is \"x\"; accepted: Ref"),
        ("!Join [1]", "Outputs.It.Value.Fn::Join: is [1]; accepted: a delimiter and a list"),
    ];
    for (expression, expected) in cases {
        let error = evaluate(expression).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    }
}

#[test]
fn names_that_refer_to_themselves_are_an_error() {
    let conditions = "
Conditions: { A: !Not [!Condition B], B: !Not [!Condition A] }
Resources: { T: { Type: AWS::SNS::Topic, Condition: A } }";
    let resource = "
Resources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref T } } }";

    for template in [conditions, resource] {
        let error = deploy(template).unwrap_err().to_string();
        assert!(error.ends_with("refers to itself"), "{error}");
    }
}

#[test]
fn a_bad_parameter_is_an_error_naming_it_and_what_is_accepted() {
    let template = "
Parameters:
  Needed: { Type: String }
  Level: { Type: String, Default: info, AllowedValues: [info, debug] }
  Port: { Type: Number, Default: 1, MinValue: 1, MaxValue: 65535 }
  Id: { Type: String, Default: a1, AllowedPattern: '[a-z0-9]+' }
  Mail: { Type: String, Default: '', AllowedPattern: '|.+@.+', ConstraintDescription: must have an @ }
Resources: {}";
    let cases = [
        (vec![], "Parameters.Needed: has no default"),
        (
            vec![("Needed", ""), ("Other", "x")],
            "Other is no parameter; accepted: Id, Level, Mail, Needed, Port",
        ),
        (
            vec![("Needed", ""), ("Level", "loud")],
            "Parameters.Level: is \"loud\"; accepted: info, debug",
        ),
        (
            vec![("Needed", ""), ("Port", "http")],
            "Parameters.Port: is \"http\"; accepted: a number",
        ),
        (vec![("Needed", ""), ("Port", "0")], "Parameters.Port: is \"0\"; accepted: 1 or more"),
        (
            vec![("Needed", ""), ("Port", "65536")],
            "Parameters.Port: is \"65536\"; accepted: 65535 or less",
        ),
        (vec![("Needed", ""), ("Id", "a1 ")], "Parameters.Id: is \"a1 \"; accepted: [a-z0-9]+"),
        (vec![("Needed", ""), ("Mail", "me")], "Parameters.Mail: is \"me\"; must have an @"),
    ];
    for (parameters, expected) in cases {
        let error = deploy_with(template, &parameters).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    }
    let good = [("Needed", ""), ("Level", "debug"), ("Mail", "me@example.com")];
    assert!(deploy_with(template, &good).is_ok());
}

const FUNCTION: &str = "
Globals:
  Function:
    Timeout: 30
    Environment: { Variables: { A: global, B: global } }
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: f
      MemorySize: 256
      Environment: { Variables: { B: own, C: 3 } }
      Policies:
        - Statement: [{ Effect: Allow, Action: sns:Publish, Resource: '*' }]
      Events:
        Change:
          Type: EventBridgeRule
          Properties: { RuleName: change, Pattern: { source: [aws.ecs] } }
        Regular: { Type: Schedule, Properties: { Schedule: rate(5 minutes) } }
        Paused: { Type: Schedule, Properties: { Schedule: rate(1 hour), Enabled: false } }";

#[test]
fn a_functions_own_settings_stand_over_the_global_ones() {
    let stack = deploy(FUNCTION).unwrap();

    let [function] = stack.functions.as_slice() else { panic!("one function") };
    assert_eq!(function.name, "f");
    assert_eq!(function.timeout, Duration::from_secs(30));
    assert_eq!(function.memory_mb, 256);
    let environment: Vec<_> =
        function.environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(environment, ["A=global", "B=own", "C=3"]);
}

#[test]
fn a_functions_enabled_events_become_rules_that_invoke_it() {
    let stack = deploy(FUNCTION).unwrap();

    let [change, regular] = stack.rules.as_slice() else { panic!("two rules: {:?}", stack.rules) };
    assert_eq!(change.name, "change");
    let event = json!({"source": "aws.ecs"});
    assert!(matches!(&change.trigger, RuleTrigger::Pattern(it) if it.matches(&event)));
    assert_eq!(change.targets, [Target::Function("f".to_owned())]);
    assert_eq!(regular.name, "eden-autoresiliency-FRegular");
    assert!(
        matches!(regular.trigger, RuleTrigger::Every(every) if every == Duration::from_secs(300))
    );
}

#[test]
fn a_functions_own_policies_are_found() {
    let stack = deploy(FUNCTION).unwrap();

    let policies = stack.policies("f").unwrap();

    assert_eq!(policies[0]["Statement"][0]["Action"], "sns:Publish");
    assert_eq!(policies.len(), 1);
}

/// A rule with these properties beside a function, a log group and a permission for the rule `r`.
fn rule(properties: &str) -> Result<Stack, TemplateError> {
    deploy(&format!(
        "
Resources:
  F: {{ Type: AWS::Serverless::Function, Properties: {{ FunctionName: f }} }}
  G: {{ Type: AWS::Logs::LogGroup, Properties: {{ LogGroupName: /g }} }}
  T: {{ Type: AWS::SNS::Topic }}
  May:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref F
      Principal: events.amazonaws.com
      SourceArn: !Sub arn:aws:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/r
  R:
    Type: AWS::Events::Rule
    Properties: {properties}"
    ))
}

#[test]
fn a_rules_targets_are_functions_and_log_groups_of_the_stack() {
    let stack = rule(
        "
      Name: r
      ScheduleExpression: rate(1 day)
      Targets:
        - Arn: !GetAtt F.Arn
        - Arn: !Sub arn:aws:logs:us-east-1:123456789012:log-group:${G}",
    )
    .unwrap();

    let expected = [Target::Function("f".to_owned()), Target::LogGroup("/g".to_owned())];
    assert_eq!(stack.rules[0].targets, expected);
}

#[test]
fn a_rule_that_aws_would_refuse_or_the_lab_cannot_run_is_an_error_naming_the_place() {
    let cases = [
        ("{ Name: r }", "Resources.R.Properties: accepted: either EventPattern or"),
        (
            "{ Name: r, EventPattern: { source: x } }",
            "R.Properties.EventPattern: event pattern: source is",
        ),
        (
            "{ Name: r, ScheduleExpression: rate(5 minute) }",
            "is \"rate(5 minute)\"; accepted: a rate",
        ),
        ("{ Name: r, ScheduleExpression: cron(0 0 * * ? *) }", "accepted: a rate"),
        (
            "{ Name: r, State: PAUSED, ScheduleExpression: rate(1 day) }",
            "R.Properties.State: is \"PAUSED\"",
        ),
        (
            "{ Name: r, ScheduleExpression: rate(1 day), Targets: [{ Arn: !Ref T }] }",
            "R.Properties.Targets.0.Arn: is",
        ),
        (
            "{ ScheduleExpression: rate(1 day), Targets: [{ Arn: !GetAtt F.Arn, Input: x }] }",
            "R.Properties.Targets.0.Input: is",
        ),
        (
            "{ Name: other, ScheduleExpression: rate(1 day), Targets: [{ Arn: !GetAtt F.Arn }] }",
            "accepted: a function with an AWS::Lambda::Permission for this rule",
        ),
    ];
    for (properties, expected) in cases {
        let error = chain(&rule(properties).unwrap_err());
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    }
}

#[test]
fn a_text_that_is_no_yaml_is_an_error() {
    assert!(matches!(deploy("Resources: [").unwrap_err(), TemplateError::Yaml(_)));
    assert!(
        deploy("Description: nothing").unwrap_err().to_string().contains("Resources: is missing")
    );
}

#[test]
fn the_projects_own_template_deploys_with_the_names_its_users_know() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let required = [
        ("APIGatewayId", "a1b2c3d4e5"),
        ("APIGatewayIntegrationId", "int1234,int5678"),
        ("APIGatewayURL", "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"),
    ];

    let stack = deploy_with(&template, &required).unwrap();

    let functions: Vec<_> = stack.functions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(functions, ["prod-eden-health-monitor", "prod-eden-ip-updater"]);
    let mut rules: Vec<_> = stack.rules.iter().map(|it| it.name.as_str()).collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "prod-eden-action-audit",
            "prod-eden-ecs-task-state-change",
            "prod-eden-health-alarm-trigger",
            "prod-eden-scheduled-health-check",
        ]
    );
    let alarms: Vec<_> = stack.alarms.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(alarms, ["prod-eden-api-error-alarm", "prod-eden-api-health-alarm"]);
    let topic = "arn:aws:sns:us-east-1:123456789012:prod-eden-autoresiliency-notifications";
    assert_eq!(stack.topics, [topic]);
    assert!(stack.log_groups.contains(&"/eden/prod/autoresiliency".to_owned()));
    assert_eq!(stack.functions[0].environment["SNS_TOPIC_ARN"], topic);
    assert_eq!(stack.functions[1].environment["ECS_CLUSTER"], "prod-eden-cluster");
    assert!(stack.resource("EmailSubscription").is_none(), "no e-mail address was given");
    for function in &stack.functions {
        assert!(!stack.policies(&function.name).unwrap().is_empty());
    }
}
