//! Stages that do not deploy by themselves: when they get a deployment, and what is noted on it.

use eden_policy::facts::{
    ApiAnswer, Observed, Obstacle, Route, Serves, Stage, StageDeployment, Task,
};
use eden_policy::plan::Fact;
use eden_policy::route::State;
use eden_policy::{Hold, Step};

use crate::fixtures::*;
use crate::scene::*;

const NOTE: &str = "Eden: route of int1 to 203.0.113.1:8000";

/// Task 1 runs and is ready, the route leads to it, and the stage needs deployments.
fn led_there(stage: Stage) -> Scene {
    scene(vec![task(1)], route_to(1).stage(stage))
}

#[test]
fn a_move_is_followed_by_one_deployment_of_each_stage_that_does_not_deploy_itself() {
    let mut route = route_to(9);
    let named = |name: &str, auto_deploy| Stage {
        name: name.to_owned(),
        auto_deploy,
        ..manual_stage(Some("by hand"), 1)
    };
    route.stages =
        Observed::Known(vec![named("$default", true), named("dev", false), named("prod", false)]);
    route.pointers.push((integration("int2"), leading_to_task(9)));
    let scene = scene(vec![task(1)], route);
    let plan = scene.plan();
    assert!(
        matches!(
            &plan.steps[..],
            [
                Step::PointIntegration { .. },
                Step::PointIntegration { .. },
                Step::DeployStage { .. },
                Step::DeployStage { .. }
            ]
        ),
        "{plan:?}"
    );
    let note = "Eden: route of int1,int2 to 203.0.113.1:8000";
    assert_eq!(deployed(&plan), [("dev", note), ("prod", note)]);
    assert_eq!(scene.after(&plan).plan().steps, []);
}

#[test]
fn a_stage_that_deploys_itself_never_gets_one() {
    for stage in [
        manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 60),
        manual_stage(None, 7_200),
    ] {
        let stage = Stage { auto_deploy: true, ..stage };
        assert_eq!(led_there(stage.clone()).plan().steps, []);
        let moved = scene(vec![task(1)], route_to(9).stage(stage)).plan();
        assert_eq!(deployed(&moved), []);
    }
}

#[test]
fn somebodys_deployment_is_not_believed_when_the_api_fails_while_the_task_answers() {
    for (description, api, owed) in [
        (Some("by hand"), Some(bad()), true),
        (None, Some(bad()), true),
        (Some("by hand"), Some(GOOD), false),
        (Some("by hand"), Some(ApiAnswer::Unclear { status: 404 }), false),
        (Some("by hand"), None, false),
        // Eden's own is what it says: another would show the same, and so again at each look.
        (Some(NOTE), Some(bad()), false),
    ] {
        let scene = Scene { api: api.clone(), ..led_there(manual_stage(description, 60)) };
        let decision = scene.decide();
        assert_eq!(!deployed(&decision.plan).is_empty(), owed, "{description:?}, {api:?}");
    }
    // Nor is the deployment at fault when the task does not answer either.
    let silent = scene(vec![task(1)], route_to(1).stage(manual_stage(None, 60)).silent(&[1]));
    let silent = Scene { api: Some(bad()), ..silent };
    assert_eq!(deployed(&silent.plan()), []);
}

/// A fresh reader's case: two Edens behind one REST API, whose authorizer fails. Each would repeat the
/// other's deployment at each look, for ever, and nobody would hear what is wrong.
#[test]
fn two_edens_behind_one_api_do_not_repeat_each_others_deployments() {
    let others = "Eden: route of int9 to 198.51.100.7:8000";
    let scene = Scene { api: Some(bad()), ..led_there(manual_stage(Some(others), 60)) };
    assert_eq!(deployed(&scene.plan()), []);
    assert_eq!(scene.decide().state, State::Good);
}

#[test]
fn a_deployment_that_an_earlier_run_owed_is_made_up_for() {
    for (description, seconds_ago, owed) in [
        (Some(NOTE), 60, false),
        // Eden's own is believed, however old it is: the address is what counts.
        (Some(NOTE), 7_200, false),
        // The update was made, the deployment was not: the stage still serves the last target.
        (Some("Eden: route of int1 to 203.0.113.9:8000"), 60, true),
        (Some("Eden: route of int1 to the maintenance page"), 60, true),
        // Somebody's deployment from before the task started cannot lead to it...
        (Some("by hand"), 3_601, true),
        (None, 3_601, true),
        // ... and one from after it may.
        (Some("by hand"), 3_600, false),
        (None, 60, false),
    ] {
        let scene = led_there(manual_stage(description, seconds_ago));
        let decision = scene.decide();
        assert_eq!(!deployed(&decision.plan).is_empty(), owed, "{description:?}, {seconds_ago} s");
        let state = if owed { State::Stale } else { State::Good };
        assert_eq!(decision.state, state, "{description:?}, {seconds_ago} s");
        assert_eq!(scene.after(&decision.plan).plan().steps, [], "{description:?}");
    }
}

/// Source: review of the code against AWS, A8: nobody has asked for what such a stage would show.
#[test]
fn a_manual_stage_that_was_never_deployed_gets_a_deployment_only_when_it_is_named() {
    for route in [route_to(1), route_to(9)] {
        for named in [true, false] {
            let stage = Stage { named, serves: Serves::Nothing, ..manual_stage(None, 0) };
            let plan = scene(vec![task(1)], route.clone().stage(stage)).plan();
            let told = Hold::StageNeverDeployed { stage: "prod".to_owned() };
            assert_eq!(!deployed(&plan).is_empty(), named);
            assert_eq!(plan.holds.contains(&told), !named);
        }
    }
}

/// Source: review of the code against AWS, A8: an authorizer answers 401, and half-done changes are
/// published.
#[test]
fn an_answer_to_the_question_is_no_reason_to_deploy_over_what_people_deployed() {
    for (answer, owed) in [
        (ApiAnswer::Unclear { status: 401 }, false),
        (ApiAnswer::Unclear { status: 404 }, false),
        (ApiAnswer::Bad("500".to_owned()), true),
        (ApiAnswer::Bad("503".to_owned()), true),
        (ApiAnswer::Bad("nothing: nothing within 5s".to_owned()), true),
    ] {
        let scene =
            Scene { api: Some(answer.clone()), ..led_there(manual_stage(Some("by hand"), 60)) };
        assert_eq!(!deployed(&scene.plan()).is_empty(), owed, "{answer:?}");
    }
}

/// Source: https://github.com/serverless/serverless/issues/11518
#[test]
fn a_stage_with_a_canary_is_not_deployed_and_people_hear_of_it_before_it_matters() {
    let with_canary = |route: Route, shows: Serves| {
        let stage = Stage { serves: shows, ..hindered(Obstacle::Canary) };
        scene(vec![task(1)], route.stage(stage)).decide()
    };
    let dead = || serving(Some("Eden: route of int1 to 203.0.113.9:8000"), ago(60));
    for (route, shows, due, state) in [
        (route_to(1), serving(Some(NOTE), ago(60)), false, State::Good),
        (route_to(1), dead(), true, State::NotShown),
        // The integration moves, so that the next deployment of people shows the right address.
        (route_to(9), dead(), true, State::Stale),
    ] {
        let decision = with_canary(route, shows);
        assert_eq!(deployed(&decision.plan), []);
        let told = Hold::StageHasCanary { stage: "prod".to_owned(), due };
        assert!(decision.plan.holds.contains(&told), "{:?}", decision.plan.holds);
        assert_eq!(decision.state, state);
    }
}

/// Source: state files in public repositories that show `lastDeploymentStatusMessage`.
#[test]
fn a_stage_whose_automatic_deployment_failed_is_not_called_right() {
    let because = "Deployment attempt failed: no valid routes exist in this API";
    let obstacle = Obstacle::DeploymentFailed(because.to_owned());
    let stage = Stage { auto_deploy: true, ..hindered(obstacle) };
    let decision = led_there(stage.clone()).decide();
    assert_eq!((decision.plan.steps.as_slice(), decision.state), (&[][..], State::NotShown));
    let words: Vec<_> = decision.plan.holds.iter().map(ToString::to_string).collect();
    assert!(words.iter().any(|it| it.contains(because)), "{words:?}");
    // Where the API answers well, what could not be deployed is something else; it is told all the same.
    let serving = Scene { api: Some(GOOD), ..led_there(stage) }.decide();
    assert_eq!(serving.state, State::Good);
    assert!(reasons(&serving.plan).contains(&"stage_deployment_failed"));
}

#[test]
fn a_canary_with_a_value_of_its_own_for_the_variable_is_told() {
    let stage = hindered(Obstacle::CanaryVariable("203.0.113.9:8000".to_owned()));
    let decision = led_there(Stage { auto_deploy: true, ..stage }).decide();
    assert_eq!(decision.plan.steps, []);
    assert!(reasons(&decision.plan).contains(&"canary_has_own_variable"));
}

#[test]
fn a_deployment_that_was_not_read_is_not_taken_for_owed() {
    let stage = Stage { serves: Serves::NotRead("dep1".to_owned()), ..manual_stage(None, 0) };
    let decision = led_there(stage.clone()).decide();
    assert_eq!((decision.plan.steps, decision.state), (vec![], State::Good));
    // A move needs a deployment whatever the stage shows.
    let moved = scene(vec![task(1)], route_to(9).stage(stage)).plan();
    assert_eq!(deployed(&moved), [("prod", NOTE)]);
}

#[test]
fn without_times_a_deployment_by_hand_is_trusted() {
    let timeless = Serves::Deployment(StageDeployment { description: None, created_at: None });
    let stage = Stage { serves: timeless, ..manual_stage(None, 0) };
    assert_eq!(led_there(stage).plan().steps, []);
    let ageless = Task { started_at: None, ..task(1) };
    let stage = manual_stage(None, 86_400);
    assert_eq!(scene(vec![ageless], route_to(1).stage(stage)).plan().steps, []);
}

#[test]
fn stages_that_cannot_be_read_do_not_keep_the_integrations_from_moving() {
    let mut scene = scene(vec![task(1)], route_to(9));
    scene.route.stages = unknown();
    let plan = scene.plan();
    assert_eq!(written(&plan), [("int1", &*uri_of(1))]);
    assert_eq!(deployed(&plan), []);
    let because = "ThrottlingException".to_owned();
    assert_eq!(plan.holds, [Hold::FactUnknown { fact: Fact::Stages, because }]);
}

#[test]
fn a_stage_owes_nothing_while_no_integration_leads_to_the_task() {
    // Given: the only integration cannot be read, so nobody knows what a deployment would show.
    let stage = manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 60);
    let route = route_to(1).pointers(vec![(integration("int1"), unknown())]).stage(stage);
    assert_eq!(scene(vec![task(1)], route).plan().steps, []);
}

#[test]
fn a_move_to_a_task_that_does_not_answer_is_deployed_and_so_is_the_next_one() {
    let stage = manual_stage(Some("Eden: route of int1 to 203.0.113.9:8000"), 60);
    let scene = scene(vec![task(1)], route_to(9).silent(&[1]).stage(stage));
    let plan = scene.plan();
    assert_eq!(deployed(&plan), [("prod", NOTE)]);
    let mut next = scene.after(&plan);
    assert_eq!(next.plan().steps, []);
    next.tasks.push(task(2));
    let plan = next.plan();
    assert_eq!(deployed(&plan), [("prod", "Eden: route of int1 to 203.0.113.2:8000")]);
}

#[test]
fn the_deployment_of_another_eden_on_the_same_api_is_trusted_as_anybodys() {
    // Given: another service's Eden deployed its own route after this one's task had started.
    let others = "Eden: route of int9 to 198.51.100.7:8000";
    for (seconds_ago, owed) in [(60, false), (7_200, true)] {
        let route = route_to(1).stage(manual_stage(Some(others), seconds_ago));
        // When
        let plan = scene(vec![task(1)], route).plan();
        // Then
        assert_eq!(!deployed(&plan).is_empty(), owed, "{seconds_ago} s ago");
    }
}
