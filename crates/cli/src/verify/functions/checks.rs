//! Whether the functions are there, run what they should, and agree on their settings.

use std::collections::BTreeMap;

use eden_core::config::{ConfigError, HealthMonitorConfig, IpUpdaterConfig};
use eden_policy::Observed;

use super::{Deployed, Function, Functions};
use crate::verify::check::{Check, DEPLOY, Outcome};

/// What AWS runs the functions on.
const RUNTIME: &str = "provided.al2023";
/// As template.yaml gives ip-updater: it waits up to 45 s for a task, asks and writes then.
const IP_UPDATER_SECONDS: i32 = 120;
/// The same of health-monitor: it heals for three and a half minutes, and watches the maintenance page.
const HEALTH_MONITOR_SECONDS: i32 = 300;
/// A claim on the service is void after so long; no invocation is to last longer.
const LONGEST_SECONDS: i32 = 300;

/// The checks of both functions.
pub fn checks(functions: &Functions) -> Vec<Check> {
    let Functions { ip_updater, health_monitor } = functions;
    let of_updater =
        |deployed: &Deployed| settings(IpUpdaterConfig::read(|it| deployed.variable(it)).map(drop));
    let of_monitor = |deployed: &Deployed| {
        settings(HealthMonitorConfig::read(|it| deployed.variable(it)).map(drop))
    };
    let mut checks = checks_of(ip_updater, IP_UPDATER_SECONDS, of_updater);
    checks.extend(checks_of(health_monitor, HEALTH_MONITOR_SECONDS, of_monitor));
    checks.push(Check::new("settings of both functions", agreement(functions)));
    checks
}

fn checks_of(
    function: &Function,
    seconds: i32,
    settings: impl Fn(&Deployed) -> Outcome,
) -> Vec<Check> {
    let Function { name, deployed, .. } = function;
    let is_there = Outcome::of(deployed, |it| existence(it.as_ref()));
    let mut checks = vec![Check::new(format!("function {name}"), is_there)];
    // Of what is not there nothing else can be said.
    if let Observed::Known(Some(deployed)) = deployed {
        checks.extend([
            Check::new(format!("runtime of {name}"), runtime(deployed)),
            Check::new(format!("timeout of {name}"), timeout(deployed, seconds)),
            Check::new(format!("settings of {name}"), settings(deployed)),
        ]);
    }
    checks
}

fn existence(deployed: Option<&Deployed>) -> Outcome {
    let Some(Deployed { state, last_update, .. }) = deployed else {
        return Outcome::failed(
            "it does not exist",
            "deploy the stack with `sam build && sam deploy`, or name the one to check with \
             --stack, or with --env and --app",
        );
    };
    match (state.as_str(), last_update.as_str()) {
        ("Active", "Successful") => Outcome::passed("exists and is active"),
        ("Active", "Failed") => Outcome::failed("its last change failed", DEPLOY),
        ("Active", "InProgress") | ("Pending", _) => {
            Outcome::failed("it is being changed", "wait a minute and look again")
        }
        ("Inactive", _) => Outcome::failed(
            "it is inactive, since nobody invoked it for weeks",
            "invoke it, which wakes it: `eden verify --invoke`; then see why no rule does",
        ),
        (state, last_update) => Outcome::failed(
            format!("its state is {state}, that of its last change {last_update}"),
            DEPLOY,
        ),
    }
}

fn runtime(deployed: &Deployed) -> Outcome {
    match deployed.runtime.as_str() {
        RUNTIME => Outcome::passed(RUNTIME),
        other => Outcome::failed(format!("{other}, not {RUNTIME}"), DEPLOY),
    }
}

fn timeout(deployed: &Deployed, seconds: i32) -> Outcome {
    let found = format!("{} s", deployed.timeout);
    if (seconds..=LONGEST_SECONDS).contains(&deployed.timeout) {
        return Outcome::passed(found);
    }
    let found = format!("{found}, not {seconds} to {LONGEST_SECONDS} s");
    Outcome::failed(found, DEPLOY)
}

/// Whether the function would start with these settings: they are parsed as it does.
fn settings(read: Result<(), ConfigError>) -> Outcome {
    match read {
        Ok(()) => Outcome::passed("accepted"),
        Err(error) => Outcome::failed(
            error.to_string(),
            "change the stack's parameter behind it in samconfig.toml and run `sam deploy`; \
             docs/operations.md says which one it is",
        ),
    }
}

/// Whether both were told the same: whatever ip-updater reads health-monitor reads as well.
fn agreement(functions: &Functions) -> Outcome {
    let variables = |function: &Function| match &function.deployed {
        Observed::Known(Some(deployed)) => {
            // Where AWS is found is a matter of each function's own.
            let of_aws = |name: &String| name.starts_with("AWS_");
            let variables = deployed.variables.clone().into_iter();
            Ok(variables.filter(|(name, _)| !of_aws(name)).collect::<BTreeMap<_, _>>())
        }
        Observed::Known(None) => Err(format!("there is no function {}", function.name)),
        Observed::Unknown(why) => Err(why.clone()),
    };
    let (updater, monitor) =
        match (variables(&functions.ip_updater), variables(&functions.health_monitor)) {
            (Ok(updater), Ok(monitor)) => (updater, monitor),
            (Err(why), _) | (_, Err(why)) => return Outcome::unknown(why),
        };
    // By name only: a webhook's URL is a secret.
    let differing: Vec<&str> = updater
        .iter()
        .filter(|(name, value)| monitor.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    if differing.is_empty() {
        return Outcome::passed(format!("agree on {} variables", updater.len()));
    }
    Outcome::failed(format!("they differ in {}", differing.join(", ")), DEPLOY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed() -> Deployed {
        let variables = [
            ("ECS_CLUSTER", "c"),
            ("ECS_SERVICE", "s"),
            ("API_GATEWAY_ID", "a1"),
            ("API_GATEWAY_URL", "https://api.example.com"),
            ("INTEGRATION_ID", "int1"),
            ("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:1"),
        ];
        Deployed {
            state: "Active".to_owned(),
            last_update: "Successful".to_owned(),
            runtime: RUNTIME.to_owned(),
            timeout: HEALTH_MONITOR_SECONDS,
            variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    fn functions(monitor: Observed<Option<Deployed>>) -> Functions {
        let function = |name: &str, deployed| Function {
            name: name.to_owned(),
            arn: None,
            deployed,
            policy: Observed::Known(None),
        };
        Functions {
            ip_updater: function("updater", Observed::Known(Some(deployed()))),
            health_monitor: function("monitor", monitor),
        }
    }

    /// The checks that are not passed, once health-monitor is changed.
    fn failing(change: impl FnOnce(&mut Deployed)) -> Vec<String> {
        let mut monitor = deployed();
        change(&mut monitor);
        let checks = checks(&functions(Observed::Known(Some(monitor))));
        let failed = checks.into_iter().filter(|it| matches!(it.outcome, Outcome::Failed { .. }));
        failed.map(|it| it.check).collect()
    }

    #[test]
    fn each_check_fails_for_its_own_reason_and_no_other() {
        assert_eq!(failing(|_| {}), [""; 0]);
        assert_eq!(failing(|it| it.state = "Inactive".to_owned()), ["function monitor"]);
        assert_eq!(failing(|it| it.last_update = "Failed".to_owned()), ["function monitor"]);
        assert_eq!(failing(|it| it.runtime = "python3.12".to_owned()), ["runtime of monitor"]);
        for timeout in [3, 149, 301] {
            assert_eq!(failing(|it| it.timeout = timeout), ["timeout of monitor"]);
        }
        let bad = |it: &mut Deployed| {
            it.variables.insert("CRASH_LOOP_DEATHS".to_owned(), "many".to_owned());
        };
        assert_eq!(failing(bad), ["settings of monitor"]);
        let other = |it: &mut Deployed| {
            it.variables.insert("ECS_SERVICE".to_owned(), "t".to_owned());
        };
        assert_eq!(failing(other), ["settings of both functions"]);
        let elsewhere = |it: &mut Deployed| {
            it.variables.insert("AWS_ENDPOINT_URL_ECS".to_owned(), "http://127.0.0.1:2".to_owned());
        };
        assert_eq!(failing(elsewhere), [""; 0]);
    }

    #[test]
    fn a_function_that_is_not_there_fails_and_one_that_nobody_may_read_is_unknown() {
        let missing = functions(Observed::Known(None));
        let refused = functions(Observed::Unknown("AccessDenied".to_owned()));

        let of = |functions: &Functions| checks(functions)[4].clone();
        assert!(matches!(of(&missing).outcome, Outcome::Failed { .. }), "{:?}", of(&missing));
        assert_eq!(of(&refused).outcome, Outcome::unknown("AccessDenied"));
        let settings = refused.health_monitor_settings().unwrap_err();
        assert!(settings.contains("monitor are not known: AccessDenied"), "{settings}");
    }
}
