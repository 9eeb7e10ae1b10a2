//! What is observed of the simulated service.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use eden_policy::Facts;
use eden_policy::facts::{
    Alarm, Former, LastStatus, Observed, Ports, Readiness, Route, Service, Stage, Task,
    TaskNetwork, Unready,
};

use super::world::{Unread, World};
use crate::fixtures::*;

fn address(arn: &str) -> SocketAddr {
    let n: u32 = arn.rsplit("task").next().unwrap().parse().unwrap();
    SocketAddr::from((Ipv4Addr::from_bits(0xCB00_7100 + n), PORT))
}

impl World {
    /// What is observed.
    pub fn facts(&self) -> Facts {
        let count = |count: usize| u32::try_from(count).unwrap();
        let observed = Service {
            running: count(self.running()),
            pending: count(self.starting()),
            deployments: self.deployments.clone(),
            redeployed_at: self.redeployed_at.clone(),
            overwritten_at: Vec::new(),
            seen: self.seen.clone(),
            unserved_since: self.unserved_since,
            failing: self.failing.clone(),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            ..service(count(self.desired))
        };
        let mut facts = Facts {
            service: Observed::Known(observed),
            tasks: Observed::Known(self.tasks.clone()),
            route: Some(self.route()),
            alarm: Observed::Known(if self.fails { Alarm::Alarm } else { Alarm::Ok }),
            api: Observed::Known(if self.fails { bad() } else { GOOD }),
            answers: [].into(),
            requests: Observed::Known(None),
            protected: Observed::Known(self.protected.clone()),
            definition: Observed::Known(None),
            former: Observed::Known(self.former()),
        };
        match self.unread {
            Unread::Nothing => {}
            Unread::Alarm => facts.alarm = unknown(),
            Unread::Protection => facts.protected = unknown(),
            Unread::Former => facts.former = unknown(),
            Unread::Service => facts.service = unknown(),
        }
        facts
    }

    fn route(&self) -> Route {
        let alive = || self.tasks.iter().filter(|task| task.network != TaskNetwork::Unattached);
        let answer = |task: &Task| {
            let answers =
                task.last_status == LastStatus::Running && !self.silent.contains(&task.arn);
            if answers {
                Readiness::Ready
            } else {
                Readiness::NotReady(Unready::Refuses, SILENCE.to_owned())
            }
        };
        let stage = self.moved_at.map(|moved_at| Stage {
            name: "$default".to_owned(),
            auto_deploy: true,
            named: false,
            serves: serving(None, moved_at),
            obstacle: None,
        });
        Route {
            api: "a1b2c3d4e5".to_owned(),
            port: PORT,
            ports: Ports::All,
            endpoints: Observed::Known(
                alive().map(|task| (task.arn.clone(), address(&task.arn))).collect(),
            ),
            readiness: alive().map(|task| (address(&task.arn), answer(task))).collect(),
            pointers: vec![(integration("int1"), leading_to(&self.uri))],
            owners: Observed::Known(Some(BTreeMap::new())),
            stages: Observed::Known(stage.into_iter().collect()),
        }
    }

    /// The last other task definition with which a deployment completed, and since when the present
    /// one has been in its place, unless that one had been there before.
    fn former(&self) -> Option<Former> {
        let present = &self.primary().definition;
        let mut newest_first = self.past.iter().rev().peekable();
        let mut replaced_at = None;
        while let Some(past) = newest_first.next_if(|past| past.definition == *present) {
            replaced_at = Some(past.created_at);
        }
        let preceded_at = newest_first.peek().map(|past| past.created_at);
        let earlier: Vec<_> =
            newest_first.filter(|past| past.completed).map(|past| &past.definition).collect();
        let former = earlier.first().filter(|_| !earlier.contains(&present))?;
        let (definition, replaced_at) = ((*former).clone(), replaced_at?);
        Some(Former { definition, active: true, stops: None, replaced_at, preceded_at })
    }
}
