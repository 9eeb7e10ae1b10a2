//! What each variable accepts: its text into its value, or what is expected instead.

use std::ops::RangeInclusive;
use std::time::Duration;

use eden_policy::Mode;
use http::Uri;
use tracing::level_filters::LevelFilter;

use super::Webhook;
use super::gateway::ApiType;

/// The methods that a REST API's resource can have (F7).
const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

fn accept<T>(value: T, accepted: bool, expected: &'static str) -> Result<T, &'static str> {
    if accepted { Ok(value) } else { Err(expected) }
}

fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= 255 && text.chars().all(legal)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_method_of_resource(text: &str) -> bool {
    text.split_once(':').is_some_and(|(id, method)| is_id(id) && METHODS.contains(&method))
}

fn is_stage(text: &str) -> bool {
    text == "$default" || (is_name(text) && text.len() <= 128)
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.contains(char::is_whitespace)
}

fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The members of a comma-separated list; a repeated one counts once.
fn list(text: &str) -> Vec<String> {
    let mut members: Vec<String> = Vec::new();
    for member in text.split(',').map(str::trim) {
        if !members.iter().any(|known| known == member) {
            members.push(member.to_owned());
        }
    }
    members
}

/// A whole number within these bounds.
fn whole(
    text: &str,
    bounds: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<u64, &'static str> {
    text.parse().ok().filter(|number| bounds.contains(number)).ok_or(expected)
}

pub(super) fn text(text: &str) -> Result<String, &'static str> {
    accept(text.to_owned(), !text.is_empty(), "a text")
}

pub(super) fn name(text: &str) -> Result<String, &'static str> {
    accept(text.to_owned(), is_name(text), "a name of letters, digits, - and _")
}

/// A name with which a tag's key may begin (F66).
pub(super) fn app_name(text: &str) -> Result<String, &'static str> {
    if text.eq_ignore_ascii_case("aws") {
        return Err("possible: Eden's tags begin with it, and AWS keeps aws: for its own");
    }
    name(text)
}

pub(super) fn cluster(text: &str) -> Result<String, &'static str> {
    let arn = text.starts_with("arn:") && text.contains(":cluster/");
    accept(text.to_owned(), arn || is_name(text), "the name or ARN of an ECS cluster")
}

/// A service's name, also out of its ARN.
pub(super) fn service(text: &str) -> Result<String, &'static str> {
    let name = match text.split_once(":service/") {
        Some((_, path)) if text.starts_with("arn:") => path.rsplit('/').next().unwrap_or(path),
        Some(_) | None => text,
    };
    accept(name.to_owned(), is_name(name), "the name or ARN of an ECS service")
}

pub(super) fn id(text: &str) -> Result<String, &'static str> {
    accept(text.to_owned(), is_id(text), "the id of an API, letters and digits like a1b2c3d4e5")
}

pub(super) fn api_type(text: &str) -> Result<ApiType, &'static str> {
    match text {
        "HTTP" => Ok(ApiType::Http),
        "REST" => Ok(ApiType::Rest),
        _ => Err("one of HTTP and REST"),
    }
}

/// One id or several of an HTTP API's integrations.
pub(super) fn integrations(text: &str) -> Result<Vec<String>, &'static str> {
    let ids = list(text);
    let legal = ids.iter().all(|id| is_id(id));
    accept(
        ids,
        legal,
        "one integration id or several, comma-separated, like abc1234,def5678 (RESOURCE_ID:METHOD, \
         like abc123:ANY, goes with API_TYPE=REST)",
    )
}

/// One method or several of a REST API's resources: what its integrations are addressed by (F7).
pub(super) fn methods(text: &str) -> Result<Vec<String>, &'static str> {
    let methods = list(text);
    let legal = methods.iter().all(|method| is_method_of_resource(method));
    accept(
        methods,
        legal,
        "one RESOURCE_ID:METHOD or several, comma-separated, like abc123:ANY,def456:GET \
         (integration ids, like abc1234, go with API_TYPE=HTTP)",
    )
}

pub(super) fn stages(text: &str) -> Result<Vec<String>, &'static str> {
    let stages = list(text);
    let legal = stages.iter().all(|stage| is_stage(stage));
    accept(stages, legal, "one stage's name or several, comma-separated, like prod,$default")
}

pub(super) fn stage(text: &str) -> Result<String, &'static str> {
    let expected = "the name of the one stage that ROUTE_VIA=stage-variable:NAME is about";
    accept(text.to_owned(), is_stage(text), expected)
}

/// The stage variable's name; none for the integrations themselves.
pub(super) fn route_via(text: &str) -> Result<Option<String>, &'static str> {
    let legal = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let name = text.strip_prefix("stage-variable:").filter(legal);
    let expected = "integration or stage-variable:NAME, NAME of letters, digits and _";
    accept(name.map(str::to_owned), name.is_some() || text == "integration", expected)
}

pub(super) fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("one of on and off"),
    }
}

pub(super) fn path(text: &str) -> Result<String, &'static str> {
    let legal = text.starts_with('/')
        && is_visible_ascii(text)
        && !text.contains('#')
        && text.parse::<Uri>().is_ok();
    accept(text.to_owned(), legal, "a path beginning with /, without spaces and fragment")
}

/// A host's name, with a port or without.
pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let (name, port) = text.rsplit_once(':').unwrap_or((text, "80"));
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_name = !name.is_empty() && name.len() <= 253 && name.chars().all(legal);
    let expected = "a host name, with a port or without, like api.example.com";
    accept(text.to_owned(), is_name && self::port(port).is_ok(), expected)
}

/// One status or a range of them.
pub(super) fn statuses(text: &str) -> Result<RangeInclusive<u16>, &'static str> {
    let (lower, upper) = text.split_once('-').unwrap_or((text, text));
    let (lower, upper) = (lower.parse().unwrap_or(0), upper.parse().unwrap_or(0));
    let legal = (100..=upper).contains(&lower) && upper <= 599;
    accept(lower..=upper, legal, "an HTTP status or a range of them, 100 to 599, like 200-399")
}

pub(super) fn probe_timeout(text: &str) -> Result<Duration, &'static str> {
    whole(text, 1..=10, "whole seconds, 1 to 10").map(Duration::from_secs)
}

pub(super) fn attempts(text: &str) -> Result<u32, &'static str> {
    let attempts = text.parse().unwrap_or(0);
    accept(attempts, (1..=5).contains(&attempts), "a whole number from 1 to 5")
}

pub(super) fn ready_within(text: &str) -> Result<Duration, &'static str> {
    whole(text, 0..=45, "whole seconds, 0 to 45").map(Duration::from_secs)
}

/// A page that API Gateway can lead to, to which Eden can add the way back as part of its query.
pub(super) fn page_url(text: &str) -> Result<String, &'static str> {
    let has_host = |uri: Uri| uri.host().is_some_and(|host| !host.is_empty());
    let legal = is_url(text)
        && is_visible_ascii(text)
        && !text.contains(['#', '{'])
        && text.parse().is_ok_and(has_host);
    accept(text.to_owned(), legal, "a URL like https://status.example.com/page, without # and {")
}

pub(super) fn maintenance_after(text: &str) -> Result<Duration, &'static str> {
    whole(text, 0..=3600, "whole seconds, 0 to 3600").map(Duration::from_secs)
}

pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    let port = text.parse().unwrap_or(0);
    accept(port, port > 0, "a port from 1 to 65535")
}

pub(super) fn http_url(text: &str) -> Result<String, &'static str> {
    accept(text.to_owned(), is_url(text), "a URL beginning with https:// or http://")
}

pub(super) fn topic_arn(text: &str) -> Result<String, &'static str> {
    let legal = text.starts_with("arn:") && text.contains(":sns:") && text.split(':').count() == 6;
    accept(text.to_owned(), legal, "the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME")
}

/// Whether a text is a URL that messages may be posted to.
pub fn is_webhook(text: &str) -> bool {
    text.starts_with("https://") && is_url(text)
}

/// A URL, or the ARN of what holds one.
pub(super) fn webhook(text: &str) -> Result<Webhook, &'static str> {
    let expected = "an https:// URL, or the ARN of a secret in Secrets Manager or of a parameter in \
                    SSM that holds one";
    let arn = text.starts_with("arn:") && text.split(':').count() >= 6;
    if arn && text.contains(":secretsmanager:") {
        Ok(Webhook::Secret(text.to_owned()))
    } else if arn && text.contains(":ssm:") {
        Ok(Webhook::Parameter(text.to_owned()))
    } else {
        accept(Webhook::Url(text.to_owned()), is_webhook(text), expected)
    }
}

pub(super) fn deaths(text: &str) -> Result<usize, &'static str> {
    let number = whole(text, 2..=20, "a whole number from 2 to 20")?;
    usize::try_from(number).map_err(|_| "a whole number from 2 to 20")
}

pub(super) fn count(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "a whole number from 0")
}

pub(super) fn percent(text: &str) -> Result<u32, &'static str> {
    let percent = text.parse().unwrap_or(u32::MAX);
    accept(percent, percent <= 100, "a whole number from 0 to 100")
}

/// Whole seconds, at most a day: longer ones are mistakes, and could not be told from "never".
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    whole(text, 0..=86_400, "whole seconds, 0 to 86400").map(Duration::from_secs)
}

pub(super) fn log_level(text: &str) -> Result<LevelFilter, &'static str> {
    text.parse().map_err(|_| "one of off, error, warn, info, debug and trace")
}

pub(super) fn mode(text: &str) -> Result<Mode, &'static str> {
    text.parse().map_err(|()| "one of on, observe and off")
}
