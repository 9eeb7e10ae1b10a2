//! CloudWatch's metric math: expressions over the metrics of an alarm, for one period.
//!
//! What the lab knows of it: numbers, ids, `+ - * /`, comparisons, `IF` and `FILL`. Anything else is an
//! error. Where a metric has no datapoint in a period, whatever is computed from it has none either,
//! unless `FILL` gives it one; nor has what is divided by zero (F67).

use std::collections::BTreeMap;
use std::fmt;

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

/// Why a text is no expression that the lab knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expression:?} is no expression of numbers, ids, + - * / ( ), comparisons, IF and FILL")]
pub struct ExpressionError {
    expression: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Id(String),
    Binary(Operator, Box<Node>, Box<Node>),
    If(Box<[Node; 3]>),
    Fill(Box<[Node; 2]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// By precedence, the loosest first; of two that begin alike, the longer first.
const OPERATORS: [&[(&str, Operator)]; 3] = [
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is malformed, or of what the lab does not know.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut rest = Rest(text);
        match rest.binary(0) {
            Some(root) if rest.0.trim().is_empty() => Ok(Self { text: text.to_owned(), root }),
            Some(_) | None => Err(ExpressionError { expression: text.to_owned() }),
        }
    }

    /// The value, where these are those of the metrics by id; `None` without one.
    pub fn value(&self, metrics: &BTreeMap<String, Option<f64>>) -> Option<f64> {
        self.root.value(metrics)
    }

    /// The ids of the metrics that it is about.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.root.note_ids(&mut ids);
        ids
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Node {
    fn value(&self, metrics: &BTreeMap<String, Option<f64>>) -> Option<f64> {
        match self {
            Node::Number(number) => Some(*number),
            Node::Id(id) => metrics.get(id).copied().flatten(),
            Node::Binary(operator, left, right) => {
                operator.apply(left.value(metrics)?, right.value(metrics)?)
            }
            Node::If(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let holds = condition.value(metrics)? != 0.0;
                if holds { then.value(metrics) } else { otherwise.value(metrics) }
            }
            Node::Fill(parts) => {
                let [metric, instead] = parts.as_ref();
                metric.value(metrics).or_else(|| instead.value(metrics))
            }
        }
    }

    fn note_ids<'a>(&'a self, ids: &mut Vec<&'a str>) {
        match self {
            Node::Number(_) => {}
            Node::Id(id) => ids.push(id),
            Node::Binary(_, left, right) => {
                left.note_ids(ids);
                right.note_ids(ids);
            }
            Node::If(parts) => parts.iter().for_each(|part| part.note_ids(ids)),
            Node::Fill(parts) => parts.iter().for_each(|part| part.note_ids(ids)),
        }
    }
}

impl Operator {
    fn apply(self, left: f64, right: f64) -> Option<f64> {
        let truth = |holds: bool| f64::from(u8::from(holds));
        let value = match self {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Less => truth(left < right),
            Operator::LessOrEqual => truth(left <= right),
            Operator::Greater => truth(left > right),
            Operator::GreaterOrEqual => truth(left >= right),
            Operator::Equal => truth(left.total_cmp(&right).is_eq()),
            Operator::NotEqual => truth(left.total_cmp(&right).is_ne()),
        };
        value.is_finite().then_some(value)
    }
}

/// What of the text is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn binary(&mut self, level: usize) -> Option<Node> {
        let Some(operators) = OPERATORS.get(level) else { return self.atom() };
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) =
            operators.iter().find(|(token, _)| self.take(token).is_some())
        {
            let right = self.binary(level + 1)?;
            left = Node::Binary(*operator, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<Node> {
        if self.take("(").is_some() {
            let inner = self.binary(0)?;
            self.take(")")?;
            return Some(inner);
        }
        let word = self.word()?;
        match word.as_str() {
            "IF" => self.arguments().map(|parts| Node::If(Box::new(parts))),
            "FILL" => self.arguments().map(|parts| Node::Fill(Box::new(parts))),
            word if word.starts_with(|first: char| first.is_ascii_digit()) => {
                word.parse().ok().map(Node::Number)
            }
            // An id begins with a small letter, a function with a capital one.
            word if word.starts_with(|first: char| first.is_ascii_lowercase()) => {
                Some(Node::Id(word.to_owned()))
            }
            _ => None,
        }
    }

    fn word(&mut self) -> Option<String> {
        let text = self.0.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        self.0 = &text[end..];
        (end > 0).then(|| text[..end].to_owned())
    }

    fn arguments<const N: usize>(&mut self) -> Option<[Node; N]> {
        self.take("(")?;
        let mut arguments = Vec::new();
        while arguments.len() < N {
            if !arguments.is_empty() {
                self.take(",")?;
            }
            arguments.push(self.binary(0)?);
        }
        self.take(")")?;
        arguments.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: &str = "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)";

    fn value(expression: &str, errors: Option<f64>, requests: Option<f64>) -> Option<f64> {
        let metrics = [("errors", errors), ("requests", requests)];
        let metrics = metrics.map(|(id, value)| (id.to_owned(), value)).into();
        Expression::parse(expression).unwrap().value(&metrics)
    }

    #[test]
    fn an_expression_is_computed_as_people_read_it() {
        for (expression, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3 - 4 / 2", 7.0),
            ("2 > 1", 1.0),
            ("IF(1 == 2, 3, 4.5)", 4.5),
        ] {
            assert_eq!(value(expression, None, None), Some(expected), "{expression}");
        }
        assert_eq!(value(SHARE, Some(5.0), Some(100.0)), Some(5.0));
        assert_eq!(value(SHARE, Some(5.0), Some(19.0)), Some(0.0));
        assert_eq!(Expression::parse(SHARE).unwrap().ids(), ["requests", "errors", "requests"]);
    }

    #[test]
    fn what_is_computed_from_nothing_is_nothing_unless_it_is_filled_in() {
        assert_eq!(value("errors / requests", None, Some(100.0)), None);
        assert_eq!(value("errors / requests", Some(0.0), Some(0.0)), None);
        assert_eq!(value(SHARE, None, Some(100.0)), Some(0.0));
        assert_eq!(value(SHARE, Some(5.0), None), None);
    }

    #[test]
    fn what_the_lab_does_not_know_is_refused() {
        for bad in
            ["", "1 +", "RATE(errors)", "IF(1, 2)", "errors requests", "FILL(errors, REPEAT)"]
        {
            assert!(Expression::parse(bad).is_err(), "{bad}");
        }
    }
}
