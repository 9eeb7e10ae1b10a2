//! Reading the account: what it has, as facts.

mod doors;
mod http;
mod rest;

use anyhow::Result;
use aws_sdk_ecs::types::{
    ContainerDefinition, Service as EcsService, TaskDefinition, TransportProtocol,
};
use eden_policy::Observed;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::facts::{Api, Service};
use crate::context::Context;
use crate::failure::Failed;
pub use doors::{Door, Doors, doors};

/// So many calls are in flight at once: API Gateway takes ten a second of an account (F5).
const AT_ONCE: usize = 4;
/// DescribeServices takes no more at once (F17).
const BATCH: usize = 10;

/// The services that are active, by cluster and name; `only`, as `CLUSTER/SERVICE`, is the only one
/// that is looked at.
///
/// # Errors
/// When a call fails.
pub async fn services(context: &Context, only: Option<&str>) -> Result<Vec<Service>> {
    if let Some((cluster, service)) = only.and_then(|path| path.split_once('/')) {
        return Ok(describe(context, cluster, &[service.to_owned()]).await?);
    }
    let clusters = clusters(context).await?;
    let reading = clusters.into_iter().map(|cluster| async move {
        let names = names(context, &cluster).await?;
        let mut services = Vec::new();
        for batch in names.chunks(BATCH) {
            services.extend(describe(context, &cluster, batch).await?);
        }
        Ok::<_, Failed>(services)
    });
    let reading: Vec<_> = reading.collect();
    let services: Vec<_> = stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
    let mut services: Vec<Service> = services.into_iter().flatten().collect();
    services.sort_by_key(Service::path);
    Ok(services)
}

async fn clusters(context: &Context) -> Result<Vec<String>, Failed> {
    let mut arns = context.edge.aws.ecs.list_clusters().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(arn) = arns.next().await {
        let arn = arn.map_err(|error| {
            let region = format!("region {}", context.region());
            Failed::new("ListClusters", "ecs:ListClusters", region, &error)
        })?;
        names.push(short(&arn).to_owned());
    }
    Ok(names)
}

async fn names(context: &Context, cluster: &str) -> Result<Vec<String>, Failed> {
    let request = context.edge.aws.ecs.list_services().cluster(cluster);
    let mut arns = request.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(arn) = arns.next().await {
        let arn =
            arn.map_err(|error| Failed::new("ListServices", "ecs:ListServices", cluster, &error))?;
        names.push(short(&arn).to_owned());
    }
    Ok(names)
}

async fn describe(
    context: &Context,
    cluster: &str,
    names: &[String],
) -> Result<Vec<Service>, Failed> {
    let request = context.edge.aws.ecs.describe_services().cluster(cluster);
    let answer = request.set_services(Some(names.to_vec())).send().await.map_err(|error| {
        Failed::new("DescribeServices", "ecs:DescribeServices", cluster, &error).or_when(
            "ClusterNotFoundException",
            "`aws ecs list-clusters` lists the clusters there are",
        )
    })?;
    let active = answer.services().iter().filter(|it| it.status() == Some("ACTIVE"));
    Ok(active.map(|it| service(cluster, it)).collect())
}

fn service(cluster: &str, service: &EcsService) -> Service {
    Service {
        cluster: cluster.to_owned(),
        name: service.service_name().unwrap_or_default().to_owned(),
        definition: service.task_definition().map(str::to_owned),
        load_balanced: !service.load_balancers().is_empty(),
    }
}

/// What an ARN ends in.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The TCP ports that the containers of a service map, in their order.
pub async fn ports(context: &Context, service: &Service) -> Observed<Vec<u16>> {
    let Some(arn) = &service.definition else { return Observed::Known(Vec::new()) };
    let request = context.edge.aws.ecs.describe_task_definition().task_definition(arn);
    let answer = request.send().await.map_err(|error| {
        Failed::new("DescribeTaskDefinition", "ecs:DescribeTaskDefinition", arn, &error)
    });
    Observed::from(answer.map(|answer| {
        let definition = answer.task_definition();
        let containers = definition.map(TaskDefinition::container_definitions).unwrap_or_default();
        let mappings = containers.iter().flat_map(ContainerDefinition::port_mappings);
        let tcp = mappings
            .filter(|it| matches!(it.protocol(), None | Some(TransportProtocol::Tcp)))
            .filter_map(|it| u16::try_from(it.container_port()?).ok());
        let mut ports = Vec::new();
        for port in tcp {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        ports
    }))
}

/// The APIs of both kinds, with their integrations and stages; of `named` only, if that is given.
///
/// # Errors
/// When a call fails.
pub async fn apis(context: &Context, named: Option<&str>) -> Result<Vec<Api>> {
    let (http, rest) =
        tokio::join!(Box::pin(http::apis(context, named)), Box::pin(rest::apis(context, named)),);
    let mut apis = http?;
    apis.extend(rest?);
    apis.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(apis)
}
