//! Parking: the route is led away from an address that no task owns any more, which AWS gives to
//! others. As in <https://repost.aws/questions/QUGfvJ9oG1QYeFrmsE6TQqZA>,
//! <https://github.com/domain-protect/domain-protect/pull/117> and
//! <https://pauley.me/post/2022/cloud-squatting/>.

use eden_policy::facts::{
    ApiAnswer, LastStatus, Observed, Pointer, ServiceStatus, Shift, StopCode, Strategy, Task,
    TaskHealth, Traffic,
};
use eden_policy::route::{self, State};
use eden_policy::{Diagnosis, Hold, Limits, Mode, Routing, Step, health};

use crate::fixtures::*;
use crate::scene::*;

const PARKED: &str = "http://parked.invalid:8000/{proxy}";

/// The service wants a task and none runs; the last one died so long ago, and had the route.
fn dead(seconds_ago: u64) -> Scene {
    let scene = scene(vec![task(1).died(seconds_ago)], route_to(1).unaddressed(1));
    scene.service(|service| service.running = 0)
}

/// Scaled to zero on purpose, as at night.
fn scaled_to_zero() -> Scene {
    dead(5).service(|service| service.desired = 0)
}

/// The same an hour after it was parked.
fn parked() -> Scene {
    let scene = scaled_to_zero();
    let plan = scene.plan();
    scene.after(&plan).later(3_600)
}

fn parks(scene: &Scene) -> bool {
    scene.plan().steps.iter().any(|step| matches!(step, Step::Park { .. }))
}

#[test]
fn a_service_that_is_scaled_to_zero_is_parked_at_once_and_that_is_noted() {
    let plan = scaled_to_zero().plan();
    let note = Step::MarkUnserved { service: SERVICE_ARN.to_owned(), since: ago(5), parked: true };
    let park = Step::Park {
        api: "a1b2c3d4e5".to_owned(),
        pointer: integration("int1"),
        from: uri_of(1),
        to: vec![PARKED.to_owned(), "http://192.0.2.1:8000/{proxy}".to_owned()],
        because: "the service is scaled to zero".to_owned(),
    };
    assert_eq!(plan.steps, [note, park]);
    assert_eq!(reasons(&plan), ["no_running_task"]);
    assert_eq!(parked().plan().steps, []);
    assert_eq!(reasons(&parked().plan()), ["parked", "no_running_task"]);
    assert_eq!(parked().decide().state, State::Good);
}

/// The old task of a blue/green deployment died, and the new one may have no traffic yet. ECS's counts
/// need not be of the same moment as its lists.
#[test]
fn nothing_is_parked_while_a_task_runs_that_has_no_traffic_yet() {
    let blue_green = |tasks: Vec<Task>| {
        let scene = scene(tasks, route_to(1).unaddressed(1));
        scene.service(|service| {
            service.running = 0;
            service.strategy = Strategy::BlueGreen;
            service.deployments = rollout_since(900);
            let (traffic, target) = (Traffic::Source, Some(PRIMARY.to_owned()));
            let stage = "POST_SCALE_UP".to_owned();
            service.shift = Some(Observed::Known(Shift { traffic, target, stage }));
        })
    };
    assert!(parks(&blue_green(vec![task(1).old().died(600)])));
    assert!(!parks(&blue_green(vec![task(1).old().died(600), task(2)])));
}

#[test]
fn a_successor_has_two_minutes_before_a_dead_address_is_parked() {
    for scene in [dead(60), dead(119)] {
        let plan = scene.plan();
        assert_eq!(plan.steps, []);
        let until = scene.tasks[0].stopping_at.unwrap().checked_add(jiff::Span::new().minutes(2));
        assert!(plan.holds.contains(&Hold::ParkingNotYet { until: until.unwrap() }));
    }
    // A task on its way is a reason to wait no longer than that: it may never start.
    let mut starting = dead(120);
    starting.tasks.push(task(2).starting());
    for scene in [dead(120), dead(3_000), starting] {
        assert_eq!(written(&scene.plan()), [("int1", PARKED)], "{:?}", scene.tasks);
    }
    // What ECS has forgotten ended more than an hour ago.
    assert!(parks(&scene(vec![], route_to(1)).service(|service| service.desired = 1)));
}

#[test]
fn only_a_task_that_ran_may_have_had_the_address() {
    let mut scene = dead(3_000);
    scene.tasks.extend([task(2).not_started(10), task(3).not_started(70)]);
    assert!(parks(&scene));
}

#[test]
fn nothing_is_parked_while_a_task_owns_the_address_or_any_runs() {
    for (case, tasks, route) in [
        ("drains", vec![task(1).stopping(3_000)], route_to(1).silent(&[1])),
        ("unready", vec![task(1)], route_to(1).silent(&[1])),
        ("unready elsewhere", vec![task(2), task(1).died(3_000)], route_to(1).silent(&[2])),
        ("sick", vec![task(1).health(TaskHealth::Unhealthy)], route_to(1)),
        // It may be reached in a way of its own, such as a load balancer with a fixed address.
        ("no public address", vec![task(2)], route_to(1).unaddressed(2)),
        (
            "in a status of a later ECS",
            vec![Task { last_status: LastStatus::Unknown, ..task(2) }],
            route_to(1),
        ),
    ] {
        let scene = scene(tasks, route).service(|service| service.desired = 1);
        assert!(!parks(&scene), "{case}");
        assert!(!parks(&scene.service(|service| service.desired = 0)), "{case}, scaled to zero");
    }
}

#[test]
fn what_is_not_known_is_no_reason_to_park() {
    let mut no_service = scaled_to_zero();
    no_service.service = None;
    let mut no_addresses = scaled_to_zero();
    no_addresses.route.endpoints = unknown();
    let mut no_integration = scaled_to_zero();
    no_integration.route = no_integration.route.pointers(vec![(integration("int1"), unknown())]);
    let missing = scaled_to_zero().service(|service| service.status = ServiceStatus::Missing);
    let counted = scaled_to_zero().service(|service| service.running = 1);
    for scene in [no_service, no_addresses, no_integration, missing, counted] {
        assert_eq!(scene.plan().steps, [], "{scene:?}");
    }
}

#[test]
fn a_rollout_in_progress_is_no_reason_to_park_until_it_hangs() {
    for (age, parked) in [(60, false), (1_799, false), (1_800, true)] {
        let rolling = dead(1_500).service(|it| it.deployments = rollout_since(age));
        assert_eq!(parks(&rolling), parked, "{age} s");
    }
}

/// <https://github.com/stacklok/toolhive/issues/4877>: somebody deploys again every ten minutes.
#[test]
fn deployments_that_follow_one_another_do_not_keep_the_address_for_ever() {
    for (ended, parked) in [(1_799, false), (1_800, true)] {
        let rolling = dead(ended).service(|it| it.deployments = rollout_since(60));
        assert_eq!(parks(&rolling), parked, "{ended} s");
    }
}

#[test]
fn a_service_that_is_deleted_is_parked_whatever_is_noted_of_its_deployments() {
    for status in [ServiceStatus::Draining, ServiceStatus::Inactive] {
        let scene = dead(5).service(|it| it.status = status).rolling();
        assert!(parks(&scene), "{status:?}");
        let facts = healthy(1).tasks(scene.tasks).route(scene.route);
        let facts = facts.service(|it| (it.status, it.running) = (status, 0));
        let limits = Limits::default();
        let routing = Routing::default();
        let rules = health::Rules { limits: &limits, routing: &routing, mode: Mode::On };
        let finding = health::decide(&facts, rules, now());
        assert_eq!(finding.diagnosis, Diagnosis::NotActive { status });
        assert_eq!(written(&finding.plan), [("int1", PARKED)]);
    }
}

#[test]
fn what_leads_to_a_name_that_people_chose_is_left_alone() {
    for uri in ["https://standby.example.com/{proxy}", "http://${stageVariables.host}/", ""] {
        let mut scene = scaled_to_zero();
        scene.route = scene.route.pointers(vec![(integration("int1"), leading_to(uri))]);
        assert_eq!(scene.plan().steps, [], "{uri}");
    }
}

#[test]
fn parking_can_be_switched_off() {
    for scene in [scaled_to_zero(), dead(600)] {
        let plan = scene.unparked().plan();
        assert_eq!((plan.steps.as_slice(), reasons(&plan)), (&[][..], vec!["no_running_task"]));
    }
}

#[test]
fn the_page_comes_instead_where_there_is_one_and_at_once() {
    let plan = scaled_to_zero().maintenance(3_600).plan();
    let steps = &plan.steps[..];
    assert!(
        matches!(steps, [Step::MarkUnserved { .. }, Step::ShowMaintenance { .. }]),
        "{steps:?}"
    );
    let plan = dead(60).maintenance(3_600).plan();
    assert!(matches!(&plan.steps[..], [Step::MarkUnserved { .. }]), "not yet: {:?}", plan.steps);
}

#[test]
fn a_task_that_runs_gets_the_route_back_byte_for_byte_whether_it_answers_or_not() {
    for silent in [0, 2] {
        let mut scene = parked();
        scene.tasks.push(task(2).started(1));
        scene.route = scene.route.silent(&[silent]);
        let scene = scene.service(|service| service.desired = 1);
        let plan = scene.plan();
        assert_eq!(written(&plan), [("int1", &*uri_of(2))]);
        assert_eq!(unready(&plan).is_empty(), silent == 0);
        assert_eq!(scene.decide().state, State::Stale);
        assert_eq!(scene.after(&plan).plan().steps, []);
    }
}

#[test]
fn the_end_is_noted_when_a_task_has_served_for_two_minutes() {
    let back = |age| {
        let mut scene = parked();
        scene.now = now();
        scene.tasks.push(task(2).started(age));
        scene.route = scene.route.pointers(vec![(integration("int1"), leading_to_task(2))]);
        scene.service(|service| service.desired = 1)
    };
    assert_eq!(back(119).plan().steps, []);
    let end = Step::ClearUnserved { service: SERVICE_ARN.to_owned(), since: ago(5), told: true };
    assert_eq!(back(120).plan().steps, [end]);
    assert_eq!(back(120).unparked().plan().steps, [], "it may not be allowed to any more");
}

#[test]
fn in_a_crash_loop_people_are_told_of_the_first_time_only() {
    let told = |scene: &Scene| {
        let steps = scene.plan().steps;
        steps.iter().any(Step::is_about_parking)
    };
    assert!(told(&dead(600)));
    let again = dead(600).unserved(4_000);
    assert!(parks(&again) && !told(&again));
    assert!(again.plan().steps.iter().all(Step::is_a_note));
}

#[test]
fn a_stage_variable_is_parked_in_its_form_and_finds_back() {
    for (value, parked, back) in [
        ("203.0.113.1:8000", "192.0.2.1:8000", "203.0.113.2:8000"),
        ("203.0.113.1", "192.0.2.1", "203.0.113.2"),
        (
            "http://203.0.113.1:8000/v1",
            "http://parked.invalid:8000/v1",
            "http://203.0.113.2:8000/v1",
        ),
    ] {
        let mut scene = scaled_to_zero();
        let pointer = stage_variable("prod", "backend");
        scene.route = scene.route.pointers(vec![(pointer, leading_to(value))]);
        let plan = scene.plan();
        assert_eq!(written(&plan), [("backend", parked)]);
        let mut later = scene.after(&plan).service(|service| service.desired = 1);
        assert_eq!(written(&later.plan()), []);
        later.tasks.push(task(2).started(1));
        assert_eq!(written(&later.plan()), [("backend", back)]);
    }
}

#[test]
fn a_stage_without_auto_deploy_shows_what_was_parked() {
    let mut scene = scaled_to_zero();
    scene.route =
        scene.route.stage(manual_stage(Some("Eden: route of int1 to 203.0.113.1:8000"), 900));
    let plan = scene.plan();
    assert_eq!(deployed(&plan), [("prod", "Eden: route of int1 to nobody")]);
    // The deployment is owed if the invocation ended before it.
    let mut half = plan.clone();
    half.steps.retain(|step| !matches!(step, Step::DeployStage { .. }));
    let owing = scene.clone().after(&half);
    assert_eq!(deployed(&owing.plan()), [("prod", "Eden: route of int1 to nobody")]);
    assert_eq!(scene.after(&plan).plan().steps, []);
}

#[test]
fn while_parked_neither_the_alarm_nor_the_api_speak_of_the_service() {
    use eden_policy::evidence::Evidence;
    let scene = parked();
    let mut facts = failing(1).tasks(vec![task(2)]).route(scene.route.unaddressed(2));
    facts = facts.service(|service| service.unserved_since = Some(ago(5)));
    facts.api = Observed::Known(bad());
    let (limits, routing) = (Limits::default(), Routing::default());
    let rules = health::Rules { limits: &limits, routing: &routing, mode: Mode::On };
    let finding = health::decide(&facts, rules, now());
    assert_eq!(finding.diagnosis, Diagnosis::Unknown, "and not sick");
    assert_eq!(finding.plan.steps, []);
    assert!(finding.evidence.contains(&Evidence::Parked), "{:?}", finding.evidence);
}

#[test]
fn whoever_removes_eden_parks_all_that_leads_to_an_address() {
    let pointers: Vec<(Pointer, _)> = vec![
        (integration("int1"), leading_to_task(1)),
        (integration("int2"), leading_to("https://standby.example.com/")),
        (integration("int3"), leading_to(PARKED)),
    ];
    let scene = scene(vec![task(1)], route_to(1).pointers(pointers));
    let plan = route::park_all(&scene.view(), "Eden is removed");
    assert_eq!(written(&plan), [("int1", PARKED)]);
}

/// A task that others stopped counts like one that died.
#[test]
fn the_last_end_counts_whatever_it_was() {
    let stopped = task(1).stopped(60, StopCode::UserInitiated, "Task stopped by user");
    let mut scene = dead(3_000);
    scene.tasks.push(Task { arn: task_arn(4), ..stopped });
    assert!(!parks(&scene));
}

/// The same scene with the route at the address that an interface of this account has.
fn owned(scene: Scene) -> Scene {
    let mut scene = scene;
    let owner = "the network interface eni-1 (arn:aws:ecs:us-east-1:1:attachment/2)".to_owned();
    scene.route.owners = Observed::Known(Some([("203.0.113.1".parse().unwrap(), owner)].into()));
    scene
}

/// A fresh reader's case: at night people lead the route to a standby with an Elastic IP address, or
/// a service was renamed and its successor has the route by now. Parking would end what works.
#[test]
fn an_address_that_this_account_has_is_left_alone_and_why_is_said() {
    for scene in [
        scaled_to_zero(),
        dead(600),
        scaled_to_zero().maintenance(60),
        dead(600).service(|service| service.status = ServiceStatus::Draining),
        dead(600).service(|service| service.status = ServiceStatus::Inactive),
    ] {
        let changes = |step: &&Step| {
            matches!(step, Step::Park { .. } | Step::ShowMaintenance { .. })
                || matches!(step, Step::MarkUnserved { parked: true, .. })
        };
        assert!(scene.plan().steps.iter().any(|it| changes(&it)), "it would be parked");
        let plan = owned(scene).plan();
        assert_eq!(plan.steps.iter().filter(changes).count(), 0, "{plan:?}");
        let hold = plan.holds.iter().find(|hold| hold.reason() == "address_in_use").unwrap();
        assert!(hold.to_string().contains("203.0.113.1, which no task owns but the network"));
    }
}

/// The same with a page: a standby that answers is not replaced by it, and one that does not is.
#[test]
fn the_page_does_not_come_over_a_standby_that_answers() {
    for (api, shown) in [(GOOD, 0), (ApiAnswer::Bad("503".to_owned()), 1)] {
        let scene = owned(dead(600)).maintenance(60);
        let scene = scene.service(|service| service.unserved_since = Some(ago(300)));
        let scene = Scene { api: Some(api), ..scene };
        let pages = |step: &&Step| matches!(step, Step::ShowMaintenance { .. });
        assert_eq!(scene.plan().steps.iter().filter(pages).count(), shown);
    }
}

#[test]
fn of_two_integrations_the_one_at_nobodys_address_is_parked() {
    let mut scene = owned(scaled_to_zero());
    scene.route.pointers.push((integration("int2"), leading_to(&uri_of(2))));
    scene.route = scene.route.unaddressed(2);
    let plan = scene.plan();
    let parked = |step: &Step| match step {
        Step::Park { pointer, .. } => Some(pointer.to_string()),
        _ => None,
    };
    assert_eq!(plan.steps.iter().filter_map(parked).collect::<Vec<_>>(), ["integration int2"]);
}

#[test]
fn as_long_as_nobody_knows_whose_the_address_is_nothing_is_parked() {
    let asked = |owners| {
        let mut scene = scaled_to_zero();
        scene.route.owners = owners;
        let plan = scene.plan();
        assert!(!parks(&scene));
        reasons(&plan).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(asked(Observed::Known(None)).contains(&"owners_to_be_asked".to_owned()));
    let failed = asked(Observed::Unknown("DescribeNetworkInterfaces failed".to_owned()));
    assert!(failed.contains(&"fact_unknown".to_owned()));
}

/// A fresh reader's case: the look that restores the count expects a task, so that parking and the way
/// back would be two needless rounds of writes, and of deployments of a REST API's stage.
#[test]
fn a_count_that_is_restored_is_not_parked_in_the_same_look() {
    let limits = Limits { min_desired_count: 1, ..Limits::default() };
    let facts = healthy(0).route(route_to(1).unaddressed(1));
    let routing = Routing { parking: true, ..Routing::default() };
    let rules = health::Rules { limits: &limits, routing: &routing, mode: Mode::On };
    let finding = health::decide(&facts, rules, now());
    assert!(matches!(finding.diagnosis, Diagnosis::BelowFloor { .. }));
    let [Step::RestoreDesiredCount { .. }] = &finding.plan.steps[..] else {
        panic!("{:?}", finding.plan.steps)
    };
    // Given: nobody may raise it.
    let limits = Limits { min_desired_count: 0, ..Limits::default() };
    let rules = health::Rules { limits: &limits, routing: &routing, mode: Mode::On };
    let finding = health::decide(&facts, rules, now());
    assert!(finding.plan.steps.iter().any(Step::parks));
}
