//! Hints: what is read at once need not be found first.

/// What may be worth reading at once. Nothing is decided on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// ARNs of tasks.
    pub tasks: Vec<String>,
    /// Ids of network interfaces.
    pub interfaces: Vec<String>,
    /// ARNs of container instances.
    pub container_instances: Vec<String>,
}
