//! EventBridge: rules on the default bus, schedules, deliveries and what can go wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use super::events;
use super::ids;
use super::logs::LogEvent;
use super::queue::Due;
use crate::spec::{RuleSpec, RuleTrigger, Target};

/// An event on its way to a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The rule that sends it.
    pub rule: String,
    /// The function that gets it.
    pub function: String,
    /// The event.
    pub payload: Value,
}

/// How badly events are delivered. EventBridge promises at least once, in no order (F8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeliveryFaults {
    /// How often each event is delivered.
    pub copies: u32,
    /// The chance, from 0 to 1, that it is delivered once more than that.
    pub repeat: f64,
    /// Each delivery comes up to so much later, which also changes their order.
    pub delay: Duration,
    /// The chance, from 0 to 1, that a delivery is lost.
    pub loss: f64,
}

impl DeliveryFaults {
    /// Each event once, in order.
    pub const NONE: Self = Self { copies: 1, repeat: 0.0, delay: Duration::ZERO, loss: 0.0 };
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// What it was asked to be.
    pub spec: RuleSpec,
    /// Whether it fires.
    pub enabled: bool,
}

impl Rule {
    /// The rate of a schedule.
    fn every(&self) -> Option<Duration> {
        match self.spec.trigger {
            RuleTrigger::Pattern(_) => None,
            RuleTrigger::Every(every) => Some(every),
        }
    }
}

/// The default event bus.
#[derive(Debug)]
pub(super) struct Bus {
    rules: BTreeMap<String, Rule>,
    faults: DeliveryFaults,
    delivered: Vec<Delivery>,
    log_groups: BTreeMap<String, Vec<Value>>,
    events: Vec<Value>,
}

impl Bus {
    pub(super) fn new() -> Self {
        Self {
            rules: BTreeMap::new(),
            faults: DeliveryFaults::NONE,
            delivered: Vec::new(),
            log_groups: BTreeMap::new(),
            events: Vec::new(),
        }
    }
}

impl World {
    /// Adds a rule, enabled; one of the same name is replaced.
    pub fn add_rule(&mut self, spec: RuleSpec) {
        let name = spec.name.clone();
        let rule = Rule { spec, enabled: true };
        let every = rule.every();
        let replaced = self.bus.rules.insert(name.clone(), rule);
        // A schedule that runs already goes on, at the new rate.
        if let (Some(every), None) = (every, replaced.and_then(|rule| rule.every())) {
            self.plan(self.timing.declared(every), Due::FireSchedule(name));
        }
    }

    /// Enables or disables a rule; `false` when there is none of that name.
    pub fn set_rule_enabled(&mut self, name: &str, enabled: bool) -> bool {
        match self.bus.rules.get_mut(name) {
            Some(rule) => {
                rule.enabled = enabled;
                true
            }
            None => false,
        }
    }

    /// A rule, by name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.bus.rules.get(name)
    }

    /// Takes a rule's targets away; `false` when there is none of that name.
    pub fn remove_targets(&mut self, name: &str) -> bool {
        match self.bus.rules.get_mut(name) {
            Some(rule) => {
                rule.spec.targets.clear();
                true
            }
            None => false,
        }
    }

    /// Deletes a rule; `false` when there is none of that name.
    pub fn remove_rule(&mut self, name: &str) -> bool {
        self.bus.rules.remove(name).is_some()
    }

    /// From now on, events are delivered so badly, until this is set again. Those that are under way
    /// come as they would have.
    pub fn set_delivery_faults(&mut self, faults: DeliveryFaults) {
        self.bus.faults = faults;
    }

    /// What EventBridge has handed to functions since the last call, in order.
    pub fn take_deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.bus.delivered)
    }

    /// The lines of a log group, oldest first.
    pub fn log_group(&self, name: &str) -> &[Value] {
        self.bus.log_groups.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every event that was put on the bus, oldest first; scheduled ones are not on the bus.
    pub fn events(&self) -> &[Value] {
        &self.bus.events
    }

    /// Puts an event on the bus and returns its id.
    pub(crate) fn emit(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &Value,
    ) -> String {
        let event = self.envelope(source, detail_type, resources, detail);
        let id = event["id"].as_str().unwrap_or_default().to_owned();
        let matching: Vec<RuleSpec> = self
            .bus
            .rules
            .values()
            .filter(|rule| rule.enabled)
            .filter(|rule| match &rule.spec.trigger {
                RuleTrigger::Pattern(pattern) => pattern.matches(&event),
                RuleTrigger::Every(_) => false,
            })
            .map(|rule| rule.spec.clone())
            .collect();
        self.bus.events.push(event.clone());
        for rule in matching {
            self.send(&rule, &event);
        }
        id
    }

    /// A scheduled rule fires, and is planned again.
    pub(super) fn fire_schedule(&mut self, name: &str) {
        let Some(rule) = self.bus.rules.get(name) else { return };
        let Some(every) = rule.every() else { return };
        let (spec, enabled) = (rule.spec.clone(), rule.enabled);
        self.plan(self.timing.declared(every), Due::FireSchedule(name.to_owned()));
        if enabled {
            let arn = self.arns.rule(name);
            let event = self.envelope("aws.events", "Scheduled Event", &[arn], &json!({}));
            self.send(&spec, &event);
        }
    }

    fn envelope(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &Value,
    ) -> Value {
        json!({
            "version": "0",
            "id": ids::uuid(&mut self.rng),
            "detail-type": detail_type,
            "source": source,
            "account": self.arns.account,
            "time": events::whole_seconds(self.now),
            "region": self.arns.region,
            "resources": resources,
            "detail": detail,
        })
    }

    fn send(&mut self, rule: &RuleSpec, event: &Value) {
        for target in &rule.targets {
            match target {
                Target::LogGroup(name) => {
                    let (at, message) = (self.now, event.to_string());
                    self.logs.write(name, LogEvent { stream: rule.name.clone(), at, message });
                    self.bus.log_groups.entry(name.clone()).or_default().push(event.clone());
                }
                // Without a permission AWS drops the event.
                Target::Function(function) if !self.may_invoke(&rule.name, function) => {}
                Target::Function(function) => self.send_to_function(&rule.name, function, event),
            }
        }
    }

    fn send_to_function(&mut self, rule: &str, function: &str, event: &Value) {
        let DeliveryFaults { copies, repeat, delay, loss } = self.bus.faults;
        let repeated = repeat > 0.0 && self.rng.f64() < repeat;
        for _ in 0..copies + u32::from(repeated) {
            let (lost, late) = (self.rng.f64() < loss, delay.mul_f64(self.rng.f64()));
            if !lost {
                let delivery = Delivery {
                    rule: rule.to_owned(),
                    function: function.to_owned(),
                    payload: event.clone(),
                };
                self.plan(self.timing.event_delivery + late, Due::Deliver(delivery));
            }
        }
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        self.bus.delivered.push(delivery);
    }
}
