//! An integration's URI that is led to a task leads there; the page keeps the one from before.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};

use eden_policy::uri;
use libfuzzer_sys::fuzz_target;

/// What is made up: a line each, in this order. A line that is none of its kind, or is missing, is
/// replaced, so that no input is lost at the door.
struct Input<'a> {
    /// The task's endpoint, `ADDRESS:PORT`.
    task: SocketAddr,
    /// The maintenance page.
    page: &'a str,
    /// What the integration, or the stage variable, says so far: all other lines.
    present: &'a str,
}

impl<'a> From<&'a str> for Input<'a> {
    fn from(text: &'a str) -> Self {
        let (task, after) = text.split_once('\n').unwrap_or((text, ""));
        let (page, present) = after.split_once('\n').unwrap_or(("", after));
        let task = task.parse().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)));
        let is_page = page.starts_with("https://") && !page.contains(['#', '{', '\r']);
        let page = if is_page { page } else { "https://status.example.com/down" };
        // Of a task's address AWS gives no scope, nor has a URI one.
        Input { task: SocketAddr::new(task.ip(), task.port()), page, present }
    }
}

fuzz_target!(|text: &str| {
    let Input { task, page, present } = Input::from(text);
    let moved = uri::leading_to(task, Some(present));
    assert_eq!(uri::endpoint(&moved), Some(task), "{present:?} became {moved:?}");
    assert_eq!(uri::leading_to(task, Some(&moved)), moved, "{present:?}");

    // The page is led to, and left again for what was there before, byte for byte.
    if uri::before_maintenance(page).is_none() {
        let shown = uri::maintenance(page, Some(present));
        let before = uri::before_maintenance(present).unwrap_or_else(|| present.to_owned());
        assert_eq!(uri::before_maintenance(&shown).as_ref(), Some(&before), "{present:?}");
        assert_eq!(uri::leading_to(task, Some(&shown)), moved, "{present:?}");
        assert_eq!(uri::maintenance(page, Some(&shown)), shown, "{present:?}");
    }

    for port in [task.port(), 8000] {
        if let Ok(value) = uri::value_leading_to(task, port, Some(present)) {
            let named = uri::endpoint_of_value(&value, port);
            assert_eq!(named, Some(task), "{present:?} became {value:?}");
        }
        // The value of a variable that somebody else wrote is read, whatever it is.
        if let Some(named) = uri::endpoint_of_value(present, port) {
            assert_eq!(uri::endpoint_of_value(&named.to_string(), port), Some(named));
        }
    }
});
