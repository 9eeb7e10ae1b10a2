//! What a handler returns when it did not finish: Lambda retries it (F29), so no error is
//! swallowed.

use crate::report::Report;
use crate::trigger::MalformedEvent;

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is of a known type and not what AWS sends; nothing was done.
    #[error(transparent)]
    Malformed(#[from] MalformedEvent),
    /// Facts could not be read, steps failed or somebody could not be told. What could be done
    /// safely was done: the report says what.
    #[error("{}", .0.failure())]
    Incomplete(Box<Report>),
}

impl HandlerError {
    /// What failed, without what was done all the same: the same failure may come with other actions.
    pub fn cause(&self) -> String {
        match self {
            HandlerError::Malformed(error) => error.to_string(),
            HandlerError::Incomplete(report) => report.failed.join("; "),
        }
    }
}

impl From<Box<Report>> for HandlerError {
    fn from(report: Box<Report>) -> Self {
        HandlerError::Incomplete(report)
    }
}
