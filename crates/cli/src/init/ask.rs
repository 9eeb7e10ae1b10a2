//! Asking: on the terminal, or not at all. Questions go to stderr, since stdout is for data.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Result, bail, ensure};

use super::questions::{NONE, Question};
use crate::output::{self, BAD, BOLD, DIM, NAME};

/// Somebody to ask, or nobody.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// Whether proposals are taken unasked.
    yes: bool,
    /// Whether somebody sits at a terminal.
    terminal: bool,
}

impl Asker {
    /// Who is at stdin, unless all proposals are to be taken.
    pub fn new(yes: bool) -> Self {
        Asker { yes, terminal: io::stdin().is_terminal() }
    }

    /// Shows an answer that needs no question.
    pub fn show(question: Question, answer: &str) {
        let about = question.about;
        output::remark(&format!("{DIM}{about:<12}{DIM:#} {NAME}{answer}{NAME:#}"));
    }

    /// One of several, by its number; `proposed` is the one that is taken with Enter, and without a
    /// question if it is certain enough for that.
    ///
    /// # Errors
    /// When nobody can be asked, or nobody answers.
    pub fn choose(
        self,
        question: Question,
        options: &[String],
        proposed: usize,
        certain: bool,
    ) -> Result<usize> {
        if self.yes {
            let Question { about, option, takes, .. } = question;
            ensure!(
                certain,
                "which {about} it is is not certain, so that --yes alone does not do: name it with \
                 --{option} {takes}, of\n  {}",
                options.join("\n  ")
            );
            Self::show(question, options.get(proposed).map_or("", String::as_str));
            return Ok(proposed);
        }
        self.must_be_there(question, &options.join("\n  "))?;
        output::remark(&format!("\n{BOLD}{}{BOLD:#}", question.asks));
        for (at, option) in options.iter().enumerate() {
            output::remark(&format!("  {NAME}{}{NAME:#}  {option}", at + 1));
        }
        loop {
            let answer = Self::line(&format!("[{}] ", proposed + 1))?;
            if answer.is_empty() {
                return Ok(proposed);
            }
            let number = answer.parse::<usize>().ok().and_then(|it| it.checked_sub(1));
            match number.filter(|at| *at < options.len()) {
                Some(at) => return Ok(at),
                None => Self::refuse(&answer, &format!("a number from 1 to {}", options.len())),
            }
        }
    }

    /// A text; an empty one is what [`NONE`] stands for. `accept` says what it expects instead of an
    /// answer that will not do.
    ///
    /// # Errors
    /// When nobody can be asked, or nobody answers.
    pub fn text(
        self,
        question: Question,
        proposed: &str,
        accept: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        let shown = if proposed.is_empty() { NONE } else { proposed };
        if self.yes {
            Self::show(question, shown);
            return Ok(proposed.to_owned());
        }
        self.must_be_there(question, shown)?;
        output::remark(&format!("\n{BOLD}{}{BOLD:#}", question.asks));
        loop {
            let answer = Self::line(&format!("[{shown}] "))?;
            if answer.is_empty() {
                return Ok(proposed.to_owned());
            }
            let answer = if answer == NONE { String::new() } else { answer };
            match accept(&answer) {
                Ok(()) => return Ok(answer),
                Err(expected) => Self::refuse(&answer, &expected),
            }
        }
    }

    /// Yes or no.
    ///
    /// # Errors
    /// When nobody can be asked, or nobody answers.
    pub fn agrees(self, asks: &str) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        ensure!(
            self.terminal,
            "nobody can be asked, since stdin is no terminal: --yes agrees. Nothing was written"
        );
        let answer = Self::line(&format!("{asks} [y/N] "))?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn must_be_there(self, question: Question, proposed: &str) -> Result<()> {
        let Question { about, option, takes, .. } = question;
        ensure!(
            self.terminal,
            "nobody can be asked for the {about}, since stdin is no terminal: name it with --{option} \
             {takes}, or take what is proposed with --yes:\n  {proposed}\nNothing was written"
        );
        Ok(())
    }

    fn refuse(answer: &str, expected: &str) {
        output::remark(&format!("{BAD}{answer:?} is not {expected}{BAD:#}"));
    }

    fn line(prompt: &str) -> Result<String> {
        anstream::eprint!("{prompt}");
        io::stderr().flush()?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            bail!("there was no answer: nothing was written");
        }
        Ok(answer.trim().to_owned())
    }
}
