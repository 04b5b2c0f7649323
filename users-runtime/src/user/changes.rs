//! A requested change of a user.

use std::marker::PhantomData;

use super::{AuthUser, Columns};
use crate::domain::Password;

/// The changes of the roles that a request asks for. Absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// The new address, as sent.
    pub email: Option<String>,
    /// The new password.
    pub password: Option<Password>,
    /// The present password, sent along with a change.
    pub current_password: Option<Password>,
    /// Only a superuser's change has it.
    pub is_active: Option<bool>,
    /// Only a superuser's change has it.
    pub is_superuser: Option<bool>,
    /// Only a superuser's change has it.
    pub is_verified: Option<bool>,
}

/// A requested change: the roles, which have rules of their own, and the custom columns that were written.
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

    /// A change that users make to their own account.
    #[must_use]
    pub fn by_owner(email: Option<String>, password: Option<Password>, current_password: Option<Password>) -> Self {
        Self::of(AccountUpdate { email, password, current_password, ..AccountUpdate::default() })
    }

    /// A change that a superuser makes. `flags` are `is_active`, `is_superuser` and `is_verified`.
    #[must_use]
    pub fn by_superuser(email: Option<String>, password: Option<Password>, flags: [Option<bool>; 3]) -> Self {
        let [is_active, is_superuser, is_verified] = flags;
        Self::of(AccountUpdate { email, password, current_password: None, is_active, is_superuser, is_verified })
    }

    /// Writes `value` into the custom field if the request has one, and notes its column.
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
