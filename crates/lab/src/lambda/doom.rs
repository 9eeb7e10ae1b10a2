//! Invocations that end before their time: at a call that they are about to make.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How an invocation ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its process dies.
    Crash,
    /// Nothing goes on until its time-out.
    Hang,
}

/// That an invocation ends before its time. What it has done by then is done; the rest is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doom {
    /// How.
    pub end: End,
    /// Before which of its AWS calls, from 1; retries count as calls. One that makes fewer calls
    /// ends so after all of them, before Lambda learns of its success.
    pub before_call: usize,
}

tokio::task_local! {
    /// The doom of the invocation that runs in this task.
    static PRESENT: Arc<Fate>;
}

/// What awaits an invocation.
#[derive(Debug, Default)]
pub(super) struct Fate {
    doom: Option<Doom>,
    calls: AtomicUsize,
    met: Notify,
}

impl Fate {
    pub(super) fn new(doom: Option<Doom>) -> Arc<Self> {
        Arc::new(Self { doom, ..Self::default() })
    }

    /// Runs an invocation, whose calls count from now on.
    pub(super) async fn rule<T>(self: Arc<Self>, invocation: impl Future<Output = T>) -> T {
        let result = PRESENT.scope(Arc::clone(&self), invocation).await;
        if self.doom.is_some() {
            self.meet().await;
        }
        result
    }

    /// Returns when the invocation meets its end: it must not go on.
    pub(super) async fn end(&self) -> End {
        self.met.notified().await;
        self.doom.map_or(End::Crash, |doom| doom.end)
    }

    /// Never returns: the invocation is dropped by its owner.
    async fn meet(&self) {
        self.met.notify_one();
        std::future::pending::<()>().await;
    }
}

/// The invocation that runs in this task, if one does, is about to make a call.
pub(crate) async fn before_call() {
    let Ok(fate) = PRESENT.try_with(Arc::clone) else { return };
    let call = fate.calls.fetch_add(1, Ordering::Relaxed) + 1;
    if fate.doom.is_some_and(|doom| doom.before_call == call) {
        fate.meet().await;
    }
}
