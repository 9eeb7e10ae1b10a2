//! Step 5: `sam deploy` over the stack, and `sam delete`. What is not the stack's stays as it is.

use anyhow::{Result, ensure};
use eden_lab::example::{CLUSTER, SERVICE};
use serde_json::{Value, json};

use super::cloud::{Cloud, STACK};
use super::created::{self, KINDS, same};
use super::report::{Failed, Report};
use super::tool;

/// Other values for parameters that end in different resources.
const CHANGES: [(&str, &str); 5] = [
    ("HealingMode", "observe"),
    ("LogLevel", "debug"),
    ("LogRetentionDays", "30"),
    ("MinDesiredCount", "2"),
    ("ScheduleRate", "rate(120 minutes)"),
];

/// Deploys the same template with other parameters.
pub async fn update(report: &mut Report, cloud: &mut Cloud) -> Result<(), Failed> {
    report.step("5  update and remove");
    let before = report.check("the API before the update", cloud.api()).await?;
    let changes = CHANGES.map(|(name, value)| (name.to_owned(), value.to_owned()));
    cloud.parameters.extend(changes);
    cloud.deploy(report).await?;
    report.check("the functions have their new settings", settings(cloud)).await?;
    report.check("the log groups have their new retention", created::log_groups(cloud)).await?;
    report.check("the schedule has its new rate", schedule(cloud)).await?;
    report.check("the API is untouched", untouched(cloud, &before)).await
}

async fn settings(cloud: &Cloud) -> Result<()> {
    for (function, variable, value) in [(0, "HEALING_MODE", "observe"), (1, "LOG_LEVEL", "debug")] {
        let environment = &cloud.expected.functions[function].environment;
        ensure!(environment[variable] == value, "{variable} is to be {value}: {environment:?}");
    }
    created::functions(cloud).await
}

async fn schedule(cloud: &Cloud) -> Result<()> {
    let rates = "Rules[?ScheduleExpression].ScheduleExpression";
    let actual = cloud.ministack.aws(&["events", "list-rules", "--query", rates]).await?;
    same("the schedule", &actual, &json!(["rate(120 minutes)"]))
}

async fn untouched(cloud: &Cloud, before: &Value) -> Result<()> {
    same("the API", &cloud.api().await?, before)
}

/// Removes the stack.
pub async fn remove(report: &mut Report, cloud: &Cloud) -> Result<(), Failed> {
    let api = report.check("the API before the removal", cloud.api()).await?;
    let service = service(cloud);
    let resources = report.check("what the stack has", created::stack_resources(cloud)).await?;
    let deleting = async {
        let arguments = ["delete", "--no-prompts", "--region", super::ministack::REGION];
        tool::run(cloud.ministack.sam(&arguments)?).await
    };
    report.check("sam delete", deleting).await?;
    report.check("the stack is gone", gone(cloud)).await?;
    report.check("nothing of the stack is left", nothing_left(cloud, &resources)).await?;
    report.check("the API is untouched", untouched(cloud, &api)).await?;
    let same_service = async { same("the service", &self::service(cloud), &service) };
    report.check("the service is untouched", same_service).await
}

/// How the service is, in the lab. Tasks that are over are left out: ECS forgets them after an hour
/// (F18), which is a minute here.
fn service(cloud: &Cloud) -> Value {
    let world = cloud.account.lab.world();
    let tasks = world.tasks(CLUSTER, SERVICE);
    let tasks: Vec<_> =
        tasks.iter().filter(|task| task.is_running()).map(|task| &task.arn).collect();
    let service = world.service(CLUSTER, SERVICE);
    json!({
        "desiredCount": service.map(|service| service.desired_count),
        "deployment": service.map(|service| &service.primary.id),
        "tasks": tasks,
    })
}

async fn gone(cloud: &Cloud) -> Result<()> {
    let query = "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName";
    let stacks = cloud.ministack.aws(&["cloudformation", "list-stacks", "--query", query]).await?;
    let left = stacks.as_array().is_some_and(|stacks| stacks.contains(&json!(STACK)));
    ensure!(!left, "there is still a stack {STACK}");
    Ok(())
}

/// Looks for every name of the template, and for what CloudFormation had named.
async fn nothing_left(cloud: &Cloud, resources: &[Value]) -> Result<()> {
    for kind in &KINDS {
        let left = kind.found(cloud, &kind.expected(cloud)).await?;
        ensure!(left.is_empty(), "{} is still there: {left:?}", kind.name);
    }
    let lists: [(&str, &[&str]); 2] = [
        ("AWS::IAM::Role", &["iam", "list-roles", "--query", "Roles[].RoleName"]),
        (
            "AWS::IAM::ManagedPolicy",
            &["iam", "list-policies", "--scope", "Local", "--query", "Policies[].Arn"],
        ),
    ];
    for (kind, list) in lists {
        let listed = cloud.ministack.aws(list).await?;
        let ids = resources.iter().filter(|it| it["ResourceType"] == kind);
        for id in ids.map(|it| &it["PhysicalResourceId"]) {
            let left = listed.as_array().is_some_and(|listed| listed.contains(id));
            ensure!(!left, "{kind} is still there: {id}");
        }
    }
    Ok(())
}
