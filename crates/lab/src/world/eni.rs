//! Elastic network interfaces of tasks, and the addresses they are given.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fastrand::Rng;

use super::ids;

/// By what kind of address something is reached from the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicAddress {
    /// By none: only from its VPC.
    None,
    /// An IPv4 address, which in the lab is one of 127.0.0.0/8.
    Ipv4,
    /// An IPv6 address and no IPv4 one. It is one of the documentation's (RFC 3849), on which
    /// nothing can really listen.
    Ipv6,
    /// The same, in a subnet whose way to the internet is an egress-only internet gateway: what is
    /// inside gets out, and no connection from outside gets in (VPC User Guide, egress-only internet
    /// gateways). EC2 shows the address all the same.
    Ipv6EgressOnly,
}

/// The network interface of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// The id of its attachment to the task.
    pub attachment_id: String,
    /// The address on the internet, if it has one.
    pub address: Option<IpAddr>,
    /// The address in the VPC.
    pub private_address: Ipv4Addr,
    /// Its MAC address.
    pub mac: String,
    /// Whether EC2 shows the interface (F24).
    pub visible: bool,
    /// Whether EC2 shows the public IPv4 address, if it has one (F24).
    pub associated: bool,
    place: Place,
}

impl NetworkInterface {
    pub(super) fn new(rng: &mut Rng, place: Place, public: PublicAddress) -> Self {
        Self {
            id: format!("eni-{}", ids::hex(rng, 17)),
            attachment_id: ids::uuid(rng),
            address: place.public(public),
            private_address: place.private(),
            mac: ids::mac(rng),
            visible: false,
            associated: false,
            place,
        }
    }

    /// The private DNS name that EC2 gives the interface.
    pub fn private_dns_name(&self) -> String {
        let [a, b, c, d] = self.private_address.octets();
        format!("ip-{a}-{b}-{c}-{d}.ec2.internal")
    }
}

/// One host's share of the network: an address of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    network: [u8; 2],
    host: u16,
}

impl Place {
    /// The address in the VPC.
    pub(super) fn private(self) -> Ipv4Addr {
        let [_, third, fourth] = self.octets();
        Ipv4Addr::new(10, 0, third, fourth)
    }

    /// Whether one of its addresses on the internet is this one.
    fn has(self, ip: IpAddr) -> bool {
        [PublicAddress::Ipv4, PublicAddress::Ipv6].map(|kind| self.public(kind)).contains(&Some(ip))
    }

    /// The last three of its IPv4 address; hosts beyond the first network are in those after it.
    fn octets(self) -> [u8; 3] {
        let [second, third] = self.network;
        let [high, low] = self.host.to_be_bytes();
        [second, third.wrapping_add(high), low]
    }

    /// The address on the internet, of this kind.
    pub(super) fn public(self, kind: PublicAddress) -> Option<IpAddr> {
        let [second, third, fourth] = self.octets();
        match kind {
            PublicAddress::None => None,
            PublicAddress::Ipv4 => Some(Ipv4Addr::new(127, second, third, fourth).into()),
            PublicAddress::Ipv6 | PublicAddress::Ipv6EgressOnly => {
                Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, self.host).into())
            }
        }
    }
}

/// The free places of a world. One that was given back is the last to be given out again.
#[derive(Debug)]
pub(super) struct Addresses {
    free: VecDeque<Place>,
    given_away: Vec<Place>,
}

impl Addresses {
    pub(super) fn new(rng: &mut Rng, network: [u8; 2], hosts: u16) -> Self {
        let mut hosts: Vec<u16> = (1..=hosts).collect();
        rng.shuffle(&mut hosts);
        let free = hosts.into_iter().map(|host| Place { network, host }).collect();
        Self { free, given_away: Vec::new() }
    }

    pub(super) fn take(&mut self) -> Option<Place> {
        self.free.pop_front()
    }

    pub(super) fn give_back(&mut self, interface: &NetworkInterface) {
        self.free.push_back(interface.place);
    }

    /// Takes the free place with this address on the internet; `false` when there is none.
    pub(super) fn take_ip(&mut self, ip: IpAddr) -> bool {
        let found = self.free.iter().position(|place| place.has(ip));
        found.is_some_and(|index| {
            self.given_away.extend(self.free.remove(index));
            true
        })
    }

    /// The place with this address that was taken by it is free again.
    pub(super) fn give_back_ip(&mut self, ip: IpAddr) {
        if let Some(index) = self.given_away.iter().position(|place| place.has(ip)) {
            self.free.push_back(self.given_away.swap_remove(index));
        }
    }
}
