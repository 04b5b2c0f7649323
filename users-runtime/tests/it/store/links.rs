//! Every write of a store about accounts at providers, with a check of its effect.

use std::sync::Arc;

use users_runtime::store::{
    NewOAuthAccount, OAuthAccount, OAuthAccountId, OAuthStore, SqlStore, StoreError, StoredTokens, TokenId, Unlinked,
    UserStore,
};
use uuid::Uuid;

use crate::store::{
    every_write::{change, later},
    support::account,
    users::{User, user},
};

const PROVIDER: &str = "acme";

pub fn links(store: &SqlStore<User>) -> Arc<dyn OAuthStore<User>> {
    Arc::new(store.clone()).oauth_store().unwrap()
}

/// A write about an account at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkWrite {
    Insert,
    Link,
    Refresh,
    ReplaceTokens,
    Unlink,
    RemoveOrphan,
    Redeem,
}

impl LinkWrite {
    pub const ALL: [Self; 7] =
        [Self::Insert, Self::Link, Self::Refresh, Self::ReplaceTokens, Self::Unlink, Self::RemoveOrphan, Self::Redeem];

    /// Runs the write on rows of its own and checks its effect.
    pub async fn run(self, store: &SqlStore<User>, number: u32) -> Result<(), StoreError> {
        let links = links(store);
        let subject = format!("subject {number}");
        let new = NewOAuthAccount {
            id: OAuthAccountId::Uuid(Uuid::from_u128(u128::from(number))),
            oauth_name: PROVIDER.to_owned(),
            account_id: subject.clone(),
            account_email: "arthur@provider.example".to_owned(),
            placeholder: None,
        };
        let owner = user(account(&format!("link.{number}@camelot.bt")));
        let linked = async || links.find(PROVIDER, &subject).await;
        match self {
            Self::Insert => {
                let owner = links.insert(owner, new).await?;
                assert_eq!(linked().await?.map(|link| link.user_id), Some(owner.id));
            }
            Self::Link => {
                let owner = store.insert(owner).await?;
                let linking = change(&owner, "Lancelot", users_runtime::store::EndSessions::All);
                assert!(links.link(linking, new).await?.is_some());
                assert_eq!(links.list(owner.id).await?.len(), 1);
            }
            Self::Refresh => {
                let owner = links.insert(owner, new.clone()).await?;
                let renamed = OAuthAccount::new(new.id, owner.id, PROVIDER, &subject, "king@provider.example");
                links.refresh(&renamed).await?;
                assert_eq!(linked().await?.map(|link| link.account_email), Some("king@provider.example".to_owned()));
            }
            Self::ReplaceTokens => {
                let owner = links.insert(owner, new).await?;
                let id = linked().await?.unwrap().id;
                let before = links.tokens(owner.id, id.clone()).await?.unwrap();
                let after =
                    StoredTokens { access_token: "sealed".to_owned(), refresh_token: Some("sealed".to_owned()) };
                assert!(links.replace_tokens(owner.id, id.clone(), &before, &after).await?);
                assert_eq!(links.tokens(owner.id, id).await?, Some(after));
            }
            Self::Unlink => {
                let owner = links.insert(owner, new).await?;
                let id = linked().await?.unwrap().id;
                assert_eq!(links.unlink(owner.id, id).await?, Unlinked::Removed);
                assert!(linked().await?.is_none());
            }
            Self::RemoveOrphan => {
                links.insert(owner, new).await?;
                // Its user exists, so it stays.
                links.remove_orphan(&linked().await?.unwrap()).await?;
                assert!(linked().await?.is_some());
            }
            Self::Redeem => {
                let once = TokenId(format!("{number:0>22}"));
                assert!(links.redeem(&once, later()).await?);
                assert!(!links.redeem(&once, later()).await?);
            }
        }
        Ok(())
    }
}
