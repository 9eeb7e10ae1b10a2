//! Decisions, table by table: given facts, when decided, then steps and holds.
#![allow(missing_docs)]

mod answered;
mod any;
mod asks;
mod budget;
mod conditions;
mod containers;
mod contested;
mod diagnosis;
mod endings;
mod fixtures;
mod golden;
mod images;
mod limits;
mod loops;
mod maintenance;
mod mode;
mod parking;
mod properties;
mod readiness;
mod redeploy;
mod rejections;
mod rollback;
mod route;
mod route_properties;
mod route_state;
mod scene;
mod sick_tasks;
mod simulation;
mod situations;
mod slow_start;
mod stage_variables;
mod stages;
mod suspects;
mod trials;
mod verdict;
