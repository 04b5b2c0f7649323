//! Accounts at OAuth providers in responses.

use serde::{Deserialize, Serialize};

use crate::domain::oauth::{OAuthAccount, OAuthAccountId};

/// An account at an OAuth provider in the read schema of a user type with `#[auth(oauth)]`, with the keys of fastapi-users.
///
/// The provider's tokens never leave the server: `access_token` is the empty string, the other two are null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthAccountRead {
    /// The id of the link.
    pub id: OAuthAccountId,
    /// The name of the provider.
    pub oauth_name: String,
    /// Always empty.
    pub access_token: String,
    /// Always null.
    pub expires_at: Option<i64>,
    /// Always null.
    pub refresh_token: Option<String>,
    /// The provider's subject.
    pub account_id: String,
    /// The address at the provider.
    pub account_email: String,
}

impl<Id> From<OAuthAccount<Id>> for OAuthAccountRead {
    fn from(account: OAuthAccount<Id>) -> Self {
        let OAuthAccount { id, oauth_name, account_id, account_email, .. } = account;
        Self {
            id,
            oauth_name,
            access_token: String::new(),
            expires_at: None,
            refresh_token: None,
            account_id,
            account_email,
        }
    }
}
