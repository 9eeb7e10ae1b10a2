use eden_policy::facts::{self, IntegrationKind};

use super::*;

const TASK: &str = "http://52.1.2.3:8000/{proxy}";

fn integration(id: &str, path: &str, uri: &str) -> Integration {
    let read = facts::Integration::http(Some(uri.to_owned()));
    Integration { id: id.to_owned(), paths: vec![path.to_owned()], read }
}

fn lambda(id: &str) -> Integration {
    let kind = IntegrationKind::Other("AWS_PROXY over INTERNET".to_owned());
    let read = facts::Integration { kind, uri: None, host: None };
    Integration { id: id.to_owned(), paths: vec!["/hook".to_owned()], read }
}

fn http(id: &str, integrations: Vec<Integration>) -> Api {
    Api {
        id: id.to_owned(),
        name: "shop".to_owned(),
        kind: ApiType::Http,
        url: Some(format!("https://{id}.example.com")),
        private: false,
        stages: vec!["$default".to_owned()],
        integrations,
    }
}

fn rest(id: &str, integrations: Vec<Integration>) -> Api {
    let stages = vec!["prod".to_owned()];
    Api { kind: ApiType::Rest, stages, ..http(id, integrations) }
}

fn all(apis: &[Api], asked: Asked<'_>) -> (Vec<Candidate>, Vec<String>) {
    candidates(apis, &BTreeSet::from(["52.1.2.3".parse().unwrap()]), asked)
}

fn one(api: Api) -> Result<Candidate, String> {
    let (mut found, mut refused) = all(&[api], Asked::default());
    found.pop().ok_or_else(|| refused.pop().unwrap_or_default())
}

#[test]
fn integrations_of_tasks_and_placeholders_are_one_choice() {
    let found = one(http(
        "a1",
        vec![
            integration("int1", "/", "placeholder"),
            integration("int2", "/{proxy+}", TASK),
            lambda("int3"),
        ],
    ))
    .unwrap();

    assert_eq!(found.text, "shop a1, HTTP, integrations / and /{proxy+}");
    assert_eq!(found.via, Via::Integrations(vec!["int1".to_owned(), "int2".to_owned()]));
    assert_eq!((found.fit, found.port, &found.stages), (Fit::Task, Some(8000), &None));
    assert_eq!(found.url.as_deref(), Some("https://a1.example.com"));
    assert!(found.left_alone[0].starts_with("/hook is AWS_PROXY"), "{:?}", found.left_alone);
}

#[test]
fn another_server_beside_a_task_is_left_alone_and_alone_it_is_told() {
    let other = || integration("int1", "/old", "http://52.9.9.9:80/");
    let found = one(http("a1", vec![other(), integration("int2", "/", TASK)])).unwrap();
    assert_eq!(found.via, Via::Integrations(vec!["int2".to_owned()]));
    assert!(found.left_alone[0].contains("52.9.9.9"), "{:?}", found.left_alone);

    let found = one(http("a1", vec![other()])).unwrap();
    assert_eq!(found.fit, Fit::Address);
    assert!(found.text.contains("at http://52.9.9.9:80/ now"), "{}", found.text);
}

#[test]
fn the_likeliest_api_comes_first() {
    let apis = [
        http("a1", vec![integration("int1", "/", "http://52.9.9.9:80/")]),
        http("a2", vec![integration("int1", "/", "placeholder")]),
        http("a3", vec![integration("int1", "/", TASK)]),
    ];
    let (found, refused) = all(&apis, Asked::default());
    let ids: Vec<_> = found.iter().map(|it| it.api.as_str()).collect();
    assert_eq!((ids, refused), (vec!["a3", "a2", "a1"], vec![]));
}

#[test]
fn each_stage_of_a_rest_api_is_a_choice() {
    let mut api = rest("r1", vec![integration("res1:ANY", "/{proxy+}", TASK)]);
    api.stages = vec!["dev".to_owned(), "prod".to_owned()];
    let (found, _) = all(&[api.clone()], Asked::default());
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].text, "shop r1, REST, stage prod, integration /{proxy+}");
    assert_eq!(found[1].url.as_deref(), Some("https://r1.example.com/prod"));
    assert_eq!(found[1].stages.as_deref(), Some("prod"));
    let both = Asked { stages: Some("prod,dev"), ..Asked::default() };
    let (found, _) = all(&[api], both);
    assert_eq!(found[0].stages.as_deref(), Some("prod,dev"));
    assert_eq!(found[0].url.as_deref(), Some("https://r1.example.com/prod"));
}

#[test]
fn a_host_from_a_stage_variable_is_led_by_it() {
    let uri = "http://${stageVariables.backend}/{proxy}";
    let found = one(http("a1", vec![integration("int1", "/{proxy+}", uri)])).unwrap();
    assert_eq!(found.via, Via::Variable("backend".to_owned()));
    assert_eq!(found.stages.as_deref(), Some("$default"));
    assert_eq!(found.text, "shop a1, HTTP, variable backend");
}

#[test]
fn an_api_that_does_not_do_is_refused_with_the_reason() {
    let fits = || vec![integration("int1", "/", TASK)];
    let many = (0..5).map(|at| integration(&format!("int{at}"), "/", TASK)).collect();
    let named = integration("int1", "/", "https://backend.shop.io/");
    let private = Api { private: true, ..rest("r1", fits()) };
    for (api, says) in [
        (private, "REST API shop r1 has a private endpoint"),
        (Api { url: None, ..http("a1", fits()) }, "--url"),
        (Api { stages: vec![], ..http("a1", fits()) }, "has no stage"),
        (http("a1", vec![]), "HTTP API shop a1 has no integrations"),
        (http("a1", vec![lambda("int1")]), "AWS_PROXY"),
        (http("a1", vec![named]), "backend.shop.io"),
        (
            http("a1", many),
            "has 5 integrations that fit, and Eden leads 4: name them with --api a1",
        ),
    ] {
        let why = one(api).unwrap_err();
        assert!(why.contains(says), "{says}: {why}");
    }
}

#[test]
fn what_is_asked_for_has_to_be_there() {
    let api = http("a1", vec![integration("int1", "/", "https://backend.shop.io/")]);
    let asked = |integrations, stages| Asked { integrations, stages, ..Asked::default() };
    let (found, _) = all(std::slice::from_ref(&api), asked(Some("int1"), None));
    assert_eq!(found[0].via, Via::Integrations(vec!["int1".to_owned()]));
    for (asked, says) in [
        (asked(Some("int1,int9"), None), "no integration int9, only int1"),
        (asked(Some("int1"), Some("prod")), "no stage prod, only $default"),
    ] {
        let (found, refused) = all(std::slice::from_ref(&api), asked);
        assert!(found.is_empty() && refused[0].contains(says), "{refused:?}");
    }
}
