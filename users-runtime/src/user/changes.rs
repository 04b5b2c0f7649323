//! The requested changes of a user.

use std::marker::PhantomData;

use super::{AuthUser, Columns};
use crate::domain::Password;

/// The requested changes of the roles. `None` leaves a role unchanged.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// The new address, as sent.
    pub email: Option<String>,
    /// The new password.
    pub password: Option<Password>,
    /// The current password, for re-authentication.
    pub current_password: Option<Password>,
    /// The new flag. Only a superuser can change it.
    pub is_active: Option<bool>,
    /// The new flag. Only a superuser can change it.
    pub is_superuser: Option<bool>,
    /// The new flag. Only a superuser can change it.
    pub is_verified: Option<bool>,
}

/// The requested changes of a user: those of the roles, which have their own rules, and the custom columns that were
/// written.
#[derive(Debug)]
pub struct Changes<U> {
    account: AccountUpdate,
    columns: Columns,
    user: PhantomData<fn() -> U>,
}

impl<U: AuthUser> Changes<U> {
    const fn of(account: AccountUpdate) -> Self {
        Self { account, columns: Columns::NONE, user: PhantomData }
    }

    /// Returns the changes that users request for their own account.
    #[must_use]
    pub fn by_owner(email: Option<String>, password: Option<Password>, current_password: Option<Password>) -> Self {
        Self::of(AccountUpdate { email, password, current_password, ..AccountUpdate::default() })
    }

    /// Returns the changes that a superuser requests. `flags` are `is_active`, `is_superuser` and `is_verified`.
    #[must_use]
    pub fn by_superuser(email: Option<String>, password: Option<Password>, flags: [Option<bool>; 3]) -> Self {
        let [is_active, is_superuser, is_verified] = flags;
        Self::of(AccountUpdate { email, password, current_password: None, is_active, is_superuser, is_verified })
    }

    /// Writes `value` into the custom field if the request has one, and adds its column to the written ones.
    #[must_use]
    pub fn set<T>(mut self, column: &str, field: &mut T, value: Option<T>) -> Self {
        if let Some(value) = value {
            *field = value;
            self.columns = self.columns.and(Columns::custom::<U>(column));
        }
        self
    }

    /// Returns the changes of the roles.
    #[must_use]
    pub const fn account(&self) -> &AccountUpdate {
        &self.account
    }

    /// Returns the custom columns that were written.
    #[must_use]
    pub const fn columns(&self) -> Columns {
        self.columns
    }
}
