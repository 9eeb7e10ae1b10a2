//! IAM in the lab: a caller with a role may do what its policies allow, and nothing else.

use aws_sdk_ecs::error::ProvideErrorMetadata;
use eden_lab::world::{Permission, Role, TaskDefinition};
use serde_json::{Value, json};

use super::support::{CLUSTER, SERVICE, running_lab};

const TASKS: &str = "arn:aws:ecs:us-east-1:123456789012:task/prod-eden-cluster/*";

fn role(statements: &Value) -> Role {
    Role::new([&json!({"Version": "2012-10-17", "Statement": statements})]).unwrap()
}

fn reader_role() -> Role {
    role(&json!([{"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*"}]))
}

fn stop_task(resource: &str, cluster: &str) -> Permission {
    Permission {
        action: "ecs:StopTask".to_owned(),
        resource: resource.to_owned(),
        condition_keys: [("ecs:cluster".to_owned(), cluster.to_owned())].into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_callers_role_does_not_allow_is_refused_and_changes_nothing() {
    // given a caller that may list tasks and nothing else
    let lab = running_lab(|_| {});
    lab.world().assign_role("reader", reader_role());
    let reader = aws_sdk_ecs::Client::new(&lab.sdk_config_of("reader"));

    // when it lists and writes
    reader.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await.unwrap();
    let update = reader.update_service().cluster(CLUSTER).service(SERVICE).desired_count(3);
    let error = update.send().await.unwrap_err();

    // then what it may not do is refused by its name and not done, which the record tells
    assert_eq!(error.code(), Some("AccessDeniedException"));
    let message = error.message().unwrap();
    assert!(message.contains("ecs:UpdateService on resource: arn:aws:ecs:"), "{message}");
    let world = lab.world();
    assert_eq!(world.service(CLUSTER, SERVICE).unwrap().desired_count, 1);
    let refused = &world.calls()[1];
    assert_eq!((refused.access_key.as_str(), refused.denied), ("reader", true));
    assert_eq!(refused.outcome, Err("AccessDeniedException".to_owned()));
    assert_eq!(refused.needs[0].action, "ecs:UpdateService");
}

#[tokio::test(start_paused = true)]
async fn the_owner_of_the_account_may_do_everything() {
    let lab = running_lab(|_| {});
    lab.world().assign_role("reader", reader_role());
    let owner = aws_sdk_ecs::Client::new(&lab.sdk_config());
    let update = owner.update_service().cluster(CLUSTER).service(SERVICE).desired_count(3);
    update.send().await.unwrap();
    assert_eq!(lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 3);
}

#[tokio::test(start_paused = true)]
async fn whoever_deploys_a_task_definition_must_be_allowed_to_pass_its_roles() {
    // given one with a role, and a caller that may update services
    let lab = running_lab(|_| {});
    let passed = "arn:aws:iam::123456789012:role/app";
    let mut definition = TaskDefinition { revision: 2, ..TaskDefinition::new("app") };
    definition.roles.push(passed.to_owned());
    lab.world().register_task_definition(definition);
    let update = json!({"Effect": "Allow", "Action": "ecs:UpdateService", "Resource": "*"});
    let pass = json!({
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": passed,
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    });
    lab.world().assign_role("updater", role(&json!([update])));
    lab.world().assign_role("passer", role(&json!([update, pass])));
    let deploy = async |caller: &str, definition: Option<&str>| {
        let ecs = aws_sdk_ecs::Client::new(&lab.sdk_config_of(caller));
        let update = ecs.update_service().cluster(CLUSTER).service(SERVICE);
        let update = update.set_task_definition(definition.map(str::to_owned));
        update.force_new_deployment(true).send().await
    };

    // then it may deploy the same again, but the other one only when it may pass the role
    deploy("updater", None).await.unwrap();
    let error = deploy("updater", Some("app:2")).await.unwrap_err();
    assert!(error.message().unwrap().contains("iam:PassRole on resource: arn:aws:iam:"));
    deploy("passer", Some("app:2")).await.unwrap();
}

#[test]
fn resource_and_condition_must_both_fit() {
    let role = role(&json!([{
        "Effect": "Allow",
        "Action": "ecs:StopTask",
        "Resource": TASKS,
        "Condition": {"ArnEquals": {"ecs:cluster": "own"}}
    }]));
    let own = TASKS.replace('*', "1234");
    let foreign = own.replace("prod", "dev");
    assert!(role.allows(&stop_task(&own, "own")).unwrap());
    assert!(!role.allows(&stop_task(&own, "other")).unwrap());
    assert!(!role.allows(&stop_task(&foreign, "own")).unwrap());
    let no_key = Permission { condition_keys: [].into(), ..stop_task(&own, "own") };
    assert!(!role.allows(&no_key).unwrap());
}

#[test]
fn only_a_policy_for_everything_allows_an_action_without_a_resource() {
    let allow = |resource: &str| {
        role(&json!([{"Effect": "Allow", "Action": "ecs:StopTask", "Resource": resource}]))
    };
    let anything = stop_task("*", "own");
    assert!(allow("*").allows(&anything).unwrap());
    for narrower in [TASKS, "arn:aws:ecs:us-east-1:123456789012:*"] {
        assert!(!allow(narrower).allows(&anything).unwrap(), "{narrower}");
    }
}

#[test]
fn a_denial_wins_over_every_permission() {
    let role = role(&json!([
        {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ecs:StopTask", "Resource": TASKS}
    ]));
    let own = TASKS.replace('*', "1234");
    assert!(!role.allows(&stop_task(&own, "own")).unwrap());
    assert!(role.allows(&stop_task(&own.replace("prod", "dev"), "own")).unwrap());
}

#[test]
fn a_policy_that_iam_would_refuse_is_an_error_that_shows_it() {
    for statement in [
        json!({"Effect": "Allow", "Action": "ecs:StopTask", "Resource": "*",
            "Condition": {"StringRoughlyEquals": {"ecs:cluster": "own"}}}),
        json!({"Effect": "Permit", "Action": "ecs:StopTask", "Resource": "*"}),
        json!({"Effect": "Allow", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "StopTask", "Resource": "*"}),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        let error = Role::new([&policy]).unwrap_err().to_string();
        assert!(error.contains(&policy.to_string()), "{error}");
    }
}
