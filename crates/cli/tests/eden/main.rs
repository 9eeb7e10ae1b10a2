//! `eden`, the real program, against the lab over HTTP.

mod changes;
mod errors;
mod following;
mod looking;
mod offline;
mod scene;
mod uninstalling;
mod verify;
