//! Mixes: what histories are drawn from. A mix keeps its name and its draws, so that figures of one
//! compare over time; what shall be drawn otherwise becomes another mix.

mod classic;
mod reality;

use std::fmt;
use std::str::FromStr;

use fastrand::Rng;
use serde::Serialize;

use crate::fault::{Drawn, FAULTS};
use crate::history::Event;
use crate::reported::REPORTED;
use crate::setting::Setting;

/// What a history is drawn from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// Faults of tasks, operators and AWS, of services on Fargate that ECS rolls: the first mix.
    Classic,
    /// The same beside what users of such tools report: faults before the tasks, hosts, other kinds
    /// of service, and people whose wishes are not Eden's.
    #[default]
    Reality,
}

impl Mix {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Reality];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Reality => "reality",
        }
    }

    /// The names of the faults that it has.
    pub fn faults(self) -> Vec<&'static str> {
        match self {
            Self::Classic => FAULTS.to_vec(),
            Self::Reality => FAULTS.into_iter().chain(REPORTED).collect(),
        }
    }

    pub(crate) fn setting(self, rng: &mut Rng) -> Setting {
        match self {
            Self::Classic => classic::setting(rng),
            Self::Reality => reality::setting(rng),
        }
    }

    /// What befalls the service next.
    pub(crate) fn fault(self, rng: &mut Rng, setting: &Setting, last: Option<&Event>) -> Drawn {
        match self {
            Self::Classic => classic::fault(rng, setting, last),
            Self::Reality => reality::fault(rng, setting, last),
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|mix| mix.name() == text);
        found.ok_or_else(|| format!("accepted: {}", Self::ALL.map(Self::name).join(", ")))
    }
}
