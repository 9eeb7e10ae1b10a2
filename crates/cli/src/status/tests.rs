//! A screen, from facts to text.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anstream::adapter::strip_str;
use eden_core::config::HealthMonitorConfig;
use eden_policy::facts::{
    Alarm, ApiAnswer, Deployment, DeploymentController, Facts, Integration, LastStatus, Observed,
    Pointer, Ports, RolloutState, Route, Scheduling, Service, ServiceStatus, Stop, StopCode,
    Strategy, Task, TaskHealth, TaskNetwork,
};
use eden_policy::mode::ModeTag;
use jiff::Timestamp;
use serde_json::json;

use super::summary::Lately;
use super::text::screen;
use super::view::{Budget, Status};

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn ago(seconds: u64) -> Timestamp {
    now().checked_sub(Duration::from_secs(seconds)).unwrap()
}

fn config() -> HealthMonitorConfig {
    HealthMonitorConfig::read(|name| {
        let value = match name {
            "ECS_CLUSTER" => "prod-eden-cluster",
            "ECS_SERVICE" => "prod-eden-service",
            "API_GATEWAY_URL" => "https://api.example.com",
            "API_GATEWAY_ID" => "a1b2c3d4e5",
            "INTEGRATION_ID" => "int1234,int5678",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}

fn task(number: u8) -> Task {
    Task {
        arn: format!("arn:aws:ecs:us-east-1:123456789012:task/prod-eden-cluster/task{number}"),
        last_status: LastStatus::Running,
        status: "RUNNING".to_owned(),
        wanted: true,
        health: TaskHealth::Healthy,
        unchecked: false,
        created_at: Some(ago(200)),
        started_at: Some(ago(150)),
        stopping_at: None,
        deployment: Some("ecs-svc/1".to_owned()),
        definition: None,
        container_instance: None,
        interface: None,
        connected: true,
        network: TaskNetwork::Interface(format!("eni-{number}")),
        stop: None,
        images: Vec::new(),
        suspect_since: None,
    }
}

fn service() -> Service {
    Service {
        arn: "arn:aws:ecs:us-east-1:123456789012:service/prod-eden-cluster/prod-eden-service"
            .to_owned(),
        status: ServiceStatus::Active,
        desired: 1,
        running: 1,
        pending: 0,
        scheduling: Scheduling::Replica,
        deployments: vec![Deployment {
            id: "ecs-svc/1".to_owned(),
            primary: true,
            rollout: RolloutState::Completed,
            created_at: ago(7_200),
            definition: "arn:aws:ecs:us-east-1:123456789012:task-definition/app:7".to_owned(),
            desired: 1,
        }],
        strategy: Strategy::Rolling,
        bake_time: Duration::ZERO,
        shift: None,
        health_check_grace: Duration::ZERO,
        controller: DeploymentController::Ecs,
        mode: ModeTag::Absent,
        unserved_since: None,
        redeployed_at: vec![ago(1_800), ago(7_200)],
        stopped_at: Vec::new(),
        restored_at: Vec::new(),
        overwritten_at: Vec::new(),
        refused: Vec::new(),
        claim: None,
        seen: None,
        failing: None,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        told: None,
        failed_runs: None,
        reported: None,
        events: Vec::new(),
    }
}

/// One task runs, one that Eden stopped is over, and the second integration leads to nobody.
fn facts() -> Facts {
    let over = Task {
        last_status: LastStatus::Stopping,
        wanted: false,
        stopping_at: Some(ago(600)),
        network: TaskNetwork::Unattached,
        stop: Some(Stop {
            code: StopCode::UserInitiated,
            reason: format!("{}it was sick", Stop::MARK),
            containers: Vec::new(),
        }),
        ..task(2)
    };
    let integration = |uri: &str| {
        let uri = Some(uri.to_owned());
        Observed::Known(Integration::http(uri))
    };
    let pointer = |id: &str| Pointer::Integration(id.to_owned());
    Facts {
        service: Observed::Known(service()),
        route: Some(Route {
            api: "a1b2c3d4e5".to_owned(),
            port: 8000,
            ports: Ports::All,
            endpoints: Observed::Known(BTreeMap::from([(
                task(1).arn,
                "203.0.113.1:8000".parse().unwrap(),
            )])),
            readiness: BTreeMap::new(),
            pointers: vec![
                (pointer("int1234"), integration("http://203.0.113.1:8000/")),
                (pointer("int5678"), integration("http://203.0.113.9:8000/")),
            ],
            owners: Observed::Known(None),
            stages: Observed::Known(Vec::new()),
        }),
        tasks: Observed::Known(vec![over, task(1)]),
        alarm: Observed::Known(Alarm::Ok),
        api: Observed::Known(ApiAnswer::NotAsked),
        answers: BTreeMap::new(),
        requests: Observed::Known(None),
        protected: Observed::Known(BTreeSet::new()),
        definition: Observed::Known(None),
        former: Observed::Known(None),
    }
}

#[test]
fn a_screen_shows_the_service_its_tasks_and_the_route() {
    let report = json!({
        "outcome": "unchanged", "diagnosis": "healthy", "trigger": "Scheduled Event",
        "at": "2026-01-01T11:58:00Z",
    });
    let lately = Lately { report: Some(report), ..Lately::default() };

    let status = Status::of(&config(), &facts(), lately, now());

    assert_eq!(
        strip_str(&screen(&status, 200)).to_string(),
        "prod-eden-service in prod-eden-cluster  2026-01-01T12:00:00Z\n\n\
         service   1 of 1 tasks run\n\
         \x20         app:7 by ecs-svc/1, PRIMARY, COMPLETED, since 2026-01-01T10:00:00Z\n\
         alarm     OK (prod-eden-api-health-alarm)\n\
         healing   on, by the parameter HealingMode\n\
         budget    4 of 6 remedies left this hour\n\
         route     integration int1234 leads to http://203.0.113.1:8000/, task task1\n\
         \x20         integration int5678 leads to http://203.0.113.9:8000/, which is no task of \
         the service\n\
         last run  2m 0s ago: unchanged, healthy (Scheduled Event)\n\n\
         task   status   health   age     address\n\
         task1  running  HEALTHY  2m 30s  203.0.113.1:8000  the gateway leads here\n"
    );
}

#[test]
fn what_could_not_be_read_is_neither_shown_nor_hidden() {
    let unknown = || "DescribeServices failed: AccessDeniedException".to_owned();
    let facts = Facts { service: Observed::Unknown(unknown()), ..facts() };

    let status = Status::of(&config(), &facts, Lately::default(), now());

    assert_eq!(status.unread, [unknown()]);
    assert!(status.counts.is_none() && status.budget.is_none());
    let text = strip_str(&screen(&status, 200)).to_string();
    assert!(text.contains(&format!("not read  {}", unknown())), "{text}");
    assert!(text.contains("healing   observe, by could not read the service"), "{text}");
}

#[test]
fn the_budget_counts_what_eden_did_within_the_hour() {
    let status = Status::of(&config(), &facts(), Lately::default(), now());

    // One deployment half an hour ago and one stop ten minutes ago; the other deployment is older.
    assert_eq!(status.budget, Some(Budget { left: 4, per_hour: 6 }));
}

#[test]
fn the_tag_wins_over_the_parameter() {
    let off = Service { mode: "off".parse().map_or(ModeTag::Absent, ModeTag::Set), ..service() };
    let facts = Facts { service: Observed::Known(off), ..facts() };

    let status = Status::of(&config(), &facts, Lately::default(), now());

    let text = strip_str(&screen(&status, 200)).to_string();
    assert!(text.contains("healing   off, by the tag eden:healing\n"), "{text}");
}
