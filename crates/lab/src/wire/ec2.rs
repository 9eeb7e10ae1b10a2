//! Amazon EC2: the EC2 query protocol, a form in and XML out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use super::error::ApiError;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::{ContainerInstance, NetworkInterface, World};

/// The security group of every interface.
const SECURITY_GROUP: &str = "sg-0a1b2c3d4e5f60718";

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "DescribeNetworkInterfaces" => describe_network_interfaces(world, request),
        "DescribeSecurityGroups" => describe_security_groups(world, request),
        "DescribeInstances" => describe_instances(world, request),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

/// Those of tasks by their ids, and the primary ones of EC2 instances by those of the instances.
fn describe_network_interfaces(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    const SET: (&str, &str) = ("DescribeNetworkInterfacesResponse", "networkInterfaceSet");
    let mut filters = filters(request);
    if filters.remove("attachment.device-index").is_some_and(|wanted| wanted != ["0"]) {
        return Ok(response(SET.0, SET.1, ""));
    }
    if let Some(ids) = filters.remove("attachment.instance-id") {
        refuse_others(filters.keys().next(), "attachment.instance-id")?;
        let instances = ids.into_iter().filter_map(|id| world.ec2_instance(id));
        let items: String = instances.map(primary_interface_item).collect();
        return Ok(response(SET.0, SET.1, &items));
    }
    if let Some(addresses) = filters.remove("addresses.association.public-ip") {
        refuse_others(filters.keys().next(), "addresses.association.public-ip")?;
        return Ok(response(SET.0, SET.1, &interfaces_at(world, &addresses)));
    }
    let asked = Asked {
        ids: "NetworkInterfaceId",
        filter: "network-interface-id",
        not_found: "InvalidNetworkInterfaceID.NotFound",
        kind: "networkInterface",
    };
    let found = asked.find(request, &mut filters, |id| world.network_interface(id))?;
    let items: String = found.into_iter().map(interface_item).collect();
    Ok(response(SET.0, SET.1, &items))
}

/// Those that have these public IPv4 addresses, as far as EC2 shows them.
fn interfaces_at(world: &World, addresses: &[&str]) -> String {
    let wanted: Vec<IpAddr> = addresses.iter().filter_map(|it| it.parse().ok()).collect();
    let is_wanted = |address: Option<IpAddr>| address.is_some_and(|it| wanted.contains(&it));
    let tasks = world.network_interfaces().filter(|it| it.associated && is_wanted(it.address));
    let instances = world.container_instances().filter(|it| is_wanted(it.address));
    tasks.map(interface_item).chain(instances.map(primary_interface_item)).collect()
}

/// The one security group of the account, in which every interface is.
fn describe_security_groups(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    if let Some(id) = list(request, "GroupId").into_iter().find(|id| *id != SECURITY_GROUP) {
        let message = format!("The security group '{id}' does not exist");
        return Err(ApiError::new(400, "InvalidGroup.NotFound", &message));
    }
    let permissions: String = world.open_ports().iter().map(permission_item).collect();
    let group = format!(
        "<item><groupId>{SECURITY_GROUP}</groupId><groupName>tasks</groupName>\
         <ipPermissions>{permissions}</ipPermissions></item>"
    );
    Ok(response("DescribeSecurityGroupsResponse", "securityGroupInfo", &group))
}

/// Everybody is let in on these ports.
fn permission_item(ports: &RangeInclusive<u16>) -> String {
    format!(
        "<item><ipProtocol>tcp</ipProtocol><fromPort>{}</fromPort><toPort>{}</toPort>\
         <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>",
        ports.start(),
        ports.end()
    )
}

fn describe_instances(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    let asked = Asked {
        ids: "InstanceId",
        filter: "instance-id",
        not_found: "InvalidInstanceID.NotFound",
        kind: "instance",
    };
    let found = asked.find(request, &mut filters(request), |id| world.ec2_instance(id))?;
    let items: String = found.into_iter().map(reservation_item).collect();
    Ok(response("DescribeInstancesResponse", "reservationSet", &items))
}

/// How an operation names what it describes.
struct Asked {
    ids: &'static str,
    filter: &'static str,
    not_found: &'static str,
    kind: &'static str,
}

impl Asked {
    fn find<'a, T>(
        &self,
        request: &ApiRequest,
        filters: &mut Filters<'_>,
        find: impl Fn(&str) -> Option<&'a T>,
    ) -> Result<Vec<&'a T>, ApiError> {
        let Self { filter, kind, .. } = self;
        let mut found = Vec::new();
        // One id that is not there fails the whole call (F24).
        for id in list(request, self.ids) {
            found.push(find(id).ok_or_else(|| {
                let message = format!("The {kind} ID '{id}' does not exist");
                ApiError::new(400, self.not_found, &message)
            })?);
        }
        // A filter returns what exists.
        let ids = filters.remove(filter).unwrap_or_default();
        refuse_others(filters.keys().next(), filter)?;
        found.extend(ids.into_iter().filter_map(&find));
        Ok(found)
    }
}

/// The values of each filter, by its name.
type Filters<'a> = BTreeMap<&'a str, Vec<&'a str>>;

fn filters(request: &ApiRequest) -> Filters<'_> {
    let filter = |number: u32| {
        let name = member(request, &format!("Filter.{number}.Name"))?;
        Some((name, list(request, &format!("Filter.{number}.Value"))))
    };
    (1..).map_while(filter).collect()
}

/// AWS knows many more filters; here, one that nobody uses is a mistake.
fn refuse_others(name: Option<&&str>, known: &str) -> Result<(), ApiError> {
    let Some(name) = name else { return Ok(()) };
    let message = format!("The lab filters by {known}, not by '{name}'");
    Err(ApiError::new(400, "InvalidParameterValue", &message))
}

fn response(name: &str, set: &str, items: &str) -> Body {
    Body::Xml(format!(
        "<{name} xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><{set}>{items}</{set}></{name}>"
    ))
}

fn member<'a>(request: &'a ApiRequest, name: &str) -> Option<&'a str> {
    request.input.get(name)?.as_str()
}

/// The members `NAME.1`, `NAME.2`, and so on.
fn list<'a>(request: &'a ApiRequest, name: &str) -> Vec<&'a str> {
    (1..).map_while(|number| member(request, &format!("{name}.{number}"))).collect()
}

fn interface_item(interface: &NetworkInterface) -> String {
    let NetworkInterface { id, mac, private_address, .. } = interface;
    let hidden = |address: &IpAddr| address.is_ipv4() && !interface.associated;
    let address = interface.address.filter(|address| !hidden(address));
    let attachment = format!("<macAddress>{mac}</macAddress>");
    item(id, &attachment, *private_address, address)
}

/// The interface that an EC2 instance was launched with; its id is made of the instance's.
fn primary_interface_item(instance: &ContainerInstance) -> String {
    let ContainerInstance { ec2_instance_id: id, private_address, address, .. } = instance;
    let attachment = format!(
        "<attachment><instanceId>{id}</instanceId><deviceIndex>0</deviceIndex>\
         <status>attached</status></attachment>"
    );
    item(&id.replacen('i', "eni", 1), &attachment, *private_address, *address)
}

fn item(id: &str, attachment: &str, private_address: Ipv4Addr, address: Option<IpAddr>) -> String {
    let (association, ipv6_addresses) = match address {
        Some(IpAddr::V4(address)) => {
            let association = format!(
                "<association><ipOwnerId>amazon</ipOwnerId><publicIp>{address}</publicIp>\
                 </association>"
            );
            (association, String::new())
        }
        Some(IpAddr::V6(address)) => {
            (String::new(), format!("<item><ipv6Address>{address}</ipv6Address></item>"))
        }
        None => (String::new(), String::new()),
    };
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><status>in-use</status>\
         <interfaceType>interface</interfaceType>{attachment}\
         <privateIpAddress>{private_address}</privateIpAddress>{association}\
         <privateIpAddressesSet><item><primary>true</primary>\
         <privateIpAddress>{private_address}</privateIpAddress>{association}</item>\
         </privateIpAddressesSet><ipv6AddressesSet>{ipv6_addresses}</ipv6AddressesSet>\
         <groupSet><item><groupId>{SECURITY_GROUP}</groupId><groupName>tasks</groupName></item>\
         </groupSet></item>"
    )
}

/// Each instance was launched by a request of its own.
fn reservation_item(instance: &ContainerInstance) -> String {
    let ContainerInstance { ec2_instance_id: id, private_address, .. } = instance;
    let address = match instance.address {
        Some(IpAddr::V4(address)) => format!("<ipAddress>{address}</ipAddress>"),
        Some(IpAddr::V6(address)) => format!("<ipv6Address>{address}</ipv6Address>"),
        None => String::new(),
    };
    let reservation = id.replacen('i', "r", 1);
    format!(
        "<item><reservationId>{reservation}</reservationId><instancesSet><item>\
         <instanceId>{id}</instanceId>\
         <instanceState><code>16</code><name>running</name></instanceState>\
         <privateIpAddress>{private_address}</privateIpAddress>{address}\
         </item></instancesSet></item>"
    )
}
