//! A map whose copies cost next to nothing: they share the values until one of them changes.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by key. Counts its changes, so that it is known when a copy would be the same again.
#[derive(Debug, Clone)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, Arc<V>>,
    changes: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changes: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// How often something may have changed so far.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key).map(Arc::as_ref)
    }

    /// The value of a key, to be changed.
    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let value = self.rows.get_mut(key)?;
        self.changes += 1;
        Some(Arc::make_mut(value))
    }

    pub(super) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.rows.contains_key(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.changes += 1;
        self.rows.insert(key, Arc::new(value));
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.changes += 1;
        self.rows.remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, value)| (key, value.as_ref()))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values().map(Arc::as_ref)
    }

    /// Replaces the values that `change` makes others of, given those of the same keys in `other`.
    pub(super) fn merge(&mut self, other: &Self, change: impl Fn(&V, &V) -> Option<V>) {
        for (key, value) in &mut self.rows {
            let changed = other.rows.get(key).and_then(|other| change(value, other));
            if let Some(changed) = changed {
                *value = Arc::new(changed);
            }
        }
    }

    /// The keys of the values for which something is true.
    pub(super) fn keys_where(&self, what: impl Fn(&V) -> bool) -> Vec<K> {
        let found = self.rows.iter().filter(|(_, value)| what(value));
        found.map(|(key, _)| key.clone()).collect()
    }
}
