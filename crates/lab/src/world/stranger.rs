//! Somebody else's applications at addresses that this account's tasks had before: AWS gives the
//! address of a dead task to whoever asks next, and what is sent there gets an answer.

use std::net::SocketAddr;
use std::time::Duration;

use super::World;
use super::operator::OperatorError;
use super::queue::Due;
use super::task::TaskId;

/// How the addresses of stopped tasks are given to others. AWS says only that such an address
/// returns to its pool (EC2 User Guide, public IPv4 addresses); the times are assumed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddressReuse {
    /// The chance, from 0 to 1, that somebody else gets it.
    pub chance: f64,
    /// So long after the task has stopped.
    pub after: Duration,
    /// For so long.
    pub stays: Duration,
    /// What the other's application answers to requests that are not meant for it.
    pub status: u16,
}

impl AddressReuse {
    /// Nobody else gets one.
    pub const NONE: Self =
        Self { chance: 0.0, after: Duration::ZERO, stays: Duration::ZERO, status: 404 };
}

impl World {
    /// From now on, the addresses of stopped tasks are given to others so.
    pub fn set_address_reuse(&mut self, reuse: AddressReuse) {
        self.reuse = reuse;
    }

    /// Somebody else's application gets a free address of the network, and answers every request at
    /// this port of it with this status.
    ///
    /// # Errors
    /// When the address is not free.
    pub fn give_address_away(
        &mut self,
        address: SocketAddr,
        status: u16,
    ) -> Result<(), OperatorError> {
        let taken = OperatorError::AddressTaken(address.ip());
        self.addresses.take_ip(address.ip()).then_some(()).ok_or(taken)?;
        self.strangers.insert(address, status);
        Ok(())
    }

    /// Ends somebody else's application; its address is free again.
    pub fn take_address_back(&mut self, address: SocketAddr) {
        if self.strangers.remove(&address).is_some() {
            self.addresses.give_back_ip(address.ip());
        }
    }

    /// What somebody else's application at this address answers, if there is one.
    pub fn stranger_at(&self, address: SocketAddr) -> Option<u16> {
        self.strangers.get(&address).copied()
    }

    /// A task has stopped: somebody else may get its address.
    pub(super) fn lose_address(&mut self, id: TaskId) {
        let AddressReuse { chance, after, .. } = self.reuse;
        let address = self.tasks.get(&id).filter(|task| task.interface.is_some());
        let Some(address) = address.map(super::Task::endpoint) else { return };
        if chance > 0.0 && self.rng.f64() < chance {
            self.plan(after, Due::Reuse(address));
        }
    }

    /// Somebody else gets an address, unless it has been given out meanwhile.
    pub(super) fn reuse_address(&mut self, address: SocketAddr) {
        let AddressReuse { stays, status, .. } = self.reuse;
        if self.give_address_away(address, status).is_ok() {
            self.plan(stays, Due::Vacate(address));
        }
    }
}
