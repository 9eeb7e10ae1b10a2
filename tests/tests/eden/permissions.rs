//! What the functions may do: all that they need, nothing that they do not, and nothing elsewhere.
//! The lab denies what a function's role does not allow, in every test that runs the functions.

mod tags;

use std::collections::BTreeSet;

use eden_lab::example::{
    ALARM, API, CLUSTER, HEALTH_MONITOR, IP_UPDATER, PROXY_INTEGRATION, REST_PROXY_INTEGRATION,
    REST_ROOT_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::template::Stack;
use eden_lab::world::{Call, Permission, Role};
use eden_tests::permissions::{
    Grant, SECRET, Variant, WrittenStatement, account_calls, calls_of, grants, role, statements,
    written_statements,
};
use serde_json::Value;

const FUNCTIONS: [&str; 2] = [IP_UPDATER, HEALTH_MONITOR];

/// Statements for what is done with a function's role, but not by a call of the function.
const NOT_CALLED: [&str; 5] = [
    // Lambda writes the function's output to its log.
    "OpenLogStream",
    "WriteLog",
    // Lambda sends the invocations that failed for good to the queue (F29), and SQS encrypts them.
    "KeepFailedInvocations",
    "EncryptFailedInvocations",
    "VerifyEncryptionOfFailedInvocations",
];

/// The wildcards of every variant's policies: actions and the part of the ARN that names the
/// resource.
const WILDCARDS: [(&str, &str); 13] = [
    // It takes no resource (F41).
    ("cloudwatch:GetMetricData", "*"),
    // It takes no other resource; its condition names the cluster (F27).
    ("ecs:ListTasks", "*"),
    // It takes no other resource (F50).
    ("ecs:DescribeTaskDefinition", "*"),
    // It takes no other resource (F28).
    ("ec2:DescribeNetworkInterfaces", "*"),
    // The ids of tasks and instances to come are unknown.
    ("ecs:DescribeTasks", "task/prod-eden-cluster/*"),
    ("ecs:StopTask", "task/prod-eden-cluster/*"),
    ("ecs:GetTaskProtection", "task/prod-eden-cluster/*"),
    ("ecs:TagResource", "task/prod-eden-cluster/*"),
    ("ecs:UntagResource", "task/prod-eden-cluster/*"),
    ("ecs:DescribeContainerInstances", "container-instance/prod-eden-cluster/*"),
    // So are those of the service's deployments.
    ("ecs:DescribeServiceDeployments", "service-deployment/prod-eden-cluster/prod-eden-service/*"),
    // Lambda names the streams of the function's own log group.
    ("logs:CreateLogStream", "log-group:/aws/lambda/FUNCTION:*"),
    ("logs:PutLogEvents", "log-group:/aws/lambda/FUNCTION:*"),
];

/// The further wildcards of a variant: any integration of the API, for reading, and its
/// deployments and the service's revisions, whose ids to come are unknown, and its stages, which are
/// a list.
fn wildcards_of(variant: Variant) -> &'static [(&'static str, &'static str)] {
    const HTTP: [(&str, &str); 3] = [
        ("apigateway:GET", "/apis/a1b2c3d4e5/integrations/*"),
        ("apigateway:GET", "/apis/a1b2c3d4e5/deployments/*"),
        ("apigateway:PATCH", "/apis/a1b2c3d4e5/stages/*"),
    ];
    match variant {
        Variant::HttpIntegrations | Variant::Maintenance => &HTTP,
        Variant::Rollback => &[
            HTTP[0],
            HTTP[1],
            HTTP[2],
            (
                "ecs:DescribeServiceRevisions",
                "service-revision/prod-eden-cluster/prod-eden-service/*",
            ),
            (
                "ecs:StopServiceDeployment",
                "service-deployment/prod-eden-cluster/prod-eden-service/*",
            ),
        ],
        Variant::RestIntegrations => &[
            ("apigateway:GET", "/restapis/a1b2c3d4e5/resources/*/integration"),
            ("apigateway:GET", "/restapis/a1b2c3d4e5/deployments/*"),
        ],
        Variant::HttpStageVariable | Variant::RestStageVariable => &[],
    }
}

/// Names of what belongs to the service and its stack.
const OWN: [&str; 30] = [
    CLUSTER,
    SERVICE,
    API,
    ALARM,
    "prod-eden-autoresiliency-notifications",
    "EncryptionKey",
    // The key is for what goes through the topic.
    "sns.us-east-1",
    "event-bus/default",
    "eden.autoresiliency",
    // The stage whose variable leads to the tasks.
    "/stages/$default",
    "/stages/prod",
    "eden:unserved-since",
    "eden:suspect-since",
    "eden:claim",
    "eden:failing-since",
    "eden:noted",
    "eden:overwritten",
    "eden:reported",
    "eden:redeployed",
    "eden:seen",
    "eden:failed-runs",
    "eden:refused",
    "eden:restored",
    "eden:stopped",
    "eden:told",
    "secret:slack-a1B2c3",
    "parameter/slack",
    "role/app",
    "role/execution",
    // Tasks alone get their roles.
    "ecs-tasks.amazonaws.com",
];

fn stack(variant: Variant) -> Stack {
    variant.example().stack("https://api.example.com").unwrap()
}

fn role_of(variant: Variant, function: &str) -> Role {
    Role::new(stack(variant).policies(function).unwrap()).unwrap()
}

/// What a function's calls need.
fn needs<'a>(calls: &'a [Call], function: &str) -> Vec<&'a Permission> {
    calls_of(calls, function).into_iter().flat_map(|call| &call.needs).collect()
}

fn allows_all(role: &Role, needs: &[&Permission]) -> bool {
    needs.iter().all(|need| role.allows(need).unwrap())
}

/// What the functions of a variant may do, against the calls of accounts in which everything
/// happens.
async fn judge(variant: Variant) {
    let (stack, calls) = (stack(variant), account_calls(variant).await);
    all_is_allowed(&calls);
    for function in FUNCTIONS {
        let (grants, needs) = (grants(&stack, function), needs(&calls, function));
        assert!(allows_all(&role(&grants), &needs), "{variant:?} {function}");
        assert_eq!(never_missed(&grants, &needs), NOT_CALLED.into(), "{variant:?} {function}");
        all_else_is_denied(&role_of(variant, function), &needs);
    }
}

#[tokio::test(start_paused = true)]
async fn with_http_integrations_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::HttpIntegrations).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_maintenance_page_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::Maintenance).await;
}

#[tokio::test(start_paused = true)]
async fn with_roll_backs_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::Rollback).await;
}

#[tokio::test(start_paused = true)]
async fn with_rest_integrations_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::RestIntegrations).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_variable_of_an_http_stage_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::HttpStageVariable).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_variable_of_a_rest_stage_the_functions_may_do_what_they_are_for_and_no_more() {
    judge(Variant::RestStageVariable).await;
}

/// Each call was made with its function's role, and none was denied.
fn all_is_allowed(calls: &[Call]) {
    for call in calls {
        assert!(!call.denied, "{call:?}");
    }
    let callers: BTreeSet<&str> = calls.iter().map(|call| call.access_key.as_str()).collect();
    assert_eq!(callers, BTreeSet::from(FUNCTIONS));
}

/// The statements of which a piece can be taken away without a call being denied.
fn never_missed<'a>(grants: &'a [Grant], needs: &[&Permission]) -> BTreeSet<&'a str> {
    let superfluous = |(index, grant): &(usize, &Grant)| {
        let others = grants.iter().enumerate().filter(|(other, _)| other != index);
        let rest = role(others.map(|(_, grant)| grant));
        allows_all(&rest, needs) && !stands_for_no_integration(grant) && !is_the_stage_again(grant)
    };
    let pieces = grants.iter().enumerate().filter(superfluous);
    pieces.map(|(_, grant)| grant.sid.as_str()).collect()
}

/// The parameter may name up to four integrations; `none` fills the places of those it does not.
fn stands_for_no_integration(grant: &Grant) -> bool {
    let none = ["/integrations/none", "/resources/none/integration"];
    grant.action == "apigateway:PATCH" && none.iter().any(|none| grant.resource.ends_with(none))
}

/// A review found it uncertain whether AWS compares the name of `$default` as it is or as it is sent.
fn is_the_stage_again(grant: &Grant) -> bool {
    grant.resource.ends_with(&format!("/apis/{API}/stages/%24default"))
}

/// Whatever a function needs, it may not do it to something of another name.
fn all_else_is_denied(role: &Role, needs: &[&Permission]) {
    for need in needs {
        let foreign: Vec<_> = OWN.iter().filter_map(|name| rename(need, name)).collect();
        // These name nothing (F28, F41, F50).
        let unnamed = ["ecs:DescribeTaskDefinition", "cloudwatch:GetMetricData"];
        let nameless =
            need.action.starts_with("ec2:Describe") || unnamed.contains(&need.action.as_str());
        assert!(!foreign.is_empty() || nameless, "{need}");
        for foreign in foreign {
            assert!(!role.allows(&foreign).unwrap(), "{foreign}");
        }
    }
}

/// The same permission for something of another name; `None` if it does not name this.
fn rename(need: &Permission, name: &str) -> Option<Permission> {
    let other = |text: &String| text.replace(name, "other");
    let foreign = Permission {
        action: need.action.clone(),
        resource: other(&need.resource),
        condition_keys: need.condition_keys.iter().map(|(k, v)| (k.clone(), other(v))).collect(),
    };
    (foreign != *need).then_some(foreign)
}

#[test]
fn only_what_the_parameters_name_may_be_pointed_elsewhere() {
    let (rest_root, rest_proxy) = (method(REST_ROOT_INTEGRATION), method(REST_PROXY_INTEGRATION));
    let [http_root, http_proxy] =
        [ROOT_INTEGRATION, PROXY_INTEGRATION].map(|id| format!("/apis/{API}/integrations/{id}"));
    let http_stage = format!("/apis/{API}/stages/$default");
    let as_it_is_sent = format!("/apis/{API}/stages/%24default");
    let rest_stage = format!("/restapis/{API}/stages/prod");
    // Given all that could be pointed, some of which exists beside what the parameters name
    let others = [
        format!("/apis/{API}/integrations/int9999"),
        format!("/apis/{API}/stages/test"),
        format!("/apis/{API}"),
        method("res1:GET"),
        method("res9:ANY"),
        format!("/restapis/{API}/stages/test"),
        format!("/restapis/{API}"),
    ];
    let all = [&http_root, &http_proxy, &rest_root, &rest_proxy];
    let stages = [&http_stage, &as_it_is_sent, &rest_stage];
    let all: Vec<&String> = all.into_iter().chain(stages).chain(&others).collect();
    // A deployment may need the stages of an HTTP API, of which a list cannot be named (F59).
    let of_http = || vec![&http_root, &http_proxy, &http_stage, &as_it_is_sent, &others[1]];
    for (variant, own) in [
        (Variant::HttpIntegrations, of_http()),
        (Variant::Maintenance, of_http()),
        (Variant::Rollback, of_http()),
        (Variant::RestIntegrations, vec![&rest_root, &rest_proxy]),
        (Variant::HttpStageVariable, vec![&http_stage, &as_it_is_sent]),
        (Variant::RestStageVariable, vec![&rest_stage]),
    ] {
        for function in FUNCTIONS {
            // Then exactly the named ones may be
            let role = role_of(variant, function);
            let may_point = |path: &&&String| {
                let resource = format!("arn:aws:apigateway:us-east-1::{path}");
                let action = "apigateway:PATCH".to_owned();
                role.allows(&Permission { action, resource, condition_keys: [].into() }).unwrap()
            };
            let allowed: Vec<_> = all.iter().filter(may_point).copied().collect();
            assert_eq!(allowed, own, "{variant:?} {function}");
        }
    }
}

/// The path of a REST API's integration.
fn method(id: &str) -> String {
    let (resource, method) = id.split_once(':').unwrap();
    format!("/restapis/{API}/resources/{resource}/methods/{method}/integration")
}

#[test]
fn health_monitor_alone_may_change_the_service_and_tell_people_of_more_than_maintenance() {
    let actions = |variant, function| -> BTreeSet<String> {
        grants(&stack(variant), function).into_iter().map(|grant| grant.action).collect()
    };
    let of_monitor = [
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "ecs:GetTaskProtection",
        "ecs:StopTask",
        "ecs:UpdateService",
    ];
    // ip-updater may do these too, for the maintenance page
    let of_updater = ["ecs:TagResource", "ecs:UntagResource", "sns:Publish"];
    let of_rollback = [
        "ecs:DescribeServiceRevisions",
        "ecs:StopServiceDeployment",
        "iam:PassRole",
        "ssm:GetParameter",
    ];
    for variant in Variant::ALL {
        let updater = actions(variant, IP_UPDATER);
        let monitor = actions(variant, HEALTH_MONITOR);
        let mut expected: BTreeSet<String> = of_monitor.map(str::to_owned).into();
        if variant != Variant::Maintenance {
            expected.extend(of_updater.map(str::to_owned));
        }
        if variant == Variant::Rollback {
            expected.extend(of_rollback.map(str::to_owned));
        }
        assert_eq!(&monitor - &updater, expected, "{variant:?}");
        assert_eq!(&updater - &monitor, BTreeSet::new(), "{variant:?}");
    }
}

#[test]
fn a_task_that_ecs_has_tagged_as_another_services_may_not_be_stopped() {
    let role = role_of(Variant::HttpIntegrations, HEALTH_MONITOR);
    let may_stop = |service: Option<&str>| {
        let key = |name: &str| ("aws:ResourceTag/aws:ecs:serviceName".to_owned(), name.to_owned());
        let stop = Permission {
            action: "ecs:StopTask".to_owned(),
            resource: format!("arn:aws:ecs:us-east-1:123456789012:task/{CLUSTER}/1234"),
            condition_keys: service.map(key).into_iter().collect(),
        };
        role.allows(&stop).unwrap()
    };
    assert!(may_stop(Some(SERVICE)) && !may_stop(Some("prod-other-service")));
    // ECS tags tasks only where the service says so (`enableECSManagedTags`).
    assert!(may_stop(None));
}

#[test]
fn nobody_may_read_a_webhook_or_pass_roles_that_nobody_named() {
    let example = Variant::HttpIntegrations.example();
    let example = example.parameter("Rollback", &"on").parameter("TaskRoleArns", &"none");
    let stack = example.stack("https://api.example.com").unwrap();
    for function in FUNCTIONS {
        for grant in grants(&stack, function) {
            let prefix = grant.action.split(':').next().unwrap();
            assert!(!["secretsmanager", "ssm", "iam"].contains(&prefix), "{grant}");
        }
    }
}

#[test]
fn ip_updater_may_read_the_webhook_only_where_it_tells_of_the_maintenance_page() {
    let may_read = |function, maintenance: &str| {
        let example =
            Variant::HttpIntegrations.example().parameter("SlackWebhookSecretArn", &SECRET);
        let stack = example.parameter("MaintenanceUrl", &maintenance);
        let stack = stack.stack("https://api.example.com").unwrap();
        let grants = grants(&stack, function);
        grants
            .iter()
            .any(|it| it.action == "secretsmanager:GetSecretValue" && it.resource == SECRET)
    };
    assert!(may_read(HEALTH_MONITOR, "") && !may_read(IP_UPDATER, ""));
    let page = "https://status.example.com/";
    assert!(may_read(HEALTH_MONITOR, page) && may_read(IP_UPDATER, page));
}

#[test]
fn every_wildcard_of_a_policy_has_a_reason() {
    for variant in Variant::ALL {
        let stack = stack(variant);
        let expected = WILDCARDS.iter().chain(wildcards_of(variant));
        let expected: BTreeSet<_> =
            expected.map(|(action, it)| ((*action).to_owned(), (*it).to_owned())).collect();
        let mut found = BTreeSet::new();
        for function in FUNCTIONS {
            for Grant { action, resource, .. } in grants(&stack, function) {
                assert!(!action.contains(['*', '?']), "{action}");
                if resource.contains(['*', '?']) {
                    let named = resource.splitn(6, ':').last().unwrap();
                    found.insert((action, named.replace(function, "FUNCTION")));
                }
            }
        }
        assert_eq!(found, expected, "{variant:?}");
    }
}

#[test]
fn every_statement_allows_one_action_under_a_name_of_its_own() {
    for variant in Variant::ALL {
        for function in FUNCTIONS {
            let statements = statements(&stack(variant), function);
            let sids = statements.iter().filter_map(|it| it["Sid"].as_str());
            let sids: BTreeSet<&str> = sids.collect();
            assert_eq!(sids.len(), statements.len(), "{variant:?} {function}");
            let one_action = |statement: &Value| statement["Action"].is_string();
            assert!(statements.iter().all(one_action), "{variant:?} {function}");
        }
    }
}

#[test]
fn every_statement_with_a_wildcard_says_why() {
    let template = include_str!("../../../template.yaml");
    let statements = written_statements(template);
    let wild: Vec<_> = statements.iter().filter(|it| it.code.contains('*')).collect();
    assert!(!wild.is_empty());
    for WrittenStatement { code, comments } in wild {
        assert!(!comments.is_empty(), "no comment explains `*`:\n{code}");
    }
}
