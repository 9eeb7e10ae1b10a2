"""Leads an API Gateway integration to a task of an ECS service.

The baseline of `cargo xtask bench`: what one writes inline in a template, one call after the other.
Clients are made once, when the module is loaded, as AWS recommends.
"""

import json
import os

import boto3

CLUSTER = os.environ["ECS_CLUSTER"]
SERVICE = os.environ["ECS_SERVICE"]
API_ID = os.environ["API_GATEWAY_ID"]
INTEGRATION_ID = os.environ["INTEGRATION_ID"]
PORT = os.environ.get("BACKEND_PORT", "8000")

ecs = boto3.client("ecs")
ec2 = boto3.client("ec2")
apigateway = boto3.client("apigatewayv2")


def interface_of(task):
    for attachment in task["attachments"]:
        if attachment["type"] == "ElasticNetworkInterface":
            for detail in attachment["details"]:
                if detail["name"] == "networkInterfaceId":
                    return detail["value"]
    raise ValueError(f"{task['taskArn']} has no network interface")


def handler(event, context):
    print(f"event: {json.dumps(event)}")
    listed = ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE, desiredStatus="RUNNING")
    if not listed["taskArns"]:
        print("no running task")
        return {"statusCode": 404, "body": "no running task"}

    described = ecs.describe_tasks(cluster=CLUSTER, tasks=listed["taskArns"][:1])
    interface_id = interface_of(described["tasks"][0])

    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])
    address = interfaces["NetworkInterfaces"][0]["Association"]["PublicIp"]

    uri = f"http://{address}:{PORT}/{{proxy}}"
    apigateway.update_integration(
        ApiId=API_ID, IntegrationId=INTEGRATION_ID, IntegrationUri=uri
    )
    print(f"updated {INTEGRATION_ID} of {API_ID} to {uri}")
    return {"statusCode": 200, "body": json.dumps({"uri": uri})}
