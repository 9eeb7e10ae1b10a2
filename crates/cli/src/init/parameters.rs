//! The template's parameters that are settled here, and what the functions make of them.

use std::collections::BTreeMap;

use eden_core::config::{ConfigError, IpUpdaterConfig};

/// A parameter of the template.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The variable of the functions that gets its value.
    variable: Option<&'static str>,
}

const fn of_stack(name: &'static str) -> Parameter {
    Parameter { name, variable: None }
}

const fn with(name: &'static str, variable: &'static str) -> Parameter {
    Parameter { name, variable: Some(variable) }
}

/// Those that are settled here, in the template's order.
pub static SETTLED: [Parameter; 15] = [
    with("APIGatewayId", "API_GATEWAY_ID"),
    with("APIGatewayURL", "API_GATEWAY_URL"),
    with("APIGatewayIntegrationId", "INTEGRATION_ID"),
    with("ECSCluster", "ECS_CLUSTER"),
    with("ECSService", "ECS_SERVICE"),
    with("BackendPort", "BACKEND_PORT"),
    with("HealthCheckPath", "HEALTH_CHECK_PATH"),
    of_stack("NotificationEmail"),
    with("ApiType", "API_TYPE"),
    of_stack("APIGatewayName"),
    with("APIGatewayStage", "STAGE_NAME"),
    with("RouteVia", "ROUTE_VIA"),
    with("Environment", "ENVIRONMENT"),
    with("AppName", "APP_NAME"),
    of_stack("Architecture"),
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

    /// A value as the file has it, also an empty one: somebody has chosen none.
    pub fn chosen(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What has to be written: all that is settled. Of a parameter that is left out, SAM keeps what the
    /// stack had before, and not the template's default.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SETTLED.iter().filter_map(|it| self.chosen(it.name).map(|value| (it.name, value)))
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
    with("HealthCheckHost", "HEALTH_CHECK_HOST"),
    with("HealthCheckStatus", "HEALTH_CHECK_STATUS"),
    with("HealthCheckTimeoutSeconds", "HEALTH_CHECK_TIMEOUT_SECONDS"),
    with("HealthCheckAttempts", "HEALTH_CHECK_ATTEMPTS"),
    with("IPv6Targets", "IPV6_TARGETS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    #[test]
    fn the_template_has_them() {
        for Parameter { name, .. } in SETTLED.iter().chain(&ALSO) {
            assert!(TEMPLATE.contains(&format!("\n  {name}:\n")), "{name}");
        }
    }

    /// SAM sends `UsePreviousValue` for what is not named (samcli, `merge_parameters`): a health path that is
    /// given up, or a REST API's kind, would stay in the stack.
    #[test]
    fn what_is_the_templates_default_is_written_too() {
        let mut values = Values::default();
        for (name, value) in
            [("BackendPort", "8000"), ("APIGatewayId", "a1"), ("HealthCheckPath", "")]
        {
            values.set(name, value);
        }
        let written: Vec<_> = values.written().collect();
        let expected = [("APIGatewayId", "a1"), ("BackendPort", "8000"), ("HealthCheckPath", "")];
        assert_eq!(written, expected);
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
