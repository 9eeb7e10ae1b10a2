//! Playing a scene: break something, wait for the repair, tell what happened in between.

use std::time::Duration;

use anyhow::{Context as _, Result};
use eden_lab::example::{ALARM, AUDIT_LOG};
use eden_lab::stage::Stage;
use eden_lab::traffic::{Recovery, Traffic};
use eden_lab::world::{AlarmState, Message};
use serde_json::{Value, json};

use super::scenes::{SCENES, Scene, Since, Trouble, is_steady};
use super::{outage, releases, show};

/// A scene that has not recovered by then never will.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Requests in a row that must succeed before traffic counts as flowing.
const FLOWING: usize = 10;

/// How a scene went.
pub struct Played {
    /// The scene's name.
    pub name: &'static str,
    /// Whether everything was repaired and traffic flowed again.
    pub recovered: bool,
    /// Whether the scene was one in which no request may fail.
    pub lossless: bool,
    /// What became of the requests since the trouble.
    pub traffic: Recovery,
    /// What the functions did, as the audit log has it.
    pub actions: Vec<Value>,
    /// The mails that were sent meanwhile.
    pub mails: Vec<Message>,
    /// What the function answered, if it was invoked by hand.
    pub response: Option<Value>,
}

impl Played {
    /// Whether the scene ended as it should.
    pub fn ended_well(&self) -> bool {
        self.recovered && !(self.lossless && self.traffic.failed_requests > 0)
    }
}

/// Plays every scene, each once the one before it is over in every respect.
pub async fn all(stage: &mut Stage, traffic: &Traffic) -> Result<Vec<Played>> {
    let mut played = Vec::new();
    for (number, scene) in SCENES.iter().enumerate() {
        if number > 0 {
            calm(stage).await;
        }
        show::beginning(number + 1, scene);
        let outcome = play(stage, traffic, scene).await?;
        show::ending(&outcome);
        played.push(outcome);
    }
    Ok(played)
}

/// Waits until the service is steady and the alarm quiet, so that scenes do not run into each
/// other. If that takes too long, the next scene shows why.
async fn calm(stage: &Stage) {
    let quiet = |stage: &Stage| {
        let world = stage.lab().world();
        let alarm = world.alarm(ALARM).map(|alarm| alarm.status.state);
        is_steady(&world) && alarm != Some(AlarmState::Alarm)
    };
    stage.until(PATIENCE, quiet).await;
}

async fn play(stage: &mut Stage, traffic: &Traffic, scene: &Scene) -> Result<Played> {
    let (actions_before, mails_before) = {
        let world = stage.lab().world();
        (world.log_group(AUDIT_LOG).len(), world.published().len())
    };
    let waiting = show::waiting();
    let mark = traffic.elapsed();
    let response = make(&scene.trouble, stage, traffic).await?;
    let repaired = |stage: &Stage| {
        let world = stage.lab().world();
        let since = Since {
            actions: &world.log_group(AUDIT_LOG)[actions_before..],
            mails: &world.published()[mails_before..],
        };
        (scene.repaired)(&world, &since)
    };
    let repaired = stage.until(PATIENCE, repaired).await;
    let repair = traffic.elapsed();
    let flows = |_: &Stage| traffic.since(repair).successes_in_a_row >= FLOWING;
    let recovered = repaired && stage.until(PATIENCE, flows).await;
    waiting.finish_and_clear();
    let world = stage.lab().world();
    Ok(Played {
        name: scene.name,
        recovered,
        lossless: scene.lossless,
        traffic: traffic.since(mark),
        actions: world.log_group(AUDIT_LOG)[actions_before..].to_vec(),
        mails: world.published()[mails_before..].to_vec(),
        response,
    })
}

/// Makes the trouble; what a function answered, if that is the trouble.
async fn make(trouble: &Trouble, stage: &mut Stage, traffic: &Traffic) -> Result<Option<Value>> {
    match trouble {
        Trouble::Break(breakage) => {
            breakage(&mut stage.lab().world()).context("the trouble could not be made")?;
            Ok(None)
        }
        Trouble::Outage => {
            outage::play(stage, traffic).await?;
            Ok(None)
        }
        Trouble::CrashLoop => {
            releases::call_people(stage).await?;
            Ok(None)
        }
        Trouble::BadRelease => {
            releases::roll_back(stage)?;
            Ok(None)
        }
        Trouble::Invoke(function) => {
            let payload = json!({ "source": "manual-test" });
            Ok(Some(stage.lambda.invoke(function, payload).await?))
        }
    }
}
