//! Amazon EC2: the EC2 query protocol, a form in and XML out.

use std::net::IpAddr;

use super::error::ApiError;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::{ContainerInstance, NetworkInterface, World};

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "DescribeNetworkInterfaces" => describe_network_interfaces(world, request),
        "DescribeInstances" => describe_instances(world, request),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

fn describe_network_interfaces(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    let asked = Asked {
        ids: "NetworkInterfaceId",
        filter: "network-interface-id",
        not_found: "InvalidNetworkInterfaceID.NotFound",
        kind: "networkInterface",
    };
    let found = asked.find(request, |id| world.network_interface(id))?;
    let items: String = found.into_iter().map(interface_item).collect();
    Ok(response("DescribeNetworkInterfacesResponse", "networkInterfaceSet", &items))
}

fn describe_instances(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    let asked = Asked {
        ids: "InstanceId",
        filter: "instance-id",
        not_found: "InvalidInstanceID.NotFound",
        kind: "instance",
    };
    let found = asked.find(request, |id| world.ec2_instance(id))?;
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
        for number in 1.. {
            let Some(name) = member(request, &format!("Filter.{number}.Name")) else { break };
            if name != *filter {
                let message = format!("The lab filters by {filter}, not by '{name}'");
                return Err(ApiError::new(400, "InvalidParameterValue", &message));
            }
            let ids = list(request, &format!("Filter.{number}.Value"));
            found.extend(ids.into_iter().filter_map(&find));
        }
        Ok(found)
    }
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
    let (association, ipv6_addresses) = match interface.address {
        Some(IpAddr::V4(address)) if interface.associated => {
            let association = format!(
                "<association><ipOwnerId>amazon</ipOwnerId><publicIp>{address}</publicIp>\
                 </association>"
            );
            (association, String::new())
        }
        Some(IpAddr::V6(address)) => {
            (String::new(), format!("<item><ipv6Address>{address}</ipv6Address></item>"))
        }
        Some(IpAddr::V4(_)) | None => (String::new(), String::new()),
    };
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><status>in-use</status>\
         <interfaceType>interface</interfaceType><macAddress>{mac}</macAddress>\
         <privateIpAddress>{private_address}</privateIpAddress>{association}\
         <privateIpAddressesSet><item><primary>true</primary>\
         <privateIpAddress>{private_address}</privateIpAddress>{association}</item>\
         </privateIpAddressesSet><ipv6AddressesSet>{ipv6_addresses}</ipv6AddressesSet></item>"
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
