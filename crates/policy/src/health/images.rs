//! Images that a tag names. ECS asks what a tag means once for each deployment, and starts that again in
//! place of a task that was stopped. A forced deployment asks anew, and so releases whatever was pushed
//! meanwhile, which nobody may have meant to run (F70).

use std::collections::BTreeSet;

use super::patient::Patient;
use crate::evidence::Evidence;
use crate::facts::Image;
use crate::plan::{Plan, Step};

impl Patient<'_> {
    /// The images of the present deployment that may mean another by now.
    fn moving(&self) -> BTreeSet<&Image> {
        let present = self.tasks.iter().filter(|task| self.service.is_of_present(task));
        present.flat_map(|task| &task.images).filter(|image| image.may_move()).collect()
    }

    /// Whether a forced deployment may release something.
    pub(super) fn may_release(&self) -> bool {
        !self.moving().is_empty()
    }

    /// What people have to know of a plan that deploys the same again.
    pub(super) fn released_by(&self, plan: &Plan) -> Vec<Evidence> {
        let deploys = plan.steps.iter().any(|it| matches!(it, Step::ForceDeployment { .. }));
        let moving = if deploys { self.moving() } else { BTreeSet::new() };
        let told = |image: &Image| {
            let (image, digest) = (image.name.clone(), image.digest.clone());
            Evidence::MovingTag { image, digest }
        };
        moving.into_iter().map(told).collect()
    }
}
