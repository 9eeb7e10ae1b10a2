//! Reading variables: each with what it accepts, problems collected instead of returned at once.

use std::fmt;

/// Why the environment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", describe(.problems))]
pub struct ConfigError {
    /// One entry a variable, in the order in which they were read.
    pub problems: Vec<Problem>,
}

fn describe(problems: &[Problem]) -> String {
    let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
    format!("bad environment: {}", list.join("; "))
}

/// A variable that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value, if it has one that may be shown.
    pub value: Value,
    /// What is accepted.
    pub expected: &'static str,
}

/// What is known of a bad variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    Missing,
    /// It is this.
    Shown(String),
    /// It is of a variable that may hold a secret, also when it is malformed: whoever reads the log
    /// need not be allowed to know it.
    Hidden,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { variable, value, expected } = self;
        match value {
            Value::Shown(value) => write!(f, "{variable}={value:?} is not {expected}"),
            Value::Hidden => write!(f, "{variable}, whose value is not shown, is not {expected}"),
            Value::Missing => write!(f, "{variable} is not set: it needs {expected}"),
        }
    }
}

/// The variables that may hold a secret.
const SECRETS: [&str; 1] = ["SLACK_WEBHOOK_URL"];

/// Whether a text may be a URL with a user in it, and so perhaps a password.
fn names_a_user(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, after)| after.contains('@'))
}

/// Turns a variable's text into its value, or says what is accepted.
type Parse<T> = fn(&str) -> Result<T, &'static str>;

/// Reads variables one by one. An empty variable counts as not set, since a template cannot leave
/// one out.
pub(super) struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Reader { variable, problems: Vec::new() }
    }

    fn value(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn optional<T>(&mut self, variable: &'static str, parse: Parse<T>) -> Option<T> {
        let value = self.value(variable)?;
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(expected) => {
                self.refuse(variable, expected);
                None
            }
        }
    }

    pub(super) fn or<T>(&mut self, variable: &'static str, parse: Parse<T>, default: T) -> T {
        self.optional(variable, parse).unwrap_or(default)
    }

    /// The value, or its type's default with a problem noted: `finish` then refuses the whole.
    pub(super) fn required<T: Default>(&mut self, variable: &'static str, parse: Parse<T>) -> T {
        if !self.has(variable) {
            self.refuse(variable, parse("").err().unwrap_or("a value"));
            return T::default();
        }
        self.optional(variable, parse).unwrap_or_default()
    }

    /// Notes a problem with a variable as it is.
    pub(super) fn refuse(&mut self, variable: &'static str, expected: &'static str) {
        let value = match self.value(variable) {
            None => Value::Missing,
            Some(_) if SECRETS.contains(&variable) => Value::Hidden,
            Some(value) if names_a_user(&value) => Value::Hidden,
            Some(value) => Value::Shown(value),
        };
        self.problems.push(Problem { variable, value, expected });
    }

    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        match self.problems {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError { problems }),
        }
    }
}
