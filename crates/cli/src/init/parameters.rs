//! The template's parameters that are settled here, and what the functions make of them.

use std::collections::BTreeMap;

use eden_core::config::{ConfigError, IpUpdaterConfig};

/// A parameter of the template.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its default in the template; none of one that is required.
    pub default: Option<&'static str>,
    /// The variable of the functions that gets its value.
    variable: Option<&'static str>,
}

const fn required(name: &'static str, variable: &'static str) -> Parameter {
    Parameter { name, default: None, variable: Some(variable) }
}

const fn with(name: &'static str, default: &'static str, variable: &'static str) -> Parameter {
    Parameter { name, default: Some(default), variable: Some(variable) }
}

/// Those that are settled here, in the template's order.
pub static SETTLED: [Parameter; 15] = [
    required("APIGatewayId", "API_GATEWAY_ID"),
    required("APIGatewayURL", "API_GATEWAY_URL"),
    with("APIGatewayIntegrationId", "", "INTEGRATION_ID"),
    with("ECSCluster", "", "ECS_CLUSTER"),
    with("ECSService", "", "ECS_SERVICE"),
    with("BackendPort", "8000", "BACKEND_PORT"),
    with("HealthCheckPath", "", "HEALTH_CHECK_PATH"),
    Parameter { name: "NotificationEmail", default: Some(""), variable: None },
    with("ApiType", "HTTP", "API_TYPE"),
    Parameter { name: "APIGatewayName", default: Some(""), variable: None },
    with("APIGatewayStage", "", "STAGE_NAME"),
    with("RouteVia", "integration", "ROUTE_VIA"),
    with("Environment", "prod", "ENVIRONMENT"),
    with("AppName", "eden", "APP_NAME"),
    Parameter { name: "Architecture", default: Some("x86_64"), variable: None },
];

/// Values of parameters, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Sets a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A value, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What has to be written: what is required, and what is not the template's default.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SETTLED.iter().filter_map(|parameter| {
            let value = self.0.get(parameter.name)?;
            (parameter.default != Some(value.as_str())).then_some((parameter.name, value.as_str()))
        })
    }

    /// The settings that the functions get, with what `also` says of parameters that are not settled here.
    ///
    /// # Errors
    /// When they would refuse one.
    pub fn settings(&self, also: &Values) -> Result<IpUpdaterConfig, ConfigError> {
        IpUpdaterConfig::read(|variable| {
            let is_it = |it: &&Parameter| it.variable == Some(variable);
            let value = match SETTLED.iter().find(is_it) {
                Some(settled) => self.get(settled.name),
                None => also.get(ALSO.iter().find(is_it)?.name),
            };
            value.map(str::to_owned)
        })
    }

    /// What the functions expect instead of a parameter's value; none when they take it.
    pub fn refusal(&self, name: &str) -> Option<String> {
        let variable = SETTLED.iter().find(|it| it.name == name)?.variable?;
        let problems = self.settings(&Values::default()).err()?.problems;
        let problem = problems.into_iter().find(|it| it.variable == variable)?;
        Some(problem.expected.to_owned())
    }
}

impl FromIterator<(String, String)> for Values {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(values: T) -> Self {
        Values(values.into_iter().collect())
    }
}

/// Those that nobody is asked for and that say how tasks are asked: a file may have them.
static ALSO: [Parameter; 5] = [
    with("HealthCheckHost", "", "HEALTH_CHECK_HOST"),
    with("HealthCheckStatus", "200-399", "HEALTH_CHECK_STATUS"),
    with("HealthCheckTimeoutSeconds", "2", "HEALTH_CHECK_TIMEOUT_SECONDS"),
    with("HealthCheckAttempts", "2", "HEALTH_CHECK_ATTEMPTS"),
    with("IPv6Targets", "off", "IPV6_TARGETS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    #[test]
    fn the_defaults_are_the_templates() {
        for Parameter { name, default, .. } in SETTLED.iter().chain(&ALSO) {
            let block = TEMPLATE.split_once(&format!("\n  {name}:\n")).expect(name).1;
            let mut lines = block.lines().take_while(|line| line.starts_with("    "));
            let written = lines.find_map(|line| line.strip_prefix("    Default: "));
            let written = written.map(|it| it.trim_matches('"'));
            assert_eq!(written, *default, "{name}");
        }
    }

    #[test]
    fn only_what_is_not_a_default_is_written() {
        let mut values = Values::default();
        for (name, value) in [
            ("BackendPort", "8000"),
            ("ApiType", "REST"),
            ("APIGatewayId", "a1"),
            ("ECSCluster", ""),
        ] {
            values.set(name, value);
        }
        let written: Vec<_> = values.written().collect();
        assert_eq!(written, [("APIGatewayId", "a1"), ("ApiType", "REST")]);
    }

    #[test]
    fn a_value_that_the_functions_refuse_is_told() {
        let mut values = Values::default();
        values.set("BackendPort", "70000");
        values.set("HealthCheckPath", "/health");
        assert!(values.refusal("BackendPort").unwrap().contains("65535"));
        assert_eq!(values.refusal("HealthCheckPath"), None);
        values.set("HealthCheckPath", "health");
        assert!(values.refusal("HealthCheckPath").is_some());
        values.set("ApiType", "REST");
        values.set("BackendPort", "81");
        assert!(values.refusal("BackendPort").unwrap().contains("REST"));
    }
}
