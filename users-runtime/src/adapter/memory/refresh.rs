//! Refresh tokens in memory.

use super::MemoryStore;
use crate::{
    domain::{RefreshFamily, Rotated, Rotation, StoreError, Timestamp, TokenId, UserId},
    port::{BoxFuture, RefreshStore},
    user::AuthUser,
};

impl<U: AuthUser> RefreshStore for MemoryStore<U> {
    fn add(&self, family: RefreshFamily, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            if U::Id::parse(&family.subject).is_none_or(|id| !state.users.contains_key(&id)) {
                return Err(StoreError::Conflict);
            }
            let (subject, backend, now) = (family.subject.clone(), family.backend.clone(), family.rotated_at);
            let current = U::Id::parse(&subject).and_then(|id| state.users.get(&id)).map(|stored| stored.epoch);
            state.families.push(family);
            let may_go_on = |other: &RefreshFamily| {
                let is_live = |current| state.token_state(&other.id).is_live(other.epoch, current);
                other.expires_at > now && current.is_some_and(is_live)
            };
            let is_sibling = |other: &&RefreshFamily| other.subject == subject && other.backend == backend;
            // The newest families that have not ended are kept; among those with equal times, the one added last.
            let mut siblings: Vec<_> = state.families.iter().filter(is_sibling).enumerate().collect();
            siblings.sort_by_key(|(number, other)| (may_go_on(other), other.logged_in_at, *number));
            let surplus = siblings.len().saturating_sub(usize::try_from(at_most).unwrap_or(usize::MAX));
            let ended: Vec<TokenId> = siblings.into_iter().take(surplus).map(|(_, other)| other.id.clone()).collect();
            state.families.retain(|family| !ended.contains(&family.id));
            Ok(())
        })
    }

    fn find<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<RefreshFamily>, StoreError>> {
        Box::pin(async move { Ok(self.state().families.iter().find(|family| family.id == *id).cloned()) })
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> BoxFuture<'a, Result<Rotated, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let stored = state.families.iter_mut().find(|family| family.id == rotation.id);
            let Some(stored) = stored else { return Ok(Rotated::Ended) };
            let decided = rotation.decide(stored.clone());
            if let Rotated::Rotated(next) = &decided {
                *stored = next.clone();
            }
            Ok(decided)
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let before = state.families.len();
            state.families.retain(|family| family.subject != subject || family.id != *id);
            Ok(state.families.len() < before)
        })
    }

    fn list<'a>(&'a self, subject: &'a str, backend: &'a str) -> BoxFuture<'a, Result<Vec<RefreshFamily>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            let is_one = |family: &&RefreshFamily| family.subject == subject && family.backend == backend;
            let mut found: Vec<RefreshFamily> = state.families.iter().filter(is_one).cloned().collect();
            found.sort_by_key(|family| family.logged_in_at);
            Ok(found)
        })
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let before = state.families.len();
            state.families.retain(|family| family.expires_at > now);
            Ok(u64::try_from(before - state.families.len()).unwrap_or(u64::MAX))
        })
    }
}
