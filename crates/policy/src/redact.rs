//! Credentials in URIs: an integration's may have `user:password@`, which nobody but API Gateway is to
//! see.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// What ends the part of a URI that may begin with credentials, besides a character that no URI has.
const ENDS: [char; 12] = ['/', '?', '#', '"', '\'', '`', '<', '>', '\\', ',', ';', '|'];
/// The same in a URI that stands percent-encoded within another, as the one that the maintenance page
/// remembers.
const ENCODED_ENDS: [&str; 4] = ["%2F", "%3F", "%23", "&"];

/// A text without the credentials of the URIs in it.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let plain = without(text, "://", "@", |rest| {
        rest.find(|c: char| c.is_whitespace() || ENDS.contains(&c))
    });
    match plain {
        Cow::Borrowed(text) => encoded(text),
        Cow::Owned(text) => Cow::Owned(encoded(&text).into_owned()),
    }
}

/// Shows a text without credentials where it is written as data.
pub(crate) fn shown<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&redacted(text))
}

/// The same of a text that may be missing.
#[expect(clippy::ref_option, reason = "as serde hands it over")]
pub(crate) fn shown_if_any<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(redacted).serialize(to)
}

fn encoded(text: &str) -> Cow<'_, str> {
    without(text, "%3A%2F%2F", "%40", |rest| {
        let ends = ENCODED_ENDS.iter().filter_map(|end| position(rest, end));
        ends.chain(rest.find(char::is_whitespace)).min()
    })
}

/// Puts `***` for what stands between each `begins` and the last `at` before the end that follows.
fn without<'a>(
    text: &'a str,
    begins: &str,
    at: &str,
    end: impl Fn(&str) -> Option<usize>,
) -> Cow<'a, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(begin) = position(rest, begins) {
        let (before, after) = rest.split_at(begin + begins.len());
        let authority = &after[..end(after).unwrap_or(after.len())];
        shown.push_str(before);
        rest = after;
        if let Some(credentials) = authority.to_ascii_uppercase().rfind(at) {
            shown.push_str("***");
            rest = &after[credentials..];
        }
    }
    if shown.is_empty() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    if shown == text { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Where a part stands, in capitals or not.
fn position(text: &str, part: &str) -> Option<usize> {
    text.to_ascii_uppercase().find(&part.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reviewer's case: an integration's URI may have `user:password@`, and stood so in the log, the
    /// mails and the audit events.
    #[test]
    fn credentials_are_left_out_wherever_a_uri_stands() {
        for (text, shown) in [
            ("http://user:pa55@203.0.113.7:8000/{proxy}", "http://***@203.0.113.7:8000/{proxy}"),
            ("to https://token@h, and http://u:p@x/y", "to https://***@h, and http://***@x/y"),
            ("http://u:p@ss@h/", "http://***@h/"),
            ("http://u:p@h", "http://***@h"),
            (
                "https://page/?eden-before=http%3A%2F%2Fu%3Apw%40203.0.113.7%3A8000%2F%7Bproxy%7D",
                "https://page/?eden-before=http%3A%2F%2F***%40203.0.113.7%3A8000%2F%7Bproxy%7D",
            ),
            ("x?b=http%3a%2f%2fu%3apw%40h", "x?b=http%3a%2f%2f***%40h"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }

    #[test]
    fn what_has_none_stays_as_it_is() {
        for text in [
            "http://203.0.113.7:8000/{proxy}",
            "https://example.com/users/me@example.com?a=b@c",
            "mail ops@example.com",
            "",
            "https://page/?eden-before=http%3A%2F%2F203.0.113.7%3A8000%2Fa%40b",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
