//! Calls that are held up, so that a test decides what happens between two of them.

use std::time::Duration;

use super::World;

/// A call to hold up. Only the in-process face holds calls.
///
/// The SDK gives up on a call that is not answered, as it does with a network's: after its
/// time-outs, or after some five seconds without any (its protection against stalled streams), and
/// tries again. Time does not pass while tests only look at the world and change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Whose call.
    pub access_key: String,
    /// The how-manieth call of that access key since the hold was set, from 1. The SDK's retries
    /// count as calls.
    pub nth: usize,
    /// At which of its two ends.
    pub when: HoldWhen,
    /// For how long.
    pub until: HoldEnd,
}

/// The end of a call at which it is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldWhen {
    /// It has been sent, and not performed.
    Before,
    /// It has been performed, and not answered: what it read is out of date by then.
    After,
}

/// What ends a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    /// [`World::release`].
    Released,
    /// The same, or so much time.
    Elapsed(Duration),
}

/// A hold by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldId(u64);

/// A hold that a call has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetHold {
    pub(crate) id: HoldId,
    pub(crate) when: HoldWhen,
    pub(crate) until: HoldEnd,
}

/// The holds that are not over.
#[derive(Debug, Default)]
pub(super) struct Holds {
    set: Vec<Pending>,
    made: u64,
}

#[derive(Debug)]
struct Pending {
    id: HoldId,
    hold: Hold,
    calls: usize,
    holding: bool,
}

impl World {
    /// Holds up a call that is yet to come. One that never comes harms nobody.
    pub fn hold(&mut self, hold: Hold) {
        let id = HoldId(self.holds.made);
        self.holds.made += 1;
        self.holds.set.push(Pending { id, hold, calls: 0, holding: false });
    }

    /// Lets the calls of an access key go on that are held up now.
    pub fn release(&mut self, access_key: &str) {
        self.holds.set.retain(|it| !(it.holding && it.hold.access_key == access_key));
    }

    /// Whether a call of an access key is held up now.
    pub fn held(&self, access_key: &str) -> bool {
        self.holds.set.iter().any(|it| it.holding && it.hold.access_key == access_key)
    }

    /// Counts a call and returns the holds that it meets.
    pub(crate) fn meet_holds(&mut self, access_key: &str) -> Vec<MetHold> {
        let mut met = Vec::new();
        for it in self.holds.set.iter_mut().filter(|it| it.hold.access_key == access_key) {
            it.calls += 1;
            if it.calls == it.hold.nth {
                met.push(MetHold { id: it.id, when: it.hold.when, until: it.hold.until });
            }
        }
        met
    }

    /// The call has come to the end at which it is held up.
    pub(crate) fn begin_hold(&mut self, id: HoldId) {
        for it in self.holds.set.iter_mut().filter(|it| it.id == id) {
            it.holding = true;
        }
    }

    /// The call goes on, or its caller has given up on it.
    pub(crate) fn end_hold(&mut self, id: HoldId) {
        self.holds.set.retain(|it| it.id != id);
    }

    /// Whether the hold is not over.
    pub(crate) fn is_holding(&self, id: HoldId) -> bool {
        self.holds.set.iter().any(|it| it.id == id)
    }
}
