//! Plans, told before anybody acts on them.

use eden_core::report::Told;
use eden_policy::plan::Rejected;
use eden_policy::{Hold, Plan, Step};
use serde::Serialize;

use crate::output::{BAD, Cell, DIM, NAME, Table};

/// What would be done, what not for which reason, and which tasks are passed over.
#[derive(Debug, Clone, Serialize)]
pub struct Intent {
    /// The steps, in their order.
    pub steps: Vec<Told<Step>>,
    /// What is held.
    pub held: Vec<Told<Hold>>,
    /// The tasks that the gateway cannot be led to.
    pub rejected: Vec<Told<Rejected>>,
}

impl From<Plan> for Intent {
    fn from(plan: Plan) -> Self {
        let intended = |step: Step| Told { text: intended(&step.to_string()), what: step };
        Intent {
            steps: plan.steps.into_iter().map(intended).collect(),
            held: plan.holds.into_iter().map(Told::from).collect(),
            rejected: plan.rejected.into_iter().map(Told::from).collect(),
        }
    }
}

impl Intent {
    /// What could not be read, so that the plan may lack something.
    pub fn unread(&self) -> bool {
        self.held.iter().any(|held| matches!(held.what, Hold::FactUnknown { .. }))
    }

    /// Appends its sections to a table.
    pub fn tell(&self, table: &mut Table) {
        let steps = self.steps.iter().map(|it| Cell::styled(&it.text, NAME));
        if self.steps.is_empty() {
            section(table, "plan", ["nothing to do".into()]);
        } else {
            section(table, "plan", steps);
        }
        section(table, "held", self.held.iter().map(held));
        let rejected = self.rejected.iter().map(|it| Cell::styled(&it.text, DIM));
        section(table, "passed over", rejected);
    }
}

/// A hold; what could not be read stands out.
fn held(held: &Told<Hold>) -> Cell {
    let style = if matches!(held.what, Hold::FactUnknown { .. }) { BAD } else { DIM };
    Cell::styled(format!("{} ({})", held.text, held.what.reason()), style)
}

/// Appends rows of which only the first has the name.
pub fn section(table: &mut Table, name: &str, cells: impl IntoIterator<Item = Cell>) {
    for (at, cell) in cells.into_iter().enumerate() {
        table.row([Cell::from(if at == 0 { name } else { "" }), cell]);
    }
}

/// A step's sentence, which is told in the past tense, as one of what is to be done.
fn intended(done: &str) -> String {
    let (verb, rest) = done.split_once(' ').unwrap_or((done, ""));
    let verb = match verb {
        "Pointed" => "Point",
        "Parked" => "Park",
        "Noted" => "Note",
        "Deployed" => "Deploy",
        "Restored" => "Restore",
        "Rolled" => "Roll",
        "Stopped" => "Stop",
        "Forced" => "Force",
        // As in "Set variable".
        same => same,
    };
    format!("{verb} {rest}")
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use eden_policy::facts::{Pointer, ServiceStatus};
    use eden_policy::plan::Sighting;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn every_step_is_told_as_something_to_do() {
        let [api, integration, to, task, stage, variable, because, service, note, replacing] = [
            "api1",
            "int1",
            "http://203.0.113.1",
            "task1",
            "prod",
            "host",
            "it is sick",
            "arn",
            "n",
            "d",
        ]
        .map(str::to_owned);
        let (from, unready, since) = (None, None, Timestamp::UNIX_EPOCH);
        let sighting = Sighting { name: "wrong".to_owned(), of: service.clone(), since };
        let steps = [
            Step::PointIntegration {
                api: api.clone(),
                integration: integration.clone(),
                from: from.clone(),
                to: to.clone(),
                task: task.clone(),
                unready: unready.clone(),
            },
            Step::SetStageVariable {
                api: api.clone(),
                stage: stage.clone(),
                variable,
                from: from.clone(),
                to: to.clone(),
                task: task.clone(),
                unready,
            },
            Step::ShowMaintenance { api: api.clone(), integration, from, to: to.clone() },
            Step::Park {
                api: api.clone(),
                pointer: Pointer::Integration("int1".to_owned()),
                from: to.clone(),
                to: vec![],
                because: because.clone(),
            },
            Step::MarkUnserved { service: service.clone(), since, parked: false },
            Step::ClearUnserved { service: service.clone(), since, told: false },
            Step::MarkOverwritten { service: service.clone(), at: vec![since] },
            Step::DeployStage { api, stage, note },
            Step::RestoreDesiredCount { from: 0, to: 1 },
            Step::MarkSuspect { task: task.clone(), since },
            Step::ClearSuspect { task: task.clone() },
            Step::MarkCondition { service: service.clone(), sighting },
            Step::ClearCondition { service: service.clone() },
            Step::MarkFailing { service: service.clone(), since, definition: "eden:7".to_owned() },
            Step::ClearFailing { told: None, service: service.clone() },
            Step::RollBack {
                replacing: replacing.clone(),
                to,
                stops: None,
                because: because.clone(),
            },
            Step::StopTask { task, because: because.clone(), unhealthy: true },
            Step::ForceDeployment { replacing, because },
        ];
        for step in steps {
            let done = step.to_string();
            let intended = intended(&done);
            let verb = intended.split(' ').next().unwrap_or_default();
            assert!(!verb.ends_with("ed"), "{intended}");
            assert!(done.starts_with(verb.trim_end_matches('e')), "{done}: {intended}");
        }
    }

    #[test]
    fn a_plan_is_told_with_what_it_holds() {
        let hold = Hold::ServiceNotActive { status: ServiceStatus::Draining };
        let intent = Intent::from(Plan { holds: vec![hold], ..Plan::default() });
        let mut table = Table::bare();
        intent.tell(&mut table);

        let text = strip_str(&table.text(0, 100)).to_string();
        assert!(text.starts_with("plan  nothing to do\nheld  "), "{text}");
        assert!(text.contains("(service_not_active)"), "{text}");
    }
}
