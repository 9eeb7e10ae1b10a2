"""Looks at an ECS service and restarts what is unhealthy.

The baseline of `cargo xtask bench`: what one writes inline in a template, one call after the other.
Clients are made once, when the module is loaded, as AWS recommends. Other than many such scripts it
follows the pages of ListTasks, without which it would not see the tasks beyond the first hundred.
"""

import json
import os
from datetime import datetime, timezone

import boto3

CLUSTER = os.environ["ECS_CLUSTER"]
SERVICE = os.environ["ECS_SERVICE"]
API_URL = os.environ.get("API_GATEWAY_URL", "")
TOPIC_ARN = os.environ.get("SNS_TOPIC_ARN", "")
BATCH = 100  # DescribeTasks takes no more at once.

ecs = boto3.client("ecs")
sns = boto3.client("sns")


def tasks_of_service():
    pages = ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, serviceName=SERVICE)
    arns = [arn for page in pages for arn in page["taskArns"]]
    tasks = []
    for start in range(0, len(arns), BATCH):
        batch = arns[start : start + BATCH]
        tasks += ecs.describe_tasks(cluster=CLUSTER, tasks=batch)["tasks"]
    return tasks


def notify(running, desired, actions):
    if not TOPIC_ARN:
        return
    lines = [
        f"Service: {SERVICE}",
        f"Cluster: {CLUSTER}",
        f"Running Tasks: {running}/{desired}",
        "Actions Taken:",
        *(f"- {action}" for action in actions),
        f"Timestamp: {datetime.now(timezone.utc).isoformat()}",
        f"API Gateway: {API_URL}",
    ]
    sns.publish(
        TopicArn=TOPIC_ARN, Subject="Eden Service Auto-Healing Triggered", Message="\n".join(lines)
    )


def handler(event, context):
    print(f"event: {json.dumps(event)}")
    service = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    running, desired = service["runningCount"], service["desiredCount"]
    unhealthy = [
        task["taskArn"]
        for task in tasks_of_service()
        if task.get("healthStatus") == "UNHEALTHY"
    ]

    actions = []
    for arn in unhealthy:
        ecs.stop_task(cluster=CLUSTER, task=arn, reason="unhealthy")
        actions.append(f"Stopped unhealthy task {arn}")
    if not unhealthy and running < desired:
        ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
        actions.append("Forced service redeployment")
    if actions:
        notify(running, desired, actions)

    print(f"running {running} of {desired}, unhealthy {len(unhealthy)}, actions {actions}")
    return {"statusCode": 200, "body": json.dumps({"actions": actions})}
