//! The API as its users see it: what its own URL answers.

use std::ops::RangeInclusive;
use std::time::Duration;

use eden_policy::facts::ApiAnswer;

use crate::aws::Aws;
use crate::config::{Gateway, People};
use crate::web::Web;

/// For how long an answer is waited for when no settings say otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the API's URL, with `HEALTH_CHECK_PATH` if that is set.
///
/// A status below 500 that is not good says little: the gateway itself answers 404 for what it has
/// no route for, and its authorizer 401 or 403, whatever path is asked for.
pub async fn answer(aws: &Aws, web: &Web, people: &People, gateway: Option<&Gateway>) -> ApiAnswer {
    let probe = gateway.map(|gateway| &gateway.probe);
    let path = probe.and_then(|probe| probe.path.as_deref());
    let url = match path {
        Some(path) => format!("{}{path}", people.api_gateway_url.trim_end_matches('/')),
        None => people.api_gateway_url.clone(),
    };
    let asked_at = aws.now();
    let answer = web.get(&url, PATIENCE.max(probe.map_or(PATIENCE, |probe| probe.timeout))).await;
    let took = aws.now().duration_since(asked_at);
    let latency_ms = u64::try_from(took.as_millis()).unwrap_or(0);
    match answer {
        Ok(status) => judge(status, latency_ms, path.and(probe).map(|probe| &probe.status)),
        Err(error) if error.is_of_name_or_certificate => ApiAnswer::NotReached(error.because),
        Err(error) => ApiAnswer::Bad(format!("nothing: {}", error.because)),
    }
}

fn judge(status: u16, latency_ms: u64, good: Option<&RangeInclusive<u16>>) -> ApiAnswer {
    match (status, good) {
        (_, Some(good)) if good.contains(&status) => ApiAnswer::Good { status, latency_ms },
        (500.., _) => ApiAnswer::Bad(status.to_string()),
        (400..500, None) | (_, Some(_)) => ApiAnswer::Unclear { status },
        (_, None) => ApiAnswer::Good { status, latency_ms },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_judged_by_the_settings_or_by_what_it_can_prove() {
        let good = 200..=299;
        for (status, with_path, without) in [
            (200, "good", "good"),
            (302, "unclear", "good"),
            (401, "unclear", "unclear"),
            (404, "unclear", "unclear"),
            (500, "bad", "bad"),
            (503, "bad", "bad"),
        ] {
            let name = |answer| match answer {
                ApiAnswer::Good { .. } => "good",
                ApiAnswer::Unclear { .. } => "unclear",
                ApiAnswer::NotReached(_) => "not reached",
                ApiAnswer::Bad(_) => "bad",
                ApiAnswer::NotAsked => "not asked",
            };
            assert_eq!(name(judge(status, 1, Some(&good))), with_path, "{status}");
            assert_eq!(name(judge(status, 1, None)), without, "{status}");
        }
    }
}
