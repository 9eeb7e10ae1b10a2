//! Remediation end to end: each rung of the ladder of remedies, and each limit on it, in an account
//! in which the trouble really happens and the functions call AWS through its SDK.

mod crash_loops;
mod deployments;
mod many_tasks;
mod observing;
mod one_task;
mod rollouts;
pub mod scene;
mod sick_tasks;
mod starts;
mod throttling;
mod two_at_once;
