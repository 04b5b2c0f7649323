//! The schemas of responses.

use serde::Serialize;

use crate::{
    domain::oauth::{OAuthAccount, OAuthAccountId},
    http::{ObjectSchema, ReadType},
};

/// The response of `authorize`.
#[derive(Debug, Serialize)]
pub(super) struct AuthorizationUrl {
    pub(super) authorization_url: String,
}

/// The schema of [`AuthorizationUrl`], with the name of fastapi-users.
pub(super) static AUTHORIZATION_URL: ObjectSchema = ObjectSchema {
    name: "OAuth2AuthorizeResponse",
    fields: &[("authorization_url", ReadType::Text, "The provider's page.")],
};

/// One of the user's own accounts at providers.
#[derive(Debug, Serialize)]
pub(super) struct AccountRead {
    id: OAuthAccountId,
    oauth_name: String,
    account_email: String,
}

impl<Id> From<OAuthAccount<Id>> for AccountRead {
    fn from(account: OAuthAccount<Id>) -> Self {
        let OAuthAccount { id, oauth_name, account_email, .. } = account;
        Self { id, oauth_name, account_email }
    }
}

/// The schema of [`AccountRead`].
pub(super) static ACCOUNT_READ: ObjectSchema = ObjectSchema {
    name: "OwnOAuthAccount",
    fields: &[
        ("id", ReadType::Any, "The name by which the account can be removed."),
        ("oauth_name", ReadType::Text, "The provider."),
        ("account_email", ReadType::Text, "The address at the provider."),
    ],
};
