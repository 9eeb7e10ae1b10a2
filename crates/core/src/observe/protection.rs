//! Which tasks ECS protects: StopTask may not spare them, so Eden does (F19).

use std::collections::BTreeSet;

use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;

/// GetTaskProtection takes no more at once.
const BATCH: usize = 100;

/// Those of the tasks that are protected, by ARN.
///
/// # Errors
/// When a call fails, or answers for fewer tasks than were asked for.
pub(super) async fn protected(
    aws: &Aws,
    target: &Target,
    tasks: &[String],
) -> Result<BTreeSet<String>, CallError> {
    const OPERATION: &str = "GetTaskProtection";
    let mut protected = BTreeSet::new();
    for batch in tasks.chunks(BATCH) {
        let request = aws.ecs.get_task_protection().cluster(&target.cluster);
        let answer = request.set_tasks(Some(batch.to_vec())).send().await;
        let answer = answer.map_err(|error| CallError::new(OPERATION, &target.service, &error))?;
        if let Some(failure) = answer.failures().first() {
            let reason = failure.reason().unwrap_or("no reason given");
            let arn = failure.arn().unwrap_or("a task");
            return Err(CallError::answered(OPERATION, arn, reason));
        }
        let kept = answer.protected_tasks().iter().filter(|task| task.protection_enabled());
        protected.extend(kept.filter_map(|task| task.task_arn().map(str::to_owned)));
    }
    Ok(protected)
}
