//! Decisions, table by table: given facts, when decided, then steps and holds.
#![allow(missing_docs)]

mod any;
mod fixtures;
mod health;
mod maintenance;
mod mode;
mod properties;
mod readiness;
mod rejections;
mod route;
mod route_properties;
mod route_state;
mod scene;
mod stage_variables;
mod stages;
