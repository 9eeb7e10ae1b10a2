//! Settings are taken, or refused in a sentence that names each variable that is wrong.

#![no_main]

use std::collections::BTreeMap;

use eden_input::config::{HealthMonitorConfig, IpUpdaterConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // As in a file of variables: a line each, `NAME=VALUE`.
    let variables: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once('=')).collect();
    let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let (updater, monitor) = (IpUpdaterConfig::read(variable), HealthMonitorConfig::read(variable));
    for error in [updater.as_ref().err(), monitor.as_ref().err()].into_iter().flatten() {
        let error = error.to_string();
        let of_a_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let names = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(of_a_name)
        };
        let words = error.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        assert!(words.filter(|word| word.len() > 3).any(names), "{error:?} names no variable");
    }
    assert_eq!(HealthMonitorConfig::read(variable).ok(), monitor.ok());
    assert_eq!(IpUpdaterConfig::read(variable).ok(), updater.ok());
});
