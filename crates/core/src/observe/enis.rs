//! Network interfaces: their public addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aws_sdk_ec2::types::{Filter, NetworkInterface};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::AT_ONCE;
use crate::aws::Aws;
use crate::call_error::CallError;

/// A filter takes 200 values.
const BATCH: usize = 200;
/// Which of an instance's interfaces it is; the first is 0, and cannot be detached.
const DEVICE: &str = "attachment.device-index";
/// The public IPv4 address of an interface.
const PUBLIC_IPV4: &str = "association.public-ip";
/// The IPv6 addresses of an interface.
const IPV6: &str = "ipv6-addresses.ipv6-address";

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

/// The public addresses of EC2 instances, by their ids: those of the interfaces that they were
/// launched with. One without is absent.
///
/// # Errors
/// When the call fails.
pub(super) async fn of_instances(
    aws: &Aws,
    ids: Vec<String>,
) -> Result<Vec<(String, IpAddr)>, CallError> {
    let named = ids.join(", ");
    let filters = [filter("attachment.instance-id", ids), filter(DEVICE, vec!["0".to_owned()])];
    let interfaces = describe(aws, filters.into(), &named).await?;
    let addresses = interfaces.iter().filter_map(|interface| {
        let instance = interface.attachment()?.instance_id()?;
        Some((instance.to_owned(), address(interface)?))
    });
    Ok(addresses.collect())
}

/// The interfaces that have these addresses, in words, but for those of these ids; no other account's
/// are shown.
///
/// # Errors
/// When a call fails.
pub(super) async fn owners(
    aws: &Aws,
    addresses: &BTreeSet<IpAddr>,
    but: &BTreeSet<&str>,
) -> Result<BTreeMap<IpAddr, String>, CallError> {
    let mut owners = BTreeMap::new();
    for (by, is_of_family) in
        [(PUBLIC_IPV4, IpAddr::is_ipv4 as fn(&IpAddr) -> bool), (IPV6, IpAddr::is_ipv6)]
    {
        let wanted = addresses.iter().filter(|it| is_of_family(it));
        let wanted: Vec<_> = wanted.map(IpAddr::to_string).collect();
        if wanted.is_empty() {
            continue;
        }
        let named = wanted.join(", ");
        let interfaces = describe(aws, vec![filter(by, wanted)], &named).await?;
        let is_other =
            |it: &&NetworkInterface| it.network_interface_id().is_some_and(|id| !but.contains(id));
        let others = interfaces.iter().filter(is_other);
        let owned = others.filter_map(|it| Some((address(it)?, words(it)?)));
        owners.extend(owned);
    }
    Ok(owners)
}

/// An interface as people know it: its id and what it says of itself.
fn words(interface: &NetworkInterface) -> Option<String> {
    let id = interface.network_interface_id()?;
    let description = interface.description().filter(|text| !text.is_empty());
    Some(match description {
        Some(description) => format!("the network interface {id} ({description})"),
        None => format!("the network interface {id}"),
    })
}

/// Asks by filter, which answers for the interfaces that exist; by id, one missing interface fails
/// the whole call (F24).
async fn look_up(aws: &Aws, ids: &[String]) -> Result<Vec<(String, IpAddr)>, CallError> {
    let by_id = filter("network-interface-id", ids.to_vec());
    let interfaces = describe(aws, vec![by_id], &ids.join(", ")).await?;
    let addresses = interfaces.iter().filter_map(|interface| {
        Some((interface.network_interface_id()?.to_owned(), address(interface)?))
    });
    Ok(addresses.collect())
}

async fn describe(
    aws: &Aws,
    filters: Vec<Filter>,
    named: &str,
) -> Result<Vec<NetworkInterface>, CallError> {
    let request = aws.ec2.describe_network_interfaces().set_filters(Some(filters));
    let answer = request.send().await;
    let answer =
        answer.map_err(|error| CallError::new("DescribeNetworkInterfaces", named, &error))?;
    Ok(answer.network_interfaces.unwrap_or_default())
}

fn filter(name: &str, values: Vec<String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values)).build()
}

fn address(interface: &NetworkInterface) -> Option<IpAddr> {
    let public =
        interface.association().and_then(|it| it.public_ip()).and_then(|ip| ip.parse().ok());
    let v6 = || interface.ipv6_addresses().first()?.ipv6_address()?.parse().ok();
    public.or_else(v6)
}
