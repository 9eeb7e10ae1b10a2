//! Step 1: `sam build`, and what the linters say about what was built.

use anyhow::Result;

use super::report::{Failed, Report};
use super::tool::{self, Said};
use crate::built;
use crate::tools::Tools;

/// Builds both functions as they are deployed, and checks the built template.
pub async fn build_and_lint(report: &mut Report) -> Result<(), Failed> {
    report.step("1  build and lint");
    let [tool, both @ ..] = &built::BOTH_AT_ONCE;
    report.check("cargo lambda build", run(Tools::Sam, tool, both)).await?;
    report.check("sam build", run(Tools::Sam, "sam", &["build"])).await?;
    let linters: [(_, _, &[_]); 4] = [
        (Tools::Sam, "sam", &["validate", "--lint", "--template", built::TEMPLATE]),
        // The only exceptions, with their reasons, are in .checkov.yaml.
        (Tools::Sam, "cfn-lint", &[built::TEMPLATE]),
        (Tools::Checkov, "checkov", &["--file", built::TEMPLATE]),
        (Tools::Checkov, "checkov", &["--file", built::EXAMPLE]),
    ];
    for (tools, tool, arguments) in linters {
        let name = format!("{tool} {}", arguments.join(" "));
        // A template that a linter refuses can still be deployed, which tells more.
        let _ = report.check(&name, run(tools, tool, arguments)).await;
    }
    Ok(())
}

/// Installs the tool as part of the check: it takes a minute the first time.
async fn run(tools: Tools, tool: &str, arguments: &[&str]) -> Result<Said> {
    let mut command = tools.tool(tool)?;
    command.args(arguments);
    tool::run(command).await
}
