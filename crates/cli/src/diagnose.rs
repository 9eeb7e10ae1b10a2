//! `eden diagnose`: what health-monitor would see, find and do at this moment.

use anyhow::Result;
use eden_core::config::HealthMonitorConfig;
use eden_core::health_monitor;
use eden_core::report::Told;
use eden_policy::health::Finding;
use eden_policy::plan::Condition;
use eden_policy::{Diagnosis, Evidence};
use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::intent::{Intent, section};
use crate::output::{BAD, BOLD, Cell, DIM, GOOD, Table, WARN};
use crate::settings;

/// What was found, and what would be done about it.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    at: Timestamp,
    cluster: String,
    service: String,
    #[serde(flatten)]
    diagnosis: Diagnosis,
    text: String,
    evidence: Vec<Told<Evidence>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
    /// What would be done.
    #[serde(flatten)]
    pub intent: Intent,
}

/// Looks and tells, without acting.
///
/// # Errors
/// When the settings could not be read.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    let config = settings::health_monitor(context).await?;
    let found = look(context, &config).await;
    context.output.show(&found, text)?;
    Ok(found.exit_status())
}

/// What health-monitor would see, find and do.
pub async fn look(context: &Context, config: &HealthMonitorConfig) -> Found {
    let (_, finding) = health_monitor::look(config, &context.edge).await;
    Found::new(config, finding, context.edge.aws.now())
}

impl Found {
    fn new(config: &HealthMonitorConfig, finding: Finding, at: Timestamp) -> Self {
        let Finding { diagnosis, evidence, plan, condition, is_over: _ } = finding;
        Found {
            at,
            cluster: config.target.cluster.clone(),
            service: config.target.service.clone(),
            text: diagnosis.to_string(),
            diagnosis,
            evidence: evidence.into_iter().map(Told::from).collect(),
            condition,
            intent: Intent::from(plan),
        }
    }

    fn exit_status(&self) -> ExitStatus {
        match &self.diagnosis {
            Diagnosis::Unknown => ExitStatus::Unknown,
            _ if self.intent.unread() => ExitStatus::Unknown,
            diagnosis if diagnosis.is_healthy() => ExitStatus::Good,
            _ => ExitStatus::Bad,
        }
    }
}

/// The finding as people read it.
pub fn text(found: &Found, width: usize) -> String {
    let Found { at, cluster, service, diagnosis, .. } = found;
    let style = match diagnosis {
        Diagnosis::Healthy => GOOD,
        Diagnosis::Starting
        | Diagnosis::Rolling { overdue: false, .. }
        | Diagnosis::OldTasksRemain { overdue: false, .. }
        | Diagnosis::ScaledToZero
        | Diagnosis::Paused => WARN,
        _ => BAD,
    };
    let mut table = Table::bare();
    section(&mut table, "diagnosis", [Cell::styled(&found.text, style)]);
    let condition = found.condition.as_ref().map(|it| {
        let text = format!("no remedy is left: people have to look ({})", it.name);
        Cell::styled(text, BAD)
    });
    section(&mut table, "", condition);
    section(&mut table, "evidence", found.evidence.iter().map(|it| it.text.as_str().into()));
    found.intent.tell(&mut table);
    let head = format!("{BOLD}{service}{BOLD:#} in {cluster}  {DIM}{at:.0}{DIM:#}\n\n");
    head + &table.text(0, width)
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use eden_policy::facts::{Alarm, ApiAnswer};
    use eden_policy::plan::Fact;
    use eden_policy::{Hold, Plan, Step};

    use super::*;

    fn config() -> HealthMonitorConfig {
        HealthMonitorConfig::read(|name| {
            let value = match name {
                "ECS_CLUSTER" => "prod-eden-cluster",
                "ECS_SERVICE" => "prod-eden-service",
                "API_GATEWAY_URL" => "https://api.example.com",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap()
    }

    fn found(diagnosis: Diagnosis, plan: Plan) -> Found {
        let evidence = vec![
            Evidence::of_alarm(Alarm::Ok),
            Evidence::of_api(&ApiAnswer::Good { status: 200, latency_ms: 12 }),
        ];
        let finding = Finding { diagnosis, evidence, plan, condition: None, is_over: false };
        Found::new(&config(), finding, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_finding_is_told_with_its_evidence_and_its_plan() {
        let plan =
            Plan { steps: vec![Step::RestoreDesiredCount { from: 0, to: 1 }], ..Plan::default() };
        let found = found(Diagnosis::BelowFloor { desired: 0, floor: 1 }, plan);

        assert_eq!(
            strip_str(&text(&found, 100)).to_string(),
            "prod-eden-service in prod-eden-cluster  1970-01-01T00:00:00Z\n\n\
             diagnosis  Desired count 0 is below the minimum of 1\n\
             evidence   the 5XX alarm is OK\n           the API answered 200 in 12 ms\n\
             plan       Restore the desired count from 0 to 1\n"
        );
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["diagnosis"], "below_floor");
        assert_eq!(json["steps"][0]["action"], "restore_desired_count");
        assert_eq!(json["evidence"][0]["state"], "OK");
    }

    #[test]
    fn the_exit_status_tells_healthy_from_sick_and_from_unknown() {
        let unread = Hold::FactUnknown { fact: Fact::Alarm, because: "denied".to_owned() };
        let unread = Plan { holds: vec![unread], ..Plan::default() };
        for (diagnosis, plan, status) in [
            (Diagnosis::Healthy, Plan::default(), ExitStatus::Good),
            (Diagnosis::ServiceSick, Plan::default(), ExitStatus::Bad),
            (Diagnosis::Unknown, Plan::default(), ExitStatus::Unknown),
            (Diagnosis::Healthy, unread, ExitStatus::Unknown),
        ] {
            assert_eq!(found(diagnosis, plan).exit_status(), status);
        }
    }
}
