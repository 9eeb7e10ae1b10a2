//! Reads of API Gateway that are answered with the past.

use eden_lab::Lab;
use eden_lab::world::{Fault, FaultKind};

use crate::support::{API, INTEGRATION, api, running_lab};

const STAGE: &str = "$default";
const OLD: &str = "http://127.10.0.254/{proxy}";
const NEW: &str = "http://127.10.0.255/{proxy}";

fn lab() -> Lab {
    let lab = running_lab(|_| {});
    lab.world().create_api(api(OLD, false).stage_variable(STAGE, "backend", "old"));
    lab
}

fn answer_with_the_past(lab: &Lab, operation: &'static str) {
    lab.world().inject(Fault { operation, kind: FaultKind::Stale, times: Some(1) });
}

fn client(lab: &Lab) -> aws_sdk_apigatewayv2::Client {
    aws_sdk_apigatewayv2::Client::new(&lab.sdk_config())
}

async fn uri(lab: &Lab) -> String {
    let get = client(lab).get_integration().api_id(API).integration_id(INTEGRATION);
    get.send().await.unwrap().integration_uri().unwrap().to_owned()
}

async fn variable(lab: &Lab) -> String {
    let stage = client(lab).get_stage().api_id(API).stage_name(STAGE).send().await.unwrap();
    stage.stage_variables().unwrap()["backend"].clone()
}

async fn deployment(lab: &Lab) -> String {
    let stages = client(lab).get_stages().api_id(API).send().await.unwrap();
    stages.items()[0].deployment_id().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_stale_integration_has_the_uri_from_before_its_last_change() {
    // given an integration that was changed, and then sent the same once more
    let lab = lab();
    for _ in 0..2 {
        lab.world().set_integration_uri(API, INTEGRATION, NEW).unwrap();
    }

    // when the next read is stale, then that one has the past, and those after it the present
    answer_with_the_past(&lab, "GetIntegration");
    assert_eq!(uri(&lab).await, OLD);
    assert_eq!(uri(&lab).await, NEW);
    assert_eq!(lab.world().api(API).unwrap().integrations[INTEGRATION].uri, NEW);
}

#[tokio::test(start_paused = true)]
async fn a_stale_stage_has_the_variable_or_the_deployment_from_before_its_last_change() {
    let lab = lab();

    // given a variable that was changed, when the next read is stale, then it has the old value
    lab.world().set_stage_variable(API, STAGE, "backend", Some("new")).unwrap();
    answer_with_the_past(&lab, "GetStage");
    assert_eq!(variable(&lab).await, "old");
    assert_eq!(variable(&lab).await, "new");

    // given a new deployment, when the next read is stale, then it has the old one
    let old = deployment(&lab).await;
    let new = lab.world().deploy_stage(API, STAGE, None).unwrap();
    answer_with_the_past(&lab, "GetStages");
    assert_eq!(deployment(&lab).await, old);
    assert_eq!(deployment(&lab).await, new);
}

#[tokio::test(start_paused = true)]
async fn what_never_changed_has_no_past() {
    let lab = lab();
    for operation in ["GetIntegration", "GetStage"] {
        answer_with_the_past(&lab, operation);
    }

    assert_eq!((uri(&lab).await.as_str(), variable(&lab).await.as_str()), (OLD, "old"));
}
