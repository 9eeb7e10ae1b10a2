//! What goes on until it is stopped.

use std::process::Stdio;
use std::time::Duration;

use eden_lab::example::IP_UPDATER;
use eden_lab::world::{ApiKind, LogEvent};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::scene::Scene;

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `eden` and waits for a line with this text; `then` is called after the first line.
async fn until_line(scene: &Scene, arguments: &[&str], text: &str, then: impl FnOnce()) {
    let mut eden = scene.command(arguments);
    let mut eden = eden.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(eden.stdout.take().unwrap()).lines();
    let mut then = Some(then);
    let found = timeout(PATIENCE, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(then) = then.take() {
                then();
            } else if line.contains(text) {
                return true;
            }
        }
        false
    });
    assert_eq!(found.await, Ok(true), "no line with {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_followed_as_they_grow() {
    // Given
    let scene = Scene::steady(220, ApiKind::Http).await;
    scene.lull().await;
    // When
    let write = || {
        scene.change(|world| {
            let (stream, at, message) = ("s".to_owned(), world.now(), "Runtime exited".to_owned());
            let group = format!("/aws/lambda/{IP_UPDATER}");
            world.logs().write(&group, LogEvent { stream, at, message });
        });
    };
    // Then
    until_line(&scene, &["logs", "--follow"], "Runtime exited", write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_watched_as_it_changes() {
    // Given
    let scene = Scene::steady(221, ApiKind::Http).await;
    scene.lull().await;
    // When, then
    let misroute = || scene.misroute();
    let dead = r#""leads_to":"elsewhere""#;
    until_line(&scene, &["status", "--watch", "--json"], dead, misroute).await;
}
