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
/// The public IPv4 addresses of an interface, of which each private one may have one.
const PUBLIC_IPV4: &str = "addresses.association.public-ip";
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
        let owned = others.filter_map(|it| Some((addresses_of(it), words(it)?)));
        for (of_it, words) in owned {
            let asked = of_it.into_iter().filter(|it| addresses.contains(it));
            owners.extend(asked.map(|address| (address, words.clone())));
        }
    }
    Ok(owners)
}

/// All public addresses of an interface.
fn addresses_of(interface: &NetworkInterface) -> Vec<IpAddr> {
    let private = interface.private_ip_addresses().iter();
    let v4 = private.filter_map(|it| it.association()?.public_ip()?.parse().ok());
    let v6 = interface.ipv6_addresses().iter();
    let v6 = v6.filter_map(|it| it.ipv6_address()?.parse().ok());
    v4.chain(v6).collect()
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

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        NetworkInterfaceAssociation, NetworkInterfaceIpv6Address, NetworkInterfacePrivateIpAddress,
    };

    use super::*;

    /// A fresh reader's cases: an Elastic IP address on a second private address, and a standby with
    /// addresses of both families.
    #[test]
    fn an_interface_has_the_public_addresses_of_all_its_private_ones_and_of_both_families() {
        let private = |public: &str| {
            let association = NetworkInterfaceAssociation::builder().public_ip(public).build();
            NetworkInterfacePrivateIpAddress::builder().association(association).build()
        };
        let v6 = NetworkInterfaceIpv6Address::builder().ipv6_address("2001:db8::7").build();
        let interface = NetworkInterface::builder()
            .private_ip_addresses(private("203.0.113.7"))
            .private_ip_addresses(private("198.51.100.7"))
            .ipv6_addresses(v6)
            .build();
        let found = addresses_of(&interface);
        let expected = ["203.0.113.7", "198.51.100.7", "2001:db8::7"];
        assert_eq!(found, expected.map(|it| it.parse::<IpAddr>().unwrap()));
    }
}
