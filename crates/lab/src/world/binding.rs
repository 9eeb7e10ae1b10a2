//! The port bindings of containers on an EC2 instance with bridge networking.

use serde_json::{Value, json};

/// A binding as the agent reports it (API reference of `NetworkBinding`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The container's name.
    pub container: &'static str,
    /// `bindIP`: `0.0.0.0` for every IPv4 address of the instance, `::` for every IPv6 one.
    pub bind_ip: &'static str,
    /// The container's port, or the first and last of a range.
    pub container_ports: (u16, u16),
    /// The first port of the instance; where there is none, that by which the application's own port
    /// is the task's. Another one is another application's, or nobody's.
    pub host_port: Option<u16>,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
}

impl Binding {
    /// A binding of one port of the application's container, by which the task is reached.
    pub fn of(port: u16) -> Self {
        Self {
            container: "app",
            bind_ip: "0.0.0.0",
            container_ports: (port, port),
            host_port: None,
            protocol: "tcp",
        }
    }

    /// As ECS shows it, for an application on `port` that is reached at `host_port`.
    pub(super) fn show(&self, port: u16, host_port: u16) -> Value {
        let (first, last) = self.container_ports;
        let host = self.host_port.unwrap_or(host_port - (port - first));
        let mut shown = json!({ "bindIP": self.bind_ip, "protocol": self.protocol });
        if first == last {
            shown["containerPort"] = first.into();
            shown["hostPort"] = host.into();
        } else {
            shown["containerPortRange"] = format!("{first}-{last}").into();
            shown["hostPortRange"] = format!("{host}-{}", host + (last - first)).into();
        }
        shown
    }
}
