//! `eden`, the real program, against the lab over HTTP.

mod changes;
mod errors;
mod following;
mod init;
mod init_asks;
mod looking;
mod offline;
mod scene;
mod uninstalling;
mod verify;
