//! `eden init` in an account of the lab in which Eden is not installed, without a terminal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use eden_lab::example::{API, CLUSTER, Example, SERVICE};
use eden_lab::stage::Account;
use eden_lab::world::{
    ApiKind, ApiSpec, Fault, FaultKind, Networking, PublicAddress, ServiceSpec, World,
};
use serde_json::{Value, json};

use crate::scene::{PATIENCE, example};

/// An account whose service runs, and a folder with the template.
pub struct Ground {
    pub account: Account,
    pub folder: PathBuf,
}

impl Ground {
    /// Waits until a task runs. Each network is one test's own, and so is the folder of its name.
    pub async fn new(network: u8, api_kind: ApiKind) -> Self {
        Self::of(network, &example(network, api_kind)).await
    }

    async fn of(network: u8, example: &Example) -> Self {
        let account = Account::open(example, 0).await.unwrap();
        let runs = |world: &World| {
            let tasks = world.tasks(CLUSTER, SERVICE);
            tasks.iter().any(|task| task.is_running() && task.listening)
        };
        assert!(account.lab.until(PATIENCE, runs).await);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("init-{network}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        fs::copy(template, folder.join("template.yaml")).unwrap();
        Ground { account, folder }
    }

    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.account.lab.world());
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eden"));
        command.env_clear().envs(self.account.environment()).current_dir(&self.folder);
        command.arg("init").args(arguments);
        command
    }

    /// Exit status, stdout and stderr.
    fn init(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = self.command(arguments);
        command.stdin(std::process::Stdio::null());
        said(command)
    }

    pub fn file(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("eden.toml")).ok()
    }

    /// The files in the folder.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

fn said(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn outcomes(json: &Value, outcome: &str) -> Vec<String> {
    let checks = json["checks"]["checks"].as_array().unwrap();
    let those = checks.iter().filter(|check| check["outcome"] == outcome);
    those.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
}

/// A second service, and a second API that fits.
pub fn add_others(world: &mut World) {
    world.create_service(ServiceSpec::new("staging", "shop"));
    world.create_api(
        ApiSpec::new("b2")
            .integration("intb", "http://example.com/{proxy}")
            .lambda_integration("intl", "arn:aws:lambda:us-east-1:123456789012:function:x")
            .route("/{proxy+}", "intb")
            .stage("$default", true),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_certain_is_written_and_read_again() {
    // Given
    let ground = Ground::new(223, ApiKind::Http).await;
    // When
    let (status, stdout, stderr) = ground.init(&["--yes", "--json", "--architecture", "arm64"]);
    // Then
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    let json: Value = serde_json::from_str(&stdout).unwrap();
    let expected = json!({
        "APIGatewayId": API,
        "APIGatewayURL": format!("https://{API}.execute-api.us-east-1.amazonaws.com"),
        "APIGatewayIntegrationId": "int1234,int5678",
        "ECSCluster": CLUSTER,
        "ECSService": SERVICE,
        "BackendPort": "8000",
        "HealthCheckPath": "/health",
        "NotificationEmail": "",
        "ApiType": "HTTP",
        "APIGatewayName": "",
        "APIGatewayStage": "",
        "RouteVia": "integration",
        "Environment": "prod",
        "AppName": "eden",
        "Architecture": "arm64",
    });
    assert_eq!(json["parameters"], expected);
    assert_eq!(outcomes(&json, "failed"), [""; 0], "{stdout}");
    assert_eq!(outcomes(&json, "unknown"), [""; 0], "{stdout}");
    for check in ["public addresses", "port 8000", "health path /health", "trial of tag eden:trial"]
    {
        assert!(outcomes(&json, "passed").iter().any(|it| it == check), "{check}: {stdout}");
    }
    let commands = ["sam build --config-file eden.toml", "sam deploy --config-file eden.toml"];
    assert_eq!(json["next"], json!(commands));
    let file = ground.file().unwrap();
    assert!(file.contains("region = \"us-east-1\""), "{file}");
    assert!(file.contains(r#"Architecture=\"arm64\""#), "{file}");
    assert_eq!(ground.files(), ["eden.toml", "template.yaml"]);
    let tags = ground.account.lab.world().service(CLUSTER, SERVICE).unwrap().tags.clone();
    assert!(!tags.contains_key("eden:trial"), "{tags:?}");
    // When, then: the same again changes nothing
    let (status, stdout, stderr) = ground.init(&["--yes"]);
    assert_eq!((status, ground.file().as_ref()), (Some(0), Some(&file)), "{stdout}{stderr}");
    assert!(!stderr.contains("would change"), "{stderr}");
    // When, then: what was not asked for stays
    let mine = file.replace("arm64\\\"", "arm64\\\" LogLevel=\\\"debug\\\"");
    fs::write(ground.folder.join("eden.toml"), &mine).unwrap();
    let (status, stdout, stderr) = ground.init(&["--yes", "--email", "ops@example.com"]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    let file = ground.file().unwrap();
    for part in ["LogLevel", "arm64", "ops@example.com", "/health"] {
        assert!(file.contains(part), "{part}: {file}");
    }
    assert!(stderr.contains("- parameter_overrides") && stderr.contains("+ parameter_overrides"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_api_gets_its_name_and_stage() {
    let ground = Ground::new(224, ApiKind::Rest).await;
    let (status, stdout, stderr) = ground.init(&["--yes", "--json", "--health-path", "none"]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    let json: Value = serde_json::from_str(&stdout).unwrap();
    for (name, value) in [
        ("ApiType", "REST"),
        ("APIGatewayName", "shop-api"),
        ("APIGatewayStage", "prod"),
        ("APIGatewayIntegrationId", "res1:ANY,res2:ANY"),
    ] {
        assert_eq!(json["parameters"][name], value, "{stdout}");
    }
    let url = format!("https://{API}.execute-api.us-east-1.amazonaws.com/prod");
    assert_eq!(json["parameters"]["APIGatewayURL"], url);
    assert_eq!(json["parameters"]["HealthCheckPath"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_certain_is_not_guessed() {
    let ground = Ground::new(225, ApiKind::Http).await;
    for (arguments, says) in [
        (&["--json"][..], &["--health-path PATH", "--yes", "Nothing was written"][..]),
        (&["--service", "shop", "--yes"], &["--service \"shop\"", "CLUSTER/SERVICE"]),
        (&["--service", "none/shop", "--yes"], &["ClusterNotFound", "list-clusters"]),
        (&["--service", &format!("{CLUSTER}/shop"), "--yes"], &["no active service", "/shop"]),
        (&["--api", "z9", "--yes"], &["no API z9", "get-apis"]),
        (&["--api", API, "--integrations", "int9", "--yes"], &["no integration int9"]),
        (&["--port", "http", "--yes"], &["--port \"http\"", "65535"]),
        (&["--health-path", "health", "--yes"], &["--health-path \"health\"", "/"]),
        (&["--email", "ops", "--yes"], &["--email \"ops\"", "ops@example.com"]),
        (&["--env", "Prod", "--yes"], &["--env \"Prod\"", "small letters"]),
        (&["--directory", "/nowhere", "--yes"], &["/nowhere/template.yaml", "--directory"]),
    ] {
        let (status, stdout, stderr) = ground.init(arguments);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        for part in says {
            assert!(stderr.contains(part), "{arguments:?}, {part}: {stderr}");
        }
        assert_eq!(ground.files(), ["template.yaml"], "{arguments:?}");
    }
    // When there are several, then --yes alone does not choose the API; the stack's service it knows
    ground.change(add_others);
    let (status, _, stderr) = ground.init(&["--yes"]);
    assert_eq!(status, Some(2), "{stderr}");
    for part in ["which API", "--api ID", "b2, HTTP, integration /{proxy+}", API] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let (status, stdout, stderr) = ground.init(&["--yes", "--api", "b2"]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(ground.file().unwrap().contains("intb"), "{stdout}");
}

/// What becomes of the account, and what is said.
type Case = (fn(&mut World), &'static [&'static str]);

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_do_is_told_why_and_nothing_is_written() {
    let ground = Ground::new(226, ApiKind::Http).await;
    let deny = |world: &mut World, operation| {
        world.inject(Fault { operation, kind: FaultKind::AccessDenied, times: None });
    };
    let cases: [Case; 3] = [
        (
            |world| {
                world.create_api(
                    ApiSpec::rest(API, "shop")
                        .resource("res1", "/")
                        .integration("res1:ANY", "http://example.com/")
                        .stage("prod", false)
                        .private(),
                );
            },
            &["REST API shop", "private endpoint", "regional endpoint", "next:"],
        ),
        (
            |world| {
                world.create_api(
                    ApiSpec::new(API)
                        .vpc_link_integration("intv", "arn:aws:elasticloadbalancing:x", "vl1")
                        .route("/", "intv")
                        .stage("$default", true),
                );
            },
            &["no integration that fits", "HTTP_PROXY over VPC_LINK", "placeholder"],
        ),
        (
            |world| {
                world.create_api(
                    ApiSpec::new(API)
                        .integration("int1", "http://example.com/")
                        .integration("int2", "http://example.com/")
                        .integration("int3", "http://example.com/")
                        .integration("int4", "http://example.com/")
                        .integration("int5", "http://example.com/")
                        .stage("$default", true),
                );
            },
            &["5 integrations that fit", "--integrations IDS"],
        ),
    ];
    for (change, says) in cases {
        ground.change(change);
        let (status, stdout, stderr) = ground.init(&["--yes"]);
        assert_eq!(status, Some(2), "{stdout}{stderr}");
        for part in says {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    }
    ground.change(|world| {
        world.create_api(
            ApiSpec::new(API).integration("int1", "http://example.com/").stage("$default", true),
        );
    });
    for (operation, permission) in [
        ("ListClusters", "ecs:ListClusters"),
        ("ListServices", "ecs:ListServices"),
        ("GetApis", "apigateway:GET on /apis"),
        ("GetRestApis", "apigateway:GET on /restapis"),
    ] {
        ground.change(|world| deny(world, operation));
        let (status, _, stderr) = ground.init(&["--yes"]);
        ground.change(World::clear_faults);
        assert_eq!(status, Some(2), "{operation}: {stderr}");
        assert!(stderr.contains(permission), "{operation}: {stderr}");
    }
    assert_eq!(ground.files(), ["template.yaml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_keeps_the_file_from_being_written() {
    let ground = Ground::new(227, ApiKind::Http).await;
    let is_failed = |check: &str, arguments: &[&str], says: &str| {
        let arguments = [&["--yes", "--json"][..], arguments].concat();
        let (status, stdout, stderr) = ground.init(&arguments);
        assert_eq!(status, Some(1), "{stdout}{stderr}");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(
            (outcomes(&json, "failed"), &json["written"]),
            (vec![check.to_owned()], &json!(false))
        );
        assert!(stdout.contains(says), "{says}: {stdout}");
        assert!(stderr.contains("Nothing was written"), "{stderr}");
        assert_eq!(ground.files(), ["template.yaml"]);
    };
    let (operation, kind) = ("TagResource", FaultKind::AccessDenied);
    ground.change(|world| world.inject(Fault { operation, kind, times: None }));
    is_failed("trial of tag eden:trial", &[], "policies of the organization");
    ground.change(World::clear_faults);
    ground.change(|world| world.set_open_ports(vec![443..=443]));
    is_failed("port 8000", &[], "authorize-security-group-ingress");
    ground.change(|world| world.set_open_ports(vec![8000..=8000]));
    is_failed("port 8001", &["--port", "8001", "--health-path", "none"], "everybody in");
    ground.change(|world| world.set_open_ports(vec![1..=65535]));
    is_failed("port 8001", &["--port", "8001", "--health-path", "none"], "--port PORT");
    ground.change(World::shorten_service_arns);
    is_failed("tags of the service", &[], "put-account-setting-default");
    // When it is to be written all the same, then it is
    let (status, stdout, stderr) = ground.init(&["--yes", "--force"]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("FAILED") && stdout.contains("is written"), "{stdout}");
    assert!(ground.file().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_without_public_addresses_are_told() {
    let mut example = example(228, ApiKind::Http);
    example.service.task_definition.networking = Networking::Fargate(PublicAddress::None);
    let ground = Ground::of(228, &example).await;
    let (status, stdout, stderr) = ground.init(&["--yes", "--health-path", "none"]);
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("assignPublicIp=ENABLED"), "{stdout}");
    assert_eq!(ground.files(), ["template.yaml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_or_a_way_to_aws_that_is_said() {
    let ground = Ground::new(229, ApiKind::Http).await;
    let mut command = ground.command(&["--yes"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env("AWS_EC2_METADATA_DISABLED", "true");
    let (status, _, stderr) = said(command);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("no valid credentials") && stderr.contains("sso login"), "{stderr}");
    let mut command = ground.command(&["--yes"]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let (status, _, stderr) = said(command);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("--region and --endpoint-url"), "{stderr}");
    let mut command = ground.command(&["--yes"]);
    command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
    let (status, _, stderr) = said(command);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("no region is set"), "{stderr}");
    assert_eq!(ground.files(), ["template.yaml"]);
}
