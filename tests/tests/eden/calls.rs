//! What an invocation of ip-updater costs: calls, and round trips one after the other. The numbers
//! are those of docs/design.md.

use std::fmt;
use std::time::Duration;

use eden_core::Edge;
use eden_lab::example::{CLUSTER, IP_UPDATER, SERVICE};
use eden_lab::world::{Call, Fault, FaultKind, Networking, PublicAddress};
use eden_tests::by_hand::{ByHand, stack};
use eden_tests::permissions::Variant;
use eden_tests::rig::{minutes, running};
use eden_tests::sample;
use jiff::Timestamp;
use serde_json::Value;

const DESIGN: &str = include_str!("../../../docs/design.md");

const FARGATE: Networking = Networking::Fargate(PublicAddress::Ipv4);
const BRIDGE: Networking = Networking::Bridge { host_port: None };

/// What AWS takes for a call in the lab: so far apart are two of which one waits for the other.
const ROUND_TRIP: Duration = Duration::from_millis(30);

/// An account with a service in it.
#[derive(Debug, Clone, Copy)]
struct Account {
    gateway: &'static str,
    variant: Variant,
    auto_deploy: bool,
    networking: Networking,
    tasks: u32,
}

impl Account {
    const fn fargate(gateway: &'static str, variant: Variant, auto_deploy: bool) -> Self {
        Account { gateway, variant, auto_deploy, networking: FARGATE, tasks: 1 }
    }

    const fn with(self, tasks: u32) -> Self {
        Account { tasks, ..self }
    }

    /// Opens the account, in which the route leads to a task.
    async fn open(self) -> Opened {
        let mut example = self.variant.example();
        example.auto_deploy = self.auto_deploy;
        example.service.desired_count = self.tasks;
        example.service.maximum_percent = 100;
        example.service.task_definition.networking = self.networking;
        // A connection is no call.
        example.world.timing.connect_latency = Duration::ZERO;
        let eden = ByHand::start(&example, stack(&example), |world| self.variant.furnish(world));
        eden.settle().await;
        let task = running(&eden.lab.world())[0].clone();
        let event = eden.event_about(&task);
        let opened = Opened { account: self, eden, event };
        opened.spend(&opened.process()).await;
        // API Gateway takes the next deployment only some time after the last (F5).
        tokio::time::sleep(minutes(1)).await;
        opened
    }
}

/// An account in which the route leads to a task.
struct Opened {
    account: Account,
    eden: ByHand,
    /// Of one of the service's tasks.
    event: Value,
}

/// What a process remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Cold,
    Warm,
}

impl Opened {
    fn process(&self) -> Edge {
        self.eden.process(IP_UPDATER, IP_UPDATER)
    }

    /// A process that has just started, or that has looked before.
    async fn process_with(&self, memory: Memory) -> Edge {
        let process = self.process();
        if memory == Memory::Warm {
            self.spend(&process).await;
        }
        process
    }

    /// Runs ip-updater on the event and tells what that cost.
    async fn spend(&self, process: &Edge) -> Spent {
        let (before, began) = (self.eden.calls_of(IP_UPDATER).len(), self.eden.lab.clock().now());
        let ended = self.eden.update(process, self.event.clone()).await;
        assert!(ended.is_ok(), "{:?}: {ended:?}", self.account);
        Spent { calls: self.eden.calls_of(IP_UPDATER).split_off(before), began }
    }

    async fn unchanged(&self, memory: Memory) -> Spent {
        let process = self.process_with(memory).await;
        self.spend(&process).await
    }

    async fn moved(&self, memory: Memory) -> Spent {
        let process = self.process_with(memory).await;
        self.account.variant.lead_astray(&mut self.eden.lab.world());
        let spent = self.spend(&process).await;
        tokio::time::sleep(minutes(1)).await;
        spent
    }
}

/// What an invocation called.
#[derive(Debug)]
struct Spent {
    calls: Vec<Call>,
    began: Timestamp,
}

/// Round trips and the calls made in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    round_trips: u128,
    calls: usize,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.round_trips, self.calls)
    }
}

impl Spent {
    /// The whole invocation.
    fn in_all(&self) -> Cost {
        self.up_to(|_| true)
    }

    /// Up to and with the first call that changes the route.
    fn to_the_write(&self) -> Cost {
        let first = self.writes().next().expect("a write");
        self.up_to(|call| call.at <= first.at)
    }

    fn writes(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.mutating && call.operation != "PutEvents")
    }

    fn up_to(&self, counts: impl Fn(&&Call) -> bool) -> Cost {
        let counted = || self.calls.iter().filter(&counts);
        let last = counted().map(|call| call.at).max().unwrap_or(self.began);
        let took = Duration::try_from(last.duration_since(self.began)).unwrap();
        assert_eq!(
            took.as_nanos() % ROUND_TRIP.as_nanos(),
            0,
            "something else took time: {took:?}"
        );
        Cost { round_trips: took.as_nanos() / ROUND_TRIP.as_nanos(), calls: counted().count() }
    }

    /// How many calls of an operation were in flight at once, at most.
    fn at_once(&self, operation: &str) -> usize {
        let of = |call: &&Call| call.operation == operation;
        let until = |call: &Call| call.at + ROUND_TRIP;
        let calls = || self.calls.iter().filter(of);
        calls()
            .map(|it| calls().filter(|other| (it.at..until(it)).contains(&other.at)).count())
            .max()
            .unwrap_or(0)
    }

    fn number_of(&self, operation: &str) -> usize {
        self.calls.iter().filter(|call| call.operation == operation).count()
    }
}

const HTTP: Account = Account::fargate("HTTP API", Variant::HttpIntegrations, true);
const ACCOUNTS: [Account; 10] = [
    HTTP,
    HTTP.with(2),
    HTTP.with(99),
    HTTP.with(100),
    HTTP.with(250),
    Account::fargate("HTTP API without `autoDeploy`", Variant::HttpIntegrations, false),
    Account::fargate("REST API", Variant::RestIntegrations, false),
    Account::fargate("stage variable of an HTTP API", Variant::HttpStageVariable, true),
    Account::fargate("stage variable of a REST API", Variant::RestStageVariable, false),
    Account { gateway: "HTTP API, EC2 in bridge mode", networking: BRIDGE, ..HTTP },
];

const HEADINGS: [&str; 8] = [
    "route through",
    "tasks",
    "unchanged, cold",
    "unchanged, warm",
    "to the write, cold",
    "to the write, warm",
    "whole move, cold",
    "whole move, warm",
];

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The table as docs/design.md should have it.
async fn table() -> String {
    let rule = format!("|{}\n", "---|".repeat(HEADINGS.len()));
    let mut lines = vec![row(&HEADINGS.map(str::to_owned)), rule];
    for account in ACCOUNTS {
        let opened = account.open().await;
        let mut cells = vec![account.gateway.to_owned(), account.tasks.to_string()];
        let (mut writes, mut moves) = (Vec::new(), Vec::new());
        for memory in [Memory::Cold, Memory::Warm] {
            let unchanged = opened.unchanged(memory).await;
            assert_eq!(unchanged.writes().count(), 0);
            cells.push(unchanged.in_all().to_string());
            let spent = opened.moved(memory).await;
            writes.push(spent.to_the_write().to_string());
            moves.push(spent.in_all().to_string());
        }
        cells.extend(writes.into_iter().chain(moves));
        lines.push(row(&cells));
    }
    lines.concat()
}

#[tokio::test(start_paused = true)]
async fn the_numbers_are_those_of_the_design() {
    let table = table().await;
    assert!(DESIGN.contains(&table), "docs/design.md should have:\n\n{table}");
}

fn round_trips(spent: &Spent) -> u128 {
    spent.to_the_write().round_trips
}

#[tokio::test(start_paused = true)]
async fn an_event_of_another_service_costs_no_call() {
    let opened = HTTP.open().await;
    let event = sample("ecs-task-other-service");
    let spent = Opened { event, ..opened }.unchanged(Memory::Cold).await;
    assert_eq!(spent.in_all(), Cost { round_trips: 0, calls: 0 });
}

#[tokio::test(start_paused = true)]
async fn one_task_costs_two_round_trips_to_the_write_on_every_kind_of_gateway() {
    for account in ACCOUNTS.into_iter().filter(|it| it.tasks == 1 && it.networking == FARGATE) {
        let opened = account.open().await;
        for memory in [Memory::Cold, Memory::Warm] {
            assert_eq!(round_trips(&opened.moved(memory).await), 2, "{account:?}, {memory:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_number_of_tasks_makes_no_difference_up_to_a_hundred() {
    for tasks in [2, 3, 50, 99, 100] {
        let opened = HTTP.with(tasks).open().await;
        assert_eq!(round_trips(&opened.moved(Memory::Cold).await), 4, "{tasks} tasks");
        assert_eq!(round_trips(&opened.moved(Memory::Warm).await), 2, "{tasks} tasks");
        assert_eq!(opened.unchanged(Memory::Warm).await.in_all().round_trips, 1, "{tasks} tasks");
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_hundredth_task_costs_a_process_that_knows_the_others_one_round_trip() {
    // Given
    let opened = HTTP.with(99).open().await;
    let process = opened.process_with(Memory::Warm).await;
    let known = running(&opened.eden.lab.world());
    // When
    opened.eden.lab.world().set_desired_count(CLUSTER, SERVICE, 100).unwrap();
    tokio::time::sleep(minutes(2)).await;
    let tasks = running(&opened.eden.lab.world());
    let new = tasks.iter().find(|task| !known.contains(task)).unwrap();
    let event = opened.eden.event_about(new);
    let spent = Opened { event, ..opened }.spend(&process).await;
    // Then
    assert_eq!(spent.in_all(), Cost { round_trips: 1, calls: 7 });
}

#[tokio::test(start_paused = true)]
async fn more_tasks_than_a_page_lists_are_read_page_by_page_and_described_by_the_hundred() {
    let opened = HTTP.with(250).open().await;

    let spent = opened.unchanged(Memory::Cold).await;

    assert_eq!(spent.number_of("ListTasks"), 3);
    // The one of the event, then each page without it.
    let described = spent.calls.iter().filter(|call| call.operation == "DescribeTasks");
    let described: Vec<_> = described.map(|call| call.resource.matches("task/").count()).collect();
    assert_eq!((described[0], described.len()), (1, 4), "{described:?}");
    assert_eq!(described.iter().sum::<usize>(), 250, "{described:?}");
    assert!(described.iter().all(|tasks| *tasks <= 100), "{described:?}");
    assert_eq!(spent.number_of("DescribeNetworkInterfaces"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_hinted_at_and_not_answered_for_is_asked_for_again() {
    // Given: the instance is not among the answers, as one that was deregistered is not.
    let opened = Account { networking: BRIDGE, ..HTTP }.open().await;
    let kind = FaultKind::Partial(1);
    let fault = Fault { operation: "DescribeContainerInstances", kind, times: Some(1) };
    opened.eden.lab.world().inject(fault);
    // When
    let spent = opened.unchanged(Memory::Cold).await;
    // Then
    assert_eq!(spent.number_of("DescribeContainerInstances"), 2);
    assert_eq!(spent.number_of("DescribeNetworkInterfaces"), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_four_calls_of_a_kind_are_in_flight_at_once() {
    // Given: more tasks than four calls describe; the lab has no addresses for so many, but ports.
    let opened = Account { networking: BRIDGE, ..HTTP }.with(450).open().await;
    for (memory, describes, at_once) in [(Memory::Cold, 6, 1), (Memory::Warm, 5, 4)] {
        // When
        let spent = opened.unchanged(memory).await;
        // Then: pages that come one after the other are described so, what is remembered at once.
        assert_eq!(spent.number_of("DescribeTasks"), describes);
        assert_eq!(spent.at_once("DescribeTasks"), at_once);
        for call in &spent.calls {
            assert!(spent.at_once(&call.operation) <= 4, "{}", call.operation);
        }
    }
}
