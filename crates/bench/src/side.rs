//! The two sides, and how each one's functions are started.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use eden_lab::example::{HEALTH_MONITOR, IP_UPDATER};
use serde::Serialize;
use tokio::process::Command;

/// Where the baseline's sources are.
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/baseline");

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The binaries of this workspace, as they are deployed.
    Eden,
    /// The Python pair, run by AWS's own runtime client.
    Baseline,
}

impl Side {
    /// Both, in the order in which they take turns.
    pub const BOTH: [Self; 2] = [Self::Eden, Self::Baseline];
}

/// Which of the two functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// On a change of a task, the gateway is led to one that runs.
    IpUpdater,
    /// On schedule, the service is looked at.
    HealthMonitor,
}

impl Function {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::IpUpdater, Self::HealthMonitor];

    /// Its name in the example's stack.
    pub fn name(self) -> &'static str {
        match self {
            Self::IpUpdater => IP_UPDATER,
            Self::HealthMonitor => HEALTH_MONITOR,
        }
    }

    fn python_module(self) -> &'static str {
        match self {
            Self::IpUpdater => "ip_updater",
            Self::HealthMonitor => "health_monitor",
        }
    }

    /// The source of the baseline's function.
    pub fn python_source(self) -> PathBuf {
        Path::new(BASELINE).join(format!("{}.py", self.python_module()))
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IpUpdater => "ip-updater",
            Self::HealthMonitor => "health-monitor",
        })
    }
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Eden's binaries.
    pub binaries: BTreeMap<Function, PathBuf>,
    /// The Python that has the baseline's requirements.
    pub python: PathBuf,
}

impl Programs {
    /// The program and arguments that start a function.
    pub fn line(&self, side: Side, function: Function) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match side {
            Side::Eden => vec![text(&self.binaries[&function])],
            Side::Baseline => {
                let handler = format!("{}.handler", function.python_module());
                vec![text(&self.python), "-m".to_owned(), "awslambdaric".to_owned(), handler]
            }
        }
    }
}

/// The command of this line that sees these variables, those that Lambda sets, and none of the
/// machine's.
pub fn command(
    line: &[String],
    function: Function,
    variables: &BTreeMap<String, String>,
) -> Command {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).current_dir(BASELINE).env_clear().envs(variables).envs([
        ("AWS_LAMBDA_FUNCTION_NAME", function.name()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"),
        // As in Lambda, where the code's folder cannot be written to: the handler is compiled at
        // each start, the libraries are compiled already.
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("LAMBDA_TASK_ROOT", BASELINE),
    ]);
    command
}
