//! Which port of a container instance leads to a port of a task's container (F25, F48).

use std::net::IpAddr;

use aws_sdk_ecs::types::{Container, NetworkBinding, TransportProtocol};
use eden_policy::facts::HostPort;

/// The instance's port for each address family. A port that several containers have leads to nobody
/// in particular.
pub(super) fn of_host(containers: &[Container], port: u16) -> HostPort {
    if containers.iter().all(|it| it.network_bindings().is_empty()) {
        return HostPort::Unbound;
    }
    let bound = |is_of_family: fn(&IpAddr) -> bool| {
        let mut ports = containers.iter().filter_map(|container| {
            let bindings = container.network_bindings().iter().filter(|it| is_tcp(it));
            let mut of_family = bindings.filter(|it| is_of_family(&bind_ip(it)));
            of_family.find_map(|binding| leads_to(binding, port))
        });
        ports.next().filter(|_| ports.next().is_none())
    };
    HostPort::Bound { ipv4: bound(IpAddr::is_ipv4), ipv6: bound(IpAddr::is_ipv6) }
}

/// Mappings are TCP unless they say otherwise.
fn is_tcp(binding: &NetworkBinding) -> bool {
    matches!(binding.protocol(), None | Some(TransportProtocol::Tcp))
}

/// The instance's address that the binding is of; without one, all of IPv4.
fn bind_ip(binding: &NetworkBinding) -> IpAddr {
    let given = binding.bind_ip().and_then(|it| it.parse().ok());
    given.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into())
}

/// The instance's port that the binding leads from to this port of the container: its own, or the one
/// as far into the instance's range as the port is into the container's.
fn leads_to(binding: &NetworkBinding, port: u16) -> Option<u16> {
    if let Some(bound) = binding.container_port() {
        return u16::try_from(binding.host_port()?).ok().filter(|_| bound == i32::from(port));
    }
    let (first, last) = range(binding.container_port_range()?)?;
    let (host, _) = range(binding.host_port_range()?)?;
    (first..=last).contains(&port).then(|| host.checked_add(port - first))?
}

/// The first and last port of `8000-8009`.
fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::builders::NetworkBindingBuilder;

    use super::*;

    fn at(ip: &str) -> NetworkBindingBuilder {
        NetworkBinding::builder().bind_ip(ip).protocol(TransportProtocol::Tcp)
    }

    fn one(ip: &str, port: i32, host: i32) -> NetworkBinding {
        at(ip).container_port(port).host_port(host).build()
    }

    fn many(ip: &str, ports: &str, hosts: &str) -> NetworkBinding {
        at(ip).container_port_range(ports).host_port_range(hosts).build()
    }

    fn container(bindings: Vec<NetworkBinding>) -> Container {
        Container::builder().set_network_bindings(Some(bindings)).build()
    }

    fn bound(ipv4: Option<u16>, ipv6: Option<u16>) -> HostPort {
        HostPort::Bound { ipv4, ipv6 }
    }

    #[test]
    fn the_binding_of_the_port_the_protocol_and_the_address_family_counts() {
        let udp = at("0.0.0.0").protocol(TransportProtocol::Udp).container_port(8000);
        let bare = NetworkBinding::builder().container_port(8000).host_port(32_768).build();
        for (case, bindings, expected) in [
            // https://github.com/aws/amazon-ecs-agent/issues/2870
            (
                "both families",
                vec![one("::", 8000, 49_154), one("0.0.0.0", 8000, 49_153)],
                bound(Some(49_153), Some(49_154)),
            ),
            ("IPv6 alone", vec![one("::", 8000, 49_154)], bound(None, Some(49_154))),
            ("one address", vec![one("10.0.0.7", 8000, 8000)], bound(Some(8000), None)),
            (
                "UDP first",
                vec![udp.host_port(40_000).build(), one("0.0.0.0", 8000, 40_001)],
                bound(Some(40_001), None),
            ),
            ("nothing said but the ports", vec![bare], bound(Some(32_768), None)),
            ("another port", vec![one("0.0.0.0", 9000, 40_000)], bound(None, None)),
            // https://github.com/aws/amazon-ecs-agent/pull/3479
            (
                "into a range",
                vec![many("0.0.0.0", "7998-8009", "49155-49166")],
                bound(Some(49_157), None),
            ),
            ("before a range", vec![many("0.0.0.0", "8001-8009", "1-9")], bound(None, None)),
            ("past all ports", vec![many("0.0.0.0", "1-8009", "65000-1")], bound(None, None)),
            ("no range", vec![many("0.0.0.0", "8000", "49155")], bound(None, None)),
        ] {
            assert_eq!(of_host(&[container(bindings)], 8000), expected, "{case}");
        }
    }

    #[test]
    fn a_port_that_two_containers_have_leads_to_neither() {
        let first = container(vec![one("0.0.0.0", 8000, 32_768)]);
        let second = container(vec![one("0.0.0.0", 8000, 32_769)]);
        let other = container(vec![one("0.0.0.0", 9000, 32_770)]);
        let both = [other.clone(), first.clone(), second];
        assert_eq!(of_host(&both, 8000), bound(None, None));
        assert_eq!(of_host(&[other, first], 8000), bound(Some(32_768), None));
    }

    #[test]
    fn without_any_binding_the_network_mode_decides() {
        assert_eq!(of_host(&[container(vec![]), container(vec![])], 8000), HostPort::Unbound);
        assert_eq!(of_host(&[], 8000), HostPort::Unbound);
    }
}
