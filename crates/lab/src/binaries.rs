//! The functions' real binaries, built by cargo.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use thiserror::Error;

/// How the binaries are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quickly: with the rest of the workspace, so that what the tests have built serves.
    Debug,
    /// As they are deployed.
    Release,
}

/// Why there are no binaries.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Cargo did not start, or its output could not be read.
    #[error("cannot run {}", .0.display())]
    Cargo(PathBuf, #[source] io::Error),
    /// Cargo said no; it has shown why.
    #[error("cargo could not build the functions")]
    Failed,
    /// A binary is not among what was built.
    #[error("the workspace has no binary {0}")]
    Missing(String),
}

/// Builds the binaries of these names with the given cargo and says where they are. Cargo shows
/// its progress on standard error.
///
/// # Errors
/// When cargo cannot be run, fails, or builds no binary of one of the names.
pub fn build(
    cargo: &Path,
    profile: Profile,
    names: &[&str],
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::piped());
    command.args(["build", "--message-format", "json-render-diagnostics"]);
    for name in std::env::vars_os().map(|(name, _)| name).filter(|name| is_of_a_package(name)) {
        command.env_remove(name);
    }
    match profile {
        // The whole workspace: cargo then chooses the same features as for its tests, and builds
        // the AWS SDK once.
        Profile::Debug => command.args(["--workspace", "--bins"]),
        Profile::Release => {
            command.arg("--release").args(names.iter().flat_map(|name| ["--package", name]))
        }
    };
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| BuildError::Cargo(cargo.to_owned(), error))?;
    if !output.status.success() {
        return Err(BuildError::Failed);
    }
    let built = executables(&String::from_utf8_lossy(&output.stdout));
    names
        .iter()
        .map(|name| {
            let path = built.get(*name).ok_or_else(|| BuildError::Missing((*name).to_owned()))?;
            Ok(((*name).to_owned(), path.clone()))
        })
        .collect()
}

/// Whether cargo sets a variable of this name for the package that it runs. ring's build script asks
/// for them: with those of a test, ring and all that needs it would be built anew, twice.
fn is_of_a_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "OUT_DIR" || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")
}

/// The executables that cargo's messages name, by target.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, PathBuf::from(message["executable"].as_str()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"ip-updater"},"executable":"/t/ip-updater"}"#,
        );
        let expected = BTreeMap::from([("ip-updater".to_owned(), PathBuf::from("/t/ip-updater"))]);
        assert_eq!(executables(messages), expected);
    }
}
