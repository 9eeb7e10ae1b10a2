//! Tags of ECS services and tasks: `TagResource` and `UntagResource` through the real SDK client.

mod tasks;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{ServiceField, Tag};
use eden_lab::Lab;
use eden_lab::world::Role;
use serde_json::{Value, json};

use crate::support::{CLUSTER, SERVICE, running_lab};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn arn(lab: &Lab) -> String {
    lab.world().service(CLUSTER, SERVICE).unwrap().arn.clone()
}

/// The tags as `DescribeServices` shows them.
async fn shown(client: &Client) -> Vec<(String, String)> {
    let describe = client.describe_services().cluster(CLUSTER).services(SERVICE);
    let output = describe.include(ServiceField::Tags).send().await.unwrap();
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    output.services()[0].tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

fn pairs(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_service_is_tagged_and_untagged() {
    // given a service with a tag
    let lab = running_lab(|spec| spec.tags = [("team".to_owned(), "shop".to_owned())].into());
    let client = Client::new(&lab.sdk_config());

    // when it gets two tags, then they are there beside the old one
    let add = client.tag_resource().resource_arn(arn(&lab));
    let both = add.clone().tags(tag("eden:state", "a=1 b/2")).tags(tag("eden:since", "x"));
    both.send().await.unwrap();
    let all = [("eden:since", "x"), ("eden:state", "a=1 b/2"), ("team", "shop")];
    assert_eq!(shown(&client).await, pairs(&all));

    // when one gets another value and one is removed, with one that is not there
    add.tags(tag("eden:state", "")).send().await.unwrap();
    let remove = client.untag_resource().resource_arn(arn(&lab));
    remove.tag_keys("eden:since").tag_keys("none").send().await.unwrap();

    // then only that shows
    assert_eq!(shown(&client).await, pairs(&[("eden:state", ""), ("team", "shop")]));
    assert!(
        lab.world().calls().iter().any(|call| call.operation == "TagResource" && call.mutating)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_a_service_nor_a_task_is_refused() {
    let lab = running_lab(|_| {});
    let client = Client::new(&lab.sdk_config());
    let arn = arn(&lab);
    let unknown = [format!("{arn}2"), arn.replace("service/", "task/"), SERVICE.to_owned()];
    for arn in unknown {
        let tag = client.tag_resource().resource_arn(&arn).tags(tag("a", "b")).send().await;
        let untag = client.untag_resource().resource_arn(&arn).tag_keys("a").send().await;
        assert!(tag.unwrap_err().into_service_error().is_invalid_parameter_exception(), "{arn}");
        assert!(untag.unwrap_err().into_service_error().is_invalid_parameter_exception(), "{arn}");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_ecs_does_not_take_are_refused_with_all_that_came_along() {
    // given a service
    let lab = running_lab(|_| {});
    let client = Client::new(&lab.sdk_config());
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));

    // when a good tag and a bad one are sent
    for (key, value) in [
        ("", "v"),
        ("AWS:mine", "v"),
        ("key{}", "v"),
        ("key", "a,b"),
        (long_key.as_str(), "v"),
        ("key", long_value.as_str()),
    ] {
        let add = client.tag_resource().resource_arn(arn(&lab)).tags(tag("good", "é 1"));
        let error = add.tags(tag(key, value)).send().await.unwrap_err();

        // then they are refused
        assert_eq!(error.code(), Some("InvalidParameterException"), "{key:?} {value:?}");
    }
    assert!(shown(&client).await.is_empty());

    // when as many as it takes are sent, then one more is refused
    let fifty = (0..50).map(|number| tag(&format!("k{number}"), "v")).collect();
    client.tag_resource().resource_arn(arn(&lab)).set_tags(Some(fifty)).send().await.unwrap();
    let again = client.tag_resource().resource_arn(arn(&lab)).tags(tag("k0", "w"));
    assert!(again.send().await.is_ok());
    let one_more = client.tag_resource().resource_arn(arn(&lab)).tags(tag("k50", "v"));
    assert_eq!(one_more.send().await.unwrap_err().code(), Some("InvalidParameterException"));
}

/// A client of a role with this statement for tagging the service.
fn client_with(lab: &Lab, resource: &str, condition: &Value) -> Client {
    let role = Role::new([&json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["ecs:TagResource", "ecs:UntagResource"],
        "Resource": resource,
        "Condition": condition,
    }]})]);
    lab.world().assign_role("tagger", role.unwrap());
    Client::new(&lab.sdk_config_of("tagger"))
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_name_the_service_and_the_keys_of_its_tags() {
    // given a role that may set and remove one key of one service
    let lab = running_lab(|_| {});
    let arn = arn(&lab);
    let keys = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["eden:state"]}});
    let client = client_with(&lab, &arn, &keys);

    // when it uses that key, or another one
    let add = client.tag_resource().resource_arn(&arn).tags(tag("eden:state", "x"));
    let remove = client.untag_resource().resource_arn(&arn).tag_keys("eden:state");
    let beyond = add.clone().tags(tag("team", "x")).send().await;
    let remove_other = client.untag_resource().resource_arn(&arn).tag_keys("team").send().await;

    // then only the first is allowed
    add.send().await.unwrap();
    remove.send().await.unwrap();
    assert_eq!(beyond.unwrap_err().code(), Some("AccessDeniedException"));
    assert_eq!(remove_other.unwrap_err().code(), Some("AccessDeniedException"));

    // and not on another service
    let client = client_with(&lab, &arn.replace(SERVICE, "other"), &keys);
    let add = client.tag_resource().resource_arn(&arn).tags(tag("eden:state", "x"));
    assert_eq!(add.send().await.unwrap_err().code(), Some("AccessDeniedException"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_name_a_tags_value_but_not_the_cluster() {
    // given a role that may set one value
    let lab = running_lab(|_| {});
    let arn = arn(&lab);
    let client = client_with(&lab, &arn, &json!({"StringEquals": {"aws:RequestTag/mode": "on"}}));
    let add = client.tag_resource().resource_arn(&arn);

    // when it sets that value, alone or with another tag, or another value
    let right = add.clone().tags(tag("mode", "on")).tags(tag("team", "x")).send().await;
    let wrong = add.clone().tags(tag("mode", "off")).send().await;

    // then only the first is allowed
    assert!(right.is_ok(), "{right:?}");
    assert_eq!(wrong.unwrap_err().code(), Some("AccessDeniedException"));

    // and a condition on the cluster, which these actions do not know, allows nothing
    let cluster = arn.replace("service/", "cluster/").replace(&format!("/{SERVICE}"), "");
    let client = client_with(&lab, &arn, &json!({"ArnEquals": {"ecs:cluster": cluster}}));
    let add = client.tag_resource().resource_arn(&arn).tags(tag("mode", "on"));
    assert_eq!(add.send().await.unwrap_err().code(), Some("AccessDeniedException"));
}
