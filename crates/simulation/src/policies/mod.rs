//! The policies that are compared on the same histories.

mod eden;
mod oracle;
mod simple;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

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
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Simple, Self::Eden, Self::Oracle];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Simple => "simple",
            Self::Eden => "eden",
            Self::Oracle => "oracle",
        }
    }

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::None => "ECS alone",
            Self::Simple => "simple healer",
            Self::Eden => "Eden",
            Self::Oracle => "oracle",
        }
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
        let named = Self::ALL.into_iter().find(|policy| policy.name() == text);
        named.ok_or_else(|| "accepted: none, simple, eden, oracle".to_owned())
    }
}
