//! The tokens of a change of the address.

use std::time::Duration;

use super::{MailTokenError, TokenSubject};
use crate::domain::{ConfirmEmailToken, Epoch, Timestamp, TokenId, UndoEmailToken};

/// The lifetime of a token that confirms a new address, the same as that of a verification token.
pub(crate) const CONFIRM_LIFETIME: Duration = Duration::from_secs(3600);
/// The lifetime of a token that undoes a change: a week, for people who read their mail once a week.
pub(crate) const UNDO_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Mints and reads the tokens of a change of the address.
pub(crate) trait EmailChangeTokens: Send + Sync + 'static {
    /// Mints a token that confirms `new_email`. It is bound to the user as stored.
    fn mint_confirm(&self, of: TokenSubject<'_>, new_email: &str) -> Result<ConfirmEmailToken, MailTokenError>;

    /// Reads a token and checks its signature, purpose and lifetime.
    fn read_confirm(&self, token: &ConfirmEmailToken) -> Option<NewEmail>;

    /// Returns whether a token that was read is bound to the user as stored now.
    fn is_bound(&self, token: &NewEmail, to: TokenSubject<'_>) -> bool;

    /// Mints a token with which the holder of the stored address recovers the account. One for a `recent` address works
    /// only until the epoch changes.
    fn mint_undo(&self, of: TokenSubject<'_>, recent: bool) -> Result<UndoEmailToken, MailTokenError>;

    /// Reads a token and checks its signature, purpose and lifetime.
    fn read_undo(&self, token: &UndoEmailToken) -> Option<OldEmail>;

    /// Returns the name under which the store remembers that an account got this address by a change.
    fn recent_email(&self, subject: &str, email: &str) -> TokenId;
}

/// A token of a new address that was read.
#[derive(Debug, Clone)]
pub(crate) struct NewEmail {
    /// The token's own id, under which it is used up.
    pub(crate) id: TokenId,
    /// The user's id in text form, not parsed.
    pub(crate) subject: String,
    /// The new address.
    pub(crate) email: String,
    /// The keyed digest of the user, the old address, the hash, the epoch and the new address.
    pub(crate) digest: String,
    /// When the token expires.
    pub(crate) expires_at: Timestamp,
}

/// A token that undoes a change, which was read.
#[derive(Debug, Clone)]
pub(crate) struct OldEmail {
    /// The token's own id, under which it is used up.
    pub(crate) id: TokenId,
    /// The user's id in text form, not parsed.
    pub(crate) subject: String,
    /// The address that the account had.
    pub(crate) email: String,
    /// The user's epoch when the token was minted.
    pub(crate) epoch: Epoch,
    /// Whether the account had got the address by another change shortly before.
    pub(crate) recent: bool,
    /// When the token expires.
    pub(crate) expires_at: Timestamp,
}

impl OldEmail {
    /// How long before requesting the change an attacker may have set up a second factor. This requires access to the
    /// account, and the owner was notified by mail.
    const BEFORE_REQUEST: Duration = Duration::from_secs(24 * 3600);

    /// An upper bound on how often the sessions of an account are ended in a week.
    const MOST_ENDINGS: i64 = 1_000_000;

    /// Returns the time from which an attacker may have set up factors: a day before the change was requested.
    pub(crate) fn suspect_since(&self) -> Timestamp {
        self.expires_at - (UNDO_LIFETIME + Self::BEFORE_REQUEST)
    }

    /// Returns whether the token may change a user with this epoch.
    ///
    /// It must survive everything that an attacker with access to the account can do, so it is bound to nothing else.
    /// The epoch only grows, and on a database that reuses the ids of deleted users it starts at a random number: an
    /// epoch that is far away belongs to another user.
    pub(crate) fn is_of(&self, epoch: Epoch) -> bool {
        let endings = epoch.0.saturating_sub(self.epoch.0);
        if self.recent { endings == 0 } else { (0..=Self::MOST_ENDINGS).contains(&endings) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_the_account_whose_epoch_has_grown_since_and_for_a_recent_address_has_not() {
        let token = |recent| OldEmail {
            id: TokenId("t".to_owned()),
            subject: "1".to_owned(),
            email: "a@b.org".to_owned(),
            epoch: Epoch(5),
            recent,
            expires_at: Timestamp::UNIX_EPOCH,
        };
        for (epoch, is_old, is_recent) in
            [(5, true, true), (6, true, false), (4, false, false), (i64::MAX, false, false)]
        {
            assert_eq!(
                (token(false).is_of(Epoch(epoch)), token(true).is_of(Epoch(epoch))),
                (is_old, is_recent),
                "{epoch}"
            );
        }
    }
}
