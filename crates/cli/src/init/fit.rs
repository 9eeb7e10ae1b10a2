//! Whether an integration is one with the service, as far as its URI tells.

use std::collections::BTreeSet;
use std::net::IpAddr;

use eden_policy::facts::IntegrationKind;
use eden_policy::uri;

use super::facts::Integration;

/// What an integration leads to that may be led to a task; the likeliest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// A task of the service.
    Task,
    /// Nobody, since Eden parked it.
    Parked,
    /// Nothing that could answer API Gateway: somebody wrote it to have something there.
    Placeholder,
    /// An address that no task of the service has: of one that is gone, or of another server.
    Address,
}

/// Names under which nobody answers (RFC 2606, RFC 6761), and those of examples.
const NOBODYS: [&str; 7] =
    ["example.com", "example.org", "example.net", "example", "invalid", "test", "localhost"];

/// What it leads to, if that may be led to a task with one of these addresses.
///
/// # Errors
/// In words, why it may not.
pub fn fit(integration: &Integration, tasks: &BTreeSet<IpAddr>) -> Result<Fit, String> {
    if let IntegrationKind::Other(kind) = &integration.read.kind {
        return Err(format!("is {kind}, which cannot lead to the public address of a task"));
    }
    let present = integration.read.uri.as_deref().unwrap_or_default();
    let before = uri::before_maintenance(present);
    let uri = before.as_deref().unwrap_or(present);
    let endpoint = uri::endpoint(uri);
    match endpoint {
        Some(endpoint) if tasks.contains(&endpoint.ip()) => Ok(Fit::Task),
        _ if uri::is_parked(uri) => Ok(Fit::Parked),
        Some(endpoint) if is_unreachable(endpoint.ip()) => Ok(Fit::Placeholder),
        Some(_) => Ok(Fit::Address),
        None if !uri::names_a_host(uri) || is_nobodys(uri) => Ok(Fit::Placeholder),
        None => Err(format!("leads to {uri}, which is a name and no task's address")),
    }
}

/// An address that nothing on the internet has.
fn is_unreachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            it.is_private()
                || it.is_loopback()
                || it.is_documentation()
                || it.is_unspecified()
                || it.is_link_local()
        }
        IpAddr::V6(it) => it.is_loopback() || it.is_unspecified(),
    }
}

fn is_nobodys(uri: &str) -> bool {
    let after = uri.split_once("://").map_or(uri, |(_, after)| after);
    let host = after.split(['/', '?', '#', ':']).next().unwrap_or_default().to_ascii_lowercase();
    let is_below = |name: &str| {
        let above = host.strip_suffix(name);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    };
    NOBODYS.iter().any(|name| is_below(name))
}

#[cfg(test)]
mod tests {
    use eden_policy::facts;

    use super::*;

    fn of(uri: &str) -> Result<Fit, String> {
        let read = facts::Integration::http(Some(uri.to_owned()));
        let integration = Integration { id: "int1".to_owned(), paths: Vec::new(), read };
        fit(&integration, &BTreeSet::from(["52.1.2.3".parse().unwrap()]))
    }

    #[test]
    fn what_is_a_tasks_or_nobodys_fits() {
        for (uri, expected) in [
            ("http://52.1.2.3:8000/{proxy}", Fit::Task),
            ("https://status.a.io/?eden-before=http%3A%2F%2F52.1.2.3%3A8000%2F", Fit::Task),
            ("http://parked.invalid:8000/{proxy}", Fit::Parked),
            ("http://192.0.2.1:8000/", Fit::Parked),
            ("placeholder", Fit::Placeholder),
            ("", Fit::Placeholder),
            ("http://placeholder/{proxy}", Fit::Placeholder),
            ("http://example.com/{proxy}", Fit::Placeholder),
            ("https://www.example.org", Fit::Placeholder),
            ("http://127.0.0.1:1/", Fit::Placeholder),
            ("http://10.0.0.7/", Fit::Placeholder),
            ("http://52.9.9.9:8000/", Fit::Address),
        ] {
            assert_eq!(of(uri), Ok(expected), "{uri}");
        }
        assert!(Fit::Task < Fit::Address, "the likeliest comes first");
    }

    #[test]
    fn what_somebody_named_or_is_of_another_kind_does_not_fit() {
        assert!(of("https://notexample.com/{proxy}").is_err());
        assert!(of("https://backend.shop.io/{proxy}").unwrap_err().contains("backend.shop.io"));
        let kind = IntegrationKind::Other("AWS_PROXY over INTERNET".to_owned());
        let read = facts::Integration { kind, uri: None, host: None };
        let lambda = Integration { id: "int1".to_owned(), paths: Vec::new(), read };
        assert!(fit(&lambda, &BTreeSet::new()).unwrap_err().contains("AWS_PROXY"));
    }
}
