//! Alarms, as CloudFormation would make them.

use std::time::Duration;

use super::deploy;
use crate::spec::Watched;

#[test]
fn an_alarm_the_lab_would_evaluate_differently_is_refused() {
    let alarm = |extra: &str| {
        deploy(&format!(
            "
Resources:
  A:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/ApiGateway
      MetricName: 5xx
      Dimensions: [{{ Name: ApiId, Value: abc }}]
      Period: 60
      EvaluationPeriods: 2
      Threshold: 1
      {extra}"
        ))
    };
    let good = "Statistic: Sum\n      ComparisonOperator: GreaterThanOrEqualToThreshold";

    let stack = alarm(good).unwrap();

    assert_eq!(stack.alarms[0].period, Duration::from_mins(1));
    assert_eq!(stack.alarms[0].watched, Watched::of_api("5xx", ("ApiId", "abc")));
    assert!(!stack.alarms[0].missing_is_not_breaching);
    for (extra, expected) in [
        (good.replace("Sum", "Average"), "A.Properties.Statistic: is \"Average\"; accepted: Sum"),
        (good.replace("OrEqualTo", ""), "A.Properties.ComparisonOperator"),
        (format!("{good}\n      DatapointsToAlarm: 1"), "A.Properties.DatapointsToAlarm: is 1"),
        (
            format!("{good}\n      TreatMissingData: ignore"),
            "A.Properties.TreatMissingData: is \"ignore\"",
        ),
    ] {
        let error = alarm(&extra).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    }
}

#[test]
fn an_alarm_on_a_metric_that_the_lab_does_not_publish_is_left_out_and_an_unknown_one_refused() {
    let alarm = |namespace: &str| {
        let properties = format!("Properties: {{ Namespace: {namespace}, MetricName: Errors }}");
        deploy(&format!("Resources: {{ A: {{ Type: AWS::CloudWatch::Alarm, {properties} }} }}"))
    };

    let stack = alarm("AWS/Lambda").unwrap();

    assert!(stack.alarms.is_empty());
    assert_eq!(stack.of_type("AWS::CloudWatch::Alarm").count(), 1);
    let error = alarm("AWS/Lamda").unwrap_err().to_string();
    assert!(error.contains("A.Properties.Namespace: is \"AWS/Lamda\""), "{error}");
}

/// An alarm on an expression, with this beside it.
fn on_math(expression: &str, beside: &str) -> String {
    format!(
        "
Resources:
  A:
    Type: AWS::CloudWatch::Alarm
    Properties:
      EvaluationPeriods: 2
      Threshold: 5
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Metrics:
        - {{ Id: share, Expression: \"{expression}\", ReturnData: true }}
        - Id: errors
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/ApiGateway
              MetricName: 5xx
              Dimensions: [{{ Name: ApiId, Value: abc }}]
            Period: 60
            Stat: Sum
      {beside}"
    )
}

#[test]
fn an_alarm_may_watch_an_expression_over_metrics() {
    let stack = deploy(&on_math("100 * FILL(errors, 0)", "")).unwrap();

    let alarm = &stack.alarms[0];
    assert_eq!(alarm.period, Duration::from_mins(1));
    let Watched::Math { id, expression, metrics } = &alarm.watched else { panic!("{alarm:?}") };
    assert_eq!((id.as_str(), expression.to_string().as_str()), ("share", "100 * FILL(errors, 0)"));
    let errors = Watched::Metric(metrics["errors"].clone());
    assert_eq!(errors, Watched::of_api("5xx", ("ApiId", "abc")));
}

#[test]
fn an_expression_that_cannot_be_evaluated_is_refused() {
    for (expression, beside, expected) in [
        ("RATE(errors)", "", "is no expression"),
        ("errors / requests", "", "one expression and the metrics that it names"),
        ("errors", "MetricName: 5xx", "nothing beside Metrics"),
    ] {
        let error = deploy(&on_math(expression, beside)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
