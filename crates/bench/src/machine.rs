//! What was measured on.

use std::fs;
use std::process::Command;

use jiff::Timestamp;
use serde::Serialize;

use crate::side::Programs;

/// The machine and the time of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// When the run began.
    pub at: String,
    /// The processor's name.
    pub processor: String,
    /// How many of its cores the run could use.
    pub cores: usize,
    /// Memory, in GB.
    pub memory_gb: f64,
    /// The kernel's release.
    pub kernel: String,
    /// The version of Python.
    pub python: String,
    /// The load when the run began: what else ran, averaged over a minute.
    pub load: f64,
}

impl Machine {
    /// This one, now. What the system does not tell is told as `unknown`.
    #[expect(clippy::disallowed_methods, reason = "the edge: the document says when it was made")]
    pub fn this(programs: &Programs) -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let value = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let unknown = || "unknown".to_owned();
        let memory_kb = value(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.strip_suffix("kB")?.trim().parse::<f64>().ok());
        let python = Command::new(&programs.python).arg("--version").output();
        let python = python.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
        Self {
            at: format!("{:.0}", Timestamp::now()),
            processor: value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gb: memory_kb.unwrap_or_default() / 1e6,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            python: python.unwrap_or_else(|_| unknown()),
            load: load(&read("/proc/loadavg")),
        }
    }
}

fn load(text: &str) -> f64 {
    text.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or_default()
}
