//! Logins with a provider: the decisions of `domain/oauth/linking`, carried out.

use super::{NO_ADDRESS, PROVIDER_ERROR, TAKEN, error::OAuthError};
use crate::{
    account::{CreateError, NewPassword},
    domain::{
        AccessToken, EmailAddress, Status, id_kind,
        oauth::{
            AddressStatus, ExternalIdentity, LocalAccount, LoginDecision, LoginFacts, NewOAuthAccount, OAuthAccount,
            OAuthAccountId, PlaceholderPassword, Refusal, decide_login,
        },
    },
    event::{self, EventKind, Outcome},
    port::{Change, EndSessions, Found, Lookup, RequestContext, StoreError, StoredChange, TokenResponse},
    service::{ActiveBackend, OAuthProvider, Users},
    user::{AuthUser, Columns},
};

/// How often a login is decided anew because another request changed what it was decided on.
const ATTEMPTS: u32 = 5;

/// A login with a provider.
pub(super) struct ProviderLogin<'a, U: AuthUser> {
    pub(super) provider: &'a OAuthProvider,
    pub(super) identity: ExternalIdentity,
    /// The registration of the person, if the provider gives what it needs.
    pub(super) new_user: Option<U::Create>,
    pub(super) cx: &'a RequestContext,
}

/// An address that a provider gives, in the form of this service.
pub(super) struct Address {
    pub(super) email: EmailAddress,
    pub(super) status: AddressStatus,
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAddress => NO_ADDRESS.into(),
            Refusal::Taken => TAKEN.into(),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Logs in the user of an identity at a backend, by the same gates as any other login. Revokes the token that the
    /// browser `held`, like a login with a password.
    pub(super) async fn log_in_with_provider(
        &self,
        login: ProviderLogin<'_, U>,
        backend: &ActiveBackend,
        held: Option<AccessToken>,
    ) -> Result<TokenResponse, OAuthError> {
        let cx = login.cx;
        let found = self.user_of_identity(login).await?;
        let found = self.pass_gates(found, backend, cx).await.map_err(|closed| OAuthError::Refused(closed.code))?;
        if let Some(held) = held {
            backend.strategy.revoke(&held).await.map_err(OAuthError::Strategy)?;
        }
        Ok(self.issue(&found, backend, cx).await?.response)
    }

    /// Returns the user of an identity, who may be linked or created now. Another request may do the same at the same time:
    /// the database decides, and the loser decides anew.
    async fn user_of_identity(&self, mut login: ProviderLogin<'_, U>) -> Result<Found<U>, OAuthError> {
        let (same_address, verified_by_default) = login.provider.policy();
        let address = self.usable_address(&login.identity);
        for _ in 0..ATTEMPTS {
            let account = self.account_of(login.provider, &login.identity).await?;
            let local = match (&account, &address) {
                (None, Some(address)) => self.find_by_address(address.email.as_str()).await?,
                _ => None,
            };
            let facts = LoginFacts {
                is_linked: account.is_some(),
                address: address.as_ref().map(|address| address.status),
                local: local.as_ref().map(|local| match local.user.status().is_verified {
                    true => LocalAccount::Verified,
                    false => LocalAccount::Unverified,
                }),
            };
            let decision = decide_login(facts, same_address, verified_by_default);
            let done = match (decision, account, local, &address) {
                (LoginDecision::Refuse(refusal), ..) => {
                    // Another login of the same person may have created the account between the two lookups.
                    if self.account_of(login.provider, &login.identity).await?.is_none() {
                        return Err(self.refused_login(refusal, login.cx));
                    }
                    None
                }
                (LoginDecision::LogIn, Some(account), ..) => self.linked_user(account, address.as_ref()).await?,
                (LoginDecision::Link, _, Some(local), Some(address)) => self.link(&login, local, address).await?,
                (LoginDecision::TakeOver, _, Some(local), Some(address)) => {
                    self.take_over(&login, local, address).await?
                }
                (LoginDecision::Create { is_verified }, _, _, Some(address)) => {
                    self.create_linked(&mut login, address, is_verified).await?
                }
                // The facts of every other decision are those of an arm above.
                _ => None,
            };
            // The link is read again after the user's epoch: what removes it later, a reset or a take-over, raises the epoch and
            // ends the session that begins now.
            if let Some(user) = done
                && let Some(found) = self.find(Lookup::by_id(user.clone())).await?
                && self.account_of(login.provider, &login.identity).await?.is_some_and(|link| link.user_id == user)
            {
                return Ok(found);
            }
        }
        Err(OAuthError::Store(StoreError::Conflict))
    }

    /// Returns the address of an identity, if this service accepts it.
    pub(super) fn usable_address(&self, identity: &ExternalIdentity) -> Option<Address> {
        let address = identity.address.as_ref()?;
        let email = self.policy().new_email().parse(&address.email).ok()?;
        Some(Address { email, status: address.status })
    }

    /// Returns the link of an identity. An account that another program linked with several users is refused.
    pub(super) async fn account_of(
        &self,
        provider: &OAuthProvider,
        identity: &ExternalIdentity,
    ) -> Result<Option<OAuthAccount<U::Id>>, OAuthError> {
        match self.oauth_accounts()?.find(provider.name(), identity.subject.as_str()).await {
            Err(StoreError::Conflict) => Err(TAKEN.into()),
            Err(StoreError::InvalidValue { .. }) => Ok(None),
            found => Ok(found?),
        }
    }

    /// Describes a link to store.
    pub(super) fn new_link(
        &self,
        provider: &OAuthProvider,
        identity: &ExternalIdentity,
        address: &Address,
    ) -> Result<NewOAuthAccount, OAuthError> {
        Ok(NewOAuthAccount {
            id: OAuthAccountId::from_random(id_kind::<U::Id>(), self.random_bytes()?),
            oauth_name: provider.name().to_owned(),
            account_id: identity.subject.as_str().to_owned(),
            account_email: address.email.as_str().to_owned(),
            placeholder: None,
        })
    }

    /// Stores the present address of a linked account. The user's own address stays.
    pub(super) async fn refresh_link(
        &self,
        account: OAuthAccount<U::Id>,
        address: Option<&Address>,
    ) -> Result<(), OAuthError> {
        if let Some(address) = address.filter(|address| address.email.as_str() != account.account_email) {
            let account = OAuthAccount { account_email: address.email.as_str().to_owned(), ..account };
            self.oauth_accounts()?.refresh(&account).await?;
        }
        Ok(())
    }

    async fn linked_user(
        &self,
        account: OAuthAccount<U::Id>,
        address: Option<&Address>,
    ) -> Result<Option<U::Id>, OAuthError> {
        let user = account.user_id.clone();
        self.refresh_link(account, address).await?;
        Ok(Some(user))
    }

    /// Links an identity with the account that has its address.
    async fn link(
        &self,
        login: &ProviderLogin<'_, U>,
        local: Found<U>,
        address: &Address,
    ) -> Result<Option<U::Id>, OAuthError> {
        // A concurrent change of the address would make it another person's account.
        let if_email = Some(local.user.account().email.to_owned());
        let change = Change { if_email, ..Change::new(local.user, Columns::NONE) };
        let link = self.new_link(login.provider, &login.identity, address)?;
        let Some(user) = self.store_link(change, link, login.cx).await? else { return Ok(None) };
        self.report_changed_accounts(&user, login.cx).await?;
        Ok(Some(user.id()))
    }

    /// Takes over an account whose address was never verified: its password, sessions and links are removed in the same
    /// transaction.
    async fn take_over(
        &self,
        login: &ProviderLogin<'_, U>,
        local: Found<U>,
        address: &Address,
    ) -> Result<Option<U::Id>, OAuthError> {
        let before = local.user;
        if !before.status().is_active {
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
            ..Change::new(user, Columns::HASHED_PASSWORD.and(Columns::IS_VERIFIED))
        };
        let link = self.new_link(login.provider, &login.identity, address)?;
        let link = NewOAuthAccount { placeholder: Some(placeholder), ..link };
        let Some(user) = self.store_link(change, link, login.cx).await? else { return Ok(None) };
        self.notify_credentials_changed(&user, &before, login.cx).await;
        Ok(Some(user.id()))
    }

    /// Stores a link with a change of its user. Returns `None` if another request was faster.
    pub(super) async fn store_link(
        &self,
        change: Change<U>,
        link: NewOAuthAccount,
        cx: &RequestContext,
    ) -> Result<Option<U>, OAuthError> {
        match self.oauth_accounts()?.link(change, link).await {
            Err(StoreError::Conflict) => Ok(None),
            linked => {
                let linked = linked?;
                if let Some(user) = &linked {
                    event::record(EventKind::Link, Outcome::Success, Some(&user.id()), None, cx);
                }
                Ok(linked)
            }
        }
    }

    /// Creates an account with a link. Nobody has a password for it.
    async fn create_linked(
        &self,
        login: &mut ProviderLogin<'_, U>,
        address: &Address,
        is_verified: bool,
    ) -> Result<Option<U::Id>, OAuthError> {
        let Some(input) = login.new_user.take() else { return Err(PROVIDER_ERROR.into()) };
        let (cx, email) = (login.cx, &address.email);
        let status = Status { is_verified, ..Status::NEW };
        self.ask_before_register(&input, email, status, cx).await?;
        let user = self.new_account(input, email, NewPassword::Unusable, status).await?;
        let link = NewOAuthAccount {
            placeholder: Some(PlaceholderPassword::of(user.account().hashed_password)),
            ..self.new_link(login.provider, &login.identity, address)?
        };
        let user = match self.oauth_accounts()?.insert(user, link).await {
            Ok(user) => user,
            // The next attempt finds the account that the other request created.
            Err(StoreError::EmailTaken | StoreError::Conflict) => return Ok(None),
            Err(error) => return Err(CreateError::Store(error).into()),
        };
        let id = user.id();
        event::record(EventKind::Register, Outcome::Success, Some(&id), None, cx);
        event::record(EventKind::Link, Outcome::Success, Some(&id), None, cx);
        if !is_verified {
            self.mail_verification_of_new_user(&user, cx).await;
        }
        self.run_change_hook(StoredChange::Registered(user), cx).await.map_err(CreateError::Hook)?;
        Ok(Some(id))
    }

    fn refused_login(&self, refusal: Refusal, cx: &RequestContext) -> OAuthError {
        let reason = match refusal {
            Refusal::NoAddress => "no address",
            Refusal::Taken => "address taken",
        };
        event::record(EventKind::OAuth, Outcome::Refused(reason), None, None, cx);
        refusal.into()
    }
}
