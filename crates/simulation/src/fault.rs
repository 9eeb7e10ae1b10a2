//! Faults: what may befall the service, its API, AWS and the functions, and how each ends.

use std::fmt;
use std::time::Duration;

use eden_lab::world::{DeliveryFaults, FaultKind};

use crate::reported::{EXPIRED, Reported};

/// A fault, and for how long it lasts where it has an end of its own.
pub(crate) type Drawn = (Fault, Duration);

/// Something that happens in a history. Tasks are meant by their turn among those that run,
/// the one first that the route leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// A task's process exits.
    Crash(usize),
    /// The processes of all tasks exit.
    CrashAll,
    /// A task accepts connections and answers nothing, until it is replaced.
    Hang(usize),
    /// A task answers with 500, until it is replaced.
    Fail(usize),
    /// A task serves, but fails its container health check.
    Unhealthy(usize),
    /// A task answers nothing for a while, then is well again by itself.
    Stall(usize),
    /// All present tasks but the youngest answer nothing, until they are replaced.
    HangMost,
    /// All present tasks answer with 500; their successors do not.
    FailAll,
    /// All present tasks answer nothing; their successors do.
    HangAll,
    /// All tasks, the new ones too, answer with 503 while something else is down.
    DependencyDown,
    /// Tasks that start exit after this.
    CrashLoop(Duration),
    /// Tasks cannot be started.
    CannotStart,
    /// Operators deploy something that works.
    Deploy,
    /// Operators deploy something whose tasks answer with 500.
    DeployFailing,
    /// Operators deploy something whose tasks exit after this.
    DeployCrashing(Duration),
    /// Operators deploy something that cannot be started.
    DeployUnstartable,
    /// Operators deploy something that never passes its health check.
    DeployUnhealthy,
    /// Operators deploy something whose tasks leak, and answer nothing once they have run so long.
    DeployLeaking(Duration),
    /// A task's Spot capacity is taken back.
    Interrupt(usize),
    /// No further task finds a place; one of those that run crashes.
    NoCapacity,
    /// An availability zone is lost, with the tasks in it.
    LoseZone(usize),
    /// The addresses of stopped tasks are given to others, whose applications answer 404.
    ReuseAddresses,
    /// Operators want so many tasks from now on.
    Scale(u32),
    /// Somebody scales the service to zero by mistake.
    ScaleToZero,
    /// Somebody edits the route by mistake.
    EditRoute,
    /// Somebody stops a task by hand.
    StopTask(usize),
    /// Operators switch healing off by the service's tag, with this value.
    Pause(&'static str),
    /// The present tasks are protected from being stopped, as they protect themselves at work.
    Protect,
    /// An operation of an AWS API goes wrong like this.
    Api(&'static str, FaultKind),
    /// Events come late, twice, out of order or not at all.
    Bus(DeliveryFaults),
    /// Calls of any AWS API meet faults of every kind, each with this chance.
    Weather(f64),
    /// Half of all reads show the past of up to so long ago.
    Lag(Duration),
    /// Invocations crash between two calls, hang, or are repeated, each with this chance.
    Invocations(f64),
    /// What users of such tools report.
    Reported(Reported),
}

/// The names of all faults of the classic mix.
pub const FAULTS: [&str; 42] = [
    "task crashes",
    "all tasks crash",
    "task hangs",
    "task answers 5xx",
    "task is UNHEALTHY",
    "all tasks answer 5xx",
    "all tasks hang",
    "dependency is down",
    "crash loop",
    "tasks cannot start",
    "deployment",
    "bad deployment: 5xx",
    "bad deployment: crashes",
    "bad deployment: cannot start",
    "bad deployment: UNHEALTHY",
    "scaling",
    "scaled to zero by mistake",
    "route edited by mistake",
    "task stopped by hand",
    "healing paused",
    "tasks protected",
    "API throttles",
    "API answers 5xx",
    "API denies access",
    "API is slow",
    "API resets connections",
    "API answers partly",
    "API answers with the past",
    "API answers 5xx to what it did",
    "API resets connections after it acted",
    "API never answers",
    "event bus is unreliable",
    "bad deployment: leaks",
    "Spot interruption",
    "no capacity",
    "availability zone lost",
    "addresses reused",
    "bad weather",
    "reads lag",
    "invocations crash, hang and repeat",
    "task hangs for a while",
    "most tasks hang",
];

impl Fault {
    /// Its name, in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crash(_) => "task crashes",
            Self::CrashAll => "all tasks crash",
            Self::Hang(_) => "task hangs",
            Self::Fail(_) => "task answers 5xx",
            Self::Unhealthy(_) => "task is UNHEALTHY",
            Self::Stall(_) => "task hangs for a while",
            Self::HangMost => "most tasks hang",
            Self::FailAll => "all tasks answer 5xx",
            Self::HangAll => "all tasks hang",
            Self::DependencyDown => "dependency is down",
            Self::CrashLoop(_) => "crash loop",
            Self::CannotStart => "tasks cannot start",
            Self::Deploy => "deployment",
            Self::DeployFailing => "bad deployment: 5xx",
            Self::DeployCrashing(_) => "bad deployment: crashes",
            Self::DeployUnstartable => "bad deployment: cannot start",
            Self::DeployUnhealthy => "bad deployment: UNHEALTHY",
            Self::Scale(_) => "scaling",
            Self::ScaleToZero => "scaled to zero by mistake",
            Self::EditRoute => "route edited by mistake",
            Self::StopTask(_) => "task stopped by hand",
            Self::Pause(_) => "healing paused",
            Self::Protect => "tasks protected",
            Self::Api(_, kind) => match kind {
                FaultKind::Throttled => "API throttles",
                FaultKind::InternalError => "API answers 5xx",
                FaultKind::AccessDenied => "API denies access",
                FaultKind::Latency(_) => "API is slow",
                FaultKind::ConnectionReset => "API resets connections",
                FaultKind::Partial(_) => "API answers partly",
                FaultKind::Stale => "API answers with the past",
                FaultKind::InternalErrorAfter => "API answers 5xx to what it did",
                FaultKind::ConnectionResetAfter => "API resets connections after it acted",
                FaultKind::NoAnswer => "API never answers",
                FaultKind::Expired => EXPIRED,
            },
            Self::Bus(_) => "event bus is unreliable",
            Self::DeployLeaking(_) => "bad deployment: leaks",
            Self::Interrupt(_) => "Spot interruption",
            Self::NoCapacity => "no capacity",
            Self::LoseZone(_) => "availability zone lost",
            Self::ReuseAddresses => "addresses reused",
            Self::Weather(_) => "bad weather",
            Self::Lag(_) => "reads lag",
            Self::Invocations(_) => "invocations crash, hang and repeat",
            Self::Reported(reported) => reported.name(),
        }
    }

    /// Whether it makes healing harder: nobody can say then how long a remedy may take.
    pub(crate) fn disturbs(&self) -> bool {
        match self {
            Self::Reported(reported) => reported.disturbs(),
            Self::Pause(_)
            | Self::Protect
            | Self::Api(..)
            | Self::Bus(_)
            | Self::Weather(_)
            | Self::Lag(_)
            | Self::Invocations(_) => true,
            _ => false,
        }
    }

    /// Whether it is a deployment of something that does not work.
    pub fn is_bad_deployment(&self) -> bool {
        matches!(
            self,
            Self::DeployFailing
                | Self::DeployCrashing(_)
                | Self::DeployUnstartable
                | Self::DeployUnhealthy
                | Self::DeployLeaking(_)
        )
    }

    /// Whether users may notice it; the others only make healing harder.
    pub fn is_felt(&self) -> bool {
        !matches!(
            self,
            Self::Reported(
                Reported::SlowPath
                    | Reported::OtherIntegration
                    | Reported::Refused(_)
                    | Reported::Guarded(_)
                    | Reported::TagsDenied
                    | Reported::LostAgent(_)
                    | Reported::Claimed { .. }
            ) | Self::Pause(_)
                | Self::Protect
                | Self::ReuseAddresses
                | Self::Api(..)
                | Self::Bus(_)
                | Self::Weather(_)
                | Self::Lag(_)
                | Self::Invocations(_)
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Api(operation, _) => write!(f, "{name}: {operation}"),
            Self::Pause(value) => write!(f, "{name} ({value})"),
            Self::Scale(to) => write!(f, "{name} to {to}"),
            Self::Bus(DeliveryFaults { copies, repeat: _, delay, loss }) => {
                write!(f, "{name}: {copies} copies, up to {} s late, ", delay.as_secs())?;
                write!(f, "{:.0} % lost", loss * 100.0)
            }
            Self::Weather(chance) | Self::Invocations(chance) => {
                write!(f, "{name}: {:.0} % each", chance * 100.0)
            }
            Self::Lag(most) => write!(f, "{name} by up to {} s", most.as_secs()),
            Self::CrashLoop(after) | Self::DeployCrashing(after) | Self::DeployLeaking(after) => {
                write!(f, "{name} after {} s", after.as_secs())
            }
            Self::Reported(reported) => write!(f, "{reported}"),
            _ => f.write_str(name),
        }
    }
}
