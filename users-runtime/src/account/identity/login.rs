//! The user of an identity: the decisions of `domain/oauth/linking`, carried out.

use super::{IdentityError, links::Address};
use crate::{
    account::{CreateError, NewPassword},
    domain::{
        Status,
        oauth::{
            AddressStatus, ExternalIdentity, IdentityRules, LocalAccount, LoginDecision, LoginFacts, NewOAuthAccount,
            OAuthAccount, PlaceholderPassword, Refusal, decide_login,
        },
    },
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, Change, EndSessions, Found, Lookup, RequestContext, StoreError, StoredChange},
    service::{Users, hide_unreadable},
    user::{AuthUser, Columns},
};

/// How often a login is decided again because another request changed the data of the decision.
const ATTEMPTS: u32 = 5;

/// A person whom a provider has authenticated.
pub(crate) struct IdentityLogin<'a, U: AuthUser> {
    pub(crate) rules: &'a IdentityRules,
    pub(crate) identity: ExternalIdentity,
    /// The registration of the person, if the provider returns the required data.
    pub(crate) new_user: Option<U::Create>,
    /// The account of that registration, if an attempt to store it conflicted with another request.
    pub(crate) built: Option<U>,
    pub(crate) cx: &'a RequestContext,
}

impl<U: AuthUser> Users<U> {
    /// Returns the user of an identity, who may be linked or created now. Another request may do the same concurrently:
    /// the database decides, and the loser repeats the decision.
    pub(crate) fn user_of_identity<'a, 'b: 'a>(
        &'a self,
        login: &'a mut IdentityLogin<'b, U>,
    ) -> BoxFuture<'a, Result<Found<U>, IdentityError>> {
        Box::pin(async move {
            let address = self.usable_address(&login.identity);
            // A person who has not verified an address must not learn whether an account has it.
            let is_usable =
                |address: &&Address| !self.policy().is_private() || address.status == AddressStatus::Verified;
            let usable = address.as_ref().filter(is_usable);
            let mut without_user = None;
            for _ in 0..ATTEMPTS {
                let account = self.account_of(&login.rules.name, &login.identity).await?;
                let local = match (&account, usable) {
                    (None, Some(address)) => self.find_by_address(address.email.as_str()).await?,
                    _ => None,
                };
                let facts = LoginFacts {
                    is_linked: account.is_some(),
                    address: usable.map(|address| address.status),
                    local: local.as_ref().map(|local| match local.user.status().is_verified {
                        true => LocalAccount::Verified,
                        false => LocalAccount::Unverified,
                    }),
                };
                let decision = decide_login(facts, login.rules);
                let link = account.clone();
                let done = match (decision, account, local, usable) {
                    (LoginDecision::Refuse(refusal), ..) => {
                        // Another login of the same person may have created the account between the two lookups.
                        if self.account_of(&login.rules.name, &login.identity).await?.is_none() {
                            return Err(self.refused_login(refusal, login.cx));
                        }
                        None
                    }
                    (LoginDecision::LogIn, Some(account), ..) => {
                        Some(self.linked_user(account, address.as_ref()).await?)
                    }
                    (LoginDecision::Link, _, Some(local), Some(address)) => self.link(login, local, address).await?,
                    (LoginDecision::TakeOver, _, Some(local), Some(address)) => {
                        self.take_over(login, local, address).await?
                    }
                    (LoginDecision::Create { is_verified }, _, _, Some(address)) => {
                        self.create_linked(login, address, is_verified).await?
                    }
                    // Every other decision is covered by an arm above.
                    _ => None,
                };
                // The link is read again after the user's epoch. If a reset or a take-over removes it later, this
                // raises the epoch and ends the session that begins now.
                let Some(user) = done else { continue };
                match (self.find(Lookup::by_id(user.clone())).await?, link) {
                    (Some(found), _) => {
                        let link = self.account_of(&login.rules.name, &login.identity).await?;
                        if link.is_some_and(|link| link.user_id == user) {
                            return Ok(found);
                        }
                    }
                    // The user exists but cannot be read.
                    (None, Some(link)) if without_user.as_ref() == Some(&link.id) => {
                        return Err(self.refused_login(Refusal::Taken, login.cx));
                    }
                    (None, Some(link)) => {
                        self.oauth_accounts()?.remove_orphan(&link).await?;
                        without_user = Some(link.id);
                    }
                    (None, None) => {}
                }
            }
            Err(IdentityError::Store(StoreError::Conflict))
        })
    }

    /// Returns the user who is linked with an identity, for a request with a token of the provider.
    pub(crate) fn user_of_link<'a>(
        &'a self,
        rules: &'a IdentityRules,
        identity: &'a ExternalIdentity,
    ) -> BoxFuture<'a, Result<Option<Found<U>>, IdentityError>> {
        Box::pin(async move {
            let Some(account) = self.account_of(&rules.name, identity).await? else { return Ok(None) };
            let address = self.usable_address(identity);
            let user = self.linked_user(account, address.as_ref()).await?;
            Ok(hide_unreadable(self.inner().loader.find(Lookup::by_id(user)).await)?)
        })
    }

    /// Returns the user of a link, and stores the current address with the link.
    async fn linked_user(
        &self,
        account: OAuthAccount<U::Id>,
        address: Option<&Address>,
    ) -> Result<U::Id, IdentityError> {
        let user = account.user_id.clone();
        self.refresh_link(account, address).await?;
        Ok(user)
    }

    /// Links an identity with the account that has its address.
    async fn link(
        &self,
        login: &IdentityLogin<'_, U>,
        local: Found<U>,
        address: &Address,
    ) -> Result<Option<U::Id>, IdentityError> {
        // A concurrent change of the address would make it another person's account.
        let if_email = Some(local.user.account().email.to_owned());
        let change = Change { if_email, ..Change::new(local.user, Columns::NONE) };
        let link = self.new_link(&login.rules.name, &login.identity, address)?;
        let Some(user) = self.store_link(change, link, login.cx).await? else { return Ok(None) };
        self.report_changed_accounts(&user, login.cx).await?;
        Ok(Some(user.id()))
    }

    /// Takes over an account whose address was never verified: its password, sessions, links and passkeys are removed in the same
    /// transaction.
    async fn take_over(
        &self,
        login: &IdentityLogin<'_, U>,
        local: Found<U>,
        address: &Address,
    ) -> Result<Option<U::Id>, IdentityError> {
        let is_suspended = local.standing.is_suspended_at(self.now());
        let before = local.user;
        if !before.status().is_active || is_suspended {
            return Err(self.refused_login(Refusal::Taken, login.cx));
        }
        let mut user = before.clone();
        let hash = self.unusable_password_hash().await?;
        let placeholder = PlaceholderPassword::of(&hash);
        *user.account_mut().hashed_password = hash;
        *user.account_mut().is_verified = true;
        let change = Change {
            if_email: Some(before.account().email.to_owned()),
            if_hashed_password: Some(before.account().hashed_password.clone()),
            end_sessions: EndSessions::All,
            unlink: true,
            remove_passkeys: self.has_passkeys(),
            ..Change::new(user, Columns::HASHED_PASSWORD.and(Columns::IS_VERIFIED))
        };
        let link = self.new_link(&login.rules.name, &login.identity, address)?;
        let link = NewOAuthAccount { placeholder: Some(placeholder), ..link };
        let Some(user) = self.store_link(change, link, login.cx).await? else { return Ok(None) };
        self.notify_credentials_changed(&user, &before, login.cx).await;
        Ok(Some(user.id()))
    }

    /// Creates an account with a link and without a usable password.
    async fn create_linked(
        &self,
        login: &mut IdentityLogin<'_, U>,
        address: &Address,
        is_verified: bool,
    ) -> Result<Option<U::Id>, IdentityError> {
        let (cx, email) = (login.cx, &address.email);
        let status = Status { is_verified, ..Status::NEW };
        let user = match (login.built.take(), login.new_user.take()) {
            (Some(user), _) => user,
            (None, Some(input)) => {
                self.ask_before_register(&input, email, status, cx).await?;
                self.new_account(input, email, NewPassword::Unusable, status).await?
            }
            (None, None) => return Err(IdentityError::Incomplete),
        };
        let link = NewOAuthAccount {
            placeholder: Some(PlaceholderPassword::of(user.account().hashed_password)),
            ..self.new_link(&login.rules.name, &login.identity, address)?
        };
        let events = [EventKind::Register, EventKind::Link].map(|kind| {
            let event = SecurityEvent::new(kind, cx);
            // The database may generate the id.
            if U::ID_MADE_BY_DATABASE { event } else { event.of(&user.id()) }
        });
        let recording = self.recording_links(&events.each_ref()).ok_or(IdentityError::NotKept)?;
        let user = match recording.store.insert(user.clone(), link).await {
            Ok(user) => user,
            // The next attempt finds the account that the other request created, unless it was removed meanwhile.
            Err(StoreError::EmailTaken) => {
                login.built = Some(user);
                return Ok(None);
            }
            // Another request has linked the identity, or a value of the provider must be unique and is taken.
            Err(StoreError::Conflict) => {
                return match self.account_of(&login.rules.name, &login.identity).await? {
                    Some(_) => Ok(None),
                    None => Err(StoreError::Conflict.into()),
                };
            }
            Err(error) => return Err(CreateError::Store(error).into()),
        };
        let id = user.id();
        for event in events {
            self.record_changed(&event.of(&id), &recording);
        }
        if !is_verified {
            self.mail_verification_of_new_user(&user, cx).await;
        }
        self.run_change_hook(StoredChange::Registered(user), cx).await.map_err(CreateError::Hook)?;
        Ok(Some(id))
    }

    fn refused_login(&self, refusal: Refusal, cx: &RequestContext) -> IdentityError {
        self.record(&SecurityEvent::new(EventKind::OAuth, cx).refused(refusal.reason()));
        refusal.into()
    }
}
