//! What each fault does when it begins and when it ends.

use std::time::Duration;

use eden_lab::World;
use eden_lab::lambda::InvocationFaults;
use eden_lab::world::{
    AddressReuse, AppState, Behaviour, DeliveryFaults, Fault as ApiFault, HealthStatus, Lag,
    Weather,
};

use super::{Cue, Script};
use crate::fault::Fault;
use crate::hand::{in_turn, on_all, on_task, point_route, running, unstartable};

impl Script {
    #[expect(clippy::too_many_lines, reason = "what each fault does")]
    pub(super) fn begin(&mut self, world: &mut World, index: usize, fault: Fault, now: Duration) {
        match fault {
            Fault::Crash(nth) => on_task(world, nth, |world, arn| world.crash_task(arn, 1)),
            Fault::CrashAll => on_all(world, |world, arn| world.crash_task(arn, 137)),
            Fault::Hang(nth) => self.sicken(world, &[nth], AppState::Hung, now),
            Fault::Fail(nth) => self.sicken(world, &[nth], AppState::Failing(500), now),
            Fault::Stall(nth) => {
                let running = in_turn(world);
                if !running.is_empty() {
                    let arn = running[nth % running.len()].arn.clone();
                    self.cue(now + self.history.events[index].lasts, Cue::Recover(arn));
                }
                self.sicken(world, &[nth], AppState::Hung, now);
            }
            Fault::HangMost => {
                let running = running(world).len();
                let most: Vec<_> = (0..running.saturating_sub(1).max(1)).collect();
                self.sicken(world, &most, AppState::Hung, now);
            }
            Fault::HangAll => {
                let all: Vec<_> = (0..running(world).len()).collect();
                self.sicken(world, &all, AppState::Hung, now);
            }
            Fault::FailAll => {
                let all: Vec<_> = (0..running(world).len()).collect();
                self.sicken(world, &all, AppState::Failing(500), now);
            }
            Fault::Unhealthy(nth) => on_task(world, nth, |world, arn| {
                world.set_container_health(arn, HealthStatus::Unhealthy)
            }),
            Fault::DependencyDown => {
                self.dependencies.insert(index);
                self.set_dependency(world);
            }
            Fault::CrashLoop(after) => {
                self.overlay.insert(index, Behaviour::Crashes { after, exit_code: 1 });
                on_all(world, |world, arn| world.crash_task(arn, 1));
            }
            Fault::CannotStart => {
                self.overlay.insert(index, unstartable());
                on_task(world, 0, |world, arn| world.crash_task(arn, 1));
            }
            Fault::Deploy => self.deploy(world, Behaviour::Runs(AppState::Serving)),
            Fault::DeployFailing => self.deploy(world, Behaviour::Runs(AppState::Failing(500))),
            Fault::DeployCrashing(after) => {
                self.deploy(world, Behaviour::Crashes { after, exit_code: 1 });
            }
            Fault::DeployUnstartable => self.deploy(world, unstartable()),
            Fault::DeployUnhealthy => self.deploy(world, Behaviour::NeverHealthy),
            Fault::DeployLeaking(after) => {
                self.deploy(world, Behaviour::Leaks { after, into: AppState::Hung });
            }
            Fault::Interrupt(nth) => on_task(world, nth, World::interrupt_task),
            Fault::NoCapacity => {
                self.closed.insert(index, world.zones());
                self.set_zones(world);
                on_task(world, 0, |world, arn| world.crash_task(arn, 1));
            }
            Fault::LoseZone(nth) => {
                let zones = world.zones();
                let zone = zones[nth % zones.len()].clone();
                let _ = world.lose_zone(&zone);
                self.closed.insert(index, vec![zone]);
            }
            Fault::ReuseAddresses => world.set_address_reuse(AddressReuse {
                chance: 0.5,
                after: Duration::from_secs(20),
                stays: Duration::from_mins(20),
                status: 404,
            }),
            Fault::Scale(to) => {
                self.desired = to;
                self.want(world, to);
            }
            Fault::ScaleToZero => self.want(world, 0),
            Fault::EditRoute => point_route(world, "127.0.0.1:1"),
            Fault::StopTask(nth) => {
                on_task(world, nth, |world, arn| world.stop_task(arn, "stopped by hand"));
            }
            Fault::Pause(_) => {
                self.pauses.insert(index);
                self.set_pause(world);
            }
            Fault::Protect => {
                let until = world.now() + self.history.events[index].lasts;
                on_all(world, |world, arn| world.protect_task(arn, until));
            }
            Fault::Api(operation, kind) => {
                let faults = vec![ApiFault { operation, kind, times: None }];
                self.api_faults.insert(index, faults);
                self.set_api_faults(world);
            }
            Fault::Bus(faults) => world.set_delivery_faults(faults),
            Fault::Weather(chance) => world.set_weather(Weather::of(chance)),
            Fault::Lag(most) => world.set_lag(Lag::of(0.5, most)),
            Fault::Invocations(chance) => self.invocations = InvocationFaults::of(chance),
            Fault::Reported(reported) => self.begin_reported(world, index, reported, now),
        }
    }

    pub(super) fn end(&mut self, world: &mut World, index: usize, fault: Fault) {
        match fault {
            Fault::DependencyDown => {
                self.dependencies.remove(&index);
                self.set_dependency(world);
            }
            Fault::NoCapacity | Fault::LoseZone(_) => {
                self.closed.remove(&index);
                self.set_zones(world);
            }
            Fault::ReuseAddresses => world.set_address_reuse(AddressReuse::NONE),
            Fault::Weather(_) => world.set_weather(Weather::CLEAR),
            Fault::Lag(_) => world.set_lag(Lag::NONE),
            Fault::Invocations(_) => self.invocations = InvocationFaults::NONE,
            Fault::CrashLoop(_) | Fault::CannotStart => {
                self.overlay.remove(&index);
            }
            Fault::DeployFailing
            | Fault::DeployCrashing(_)
            | Fault::DeployUnstartable
            | Fault::DeployLeaking(_)
            | Fault::DeployUnhealthy => self.deploy_if_bad(world),
            Fault::ScaleToZero => self.want(world, self.desired),
            Fault::Pause(_) => {
                self.pauses.remove(&index);
                self.set_pause(world);
            }
            Fault::Api(..) => {
                self.api_faults.remove(&index);
                self.set_api_faults(world);
            }
            Fault::Bus(_) => world.set_delivery_faults(DeliveryFaults::NONE),
            Fault::Reported(reported) => self.end_reported(world, index, reported),
            _ => {}
        }
    }
}
