//! An integration's URI that is led to a task leads there; the page keeps the one from before.

#![no_main]

use std::net::{IpAddr, SocketAddr};

use eden_policy::uri;
use libfuzzer_sys::fuzz_target;

const PAGE: &str = "https://status.example.com/down";

fuzz_target!(|input: (&str, IpAddr, u16)| {
    let (text, address, port) = input;
    let endpoint = SocketAddr::new(address, port);
    let moved = uri::leading_to(endpoint, Some(text));
    assert_eq!(uri::endpoint(&moved), Some(endpoint), "{text:?} became {moved:?}");
    assert_eq!(uri::leading_to(endpoint, Some(&moved)), moved, "{text:?}");
    let page = uri::maintenance(PAGE, Some(text));
    let before = uri::before_maintenance(text).unwrap_or_else(|| text.to_owned());
    assert_eq!(uri::before_maintenance(&page).as_ref(), Some(&before), "{text:?}");
    assert_eq!(uri::leading_to(endpoint, Some(&page)), uri::leading_to(endpoint, Some(&before)));
    if let Ok(value) = uri::value_leading_to(endpoint, port, Some(text)) {
        assert_eq!(uri::endpoint_of_value(&value, port), Some(endpoint), "{text:?}: {value:?}");
    }
});
