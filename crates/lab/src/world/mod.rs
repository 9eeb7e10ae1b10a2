//! The simulated AWS: a seeded state machine over time, without runtime or network.

mod alarm;
mod alarm_history;
mod application;
pub(crate) mod arn;
mod behaviour;
mod binding;
mod bus;
mod eni;
pub(crate) mod events;
mod failures;
mod fault;
mod functions;
mod gateway;
mod health;
mod hold;
mod hosts;
mod iam;
mod ids;
mod lag;
mod life_cycle;
mod logs;
mod metric;
mod operator;
mod placement;
mod queue;
mod rollout;
mod scheduler;
pub(crate) mod secrets;
mod service;
mod side_by_side;
mod sidecar;
mod sns;
mod sqs;
mod stacks;
mod stage;
mod stranger;
mod table;
mod tags;
mod task;
mod task_definitions;
mod timing;
mod weather;
mod web;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;

pub use alarm::{Alarm, AlarmState, AlarmStatus};
pub use alarm_history::AlarmHistoryItem;
pub use application::{Answer, AppState, Listener};
pub(crate) use application::{Asked, Connection, address};
pub use behaviour::Behaviour;
pub use binding::Binding;
pub use bus::{Delivery, DeliveryFaults, Rule};
pub use eni::{NetworkInterface, PublicAddress};
pub use failures::Failures;
pub use fault::{Call, Fault, FaultKind};
pub use functions::{Function, FunctionState};
pub(crate) use gateway::with_stage_variables;
pub use gateway::{
    Api, ApiKind, ApiSpec, Destination, Gatekeeper, GatewayAnswer, Integration, IntegrationType,
    RequestOutcome,
};
pub use hold::{Hold, HoldEnd, HoldWhen};
pub(crate) use hold::{HoldId, MetHold};
pub use iam::{Permission, PolicyError, Role};
pub use lag::Lag;
pub use logs::{LogEvent, LogGroup, Logs};
pub use operator::OperatorError;
pub use placement::{ContainerInstance, Networking};
pub use service::{Deployment, RolloutState, Service, ServiceMessage, ServiceSpec, ServiceStatus};
pub use side_by_side::{Beside, Deploys, Lifecycle, LifecycleStage};
pub use sidecar::{Doing, Sidecar};
pub use sns::{Message, Subscription, Topic};
pub use sqs::SqsQueue;
pub use stacks::DeployedStack;
pub use stage::{Canary, Stage, StageDeployment};
pub use stranger::AddressReuse;
pub use task::{
    Container, ContainerState, DesiredStatus, HealthStatus, Milestones, StopCause, StopCode, Task,
    TaskDefinition, TaskStatus,
};
pub use timing::Timing;
pub use weather::Weather;
pub(crate) use web::Visit;
pub use web::{WebhookAnswer, WebhookPost};

use arn::Arns;
use bus::Bus;
use eni::Addresses;
use gateway::Stream;
use hold::Holds;
use lag::History;
use metric::Metrics;
use queue::{Due, Queue};
use secrets::Secrets;
use table::Table;
use task::TaskId;
use web::Web;
use zone::Zones;

/// What a world is made from. The same configuration and actions give the same history.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Where everything random comes from.
    pub seed: u64,
    /// The time at which the world begins.
    pub start: Timestamp,
    /// How long things take.
    pub timing: Timing,
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
    /// Tasks and container instances get addresses from `127.a.b.1` on.
    pub network: [u8; 2],
    /// So many addresses there are. More than 254 reach into the networks after this one.
    pub hosts: u16,
}

impl WorldConfig {
    /// AWS's own timing, us-east-1, account 123456789012, 254 tasks in 127.10.0.0/24.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self {
            seed,
            start,
            timing: Timing::aws(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            network: [10, 0],
            hosts: 254,
        }
    }
}

/// What tells the chances of calls from the rest that comes from the seed.
const CALLS: u64 = 0x63_616c_6c73;

/// One AWS account in one region.
#[derive(Debug)]
pub struct World {
    seed: u64,
    now: Timestamp,
    timing: Timing,
    arns: Arns,
    rng: fastrand::Rng,
    /// Apart, so that what happens does not depend on who calls.
    call_rng: fastrand::Rng,
    queue: Queue,
    clusters: BTreeSet<String>,
    task_definitions: BTreeMap<String, TaskDefinition>,
    /// What the tags of images mean that were pushed.
    images: BTreeMap<String, String>,
    inactive_definitions: BTreeSet<String>,
    services: Table<String, Service>,
    tasks: Table<TaskId, Task>,
    task_ids: BTreeMap<String, TaskId>,
    tasks_made: u64,
    addresses: Addresses,
    reuse: AddressReuse,
    strangers: BTreeMap<SocketAddr, u16>,
    refused_hosts: BTreeSet<String>,
    zones: Zones,
    container_instances: Vec<ContainerInstance>,
    connections: Vec<(Timestamp, SocketAddr)>,
    pages: Vec<String>,
    apis: Table<String, Api>,
    last_deployment: Option<Timestamp>,
    streams: Vec<Stream>,
    outcomes: Vec<RequestOutcome>,
    metrics: Metrics,
    alarms: Table<String, Alarm>,
    alarm_history: Vec<AlarmHistoryItem>,
    alarm_actions_fail_with: Option<String>,
    has_short_arns: bool,
    bus: Bus,
    functions: BTreeMap<String, Function>,
    logs: Logs,
    queues: BTreeMap<String, SqsQueue>,
    stacks: BTreeMap<String, DeployedStack>,
    topics: BTreeMap<String, Topic>,
    published: Vec<Message>,
    secrets: Secrets,
    web: Web,
    roles: BTreeMap<String, Role>,
    faults: Vec<Fault>,
    weather: Weather,
    history: History,
    holds: Holds,
    calls: Vec<Call>,
    list_page: usize,
    open_ports: Vec<RangeInclusive<u16>>,
}

impl World {
    /// An empty account.
    pub fn new(config: WorldConfig) -> Self {
        let mut rng = fastrand::Rng::with_seed(config.seed);
        Self {
            seed: config.seed,
            now: config.start,
            timing: config.timing,
            arns: Arns { region: config.region, account: config.account },
            queue: Queue::default(),
            clusters: BTreeSet::new(),
            task_definitions: BTreeMap::new(),
            images: BTreeMap::new(),
            inactive_definitions: BTreeSet::new(),
            services: Table::default(),
            tasks: Table::default(),
            task_ids: BTreeMap::new(),
            tasks_made: 0,
            addresses: Addresses::new(&mut rng, config.network, config.hosts),
            reuse: AddressReuse::NONE,
            strangers: BTreeMap::new(),
            refused_hosts: BTreeSet::new(),
            zones: Zones::default(),
            container_instances: Vec::new(),
            connections: Vec::new(),
            pages: Vec::new(),
            apis: Table::default(),
            last_deployment: None,
            streams: Vec::new(),
            outcomes: Vec::new(),
            metrics: Metrics::default(),
            alarms: Table::default(),
            alarm_history: Vec::new(),
            alarm_actions_fail_with: None,
            has_short_arns: false,
            bus: Bus::new(),
            functions: BTreeMap::new(),
            logs: Logs::default(),
            queues: BTreeMap::new(),
            stacks: BTreeMap::new(),
            topics: BTreeMap::new(),
            published: Vec::new(),
            secrets: Secrets::default(),
            web: Web::default(),
            roles: BTreeMap::new(),
            faults: Vec::new(),
            weather: Weather::CLEAR,
            history: History::default(),
            holds: Holds::default(),
            calls: Vec::new(),
            list_page: 100,
            open_ports: vec![1..=u16::MAX],
            call_rng: fastrand::Rng::with_seed(config.seed ^ CALLS),
            rng,
        }
    }

    /// The seed it was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The time up to which everything has happened.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How long things take.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.arns.region
    }

    /// Lets everything happen that is due by `now`, in order. Time never goes back.
    pub fn advance_to(&mut self, now: Timestamp) {
        while let Some((at, due)) = self.queue.pop(now) {
            self.pass_to(at);
            self.happen(due);
        }
        self.pass_to(now);
    }

    /// When something is due next; never a time that has been advanced to.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.next()
    }

    /// A service, by the names of its cluster and itself.
    pub fn service(&self, cluster: &str, name: &str) -> Option<&Service> {
        self.services.get(&self.arns.service(cluster, name))
    }

    /// The tasks of a service that ECS still shows, oldest first.
    pub fn tasks(&self, cluster: &str, name: &str) -> Vec<&Task> {
        let arn = self.arns.service(cluster, name);
        self.tasks.values().filter(|task| task.service_arn == arn).collect()
    }

    /// A task that ECS still shows, by ARN.
    pub fn task(&self, arn: &str) -> Option<&Task> {
        self.tasks.get(self.task_ids.get(arn)?)
    }

    /// The network interface of this id if EC2 shows it (F24).
    pub fn network_interface(&self, id: &str) -> Option<&NetworkInterface> {
        self.network_interfaces().find(|interface| interface.id == id)
    }

    /// The network interfaces of tasks that EC2 shows.
    pub(crate) fn network_interfaces(&self) -> impl Iterator<Item = &NetworkInterface> {
        let interfaces = self.tasks.values().filter_map(|task| task.interface.as_ref());
        interfaces.filter(|interface| interface.visible)
    }

    pub(crate) fn has_cluster(&self, name: &str) -> bool {
        self.clusters.contains(name)
    }

    pub(crate) fn arns(&self) -> &Arns {
        &self.arns
    }

    /// The names of the clusters.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().map(String::as_str)
    }

    /// The services of a cluster that were not deleted.
    pub(crate) fn services_of(&self, cluster: &str) -> impl Iterator<Item = &Service> {
        let services = self.services.values().filter(move |it| it.cluster == cluster);
        services.filter(|it| it.status == ServiceStatus::Active)
    }

    /// How much an operation that lists things of ECS lists on a page at most.
    pub(crate) fn list_page(&self) -> usize {
        self.list_page
    }

    /// Makes the pages of what lists things of ECS shorter than AWS's 100 (F17, F37).
    pub fn set_list_page(&mut self, tasks: usize) {
        self.list_page = tasks;
    }

    /// The ports on which the tasks' security group lets everybody in.
    pub(crate) fn open_ports(&self) -> &[RangeInclusive<u16>] {
        &self.open_ports
    }

    /// Changes what the tasks' security group says. The lab's network does not heed it: it is there to
    /// be read.
    pub fn set_open_ports(&mut self, ports: Vec<RangeInclusive<u16>>) {
        self.open_ports = ports;
    }

    fn plan(&mut self, after: Duration, due: Due) {
        self.plan_at(self.now + after, due);
    }

    fn plan_at(&mut self, at: Timestamp, due: Due) {
        self.queue.plan(at, due);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Schedule(service_arn) => self.schedule(&service_arn),
            Due::Lifecycle(service_arn) => self.advance_lifecycle(&service_arn),
            Due::Advance { task, from, desired } => self.advance_task(task, from, desired),
            Due::ShowInterface(task) => self.show_interface(task),
            Due::ShowAddress(task) => self.show_address(task),
            Due::Listen(task) => self.listen(task),
            Due::PassHealthCheck(task) => self.pass_health_check(task),
            Due::FailHealthCheck(task) => self.fail_health_check(task),
            Due::Crash { task, exit_code } => self.crash(task, exit_code),
            Due::EndSidecar { task, sidecar } => self.end_sidecar(task, sidecar),
            Due::Forget(task) => self.forget_task(task),
            Due::ReportExit(task) => self.report_exit(task),
            Due::ReportLoss(task) => self.report_loss(task),
            Due::Decay(task) => self.decay(task),
            Due::Reuse(address) => self.reuse_address(address),
            Due::Vacate(address) => self.take_address_back(address),
            Due::Condemn(task) => self.condemn(task),
            Due::EvaluateAlarm { alarm, period_end } => self.evaluate_alarm(&alarm, period_end),
            Due::FireSchedule(rule) => self.fire_schedule(&rule),
            Due::Deliver(delivery) => self.deliver(delivery),
            Due::Request(stream) => self.next_request(stream),
        }
    }
}
