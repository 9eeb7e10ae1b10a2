//! The tags: what Eden remembers stands in tags of the service, and nothing is stopped, redeployed or
//! rolled back where they cannot be written.

use aws_sdk_ecs::types::{ServiceField, Tag};
use eden_core::config::{HealthMonitorConfig, Target};
use eden_core::{Aws, tags};
use eden_policy::Observed;

use super::check::{Check, Outcome};
use crate::context::Context;
use crate::failure::Failed;

/// So many tags a service may have (F36).
const MOST: usize = 50;
/// The tags that Eden writes on the service.
const OWN: [&str; 13] = tags::OF_SERVICE;

/// What decides whether ECS takes tags.
#[derive(Debug)]
pub struct Tags {
    /// The service's ARN.
    pub arn: String,
    /// How many tags it has that are none of Eden's.
    pub others: usize,
}

/// Reads the service's ARN and tags.
pub async fn read(
    context: &Context,
    settings: Result<&HealthMonitorConfig, &String>,
) -> Observed<Tags> {
    match settings {
        Ok(config) => of_service(&context.edge.aws, &config.target).await,
        Err(why) => Observed::Unknown(why.clone()),
    }
}

/// Reads the ARN and tags of a service.
pub async fn of_service(aws: &Aws, target: &Target) -> Observed<Tags> {
    let request = aws.ecs.describe_services().cluster(&target.cluster);
    let request = request.services(&target.service).include(ServiceField::Tags);
    let answer = request.send().await.map_err(|error| {
        let service = target.service.clone();
        Failed::new("DescribeServices", "ecs:DescribeServices", service, &error)
    });
    let service = match answer {
        Ok(answer) => answer.services.unwrap_or_default().into_iter().next(),
        Err(failed) => return Observed::Unknown(failed.to_string()),
    };
    let Some(service) = service else {
        return Observed::Unknown("there is no such service".to_owned());
    };
    let own: Vec<String> = OWN.iter().map(|name| target.tag(name)).collect();
    let is_own = |tag: &&Tag| tag.key().is_some_and(|key| own.iter().any(|it| it == key));
    let others = service.tags().iter().filter(|tag| !is_own(tag)).count();
    Observed::Known(Tags { arn: service.service_arn.unwrap_or_default(), others })
}

/// Writes a tag of its own and takes it off again, with the operator's rights: policies of the
/// organization refuse it to the functions as well.
pub async fn try_out(aws: &Aws, target: &Target, arn: &str) -> Check {
    let key = target.tag("trial");
    let ecs = &aws.ecs;
    let tag = Tag::builder().key(&key).value("eden trial").build();
    let written = ecs.tag_resource().resource_arn(arn).tags(tag).send().await;
    let written =
        written.map_err(|error| Failed::new("TagResource", "ecs:TagResource", arn, &error));
    let outcome = match written {
        Ok(_) => {
            let removed = ecs.untag_resource().resource_arn(arn).tag_keys(&key).send().await;
            match removed {
                Ok(_) => Outcome::passed("written and taken off again"),
                Err(error) => {
                    Outcome::unknown(Failed::new("UntagResource", "ecs:UntagResource", arn, &error))
                }
            }
        }
        Err(failed) => Outcome::failed(
            failed.to_string(),
            "allow tags whose keys begin with the app's name, in policies of the organization, \
             tag policies and permissions boundaries too",
        ),
    };
    Check::new(format!("trial of tag {key}"), outcome)
}

/// Whether the service can have Eden's tags.
pub fn check(tags: &Observed<Tags>) -> Check {
    Check::new("tags of the service", Outcome::of(tags, judge))
}

fn judge(Tags { arn, others }: &Tags) -> Outcome {
    let is_long = arn.rsplit(':').next().is_some_and(|resource| resource.matches('/').count() == 2);
    if !is_long {
        return Outcome::failed(
            format!("{arn} is the short form of an ARN, and ECS tags no such service (F36)"),
            "opt in to the long form and make the service anew: `aws ecs \
             put-account-setting-default --name serviceLongArnFormat --value enabled`",
        );
    }
    let room = MOST.saturating_sub(*others);
    if room < OWN.len() {
        return Outcome::failed(
            format!("it has {others} tags of others, and ECS takes {MOST}"),
            format!("take some off: Eden needs room for {}", OWN.len()),
        );
    }
    Outcome::passed(format!("{others} of others, room for {room}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(arn: &str, others: usize) -> bool {
        let tags = Observed::Known(Tags { arn: arn.to_owned(), others });
        matches!(check(&tags).outcome, Outcome::Passed { .. })
    }

    #[test]
    fn eden_s_tags_need_the_long_arn_and_room() {
        let long = "arn:aws:ecs:us-east-1:1:service/c/s";
        assert!(passes(long, 0));
        assert!(passes(long, MOST - OWN.len()));
        assert!(!passes(long, MOST - OWN.len() + 1));
        assert!(!passes(long, 60));
        assert!(!passes("arn:aws:ecs:us-east-1:1:service/s", 0));
    }
}
