//! How large the functions are: what Lambda downloads and what it starts.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::figures::Size;
use crate::side::{Function, Programs};

/// The sizes of a function on both sides, packed in this folder as `sam` packs them.
///
/// # Errors
/// When a file cannot be read or packed.
pub fn measure(programs: &Programs, function: Function, folder: &Path) -> Result<Size> {
    let binary = &programs.binaries[&function];
    Ok(Size {
        function,
        binary_bytes: length(binary)?,
        zip_bytes: zipped(programs, binary, &folder.join(format!("{function}.zip")))?,
        baseline_zip_bytes: {
            let zip = folder.join(format!("{function}-baseline.zip"));
            zipped(programs, &function.python_source(), &zip)?
        },
    })
}

/// With Python's `zipfile`, which is what the SAM CLI uses.
fn zipped(programs: &Programs, file: &Path, zip: &Path) -> Result<u64> {
    let mut command = Command::new(&programs.python);
    command.args(["-m", "zipfile", "-c"]).arg(zip).arg(file);
    let output = command.output().context("cannot start Python to make a zip file")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cannot zip {}: {said}", file.display());
    length(zip)
}

fn length(file: &Path) -> Result<u64> {
    let data = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(data.len())
}
