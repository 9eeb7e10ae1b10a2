//! What runs do beside one another: the same route is repaired by each that sees it at the same moment,
//! which harms nobody. People are told of it by one of them.

use std::collections::BTreeSet;
use std::time::Duration;

use eden_policy::Step;
use eden_policy::facts::noted_time;
use jiff::Timestamp;

/// Maximum difference between the clocks of two runs, and of what a note rounds off.
const CLOCKS: Duration = Duration::from_secs(5);

/// What a run did that others may have done at the same moment, in short names: `route:TASK`, `page`,
/// `stage`, `parked`, `served`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct News(BTreeSet<String>);

impl News {
    /// What of these steps others may have done too, if anything. What needs the claim is done by one.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<Self> {
        let names: BTreeSet<_> = steps.filter_map(name).collect();
        (!names.is_empty()).then_some(News(names))
    }

    /// The note that this run tells it: `NAME+NAME TIME TELLER`.
    pub(super) fn noted(&self, at: Timestamp, teller: &str) -> String {
        let names: Vec<_> = self.0.iter().map(String::as_str).collect();
        format!("{} {at:.0} {teller}", names.join("+"))
    }

    /// Whether a note says that another run tells all of it to people, and did so after this run began.
    /// What was told before that was done before, and had to be done again.
    pub(super) fn is_told(&self, note: &str, began: Timestamp, now: Timestamp) -> bool {
        let mut words = note.split(' ');
        let told: BTreeSet<_> = words.next().unwrap_or_default().split('+').collect();
        let at = words.next().and_then(|at| noted_time(at, now));
        let since = at.and_then(|at| at.checked_add(CLOCKS).ok());
        since.is_some_and(|at| at >= began) && self.0.iter().all(|it| told.contains(it.as_str()))
    }
}

fn name(step: &Step) -> Option<String> {
    match step {
        Step::PointIntegration { task, .. } | Step::SetStageVariable { task, .. } => {
            Some(format!("route:{task}"))
        }
        Step::ShowMaintenance { .. } => Some("page".to_owned()),
        Step::DeployStage { .. } => Some("stage".to_owned()),
        Step::MarkUnserved { parked, .. } => parked.then(|| "parked".to_owned()),
        Step::ClearUnserved { told, .. } => told.then(|| "served".to_owned()),
        Step::Park { .. }
        | Step::MarkOverwritten { .. }
        | Step::RestoreDesiredCount { .. }
        | Step::MarkSuspect { .. }
        | Step::ClearSuspect { .. }
        | Step::MarkCondition { .. }
        | Step::ClearCondition { .. }
        | Step::MarkFailing { .. }
        | Step::ClearFailing { .. }
        | Step::StopTask { .. }
        | Step::ForceDeployment { .. }
        | Step::RollBack { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn news(names: &[&str]) -> News {
        News(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn what_another_run_told_meanwhile_is_told_and_what_was_done_again_is_not() {
        let note = news(&["route:1", "stage"]).noted(at(10), "id-1/abc");
        let now = at(60);
        assert!(news(&["route:1"]).is_told(&note, at(0), now));
        assert!(news(&["route:1", "stage"]).is_told(&note, at(10), now));
        assert!(!news(&["route:2"]).is_told(&note, at(0), now));
        assert!(!news(&["route:1", "served"]).is_told(&note, at(0), now));
        assert!(!news(&["route:1"]).is_told(&note, at(16), now));
        for malformed in ["", "route:1", "route:1 lately", "route:1 2099-01-01T00:00:00Z id"] {
            assert!(!news(&["route:1"]).is_told(malformed, at(0), now), "{malformed}");
        }
    }
}
