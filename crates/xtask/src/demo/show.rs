//! What the demo prints: data on stdout, progress on stderr, colour only on a terminal.

use std::time::Duration;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use eden_lab::traffic::Recovery;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::play::Played;
use super::scenes::Scene;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NAME: Style = AnsiColor::Cyan.on_default();

/// Before the functions are built: it may take minutes.
pub fn building(release: bool) {
    let how = if release { " as they are deployed" } else { "" };
    eprintln!("Building both Lambda functions{how} (the first time takes some minutes)");
}

/// Once everything runs.
pub fn opening(url: &str, speed: f64, every: Duration) {
    println!();
    println!("{BOLD}Eden{BOLD:#} heals a live service in a simulated AWS on 127.0.0.1");
    println!();
    println!(
        "  functions  the real binaries ip-updater and health-monitor, wired by template.yaml"
    );
    println!("  traffic    one request every {every:?} to {url}");
    println!("  time       {speed:.0} times faster than AWS: a minute takes a second");
}

/// At the start of a scene.
pub fn beginning(number: usize, scene: &Scene) {
    println!();
    println!("{BOLD}{number}  {}{BOLD:#}", scene.name);
    println!("   {}", scene.story);
}

/// While a scene is on; hidden where there is no terminal.
pub fn waiting() -> ProgressBar {
    let style = ProgressStyle::with_template("   {spinner} {elapsed} waiting for the repair");
    let bar = ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// At the end of a scene: the verdict, who did what, and the mails.
pub fn ending(played: &Played) {
    let verdict = verdict(played);
    println!("   {verdict}");
    let actions = played.actions.iter().map(|action| &action["detail"]);
    for (action, times) in counted(actions.map(|it| (text(&it["function"]), text(&it["text"])))) {
        let (function, what) = action;
        println!("     {NAME}{function:<14}{NAME:#}  {what}{}", also(times));
    }
    if let Some(response) = &played.response {
        show_response(response);
    }
    for (mail, times) in counted(played.mails.iter().map(|it| (&it.subject, &it.message))) {
        let (subject, message) = mail;
        show_mail(subject.as_deref().unwrap_or("-"), message, times);
    }
}

/// What there is, each once, with how often: two invocations at once may do the same, and say so.
fn counted<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counted: Vec<(T, usize)> = Vec::new();
    for one in all {
        match counted.iter_mut().find(|(known, _)| *known == one) {
            Some((_, times)) => *times += 1,
            None => counted.push((one, 1)),
        }
    }
    counted
}

fn also(times: usize) -> String {
    if times == 1 { String::new() } else { format!(" {DIM}({times} times){DIM:#}") }
}

fn verdict(played: &Played) -> String {
    let Recovery { requests, failed_requests: failed, maintenance_pages: pages, downtime, .. } =
        played.traffic;
    let seconds = downtime.as_secs_f64();
    match (played.recovered, played.ended_well(), failed, pages) {
        (false, ..) => {
            format!("{BAD}✗ not repaired{BAD:#}, {failed} requests failed in {seconds:.2} s")
        }
        (true, false, ..) => format!("{BAD}✗ {failed} of {requests} requests failed{BAD:#}"),
        (true, true, 0, 0) => format!("{GOOD}✓ none of {requests} requests failed{GOOD:#}"),
        (true, true, _, 0) => format!(
            "{GOOD}✓ traffic flows again after {seconds:.2} s{GOOD:#}, {failed} requests failed"
        ),
        (true, true, ..) => format!(
            "{GOOD}✓ traffic flows again{GOOD:#}: {failed} requests failed within {seconds:.2} s, \
             {pages} saw the maintenance page"
        ),
    }
}

fn show_response(response: &Value) {
    println!(
        "     {NAME}{:<14}{NAME:#}  {}: diagnosis {}, {}/{} tasks running",
        text(&response["function"]),
        text(&response["outcome"]),
        text(&response["diagnosis"]),
        response["tasks"]["running"],
        response["tasks"]["desired"],
    );
    for held in response["held"].as_array().into_iter().flatten() {
        println!("     {:<14}  {DIM}held: {}{DIM:#}", "", text(&held["text"]));
    }
}

fn show_mail(subject: &str, message: &str, times: usize) {
    println!("     {DIM}┌ mail{DIM:#}  {BOLD}{subject}{BOLD:#}{}", also(times));
    for line in message.lines() {
        println!("     {DIM}│{DIM:#} {line}");
    }
}

/// The figures of all scenes, one below the other.
pub fn closing(played: &[Played]) {
    println!();
    println!(
        "{BOLD}{:<20} {:>9} {:>9} {:>7} {:>6}  {:<9}{BOLD:#}",
        "scene", "downtime", "requests", "failed", "page", "recovered"
    );
    for scene in played {
        let (style, word) = if scene.ended_well() { (GOOD, "yes") } else { (BAD, "NO") };
        let Recovery { requests, failed_requests, maintenance_pages, downtime, .. } = scene.traffic;
        println!(
            "{:<20} {:>7.2} s {requests:>9} {failed_requests:>7} {maintenance_pages:>6}  \
             {style}{word}{style:#}",
            scene.name,
            downtime.as_secs_f64(),
        );
    }
    println!();
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
