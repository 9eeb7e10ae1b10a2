//! Tests that cross crates: the handlers and the real binaries against the simulated AWS.
#![allow(missing_docs)]

mod binaries;
mod calls;
mod config;
mod ec2;
mod event_order;
mod gateways;
mod healing_mode;
mod health_monitor;
mod interleavings;
mod ip_updater;
mod mails;
mod maintenance;
mod metrics;
mod permissions;
mod readiness;
mod reality;
mod refusals;
mod remediation;
mod rollouts;
mod scaling;
mod stage_variable;
mod telling;
mod template;
mod trigger;
mod unreadable;
mod webhook;
