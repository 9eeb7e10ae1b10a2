//! Texts from outside, such as stop reasons and AWS's error texts, as they stand in a message: in one
//! line, of bounded length, and alive nowhere.

use std::fmt::Write as _;

/// Maximum number of characters of a line: the log has the rest.
const LONGEST: usize = 600;

/// A text in one line: what would break it, or turn its direction, is shown as its escape.
pub(super) fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars().take(LONGEST) {
        if is_shown_as_is(character) {
            line.push(character);
        } else {
            let _ = write!(line, "{}", character.escape_default());
        }
    }
    let left_out = text.chars().count().saturating_sub(LONGEST);
    if left_out > 0 {
        let _ = write!(line, "... and {left_out} characters more, which are in the log");
    }
    line
}

/// Whether a character neither breaks a line nor is invisible or turns the direction of others.
fn is_shown_as_is(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

/// A text as Slack is to show it, and nothing in it alive: no mention, no channel, no link.
///
/// Slack takes `&`, `<` and `>` as entities, and makes mentions and links of what stands in angle
/// brackets; it and others that take its messages also make them of bare `@` and `://`, which an
/// invisible space keeps apart.
pub(super) fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "@\u{200b}")
        .replace("://", ":\u{200b}//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_imitate_another_line() {
        for (text, line) in [
            ("exited\n\nWhat To Do:\n- nothing", "exited\\n\\nWhat To Do:\\n- nothing"),
            ("a\r\tb", "a\\r\\tb"),
            ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
            ("safe\u{202e}txet", "safe\\u{202e}txet"),
            ("Größe: 3 µs, 日本", "Größe: 3 µs, 日本"),
        ] {
            assert_eq!(in_one_line(text), line);
        }
    }

    #[test]
    fn a_line_has_a_bounded_length() {
        let line = in_one_line(&"x".repeat(5_000));
        assert!(line.ends_with("x... and 4400 characters more, which are in the log"), "{line}");
        assert!(line.len() < 700);
    }

    #[test]
    fn nothing_in_a_text_is_alive_in_slack() {
        let text = for_slack("<!channel> see <https://evil|link> & @here, http://evil");
        for alive in ["<", ">", "@here", "://", "& "] {
            assert!(!text.contains(alive), "{alive}: {text}");
        }
        assert!(text.starts_with("&lt;!channel&gt; see &lt;https:"), "{text}");
        assert!(text.contains("&amp; "), "{text}");
    }
}
