//! Step 1, what was built: how many instructions it executes, against the stored bounds.

use anyhow::{Result, ensure};
use eden_bench::instructions::{self, Checked};

use super::report::Report;
use crate::built;

/// Counts what the functions that SAM has built execute from their start and for an event.
pub async fn are_within_bounds(report: &mut Report) {
    let name = format!("instructions within {}", instructions::FILE);
    let Some(valgrind) = instructions::valgrind() else {
        report.skip(&name, "valgrind is not installed");
        return;
    };
    let check = async {
        let checked = instructions::check(&valgrind, &built::binaries(), &super::folder()).await?;
        judge(&checked)
    };
    // A slow function can still be deployed.
    let _ = report.check(&name, check).await;
}

fn judge(checked: &[Checked]) -> Result<()> {
    let lines: Vec<String> = checked.iter().map(ToString::to_string).collect();
    ensure!(
        checked.iter().all(Checked::is_kept),
        "{}\nIf they are worth it: cargo xtask bench --store-bounds",
        lines.join("\n")
    );
    for line in lines {
        anstream::println!("          {line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_above_its_bound_fails_the_check() {
        let of = |counted| Checked { what: "f, start".to_owned(), counted, bound: 1_000 };
        assert!(judge(&[of(1_000), of(999)]).is_ok());
        let error = judge(&[of(1_000), of(1_001)]).unwrap_err().to_string();
        assert!(error.contains("1,001 instructions, at most 1,000"), "{error}");
    }
}
