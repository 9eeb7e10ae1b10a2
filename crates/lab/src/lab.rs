//! A handle on a running world: time drives it, and its events reach the functions.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use hyper::body::Bytes;
use hyper::{Request, Response};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::in_process::InProcess;
use crate::lambda::Lambda;
use crate::wire::{self, Invoke};
use crate::world::World;

/// The access key of the account's owner, who may do everything.
pub(crate) const OWNER: &str = "AKIALABLABLABLABLABL";

/// A world that runs. Clones are handles on the same world, which runs until the last is dropped.
#[derive(Debug, Clone)]
pub struct Lab {
    running: Arc<Running>,
}

/// Ends the driver with the last handle.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    driver: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What the handles, the driver and the SDK's clients share.
pub(crate) struct Shared {
    world: Mutex<World>,
    clock: Clock,
    /// Told after every use of the world, as that may have changed what is due. It wakes those who
    /// wait in the order of their waiting, as the same seed has to give the same history; a
    /// `watch` wakes them in any.
    used: Notify,
    lambda: Mutex<Option<Lambda>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The world, locked, at the present time. Do not hold it across an `await`.
#[derive(Debug)]
pub struct WorldGuard<'a> {
    world: MutexGuard<'a, World>,
    used: &'a Notify,
}

impl Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for WorldGuard<'_> {
    fn drop(&mut self) {
        self.used.notify_waiters();
    }
}

impl Lab {
    /// Starts the world on the current tokio runtime. Its time is the clock's from now on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(world: World, clock: Clock) -> Self {
        // The SDK draws the jitter of its retries from the thread's generator: on a runtime of one
        // thread it then comes from the world's seed as well.
        fastrand::seed(world.seed());
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            clock,
            used: Notify::new(),
            lambda: Mutex::new(None),
        });
        let driver = tokio::spawn(drive(Arc::clone(&shared))).abort_handle();
        Self { running: Arc::new(Running { shared, driver }) }
    }

    /// The world at the present time.
    pub fn world(&self) -> WorldGuard<'_> {
        self.shared().world()
    }

    /// The clock that drives the world.
    pub fn clock(&self) -> &Clock {
        &self.shared().clock
    }

    /// From now on, the events for functions go to this Lambda service. Those of the time before
    /// go there first.
    pub fn connect(&self, lambda: Lambda) {
        lambda.log_to(self.shared().present().logs().clone(), *self.clock());
        *self.shared().lambda.lock().unwrap_or_else(PoisonError::into_inner) = Some(lambda);
        self.shared().used.notify_waiters();
    }

    /// From now on, the events for functions wait, as before [`Lab::connect`]. A lab and the
    /// functions that look at it keep each other; this lets go of both.
    pub fn disconnect(&self) {
        *self.shared().lambda.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A configuration for SDK clients that live in this world, with the SDK's own signing,
    /// retries and time-outs, and the rights of the account's owner.
    pub fn sdk_config(&self) -> SdkConfig {
        self.sdk_config_of(OWNER)
    }

    /// The same for clients that sign with this access key, and have the role that is assigned to
    /// it ([`World::assign_role`]).
    pub fn sdk_config_of(&self, access_key: &str) -> SdkConfig {
        let region = Region::new(self.shared().present().region().to_owned());
        let credentials = Credentials::from_keys(access_key, "lab", None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(InProcess::new(Arc::clone(&self.running.shared)))
            .time_source(SharedTimeSource::new(*self.clock()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard())
            .build()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.running.shared
    }

    /// Waits until something is true of the world; `false` if it is not within that time.
    pub async fn until(&self, within: Duration, what: impl Fn(&World) -> bool) -> bool {
        let deadline = self.clock().now() + within;
        self.shared().until(Some(deadline), what).await
    }
}

impl Shared {
    /// The world, advanced to the present; the driver looks again when it is given back.
    pub(crate) fn world(&self) -> WorldGuard<'_> {
        WorldGuard { world: self.present(), used: &self.used }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Answers one request as AWS would, and runs the function that it invokes.
    pub(crate) async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let response = wire::handle(&mut self.world(), request);
        let Some(Invoke { function, payload }) = response.extensions().get::<Invoke>().cloned()
        else {
            return response;
        };
        let lambda = self.lambda.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match lambda.filter(|lambda| lambda.has(&function)) {
            Some(lambda) => wire::invoked(response, lambda.invoke(&function, payload).await),
            None => wire::not_run(&function),
        }
    }

    /// Waits until something is true of the world; `false` if it is not by the deadline.
    pub(crate) async fn until(
        &self,
        deadline: Option<Timestamp>,
        what: impl Fn(&World) -> bool,
    ) -> bool {
        loop {
            // Before the look, so that no later use of the world is missed.
            let used = self.used.notified();
            let wake = {
                let world = self.present();
                if what(&world) {
                    return true;
                }
                if deadline.is_some_and(|deadline| world.now() >= deadline) {
                    return false;
                }
                world.next_due().into_iter().chain(deadline).min()
            };
            // In this order, as below, so that the same seed gives the same history.
            tokio::select! {
                biased;
                () = used => {}
                () = self.clock.sleep_until_some(wake) => {}
            }
        }
    }

    /// The world, advanced to the present.
    fn present(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere, such as a failed test, leaves the world usable for those who clean up.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance_to(self.clock.now());
        world
    }

    fn hand_over(&self, world: &mut World) {
        let lambda = self.lambda.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lambda) = &*lambda {
            for delivery in world.take_deliveries() {
                lambda.invoke_async(&delivery.function, delivery.payload);
            }
        }
    }
}

/// Advances the world whenever something is due, and hands its events to the functions.
async fn drive(shared: Arc<Shared>) {
    loop {
        let used = shared.used.notified();
        let due = {
            let mut world = shared.present();
            shared.hand_over(&mut world);
            world.next_due()
        };
        tokio::select! {
            biased;
            () = used => {}
            () = shared.clock.sleep_until_some(due) => {}
        }
    }
}
