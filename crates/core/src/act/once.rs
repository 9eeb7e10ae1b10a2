//! Calls that must not take effect twice: only what AWS refused to do is tried again.

use aws_sdk_ecs::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::update_service::UpdateServiceError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;

/// Forbids to retry UpdateService unless it was throttled. The SDK would repeat it after a time-out
/// or an internal error as well, when it may have taken effect; a second forced deployment starts
/// the first one over (F21). Whoever looks next sees whether it did.
#[derive(Debug)]
pub(super) struct OnlyWhenThrottled;

impl ClassifyRetry for OnlyWhenThrottled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let answer = error.as_operation_error();
        let answer = answer.and_then(|error| error.downcast_ref::<UpdateServiceError>());
        match answer.and_then(ProvideErrorMetadata::code) {
            Some("ThrottlingException") => RetryAction::NoActionIndicated,
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only when throttled"
    }
}
