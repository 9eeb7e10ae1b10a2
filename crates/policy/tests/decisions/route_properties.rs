//! What holds for every decision about the route, not only for the ones in the tables.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use eden_policy::facts::{
    Integration, IntegrationKind, LastStatus, Observed, Pointer, Readiness, Service, ServiceStatus,
    Side, Task, TaskHealth,
};
use eden_policy::route::Lead;
use eden_policy::{Plan, Step, route, uri};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::any::*;
use crate::fixtures::*;
use crate::scene::*;

/// The task that a step leads a pointer to, with the place in words and why it is not ready.
fn led_to(step: &Step) -> Option<(&str, &str, Option<&str>)> {
    match step {
        Step::PointIntegration { task, to, unready, .. }
        | Step::SetStageVariable { task, to, unready, .. } => {
            Some((&**task, &**to, unready.as_deref()))
        }
        Step::ShowMaintenance { .. }
        | Step::Park { .. }
        | Step::DeployStage { .. }
        | Step::MarkUnserved { .. }
        | Step::ClearUnserved { .. }
        | Step::MarkOverwritten { .. }
        | Step::RestoreDesiredCount { .. }
        | Step::MarkSuspect { .. }
        | Step::ClearSuspect { .. }
        | Step::MarkCondition { .. }
        | Step::ClearCondition { .. }
        | Step::MarkFailing { .. }
        | Step::ClearFailing { .. }
        | Step::StopTask { .. }
        | Step::ForceDeployment { .. }
        | Step::RollBack { .. } => None,
    }
}

fn endpoint_of(scene: &Scene, task: &Task) -> Option<SocketAddr> {
    scene.route.endpoints.known()?.get(&task.arn).copied()
}

fn readiness_of<'a>(scene: &'a Scene, task: &Task) -> Option<&'a Readiness> {
    scene.route.readiness.get(&endpoint_of(scene, task)?)
}

/// Whether a task's deployment may have no production traffic yet.
fn is_withheld(scene: &Scene, task: &Task) -> bool {
    scene.service.as_ref().is_some_and(|service| service.side_of(task) == Side::Withheld)
}

/// Whether a task runs, has an address, is not sick, may have the traffic, and answered or need not.
fn is_ready(scene: &Scene, task: &Task) -> bool {
    let answers = !scene.routing.probing || readiness_of(scene, task) == Some(&Readiness::Ready);
    task.runs()
        && task.health != TaskHealth::Unhealthy
        && endpoint_of(scene, task).is_some()
        && !is_withheld(scene, task)
        && answers
}

fn is_about_the_note(step: &Step) -> bool {
    matches!(step, Step::MarkUnserved { .. } | Step::ClearUnserved { .. })
}

fn marks(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::MarkUnserved { .. }))
}

fn shows(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::ShowMaintenance { .. }))
}

fn parks(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::Park { .. }))
}

/// Whether ECS is done with the service.
fn is_over(service: &Service) -> bool {
    matches!(service.status, ServiceStatus::Draining | ServiceStatus::Inactive)
}

/// Whether a deployment has been in progress for less than half an hour.
fn is_rolling_lately(scene: &Scene) -> bool {
    let rolling = scene.service.as_ref().and_then(|service| service.rolling());
    // Deployments that follow one another are not waited for for ever.
    let ran = scene.tasks.iter().filter(|task| !task.runs() && task.started_at.is_some());
    let ended = ran.filter_map(|task| task.stopping_at).max();
    let lately = |at: jiff::Timestamp| at > ago(1_800);
    rolling.is_some_and(|it| lately(it.created_at)) && ended.is_none_or(lately)
}

proptest! {
    #[test]
    fn the_gateway_is_only_led_to_the_address_of_a_task_that_runs(scene in any_scene()) {
        for (id, to, _) in scene.plan().steps.iter().filter_map(led_to) {
            let task = scene.tasks.iter().find(|task| task.id() == id).unwrap();
            prop_assert!(task.runs());
            let endpoint = endpoint_of(&scene, task).unwrap();
            prop_assert!(to.contains(&endpoint.ip().to_string()), "{to}");
        }
    }

    #[test]
    fn the_gateway_is_never_led_to_an_unready_task_while_one_is_ready(scene in any_scene()) {
        let somebody_is_ready = scene.tasks.iter().any(|task| is_ready(&scene, task));
        for (id, _, unready) in scene.plan().steps.iter().filter_map(led_to) {
            let task = scene.tasks.iter().find(|task| task.id() == id).unwrap();
            // Where none is ready, one that answers whatever it says is as good.
            let unclear = matches!(readiness_of(&scene, task), Some(Readiness::Unclear(_) | Readiness::Limited(_)));
            let answers = is_ready(&scene, task) || (unclear && !somebody_is_ready);
            prop_assert!(unready.is_some() || answers);
            prop_assert_eq!(is_ready(&scene, task), somebody_is_ready);
        }
    }

    #[test]
    fn all_that_is_moved_to_a_task_is_moved_to_the_same_one(scene in any_scene()) {
        let plan = scene.plan();
        let tasks: BTreeSet<_> = plan.steps.iter().filter_map(led_to).map(|(id, ..)| id).collect();
        prop_assert!(tasks.len() <= 1);
        prop_assert!(tasks.is_empty() || !shows(&plan));
        let pointers: Vec<_> = written(&plan).into_iter().map(|(pointer, _)| pointer).collect();
        let once: BTreeSet<_> = pointers.iter().collect();
        prop_assert_eq!(once.len(), pointers.len(), "each is written once");
    }

    #[test]
    fn the_order_in_which_aws_lists_tasks_decides_nothing((scene, shuffled) in any_scene_shuffled()) {
        prop_assert_eq!(scene.decide(), shuffled.decide());
        prop_assert_eq!(scene.asks(), shuffled.asks());
    }

    /// At the same moment there is nothing left to do. Later the page may come due, or parking, or
    /// the end of the latter.
    #[test]
    fn once_carried_out_the_route_needs_nothing_more(scene in any_scene_asked()) {
        let plan = scene.plan();
        let after = scene.after(&plan);
        prop_assert_eq!(after.asks(), []);
        prop_assert_eq!(after.plan().steps, []);
        let later = after.later(3_600);
        let plan = later.plan();
        // Nor is the route left to somebody else for ever.
        let notes = later.service.as_ref().map_or(&[][..], |it| &it.overwritten_at);
        for step in &plan.steps {
            let is_tried_again = !notes.is_empty()
                && (led_to(step).is_some() || matches!(step, Step::MarkOverwritten { .. }));
            let due = is_tried_again || matches!(step, Step::ShowMaintenance { .. } | Step::DeployStage { .. })
                || matches!(step, Step::Park { .. })
                || is_about_the_note(step);
            prop_assert!(due, "{:?}", step);
        }
        prop_assert_eq!(later.after(&plan).plan().steps, []);
    }

    #[test]
    fn no_step_rests_on_an_unknown_fact(scene in any_scene()) {
        let plan = scene.plan();
        if scene.route.endpoints.known().is_none() {
            prop_assert_eq!(&plan.steps, &[]);
        }
        if scene.service.is_none() {
            prop_assert!(!plan.steps.iter().any(is_about_the_note) && !shows(&plan));
        }
        if scene.route.stages.known().is_none() {
            prop_assert_eq!(deployed(&plan), []);
        }
        for (name, _) in written(&plan) {
            let (_, read) = scene.route.pointers.iter().find(|(pointer, _)| match pointer {
                Pointer::Integration(id) => id == name,
                Pointer::StageVariable { name: variable, .. } => variable == name,
            }).unwrap();
            prop_assert!(read.known().is_some_and(|it| it.kind == IntegrationKind::Http));
        }
    }

    #[test]
    fn the_page_and_its_note_are_for_a_time_in_which_nobody_serves(scene in any_scene()) {
        let plan = scene.plan();
        let view = scene.view();
        let mut pointers = scene.route.pointers.iter();
        let is_parked = pointers.any(|(pointer, read)| {
            let http = read.known().filter(|it| it.kind == IntegrationKind::Http);
            http.is_some_and(|it| view.lead(pointer, it) == Lead::Parked)
        });
        let none_runs = !scene.tasks.iter().any(Task::runs);
        let for_parking = is_parked || scene.routing.parking && none_runs;
        if (marks(&plan) || shows(&plan)) && !for_parking {
            let service = scene.service.as_ref().unwrap();
            let page = scene.routing.maintenance.as_ref().unwrap();
            prop_assert!(service.rolling().is_none());
            prop_assert!(!scene.tasks.iter().any(|task| is_ready(&scene, task)));
            // Whoever could be ready was asked, and could be reached.
            for task in scene.tasks.iter().filter(|task| !is_withheld(&scene, task)) {
                if task.runs() && task.health != TaskHealth::Unhealthy
                    && endpoint_of(&scene, task).is_some()
                {
                    prop_assert!(matches!(readiness_of(&scene, task), Some(Readiness::NotReady(..))));
                }
            }
            let due = service.unserved_since.map(|since| since.checked_add(page.after).unwrap());
            prop_assert!(!shows(&plan) || due.is_some_and(|due| due <= scene.now));
            prop_assert_eq!(marks(&plan), service.unserved_since.is_none());
        }
    }

    #[test]
    fn the_route_is_never_led_to_a_task_that_may_have_no_traffic_yet(scene in any_scene_asked()) {
        let plan = scene.plan();
        let withheld = |id: &str| scene.tasks.iter().any(|it| it.id() == id && is_withheld(&scene, it));
        for (task, ..) in plan.steps.iter().filter_map(led_to) {
            prop_assert!(!withheld(task), "{task}");
        }
    }

    #[test]
    fn nothing_is_parked_that_a_task_owns_or_could_take_over(scene in any_scene()) {
        let plan = scene.plan();
        if parks(&plan) {
            let service = scene.service.as_ref().unwrap();
            prop_assert!(scene.routing.parking);
            prop_assert!(!scene.tasks.iter().any(Task::runs));
            prop_assert!(is_over(service) || !is_rolling_lately(&scene));
            for step in &plan.steps {
                let Step::Park { from, to, .. } = step else { continue };
                let owned = scene.tasks.iter().filter_map(|task| endpoint_of(&scene, task));
                let owned: Vec<_> = owned.map(|at| at.ip().to_string()).collect();
                prop_assert!(!owned.iter().any(|ip| from.contains(ip)), "{}", from);
                prop_assert!(!to.is_empty() && !to.contains(from));
            }
        }
    }

    /// The same from the other side: no address of no task is kept for longer than that.
    #[test]
    fn no_address_stays_that_no_task_owns(scene in any_scene()) {
        let Some(service) = &scene.service else { return Ok(()) };
        let known = scene.route.endpoints.known().is_some() && scene.routing.parking;
        let uncertain = |task: &Task| {
            task.last_status == LastStatus::Unknown || task.wanted && task.last_status == LastStatus::Running
        };
        let view = scene.view();
        let leads_to_a_task = scene.route.pointers.iter().any(|(pointer, read)| {
            let http = read.known().filter(|it| it.kind == IntegrationKind::Http);
            http.is_some_and(|it| matches!(view.lead(pointer, it), Lead::Task(..)))
        });
        let missing = matches!(service.status, ServiceStatus::Missing | ServiceStatus::Unknown)
            || leads_to_a_task
            || service.running > 0;
        let waits = scene.tasks.iter().any(uncertain) || missing || is_rolling_lately(&scene);
        let lately = scene.tasks.iter().filter(|it| it.started_at.is_some());
        let lately = lately.filter_map(|it| it.stopping_at).any(|at| at > ago(120));
        // What another of the account has is left there.
        let nobodys_else = scene.route.owners == Observed::Known(Some([].into()));
        if !known || waits || lately || !nobodys_else {
            return Ok(());
        }
        let after = scene.clone().after(&scene.plan());
        let owned: Vec<_> = scene.tasks.iter().filter_map(|it| endpoint_of(&scene, it)).collect();
        for (pointer, read) in &after.route.pointers {
            let Some(Integration { kind: IntegrationKind::Http, uri: Some(uri), .. }) = read.known() else {
                continue;
            };
            let at = match pointer {
                Pointer::Integration(_) => uri::endpoint(uri),
                Pointer::StageVariable { .. } => uri::endpoint_of_value(uri, PORT),
            };
            let nobodys = uri::is_parked(uri) || uri::is_parked_value(uri);
            prop_assert!(nobodys || at.is_none_or(|at| owned.contains(&at)), "{}", uri);
        }
    }

    #[test]
    fn asking_ends_and_asks_nobody_twice(scene in any_scene(), answers in any_answers()) {
        // Given: the same, but knowing what everybody would answer.
        let (mut scene, mut knowing) = (scene.clone(), scene);
        if knowing.routing.probing {
            let asked = std::mem::replace(&mut knowing.route.readiness, answers.clone());
            knowing.route.readiness.extend(asked);
        }
        // When: a task is asked in one of the rounds, or the target that drains in one more.
        for _ in 0..=scene.tasks.len() {
            let asks = scene.asks();
            prop_assert!(asks.len() <= 8);
            for at in asks {
                let before = scene.route.readiness.insert(at, answers[&at].clone());
                prop_assert_eq!(before, None, "{} was asked twice", at);
            }
        }
        // Then: nothing is left to ask, and asking more would not have changed where it leads.
        prop_assert_eq!(scene.asks(), []);
        let (asked, all_knowing) = (scene.plan(), knowing.plan());
        prop_assert_eq!(written(&asked), written(&all_knowing));
    }

    #[test]
    fn a_target_that_is_ready_is_left_only_for_a_ready_task_of_the_primary_deployment(
        scene in any_scene(),
        target in 1u8..4,
    ) {
        let mut scene = scene;
        // Which of two deployments side by side has the traffic is another property's, and a task of
        // which ECS does not hear comes after all others.
        let apart = scene.service.as_ref().is_some_and(|it| it.sides().is_some());
        if apart || scene.tasks.iter().any(|it| !it.connected) {
            return Ok(());
        }
        scene.route = scene.route.pointers(vec![(integration("int1"), leading_to_task(target))]);
        let ready = |at: &&Task| is_ready(&scene, at);
        let there = |task: &&Task| endpoint_of(&scene, task) == Some(endpoint(target));
        let Some(target) = scene.tasks.iter().filter(ready).find(there) else { return Ok(()) };
        let primary = |task: &&Task| {
            scene.service.is_some() && task.deployment.as_deref() == Some(PRIMARY)
        };
        let plan = scene.plan();
        let is_left = !primary(&target) && scene.tasks.iter().filter(ready).any(|it| primary(&it));
        prop_assert_eq!(!written(&plan).is_empty(), is_left);
        prop_assert!(!marks(&plan) && !shows(&plan));
        // Where it is not left there is nothing to write, but a deployment or a note that is owed.
        let manual = scene.route.stages.known().is_some_and(|stages| {
            stages.iter().any(|stage| !stage.auto_deploy)
        });
        let noted = scene.service.as_ref().is_some_and(|it| it.unserved_since.is_some());
        prop_assert!(is_left || manual || noted || plan.steps.is_empty());
    }

    #[test]
    fn every_task_is_either_fit_or_rejected_and_never_twice(scene in any_scene()) {
        let plan = scene.plan();
        let rejected: Vec<_> = plan.rejected.iter().map(|it| it.task.as_str()).collect();
        let once: BTreeSet<_> = rejected.iter().collect();
        prop_assert_eq!(once.len(), rejected.len());
        for task in scene.tasks.iter().filter(|task| is_ready(&scene, task)) {
            prop_assert!(!rejected.contains(&task.id()));
        }
        if scene.route.endpoints.known().is_some() {
            for task in scene.tasks.iter().filter(|it| it.runs() && !is_ready(&scene, it)) {
                let unasked = readiness_of(&scene, task).is_none()
                    && endpoint_of(&scene, task).is_some()
                    && task.health != TaskHealth::Unhealthy;
                prop_assert!(unasked || rejected.contains(&task.id()), "{}", task.id());
            }
        }
    }
}

/// The properties would hold of facts that ask for nothing: these do ask for everything.
#[test]
fn the_facts_that_are_drawn_lead_to_every_kind_of_step_and_hold() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..1_000 {
        let scene = any_scene().new_tree(&mut runner).unwrap().current();
        let plan = route::decide(&scene.view()).plan;
        seen.extend(plan.holds.iter().map(eden_policy::Hold::reason));
        seen.extend(plan.steps.iter().map(|step| match step {
            Step::PointIntegration { unready: None, .. } => "moved",
            Step::PointIntegration { unready: Some(_), .. } => "moved to an unready task",
            Step::SetStageVariable { .. } => "set",
            Step::ShowMaintenance { .. } => "shown",
            Step::Park { .. } => "parked",
            Step::DeployStage { .. } => "deployed",
            Step::MarkUnserved { .. } => "marked",
            Step::ClearUnserved { .. } => "cleared",
            Step::MarkOverwritten { .. } => "noted as overwritten",
            Step::RestoreDesiredCount { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::StopTask { .. }
            | Step::ForceDeployment { .. }
            | Step::RollBack { .. } => panic!("a route is not repaired by {step:?}"),
        }));
        if let Observed::Known(_) = scene.route.endpoints {
            seen.extend((!scene.asks().is_empty()).then_some("asked"));
        }
    }
    for expected in [
        "moved",
        "moved to an unready task",
        "set",
        "shown",
        "deployed",
        "marked",
        "cleared",
        "asked",
        "already_routed",
        "no_better_task",
        "awaiting_ready",
        "no_running_task",
        "no_address",
        "value_not_allowed",
        "in_maintenance",
        "readiness_unknown",
        "maintenance_not_yet",
        "rolling_not_maintained",
        "parked",
        "parking_not_yet",
        "not_an_http_integration",
        "route_contested",
        "noted as overwritten",
        "fact_unknown",
    ] {
        assert!(seen.contains(expected), "never {expected}: {seen:?}");
    }
}
