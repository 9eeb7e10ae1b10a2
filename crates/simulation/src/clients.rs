//! The AWS clients of one process. The SDK limits how often a process repeats failed calls by a quota
//! that all its clients of a service share, in a static: right for Lambda, whose processes are
//! processes. Here thousands of histories live in one, and would eat up each other's quota.

use aws_sdk_ecs::config::retry::RetryPartition;
use aws_types::SdkConfig;
use eden_core::Aws;
use eden_core::aws::made;

/// Clients with a quota of their own, as in a process of their own.
pub(crate) fn of_one_process(config: &SdkConfig) -> Aws {
    let quota = || RetryPartition::custom("process").build();
    macro_rules! client {
        ($sdk:ident) => {{
            let config = $sdk::config::Builder::from(config).retry_partition(quota());
            made($sdk::Client::from_conf(config.build()))
        }};
    }
    let mut aws = Aws::new(config);
    aws.ecs = client!(aws_sdk_ecs);
    aws.ec2 = client!(aws_sdk_ec2);
    aws.apigateway = client!(aws_sdk_apigateway);
    aws.apigatewayv2 = client!(aws_sdk_apigatewayv2);
    aws.sns = client!(aws_sdk_sns);
    aws.cloudwatch = client!(aws_sdk_cloudwatch);
    aws.eventbridge = client!(aws_sdk_eventbridge);
    aws.secretsmanager = client!(aws_sdk_secretsmanager);
    aws.ssm = client!(aws_sdk_ssm);
    aws
}
