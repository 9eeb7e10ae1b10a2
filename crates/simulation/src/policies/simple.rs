//! The simple healer that Eden grew from, by its description: a task that is RUNNING makes it lead
//! the route to the first task on the list; a running count below the desired one means sick, and
//! then it stops every task that is not RUNNING or is UNHEALTHY, or else forces a redeployment.
//!
//! It knew of no stage that has to be deployed. Here it deploys those, as it would lose every history
//! with one for a reason that has nothing to do with healing.

use std::sync::Arc;

use aws_sdk_ecs::types::{Attachment, Task};
use eden_core::Aws;
use eden_lab::Lab;
use eden_lab::example::{
    API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::lambda::{FunctionError, Handler, Lambda};
use eden_lab::template::Stack;
use serde_json::{Value, json};

use crate::clients;
use crate::hand::{manual_stages, scheme};

const PORT: u16 = 8000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Installs it in Eden's place: the same rules wake it.
pub(crate) fn install(lab: &Lab, lambda: &Lambda, stack: &Stack) {
    let aws = clients::of_one_process(&lab.sdk_config());
    let (clients, there) = (aws.clone(), lab.clone());
    let stages = manual_stages(&lab.world());
    let follow: Handler = Arc::new(move |event, _| {
        let (aws, stages, lab) = (clients.clone(), stages.clone(), there.clone());
        Box::pin(async move { ended(follow(&aws, &lab, &stages, &event).await) })
    });
    let heal: Handler = Arc::new(move |_, _| {
        let aws = aws.clone();
        Box::pin(async move { ended(heal(&aws).await) })
    });
    for (name, handler) in [(IP_UPDATER, follow), (HEALTH_MONITOR, heal)] {
        let spec = stack.function(name).expect("the template has both functions");
        lambda.register(name, spec.timeout, handler);
    }
}

fn ended(result: Result<(), Failure>) -> Result<Value, FunctionError> {
    result.map(|()| json!("done")).map_err(|error| FunctionError::new("Error", error.to_string()))
}

/// Leads the route to the first task on the list when one is RUNNING.
async fn follow(aws: &Aws, lab: &Lab, stages: &[String], event: &Value) -> Result<(), Failure> {
    if event["detail"]["lastStatus"] != "RUNNING" {
        return Ok(());
    }
    let listed = aws.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await?;
    let Some(first) = listed.task_arns().first() else { return Ok(()) };
    let described = aws.ecs.describe_tasks().cluster(CLUSTER).tasks(first).send().await?;
    let details = described.tasks().iter().flat_map(Task::attachments);
    let interface = details
        .flat_map(Attachment::details)
        .find(|detail| detail.name() == Some("networkInterfaceId"))
        .and_then(|detail| detail.value());
    let address = match interface {
        Some(interface) => format!("{}:{PORT}", address_of(aws, interface).await?),
        // It knew of no other tasks. Here it finds those of EC2, too, for the same reason.
        None => lab.world().task(first).ok_or("the task is gone")?.endpoint().to_string(),
    };
    let scheme = scheme(&lab.world());
    for (integration, rest) in [(ROOT_INTEGRATION, ""), (PROXY_INTEGRATION, "{proxy}")] {
        aws.apigatewayv2
            .update_integration()
            .api_id(API)
            .integration_id(integration)
            .integration_uri(format!("{scheme}://{address}/{rest}"))
            .send()
            .await?;
    }
    for stage in stages {
        aws.apigatewayv2.create_deployment().api_id(API).stage_name(stage).send().await?;
    }
    Ok(())
}

/// The public address of a network interface.
async fn address_of(aws: &Aws, interface: &str) -> Result<String, Failure> {
    let shown =
        aws.ec2.describe_network_interfaces().network_interface_ids(interface).send().await?;
    let address = shown
        .network_interfaces()
        .first()
        .and_then(|interface| interface.association()?.public_ip())
        .ok_or("the task has no public address")?;
    Ok(address.to_owned())
}

/// Stops what is not well, or redeploys, when fewer tasks run than should.
async fn heal(aws: &Aws) -> Result<(), Failure> {
    let shown = aws.ecs.describe_services().cluster(CLUSTER).services(SERVICE).send().await?;
    let service = shown.services().first().ok_or("there is no such service")?;
    if service.running_count() >= service.desired_count() {
        return Ok(());
    }
    let listed = aws.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await?;
    let mut stopped = false;
    if !listed.task_arns().is_empty() {
        let arns = Some(listed.task_arns().to_vec());
        let described = aws.ecs.describe_tasks().cluster(CLUSTER).set_tasks(arns).send().await?;
        for task in described.tasks() {
            let unhealthy = task.health_status().is_some_and(|it| it.as_str() == "UNHEALTHY");
            let (Some(arn), true) =
                (task.task_arn(), unhealthy || task.last_status() != Some("RUNNING"))
            else {
                continue;
            };
            let stop = aws.ecs.stop_task().cluster(CLUSTER).task(arn).reason("unhealthy");
            stop.send().await?;
            stopped = true;
        }
    }
    if !stopped {
        let update = aws.ecs.update_service().cluster(CLUSTER).service(SERVICE);
        update.force_new_deployment(true).send().await?;
    }
    Ok(())
}
