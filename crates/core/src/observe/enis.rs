//! Network interfaces: their public addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_sdk_ec2::types::{Filter, NetworkInterface};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::AT_ONCE;
use crate::aws::Aws;
use crate::call_error::CallError;

/// A filter takes 200 values.
const BATCH: usize = 200;

/// The public addresses of interfaces, by id: IPv4, or IPv6 where there is no IPv4. One that is
/// not visible yet, or has none yet, is absent (F24).
///
/// # Errors
/// When a call fails.
pub(super) async fn addresses(
    aws: &Aws,
    ids: &[String],
) -> Result<BTreeMap<String, IpAddr>, CallError> {
    let calls: Vec<_> = ids.chunks(BATCH).map(|batch| look_up(aws, batch)).collect();
    let batches: Vec<_> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
    Ok(batches.into_iter().flatten().collect())
}

/// Asks by filter, which answers for the interfaces that exist; by id, one missing interface fails
/// the whole call (F24).
async fn look_up(aws: &Aws, ids: &[String]) -> Result<Vec<(String, IpAddr)>, CallError> {
    let by_id = Filter::builder().name("network-interface-id").set_values(Some(ids.to_vec()));
    let answer = aws
        .ec2
        .describe_network_interfaces()
        .filters(by_id.build())
        .send()
        .await
        .map_err(|error| CallError::new("DescribeNetworkInterfaces", ids.join(", "), &error))?;
    let addresses = answer.network_interfaces().iter().filter_map(|interface| {
        Some((interface.network_interface_id()?.to_owned(), address(interface)?))
    });
    Ok(addresses.collect())
}

fn address(interface: &NetworkInterface) -> Option<IpAddr> {
    let public =
        interface.association().and_then(|it| it.public_ip()).and_then(|ip| ip.parse().ok());
    let v6 = || interface.ipv6_addresses().first()?.ipv6_address()?.parse().ok();
    public.or_else(v6)
}
