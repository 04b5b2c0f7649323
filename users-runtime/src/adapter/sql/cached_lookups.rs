//! Lookups through the [cache](super::sqlite::lookup_cache) of an SQLite file.

use std::sync::Arc;

use super::{
    Dialect, SqlUser, UserSql,
    lookups::place,
    sqlite::lookup_cache::{AnyFound, Key, LookupCache},
    store::Store,
};
use crate::{
    domain::{StoreError, UserId},
    port::{Found, Lookup},
    user::AuthUser,
};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Returns the cache. `None` unless the store opened an SQLite file itself. Also `None` if users have tenants,
    /// because a tenant's store lasts for one request.
    pub(super) fn lookup_cache(&self) -> Option<&LookupCache> {
        self.base.pools.lookup_cache.as_deref().filter(|_| !U::HAS_TENANTS)
    }

    /// Returns the tables that lookups read.
    fn tables(&self) -> Vec<String> {
        let UserSql { table, session_table, .. } = *self.base.sql;
        vec![table.to_owned(), session_table.to_owned(), format!("{table}_token_state")]
    }

    /// Looks up users, with one query for those that are not in the cache.
    pub(super) async fn find_with_cache(
        &self,
        cache: &LookupCache,
        wanted: &[Lookup<U::Id>],
    ) -> Result<Vec<Option<Found<U>>>, StoreError> {
        let keys: Vec<Key> = wanted.iter().map(key).collect();
        let (known, version) = cache.get_all(|| self.tables(), &keys);
        let mut results: Vec<_> =
            known.into_iter().zip(wanted).map(|(known, wanted)| as_found(known?, wanted)).collect();
        let missing: Vec<usize> = (0..results.len()).filter(|&number| results[number].is_none()).collect();
        if missing.is_empty() {
            return Ok(results);
        }
        let lookups: Vec<_> = missing.iter().map(|&number| wanted[number].clone()).collect();
        let found = self.query(&lookups).await?;
        if let Some(version) = version {
            // Cloned before the cache is locked: the `Clone` of an application may panic or be slow.
            let users: Vec<_> = missing
                .iter()
                .zip(&found)
                .filter_map(|(&number, found)| {
                    let found: AnyFound = Arc::new(found.clone()?);
                    Some((keys[number].clone(), found))
                })
                .collect();
            cache.insert(version, users);
        }
        place(&mut results, &missing, found);
        Ok(results)
    }
}

/// Returns a cached result in its original type; `None` if it belongs to another id that is stored as the same value.
pub(super) fn as_found<U: AuthUser>(kept: AnyFound, wanted: &Lookup<U::Id>) -> Option<Found<U>> {
    let found = kept.downcast_ref::<Found<U>>()?;
    match wanted {
        Lookup::User { id, .. } if !found.has_id(id) => None,
        _ => Some(found.clone()),
    }
}

/// Returns the key of a lookup.
pub(super) fn key<I: UserId>(lookup: &Lookup<I>) -> Key {
    match lookup {
        Lookup::User { id, token } => Key::User(id.to_value(), token.clone()),
        Lookup::Session(key) => Key::Session(key.clone()),
    }
}
