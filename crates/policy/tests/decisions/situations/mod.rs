//! Named situations: what was observed, and by which rules it is decided. Each has a file in
//! `tests/golden/situations` that tells what becomes of it.

mod describe;
mod of_blame;
mod of_endings;
mod of_failures;
mod of_kinds;
mod of_routes;
mod of_services;
mod of_tasks;

use std::time::Duration;

use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::Mode;
use eden_policy::{Facts, Limits, Maintenance, Routing};

use super::fixtures::{self, PAGE, now};

pub use describe::given;

/// A situation.
pub struct Situation {
    /// Its file's name: that of the diagnosis, then its own.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub title: &'static str,
    /// What was observed.
    pub facts: Facts,
    /// What holds remedies back.
    pub limits: Limits,
    /// How the route is chosen.
    pub routing: Routing,
    /// Whether Eden acts, by setting.
    pub mode: Mode,
}

/// All of them.
pub fn all() -> Vec<Situation> {
    let all = [
        of_tasks::all(),
        of_services::all(),
        of_failures::all(),
        of_routes::all(),
        of_kinds::all(),
        of_endings::all(),
        of_blame::all(),
    ];
    all.into_iter().flatten().collect()
}

/// A situation under the default settings.
fn situation(name: &'static str, title: &'static str, facts: Facts) -> Situation {
    let (limits, routing) = (Limits::default(), Routing::default());
    Situation { name, title, facts, limits, routing, mode: Mode::On }
}

impl Situation {
    pub fn decide(&self) -> Finding {
        let Situation { limits, routing, mode, .. } = self;
        health::decide(&self.facts, Rules { limits, routing, mode: *mode }, now())
    }

    fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    fn with_rollback(self) -> Self {
        self.limits(|limits| limits.rollback = true)
    }

    fn with_page(mut self, after_seconds: u64) -> Self {
        let after = Duration::from_secs(after_seconds);
        self.routing.maintenance = Some(Maintenance { url: PAGE.to_owned(), after });
        self
    }

    fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}
