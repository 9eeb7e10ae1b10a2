//! The tags of tasks.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::TaskField;
use serde_json::json;

use super::{client_with, tag};
use crate::support::{CLUSTER, MINUTE, running_lab, the_task};

/// The keys of a task's tags as `DescribeTasks` shows them.
async fn keys(client: &Client, arn: &str, include: Option<TaskField>) -> Vec<String> {
    let describe = client.describe_tasks().cluster(CLUSTER).tasks(arn);
    let output = describe.set_include(include.map(|it| vec![it])).send().await.unwrap();
    let key = |tag: &aws_sdk_ecs::types::Tag| tag.key().unwrap().to_owned();
    output.tasks()[0].tags().iter().map(key).collect()
}

#[tokio::test(start_paused = true)]
async fn a_task_is_tagged_and_untagged_and_shows_its_tags_when_asked() {
    // given a running task that somebody else has tagged
    let lab = running_lab(|_| {});
    let client = Client::new(&lab.sdk_config());
    let arn = the_task(&lab.world());
    lab.world().set_task_tag(&arn, "team", Some("shop")).unwrap();

    // when it gets a tag, then both show, but only to those who ask
    client.tag_resource().resource_arn(&arn).tags(tag("eden:since", "x")).send().await.unwrap();
    assert_eq!(keys(&client, &arn, Some(TaskField::Tags)).await, ["eden:since", "team"]);
    assert_eq!(keys(&client, &arn, None).await, [""; 0]);

    // when it loses it, then the other one is left
    client.untag_resource().resource_arn(&arn).tag_keys("eden:since").send().await.unwrap();
    assert_eq!(keys(&client, &arn, Some(TaskField::Tags)).await, ["team"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_stopped_takes_no_tag_and_its_successor_inherits_none() {
    // given a tagged task that was stopped and replaced
    let lab = running_lab(|_| {});
    let client = Client::new(&lab.sdk_config());
    let old = the_task(&lab.world());
    lab.world().set_task_tag(&old, "eden:since", Some("x")).unwrap();
    lab.world().stop_task(&old, "test").unwrap();
    tokio::time::sleep(5 * MINUTE).await;

    // when it is tagged
    let refused = client.tag_resource().resource_arn(&old).tags(tag("a", "b")).send().await;

    // then it is refused; the old tag shows on it and not on the new task
    let error = refused.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert!(error.message().unwrap().contains("stopped"), "{error:?}");
    assert_eq!(keys(&client, &old, Some(TaskField::Tags)).await, ["eden:since"]);
    let new = the_task(&lab.world());
    assert_eq!(keys(&client, &new, Some(TaskField::Tags)).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_name_the_tasks_of_a_cluster() {
    // given a role that may set one key on the tasks of this cluster
    let lab = running_lab(|_| {});
    let arn = the_task(&lab.world());
    let (tasks, _) = arn.rsplit_once('/').unwrap();
    let own = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["eden:since"]}});
    let client = client_with(&lab, &format!("{tasks}/*"), &own);
    let add = client.tag_resource().resource_arn(&arn);

    // when it uses that key or another one
    let right = add.clone().tags(tag("eden:since", "x")).send().await;
    let wrong = add.tags(tag("team", "x")).send().await;

    // then only the first is allowed, and with another cluster's tasks not even that
    assert!(right.is_ok(), "{right:?}");
    assert_eq!(wrong.unwrap_err().code(), Some("AccessDeniedException"));
    let other = tasks.replace(CLUSTER, "other");
    let client = client_with(&lab, &format!("{other}/*"), &own);
    let beyond = client.untag_resource().resource_arn(&arn).tag_keys("eden:since").send().await;
    assert_eq!(beyond.unwrap_err().code(), Some("AccessDeniedException"));
}
