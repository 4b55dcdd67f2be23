//! A small memory of what was looked up last, bounded by weight: grants name the same principals and
//! entitlements again and again, and a file may hold more of them than fit into memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// Keeps what was used recently. Two generations: when the younger one is full, it becomes the older one, and what
/// was in the older one is forgotten. What is found in the older one moves to the younger.
pub(crate) struct Cache<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    /// Weight of the younger generation.
    weight: usize,
    /// Weight at which a generation is full.
    limit: usize,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// A cache for values of about `capacity` together.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), weight: 0, limit: (capacity / 2).max(1) }
    }

    /// The value of `key`, if it is remembered. Cloning should be cheap: values are `Rc`s or small.
    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, weight)) = self.old.remove_entry(key)?;
        self.put(key, value.clone(), weight);
        Some(value)
    }

    /// Remembers a value.
    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        if self.weight >= self.limit {
            self.old = mem::take(&mut self.young);
            self.weight = 0;
        }
        if let Some((_, replaced)) = self.young.insert(key, (value, weight)) {
            self.weight -= replaced;
        }
        self.weight += weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut cache = Cache::new(8);
        cache.put("used", 1, 1);
        cache.put("unused", 2, 1);
        for n in 0..100 {
            cache.put(Box::leak(n.to_string().into_boxed_str()), n, 1);
            assert_eq!(cache.get("used"), Some(1));
        }
        assert_eq!(cache.get("unused"), None);
        assert_eq!(cache.get("99"), Some(99));
        assert!(cache.young.len() + cache.old.len() <= 8);
    }

    #[test]
    fn heavy_values_push_out_sooner() {
        let mut cache = Cache::new(10);
        cache.put(1, "a", 5);
        cache.put(2, "b", 5);
        cache.put(3, "c", 5);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.get(&2), Some("b"));
    }
}
