//! What changes between two texts, line by line.

use std::fmt::Write as _;

use crate::output::{BAD, GOOD};

/// The lines that go with a minus, those that come with a plus, all others behind two spaces.
pub fn diff(before: &str, after: &str) -> String {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = longest(&before, &after);
    let (mut text, mut left, mut right) = (String::new(), 0, 0);
    while left < before.len() || right < after.len() {
        let both = left < before.len() && right < after.len() && before[left] == after[right];
        let _ = if both {
            let line = before[left];
            (left, right) = (left + 1, right + 1);
            writeln!(text, "  {line}")
        } else if right == after.len()
            || (left < before.len() && same[left + 1][right] >= same[left][right + 1])
        {
            left += 1;
            writeln!(text, "{BAD}- {}{BAD:#}", before[left - 1])
        } else {
            right += 1;
            writeln!(text, "{GOOD}+ {}{GOOD:#}", after[right - 1])
        };
    }
    text
}

/// How many lines the rests from each pair of lines on have in common. The files are short.
fn longest(before: &[&str], after: &[&str]) -> Vec<Vec<usize>> {
    let mut same = vec![vec![0; after.len() + 1]; before.len() + 1];
    for left in (0..before.len()).rev() {
        for right in (0..after.len()).rev() {
            same[left][right] = if before[left] == after[right] {
                same[left + 1][right + 1] + 1
            } else {
                same[left + 1][right].max(same[left][right + 1])
            };
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    #[test]
    fn what_goes_and_comes_is_marked() {
        let text = diff("a\nb\nc\n", "a\nB\nc\nd\n");
        assert_eq!(strip_str(&text).to_string(), "  a\n- b\n+ B\n  c\n+ d\n");
        assert_eq!(strip_str(&diff("", "x\n")).to_string(), "+ x\n");
        assert_eq!(strip_str(&diff("x\n", "x\n")).to_string(), "  x\n");
    }
}
