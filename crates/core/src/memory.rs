//! What an earlier look saw, as a hint for the next: what is read at once need not be found first.
//!
//! Nothing is decided on it. Whatever it names is read anew, and what it does not name is found as
//! if there were no memory.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use eden_input::Hints;
use eden_policy::facts::{Task, TaskNetwork};

/// More are not kept: what they cost to read anew is little beside listing them.
const MOST: usize = 1_000;

/// What the last look of this process saw; empty at its start.
#[derive(Debug, Default)]
pub struct Memory {
    hints: Mutex<Hints>,
    failure: Mutex<Option<String>>,
}

impl Memory {
    /// Keeps what was seen, for the next look.
    pub fn keep(&self, tasks: &[Task]) {
        let seen = tasks.iter().filter(|task| task.runs()).take(MOST);
        let (mut interfaces, mut hosts) = (Vec::new(), BTreeSet::new());
        for task in seen.clone() {
            match &task.network {
                TaskNetwork::Interface(id) => interfaces.push(id.clone()),
                TaskNetwork::Host { container_instance, .. } => {
                    hosts.insert(container_instance.clone());
                }
                TaskNetwork::Unattached => {}
            }
        }
        *self.hints() = Hints {
            tasks: seen.map(|task| task.arn.clone()).collect(),
            interfaces,
            container_instances: hosts.into_iter().collect(),
        };
    }

    /// What an event names, then what was seen last.
    pub fn with(&self, event: &Hints) -> Hints {
        let seen = self.hints();
        Hints {
            tasks: merged(&event.tasks, &seen.tasks),
            interfaces: merged(&event.interfaces, &seen.interfaces),
            container_instances: merged(&event.container_instances, &seen.container_instances),
        }
    }

    /// Whether the invocation fails for another reason than the last one did, or `None` if it does
    /// not fail: Lambda repeats one that fails (F29), and people need not be told again.
    pub fn is_news(&self, failure: Option<&str>) -> bool {
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let news = failure.is_some() && last.as_deref() != failure;
        *last = failure.map(str::to_owned);
        news
    }

    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn merged(first: &[String], then: &[String]) -> Vec<String> {
    let mut all = first.to_vec();
    all.extend(then.iter().filter(|it| !first.contains(it)).cloned());
    all.truncate(MOST);
    all
}
