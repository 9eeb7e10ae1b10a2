//! The API's alarms: they wake health-monitor, and one of them is evidence.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm};
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
    /// What the API publishes: its server errors, and its requests.
    pub published: Observed<Published>,
}

/// The metrics of the API that an alarm may watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The requests that ended in 5xx.
    pub errors: Metric,
    /// All requests.
    pub requests: Metric,
}

/// An alarm.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// What it watches: one metric, or the metrics of an expression.
    pub metrics: Vec<Metric>,
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
    let of_math = alarm.metrics.unwrap_or_default().into_iter();
    let of_math = of_math.filter_map(|query| query.metric_stat?.metric);
    let mut metrics: Vec<_> =
        of_math.map(|it| watched(it.namespace, it.metric_name, it.dimensions)).collect();
    if metrics.is_empty() {
        metrics.push(watched(alarm.namespace, alarm.metric_name, alarm.dimensions));
    }
    let actions_enabled = alarm.actions_enabled.unwrap_or_default();
    (alarm.alarm_name.unwrap_or_default(), Alarm { metrics, actions_enabled, state })
}

fn watched(
    namespace: Option<String>,
    name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
) -> Metric {
    let dimensions = dimensions.unwrap_or_default().into_iter();
    Metric {
        namespace: namespace.unwrap_or_default(),
        name: name.unwrap_or_default(),
        dimensions: dimensions.filter_map(|it| Some((it.name?, it.value?))).collect(),
    }
}

/// A REST API's metrics carry its name, an HTTP API's its id (F1).
async fn published(
    context: &Context,
    settings: Result<&HealthMonitorConfig, &String>,
) -> Observed<Published> {
    let gateway = match settings {
        Ok(config) => config.gateway.as_ref(),
        Err(why) => return Observed::Unknown(why.clone()),
    };
    let Some(gateway) = gateway else {
        return Observed::Unknown("health-monitor is told of no API".to_owned());
    };
    let api = &gateway.api_id;
    match gateway.api_type {
        ApiType::Http => Observed::Known(by("5xx", "ApiId", api)),
        ApiType::Rest => {
            let request = context.edge.aws.apigateway.get_rest_api().rest_api_id(api);
            let answer = request.send().await.map_err(|error| {
                Failed::new("GetRestApi", "apigateway:GET on /restapis/ID", api, &error)
            });
            let name = answer.map(|it| it.name.unwrap_or_default());
            Observed::from(name.map(|name| by("5XXError", "ApiName", &name)))
        }
    }
}

fn by(errors: &str, dimension: &str, value: &str) -> Published {
    Published {
        errors: metric(errors, dimension, value),
        requests: metric("Count", dimension, value),
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
    let watches = Outcome::of(&alarms.published, |published| watches(&alarm.metrics, published));
    vec![
        Check::new(format!("alarm {name}"), Outcome::passed(format!("exists, {}", alarm.state))),
        Check::new(format!("metric of alarm {name}"), watches),
        Check::new(format!("actions of alarm {name}"), actions(name, alarm.actions_enabled)),
    ]
}

/// The errors alone, or their share of the requests: of both, nothing else.
fn watches(watched: &[Metric], published: &Published) -> Outcome {
    let Published { errors, requests } = published;
    let told: Vec<_> = watched.iter().map(ToString::to_string).collect();
    let told = told.join(", and ");
    let is_known = |metric: &Metric| metric == errors || metric == requests;
    if watched.contains(errors) && watched.iter().all(is_known) {
        return Outcome::passed(told);
    }
    Outcome::failed(
        format!("it watches {told}, but the API publishes {errors}: it never has data (F1)"),
        "give the parameters ApiType, APIGatewayId and, for a REST API, APIGatewayName of this API \
         in samconfig.toml, and run `sam deploy`",
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

    fn failing(published: Published, watched: &[Metric], actions_enabled: bool) -> Vec<String> {
        let alarm = Alarm { metrics: watched.into(), actions_enabled, state: "OK".to_owned() };
        let names = ["health", "error"].map(str::to_owned);
        let found = names.iter().map(|name| (name.clone(), alarm.clone())).collect();
        let alarms =
            Alarms { names, found: Observed::Known(found), published: Observed::Known(published) };
        let failed = |it: &Check| matches!(it.outcome, Outcome::Failed { .. });
        checks(&alarms).into_iter().filter(failed).map(|it| it.check).collect()
    }

    #[test]
    fn an_alarm_has_to_watch_what_this_kind_of_api_publishes() {
        let http = by("5xx", "ApiId", "a1");
        let rest = by("5XXError", "ApiName", "shop");
        let (of_http, of_rest) = ([http.errors.clone()], [rest.errors.clone()]);
        let both = ["metric of alarm health", "metric of alarm error"];

        assert_eq!(failing(http.clone(), &of_http, true), [""; 0]);
        assert_eq!(failing(rest.clone(), &of_rest, true), [""; 0]);
        assert_eq!(failing(http.clone(), &of_rest, true), both);
        assert_eq!(failing(rest, &of_http, true), both);
        assert_eq!(failing(http.clone(), &[metric("5xx", "ApiId", "a2")], true), both);
        let mut of_stage = http.errors.clone();
        of_stage.dimensions.insert("Stage".to_owned(), "prod".to_owned());
        assert_eq!(failing(http, &[of_stage], true), both);
    }

    #[test]
    fn an_alarm_on_a_share_has_to_watch_the_requests_of_this_api_as_well() {
        let http = by("5xx", "ApiId", "a1");
        let another = by("5xx", "ApiId", "a2");
        let both = ["metric of alarm health", "metric of alarm error"];

        let share = [http.errors.clone(), http.requests.clone()];
        assert_eq!(failing(http.clone(), &share, true), [""; 0]);
        let mixed = [http.errors.clone(), another.requests];
        assert_eq!(failing(http.clone(), &mixed, true), both);
        let requests = [http.requests.clone()];
        assert_eq!(failing(http, &requests, true), both);
    }

    #[test]
    fn an_alarm_s_actions_have_to_be_enabled() {
        let http = by("5xx", "ApiId", "a1");
        let errors = [http.errors.clone()];
        let both = ["actions of alarm health", "actions of alarm error"];

        assert_eq!(failing(http, &errors, false), both);
    }

    #[test]
    fn a_metric_reads_as_a_phrase() {
        let told = metric("5xx", "ApiId", "a1").to_string();

        assert_eq!(told, "5xx of AWS/ApiGateway by ApiId a1");
    }
}
