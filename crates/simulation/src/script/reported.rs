//! What users of such tools report, when it begins and when it ends.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, SERVICE};
use eden_lab::world::{Fault as ApiFault, FaultKind, Gatekeeper, OperatorError, PublicAddress};
use jiff::Timestamp;

use super::{Cue, Script};
use crate::fault::Fault;
use crate::hand::in_turn;
use crate::reported::Reported;
use crate::setting::SLOW;

/// How often clients ask for what fails before the tasks.
const ASKED: Duration = Duration::from_secs(20);
/// How often a scaler looks.
const SCALED: Duration = Duration::from_mins(7);
/// The stage of the API.
const STAGE: &str = "$default";
/// The tag by which invocations exclude one another.
const CLAIM: &str = "eden:claim";

impl Script {
    pub(super) fn begin_reported(
        &mut self,
        world: &mut World,
        index: usize,
        reported: Reported,
        now: Duration,
    ) {
        match reported {
            Reported::SlowPath | Reported::OtherIntegration | Reported::Scaler => {
                self.cue(now, Cue::Ask(index));
            }
            Reported::Refused(status) => {
                self.gatekeepers.insert(index, Gatekeeper::Refuses(status));
                self.set_gatekeeper(world);
            }
            Reported::Guarded(status) => {
                self.gatekeepers.insert(index, Gatekeeper::Demands(status));
                self.set_gatekeeper(world);
            }
            Reported::TagsDenied => {
                let denied =
                    |operation| ApiFault { operation, kind: FaultKind::AccessDenied, times: None };
                let denied = ["TagResource", "UntagResource"].map(denied);
                self.api_faults.insert(index, denied.to_vec());
                self.set_api_faults(world);
            }
            Reported::Claimed { ahead, by } => {
                let since = if ahead { world.now() + by } else { world.now() - by };
                set_claim(world, Some(since));
            }
            Reported::MeantZero => {
                self.desired = 0;
                self.want(world, 0);
            }
            Reported::StageFails => {
                let because = "Unable to deploy API because no valid routes exist in this API";
                let _ = world.fail_deployments(API, STAGE, Some(because));
            }
            Reported::DeadHost(nth) => self.on_host(world, index, nth, World::kill_instance),
            Reported::StoppedHost(nth) => self.on_host(world, index, nth, World::stop_instance),
            Reported::LostAgent(nth) => self.on_host(world, index, nth, World::disconnect_agent),
        }
    }

    /// Does this to the EC2 instance of a task, if it runs on one.
    fn on_host(
        &mut self,
        world: &mut World,
        index: usize,
        nth: usize,
        act: impl Fn(&mut World, &str) -> Result<(), OperatorError>,
    ) {
        let hosts = in_turn(world).into_iter().filter_map(|task| task.container_instance_arn);
        let hosts: Vec<_> = hosts.collect();
        if !hosts.is_empty() {
            let host = &hosts[nth % hosts.len()];
            let _ = act(world, host);
            self.hosts.insert(index, host.clone());
        }
    }

    /// Another EC2 instance takes the place of one.
    fn replace_host(&mut self, world: &mut World, index: usize) {
        if let Some(host) = self.hosts.remove(&index) {
            let _ = world.deregister_container_instance(&host);
            let _ = world.add_container_instance(CLUSTER, PublicAddress::Ipv4);
        }
    }

    /// All that was reported is over.
    pub(super) fn end_all_reported(&mut self, world: &mut World) {
        for (index, fault) in std::mem::take(&mut self.lasting) {
            if let Fault::Reported(reported) = fault {
                self.end_reported(world, index, reported);
            }
        }
    }

    pub(super) fn end_reported(&mut self, world: &mut World, index: usize, reported: Reported) {
        match reported {
            Reported::SlowPath | Reported::OtherIntegration => {}
            Reported::Scaler => self.want(world, self.desired),
            Reported::Refused(_) | Reported::Guarded(_) => {
                self.gatekeepers.remove(&index);
                self.set_gatekeeper(world);
            }
            Reported::TagsDenied => {
                self.api_faults.remove(&index);
                self.set_api_faults(world);
            }
            Reported::Claimed { .. } => set_claim(world, None),
            Reported::MeantZero => self.resume(world),
            Reported::StageFails => {
                let _ = world.fail_deployments(API, STAGE, None);
                let _ = world.deploy_stage(API, STAGE, None);
            }
            Reported::DeadHost(_) | Reported::StoppedHost(_) => self.replace_host(world, index),
            Reported::LostAgent(_) => {
                if let Some(host) = self.hosts.remove(&index) {
                    let _ = world.reconnect_agent(&host);
                }
            }
        }
    }

    /// Whoever does something again and again does it: a client asks for what a fault makes fail before
    /// the tasks, or a scaler takes all tasks away.
    pub(super) fn ask(&mut self, world: &mut World, index: usize, now: Duration) {
        let Some(Fault::Reported(reported)) = self.lasting.get(&index) else { return };
        let again = match reported {
            Reported::OtherIntegration => {
                world.record_response(API, 500);
                ASKED
            }
            Reported::Scaler => {
                self.want(world, 0);
                SCALED
            }
            _ => {
                world.request(API, SLOW);
                ASKED
            }
        };
        self.cue(now + again, Cue::Ask(index));
    }

    pub(super) fn set_gatekeeper(&self, world: &mut World) {
        let last = self.gatekeepers.values().next_back().copied();
        let _ = world.set_gatekeeper(API, last);
    }

    /// People want their service back, if they have wanted none.
    pub(super) fn resume(&mut self, world: &mut World) {
        if self.desired == 0 {
            self.desired = self.history.setting.desired;
            self.want(world, self.desired);
        }
    }
}

fn set_claim(world: &mut World, since: Option<Timestamp>) {
    let value = since.map(|since| format!("somebody-else {since:.0}"));
    let _ = world.set_service_tag(CLUSTER, SERVICE, CLAIM, value.as_deref());
}
