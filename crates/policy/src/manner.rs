//! How API Gateway asks a task: a probe that asks otherwise may get another answer.

use crate::facts::{Integration, IntegrationKind, Observed, Pointer, Route};
use crate::uri;

/// How API Gateway asks a task, as far as the route tells (F55).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The `Host` that it sends; the task's address and port without one.
    pub host: Option<String>,
    /// What comes before a request's path, for example `/api`; empty for nothing.
    prefix: String,
    /// Where a request without a path arrives, for example `/api/`.
    root: String,
}

impl Default for Manner {
    /// Plain HTTP to the task's own address.
    fn default() -> Self {
        Manner { tls: false, host: None, prefix: String::new(), root: "/".to_owned() }
    }
}

impl Manner {
    /// How the gateway asks by this route: by the first integration that hands on a request's path,
    /// else by the first one. What leads to the maintenance page asks as it did before that.
    pub fn of(route: &Route) -> Self {
        let by = |(pointer, read): &(Pointer, Observed<Integration>)| {
            let read = read.known().filter(|read| read.kind == IntegrationKind::Http)?;
            Some(Self::by(pointer, read))
        };
        let mut ways = route.pointers.iter().filter_map(by);
        let Some((first, hands_on)) = ways.next() else { return Self::default() };
        if hands_on {
            return first;
        }
        ways.find_map(|(way, hands_on)| hands_on.then_some(way)).unwrap_or(first)
    }

    /// How the gateway asks by one pointer, and whether it hands on the path of a request.
    fn by(pointer: &Pointer, read: &Integration) -> (Self, bool) {
        let present = read.uri.as_deref().unwrap_or_default();
        let before = uri::before_maintenance(present);
        let present = before.as_deref().unwrap_or(present);
        let host = read.host.clone();
        let Some((scheme, path)) = uri::scheme_and_path(present) else {
            return (Manner { host, ..Self::default() }, false);
        };
        let tls = scheme.eq_ignore_ascii_case("https");
        let (prefix, root, hands_on) = match pointer {
            // The integrations' own paths follow the variable.
            Pointer::StageVariable { .. } => (path.trim_end_matches('/'), "/", true),
            Pointer::Integration(_) => match path.find('{') {
                // What the stage's variable says there is not known.
                Some(at) if path[..at].ends_with('$') => ("", "/", true),
                Some(at) => {
                    let folder = path[..at].rfind('/').unwrap_or(0);
                    (&path[..folder], "/", true)
                }
                None => ("", if path.is_empty() { "/" } else { path }, false),
            },
        };
        let (root, prefix) = (format!("{prefix}{root}"), prefix.to_owned());
        (Manner { tls, host, prefix, root }, hands_on)
    }

    /// Where the gateway leads a request without a path.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The paths of a task at which a path of the API may be found, the likeliest first: where the
    /// gateway leads it, then the path itself, since a path in the settings may be meant as the
    /// application's own.
    pub fn paths(&self, path: &str) -> Vec<String> {
        let mut paths = vec![format!("{}{path}", self.prefix), path.to_owned()];
        paths.dedup();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(uri: &str) -> Manner {
        let pointer = Pointer::Integration("int1".to_owned());
        Manner::by(&pointer, &Integration::http(Some(uri.to_owned()))).0
    }

    #[test]
    fn a_path_is_found_below_that_of_the_integration_or_as_it_is() {
        for (uri, paths, root) in [
            ("http://203.0.113.7:8000/{proxy}", &["/health"][..], "/"),
            ("http://203.0.113.7:8000/api/v1/{proxy}", &["/api/v1/health", "/health"], "/api/v1/"),
            ("http://203.0.113.7/api/{proxy}?k={x}", &["/api/health", "/health"], "/api/"),
            ("http://203.0.113.7/users/{id}/all", &["/users/health", "/health"], "/users/"),
            // A path of its own says nothing of others.
            ("http://203.0.113.7:8000/app", &["/health"], "/app"),
            ("http://203.0.113.7:8000", &["/health"], "/"),
            ("http://203.0.113.7:8000?only={query}", &["/health"], "/"),
            ("http://203.0.113.7/${stageVariables.base}/{proxy}", &["/health"], "/"),
            ("placeholder", &["/health"], "/"),
        ] {
            let way = way(uri);
            assert_eq!(way.paths("/health"), paths, "{uri}");
            assert_eq!(way.root(), root, "{uri}");
        }
    }

    #[test]
    fn the_scheme_is_that_of_the_uri_also_behind_the_maintenance_page() {
        let page = |uri| uri::maintenance("https://status.example.com/down", Some(uri));
        for (uri, tls) in [
            ("https://203.0.113.7:8443/{proxy}".to_owned(), true),
            ("HTTPS://203.0.113.7/".to_owned(), true),
            ("http://203.0.113.7:8000/{proxy}".to_owned(), false),
            (page("http://203.0.113.7:8000/{proxy}"), false),
            (page("https://203.0.113.7:8443/{proxy}"), true),
        ] {
            assert_eq!(way(&uri).tls, tls, "{uri}");
        }
    }

    #[test]
    fn a_stage_variable_that_holds_a_url_tells_scheme_and_path() {
        let pointer =
            Pointer::StageVariable { stage: "prod".to_owned(), name: "backend".to_owned() };
        let by = |value: &str| Manner::by(&pointer, &Integration::http(Some(value.to_owned()))).0;
        let url = by("https://203.0.113.7:8443/v1/");
        assert!(url.tls);
        assert_eq!(
            (url.paths("/health"), url.root()),
            (vec!["/v1/health".to_owned(), "/health".to_owned()], "/v1/")
        );
        assert_eq!(by("203.0.113.7:8000"), Manner::default());
    }
}
