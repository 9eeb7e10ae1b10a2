//! The policies that are compared on the same histories.

mod eden;
mod oracle;
mod simple;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::mutants::Mutant;

pub(crate) use eden::install as install_eden;
pub(crate) use oracle::act as act_as_oracle;
pub(crate) use simple::install as install_simple;

/// Who looks after the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nobody: ECS alone.
    None,
    /// The simple healer that Eden grew from.
    Simple,
    /// Eden.
    Eden,
    /// One that knows every fault and acts at once: the limit.
    Oracle,
    /// Eden, deliberately broken.
    Mutant(Mutant),
}

impl Policy {
    /// Those that are compared.
    pub const ALL: [Self; 4] = [Self::None, Self::Simple, Self::Eden, Self::Oracle];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Simple => "simple",
            Self::Eden => "eden",
            Self::Oracle => "oracle",
            Self::Mutant(mutant) => mutant.name(),
        }
    }

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::None => "ECS alone",
            Self::Simple => "simple healer",
            Self::Eden => "Eden",
            Self::Oracle => "oracle",
            Self::Mutant(_) => "mutant of Eden",
        }
    }

    /// Whether it is Eden, broken or not: the invariants are about it.
    pub fn is_eden(self) -> bool {
        matches!(self, Self::Eden | Self::Mutant(_))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mutants = Mutant::ALL.into_iter().map(Self::Mutant);
        let mut all = Self::ALL.into_iter().chain(mutants);
        all.find(|policy| policy.name() == text).ok_or_else(|| {
            let mutants = Mutant::ALL.map(Mutant::name).join(", ");
            format!("accepted: none, simple, eden, oracle; or a mutant of Eden: {mutants}")
        })
    }
}
