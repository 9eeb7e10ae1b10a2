//! Permissions: what a function's policies grant, piece by piece, and all that it ever calls.

mod calls;
mod comments;
mod grants;
mod variants;

pub use calls::{account_calls, calls_of};
pub use comments::{WrittenStatement, written_statements};
pub use grants::{Grant, grants, role, statements};
pub use variants::{SECRET, Variant};
