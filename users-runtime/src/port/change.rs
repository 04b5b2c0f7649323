//! Changes of one user.

use chrono::TimeDelta;

use crate::{
    domain::{CLOCK_SKEW, Epoch, FactorChange, PasswordHash, Session, Standing, Suspension, Timestamp, TokenId},
    user::{AuthUser, Columns},
};

/// A change of one user.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Change<U> {
    /// The new values; only the named columns are written.
    pub user: U,
    /// The columns to write.
    pub columns: Columns,
    /// Requires the stored password hash to be this one. Makes reset tokens single-use and prevents lost updates of the
    /// password.
    pub if_hashed_password: Option<PasswordHash>,
    /// Requires the stored address to be this one, byte for byte. Prevents an address from being marked as verified
    /// whose ownership was never proved.
    pub if_email: Option<String>,
    /// Requires the user's epoch to be this one. A session that was ended during the request can then not change the
    /// password or the address.
    pub if_epoch: Option<Epoch>,
    /// The sessions to end in the same transaction.
    pub end_sessions: EndSessions,
    /// Whether to remove the user's accounts at OAuth providers in the same transaction. Has no effect on a store
    /// without an [`oauth_store`](super::UserStore::oauth_store).
    pub unlink: bool,
    /// Whether to remove the user's passkeys in the same transaction. Has no effect on a store without a
    /// [`passkey_store`](super::UserStore::passkey_store).
    pub remove_passkeys: bool,
    /// The suspension to store; `Some(None)` removes the stored one. `None` leaves it as it is.
    pub suspension: Option<Option<Suspension>>,
    /// Whether the password must be changed before the next login with it; `None` leaves the mark as it is.
    /// [`Change::new`] clears the mark if the change writes the hash.
    pub must_change_password: Option<bool>,
    /// The name of a token that the change uses up, and when it expires. The store records it as revoked in the same
    /// transaction. If anything is recorded under this name already, nothing is changed and no user is returned: of
    /// several concurrent uses of one token, exactly one succeeds.
    pub use_token: Option<(TokenId, Timestamp)>,
    /// A change of the user's second factor in the same transaction. If its condition fails, nothing is changed and no user
    /// is returned. Has no effect on a store without a [`second_factor_store`](super::UserStore::second_factor_store).
    pub second_factor: Option<FactorChange>,
}

impl<U> Change<U> {
    /// A change of the named columns, without conditions, that ends no session. If it writes the hash, it stores a new
    /// password and therefore clears the mark that the password must be changed.
    #[must_use]
    pub fn new(user: U, columns: Columns) -> Self {
        Self {
            user,
            columns,
            if_hashed_password: None,
            if_email: None,
            if_epoch: None,
            end_sessions: EndSessions::Keep,
            unlink: false,
            remove_passkeys: false,
            suspension: None,
            must_change_password: columns.includes(Columns::HASHED_PASSWORD).then_some(false),
            use_token: None,
            second_factor: None,
        }
    }

    /// Returns the user and the rest of the change.
    pub(crate) fn without_user(self) -> (U, Change<()>) {
        let Self {
            user,
            columns,
            if_hashed_password,
            if_email,
            if_epoch,
            end_sessions,
            unlink,
            remove_passkeys,
            suspension,
            must_change_password,
            use_token,
            second_factor,
        } = self;
        let change = Change {
            user: (),
            columns,
            if_hashed_password,
            if_email,
            if_epoch,
            end_sessions,
            unlink,
            remove_passkeys,
            suspension,
            must_change_password,
            use_token,
            second_factor,
        };
        (user, change)
    }

    /// Applies the changes of the standing to the stored one.
    pub fn write_standing_into(&self, stored: &mut Standing) {
        if let Some(suspension) = &self.suspension {
            stored.suspension.clone_from(suspension);
        }
        if let Some(must_change) = self.must_change_password {
            stored.must_change_password = must_change;
        }
    }
}

impl<U: AuthUser> Change<U> {
    /// Returns `true` if every condition holds for the stored user. Call it inside the transaction that writes;
    /// otherwise a concurrent request may change the user between the check and the write.
    #[must_use]
    pub fn may_change(&self, stored: &U, epoch: Epoch) -> bool {
        let stored = stored.account();
        self.if_hashed_password.as_ref().is_none_or(|hash| hash == stored.hashed_password)
            && self.if_email.as_ref().is_none_or(|email| email == stored.email)
            && self.if_epoch.is_none_or(|wanted| wanted == epoch)
    }

    /// Copies the named columns into the stored user, and no others, so that concurrent changes of other columns are
    /// kept.
    pub fn write_into(&self, stored: &mut U) {
        stored.copy_custom(&self.user, self.columns);
        let (from, to) = (self.user.account(), stored.account_mut());
        for (column, flag, value) in [
            (Columns::IS_ACTIVE, to.is_active, from.status.is_active),
            (Columns::IS_SUPERUSER, to.is_superuser, from.status.is_superuser),
            (Columns::IS_VERIFIED, to.is_verified, from.status.is_verified),
        ] {
            if self.columns.includes(column) {
                *flag = value;
            }
        }
        if self.columns.includes(Columns::EMAIL) {
            from.email.clone_into(to.email);
        }
        if self.columns.includes(Columns::HASHED_PASSWORD) {
            to.hashed_password.clone_from(from.hashed_password);
        }
    }
}

/// The sessions of the changed user that end with the change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EndSessions {
    /// None.
    #[default]
    Keep,
    /// All.
    All,
    /// All but this token, which expires at the given time.
    AllBut(TokenId, Timestamp),
}

impl EndSessions {
    /// Ends all sessions but `spared`, or all of them if `spared` has no id.
    #[must_use]
    pub fn all_but(spared: &Session) -> Self {
        match &spared.token_id {
            // Kept until the token has expired even on a node whose clock is behind.
            Some(token) => {
                let until =
                    spared.expires_at.and_then(|end| end.checked_add_signed(TimeDelta::from_std(CLOCK_SKEW).ok()?));
                Self::AllBut(token.clone(), until.unwrap_or(Timestamp::MAX_UTC))
            }
            None => Self::All,
        }
    }
}
