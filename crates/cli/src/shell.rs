//! What a shell and `man` want to know of this program.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::exit::ExitStatus;

/// Prints the completions of a shell.
///
/// # Errors
/// When stdout cannot be written.
pub fn completions(shell: Shell) -> Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "eden", &mut script);
    print(&script)
}

/// Prints the manual page, with a section for each command.
///
/// # Errors
/// When stdout cannot be written.
pub fn man() -> Result<ExitStatus> {
    print(&page()?)
}

/// One page for everything: whoever looks for an option finds it where the others are.
fn page() -> io::Result<Vec<u8>> {
    let mut eden = Arguments::command();
    eden.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(eden.clone()).render(&mut page)?;
    for command in eden.get_subcommands().filter(|it| it.get_name() != "help") {
        let name = format!("eden {}", command.get_name());
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        let man = clap_mangen::Man::new(command.clone());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    Ok(page)
}

fn print(bytes: &[u8]) -> Result<ExitStatus> {
    io::stdout().lock().write_all(bytes)?;
    Ok(ExitStatus::Good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_manual_has_every_command() {
        let page = String::from_utf8(page().unwrap()).unwrap();

        for command in Arguments::command().get_subcommands() {
            let name = format!(".SH \"EDEN {}\"", command.get_name().to_uppercase());
            assert!(page.contains(&name), "{name} is missing");
        }
    }
}
