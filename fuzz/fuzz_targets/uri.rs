//! An integration's URI that is led to a task leads there; the page keeps the one from before.

#![no_main]

use std::net::SocketAddr;

use eden_policy::uri;
use libfuzzer_sys::fuzz_target;

const PAGE: &str = "https://status.example.com/down";

// The first line is the task's endpoint, `ADDRESS:PORT`; the rest the URI.
fuzz_target!(|input: &str| {
    let Some((endpoint, text)) = input.split_once('\n') else { return };
    let Ok(endpoint) = endpoint.parse::<SocketAddr>() else { return };
    // Of a task's address AWS gives no scope, nor has a URI one.
    let endpoint = SocketAddr::new(endpoint.ip(), endpoint.port());
    let moved = uri::leading_to(endpoint, Some(text));
    assert_eq!(uri::endpoint(&moved), Some(endpoint), "{text:?} became {moved:?}");
    assert_eq!(uri::leading_to(endpoint, Some(&moved)), moved, "{text:?}");
    let page = uri::maintenance(PAGE, Some(text));
    let before = uri::before_maintenance(text).unwrap_or_else(|| text.to_owned());
    assert_eq!(uri::before_maintenance(&page).as_ref(), Some(&before), "{text:?}");
    if let Ok(value) = uri::value_leading_to(endpoint, endpoint.port(), Some(text)) {
        let named = uri::endpoint_of_value(&value, endpoint.port());
        assert_eq!(named, Some(endpoint), "{text:?} became {value:?}");
    }
});
