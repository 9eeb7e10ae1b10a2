//! Where tasks run, Fargate or the container instances of a cluster, and how they are reached there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::World;
use super::eni::{NetworkInterface, PublicAddress};
use super::ids;
use super::operator::OperatorError;
use super::task::{StopCode, Task, TaskDefinition};

/// The ports that a container instance gives to those who ask for none: Linux's ephemeral ones.
const EPHEMERAL_PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// The launch type of a task and its network mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networking {
    /// Fargate, `awsvpc`: an interface of its own with a public address of this kind.
    Fargate(PublicAddress),
    /// EC2, `awsvpc`: an interface of its own, to which EC2 gives no public address.
    Awsvpc,
    /// EC2, `bridge`: a port of the container instance (F25).
    Bridge {
        /// `hostPort` of the task definition; an ephemeral port without one.
        host_port: Option<u16>,
    },
    /// EC2, `host`: the container's own port on the container instance. Nothing tells of it:
    /// ECS shows `networkBindings` for `bridge` alone.
    Host,
}

impl Networking {
    /// `launchType`.
    pub fn launch_type(self) -> &'static str {
        if self.is_fargate() { "FARGATE" } else { "EC2" }
    }

    pub(crate) fn is_fargate(self) -> bool {
        match self {
            Self::Fargate(_) => true,
            Self::Awsvpc | Self::Bridge { .. } | Self::Host => false,
        }
    }

    /// Why a task cannot be placed, in the words of ECS's service event messages (Developer Guide)
    /// except for addresses, of which AWS has more.
    pub(super) fn shortage(self, zones: usize) -> &'static str {
        match (self.is_fargate(), zones) {
            (true, 0) => {
                ". Reason: Capacity is unavailable at this time. Please try again later or in a \
                 different availability zone."
            }
            (true, _) => " because no address is free.",
            (false, _) => " because no container instance met all of its requirements.",
        }
    }
}

/// An EC2 instance on which a cluster's tasks run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its ARN in ECS.
    pub arn: String,
    /// The name of the cluster.
    pub cluster: String,
    /// Its id in EC2: `i-…`.
    pub ec2_instance_id: String,
    /// Its address on the internet, if it has one.
    pub address: Option<IpAddr>,
    /// Its address in the VPC.
    pub private_address: Ipv4Addr,
    /// The availability zone it is in.
    pub availability_zone: String,
    /// `registeredAt`.
    pub registered_at: Timestamp,
    /// `agentConnected`: without its agent nothing is placed on it.
    pub agent_connected: bool,
}

/// Where a task was placed.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) availability_zone: String,
    pub(super) container_instance_arn: Option<String>,
    pub(super) interface: Option<NetworkInterface>,
    pub(super) endpoint: SocketAddr,
}

impl World {
    /// Registers a new EC2 instance with a cluster, which is made when there is none, and returns
    /// the container instance's ARN.
    ///
    /// # Errors
    /// When no address is free.
    pub fn add_container_instance(
        &mut self,
        cluster: &str,
        public: PublicAddress,
    ) -> Result<String, OperatorError> {
        let place = self.addresses.take().ok_or(OperatorError::NoFreeAddress)?;
        let arn = self.arns.container_instance(cluster, &ids::hex(&mut self.rng, 32));
        self.clusters.insert(cluster.to_owned());
        // One after the other into each zone.
        let zones = self.zones();
        let availability_zone = zones[self.container_instances.len() % zones.len()].clone();
        self.container_instances.push(ContainerInstance {
            availability_zone,
            arn: arn.clone(),
            cluster: cluster.to_owned(),
            ec2_instance_id: format!("i-{}", ids::hex(&mut self.rng, 17)),
            address: place.public(public),
            private_address: place.private(),
            registered_at: self.now,
            agent_connected: true,
        });
        let waiting = self.services.values().filter(|service| service.cluster == cluster);
        let waiting: Vec<String> = waiting.map(|service| service.arn.clone()).collect();
        for service_arn in waiting {
            self.wake_scheduler(&service_arn);
        }
        self.count_daemons(cluster);
        Ok(arn)
    }

    /// Takes a container instance away, with its EC2 instance: the tasks on it are told to stop, in
    /// the words of a real capture (`Host EC2 (instance ...) terminated.`).
    pub fn remove_container_instance(&mut self, arn: &str) {
        let Some(at) = self.container_instances.iter().position(|it| it.arn == arn) else { return };
        let instance = self.container_instances.remove(at);
        let reason = format!("Host EC2 (instance {}) terminated.", instance.ec2_instance_id);
        let on_it = |task: &Task| task.container_instance_arn.as_deref() == Some(arn);
        for id in self.tasks.keys_where(on_it) {
            self.begin_stop(id, StopCode::InfrastructureHealth, &reason);
        }
        self.count_daemons(&instance.cluster);
    }

    /// A container instance, by ARN.
    pub fn container_instance(&self, arn: &str) -> Option<&ContainerInstance> {
        self.container_instances.iter().find(|instance| instance.arn == arn)
    }

    /// The container instance on the EC2 instance of this id.
    pub fn ec2_instance(&self, id: &str) -> Option<&ContainerInstance> {
        self.container_instances.iter().find(|instance| instance.ec2_instance_id == id)
    }

    pub(crate) fn container_instances(&self) -> impl Iterator<Item = &ContainerInstance> {
        self.container_instances.iter()
    }

    /// The tasks on a container instance that have not stopped, oldest first.
    pub fn tasks_on(&self, container_instance_arn: &str) -> impl Iterator<Item = &Task> {
        self.tasks.values().filter(move |task| {
            !task.has_stopped()
                && task.container_instance_arn.as_deref() == Some(container_instance_arn)
        })
    }

    /// Finds a place for a task; `None` when there is no room.
    pub(super) fn place(
        &mut self,
        service_arn: &str,
        cluster: &str,
        definition: &TaskDefinition,
    ) -> Option<Site> {
        let own_port = definition.port;
        let daemon = self.services.get(service_arn).is_some_and(|service| service.daemon);
        let only = if daemon {
            Some(self.instance_without(service_arn, cluster)?.to_owned())
        } else {
            None
        };
        let only = only.as_deref();
        match definition.networking {
            Networking::Fargate(public) => {
                let zone = self.roomiest_zone(service_arn)?;
                self.place_with_interface(zone, None, public, own_port)
            }
            Networking::Awsvpc => {
                let instance = self.emptiest_instance(cluster, None, only)?;
                let (zone, arn) = (instance.availability_zone.clone(), instance.arn.clone());
                self.place_with_interface(zone, Some(arn), PublicAddress::None, own_port)
            }
            Networking::Bridge { host_port } => self.place_on_instance(cluster, host_port, only),
            Networking::Host => self.place_on_instance(cluster, Some(own_port), only),
        }
    }

    fn place_with_interface(
        &mut self,
        availability_zone: String,
        container_instance_arn: Option<String>,
        public: PublicAddress,
        port: u16,
    ) -> Option<Site> {
        let interface = NetworkInterface::new(&mut self.rng, self.addresses.take()?, public);
        let address = interface.address.unwrap_or(interface.private_address.into());
        let endpoint = SocketAddr::new(address, port);
        let interface = Some(interface);
        Some(Site { availability_zone, container_instance_arn, interface, endpoint })
    }

    /// Shares the address of a container instance, at this port of it or at an ephemeral one.
    fn place_on_instance(
        &mut self,
        cluster: &str,
        port: Option<u16>,
        only: Option<&str>,
    ) -> Option<Site> {
        let instance = self.emptiest_instance(cluster, port, only)?;
        let address = instance.address.unwrap_or(instance.private_address.into());
        let (arn, availability_zone) = (instance.arn.clone(), instance.availability_zone.clone());
        let port = match port {
            Some(port) => port,
            None => self.ephemeral_port(&arn)?,
        };
        let endpoint = SocketAddr::new(address, port);
        let container_instance_arn = Some(arn);
        Some(Site { availability_zone, container_instance_arn, interface: None, endpoint })
    }

    /// The instance with the fewest tasks among those on which the port is free, if one is needed,
    /// or the only one that may be taken.
    fn emptiest_instance(
        &self,
        cluster: &str,
        port: Option<u16>,
        only: Option<&str>,
    ) -> Option<&ContainerInstance> {
        let open = self.open_zones();
        self.container_instances
            .iter()
            .filter(|instance| instance.cluster == cluster && instance.agent_connected)
            .filter(|instance| only.is_none_or(|only| instance.arn == only))
            .filter(|instance| open.contains(&instance.availability_zone))
            .filter(|instance| port.is_none_or(|port| self.is_free(&instance.arn, port)))
            .min_by_key(|instance| self.tasks_on(&instance.arn).count())
    }

    /// A task with an interface of its own takes no port of its instance.
    fn is_free(&self, container_instance_arn: &str, port: u16) -> bool {
        self.tasks_on(container_instance_arn)
            .all(|task| task.interface.is_some() || task.endpoint().port() != port)
    }

    fn ephemeral_port(&mut self, container_instance_arn: &str) -> Option<u16> {
        let first = self.rng.u16(EPHEMERAL_PORTS);
        (first..=*EPHEMERAL_PORTS.end())
            .chain(*EPHEMERAL_PORTS.start()..first)
            .find(|port| self.is_free(container_instance_arn, *port))
    }
}
