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
    /// Its value, if it has one.
    pub value: Option<String>,
    /// What is accepted.
    pub expected: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { variable, value, expected } = self;
        match value {
            Some(value) => write!(f, "{variable}={value:?} is not {expected}"),
            None => write!(f, "{variable} is not set: it needs {expected}"),
        }
    }
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
        let value = self.value(variable);
        self.problems.push(Problem { variable, value, expected });
    }

    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        match self.problems {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError { problems }),
        }
    }
}
