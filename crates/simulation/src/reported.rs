//! What users of such tools report: faults before the tasks, of hosts and stages, and people whose
//! wishes are not Eden's.

use std::fmt;
use std::time::Duration;

/// Something that a user has reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reported {
    /// The gateway gives up on one path whose work takes longer than it waits
    /// (<https://github.com/cortexlabs/cortex/issues/1225>).
    SlowPath,
    /// Another integration of the same API fails
    /// (<https://github.com/kirill-markin/flashcards-open-source-app/pull/1675>).
    OtherIntegration,
    /// What stands before the integrations answers every request with this
    /// (<https://github.com/aws/aws-cdk/issues/18352>).
    Refused(u16),
    /// What stands before the integrations lets nobody through without a token, which Eden does not
    /// have.
    Guarded(u16),
    /// Eden may not write tags any more.
    TagsDenied,
    /// The service's tag says that somebody acts on it, since so long before or after now.
    Claimed {
        /// Whether the time is yet to come.
        ahead: bool,
        /// By how much.
        by: Duration,
    },
    /// People scale the service to zero and mean it.
    MeantZero,
    /// A scaler takes all tasks away, and does so again whenever somebody gives some back.
    Scaler,
    /// The automatic deployments of the stage fail.
    StageFails,
    /// The EC2 instance of a task dies, and its agent with it
    /// (<https://github.com/aws/containers-roadmap/issues/2040>).
    DeadHost(usize),
    /// Somebody stops the EC2 instance of a task, and its agent ends first.
    StoppedHost(usize),
    /// The agent on the EC2 instance of a task loses touch.
    LostAgent(usize),
}

/// The names of all.
pub const REPORTED: [&str; 13] = [
    "one path is too slow for the gateway",
    "another integration fails",
    "the gateway refuses every request",
    "the gateway wants a token",
    "tags denied",
    "claimed by somebody else",
    "scaled to zero on purpose",
    "deployments of the stage fail",
    "host dies",
    "host stopped by hand",
    "agent disconnected",
    EXPIRED,
    "scaled to zero again and again",
];

/// Tasks expire between being listed as stopped and being described
/// (<https://github.com/yc-software/qm/pull/1371>).
pub(crate) const EXPIRED: &str = "API answers partly about what is over";

impl Reported {
    /// Its name, in reports.
    pub fn name(&self) -> &'static str {
        let turn = match self {
            Self::SlowPath => 0,
            Self::OtherIntegration => 1,
            Self::Refused(_) => 2,
            Self::Guarded(_) => 3,
            Self::TagsDenied => 4,
            Self::Claimed { .. } => 5,
            Self::MeantZero => 6,
            Self::StageFails => 7,
            Self::DeadHost(_) => 8,
            Self::StoppedHost(_) => 9,
            Self::LostAgent(_) => 10,
            Self::Scaler => 12,
        };
        REPORTED[turn]
    }

    /// Whether it makes healing harder.
    pub(crate) fn disturbs(self) -> bool {
        match self {
            Self::TagsDenied
            | Self::Claimed { .. }
            | Self::StageFails
            | Self::Scaler
            | Self::DeadHost(_)
            | Self::StoppedHost(_)
            | Self::LostAgent(_) => true,
            Self::SlowPath
            | Self::OtherIntegration
            | Self::Refused(_)
            | Self::Guarded(_)
            | Self::MeantZero => false,
        }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Refused(status) | Self::Guarded(status) => write!(f, "{name}: {status}"),
            Self::Claimed { ahead: true, by } => write!(f, "{name} in {} s", by.as_secs()),
            Self::Claimed { ahead: false, by } => write!(f, "{name} {} s ago", by.as_secs()),
            _ => f.write_str(name),
        }
    }
}
