//! Who is told, of what, how often, and in which words.

use std::sync::Arc;
use std::time::Duration;

use eden_lab::example::{
    API, AUDIT_LOG, CLUSTER, Example, HEALTH_MONITOR, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{AppState, Behaviour, Fault, FaultKind, Gatekeeper, World};
use eden_tests::by_hand::{self, ByHand};
use eden_tests::rig::{API_URL, Rig, each, example, minutes, running, seconds};
use eden_tests::sample;
use serde_json::json;

const HUMAN: &str = "Eden Needs a Human";
const HEALED: &str = "Eden Service Auto-Healing Triggered";
const ERROR: &str = "Eden Health Monitor Error";
const CRASHES: Behaviour = Behaviour::Crashes { after: Duration::from_secs(20), exit_code: 3 };

fn subjects(world: &World) -> Vec<String> {
    world.published().iter().filter_map(|mail| mail.subject.clone()).collect()
}

fn tag(world: &World, key: &str) -> Option<String> {
    world.service(CLUSTER, SERVICE).unwrap().tags.get(key).cloned()
}

/// A service whose tasks exit again and again from the first minute on, and nobody looks at it but
/// the test.
async fn in_a_loop(example: &Example) -> ByHand {
    let eden = ByHand::start(example, by_hand::stack(example), |_| {});
    eden.settle().await;
    let mut world = eden.lab.world();
    world.set_behaviour(CLUSTER, SERVICE, CRASHES).unwrap();
    for task in running(&world) {
        world.crash_task(&task.arn, 3).unwrap();
    }
    drop(world);
    tokio::time::sleep(minutes(15)).await;
    eden
}

/// From a run in an independent emulator: three equal "Eden Needs a Human" for one deployment within
/// three seconds, by runs that overlapped. Two alarms, or an alarm and the schedule, overlap on AWS as
/// well (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>).
#[tokio::test(start_paused = true)]
async fn of_runs_that_have_the_same_news_at_the_same_moment_one_tells() {
    for apart in [0, 1, 300, 1_000, 3_000, 5_000, 8_000].map(Duration::from_millis) {
        // Given
        let eden = Arc::new(in_a_loop(&example()).await);
        // When
        let runs = (0..3).map(|n| {
            let eden = Arc::clone(&eden);
            tokio::spawn(async move {
                let process = eden.process(HEALTH_MONITOR, &format!("run-{n}"));
                tokio::time::sleep(apart * n).await;
                eden.monitor(&process).await
            })
        });
        for run in runs.collect::<Vec<_>>() {
            let report = run.await.unwrap().unwrap();
            assert_eq!(report.condition.unwrap().name, "crash_loop");
        }
        // Then
        assert_eq!(subjects(&eden.lab.world()), [HUMAN], "{apart:?} apart");
    }
}

/// Milliseconds between the beginnings of three runs.
const APART: [u64; 7] = [0, 1, 300, 1_000, 3_000, 5_000, 8_000];

/// Three runs of health-monitor so far apart, each in a process of its own.
async fn three_runs(eden: &Arc<ByHand>, apart: Duration) {
    let runs = (0..3).map(|n| {
        let eden = Arc::clone(eden);
        tokio::spawn(async move {
            let process = eden.process(HEALTH_MONITOR, &format!("run-{n}"));
            tokio::time::sleep(apart * n).await;
            eden.monitor(&process).await
        })
    });
    for run in runs.collect::<Vec<_>>() {
        let _ = run.await.unwrap().unwrap();
    }
}

/// A service that is well, and that nobody looks at but the test; and how many mails there were so far.
async fn well() -> (Arc<ByHand>, usize) {
    let example = example();
    let eden = ByHand::start(&example, by_hand::stack(&example), |world| {
        world.set_api_url(API_URL, API).unwrap();
    });
    eden.settle().await;
    let process = eden.process(HEALTH_MONITOR, "the-one-before");
    let _ = eden.monitor(&process).await.expect("the route is led to a task");
    tokio::time::sleep(minutes(15)).await;
    let told = subjects(&eden.lab.world()).len();
    (Arc::new(eden), told)
}

/// The same run in an emulator: "Restored" was told twice. Each of the runs had counted as one of the
/// day's three restorations, too.
#[tokio::test(start_paused = true)]
async fn of_runs_that_would_restore_the_count_one_does_and_tells() {
    for apart in APART.map(Duration::from_millis) {
        // Given: no task is wanted any more, and none runs.
        let (eden, before) = well().await;
        eden.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
        tokio::time::sleep(minutes(2)).await;
        // When
        three_runs(&eden, apart).await;
        // Then
        let world = eden.lab.world();
        let raised = world.calls().iter().filter(|it| it.operation == "UpdateService").count();
        assert_eq!(raised, 1, "{apart:?} apart");
        let noted = tag(&world, "eden:restored").unwrap_or_default();
        assert_eq!(noted.split(' ').count(), 1, "{apart:?} apart: {noted}");
        let told = world.published()[before..].iter();
        let restored = told.clone().filter(|mail| mail.message.contains("Restored"));
        assert_eq!(restored.count(), 1, "{apart:?} apart: {:?}", subjects(&world));
        // Then: it is not parked in the same look, and if so later, that is told once.
        let parked = told.filter(|mail| mail.message.contains("the route is parked"));
        assert!(parked.count() <= 1, "{apart:?} apart: {:?}", subjects(&world));
    }
}

/// The same of a route that is repaired by runs at the same moment.
#[tokio::test(start_paused = true)]
async fn of_runs_that_repair_the_same_route_one_tells() {
    for apart in APART.map(Duration::from_millis) {
        // Given
        let (eden, before) = well().await;
        let mut world = eden.lab.world();
        world.set_integration_uri(API, ROOT_INTEGRATION, "http://127.0.0.1:9/").unwrap();
        world.set_integration_uri(API, PROXY_INTEGRATION, "http://127.0.0.1:9/{proxy}").unwrap();
        drop(world);
        // When
        three_runs(&eden, apart).await;
        // Then
        assert_eq!(subjects(&eden.lab.world())[before..], [HEALED], "{apart:?} apart");
    }
}

/// The same run in an emulator: two "Healthy Again".
#[tokio::test(start_paused = true)]
async fn of_runs_that_find_a_service_well_again_one_tells() {
    for apart in APART.map(Duration::from_millis) {
        // Given: people know of a condition of the present deployment, and it has been over for a while.
        let (eden, before) = well().await;
        let mut world = eden.lab.world();
        let deployment = world.service(CLUSTER, SERVICE).unwrap().primary.id.clone();
        let told = format!("crash_loop {deployment} somebody");
        world.set_service_tag(CLUSTER, SERVICE, "eden:told", Some(&told)).unwrap();
        let well = format!("well any {:.0}", world.now() - minutes(15));
        world.set_service_tag(CLUSTER, SERVICE, "eden:seen", Some(&well)).unwrap();
        drop(world);
        // When
        three_runs(&eden, apart).await;
        // Then
        let world = eden.lab.world();
        assert_eq!(subjects(&world)[before..], ["Eden Service Healthy Again"], "{apart:?} apart");
        assert_eq!(tag(&world, "eden:told"), None);
    }
}

/// A fresh reader's case: of two runs that repaired different things at the same moment, the later note
/// wrote over the earlier one, and nobody heard of the first. Its run tells it all the same.
#[tokio::test(start_paused = true)]
async fn what_another_run_wrote_over_with_different_news_is_told() {
    for (others, told) in [("served", 1), ("route:TASK", 0)] {
        // Given
        let (eden, before) = well().await;
        let task = running(&eden.lab.world())[0].id().to_owned();
        let mut world = eden.lab.world();
        world.set_integration_uri(API, ROOT_INTEGRATION, "http://127.0.0.1:9/").unwrap();
        drop(world);
        let process = eden.process(HEALTH_MONITOR, "run-0");
        let run = eden.monitor(&process);
        // When: while it waits whether its note stays, another run writes its own.
        let other = async {
            let noted =
                |world: &World| tag(world, "eden:reported").is_some_and(|it| it.contains("route:"));
            assert!(eden.lab.until(minutes(3), noted).await);
            let mut world = eden.lab.world();
            let news = format!("{} {:.0} another", others.replace("TASK", &task), world.now());
            world.set_service_tag(CLUSTER, SERVICE, "eden:reported", Some(&news)).unwrap();
        };
        let (ended, ()) = tokio::join!(run, other);
        let _ = ended.unwrap();
        // Then
        assert_eq!(subjects(&eden.lab.world()).len(), before + told, "{others}");
    }
}

/// What was repaired is told again when it had to be repaired again.
#[tokio::test(start_paused = true)]
async fn a_route_that_is_repaired_again_a_minute_later_is_told_again() {
    let (eden, before) = well().await;
    for n in 0..3 {
        let mut world = eden.lab.world();
        world.set_integration_uri(API, ROOT_INTEGRATION, "http://127.0.0.1:9/").unwrap();
        drop(world);
        let process = eden.process(HEALTH_MONITOR, &format!("run-{n}"));
        let _ = eden.monitor(&process).await.unwrap();
        tokio::time::sleep(minutes(1)).await;
        assert_eq!(subjects(&eden.lab.world()).len(), before + n + 1);
    }
}

/// The same run saw "Eden Health Monitor Error" three times a minute: it was remembered for each
/// execution environment.
#[tokio::test(start_paused = true)]
async fn a_failure_that_lasts_is_told_once_whichever_environment_it_befalls() {
    // Given: each run has a process of its own.
    let rig = Rig::steady(&example()).await;
    rig.start_each_invocation_afresh();
    let kind = FaultKind::AccessDenied;
    rig.lab.world().inject(Fault { operation: "DescribeAlarms", kind, times: None });
    // When: Eden looks every five minutes, and Lambda repeats each run twice.
    rig.wait(minutes(60)).await;
    // Then
    assert!(rig.invocations(HEALTH_MONITOR).iter().filter(|it| it.result.is_err()).count() > 30);
    assert_eq!(subjects(&rig.lab.world()), [ERROR]);
}

/// One throttled look in five minutes is no news: the next one is as good as ever.
#[tokio::test(start_paused = true)]
async fn a_run_that_fails_once_pages_nobody() {
    // Given
    let rig = Rig::steady(&example()).await;
    let kind = FaultKind::AccessDenied;
    // When
    for _ in 0..3 {
        rig.lab.world().inject(Fault { operation: "DescribeAlarms", kind, times: Some(1) });
        rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        assert!(tag(&rig.lab.world(), "eden:failed-runs").is_some());
        rig.wait(minutes(20)).await;
        // Then
        assert_eq!(subjects(&rig.lab.world()), [] as [&str; 0]);
        assert_eq!(tag(&rig.lab.world(), "eden:failed-runs"), None);
    }
}

/// Why no tag of Eden's can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The service has all the tags that it may have.
    Full,
    /// A policy denies it.
    Denied,
    /// The service is so old that its ARN does not name its cluster.
    ShortArn,
}

impl Refusal {
    const ALL: [Self; 3] = [Self::Full, Self::Denied, Self::ShortArn];

    /// A service that is well, where it is so.
    async fn befalls(self) -> Rig {
        let mut example = example();
        if self == Self::Full {
            let tags = (0..50).map(|n| (format!("team:{n}"), "x".to_owned()));
            example.service.tags.extend(tags);
        }
        let rig = Rig::steady(&example).await;
        match self {
            Self::Full => {}
            Self::Denied => {
                let kind = FaultKind::AccessDenied;
                rig.lab.world().inject(Fault { operation: "TagResource", kind, times: None });
            }
            Self::ShortArn => {
                // ECS tags no such service (F64), and the policies do not name it either.
                rig.lab.world().shorten_service_arns();
                rig.expect_denials();
            }
        }
        rig
    }

    /// AWS's words.
    fn words(self) -> &'static str {
        match self {
            Self::Full => "A resource may have at most 50 tags",
            Self::Denied | Self::ShortArn => "AccessDenied",
        }
    }
}

/// Review of e254c28, A9: 50 tags, an SCP or a short ARN made a mail at each look and each of Lambda's
/// repetitions, 36 an hour, for as long as the condition lasted.
#[tokio::test(start_paused = true)]
async fn where_tags_are_refused_people_get_one_mail_for_a_condition() {
    for refusal in Refusal::ALL {
        // Given
        let rig = refusal.befalls().await;
        rig.wait(minutes(20)).await;
        // When
        let mut world = rig.lab.world();
        world.set_behaviour(CLUSTER, SERVICE, CRASHES).unwrap();
        for task in running(&world) {
            world.crash_task(&task.arn, 3).unwrap();
        }
        drop(world);
        rig.wait(minutes(60)).await;
        // Then
        let report = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
        assert_eq!(report["diagnosis"], "crash_loop");
        assert_eq!(subjects(&rig.lab.world()), [HUMAN], "{refusal:?}");
    }
}

/// A fresh reader's case: the process held the service well from before the fault came back.
#[tokio::test(start_paused = true)]
async fn where_tags_are_refused_a_fault_that_comes_and_goes_is_told_once() {
    for refusal in Refusal::ALL {
        // Given
        let rig = refusal.befalls().await;
        rig.lab.world().start_traffic(API, "/orders/42", seconds(1));
        rig.wait(minutes(21)).await;
        // When
        for _ in 0..6 {
            rig.lab.world().set_gatekeeper(API, Some(Gatekeeper::Refuses(500))).unwrap();
            rig.wait(minutes(8)).await;
            rig.lab.world().set_gatekeeper(API, None).unwrap();
            rig.wait(minutes(12)).await;
        }
        // Then
        assert_eq!(subjects(&rig.lab.world()), [HUMAN], "{refusal:?}");
    }
}

/// The same: what needs a claim was never done there, and nothing said so.
#[tokio::test(start_paused = true)]
async fn where_tags_are_refused_people_are_told_that_nothing_can_be_healed() {
    for refusal in Refusal::ALL {
        told_that_nothing_can_be_healed(refusal).await;
    }
}

async fn told_that_nothing_can_be_healed(refusal: Refusal) {
    // Given: a service that fails as a whole.
    let rig = refusal.befalls().await;
    rig.lab.world().start_traffic(API, "/orders/42", seconds(1));
    rig.wait(minutes(21)).await;
    // When
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(503)).unwrap();
    rig.wait(minutes(30)).await;
    // Then
    let report = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
    assert!(each(&report, "held", "reason").contains(&"tags_refused"), "{report}");
    assert_eq!(report["condition"]["name"], "tags_refused");
    let world = rig.lab.world();
    assert_eq!(subjects(&world), [HUMAN]);
    let mail = &world.published()[0].message;
    assert!(mail.contains("Eden's tags on the service cannot be written"), "{mail}");
    assert!(mail.contains(refusal.words()), "{mail}");
    drop(world);
    // When it is mended
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Serving).unwrap();
    rig.wait(minutes(45)).await;
    // Then people hear that, and of no tags that a healthy service would need
    let report = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
    assert_eq!((&report["diagnosis"], &report["condition"]), (&json!("healthy"), &json!(null)));
    let world = rig.lab.world();
    assert_eq!(subjects(&world), [HUMAN, "Eden Service Healthy Again"], "{refusal:?}");
}

/// Review of e254c28, A10: an application that exits and sometimes cannot be pulled gave a mail at
/// each flip between `crash_loop` and `cannot_start`.
#[tokio::test(start_paused = true)]
async fn tasks_that_fail_now_like_this_and_now_like_that_are_told_once() {
    // Given
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(20)).await;
    let reason = "CannotPullContainerError: pull image manifest has been retried".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    // When
    for round in 0..8 {
        let never = Behaviour::NeverStarts { reason: reason.clone() };
        let behaviour = if round % 2 == 0 { CRASHES } else { never };
        let mut world = rig.lab.world();
        world.set_behaviour(CLUSTER, SERVICE, behaviour).unwrap();
        for task in running(&world) {
            world.crash_task(&task.arn, 3).unwrap();
        }
        drop(world);
        rig.wait(minutes(20)).await;
        let report = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
        seen.insert(report["condition"]["name"].as_str().unwrap_or_default().to_owned());
    }
    // Then
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["cannot_start", "crash_loop"]);
    // Then: beside that, the route leads to nobody while no task runs.
    assert_eq!(subjects(&rig.lab.world()), [HUMAN, "Eden Route Parking"]);
}

/// Slack makes mentions and links of what stands in angle brackets
/// (<https://api.slack.com/reference/surfaces/formatting#escaping>), and a stop reason quotes what a
/// registry or an application says.
#[tokio::test(start_paused = true)]
async fn what_a_registry_says_is_quoted_and_neither_alive_nor_a_section_of_its_own() {
    const HOOK: &str = "https://hooks.slack.com/services/T0/B0/x9y8z7";
    const KEPT: &str = "arn:aws:ssm:us-east-1:123456789012:parameter/slack/eden";
    // Given
    let example = example().parameter("SlackWebhookParameterArn", &KEPT);
    let rig = Rig::steady(&example).await;
    rig.lab.world().set_parameter(KEPT, HOOK);
    rig.lab.world().add_webhook(HOOK).unwrap();
    rig.wait(minutes(20)).await;
    let reason = "CannotPullContainerError: <!channel> <https://evil|log in> & @here\n\n\
                  What To Do:\n- Nothing more\u{202e}";
    // When
    let mut world = rig.lab.world();
    let behaviour = Behaviour::NeverStarts { reason: reason.to_owned() };
    world.set_behaviour(CLUSTER, SERVICE, behaviour).unwrap();
    for task in running(&world) {
        world.crash_task(&task.arn, 3).unwrap();
    }
    drop(world);
    rig.wait(minutes(30)).await;
    // Then
    let world = rig.lab.world();
    let mail = &world.published()[0].message;
    assert!(mail.contains("& @here\\n\\nWhat To Do:\\n- Nothing more\\u{202e}"), "{mail}");
    assert_eq!(mail.lines().filter(|line| *line == "What To Do:").count(), 1, "{mail}");
    assert_eq!(mail.lines().filter(|line| line.starts_with("- Nothing more")).count(), 0);
    let post = &world.webhook_posts()[0].body;
    let post = serde_json::from_str::<serde_json::Value>(post).unwrap()["text"].to_string();
    assert!(post.contains("&lt;!channel&gt;"), "{post}");
    for alive in ["<!", "<https", "@here", "://"] {
        assert!(!post.contains(alive), "{alive}: {post}");
    }
}

/// An integration's URI may carry basic authentication
/// (<https://datatracker.ietf.org/doc/html/rfc3986#section-3.2.1>), and stood in log, mails and audit
/// events as it was.
#[tokio::test(start_paused = true)]
async fn the_password_of_an_integration_is_shown_nowhere() {
    // Given
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(5)).await;
    let dead = |path: &str| format!("http://eden:hunter2@192.0.2.1:8000/{path}");
    let mut world = rig.lab.world();
    world.set_integration_uri(API, ROOT_INTEGRATION, &dead("")).unwrap();
    world.set_integration_uri(API, PROXY_INTEGRATION, &dead("{proxy}")).unwrap();
    drop(world);
    // When
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then: it was led to the task with its credentials, and nobody else saw them.
    assert_eq!(each(&report, "done", "action"), ["point_integration"; 2]);
    let world = rig.lab.world();
    let uri = &world.api(API).unwrap().integrations[ROOT_INTEGRATION].uri;
    assert!(uri.starts_with("http://eden:hunter2@"), "{uri}");
    let told = [report.to_string(), json!(world.log_group(AUDIT_LOG)).to_string()];
    let mails = world.published().iter().map(|mail| mail.message.clone());
    let told: Vec<String> = told.into_iter().chain(mails).collect();
    assert_eq!(told.len(), 3, "response, audit log and one mail");
    for text in told {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("http://***@"), "{text}");
    }
    assert_eq!(subjects(&world), [HEALED]);
}
