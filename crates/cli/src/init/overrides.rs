//! `parameter_overrides` as SAM writes it: `Name="value" Other="with spaces"`.

use std::fmt::Write as _;

/// Reads it, in its order.
///
/// # Errors
/// In words, when it is written in another way.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once('=') else {
            return Err(format!("{rest:?} has no = in it"));
        };
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric()) {
            return Err(format!("{name:?} is no parameter's name"));
        }
        if name == "ParameterKey" {
            return Err("it has the form ParameterKey=NAME,ParameterValue=VALUE".to_owned());
        }
        let (value, after) = value(after)?;
        found.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(found)
}

/// A value up to a space that stands in no quotes, and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let (mut value, mut quote) = (String::new(), None);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (character, quote) {
            ('\\', _) => value.extend(characters.next().map(|(_, it)| it)),
            (it, Some(open)) if it == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            (it, None) if it.is_whitespace() => return Ok((value, &text[at..])),
            (it, _) => value.push(it),
        }
    }
    match quote {
        Some(open) => Err(format!("a quotation mark {open} is not closed")),
        None => Ok((value, "")),
    }
}

/// Writes it.
pub fn print<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    values.into_iter().fold(String::new(), |mut text, (name, value)| {
        let space = if text.is_empty() { "" } else { " " };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(text, "{space}{name}=\"{value}\"");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let values = [("A", "x"), ("B", "rate(5 minutes)"), ("C", ""), ("D", r#"a"b\c"#)];
        let text = print(values);
        assert!(text.starts_with(r#"A="x" B="rate(5 minutes)" C="""#), "{text}");
        let read = parse(&text).unwrap();
        let read: Vec<_> = read.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
        assert_eq!(read, values);
    }

    #[test]
    fn what_people_write_is_read() {
        let read = parse("Environment=dev  LogLevel='debug' ").unwrap();
        let expected = [("Environment", "dev"), ("LogLevel", "debug")];
        assert_eq!(read, expected.map(|(name, it)| (name.to_owned(), it.to_owned())));
        assert_eq!(parse(" "), Ok(Vec::new()));
        for (text, says) in [
            ("Environment", "has no ="),
            ("A=\"x", "not closed"),
            ("ParameterKey=A,ParameterValue=x", "ParameterKey"),
            ("=x", "no parameter's name"),
        ] {
            assert!(parse(text).unwrap_err().contains(says), "{text}");
        }
    }
}
