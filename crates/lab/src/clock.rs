//! The lab's clock: follows tokio's, so it is virtual when tokio's clock is paused and real otherwise.

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use tokio::time::Instant;

/// A clock that starts at a given time and runs with tokio's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows `origin` at this moment.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, started: Instant::now() }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.origin + self.started.elapsed()
    }

    /// Returns when the clock shows `time`; at once when it is past.
    pub async fn sleep_until(&self, time: Timestamp) {
        let after_origin = time.duration_since(self.origin);
        let elapsed = std::time::Duration::try_from(after_origin).unwrap_or_default();
        tokio::time::sleep_until(self.started + elapsed).await;
    }

    /// The same; never returns without a time.
    pub(crate) async fn sleep_until_some(&self, time: Option<Timestamp>) {
        match time {
            Some(time) => self.sleep_until(time).await,
            None => std::future::pending().await,
        }
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Clock::now(self).into()
    }
}
