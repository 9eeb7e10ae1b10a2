//! What `eden` understands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde::Serialize;

use crate::since;

/// Looks after one ECS service behind an API Gateway, together with Eden's two Lambda functions.
///
/// Their deployed settings are the settings here. Credentials, region and endpoints are found as AWS's
/// own CLI finds them: options, environment, profile.
///
/// Exit status: 0 all is well or done, 1 something is not, 2 that could not be found out.
#[derive(Debug, Parser)]
#[command(name = "eden", version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Where AWS is
    #[command(flatten)]
    pub aws: AwsOptions,
    /// Which of Eden's stacks it is
    #[command(flatten)]
    pub stack: StackOptions,
    /// Print data as JSON, and nothing else on stdout
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub color: Color,
}

/// Where AWS is, in the words of AWS's own CLI.
#[derive(Debug, Args)]
#[command(next_help_heading = "AWS")]
pub struct AwsOptions {
    /// Profile with credentials and region; without it AWS_PROFILE, or the default one
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Region; without it AWS_REGION, or the profile's
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// Endpoint of all services; without it AWS_ENDPOINT_URL, or AWS itself
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// Which of Eden's stacks it is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Stack")]
pub struct StackOptions {
    /// The stack's parameter Environment, with which the names of all its resources begin; prod without it
    #[arg(long, global = true)]
    pub env: Option<String>,
    /// The stack's parameter AppName, which comes second in them; eden without it
    #[arg(long, global = true)]
    pub app: Option<String>,
    /// Name of the CloudFormation stack: its outputs say what its resources are called
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["env", "app"])]
    pub stack: Option<String>,
}

impl StackOptions {
    /// Environment and AppName, as they are given or by default.
    pub fn prefix(&self) -> (&str, &str) {
        (self.env.as_deref().unwrap_or("prod"), self.app.as_deref().unwrap_or("eden"))
    }
}

/// The answers to `eden init`, which asks for what is not given.
#[derive(Debug, Args)]
pub struct InitOptions {
    /// The service
    #[arg(long, value_name = "CLUSTER/SERVICE", help_heading = "Answers")]
    pub service: Option<String>,
    /// Id of the API
    #[arg(long, value_name = "ID", help_heading = "Answers")]
    pub api: Option<String>,
    /// The API's integrations with the service, one to four, comma-separated: ids, or
    /// RESOURCE_ID:METHOD in a REST API
    #[arg(long, value_name = "IDS", requires = "api", help_heading = "Answers")]
    pub integrations: Option<String>,
    /// The API's stage, or several of a REST API, comma-separated
    #[arg(long, value_name = "NAMES", requires = "api", help_heading = "Answers")]
    pub stage: Option<String>,
    /// URL of the API as its users know it, where that is not its own
    #[arg(long, value_name = "URL", help_heading = "Answers")]
    pub url: Option<String>,
    /// Port on which the tasks answer
    #[arg(long, value_name = "PORT", help_heading = "Answers")]
    pub port: Option<String>,
    /// Path that a task must answer well; none when a TCP connection is enough
    #[arg(long, value_name = "PATH", help_heading = "Answers")]
    pub health_path: Option<String>,
    /// E-mail address that gets notifications; none for nobody
    #[arg(long, value_name = "ADDRESS", help_heading = "Answers")]
    pub email: Option<String>,
    /// Processor of the functions; this machine's without it
    #[arg(long, value_enum, help_heading = "Answers")]
    pub architecture: Option<Architecture>,
    /// The project's folder, with template.yaml
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub directory: PathBuf,
    /// Ask nothing: take what is proposed, and replace the file
    #[arg(long)]
    pub yes: bool,
    /// Write the file although a check failed
    #[arg(long)]
    pub force: bool,
}

/// Processors of Lambda functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86,
    /// Graviton
    Arm64,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What becomes of the route when Eden goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteLeft {
    /// It leads to nobody from now on: the API answers 5xx
    Park,
    /// It stays: once the task is gone, its address may be anybody's
    Leave,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at the account, ask at most five questions, and write what `sam` needs into eden.toml
    ///
    /// It needs no stack. A tag is written on the service and taken off again, to see whether that is
    /// allowed; nothing else is changed but the file. Exit status: 0 written, 1 a check failed or the
    /// file was to stay, 2 what to write could not be found out.
    Init(Box<InitOptions>),
    /// What needs AWS
    #[command(flatten)]
    Operate(Operation),
    /// Print the completions of a shell
    ///
    /// For bash: eden completions bash > ~/.local/share/bash-completion/completions/eden
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    ///
    /// To read it at once: eden man | man -l -
    Man,
}

/// The commands that need AWS.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Check that Eden is installed as it should be, can do its work, and the service is well
    ///
    /// Exit status: 0 everything passed, 1 something failed, 2 nothing failed, but something could
    /// not be checked.
    Verify {
        /// Also run health-monitor by hand: it acts if it finds a reason to
        #[arg(long)]
        invoke: bool,
        /// Also send a test message, ring the alarm needs-human, and write a tag of its own
        #[arg(long)]
        notify: bool,
    },
    /// Show the service, its tasks, where the gateway leads, and what Eden did lately, on one screen
    ///
    /// The API itself is not asked, so watching an API that answers 5xx rings no alarm.
    Status {
        /// Look again every few seconds, until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
    /// Show health-monitor's evidence, diagnosis and plan for now, without acting
    ///
    /// Tasks are probed from this machine: where only Lambda or API Gateway may reach them, they look
    /// unreachable from here. Exit status: 0 healthy, 1 not, 2 unknown.
    Diagnose,
    /// Show health-monitor's plan, ask, and act
    ///
    /// It needs the permissions of health-monitor's role.
    Heal {
        /// Act without asking
        #[arg(long)]
        yes: bool,
    },
    /// Show what ip-updater would write
    Route {
        /// Write it
        #[arg(long)]
        apply: bool,
    },
    /// Print the public addresses of the running tasks, one per line
    Ip,
    /// Switch healing off, by a tag on the service: nothing is changed any more
    Pause,
    /// Have both functions only tell what they would do, by a tag on the service
    Observe,
    /// Switch healing on again
    ///
    /// Removes the tag, or sets it to on where the parameter HealingMode says something else.
    Resume,
    /// Prepare the removal of Eden: what `sam delete` leaves behind
    ///
    /// Switches healing off by the service's tag, parks the route or leaves it, and takes Eden's other
    /// tags off the service and its tasks. The tag healing=off stays, since the functions would lead
    /// the route on otherwise; how to remove it after `sam delete` is said.
    Uninstall {
        /// What becomes of the route; without it the terminal is asked
        #[arg(long, value_enum)]
        route: Option<RouteLeft>,
    },
    /// Show what Eden did and why, and what ECS says of the last hour
    History {
        /// How far back, like 90s, 30m, 24h or 7d
        #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = since::parse)]
        since: Duration,
    },
    /// Show both functions' logs and the audit log, merged by time
    Logs {
        /// Go on as they grow, until Ctrl-C
        #[arg(long)]
        follow: bool,
        /// How far back, like 90s, 30m, 24h or 7d
        #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = since::parse)]
        since: Duration,
    },
    /// Run the handler that an event is for, in this process; it acts
    ///
    /// The files in events/ are examples.
    Replay {
        /// The event as JSON; - for stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
