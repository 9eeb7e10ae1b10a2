//! The topic: whether anybody gets its messages.

use aws_sdk_sns::types::Subscription as Found;
use eden_core::config::HealthMonitorConfig;
use eden_policy::Observed;

use super::check::{Check, DEPLOY, Outcome, observed};
use crate::context::Context;
use crate::failure::Failed;

/// The topic that the functions publish to.
#[derive(Debug)]
pub struct Topic {
    /// Its ARN; none when the functions were told of none.
    pub arn: Observed<Option<String>>,
    /// Who subscribed to it; none when it does not exist.
    pub subscriptions: Observed<Option<Vec<Subscription>>>,
}

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// How and to whom, for example `email ops@example.com`.
    pub to: String,
    /// Whether whoever is there has agreed.
    pub confirmed: bool,
}

/// Reads the subscriptions of the topic that health-monitor's settings name.
pub async fn read(context: &Context, settings: Result<&HealthMonitorConfig, &String>) -> Topic {
    let arn = match settings {
        Ok(config) => config.people.topic_arn.clone(),
        Err(why) => {
            let unknown = why.clone();
            return Topic {
                arn: Observed::Unknown(unknown.clone()),
                subscriptions: Observed::Unknown(unknown),
            };
        }
    };
    let subscriptions = match &arn {
        Some(arn) => {
            observed(subscriptions(context, arn).await, &["NotFound", "NotFoundException"])
        }
        None => Observed::Known(None),
    };
    Topic { arn: Observed::Known(arn), subscriptions }
}

async fn subscriptions(context: &Context, arn: &str) -> Result<Vec<Subscription>, Failed> {
    let request = context.edge.aws.sns.list_subscriptions_by_topic().topic_arn(arn);
    let mut pages = request.into_paginator().items().send();
    let mut subscriptions = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.map_err(|error| {
            let operation = "ListSubscriptionsByTopic";
            Failed::new(operation, "sns:ListSubscriptionsByTopic", arn, &error)
        })?;
        subscriptions.push(subscription(&item));
    }
    Ok(subscriptions)
}

/// SNS gives a subscription an ARN when it is confirmed, and a word until then.
fn subscription(found: &Found) -> Subscription {
    let (protocol, endpoint) = (found.protocol(), found.endpoint());
    Subscription {
        to: format!("{} {}", protocol.unwrap_or_default(), endpoint.unwrap_or_default()),
        confirmed: found.subscription_arn().is_some_and(|arn| arn.starts_with("arn:")),
    }
}

/// The checks of the topic.
pub fn checks(topic: &Topic) -> Vec<Check> {
    let outcome = Outcome::of(&topic.arn, |arn| match arn {
        None => Outcome::failed("the functions are told of no topic, so they tell nobody", DEPLOY),
        Some(arn) => Outcome::of(&topic.subscriptions, |it| subscribed(arn, it.as_deref())),
    });
    vec![Check::new("notifications", outcome)]
}

fn subscribed(arn: &str, subscriptions: Option<&[Subscription]>) -> Outcome {
    let Some(subscriptions) = subscriptions else {
        return Outcome::failed(format!("the topic {arn} does not exist"), DEPLOY);
    };
    let of = |confirmed: bool| -> Vec<&str> {
        let those = subscriptions.iter().filter(|it| it.confirmed == confirmed);
        those.map(|it| it.to.as_str()).collect()
    };
    let (confirmed, pending) = (of(true), of(false));
    match (confirmed.as_slice(), pending.as_slice()) {
        ([], []) => Outcome::failed(
            "nobody is subscribed to the topic",
            format!(
                "subscribe somebody: `aws sns subscribe --topic-arn {arn} --protocol email \
                 --notification-endpoint ADDRESS`, or deploy with the parameter NotificationEmail"
            ),
        ),
        ([], pending) => Outcome::failed(
            format!("no subscription is confirmed: {}", pending.join(", ")),
            "follow the link in the mail \"AWS Notification - Subscription Confirmation\"; it is \
             good for three days, then subscribe again",
        ),
        (confirmed, []) => Outcome::passed(format!("go to {}", confirmed.join(", "))),
        (confirmed, pending) => Outcome::passed(format!(
            "go to {}; not confirmed yet: {}",
            confirmed.join(", "),
            pending.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(subscriptions: Option<&[(&str, bool)]>) -> Outcome {
        let subscription = |(to, confirmed): &(&str, bool)| Subscription {
            to: (*to).to_owned(),
            confirmed: *confirmed,
        };
        let subscriptions =
            subscriptions.map(|all| all.iter().map(subscription).collect::<Vec<_>>());
        let topic = Topic {
            arn: Observed::Known(Some("arn:topic".to_owned())),
            subscriptions: Observed::Known(subscriptions),
        };
        checks(&topic).remove(0).outcome
    }

    #[test]
    fn one_confirmed_subscription_is_enough() {
        let both = outcome(Some(&[("email a@b.c", false), ("email d@e.f", true)]));

        let expected = "go to email d@e.f; not confirmed yet: email a@b.c";
        assert_eq!(both, Outcome::passed(expected));
    }

    #[test]
    fn without_one_nobody_is_told() {
        for (subscriptions, says) in [
            (Some(&[][..]), "nobody is subscribed"),
            (Some(&[("email a@b.c", false)][..]), "no subscription is confirmed: email a@b.c"),
            (None, "the topic arn:topic does not exist"),
        ] {
            let outcome = outcome(subscriptions);
            let Outcome::Failed { found, .. } = &outcome else { panic!("{outcome:?}") };
            assert!(found.contains(says), "{found}");
        }
    }
}
