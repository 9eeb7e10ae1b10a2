//! Integration URIs: where one leads, and the same URI leading elsewhere.
//!
//! `{proxy}` and `${stageVariables.x}` are legal in them (F6) and would not survive a URL parser,
//! so only the authority (`host:port`) is touched and every other byte stays.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

struct Parts<'a> {
    scheme: &'a str,
    authority: &'a str,
    rest: &'a str,
}

fn split(uri: &str) -> Option<Parts<'_>> {
    let (scheme, after) = uri.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    (!authority.is_empty()).then_some(Parts { scheme, authority, rest })
}

/// A URI's scheme, and its path without a query; `None` for no URL.
pub(crate) fn scheme_and_path(uri: &str) -> Option<(&str, &str)> {
    let Parts { scheme, rest, .. } = split(uri)?;
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    Some((scheme, &rest[..end]))
}

/// The address and port that a URI leads to; `None` when it names a host or is no URL.
pub fn endpoint(uri: &str) -> Option<SocketAddr> {
    let Parts { scheme, authority, .. } = split(uri)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Ok(endpoint) = host.parse() {
        return Some(endpoint);
    }
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    Some(SocketAddr::new(address, port))
}

/// Whether a URI names a host that somebody gave a name, instead of an address.
pub fn names_a_host(uri: &str) -> bool {
    let dotted = |parts: Parts<'_>| parts.authority.contains('.') && !parts.authority.contains('$');
    endpoint(uri).is_none() && split(uri).is_some_and(dotted)
}

/// The stage variable that the host of a URI comes from, if one does.
pub(crate) fn host_variable(uri: &str) -> Option<&str> {
    let authority = split(uri)?.authority;
    let name = authority.split_once("${stageVariables.")?.1;
    Some(name.split_once('}')?.0)
}

/// The URI with only host and port exchanged; that of the maintenance page becomes the one from
/// before, and what never was a URL `http://ADDRESS:PORT/{proxy}`.
pub fn leading_to(endpoint: SocketAddr, uri: Option<&str>) -> String {
    let before = uri.and_then(before_maintenance);
    match before.as_deref().or(uri).and_then(split) {
        Some(Parts { scheme, authority, rest }) => {
            let user = authority.rfind('@').map_or("", |at| &authority[..=at]);
            format!("{scheme}://{user}{endpoint}{rest}")
        }
        None => format!("http://{endpoint}/{{proxy}}"),
    }
}

/// The parameter by which a maintenance page's URI keeps the one from before: API Gateway has no
/// other place for it that both kinds of API know.
const BEFORE: &str = "eden-before";

/// All but the characters that mean nothing special anywhere in a URI; braces above all, which API
/// Gateway would fill in.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The maintenance page's URL as an integration's URI that remembers the one so far.
pub fn maintenance(page: &str, so_far: Option<&str>) -> String {
    let before = so_far.map(|uri| before_maintenance(uri).unwrap_or_else(|| uri.to_owned()));
    let before = before.unwrap_or_default();
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}{BEFORE}={}", utf8_percent_encode(&before, KEPT))
}

/// The URI from before the maintenance page; `None` if this is not the page's. What was before that
/// may be a page's again, if somebody wrote it there: the first of them counts.
pub fn before_maintenance(uri: &str) -> Option<String> {
    let mut before = remembered(uri)?;
    while let Some(earlier) = remembered(&before) {
        before = earlier;
    }
    Some(before)
}

fn remembered(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(BEFORE)?.strip_prefix('='))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// A host name that never resolves (RFC 6761, section 6.4).
const NOBODYS_NAME: &str = "parked.invalid";
/// An address of a block for documentation, in which nobody is (RFC 5737).
const NOBODYS_IPV4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// An address of the block whose packets are dropped (RFC 6666).
const NOBODYS_IPV6: Ipv6Addr = Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1);

/// The URI with a host that is nobody's instead of an address: these, in the order in which they are
/// to be tried, as API Gateway may take one and not another (F60). Everything else stays, the port
/// too, so that [`leading_to`] finds the way back. None when the URI leads to no address.
pub fn parked(uri: &str) -> Vec<String> {
    let (Some(_), Some(Parts { scheme, authority, rest })) = (endpoint(uri), split(uri)) else {
        return Vec::new();
    };
    let (user, _, port) = user_host_port(authority);
    let hosts = [NOBODYS_NAME.to_owned(), NOBODYS_IPV4.to_string()];
    hosts.map(|host| format!("{scheme}://{user}{host}{port}{rest}")).into()
}

/// The same for the value of a stage variable, which keeps its form.
pub fn parked_value(value: &str) -> Vec<String> {
    match form(value) {
        Form::Url => parked(value),
        Form::Address(IpAddr::V4(_)) => vec![NOBODYS_IPV4.to_string()],
        Form::Address(IpAddr::V6(_)) => vec![NOBODYS_IPV6.to_string()],
        Form::Endpoint => {
            let (place, rest) = place_and_rest(value);
            let endpoint = place.parse::<SocketAddr>().ok();
            let nobodys = |at: SocketAddr| format!("{NOBODYS_IPV4}:{}{rest}", at.port());
            endpoint.map(nobodys).into_iter().collect()
        }
        Form::Name => Vec::new(),
    }
}

/// Whether a URI leads to nobody since it was [`parked`].
pub fn is_parked(uri: &str) -> bool {
    split(uri).is_some_and(|Parts { authority, .. }| {
        let (_, host, _) = user_host_port(authority);
        host.eq_ignore_ascii_case(NOBODYS_NAME) || is_nobodys(host)
    })
}

/// Whether a stage variable's value leads to nobody.
pub fn is_parked_value(value: &str) -> bool {
    match form(value) {
        Form::Url => is_parked(value),
        Form::Address(_) => is_nobodys(value),
        Form::Endpoint => {
            let place = place_and_rest(value).0.parse();
            place.is_ok_and(|at: SocketAddr| is_nobodys(&at.ip().to_string()))
        }
        Form::Name => false,
    }
}

fn is_nobodys(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    address == Ok(IpAddr::V4(NOBODYS_IPV4)) || address == Ok(IpAddr::V6(NOBODYS_IPV6))
}

/// An authority's user with its `@`, its host with the brackets of an IPv6 address, and its port with
/// the colon; what is not there is empty.
fn user_host_port(authority: &str) -> (&str, &str, &str) {
    let (user, place) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let end_of_address = place.rfind(']').map_or(0, |at| at + 1);
    let colon = place[end_of_address..].find(':').map(|at| end_of_address + at);
    let (host, port) = place.split_at(colon.unwrap_or(place.len()));
    (user, host, port)
}

/// How a stage variable names a place: integrations' URIs are made around it (F6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `http://ADDRESS:PORT/…`
    Url,
    /// `ADDRESS`, where the URIs have the port, and the brackets of an IPv6 one.
    Address(IpAddr),
    /// `ADDRESS:PORT` or `NAME:PORT`, and a path; or a placeholder such as `none`.
    Endpoint,
    /// `NAME.EXAMPLE.COM`: whether the URIs have the port, nobody knows.
    Name,
}

fn form(value: &str) -> Form {
    if split(value).is_some() {
        return Form::Url;
    }
    if let Ok(address) = value.parse() {
        return Form::Address(address);
    }
    let (place, _) = place_and_rest(value);
    let has_port = user_host_port(place).2.len() > 1;
    if has_port || !place.contains('.') { Form::Endpoint } else { Form::Name }
}

/// `ADDRESS:PORT` of a value without a scheme, and what follows it.
fn place_and_rest(value: &str) -> (&str, &str) {
    value.split_at(value.find(['/', '?']).unwrap_or(value.len()))
}

/// The endpoint that a stage variable's value names; one without a port stands for `port`.
pub fn endpoint_of_value(value: &str, port: u16) -> Option<SocketAddr> {
    match form(value) {
        Form::Url => endpoint(value),
        Form::Address(address) => Some(SocketAddr::new(address, port)),
        Form::Endpoint => place_and_rest(value).0.parse().ok(),
        Form::Name => None,
    }
}

/// A stage variable's value that names this endpoint, in the form of the present one.
///
/// # Errors
/// The value, when API Gateway does not take it: a variable cannot hold the brackets of an IPv6
/// address, nor can one without a port name another port than `port`, or an address of the other
/// family, which the URIs around it would need to have brackets for. Nor does anybody know whether the
/// URIs around a mere host name have a port.
pub fn value_leading_to(
    endpoint: SocketAddr,
    port: u16,
    present: Option<&str>,
) -> Result<String, String> {
    let present = present.unwrap_or_default();
    let value = match form(present) {
        Form::Url => leading_to(endpoint, Some(present)),
        Form::Address(_) if endpoint.port() != port => return Err(endpoint.to_string()),
        Form::Address(so_far) if so_far.is_ipv4() != endpoint.is_ipv4() => {
            return Err(endpoint.ip().to_string());
        }
        Form::Address(_) => endpoint.ip().to_string(),
        Form::Endpoint => format!("{endpoint}{}", place_and_rest(present).1),
        Form::Name => return Err(endpoint.to_string()),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
    if value.chars().all(allowed) { Ok(value) } else { Err(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "203.0.113.9:8000";

    fn moved(uri: &str) -> String {
        leading_to(NEW.parse().unwrap(), Some(uri))
    }

    #[test]
    fn only_host_and_port_change() {
        for (before, after) in [
            ("http://198.51.100.7:8000/{proxy}", "http://203.0.113.9:8000/{proxy}"),
            ("http://198.51.100.7:8000", "http://203.0.113.9:8000"),
            (
                "https://old.example.com/api/v1/{proxy}?k=v&u={x}",
                "https://203.0.113.9:8000/api/v1/{proxy}?k=v&u={x}",
            ),
            ("http://198.51.100.7?only=query", "http://203.0.113.9:8000?only=query"),
            ("HTTP://198.51.100.7/", "HTTP://203.0.113.9:8000/"),
            ("http://me:pw@198.51.100.7:1/p@th", "http://me:pw@203.0.113.9:8000/p@th"),
            ("http://${stageVariables.host}/{proxy}", "http://203.0.113.9:8000/{proxy}"),
            ("http://[2001:db8::1]:8000/{proxy}", "http://203.0.113.9:8000/{proxy}"),
        ] {
            assert_eq!(moved(before), after, "{before}");
        }
    }

    #[test]
    fn what_never_was_a_url_becomes_one_with_the_proxy_path() {
        for uri in ["", "placeholder", "http://", "ftp://198.51.100.7/", "198.51.100.7:8000"] {
            assert_eq!(moved(uri), "http://203.0.113.9:8000/{proxy}", "{uri}");
        }
        assert_eq!(leading_to(NEW.parse().unwrap(), None), "http://203.0.113.9:8000/{proxy}");
    }

    #[test]
    fn an_ipv6_address_is_bracketed() {
        let endpoint = "[2001:db8::1]:8000".parse().unwrap();
        assert_eq!(
            leading_to(endpoint, Some("http://a/{proxy}")),
            "http://[2001:db8::1]:8000/{proxy}"
        );
    }

    #[test]
    fn the_endpoint_is_read_with_the_schemes_default_port() {
        for (uri, expected) in [
            ("http://203.0.113.9:8000/{proxy}", Some("203.0.113.9:8000")),
            ("http://203.0.113.9/{proxy}", Some("203.0.113.9:80")),
            ("https://203.0.113.9", Some("203.0.113.9:443")),
            ("http://u@203.0.113.9:8000", Some("203.0.113.9:8000")),
            ("http://[2001:db8::1]/x", Some("[2001:db8::1]:80")),
            ("http://example.com/", None),
            ("http://203.0.113.9:notaport/", None),
            ("203.0.113.9:8000", None),
            ("", None),
        ] {
            assert_eq!(endpoint(uri), expected.map(|e| e.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn moving_is_idempotent_and_leads_where_asked() {
        let target: SocketAddr = NEW.parse().unwrap();
        for uri in ["http://198.51.100.7:8000/a?b#c", "https://x.example/{proxy}", "nonsense"] {
            let once = leading_to(target, Some(uri));
            assert_eq!(endpoint(&once), Some(target));
            assert_eq!(leading_to(target, Some(&once)), once);
        }
    }

    #[test]
    fn the_maintenance_page_remembers_what_was_there_before() {
        let page = "https://status.example.com/down?lang=en";
        let before = "http://198.51.100.7:8000/api/{proxy}?k=v&u={x}";
        let shown = maintenance(page, Some(before));
        assert!(shown.starts_with("https://status.example.com/down?lang=en&eden-before=http%3A"));
        assert!(!shown.contains(['{', '}']), "API Gateway would fill it in: {shown}");
        assert_eq!(before_maintenance(&shown).as_deref(), Some(before));
        assert_eq!(moved(&shown), "http://203.0.113.9:8000/api/{proxy}?k=v&u={x}");
        assert_eq!(maintenance(page, Some(&shown)), shown, "the page is not what was before it");
    }

    #[test]
    fn what_had_no_url_before_the_maintenance_page_gets_one_after_it() {
        for before in [None, Some("placeholder")] {
            let shown = maintenance("https://status.example.com/", before);
            assert_eq!(moved(&shown), "http://203.0.113.9:8000/{proxy}", "{before:?}");
        }
    }

    #[test]
    fn of_pages_that_remember_pages_the_first_uri_counts() {
        let nested =
            "https://a/down?eden-before=http%3A%2F%2F203.0.113.9%2Fb?eden-before=http%3A%2F%2Fc";
        assert_eq!(before_maintenance(nested).as_deref(), Some("http://c"));
        let endpoint = "203.0.113.7:8000".parse().unwrap();
        let moved = leading_to(endpoint, Some(nested));
        assert_eq!(leading_to(endpoint, Some(&moved)), moved);
    }

    #[test]
    fn a_uri_that_is_no_maintenance_page_has_nothing_before_it() {
        for uri in ["http://a/{proxy}", "http://a/?eden-beforehand=1", "http://a/?x=eden-before="] {
            assert_eq!(before_maintenance(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_stage_variable_keeps_its_form() {
        for (present, expected, named) in [
            (None, "203.0.113.9:8000", None),
            (Some(""), "203.0.113.9:8000", None),
            (Some("placeholder"), "203.0.113.9:8000", None),
            (Some("198.51.100.7:1/v1"), "203.0.113.9:8000/v1", Some("198.51.100.7:1")),
            (Some("198.51.100.7:8000"), "203.0.113.9:8000", Some("198.51.100.7:8000")),
            (Some("198.51.100.7"), "203.0.113.9", Some("198.51.100.7:8000")),
            (
                Some("http://198.51.100.7:1/v1"),
                "http://203.0.113.9:8000/v1",
                Some("198.51.100.7:1"),
            ),
        ] {
            let value = value_leading_to(NEW.parse().unwrap(), 8000, present);
            assert_eq!(value.as_deref(), Ok(expected), "{present:?}");
            let named = named.map(|endpoint| endpoint.parse().unwrap());
            assert_eq!(present.and_then(|it| endpoint_of_value(it, 8000)), named, "{present:?}");
        }
        let name = "backend.example.com";
        let value = value_leading_to(NEW.parse().unwrap(), 8000, Some(name));
        assert_eq!(value, Err(NEW.to_owned()), "whether the URIs have a port, nobody knows");
    }

    #[test]
    fn a_stage_variable_takes_no_brackets_and_no_second_port() {
        let refused = value_leading_to("[2001:db8::1]:8000".parse().unwrap(), 8000, None);
        assert_eq!(refused, Err("[2001:db8::1]:8000".to_owned()));
        let refused = value_leading_to("203.0.113.9:32768".parse().unwrap(), 8000, Some("1.2.3.4"));
        assert_eq!(refused, Err("203.0.113.9:32768".to_owned()));
    }

    #[test]
    fn a_parked_uri_leads_to_nobody_and_finds_back_byte_for_byte() {
        for (uri, parked_uri, back) in [
            (
                "http://198.51.100.7:8000/{proxy}",
                "http://parked.invalid:8000/{proxy}",
                "http://203.0.113.9:8000/{proxy}",
            ),
            (
                "HTTP://me:p%40ss@198.51.100.7:80/a%2Fb//?k=v&u={proxy}#frag",
                "HTTP://me:p%40ss@parked.invalid:80/a%2Fb//?k=v&u={proxy}#frag",
                "HTTP://me:p%40ss@203.0.113.9:8000/a%2Fb//?k=v&u={proxy}#frag",
            ),
            ("https://198.51.100.7", "https://parked.invalid", "https://203.0.113.9:8000"),
            (
                "http://[2001:db8::1]:8000/${stageVariables.v}/",
                "http://parked.invalid:8000/${stageVariables.v}/",
                "http://203.0.113.9:8000/${stageVariables.v}/",
            ),
        ] {
            let candidates = parked(uri);
            let by_address = parked_uri.replace("parked.invalid", "192.0.2.1");
            assert_eq!(candidates, [parked_uri.to_owned(), by_address]);
            for candidate in candidates {
                assert!(is_parked(&candidate) && !is_parked(uri), "{candidate}");
                assert_eq!(moved(&candidate), back);
            }
        }
    }

    #[test]
    fn what_leads_to_no_address_is_never_parked() {
        for uri in [
            "https://backend.example.com/{proxy}",
            "http://${stageVariables.host}/{proxy}",
            "http://parked.invalid:8000/{proxy}",
            "placeholder",
            "",
        ] {
            assert_eq!(parked(uri), [""; 0], "{uri}");
        }
        assert_eq!(parked_value("backend.example.com"), [""; 0]);
        assert_eq!(parked_value("backend.example.com:80"), [""; 0]);
    }

    #[test]
    fn a_parked_stage_variable_keeps_its_form() {
        for (value, parked, back) in [
            ("198.51.100.7:8000", "192.0.2.1:8000", "203.0.113.9:8000"),
            ("198.51.100.7", "192.0.2.1", "203.0.113.9"),
            (
                "http://198.51.100.7:1/v1",
                "http://parked.invalid:1/v1",
                "http://203.0.113.9:8000/v1",
            ),
        ] {
            assert_eq!(parked_value(value)[0], parked);
            assert!(is_parked_value(parked) && !is_parked_value(value), "{value}");
            let restored = value_leading_to(NEW.parse().unwrap(), 8000, Some(parked));
            assert_eq!(restored.as_deref(), Ok(back));
        }
        assert_eq!(parked_value("2001:db8::1"), ["100::1"]);
        assert!(is_parked_value("100::1"));
    }
}
