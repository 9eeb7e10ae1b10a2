//! The functions as `sam build` leaves them: what `sam deploy` uploads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eden_bench::side::Function;

use crate::workspace::root;

/// Below the checkout's root.
const FOLDER: &str = ".aws-sam/build";

/// What `sam build` runs for one function after the other, for both: the longest step of each, which
/// uses one processor, then takes place beside the other's. SAM finds nothing left to compile.
pub const BOTH_AT_ONCE: [&str; 8] = [
    "cargo-lambda",
    "lambda",
    "build",
    "--release",
    "--bin",
    "ip-updater",
    "--bin",
    "health-monitor",
];

/// The template, below the checkout's root; `sam deploy` takes it by itself.
pub const TEMPLATE: &str = ".aws-sam/build/template.yaml";
/// The template of a service for newcomers, as it is deployed.
pub const EXAMPLE: &str = "examples/public-service/template.yaml";

/// The binary of each function.
pub fn binaries() -> BTreeMap<Function, PathBuf> {
    let binary =
        |function| (function, root().join(FOLDER).join(logical_id(function)).join("bootstrap"));
    Function::BOTH.map(binary).into()
}

/// Its name in the template.
fn logical_id(function: Function) -> &'static str {
    match function {
        Function::IpUpdater => "IpUpdaterFunction",
        Function::HealthMonitor => "HealthMonitorFunction",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_these_functions() {
        let template = include_str!("../../../template.yaml");
        for function in Function::BOTH {
            assert!(template.contains(&format!("\n  {}:\n", logical_id(function))), "{function}");
        }
    }
}
