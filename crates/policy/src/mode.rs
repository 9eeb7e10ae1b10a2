//! The healing mode: whether a plan may be carried out, by setting and by a tag on the service.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::facts::{Observed, Service, ServiceStatus};
use crate::plan::{Fact, Hold, Plan};

/// Whether Eden acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Plans are carried out.
    #[default]
    On,
    /// Everything is observed, decided and reported, and nothing is changed.
    Observe,
    /// Nothing is changed, because somebody switched healing off.
    Off,
}

/// What the service's tag says; it wins over the setting, since it needs no deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeTag {
    /// There is no such tag.
    Absent,
    /// It names a mode.
    Set(Mode),
    /// It says something else: whoever set it wanted something, most likely peace.
    Unrecognized(String),
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::On => "on",
            Mode::Observe => "observe",
            Mode::Off => "off",
        })
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" => Ok(Mode::On),
            "observe" => Ok(Mode::Observe),
            "off" => Ok(Mode::Off),
            _ => Err(()),
        }
    }
}

impl From<Option<&str>> for ModeTag {
    fn from(value: Option<&str>) -> Self {
        match value {
            None => ModeTag::Absent,
            Some(text) => {
                text.parse().map_or_else(|()| ModeTag::Unrecognized(text.to_owned()), ModeTag::Set)
            }
        }
    }
}

/// The mode that holds, and why it is in doubt, if it is: a tag that could not be read or that names
/// no mode may mean peace.
pub fn effective(setting: Mode, service: &Observed<Service>) -> (Mode, Option<Hold>) {
    match service {
        Observed::Unknown(because) => {
            let because = format!("its healing tag: {because}");
            (Mode::Observe, Some(Hold::FactUnknown { fact: Fact::Service, because }))
        }
        // Nobody knows the tags of a service that ECS does not know.
        Observed::Known(service) if service.status == ServiceStatus::Missing => {
            (Mode::Observe, Some(Hold::ServiceNotActive { status: service.status }))
        }
        Observed::Known(service) => match &service.mode {
            ModeTag::Absent => (setting, None),
            ModeTag::Set(mode) => (*mode, None),
            ModeTag::Unrecognized(value) => {
                (Mode::Observe, Some(Hold::ModeTagUnrecognized { value: value.clone() }))
            }
        },
    }
}

/// Turns the steps of a plan into holds unless healing is on.
///
/// Guarantees: no step is left when the mode is `observe` or `off`, when the tag says something
/// that is none of the three, or when the tag could not be read; each step becomes a hold that
/// says what was not done.
pub fn restrain(plan: Plan, setting: Mode, service: &Observed<Service>) -> Plan {
    if plan.steps.is_empty() {
        return plan;
    }
    let (mode, doubt) = effective(setting, service);
    if mode == Mode::On {
        return plan;
    }
    let Plan { steps, mut holds, rejected } = plan;
    holds.extend(doubt);
    holds.extend(
        steps.into_iter().map(|step| Hold::HealingNotOn { mode, not_done: step.to_string() }),
    );
    Plan { steps: Vec::new(), holds, rejected }
}
