//! The rules: they wake the functions and write the audit log.

use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use eden_policy::Observed;

use super::check::{Check, DEPLOY, Outcome, observed};
use super::functions::{Function, Functions};
use super::policy;
use crate::context::Context;
use crate::failure::Failed;

/// The template's schedule unless another one is set.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// All rules.
#[derive(Debug)]
pub struct Rules {
    /// A task of the service appears or dies.
    pub tasks: Rule,
    /// An alarm begins to ring.
    pub alarm: Rule,
    /// The next look is due.
    pub schedule: Rule,
    /// An action was taken.
    pub audit: Rule,
    /// The log group that the audit rule writes to.
    pub audit_log: String,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it is, if there is one of this name.
    pub found: Observed<Option<Found>>,
    /// The ARNs of its targets.
    pub targets: Observed<Vec<String>>,
}

/// A rule that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its ARN.
    pub arn: String,
    /// Whether it fires.
    pub enabled: bool,
    /// Of a schedule, how often.
    pub schedule: Option<String>,
}

impl Rules {
    /// How often the schedule fires, as far as it is known.
    pub fn every(&self) -> Duration {
        let found = self.schedule.found.known().and_then(Option::as_ref);
        found.and_then(|it| rate(it.schedule.as_deref()?)).unwrap_or(EVERY)
    }
}

/// `rate(5 minutes)`: the stack takes its schedule in minutes only.
fn rate(expression: &str) -> Option<Duration> {
    let (count, _) = expression.strip_prefix("rate(")?.split_once(" minute")?;
    count.parse().ok().map(|minutes: u64| Duration::from_secs(60 * minutes))
}

/// Reads all rules with their targets.
pub async fn read(context: &Context) -> Rules {
    let client = aws_sdk_eventbridge::Client::new(&context.config);
    let rule = |end| read_one(&client, context.names.of(end));
    let (tasks, alarm, schedule, audit) = tokio::join!(
        rule("ecs-task-state-change"),
        rule("health-alarm-trigger"),
        rule("scheduled-health-check"),
        rule("action-audit"),
    );
    Rules { tasks, alarm, schedule, audit, audit_log: context.names.audit_log.clone() }
}

async fn read_one(client: &aws_sdk_eventbridge::Client, name: String) -> Rule {
    let (found, targets) = tokio::join!(
        client.describe_rule().name(&name).send(),
        client.list_targets_by_rule().rule(&name).send(),
    );
    let found = found
        .map(|answer| Found {
            arn: answer.arn.unwrap_or_default(),
            enabled: answer.state == Some(RuleState::Enabled),
            schedule: answer.schedule_expression,
        })
        .map_err(|error| Failed::new("DescribeRule", "events:DescribeRule", &name, &error));
    // One page holds more targets than a rule can have.
    let targets = targets
        .map(|answer| answer.targets.unwrap_or_default().into_iter().map(|it| it.arn).collect())
        .map_err(|error| {
            Failed::new("ListTargetsByRule", "events:ListTargetsByRule", &name, &error)
        });
    Rule {
        found: observed(found, &["ResourceNotFoundException"]),
        targets: Observed::from(targets),
        name,
    }
}

/// The checks of all rules.
pub fn checks(rules: &Rules, functions: &Functions) -> Vec<Check> {
    let Rules { tasks, alarm, schedule, audit, audit_log } = rules;
    let Functions { ip_updater, health_monitor } = functions;
    let of_functions = [(tasks, ip_updater), (alarm, health_monitor), (schedule, health_monitor)];
    let of_functions = of_functions.into_iter().flat_map(|(rule, function)| {
        // Of a function that could not be read nobody knows the ARN.
        let of_lambda = function.arn.clone();
        let target =
            of_lambda.or_else(|| sibling(rule, "lambda", &format!("function:{}", function.name)));
        let mut checks = checks_of(rule, &function.name, target.as_deref());
        if let Observed::Known(Some(found)) = &rule.found {
            let name = format!("permission for rule {}", rule.name);
            checks.push(Check::new(name, permission(found, function)));
        }
        checks
    });
    let log = sibling(audit, "logs", &format!("log-group:{audit_log}"));
    of_functions.chain(checks_of(audit, audit_log, log.as_deref())).collect()
}

/// The ARN of something in the rule's own partition, region and account, where all of the stack is.
fn sibling(rule: &Rule, service: &str, resource: &str) -> Option<String> {
    let found = rule.found.known()?.as_ref()?;
    let mut parts = found.arn.splitn(6, ':');
    let (arn, partition, _) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account) = (parts.next()?, parts.next()?);
    Some(format!("{arn}:{partition}:{service}:{region}:{account}:{resource}"))
}

/// The checks of a rule that is to lead to the target with this ARN, as far as that is known.
fn checks_of(rule: &Rule, target: &str, arn: Option<&str>) -> Vec<Check> {
    let Rule { name, found, targets } = rule;
    let is_there = Outcome::of(found, |it| existence(name, it.as_ref()));
    let mut checks = vec![Check::new(format!("rule {name}"), is_there)];
    // Of what is not there nothing else can be said.
    if found.known() != Some(&None) {
        let leads = Outcome::of(targets, |arns| {
            let Some(wanted) = arn else {
                return Outcome::unknown(format!("the ARN of {target} is not known"));
            };
            // A log group's ARN may end in the `:*` of all its streams.
            if arns.iter().any(|arn| arn.strip_suffix(":*").unwrap_or(arn) == wanted) {
                return Outcome::passed(target);
            }
            let others = if arns.is_empty() { "nothing".to_owned() } else { arns.join(", ") };
            Outcome::failed(format!("{others}, not {target}"), DEPLOY)
        });
        checks.push(Check::new(format!("target of rule {name}"), leads));
    }
    checks
}

fn existence(name: &str, found: Option<&Found>) -> Outcome {
    match found {
        None => Outcome::failed("it does not exist", DEPLOY),
        Some(Found { enabled: false, .. }) => Outcome::failed(
            "it is disabled, so it wakes nobody",
            format!("enable it: `aws events enable-rule --name {name}`"),
        ),
        Some(Found { schedule: Some(schedule), .. }) => {
            Outcome::passed(format!("enabled, {schedule}"))
        }
        Some(_) => Outcome::passed("enabled"),
    }
}

fn permission(rule: &Found, function: &Function) -> Outcome {
    let Function { name, policy, .. } = function;
    Outcome::of(policy, |policy| {
        if policy.as_deref().is_some_and(|policy| policy::lets_in(policy, &rule.arn)) {
            return Outcome::passed(format!("may invoke {name}"));
        }
        Outcome::failed(
            format!("no statement of the policy of {name} lets it in, so its events are dropped"),
            DEPLOY,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_s_rate_is_understood() {
        for (expression, minutes) in [
            ("rate(1 minute)", Some(1)),
            ("rate(5 minutes)", Some(5)),
            ("rate(1 hour)", None),
            ("cron(0 * * * ? *)", None),
        ] {
            let every = minutes.map(|minutes| Duration::from_secs(60 * minutes));
            assert_eq!(rate(expression), every, "{expression}");
        }
    }

    fn rule(name: &str, targets: &[&str], enabled: bool) -> Rule {
        let arn = format!("arn:aws:events:us-east-1:1:rule/{name}");
        Rule {
            name: name.to_owned(),
            found: Observed::Known(Some(Found { arn, enabled, schedule: None })),
            targets: Observed::Known(targets.iter().map(|it| (*it).to_owned()).collect()),
        }
    }

    fn outcomes(rule: &Rule) -> Vec<Outcome> {
        let checks = checks_of(rule, "f", Some("arn:aws:lambda:us-east-1:1:function:f"));
        checks.into_iter().map(|it| it.outcome).collect()
    }

    #[test]
    fn a_rule_has_to_be_enabled_and_to_lead_to_its_own_target() {
        let function = "arn:aws:lambda:us-east-1:1:function:f";
        let other = "arn:aws:lambda:us-east-1:1:function:other-f";

        let passed = |outcomes: &[Outcome]| -> Vec<bool> {
            outcomes.iter().map(|it| matches!(it, Outcome::Passed { .. })).collect()
        };
        assert_eq!(passed(&outcomes(&rule("r", &[function], true))), [true, true]);
        assert_eq!(passed(&outcomes(&rule("r", &[other, function], true))), [true, true]);
        assert_eq!(passed(&outcomes(&rule("r", &[function], false))), [false, true]);
        assert_eq!(passed(&outcomes(&rule("r", &[], true))), [true, false]);
        assert_eq!(passed(&outcomes(&rule("r", &[other], true))), [true, false]);
    }

    /// An independent emulator showed it: a target whose ARN contained another one passed.
    #[test]
    fn a_target_is_known_by_its_whole_arn() {
        let log = "/eden/prod/autoresiliency";
        let whole = format!("arn:aws:logs:us-east-1:1:log-group:{log}");
        for (target, passes) in [
            (whole.clone(), true),
            (format!("{whole}:*"), true),
            (format!("arn:aws:logs:us-east-1:1:log-group:{whole}:*"), false),
            (whole.replace("us-east-1", "eu-west-1"), false),
            (whole.replace(":1:", ":2:"), false),
            (whole.replace("arn:aws:", "arn:aws-cn:"), false),
            (format!("{whole}:log-stream:x"), false),
            (format!("x{whole}"), false),
        ] {
            let mut rule = rule("r", &[&target], true);
            let arn = "arn:aws:events:us-east-1:1:rule/r".to_owned();
            rule.found = Observed::Known(Some(Found { arn, enabled: true, schedule: None }));
            let wanted = sibling(&rule, "logs", &format!("log-group:{log}"));
            let outcome = checks_of(&rule, log, wanted.as_deref()).remove(1).outcome;
            assert_eq!(outcome == Outcome::passed(log), passes, "{target}: {outcome:?}");
        }
    }

    #[test]
    fn nothing_more_is_said_of_a_rule_that_is_not_there() {
        let missing = Rule { found: Observed::Known(None), ..rule("r", &[], true) };

        assert_eq!(outcomes(&missing), [Outcome::failed("it does not exist", DEPLOY)]);
    }
}
