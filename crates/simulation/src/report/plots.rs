//! The plots over all histories: downtime by fault, time to recovery, actions.

use super::svg::Svg;
use crate::policies::Policy;
use crate::summary::Summary;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 230.0;
const ROW: f64 = 13.0;

/// What a policy is drawn in.
pub(super) fn colour(policy: Policy) -> &'static str {
    match policy {
        Policy::None => "#9e9e9e",
        Policy::Simple => "#e08214",
        Policy::Eden => "#1b7837",
        Policy::Oracle => "#4575b4",
        Policy::Mutant(_) => "#b2182b",
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a plot")]
fn real(count: usize) -> f64 {
    count as f64
}

fn legend(svg: &mut Svg, summary: &Summary) {
    for (index, of) in summary.policies.iter().enumerate() {
        let x = LEFT + 130.0 * real(index);
        svg.rect((x, 8.0), (12.0, 12.0), colour(of.policy), of.policy.title());
        svg.text((x + 18.0, 18.0), of.policy.title());
    }
}

/// Minutes of downtime per fault, by kind of fault and policy.
pub(super) fn downtime(summary: &Summary) -> String {
    let policies = summary.policies.len();
    let rows = summary.faults.len();
    let height = 50.0 + real(rows) * (real(policies) * ROW + 10.0);
    let mut svg = Svg::new(WIDTH, height);
    legend(&mut svg, summary);
    let each = |count: u64, seconds: f64| {
        seconds / 60.0 / real(usize::try_from(count).unwrap_or(1)).max(1.0)
    };
    let most = summary
        .faults
        .values()
        .flat_map(|of| of.downtime_s.iter().map(|it| each(of.count, *it)))
        .fold(0.1, f64::max);
    let scale = (WIDTH - LEFT - 90.0) / most;
    let mut y = 40.0;
    for (name, of) in &summary.faults {
        svg.label((LEFT - 8.0, y + real(policies) * ROW / 2.0 + 4.0), name);
        for (index, seconds) in of.downtime_s.iter().enumerate() {
            let minutes = each(of.count, *seconds);
            let policy = summary.policies[index].policy;
            let title = format!("{name}, {}: {minutes:.2} minutes each", policy.title());
            let size = ((minutes * scale).max(1.0), ROW - 2.0);
            svg.rect((LEFT, y), size, colour(policy), &title);
            svg.text((LEFT + size.0 + 4.0, y + 10.0), &format!("{minutes:.2} min"));
            y += ROW;
        }
        y += 10.0;
    }
    svg.finish()
}

/// What share of the outages was over after how long; time on a logarithmic scale.
pub(super) fn recovery(summary: &Summary) -> String {
    const HEIGHT: f64 = 360.0;
    let mut svg = Svg::new(WIDTH, HEIGHT);
    legend(&mut svg, summary);
    let (left, right, top, bottom) = (60.0, WIDTH - 30.0, 40.0, HEIGHT - 40.0);
    let longest: f64 = 36_000.0;
    let x = |seconds: f64| left + (right - left) * seconds.clamp(1.0, longest).ln() / longest.ln();
    let y = |share: f64| bottom - (bottom - top) * share;
    for (seconds, label) in [
        (1.0, "1 s"),
        (10.0, "10 s"),
        (60.0, "1 min"),
        (600.0, "10 min"),
        (3_600.0, "1 h"),
        (36_000.0, "10 h"),
    ] {
        svg.line((x(seconds), top), (x(seconds), bottom), "#ddd");
        svg.label((x(seconds) + 12.0, bottom + 18.0), label);
    }
    for percent in [0.0, 50.0, 90.0, 100.0] {
        svg.line((left, y(percent / 100.0)), (right, y(percent / 100.0)), "#ddd");
        svg.label((left - 6.0, y(percent / 100.0) + 4.0), &format!("{percent:.0} %"));
    }
    for of in &summary.policies {
        let count = real(of.outages_s.len()).max(1.0);
        let step = (of.outages_s.len() / 400).max(1);
        let mut points: Vec<_> = of
            .outages_s
            .iter()
            .enumerate()
            .step_by(step)
            .map(|(index, seconds)| (x(*seconds), y(real(index + 1) / count)))
            .collect();
        points.extend(of.outages_s.last().map(|longest| (x(*longest), y(1.0))));
        svg.path(&points, colour(of.policy));
    }
    svg.finish()
}

/// How often each policy did what, per hundred histories.
pub(super) fn actions(summary: &Summary) -> String {
    let kinds: std::collections::BTreeSet<_> =
        summary.policies.iter().flat_map(|of| of.actions.keys().copied()).collect();
    let policies = real(summary.policies.len());
    let mut svg = Svg::new(WIDTH, 50.0 + real(kinds.len()) * (policies * ROW + 10.0));
    legend(&mut svg, summary);
    let hundreds = real(usize::try_from(summary.histories).unwrap_or(1)).max(1.0) / 100.0;
    let each = |count: u64| real(usize::try_from(count).unwrap_or(usize::MAX)) / hundreds;
    let all = summary.policies.iter().flat_map(|of| of.actions.values().copied());
    let scale = (WIDTH - LEFT - 90.0) / all.map(each).fold(0.1, f64::max);
    let mut y = 40.0;
    for kind in kinds {
        svg.label((LEFT - 8.0, y + policies * ROW / 2.0 + 4.0), kind);
        for of in &summary.policies {
            let count = each(of.actions.get(kind).copied().unwrap_or(0));
            let size = ((count * scale).max(1.0), ROW - 2.0);
            svg.rect((LEFT, y), size, colour(of.policy), of.policy.title());
            svg.text((LEFT + size.0 + 4.0, y + 10.0), &format!("{count:.1}"));
            y += ROW;
        }
        y += 10.0;
    }
    svg.finish()
}
