//! Tests of the simulated AWS: what it does over time, and what it answers on the wire.

mod alarm;
mod api_gateway;
mod connections;
mod deployments;
mod ec2_launch_type;
mod event_bus;
mod faults;
mod held_calls;
mod ipv6;
mod lab;
mod life_cycle;
mod misbehaviour;
mod permissions;
mod rest_api;
mod sdk_ecs;
mod sdk_others;
mod secrets;
mod service_history;
mod shapes;
mod stages;
mod stale_answers;
mod support;
mod tags;
mod task_protection;
mod web;
