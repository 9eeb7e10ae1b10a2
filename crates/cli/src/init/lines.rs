//! Keys of a TOML file, changed line by line: comments and everything else stay as they are.

/// The value of a key as it is written; none when the table or the key is not there.
pub fn get<'a>(text: &'a str, table: &str, key: &str) -> Option<&'a str> {
    let lines: Vec<&str> = text.lines().collect();
    let at = find(&lines, table, key)?;
    lines[at].split_once('=').map(|(_, value)| value.trim())
}

/// The text with a key set, whose value is one line.
pub fn set(text: &str, table: &str, key: &str, value: &str) -> String {
    let (line, header) = (format!("{key} = {value}"), format!("[{table}]"));
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(at) = find(&lines, table, key) {
        lines[at] = &line;
    } else if let Some(at) = lines.iter().position(|it| is_header(it, table)) {
        let keys = lines[at + 1..].iter().take_while(|it| !it.trim_start().starts_with('['));
        let last = keys.enumerate().filter(|(_, it)| !it.trim().is_empty()).last();
        lines.insert(at + 1 + last.map_or(0, |(at, _)| at + 1), &line);
    } else {
        if lines.last().is_some_and(|it| !it.is_empty()) {
            lines.push("");
        }
        lines.extend([header.as_str(), line.as_str()]);
    }
    lines.join("\n") + "\n"
}

fn find(lines: &[&str], table: &str, key: &str) -> Option<usize> {
    let start = lines.iter().position(|it| is_header(it, table))? + 1;
    let own = lines[start..].iter().take_while(|it| !it.trim_start().starts_with('['));
    let is_key = |line: &str| line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    own.enumerate().find(|(_, line)| is_key(line)).map(|(at, _)| start + at)
}

fn is_header(line: &str, table: &str) -> bool {
    let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
    line.strip_prefix('[').and_then(|it| it.strip_suffix(']')).map(str::trim) == Some(table)
}

/// A text as a basic string of TOML.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The text of a string of TOML on one line; none for anything else.
pub fn unquoted(written: &str) -> Option<String> {
    let written = written.trim();
    if written.starts_with("\"\"\"") || written.starts_with("'''") {
        return None;
    }
    if let Some(rest) = written.strip_prefix('\'') {
        let (text, after) = rest.split_once('\'')?;
        return is_over(after).then(|| text.to_owned());
    }
    let rest = written.strip_prefix('"')?;
    let (mut text, mut characters) = (String::new(), rest.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return is_over(&rest[at + 1..]).then_some(text),
            '\\' => match characters.next()?.1 {
                it @ ('"' | '\\') => text.push(it),
                _ => return None,
            },
            it => text.push(it),
        }
    }
    None
}

/// Whether nothing but a comment follows.
fn is_over(after: &str) -> bool {
    let after = after.trim();
    after.is_empty() || after.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\nversion = 0.1\n\n[a.b] # here\nx = 1\n# y = 2\n\n[c]\nx = \"3\"\n";

    #[test]
    fn a_key_of_a_table_is_read_and_replaced_where_it_is() {
        assert_eq!(get(FILE, "a.b", "x"), Some("1"));
        assert_eq!(get(FILE, "c", "x"), Some("\"3\""));
        assert_eq!(get(FILE, "a.b", "y"), None);
        assert_eq!(get(FILE, "d", "x"), None);
        assert_eq!(set(FILE, "c", "x", "4"), FILE.replace("\"3\"", "4"));
    }

    #[test]
    fn a_new_key_comes_at_the_end_of_its_table_and_a_new_table_at_the_end() {
        let expected = FILE.replace("# y = 2\n", "# y = 2\ny = 5\n");
        assert_eq!(set(FILE, "a.b", "y", "5"), expected);
        assert_eq!(set(FILE, "d", "x", "6"), format!("{FILE}\n[d]\nx = 6\n"));
        assert_eq!(set("[a]\n[b]\n", "a", "x", "1"), "[a]\nx = 1\n[b]\n");
    }

    #[test]
    fn a_string_is_quoted_and_read_again() {
        let text = r#"A="x\"y" B='z'"#;
        assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
        assert_eq!(unquoted("'A=\"x\"' # mine").as_deref(), Some("A=\"x\""));
        for other in ["[\"A=x\"]", "\"\"\"", "1", "\"open", "\"a\" b", r#""\u0041""#] {
            assert_eq!(unquoted(other), None, "{other}");
        }
    }
}
