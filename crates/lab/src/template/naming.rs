//! How AWS names resources: what `Ref` and `Fn::GetAtt` give for each type.

use super::Deployment;

/// How AWS names the resources of one type.
pub(super) struct Naming {
    kind: &'static str,
    /// The property with the name, unless AWS alone names it.
    pub name_property: Option<&'static str>,
    /// The attribute with the name, where there is one.
    name_attribute: Option<&'static str>,
    /// What follows the partition; `REGION`, `ACCOUNT` and `NAME` stand for those.
    arn: &'static str,
    arn_attribute: &'static str,
    reference: Reference,
}

/// What `Ref` gives.
enum Reference {
    Name,
    Arn,
    QueueUrl,
}

const NAMINGS: [Naming; 10] = [
    Naming::new("AWS::Serverless::Function", "FunctionName", "lambda:REGION:ACCOUNT:function:NAME"),
    Naming::new("AWS::Logs::LogGroup", "LogGroupName", "logs:REGION:ACCOUNT:log-group:NAME:*"),
    Naming::new("AWS::Events::Rule", "Name", "events:REGION:ACCOUNT:rule/NAME"),
    Naming::new("AWS::CloudWatch::Alarm", "AlarmName", "cloudwatch:REGION:ACCOUNT:alarm:NAME"),
    Naming::new(
        "AWS::CloudWatch::Dashboard",
        "DashboardName",
        "cloudwatch::ACCOUNT:dashboard/NAME",
    ),
    Naming::new("AWS::IAM::Role", "RoleName", "iam::ACCOUNT:role/NAME"),
    Naming {
        name_property: None,
        ..Naming::new("AWS::KMS::Key", "", "kms:REGION:ACCOUNT:key/NAME")
    },
    Naming {
        name_attribute: Some("QueueName"),
        reference: Reference::QueueUrl,
        ..Naming::new("AWS::SQS::Queue", "QueueName", "sqs:REGION:ACCOUNT:NAME")
    },
    Naming {
        name_attribute: Some("TopicName"),
        arn_attribute: "TopicArn",
        reference: Reference::Arn,
        ..Naming::new("AWS::SNS::Topic", "TopicName", "sns:REGION:ACCOUNT:NAME")
    },
    Naming {
        arn_attribute: "PolicyArn",
        reference: Reference::Arn,
        ..Naming::new("AWS::IAM::ManagedPolicy", "ManagedPolicyName", "iam::ACCOUNT:policy/NAME")
    },
];

impl Naming {
    /// The usual case: `Ref` gives the name, the attribute `Arn` the ARN.
    const fn new(kind: &'static str, name_property: &'static str, arn: &'static str) -> Self {
        Self {
            kind,
            name_property: Some(name_property),
            name_attribute: None,
            arn,
            arn_attribute: "Arn",
            reference: Reference::Name,
        }
    }

    pub(super) fn of(kind: &str) -> Option<&'static Self> {
        NAMINGS.iter().find(|naming| naming.kind == kind)
    }

    pub(super) fn arn(&self, name: &str, deployment: &Deployment) -> String {
        let arn = self.arn.replace("REGION", &deployment.region);
        let arn = arn.replace("ACCOUNT", &deployment.account).replace("NAME", name);
        format!("arn:{}:{arn}", deployment.partition())
    }

    /// What `Ref` gives.
    pub(super) fn reference(&self, name: &str, deployment: &Deployment) -> String {
        let Deployment { region, account, .. } = deployment;
        let suffix = deployment.url_suffix();
        match self.reference {
            Reference::Name => name.to_owned(),
            Reference::Arn => self.arn(name, deployment),
            Reference::QueueUrl => format!("https://sqs.{region}.{suffix}/{account}/{name}"),
        }
    }

    /// What `Fn::GetAtt` gives: the lab knows ARNs and names.
    pub(super) fn attribute(
        &self,
        attribute: &str,
        name: &str,
        deployment: &Deployment,
    ) -> Option<String> {
        if self.name_attribute == Some(attribute) {
            Some(name.to_owned())
        } else {
            (self.arn_attribute == attribute).then(|| self.arn(name, deployment))
        }
    }
}
