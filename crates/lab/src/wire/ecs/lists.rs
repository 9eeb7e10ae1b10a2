//! What there is: `ListClusters` and `ListServices`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find_cluster;
use crate::wire::error::ApiError;
use crate::world::World;

/// So many ARNs are on a page at most, and of services by default.
const MOST_RESULTS: usize = 100;
const SERVICES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListClusters {
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn clusters(world: &World, input: &ListClusters) -> Result<Value, ApiError> {
    let arns = world.clusters().map(|name| world.arns().cluster(name)).collect();
    let most = input.max_results.unwrap_or(MOST_RESULTS);
    page(world, "clusterArns", arns, most, input.next_token.as_deref())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListServices {
    cluster: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn services(world: &World, input: ListServices) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    let arns = world.services_of(&cluster).map(|it| world.shown_arn(it)).collect();
    let most = input.max_results.unwrap_or(SERVICES);
    page(world, "serviceArns", arns, most, input.next_token.as_deref())
}

fn page(
    world: &World,
    member: &str,
    arns: Vec<String>,
    most: usize,
    token: Option<&str>,
) -> Result<Value, ApiError> {
    if !(1..=MOST_RESULTS).contains(&most) {
        let message = format!("maxResults must be 1 to {MOST_RESULTS}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let most = most.min(world.list_page()).max(1);
    let start: usize = match token {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid_parameter("Invalid token."))?,
    };
    let more = arns.len() > start + most;
    let shown: Vec<String> = arns.into_iter().skip(start).take(most).collect();
    let mut output = json!({ member: shown });
    if more {
        output["nextToken"] = (start + most).to_string().into();
    }
    Ok(output)
}
