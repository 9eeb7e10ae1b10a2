//! What IAM asks of the caller of an operation: its action, the resources and the condition keys,
//! after the Service Authorization Reference (F27, F28).

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::{ApiRequest, Service};
use crate::world::arn::short_name;
use crate::world::{Permission, World};

/// What an action that takes no resource is allowed on.
const NO_RESOURCE: &str = "*";

/// The permissions that the request needs, all of them.
pub(super) fn needs(world: &World, request: &ApiRequest) -> Vec<Permission> {
    match request.service {
        Service::Ecs => ecs(world, request),
        Service::ApiGateway => vec![api_gateway(world, request)],
        Service::ApiGatewayV2 => {
            going_live(world, request).into_iter().chain([api_gateway(world, request)]).collect()
        }
        Service::CloudWatch => cloudwatch(world, request),
        Service::EventBridge => events(world, request),
        Service::Sns => sns(world, request),
        Service::SecretsManager => vec![secret(world, request)],
        Service::Ssm => vec![parameter(world, request)],
        Service::Lambda => vec![function(world, request)],
        Service::Logs => vec![log_group(world, request)],
        Service::Sqs => vec![queue(world, request)],
        Service::CloudFormation => vec![stack(world, request)],
        // EC2 knows its Describe operations only on everything (F28).
        Service::Ec2 => vec![permission("ec2", &request.operation, NO_RESOURCE)],
    }
}

fn permission(prefix: &str, operation: &str, resource: &str) -> Permission {
    Permission {
        action: format!("{prefix}:{operation}"),
        resource: resource.to_owned(),
        condition_keys: BTreeMap::new(),
    }
}

/// F27. All but tagging know the condition key of the cluster.
fn ecs(world: &World, request: &ApiRequest) -> Vec<Permission> {
    if let Some(arn) = text(&request.input, "resourceArn") {
        return tagging(request, arn);
    }
    for member in ["serviceDeploymentArns", "serviceRevisionArns"] {
        let arns: Vec<&str> = texts(&request.input, member).collect();
        if !arns.is_empty() {
            return arns.into_iter().flat_map(|arn| history(world, request, arn)).collect();
        }
    }
    if let Some(arn) = text(&request.input, "serviceDeploymentArn") {
        return history(world, request, arn);
    }
    // These take no resource, and know no cluster.
    if ["DescribeTaskDefinition", "ListClusters"].contains(&request.operation.as_str()) {
        return vec![permission("ecs", &request.operation, NO_RESOURCE)];
    }
    let (arns, input) = (world.arns(), &request.input);
    let cluster = short_name(text(input, "cluster").unwrap_or("default"));
    let service = |name: &str| arns.service(cluster, short_name(name));
    let task = |name: &str| arns.task(cluster, short_name(name));
    let container_instance = |name: &str| arns.container_instance(cluster, short_name(name));
    let resources: Vec<String> = match request.operation.as_str() {
        "DescribeServices" => texts(input, "services").map(service).collect(),
        "UpdateService" | "ListServiceDeployments" => {
            text(input, "service").map(service).into_iter().collect()
        }
        "DescribeTasks" | "GetTaskProtection" => texts(input, "tasks").map(task).collect(),
        "StopTask" => text(input, "task").map(task).into_iter().collect(),
        "DescribeContainerInstances" => {
            texts(input, "containerInstances").map(container_instance).collect()
        }
        _ => vec![NO_RESOURCE.to_owned()],
    };
    let mut keys = BTreeMap::from([("ecs:cluster".to_owned(), arns.cluster(cluster))]);
    if request.operation == "UpdateService" {
        keys.extend(keys_of_update(world, input));
    }
    let of_request = resources.iter().map(|resource| Permission {
        condition_keys: keys.clone(),
        ..permission("ecs", &request.operation, resource)
    });
    of_request.chain(passed_roles(world, input)).collect()
}

/// The keys of what a request changes about a service; of what it does not name there is none (F66).
fn keys_of_update(world: &World, input: &Value) -> BTreeMap<String, String> {
    let network = "/networkConfiguration/awsvpcConfiguration";
    let of_network = |member| input.pointer(&format!("{network}/{member}"));
    let definition = text(input, "taskDefinition");
    let definition = definition.and_then(|name| world.task_definition(short_name(name)));
    let definition = definition.map(|it| world.arns().task_definition(&it.family, it.revision));
    let execute = input.get("enableExecuteCommand").and_then(Value::as_bool);
    let public = of_network("assignPublicIp").and_then(Value::as_str);
    let subnets = of_network("subnets").and_then(Value::as_array);
    let subnets: Vec<_> = subnets.into_iter().flatten().filter_map(Value::as_str).collect();
    [
        ("ecs:task-definition", definition),
        ("ecs:enable-execute-command", execute.map(|it| it.to_string())),
        ("ecs:auto-assign-public-ip", public.map(str::to_owned)),
        ("ecs:subnet", (!subnets.is_empty()).then(|| subnets.join(","))),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

/// Whoever deploys another task definition hands its roles to the tasks (F27).
fn passed_roles(world: &World, input: &Value) -> Vec<Permission> {
    let definition = text(input, "taskDefinition");
    let definition = definition.and_then(|name| world.task_definition(short_name(name)));
    let pass = |role: &String| Permission {
        condition_keys: BTreeMap::from([(
            "iam:PassedToService".to_owned(),
            "ecs-tasks.amazonaws.com".to_owned(),
        )]),
        ..permission("iam", "PassRole", role)
    };
    definition.map(|it| it.roles.iter().map(pass).collect()).unwrap_or_default()
}

/// A deployment or revision of a service: whoever describes it needs the service as well. Its ARN
/// ends in `/CLUSTER/SERVICE/ID`.
fn history(world: &World, request: &ApiRequest, arn: &str) -> Vec<Permission> {
    let mut parts = arn.rsplit('/').skip(1);
    let (service, cluster) = (parts.next().unwrap_or(arn), parts.next().unwrap_or(arn));
    let service = world.arns().service(cluster, service);
    let of_cluster = ("ecs:cluster".to_owned(), world.arns().cluster(cluster));
    let of_service = ("ecs:service".to_owned(), service.clone());
    let need = |resource: &str, keys: Vec<(String, String)>| Permission {
        condition_keys: keys.into_iter().collect(),
        ..permission("ecs", &request.operation, resource)
    };
    vec![need(arn, vec![of_cluster.clone(), of_service]), need(&service, vec![of_cluster])]
}

/// `TagResource` and `UntagResource` know the request's tags, but not the cluster. Each key is asked
/// for by itself, so that a policy may test `aws:TagKeys` with or without `ForAllValues`.
fn tagging(request: &ApiRequest, arn: &str) -> Vec<Permission> {
    let tags = request.input.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tags: Vec<(&str, &str)> = tags
        .filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
        .collect();
    let of_request: BTreeMap<String, String> = tags
        .iter()
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), (*value).to_owned()))
        .collect();
    let need =
        Permission { condition_keys: of_request, ..permission("ecs", &request.operation, arn) };
    let keys = tags.iter().map(|(key, _)| *key).chain(texts(&request.input, "tagKeys"));
    let of_keys: Vec<Permission> = keys
        .map(|key| {
            let mut need = need.clone();
            need.condition_keys.insert("aws:TagKeys".to_owned(), key.to_owned());
            need
        })
        .collect();
    if of_keys.is_empty() { vec![need] } else { of_keys }
}

/// API Gateway's actions are HTTP methods, its resources the paths below the version (F28).
fn api_gateway(world: &World, request: &ApiRequest) -> Permission {
    let (method, path) = &request.endpoint;
    let path = path.strip_prefix("/v2").unwrap_or(path);
    permission("apigateway", method.as_str(), &world.arns().apigateway(path))
}

/// `CreateDeployment` of an HTTP API for a stage also asks for PATCH of that stage. AWS is said to take
/// the call without it, and not to show the deployment
/// (https://github.com/LinusU/scandium/issues/62); the lab says so at once.
fn going_live(world: &World, request: &ApiRequest) -> Option<Permission> {
    let stage = text(&request.input, "stageName")?;
    let api = text(&request.input, "apiId")?;
    let path = format!("/apis/{api}/stages/{stage}");
    let deploys = request.operation == "CreateDeployment";
    deploys.then(|| permission("apigateway", "PATCH", &world.arns().apigateway(&path)))
}

/// Alarms are asked for by name; those without a name, and composite ones, only on everything.
fn cloudwatch(world: &World, request: &ApiRequest) -> Vec<Permission> {
    let alarms: Vec<String> = texts(&request.input, "AlarmNames")
        .chain(text(&request.input, "AlarmName"))
        .map(|name| world.arns().alarm(name))
        .collect();
    let composite = texts(&request.input, "AlarmTypes").any(|kind| kind == "CompositeAlarm");
    let everything = [NO_RESOURCE.to_owned()];
    let resources: &[String] = if alarms.is_empty() || composite { &everything } else { &alarms };
    resources.iter().map(|it| permission("cloudwatch", &request.operation, it)).collect()
}

/// Every entry must be allowed: on its bus, with its source and type as condition keys.
fn events(world: &World, request: &ApiRequest) -> Vec<Permission> {
    let rule = ["Name", "Rule"].into_iter().find_map(|member| text(&request.input, member));
    if let Some(rule) = rule {
        return vec![permission("events", &request.operation, &world.arns().rule(rule))];
    }
    let entries = request.input.get("Entries").and_then(Value::as_array);
    let need = |entry: &Value| {
        let bus = text(entry, "EventBusName").unwrap_or("default");
        let keys = [("events:source", "Source"), ("events:detail-type", "DetailType")];
        Permission {
            condition_keys: keys
                .into_iter()
                .filter_map(|(key, member)| Some((key.to_owned(), text(entry, member)?.to_owned())))
                .collect(),
            ..permission("events", &request.operation, &world.arns().event_bus(short_name(bus)))
        }
    };
    entries.into_iter().flatten().map(need).collect()
}

/// SNS encrypts with the rights of whoever publishes.
fn sns(world: &World, request: &ApiRequest) -> Vec<Permission> {
    let topic = text(&request.input, "TopicArn").unwrap_or(NO_RESOURCE);
    let mut needs = vec![permission("sns", &request.operation, topic)];
    if let Some(key) = world.topic(topic).and_then(|topic| topic.key.as_deref()) {
        let via = format!("sns.{}.amazonaws.com", world.region());
        needs.extend(["GenerateDataKey", "Decrypt"].map(|operation| Permission {
            condition_keys: BTreeMap::from([("kms:ViaService".to_owned(), via.clone())]),
            ..permission("kms", operation, key)
        }));
    }
    needs
}

/// By its whole ARN, also when it is asked for by name.
fn secret(world: &World, request: &ApiRequest) -> Permission {
    let id = text(&request.input, "SecretId").unwrap_or_default();
    let arn = match world.secret(id) {
        Some((arn, _)) => arn.to_owned(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => world.arns().secret(id),
    };
    permission("secretsmanager", &request.operation, &arn)
}

/// The lab's parameters are encrypted with the key that AWS manages, which takes no permission.
fn parameter(world: &World, request: &ApiRequest) -> Permission {
    let name = text(&request.input, "Name").unwrap_or_default();
    permission("ssm", &request.operation, &world.arns().parameter(name))
}

fn function(world: &World, request: &ApiRequest) -> Permission {
    let name = text(&request.input, "FunctionName").unwrap_or_default();
    let name = name.rsplit(':').next().unwrap_or(name);
    let operation = match request.operation.as_str() {
        "Invoke" => "InvokeFunction",
        operation => operation,
    };
    permission("lambda", operation, &world.arns().function(name))
}

/// Groups are listed by a prefix, which is the name of one that need not be there.
fn log_group(world: &World, request: &ApiRequest) -> Permission {
    let name = ["logGroupName", "logGroupNamePrefix"];
    let name = name.into_iter().find_map(|member| text(&request.input, member)).unwrap_or("*");
    permission("logs", &request.operation, &format!("{}:*", world.arns().log_group(name)))
}

fn queue(world: &World, request: &ApiRequest) -> Permission {
    let name = ["QueueName", "QueueUrl"];
    let name = name.into_iter().find_map(|member| text(&request.input, member));
    let queue = world.arns().queue(short_name(name.unwrap_or_default()));
    permission("sqs", &request.operation, &queue)
}

fn stack(world: &World, request: &ApiRequest) -> Permission {
    let resource = match text(&request.input, "StackName") {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(name) => world.arns().stack(name),
        None => NO_RESOURCE.to_owned(),
    };
    permission("cloudformation", &request.operation, &resource)
}

fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member)?.as_str()
}

fn texts<'a>(input: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    input.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
