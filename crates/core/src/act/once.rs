//! Calls that must not take effect twice, or over somebody else's.

use aws_sdk_ecs::config::{Builder, retry::RetryConfig};

/// Lets the SDK make a single attempt. It would repeat UpdateService after a time-out or an internal
/// error, when it may have taken effect: a second forced deployment starts the first one over (F21),
/// and a desired count would be written over what somebody has set meanwhile. Whoever looks next sees
/// whether it did. What was throttled was not done, and is [asked for again](super::notes).
pub(super) fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}
