//! The unique keys of the table of users, as the catalog has them.

use std::sync::{Arc, PoisonError, RwLock};

use super::{FoundIndex, FoundTable};

/// The unique keys of the table of users, as last read from the catalog.
#[derive(Default)]
pub(in crate::adapter::sql) struct UniqueKeys(RwLock<Option<Arc<[FoundIndex]>>>);

impl UniqueKeys {
    /// Returns the keys; `None` if they were not read yet.
    pub(in crate::adapter::sql) fn known(&self) -> Option<Arc<[FoundIndex]>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the keys by those of a table.
    pub(in crate::adapter::sql) fn learn(&self, table: &FoundTable) {
        let keys = table.indexes.iter().filter(|index| index.unique).cloned().collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }
}

/// Returns `true` if a column is among these.
pub(in crate::adapter::sql) fn is_on<S: AsRef<str>>(columns: &[S], column: &str) -> bool {
    columns.iter().any(|there| there.as_ref().eq_ignore_ascii_case(column))
}

impl FoundIndex {
    /// Returns the columns that the index compares.
    pub(in crate::adapter::sql) fn columns(&self) -> Vec<String> {
        self.parts.iter().flat_map(|part| part.columns.iter().cloned()).collect()
    }
}
