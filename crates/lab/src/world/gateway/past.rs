//! What API Gateway showed before the last change: what a read may still be answered with.

use std::collections::BTreeMap;

use super::Integration;
use crate::world::World;
use crate::world::stage::Stage;

/// Integrations and stages of an API as they were before they last changed.
#[derive(Debug, Clone, Default)]
pub(in crate::world) struct Past {
    integrations: BTreeMap<String, Integration>,
    stages: BTreeMap<String, Stage>,
}

impl Past {
    /// What changed into the same as before has not changed.
    pub(super) fn note_integration(&mut self, before: Integration, now: &Integration) {
        if before != *now {
            self.integrations.insert(before.id.clone(), before);
        }
    }

    pub(in crate::world) fn note_stage(&mut self, before: Stage) {
        self.stages.insert(before.name.clone(), before);
    }
}

impl World {
    /// Reads what API Gateway showed before the last change of each thing.
    pub(crate) fn in_the_past<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let present = self.apis.clone();
        for id in self.apis.keys_where(|_| true) {
            if let Some(api) = self.apis.get_mut(&id) {
                api.integrations.extend(api.past.integrations.clone());
                api.stages.extend(api.past.stages.clone());
            }
        }
        let answer = read(self);
        self.apis = present;
        answer
    }
}
