//! The tools that PyPI has, pinned in tools/requirements, each set in a virtual environment of its own
//! below .venv: their requirements contradict each other. What the bench compares with. And
//! cargo-fuzz, which is built.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use anyhow::{Context as _, Result};

use crate::process::{command, run};
use crate::workspace::{self, cargo, root};

/// The version of cargo-fuzz that is used.
const CARGO_FUZZ: &str = "0.13.2";

/// What cargo tells the programs it runs about their package. Build scripts look at these: with
/// them, `sam build` would build again what it has built from a shell.
const OF_THIS_PACKAGE: [&str; 7] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A set of tools that is installed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// `sam`, `aws`, `cfn-lint`, and `cargo-lambda` for `sam build`.
    Sam,
    /// `checkov`.
    Checkov,
    /// `cargo-deny`.
    Deny,
    /// `ministack`.
    MiniStack,
    /// `python` with what the functions in benches/baseline need.
    Baseline,
}

impl Tools {
    fn name(self) -> &'static str {
        match self {
            Self::Sam => "sam",
            Self::Checkov => "checkov",
            Self::Deny => "deny",
            Self::MiniStack => "ministack",
            Self::Baseline => "baseline",
        }
    }

    fn requirements(self) -> String {
        match self {
            Self::Sam | Self::Checkov | Self::Deny | Self::MiniStack => {
                format!("tools/requirements/{}.txt", self.name())
            }
            Self::Baseline => "benches/baseline/requirements.txt".to_owned(),
        }
    }

    /// A tool of the set, which is installed, or anew after a change of its requirements, when
    /// needed.
    ///
    /// # Errors
    /// When Python or the packages are not to be had.
    pub fn tool(self, name: &str) -> Result<Command> {
        self.install().with_context(|| {
            format!("cannot install {name}: Python 3.11 with venv, and PyPI, are needed")
        })?;
        let programs = root().join(".venv").join(self.name()).join("bin");
        let mut command = command(programs.join(name), &[]);
        for name in OF_THIS_PACKAGE {
            command.env_remove(name);
        }
        command
            // `sam build` looks for cargo-lambda on the path.
            .env("PATH", workspace::path_with(&programs)?)
            // Linting needs a region to look types up by, and no news about SAM.
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("SAM_CLI_TELEMETRY", "0");
        Ok(command)
    }

    /// Installs sets of tools that are needed soon, beside whatever else there is to do. What cannot
    /// be installed is told by whoever needs it.
    pub fn install_meanwhile(sets: &'static [Self]) {
        thread::spawn(move || sets.iter().for_each(|set| drop(set.install())));
    }

    fn install(self) -> Result<()> {
        // Whoever needs a set that is being installed waits for it.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.requirements();
        let requirements = fs::read_to_string(root().join(&file))
            .with_context(|| format!("cannot read {file}"))?;
        let environment = format!(".venv/{}", self.name());
        // What is installed, in words: the requirements as they were then.
        let stamp = root().join(&environment).join("requirements.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
            return Ok(());
        }
        anstream::eprintln!("installing {file} into {environment}");
        run(&mut command("python3", &["-m", "venv", "--clear", &environment]))?;
        let quiet = ["install", "--quiet", "--disable-pip-version-check", "--requirement", &file];
        run(&mut command(root().join(&environment).join("bin/pip"), &quiet))?;
        fs::write(&stamp, requirements).with_context(|| format!("cannot write {}", stamp.display()))
    }
}

/// cargo-fuzz, which is built and installed below `target` when needed; a minute or two on two quiet
/// cores.
///
/// # Errors
/// When it is not to be had.
pub fn cargo_fuzz() -> Result<Command> {
    let folder = format!("target/tools/cargo-fuzz-{CARGO_FUZZ}");
    let program = root().join(&folder).join("bin/cargo-fuzz");
    if !program.exists() {
        anstream::eprintln!("installing cargo-fuzz {CARGO_FUZZ} into {folder}");
        let version = format!("cargo-fuzz@{CARGO_FUZZ}");
        let install = ["install", "--quiet", "--locked", "--root", &folder, &version];
        run(&mut command(cargo(), &install))
            .context("cannot install cargo-fuzz: crates.io is needed")?;
    }
    Ok(command(program, &[]))
}
