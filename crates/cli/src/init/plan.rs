//! What is proposed, from what there is. No AWS, no terminal: facts in, proposals out.

use std::path::Path;

use eden_core::config::ApiType;
use eden_policy::facts::Readiness;

use super::facts::{Service, spelled};
use super::file;
use super::fit::Fit;
use super::parameters::Values;
use super::routes::{Candidate, Via};

/// The paths at which applications often tell how they are, the most telling first.
pub const HEALTH_PATHS: [&str; 3] = ["/health", "/healthz", "/"];
/// The port where neither the task definition nor the API tells of one.
const PORT: u16 = 8000;

/// One of several, and whether nobody need be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Which of them.
    pub at: usize,
    /// Whether it is the only one: it is shown and not asked for.
    pub only: bool,
    /// Whether it is certain enough to be taken unasked by who says so.
    pub certain: bool,
}

/// The service of the file, else the one that has the stack's default name, else the first without a
/// load balancer.
pub fn service(services: &[Service], present: &Values, prefix: &str) -> Proposal {
    let of_file = |it: &Service| {
        Some(it.cluster.as_str()) == present.get("ECSCluster")
            && Some(it.name.as_str()) == present.get("ECSService")
    };
    let named = |it: &Service| it.path() == format!("{prefix}-cluster/{prefix}-service");
    let find = |is: &dyn Fn(&Service) -> bool| services.iter().position(is);
    let known = find(&of_file).or_else(|| find(&named));
    let at = known.or_else(|| find(&|it| !it.load_balanced)).unwrap_or(0);
    let only = services.len() == 1;
    Proposal { at, only, certain: only || known.is_some() }
}

/// The API of the file, else the likeliest one. An address that no task has may be another server's, so
/// that it is never taken unasked, unless the API was `named`.
pub fn route(candidates: &[Candidate], present: &Values, named: bool) -> Proposal {
    let of_file = |it: &Candidate| {
        let same_stage = present
            .get("APIGatewayStage")
            .is_none_or(|stage| it.stages.as_deref().is_none_or(|stages| stages == stage));
        Some(it.api.as_str()) == present.get("APIGatewayId") && same_stage
    };
    let known = candidates.iter().position(of_file);
    let only = candidates.len() == 1;
    let best = candidates.first().map(|it| it.fit);
    let rival = candidates.get(1).map(|it| it.fit);
    let safe = named || best.is_some_and(|fit| fit < Fit::Address);
    let alone = only || (best == Some(Fit::Task) && rival != Some(Fit::Task));
    Proposal {
        at: known.unwrap_or(0),
        only: only && safe,
        certain: known.is_some() || (alone && safe),
    }
}

/// The port, and whether it is the only one: the file's, the one that the API leads to, the first that
/// the tasks map.
pub fn port(mapped: &[u16], leads_to: Option<u16>, present: &Values) -> (u16, bool) {
    let of_file = present.get("BackendPort").and_then(|it| it.parse().ok());
    if let [only] = mapped
        && of_file.is_none_or(|it| it == *only)
    {
        return (*only, true);
    }
    let mapped_too = leads_to.filter(|it| mapped.is_empty() || mapped.contains(it));
    (of_file.or(mapped_too).or(mapped.first().copied()).unwrap_or(PORT), false)
}

/// The path of the file, else the first of those asked at which a task answers well.
pub fn health_path<'a>(answers: &[(&'a str, Vec<Readiness>)], present: &'a Values) -> &'a str {
    let well = |(_, answers): &&(&str, Vec<Readiness>)| answers.contains(&Readiness::Ready);
    let found = answers.iter().find(well).map(|(path, _)| *path);
    present.chosen("HealthCheckPath").or(found).unwrap_or_default()
}

/// Sets the parameters of the way from the API to the tasks.
pub fn set_route(values: &mut Values, candidate: &Candidate, url: &str) {
    values.set("APIGatewayId", &candidate.api);
    values.set("APIGatewayURL", url);
    values.set("ApiType", spelled(candidate.kind));
    let is_rest = candidate.kind == ApiType::Rest;
    values.set("APIGatewayName", if is_rest { candidate.name.as_str() } else { "" });
    values.set("APIGatewayStage", candidate.stages.as_deref().unwrap_or_default());
    let (integrations, via) = match &candidate.via {
        Via::Integrations(ids) => (ids.join(","), "integration".to_owned()),
        Via::Variable(name) => (String::new(), format!("stage-variable:{name}")),
    };
    values.set("APIGatewayIntegrationId", integrations);
    values.set("RouteVia", via);
}

/// The stack's name where nobody gave one, as samconfig.toml has it.
pub fn stack_name(environment: &str, app: &str) -> String {
    match environment {
        "prod" => format!("{app}-autoresiliency"),
        other => format!("{app}-autoresiliency-{other}"),
    }
}

/// The processor of the machine that builds: a binary for it needs no cross compiler.
pub fn architecture() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

/// What to run next.
pub fn next(directory: &Path) -> Vec<String> {
    let change = (directory != Path::new(".")).then(|| format!("cd {}", directory.display()));
    let commands = ["build", "deploy"].map(|it| format!("sam {it} --config-file {}", file::NAME));
    change.into_iter().chain(commands).collect()
}

/// Whether the text is an e-mail address as the template takes it.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_plain = |part: &str| {
        !part.is_empty() && !part.contains(['@', ' ']) && !part.contains(char::is_whitespace)
    };
    let labels: Vec<_> = domain.split('.').collect();
    is_plain(local) && labels.len() > 1 && labels.into_iter().all(is_plain)
}

/// Whether a text can be the parameter `Environment` or `AppName`, of at most so many characters.
pub fn is_prefix(text: &str, most: usize) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        && text.len() <= most
}

#[cfg(test)]
mod tests {
    use eden_policy::facts::Unready;

    use super::*;

    fn services(names: &[(&str, bool)]) -> Vec<Service> {
        let service = |(name, load_balanced): &(&str, bool)| Service {
            cluster: "prod-eden-cluster".to_owned(),
            name: (*name).to_owned(),
            definition: None,
            load_balanced: *load_balanced,
        };
        names.iter().map(service).collect()
    }

    fn candidate(api: &str, fit: Fit) -> Candidate {
        Candidate {
            api: api.to_owned(),
            name: "shop".to_owned(),
            kind: ApiType::Http,
            via: Via::Integrations(vec!["int1".to_owned(), "int2".to_owned()]),
            stages: None,
            url: None,
            fit,
            port: None,
            text: String::new(),
            left_alone: Vec::new(),
        }
    }

    fn present(values: &[(&str, &str)]) -> Values {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn one_service_is_certain_and_of_several_the_likeliest_is_proposed() {
        let none = Values::default();
        let of = |names: &[(&str, bool)], present: &Values| {
            let Proposal { at, only, certain } = service(&services(names), present, "prod-eden");
            (at, only, certain)
        };
        assert_eq!(of(&[("a", true)], &none), (0, true, true));
        assert_eq!(of(&[("a", true), ("b", false)], &none), (1, false, false));
        assert_eq!(of(&[("a", false), ("prod-eden-service", true)], &none), (1, false, true));
        let file = present(&[("ECSCluster", "prod-eden-cluster"), ("ECSService", "a")]);
        assert_eq!(of(&[("b", false), ("a", true)], &file), (1, false, true));
    }

    #[test]
    fn another_servers_address_is_never_taken_unasked() {
        let none = Values::default();
        let of = |fits: &[Fit], named| {
            let all: Vec<_> =
                fits.iter().enumerate().map(|(at, it)| candidate(&format!("a{at}"), *it)).collect();
            let Proposal { only, certain, .. } = route(&all, &none, named);
            (only, certain)
        };
        assert_eq!(of(&[Fit::Placeholder], false), (true, true));
        assert_eq!(of(&[Fit::Address], false), (false, false));
        assert_eq!(of(&[Fit::Address], true), (true, true));
        assert_eq!(of(&[Fit::Task, Fit::Placeholder], false), (false, true));
        assert_eq!(of(&[Fit::Task, Fit::Task], false), (false, false));
        assert_eq!(of(&[Fit::Placeholder, Fit::Placeholder], false), (false, false));
        let all = [candidate("a1", Fit::Task), candidate("a2", Fit::Address)];
        let file = present(&[("APIGatewayId", "a2")]);
        let expected = Proposal { at: 1, only: false, certain: true };
        assert_eq!(route(&all, &file, false), expected);
    }

    #[test]
    fn the_only_mapped_port_is_certain() {
        let none = Values::default();
        assert_eq!(port(&[3000], Some(80), &none), (3000, true));
        assert_eq!(port(&[3000, 9090], Some(9090), &none), (9090, false));
        assert_eq!(port(&[3000, 9090], Some(80), &none), (3000, false));
        assert_eq!(port(&[], Some(80), &none), (80, false));
        assert_eq!(port(&[], None, &none), (8000, false));
        assert_eq!(port(&[3000], None, &present(&[("BackendPort", "81")])), (81, false));
    }

    #[test]
    fn the_first_path_that_is_answered_well_is_proposed() {
        let (none, file) = (Values::default(), present(&[("HealthCheckPath", "/ok")]));
        let unclear = Readiness::Unclear("404".to_owned());
        let fails = Readiness::NotReady(Unready::Fails, "500".to_owned());
        let answers = [("/health", vec![unclear.clone()]), ("/", vec![fails, Readiness::Ready])];
        assert_eq!(health_path(&answers, &none), "/");
        assert_eq!(health_path(&answers, &file), "/ok");
        assert_eq!(health_path(&answers, &self::present(&[("HealthCheckPath", "")])), "");
        assert_eq!(health_path(&[("/", vec![unclear])], &none), "");
    }

    #[test]
    fn a_route_sets_what_its_kind_needs() {
        let mut values = Values::default();
        set_route(&mut values, &candidate("a1", Fit::Task), "https://a");
        let written: Vec<_> = values.written().collect();
        assert_eq!(
            written,
            [
                ("APIGatewayId", "a1"),
                ("APIGatewayURL", "https://a"),
                ("APIGatewayIntegrationId", "int1,int2"),
                ("ApiType", "HTTP"),
                ("APIGatewayName", ""),
                ("APIGatewayStage", ""),
                ("RouteVia", "integration"),
            ]
        );
        let rest = Candidate {
            kind: ApiType::Rest,
            stages: Some("prod".to_owned()),
            via: Via::Variable("backend".to_owned()),
            ..candidate("r1", Fit::Task)
        };
        set_route(&mut values, &rest, "https://r");
        let expected = [
            ("ApiType", "REST"),
            ("APIGatewayName", "shop"),
            ("APIGatewayStage", "prod"),
            ("RouteVia", "stage-variable:backend"),
            ("APIGatewayIntegrationId", ""),
        ];
        for (name, value) in expected {
            assert_eq!(values.get(name).unwrap_or_default(), value, "{name}");
        }
    }

    #[test]
    fn names_and_addresses_are_those_that_the_template_takes() {
        for address in ["ops@example.com", "first.last+eden@mail.example.co.uk"] {
            assert!(is_address(address), "{address}");
        }
        for other in ["ops", "ops@example", "@a.b", "a@b.", "a b@c.d", "a@b@c.d", "a@b..c"] {
            assert!(!is_address(other), "{other}");
        }
        assert!(is_prefix("prod-1", 15) && !is_prefix("Prod", 15) && !is_prefix("", 15));
        assert!(!is_prefix("1prod", 15) && !is_prefix("a-name-too-long-", 15));
        assert_eq!(stack_name("prod", "eden"), "eden-autoresiliency");
        assert_eq!(stack_name("dev", "eden"), "eden-autoresiliency-dev");
        assert_eq!(
            next(Path::new("/srv/eden")),
            [
                "cd /srv/eden",
                "sam build --config-file eden.toml",
                "sam deploy --config-file eden.toml"
            ]
        );
        assert_eq!(next(Path::new(".")).len(), 2);
    }
}
