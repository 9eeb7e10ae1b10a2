//! How the process ends.

use std::process::ExitCode;

/// The answer, as a script sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ExitStatus {
    /// 0: all is well, or what was asked for was done.
    Good,
    /// 1: something is not well, or was not done.
    Bad,
    /// 2: nobody knows, since something could not be read, or the command was not understood. An
    /// error ends in this one too.
    Unknown,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(match status {
            ExitStatus::Good => 0,
            ExitStatus::Bad => 1,
            ExitStatus::Unknown => 2,
        })
    }
}
