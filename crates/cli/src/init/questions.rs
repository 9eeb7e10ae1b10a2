//! What is asked, all in one place.

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// What it is about, in a word or two.
    pub about: &'static str,
    /// How it is asked.
    pub asks: &'static str,
    /// The option that answers it.
    pub option: &'static str,
    /// What the option takes.
    pub takes: &'static str,
}

/// Which service.
pub const SERVICE: Question = Question {
    about: "service",
    asks: "Which service shall Eden guard?",
    option: "service",
    takes: "CLUSTER/SERVICE",
};

/// Which API, by what.
pub const API: Question =
    Question { about: "API", asks: "Which API leads to it?", option: "api", takes: "ID" };

/// Which port.
pub const PORT: Question = Question {
    about: "port",
    asks: "On which port do its tasks answer?",
    option: "port",
    takes: "PORT",
};

/// Which path.
pub const HEALTH_PATH: Question = Question {
    about: "health path",
    asks: "At which path does a healthy task answer well? none when a TCP connection is enough",
    option: "health-path",
    takes: "PATH",
};

/// Whose mailbox.
pub const EMAIL: Question = Question {
    about: "e-mail",
    asks: "Which e-mail address gets notifications? none for nobody",
    option: "email",
    takes: "ADDRESS",
};

/// The word for no answer.
pub const NONE: &str = "none";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn every_question_has_an_option_that_answers_it() {
        let command = Arguments::command();
        let init = command.find_subcommand("init").unwrap();
        for Question { option, takes, .. } in [SERVICE, API, PORT, HEALTH_PATH, EMAIL] {
            let found = init.get_arguments().find(|it| it.get_long() == Some(option));
            let names = found.expect(option).get_value_names().unwrap();
            assert_eq!(names, [takes], "{option}");
        }
    }
}
