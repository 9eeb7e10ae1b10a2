//! The API's alarms: they wake health-monitor, and one of them is evidence.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::MetricAlarm;
use eden_core::config::{ApiType, HealthMonitorConfig};
use eden_policy::Observed;

use super::check::{Check, DEPLOY, Outcome};
use crate::context::Context;
use crate::failure::Failed;

const NAMESPACE: &str = "AWS/ApiGateway";

/// The alarms and what they should watch.
#[derive(Debug)]
pub struct Alarms {
    /// Their names.
    pub names: [String; 2],
    /// Those of them that there are, by name.
    pub found: Observed<BTreeMap<String, Alarm>>,
    /// What the API publishes its server errors as.
    pub published: Observed<Metric>,
}

/// An alarm.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// What it watches.
    pub metric: Metric,
    /// Whether a change of its state does anything.
    pub actions_enabled: bool,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

/// A metric: another name or other dimensions are another metric (F1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What tells it from others of that name.
    pub dimensions: BTreeMap<String, String>,
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Metric { namespace, name, dimensions } = self;
        write!(f, "{name} of {namespace}")?;
        for (at, (dimension, value)) in dimensions.iter().enumerate() {
            write!(f, "{} {dimension} {value}", if at == 0 { " by" } else { " and" })?;
        }
        Ok(())
    }
}

/// Reads the alarms that health-monitor's settings name, and what they should watch.
pub async fn read(context: &Context, settings: Result<&HealthMonitorConfig, &String>) -> Alarms {
    let names = match settings {
        Ok(config) => [config.alarm_name.clone(), config.error_alarm_name.clone()],
        Err(_) => ["api-health-alarm", "api-error-alarm"].map(|end| context.names.of(end)),
    };
    let (found, published) = tokio::join!(found(context, &names), published(context, settings));
    Alarms { names, found, published }
}

/// CloudWatch leaves out what it does not know.
async fn found(context: &Context, names: &[String; 2]) -> Observed<BTreeMap<String, Alarm>> {
    let request = context.edge.aws.cloudwatch.describe_alarms();
    let answer = request.set_alarm_names(Some(names.to_vec())).send().await.map_err(|error| {
        let of = format!("alarms {}", names.join(", "));
        Failed::new("DescribeAlarms", "cloudwatch:DescribeAlarms", of, &error)
    });
    let alarms = answer.map(|it| it.metric_alarms.unwrap_or_default());
    Observed::from(alarms.map(|alarms| alarms.into_iter().map(alarm).collect()))
}

fn alarm(alarm: MetricAlarm) -> (String, Alarm) {
    let state = alarm.state_value.as_ref().map_or("unknown", |it| it.as_str()).to_owned();
    let dimensions = alarm.dimensions.unwrap_or_default().into_iter();
    let dimensions = dimensions.filter_map(|it| Some((it.name?, it.value?))).collect();
    let metric = Metric {
        namespace: alarm.namespace.unwrap_or_default(),
        name: alarm.metric_name.unwrap_or_default(),
        dimensions,
    };
    let actions_enabled = alarm.actions_enabled.unwrap_or_default();
    (alarm.alarm_name.unwrap_or_default(), Alarm { metric, actions_enabled, state })
}

/// A REST API's metrics carry its name, an HTTP API's its id (F1).
async fn published(
    context: &Context,
    settings: Result<&HealthMonitorConfig, &String>,
) -> Observed<Metric> {
    let gateway = match settings {
        Ok(config) => config.gateway.as_ref(),
        Err(why) => return Observed::Unknown(why.clone()),
    };
    let Some(gateway) = gateway else {
        return Observed::Unknown("health-monitor is told of no API".to_owned());
    };
    let api = &gateway.api_id;
    match gateway.api_type {
        ApiType::Http => Observed::Known(metric("5xx", "ApiId", api)),
        ApiType::Rest => {
            let request = context.edge.aws.apigateway.get_rest_api().rest_api_id(api);
            let answer = request.send().await.map_err(|error| {
                Failed::new("GetRestApi", "apigateway:GET on /restapis/ID", api, &error)
            });
            let name = answer.map(|it| it.name.unwrap_or_default());
            Observed::from(name.map(|name| metric("5XXError", "ApiName", &name)))
        }
    }
}

fn metric(name: &str, dimension: &str, value: &str) -> Metric {
    Metric {
        namespace: NAMESPACE.to_owned(),
        name: name.to_owned(),
        dimensions: BTreeMap::from([(dimension.to_owned(), value.to_owned())]),
    }
}

/// The checks of both alarms.
pub fn checks(alarms: &Alarms) -> Vec<Check> {
    alarms.names.iter().flat_map(|name| checks_of(alarms, name)).collect()
}

fn checks_of(alarms: &Alarms, name: &str) -> Vec<Check> {
    let alarm = match &alarms.found {
        Observed::Known(found) => found.get(name),
        Observed::Unknown(why) => {
            return vec![Check::new(format!("alarm {name}"), Outcome::unknown(why))];
        }
    };
    let Some(alarm) = alarm else {
        let missing = Outcome::failed("it does not exist", DEPLOY);
        return vec![Check::new(format!("alarm {name}"), missing)];
    };
    let watches = Outcome::of(&alarms.published, |published| watches(&alarm.metric, published));
    vec![
        Check::new(format!("alarm {name}"), Outcome::passed(format!("exists, {}", alarm.state))),
        Check::new(format!("metric of alarm {name}"), watches),
        Check::new(format!("actions of alarm {name}"), actions(name, alarm.actions_enabled)),
    ]
}

fn watches(watched: &Metric, published: &Metric) -> Outcome {
    if watched == published {
        return Outcome::passed(watched.to_string());
    }
    Outcome::failed(
        format!("it watches {watched}, but the API publishes {published}: it never has data (F1)"),
        "deploy with the parameters ApiType, APIGatewayId and, for a REST API, APIGatewayName of \
         this API: `sam deploy --parameter-overrides ApiType=TYPE APIGatewayId=ID`",
    )
}

fn actions(name: &str, enabled: bool) -> Outcome {
    if enabled {
        return Outcome::passed("enabled");
    }
    Outcome::failed(
        "they are disabled",
        format!("enable them: `aws cloudwatch enable-alarm-actions --alarm-names {name}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(published: Metric, watched: Metric, actions_enabled: bool) -> Vec<String> {
        let alarm = Alarm { metric: watched, actions_enabled, state: "OK".to_owned() };
        let names = ["health", "error"].map(str::to_owned);
        let found = names.iter().map(|name| (name.clone(), alarm.clone())).collect();
        let alarms =
            Alarms { names, found: Observed::Known(found), published: Observed::Known(published) };
        let failed = |it: &Check| matches!(it.outcome, Outcome::Failed { .. });
        checks(&alarms).into_iter().filter(failed).map(|it| it.check).collect()
    }

    #[test]
    fn an_alarm_has_to_watch_what_this_kind_of_api_publishes() {
        let http = metric("5xx", "ApiId", "a1");
        let rest = metric("5XXError", "ApiName", "shop");
        let both = ["metric of alarm health", "metric of alarm error"];

        assert_eq!(failing(http.clone(), http.clone(), true), [""; 0]);
        assert_eq!(failing(rest.clone(), rest.clone(), true), [""; 0]);
        assert_eq!(failing(http.clone(), rest.clone(), true), both);
        assert_eq!(failing(rest, http.clone(), true), both);
        assert_eq!(failing(http.clone(), metric("5xx", "ApiId", "a2"), true), both);
        let mut of_stage = http.clone();
        of_stage.dimensions.insert("Stage".to_owned(), "prod".to_owned());
        assert_eq!(failing(http, of_stage, true), both);
    }

    #[test]
    fn an_alarm_s_actions_have_to_be_enabled() {
        let http = metric("5xx", "ApiId", "a1");
        let both = ["actions of alarm health", "actions of alarm error"];

        assert_eq!(failing(http.clone(), http, false), both);
    }

    #[test]
    fn a_metric_reads_as_a_phrase() {
        let told = metric("5xx", "ApiId", "a1").to_string();

        assert_eq!(told, "5xx of AWS/ApiGateway by ApiId a1");
    }
}
