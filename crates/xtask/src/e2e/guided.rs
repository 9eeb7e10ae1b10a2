//! The first deployment as a person makes it: `sam deploy --guided` in a terminal, with Enter at all
//! questions but a few.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use regex_lite::Regex;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::cloud::{Cloud, STACK};
use super::report::{Failed, Report};
use super::tool;
use crate::workspace::root;

/// A deployment ends within this time.
const PATIENCE: Duration = Duration::from_secs(300);
/// A question with its default: `Parameter BackendPort [8000]: `. One that has none shows no brackets, and
/// takes no empty answer.
const QUESTION: &str = r"([A-Z][A-Za-z0-9 '?-]*) \[[^\]\r\n]*\]: $";
/// What a terminal is told of colours.
const COLOUR: &str = r"\x1b\[[0-9;?]*[A-Za-z]";
/// Where the answers are saved, below the project's folder.
const SAVED: &str = "target/e2e/guided.toml";

/// Deploys the stack with Enter at each question but the required ones; then two others, with a webhook's
/// secret and for a REST API, which are removed again.
pub async fn deploy(report: &mut Report, cloud: &Cloud) -> Result<(), Failed> {
    let api = [
        ("APIGatewayId", cloud.api.as_str()),
        ("APIGatewayURL", &cloud.parameters["APIGatewayURL"]),
        // No scheduled run comes between the checks.
        ("ScheduleRate", "rate(60 minutes)"),
    ];
    let integration = cloud.parameters["APIGatewayIntegrationId"].as_str();
    let http = [("APIGatewayIntegrationId", integration)];
    let enter = [&api[..], &http].concat();
    let first = guided(cloud, STACK, &enter);
    report.check("sam deploy --guided, with Enter at what has a default", first).await?;
    report.check("its answers are saved where it was told", async { saved(cloud) }).await?;
    let webhook = [
        ("Stack Name", "e2e-webhook"),
        ("Environment", "webhook"),
        ("NotificationEmail", "ops@example.com"),
        (
            "SlackWebhookSecretArn",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack/eden-a1B2c3",
        ),
    ];
    let webhook = [&api[..], &http, &webhook].concat();
    let rest = [
        ("Stack Name", "e2e-rest"),
        ("Environment", "rest"),
        ("APIGatewayIntegrationId", "abc123:ANY,def456:ANY"),
        ("ApiType", "REST"),
        ("APIGatewayName", "shop"),
        ("APIGatewayStage", "prod"),
    ];
    let rest = [&api[..], &rest].concat();
    // What follows does not rest on these.
    let with_webhook = another(cloud, "e2e-webhook", &webhook);
    let _ = report.check("the same with a webhook's secret", with_webhook).await;
    let of_rest = another(cloud, "e2e-rest", &rest);
    let _ = report.check("the same for a REST API", of_rest).await;
    Ok(())
}

/// Deploys a stack that is not needed any longer.
async fn another(cloud: &Cloud, stack: &str, answers: &[(&str, &str)]) -> Result<()> {
    guided(cloud, stack, answers).await?;
    let region = super::ministack::REGION;
    let delete = ["delete", "--no-prompts", "--region", region, "--stack-name", stack];
    tool::run(cloud.ministack.sam(&delete)?).await.map(drop)
}

/// Gives these answers, and yes to "Deploy this changeset?"; the stack then has them.
async fn guided(cloud: &Cloud, stack: &str, answers: &[(&str, &str)]) -> Result<()> {
    // What is tracked is not written to, whatever SAM asks.
    std::fs::copy(root().join("samconfig.toml"), root().join(SAVED)).context(SAVED)?;
    let mut all: BTreeMap<String, String> =
        answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.insert("SAM configuration file".to_owned(), SAVED.to_owned());
    all.insert("Deploy this changeset?".to_owned(), "y".to_owned());
    let guided = ["deploy", "--guided", "--no-progressbar", "--config-file", SAVED];
    let command = cloud.ministack.sam(&guided)?;
    let asked = timeout(PATIENCE, answer(&command, &all)).await.context("it does not end")??;
    let expected: BTreeSet<String> = parameters()?.into_iter().chain(all.into_keys()).collect();
    let missing: Vec<_> = expected.difference(&asked).collect();
    ensure!(missing.is_empty(), "it did not ask for {missing:?}");
    let query = ["cloudformation", "describe-stacks", "--stack-name", stack];
    let made = cloud.ministack.aws(&query).await?;
    let made = &made["Stacks"][0];
    ensure!(made["StackStatus"] == "CREATE_COMPLETE", "{stack}: {made}");
    let has = |(name, value): &(&str, &str)| {
        let given = json!({"ParameterKey": name, "ParameterValue": value});
        made["Parameters"].as_array().is_some_and(|all| all.contains(&given))
    };
    let of_stack = answers.iter().filter(|(name, _)| *name != "Stack Name");
    let lost: Vec<_> = of_stack.filter(|answer| !has(answer)).collect();
    ensure!(lost.is_empty(), "{stack} has not {lost:?}: {made}");
    Ok(())
}

/// Runs a command in a terminal, and gives these answers to its questions, Enter to all others; what it
/// asked for.
async fn answer(command: &Command, answers: &BTreeMap<String, String>) -> Result<BTreeSet<String>> {
    let mut running = in_terminal(command).spawn().context("cannot run script, of util-linux")?;
    let (mut keyboard, mut screen) =
        running.stdin.take().zip(running.stdout.take()).context("it has no streams")?;
    let (question, colour) = (Regex::new(QUESTION)?, Regex::new(COLOUR)?);
    let (mut asked, mut said, mut unread) = (BTreeSet::new(), String::new(), Vec::new());
    loop {
        unread.reserve(4096);
        let read = screen.read_buf(&mut unread).await?;
        // A question is the last line, and not ended.
        let begins = unread.iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1);
        let ended: Vec<u8> = unread.drain(..begins).collect();
        said += &String::from_utf8_lossy(&ended);
        let last = colour.replace_all(&String::from_utf8_lossy(&unread), "").into_owned();
        if read == 0 {
            said += &last;
            break;
        }
        let Some(label) = question.captures(&last).map(|found| found[1].to_owned()) else {
            continue;
        };
        said += &last;
        unread.clear();
        let name = label.strip_prefix("Parameter ").unwrap_or(&label);
        ensure!(asked.insert(name.to_owned()), "it asks again for {name}:\n{}", end(&said));
        let line = answers.get(name).map_or("", String::as_str).to_owned() + "\n";
        let typing = keyboard.write_all(line.as_bytes()).await;
        typing.with_context(|| format!("it ended before {name}:\n{}", end(&said)))?;
        keyboard.flush().await?;
    }
    let status = running.wait().await?;
    ensure!(status.success(), "it ended with {status}:\n{}", end(&said));
    Ok(asked)
}

/// The command as one that a person types into a terminal.
fn in_terminal(command: &Command) -> tokio::process::Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    let mut script = tokio::process::Command::new("script");
    script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    // It runs the command by that shell.
    script.env("SHELL", "/bin/sh");
    script.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    script
}

fn end(said: &str) -> String {
    tool::last_lines(said, 40)
}

/// The names of the template's parameters.
fn parameters() -> Result<Vec<String>> {
    let template = std::fs::read_to_string(root().join("template.yaml"))?;
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(&template)?;
    let parameters = template["Parameters"].as_mapping().context("template.yaml: no Parameters")?;
    Ok(parameters.keys().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

fn saved(cloud: &Cloud) -> Result<()> {
    let saved = std::fs::read_to_string(root().join(SAVED)).context(SAVED)?;
    ensure!(saved.contains(&format!("APIGatewayId=\\\"{}\\\"", cloud.api)), "{saved}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn questions_are_answered_by_name_and_all_others_with_enter() {
        let script = "printf \"Looking for config file [samconfig.toml] :  Found\\n\"; \
                      printf \"Parameter Port [8000]: \"; read a; \
                      printf \"\\033[1mStack Name\\033[0m [eden]: \"; read b; \
                      test \"$a\" = \"\" && test \"$b\" = shop";
        let answers = BTreeMap::from([("Stack Name".to_owned(), "shop".to_owned())]);

        let asked = answer(&shell(script), &answers).await.unwrap();

        assert_eq!(asked, BTreeSet::from(["Port".to_owned(), "Stack Name".to_owned()]));
    }

    #[tokio::test]
    async fn a_question_that_is_asked_again_ends_it_as_does_a_failure() {
        let again = "while true; do printf \"Parameter Hook [x]: \"; read a; done";
        let error = answer(&shell(again), &BTreeMap::new()).await.unwrap_err();
        assert!(error.to_string().starts_with("it asks again for Hook"), "{error}");

        let failing = shell("echo no rights; exit 3");
        let error = answer(&failing, &BTreeMap::new()).await.unwrap_err();
        assert!(error.to_string().contains("no rights"), "{error}");
    }
}
