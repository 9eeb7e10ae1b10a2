//! `eden pause`, `eden observe`, `eden resume`: the service's healing tag.

use anyhow::{Result, bail};
use eden_core::act::{tag, untag};
use eden_core::observe;
use eden_core::tags::HEALING;
use eden_policy::facts::ServiceStatus;
use eden_policy::mode::ModeTag;
use eden_policy::{Mode, Observed, mode};
use serde::Serialize;

use crate::context::Context;
use crate::exit::ExitStatus;
use crate::settings;

/// What becomes of the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Set(Mode),
    /// What the parameter says counts again.
    Remove,
    None,
}

/// What was changed.
#[derive(Debug, Clone, Serialize)]
struct Switched {
    service: String,
    tag: String,
    was: Mode,
    mode: Mode,
    changed: bool,
}

/// Sets the mode of both functions by the service's tag, which wins over the parameter HealingMode.
///
/// # Errors
/// When the settings or the service could not be read, or the tag not be written.
pub async fn run(context: &Context, mode: Mode) -> Result<ExitStatus> {
    let target = settings::health_monitor(context).await?.target;
    let aws = &context.edge.aws;
    let service = observe::service(aws, &target).await?;
    if service.status == ServiceStatus::Missing {
        bail!(
            "ECS knows no service {} in cluster {}: the stack's parameters ECSService and \
             ECSCluster name another, or it was deleted",
            target.service,
            target.cluster
        );
    }
    let change = change(&service.mode, target.mode, mode);
    let key = target.tag(HEALING);
    match change {
        Change::Set(mode) => {
            tag(aws, &service.arn, key.clone(), mode.to_string()).await?;
        }
        Change::Remove => {
            untag(aws, &service.arn, key.clone()).await?;
        }
        Change::None => {}
    }
    let changed = Switched {
        tag: key,
        was: mode::effective(target.mode, &Observed::Known(service)).0,
        mode,
        changed: change != Change::None,
        service: target.service,
    };
    context.output.show(&changed, text_of)?;
    Ok(ExitStatus::Good)
}

/// What to do to the tag so that this mode holds. A tag that says nothing else than the parameter would
/// only hide later changes of that.
fn change(tag: &ModeTag, parameter: Mode, wanted: Mode) -> Change {
    match tag {
        ModeTag::Set(mode) if *mode == wanted && wanted != parameter => Change::None,
        ModeTag::Absent if wanted == parameter => Change::None,
        ModeTag::Set(_) | ModeTag::Unrecognized(_) if wanted == parameter => Change::Remove,
        ModeTag::Absent | ModeTag::Set(_) | ModeTag::Unrecognized(_) => Change::Set(wanted),
    }
}

fn text_of(changed: &Switched, _: usize) -> String {
    let Switched { service, tag, was, mode, changed } = changed;
    let means = match mode {
        Mode::On => "both functions look, decide, act and tell",
        Mode::Observe => "both functions tell what they would do, and change nothing",
        Mode::Off => "nothing is changed, neither the service nor the route",
    };
    if *changed {
        format!("healing of {service} was {was} and is {mode} now ({tag}): {means}\n")
    } else {
        format!("healing of {service} is {mode} already: {means}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_there_only_while_it_says_something_else_than_the_parameter() {
        use Mode::{Observe, Off, On};
        for (tag, parameter, wanted, expected) in [
            (ModeTag::Absent, On, Off, Change::Set(Off)),
            (ModeTag::Absent, On, On, Change::None),
            (ModeTag::Set(Off), On, On, Change::Remove),
            (ModeTag::Set(Off), On, Observe, Change::Set(Observe)),
            (ModeTag::Set(Off), On, Off, Change::None),
            (ModeTag::Set(On), On, On, Change::Remove),
            (ModeTag::Unrecognized("of".to_owned()), On, On, Change::Remove),
            (ModeTag::Unrecognized("of".to_owned()), On, Off, Change::Set(Off)),
            // The parameter keeps it from being on without a tag.
            (ModeTag::Set(Off), Observe, On, Change::Set(On)),
            (ModeTag::Absent, Off, On, Change::Set(On)),
        ] {
            let found = change(&tag, parameter, wanted);
            assert_eq!(found, expected, "{tag:?}, {parameter}, {wanted}");
        }
    }
}
