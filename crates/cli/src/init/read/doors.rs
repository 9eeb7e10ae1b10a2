//! Whom the security groups of tasks let in.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use aws_sdk_ec2::types::{Filter, GroupIdentifier, IpPermission, NetworkInterface, SecurityGroup};
use eden_policy::Observed;

use crate::context::Context;
use crate::failure::Failed;

/// The filter for the public address of an interface.
const PUBLIC: &str = "addresses.association.public-ip";

/// Who is let in on the tasks' ports: API Gateway and the functions come from anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// The security groups.
    pub groups: Vec<String>,
    /// Whether everybody is let in.
    pub open: Door,
}

/// Whether a port is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// To everybody.
    Everybody,
    /// To some, by a list that says more than is read here, such as a prefix list.
    Some,
    /// To nobody, or to known addresses only.
    Closed,
}

/// Reads the security groups of the interfaces that have these addresses.
pub async fn doors(context: &Context, endpoints: &[SocketAddr]) -> Observed<Doors> {
    Observed::from(read(context, endpoints).await)
}

async fn read(context: &Context, endpoints: &[SocketAddr]) -> Result<Doors, Failed> {
    let addresses: BTreeSet<String> = endpoints.iter().map(|it| it.ip().to_string()).collect();
    let of = addresses.iter().cloned().collect::<Vec<_>>().join(", ");
    let filter = Filter::builder().name(PUBLIC).set_values(Some(addresses.into_iter().collect()));
    let request = context.edge.aws.ec2.describe_network_interfaces().filters(filter.build());
    let answer = request.send().await.map_err(|error| {
        let (operation, permission) =
            ("DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaces");
        Failed::new(operation, permission, of, &error)
    })?;
    let groups = answer.network_interfaces().iter().flat_map(NetworkInterface::groups);
    let ids: BTreeSet<String> =
        groups.filter_map(GroupIdentifier::group_id).map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(Doors { groups: Vec::new(), open: Door::Some });
    }
    let groups: Vec<String> = ids.into_iter().collect();
    let request = context.edge.aws.ec2.describe_security_groups();
    let answer = request.set_group_ids(Some(groups.clone())).send().await.map_err(|error| {
        let (operation, permission) = ("DescribeSecurityGroups", "ec2:DescribeSecurityGroups");
        Failed::new(operation, permission, groups.join(", "), &error)
    })?;
    let permissions = answer.security_groups().iter().flat_map(SecurityGroup::ip_permissions);
    let permissions: Vec<&IpPermission> = permissions.collect();
    let doors = endpoints.iter().map(|endpoint| door(&permissions, endpoint.port()));
    let open = doors.max_by_key(|it| *it as u8).unwrap_or(Door::Some);
    Ok(Doors { groups, open })
}

/// Whom these permissions let in on a port.
fn door(permissions: &[&IpPermission], port: u16) -> Door {
    let on_port = permissions.iter().filter(|it| is_on(it, port));
    let (mut everybody, mut some) = (false, false);
    for permission in on_port {
        let mut ranges = permission.ip_ranges().iter();
        everybody |= ranges.any(|it| it.cidr_ip() == Some("0.0.0.0/0"));
        some |= !permission.prefix_list_ids().is_empty();
    }
    match (everybody, some) {
        (true, _) => Door::Everybody,
        (false, true) => Door::Some,
        (false, false) => Door::Closed,
    }
}

fn is_on(permission: &IpPermission, port: u16) -> bool {
    let port = i32::from(port);
    match permission.ip_protocol() {
        Some("-1") => true,
        Some("tcp" | "6") => {
            permission.from_port().is_none_or(|first| first <= port)
                && permission.to_port().is_none_or(|last| port <= last)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, PrefixListId};

    use super::*;

    fn permission(protocol: &str, ports: (i32, i32), cidr: &str) -> IpPermission {
        let range = IpRange::builder().cidr_ip(cidr).build();
        let permission = IpPermission::builder().ip_protocol(protocol).ip_ranges(range);
        permission.from_port(ports.0).to_port(ports.1).build()
    }

    #[test]
    fn only_what_lets_everybody_in_on_the_port_is_open() {
        let list = PrefixListId::builder().prefix_list_id("pl-1").build();
        let list = IpPermission::builder().ip_protocol("-1").prefix_list_ids(list).build();
        for (permission, expected) in [
            (permission("tcp", (8000, 8000), "0.0.0.0/0"), Door::Everybody),
            (permission("tcp", (0, 65535), "0.0.0.0/0"), Door::Everybody),
            (permission("-1", (-1, -1), "0.0.0.0/0"), Door::Everybody),
            (permission("tcp", (443, 443), "0.0.0.0/0"), Door::Closed),
            (permission("udp", (8000, 8000), "0.0.0.0/0"), Door::Closed),
            (permission("tcp", (8000, 8000), "10.0.0.0/8"), Door::Closed),
            (list, Door::Some),
        ] {
            assert_eq!(door(&[&permission], 8000), expected, "{permission:?}");
        }
        assert_eq!(door(&[], 8000), Door::Closed);
    }
}
