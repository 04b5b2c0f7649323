//! Second factors in memory.

use super::{MemoryStore, State};
use crate::{
    domain::{
        Epoch, FactorChange, RememberedDevice, SecretDigest, StoreError, StoredFactor, Timestamp, TokenId, UserId,
    },
    port::{BoxFuture, SecondFactorStore},
    user::AuthUser,
};

/// The second factors of all users.
pub(super) struct SecondFactors<Id> {
    factors: Vec<(Id, StoredFactor)>,
    codes: Vec<(Id, SecretDigest)>,
    devices: Vec<(Id, RememberedDevice)>,
}

impl<Id: PartialEq + Clone> SecondFactors<Id> {
    pub(super) fn new() -> Self {
        Self { factors: Vec::new(), codes: Vec::new(), devices: Vec::new() }
    }

    fn of(&mut self, user: &Id) -> Option<&mut StoredFactor> {
        self.factors.iter_mut().find(|(owner, _)| owner == user).map(|(_, factor)| factor)
    }

    /// Returns whether the condition of a change holds.
    pub(super) fn allows(&mut self, user: &Id, change: &FactorChange) -> bool {
        let stored = self.of(user);
        match change {
            FactorChange::Confirm { seed, at, .. } => {
                stored.is_some_and(|factor| factor.seed == *seed && !factor.is_in_force() && factor.expires_at > *at)
            }
            FactorChange::Remove => stored.is_some(),
            FactorChange::ReplaceCodes(_) => stored.is_some_and(|factor| factor.is_in_force()),
            FactorChange::RemoveSince(_) => true,
        }
    }

    pub(super) fn apply(&mut self, user: &Id, change: FactorChange) {
        match change {
            FactorChange::Confirm { step, at, codes, .. } => {
                if let Some(factor) = self.of(user) {
                    (factor.in_force_since, factor.last_step) = (Some(at), step);
                }
                self.replace_codes(user, &codes);
            }
            FactorChange::Remove => self.remove(user),
            FactorChange::ReplaceCodes(codes) => self.replace_codes(user, &codes),
            FactorChange::RemoveSince(since) => {
                if self.of(user).is_some_and(|factor| factor.in_force_since.is_none_or(|at| at >= since)) {
                    self.remove(user);
                }
            }
        }
    }

    /// Removes everything of a user.
    pub(super) fn remove(&mut self, user: &Id) {
        self.factors.retain(|(owner, _)| owner != user);
        self.codes.retain(|(owner, _)| owner != user);
        self.forget_devices(user);
    }

    pub(super) fn forget_devices(&mut self, user: &Id) {
        self.devices.retain(|(owner, _)| owner != user);
    }

    fn replace_codes(&mut self, user: &Id, codes: &[SecretDigest]) {
        self.codes.retain(|(owner, _)| owner != user);
        self.codes.extend(codes.iter().map(|code| (user.clone(), code.clone())));
    }
}

impl<U: AuthUser> State<U> {
    fn known(&self, subject: &str) -> Result<U::Id, StoreError> {
        U::Id::parse(subject).filter(|id| self.users.contains_key(id)).ok_or(StoreError::Conflict)
    }
}

impl<U: AuthUser> SecondFactorStore for MemoryStore<U> {
    fn find<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<StoredFactor>, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(None) };
            Ok(self.state().second_factors.of(&user).cloned())
        })
    }

    fn begin<'a>(&'a self, subject: &'a str, factor: &'a StoredFactor) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let user = state.known(subject)?;
            match state.second_factors.of(&user) {
                Some(factor) if factor.is_in_force() => return Ok(false),
                Some(pending) => *pending = factor.clone(),
                None => state.second_factors.factors.push((user, factor.clone())),
            }
            Ok(true)
        })
    }

    fn use_step<'a>(
        &'a self,
        subject: &'a str,
        factor: &'a StoredFactor,
        step: i64,
        resealed: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(false) };
            let mut state = self.state();
            let stored = state.second_factors.of(&user);
            let is_unused = |stored: &&mut StoredFactor| {
                stored.is_in_force() && stored.seed == factor.seed && stored.last_step < step
            };
            let Some(stored) = stored.filter(is_unused) else { return Ok(false) };
            (stored.last_step, stored.seed) = (step, resealed.to_owned());
            Ok(true)
        })
    }

    fn use_recovery_code<'a>(
        &'a self,
        subject: &'a str,
        code: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(false) };
            let codes = &mut self.state().second_factors.codes;
            let before = codes.len();
            codes.retain(|(owner, kept)| *owner != user || kept != code);
            Ok(codes.len() < before)
        })
    }

    fn recovery_codes_left<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(0) };
            let left = self.state().second_factors.codes.iter().filter(|(owner, _)| *owner == user).count();
            Ok(u32::try_from(left).unwrap_or(u32::MAX))
        })
    }

    fn remember<'a>(&'a self, device: &'a RememberedDevice) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let user = state.known(&device.subject)?;
            state.second_factors.devices.push((user, device.clone()));
            Ok(())
        })
    }

    fn use_device<'a>(
        &'a self,
        subject: &'a str,
        token: &'a SecretDigest,
        epoch: Epoch,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(false) };
            let mut state = self.state();
            let device = state.second_factors.devices.iter_mut().find(|(owner, device)| {
                *owner == user && device.token == *token && device.epoch == epoch && device.expires_at > at
            });
            let Some((_, device)) = device else { return Ok(false) };
            device.last_used_at = at;
            Ok(true)
        })
    }

    fn devices<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<RememberedDevice>, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(Vec::new()) };
            let state = self.state();
            let own = state.second_factors.devices.iter().filter(|(owner, _)| *owner == user);
            let mut own: Vec<_> = own.map(|(_, device)| device.clone()).collect();
            own.sort_by_key(|device| device.remembered_at);
            Ok(own)
        })
    }

    fn forget_device<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(false) };
            let devices = &mut self.state().second_factors.devices;
            let before = devices.len();
            devices.retain(|(owner, device)| *owner != user || device.id != *id);
            Ok(devices.len() < before)
        })
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let kept = &mut self.state().second_factors;
            let before = kept.factors.len() + kept.devices.len();
            kept.factors.retain(|(_, factor)| factor.is_in_force() || factor.expires_at > now);
            kept.devices.retain(|(_, device)| device.expires_at > now);
            Ok(u64::try_from(before - kept.factors.len() - kept.devices.len()).unwrap_or(u64::MAX))
        })
    }
}
