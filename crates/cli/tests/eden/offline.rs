//! What needs no AWS.

use std::process::{Command, Output};

fn eden(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eden"));
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").args(arguments);
    command.output().unwrap()
}

#[test]
fn completions_and_manual_need_no_account() {
    for (arguments, contains) in [
        (&["completions", "bash"][..], "diagnose"),
        (&["completions", "zsh"], "--endpoint-url"),
        (&["man"], "EDEN HEAL"),
        (&["help"], "Usage: eden"),
    ] {
        let said = eden(arguments);
        let stdout = String::from_utf8(said.stdout).unwrap();
        assert_eq!(said.status.code(), Some(0), "{arguments:?}");
        assert!(stdout.contains(contains), "{arguments:?}: {stdout}");
    }
}

#[test]
fn a_missing_region_is_told_before_anything_is_asked() {
    let said = eden(&["status"]);

    let stderr = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(stderr.contains("--region") && stderr.contains("AWS_REGION"), "{stderr}");
}
