//! The handle that an application holds, and the parts that every operation needs: policy, backends, authentication,
//! hooks. Depends on ports only.

mod authenticate;
mod backend;
mod by_mail;
mod challenges;
mod clients;
mod gates;
mod holding;
mod hooks;
mod limits;
mod login_attempts;
mod lookup;
mod mail_job;
mod nested_hooks;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "oauth")]
mod oauth_provider;
mod origin;
#[cfg(feature = "passkeys")]
mod passkeys;
mod policy;
#[cfg(feature = "oauth")]
mod provider_tokens;
mod rate_limit;
mod recording;
mod refresh;
#[cfg(feature = "totp")]
mod second_factor;
mod tenant;

use std::{fmt, ops::Deref, sync::Arc};

#[cfg(feature = "oauth")]
pub(crate) use authenticate::ExternalToken;
pub(crate) use authenticate::{Authenticated, AuthenticationError, Identity};
pub(crate) use backend::ActiveBackend;
pub(crate) use by_mail::{ByMail, MailedCodes, MailedTokens};
pub use by_mail::{EmailCode, Invitations, MagicLink};
pub use challenges::Challenges;
#[cfg(any(feature = "openapi", feature = "pages"))]
pub(crate) use challenges::SOLUTION_HEADER;
pub(crate) use clients::Clients;
pub(crate) use gates::{
    ActiveGate, BAD_CREDENTIALS, LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED, NOT_VERIFIED, PASSWORD_CHANGE_REQUIRED,
    SUSPENDED, VerifiedGate,
};
pub(crate) use holding::Holding;
pub(crate) use hooks::{AfterResponse, DrawnQuota};
pub use limits::Limits;
pub(crate) use lookup::hide_unreadable;
#[cfg(feature = "oauth")]
pub(crate) use oauth::OAuthParts;
#[cfg(feature = "oauth")]
pub use oauth_provider::OAuthProvider;
pub(crate) use origin::OriginRule;
#[cfg(feature = "passkeys")]
pub(crate) use passkeys::ActivePasskeys;
#[cfg(feature = "passkeys")]
pub use passkeys::Passkeys;
pub use policy::Policy;
#[cfg(feature = "oauth")]
pub use provider_tokens::ProviderTokenError;
pub(crate) use rate_limit::{Counted, Limited};
pub use refresh::Refresh;
pub(crate) use refresh::{ActiveRefresh, Held, whole_milliseconds};
#[cfg(feature = "totp")]
pub use second_factor::Mfa;
#[cfg(feature = "totp")]
pub(crate) use second_factor::{ActiveMfa, PendingLogin, Remembering};

use crate::{
    background::{BatchLoader, Jobs, RunningTimer},
    domain::{BasePath, Timestamp},
    event::EventSink,
    port::{
        BreachCheck, Clock, Counters, DeviceCookies, EmailChangeTokens, EnabledBackends, Gate, Hooks, MailTokens,
        OAuthStore, PasswordHasher, Random, SessionStore, TenantOfRequest, UserStore,
    },
    user::{AuthUser, Tenant},
};

/// The handle for user management. Put it in the router's state: routes and extractors find it there through
/// [`axum::extract::FromRef`]. Cheap to clone.
///
/// Its methods are the programmatic interface, for command-line tools, jobs and tests.
pub struct Users<U: AuthUser>(Arc<View<U>>);

/// The content of one handle: the parts that all handles share, and one view of the store.
pub(crate) struct View<U: AuthUser> {
    /// The users of `tenant`. For a user type with tenants, a store without a tenant refuses every operation on users.
    pub(crate) store: Arc<dyn UserStore<U>>,
    pub(crate) loader: BatchLoader<U>,
    /// The tenant that the handle is bound to.
    tenant: Option<Tenant<U>>,
    /// The path of the routes that are made with the handle; empty except while they are made.
    mounted_at: String,
    inner: Arc<Inner<U>>,
}

impl<U: AuthUser> View<U> {
    /// Returns the path of the routes that are made with the handle.
    pub(crate) fn mounted_at(&self) -> &str {
        &self.mounted_at
    }

    /// Returns a text that differs between tenants; empty without a tenant.
    pub(crate) fn tenant_name(&self) -> String {
        self.tenant.as_ref().map(|tenant| format!("{tenant:?}")).unwrap_or_default()
    }

    /// Returns the name of the tenant in the audit log.
    #[cfg(feature = "audit")]
    pub(crate) fn tenant_text(&self) -> Option<String> {
        self.tenant.as_ref().map(Tenant::text)
    }
}

impl<U: AuthUser> Deref for View<U> {
    type Target = Inner<U>;

    fn deref(&self) -> &Inner<U> {
        &self.inner
    }
}

impl<U: AuthUser> Inner<U> {
    /// Returns the sink that stores events in addition to the log.
    pub(crate) fn event_sink(&self) -> Option<Arc<dyn EventSink>> {
        #[cfg(feature = "audit")]
        if let Some(audit) = &self.audit {
            return Some(Arc::new(audit.clone()));
        }
        None
    }
}

/// The parts that all handles of one service share, created by the builder.
pub(crate) struct Inner<U: AuthUser> {
    /// The store of all users. Operations use [`View::store`].
    pub(crate) whole_store: Arc<dyn UserStore<U>>,
    pub(crate) tenant_of_request: Option<Arc<dyn TenantOfRequest<U>>>,
    pub(crate) sessions: Option<Arc<dyn SessionStore>>,
    pub(crate) oauth_accounts: Option<Arc<dyn OAuthStore<U>>>,
    #[cfg(feature = "oauth")]
    pub(crate) oauth: OAuthParts,
    /// `None` if there are no passkeys.
    #[cfg(feature = "passkeys")]
    pub(crate) passkeys: Option<Arc<ActivePasskeys>>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) hooks: Arc<dyn Hooks<U>>,
    pub(crate) mail_tokens: Arc<dyn MailTokens>,
    pub(crate) email_changes: Arc<dyn EmailChangeTokens>,
    pub(crate) by_mail: ByMail,
    pub(crate) backends: Vec<ActiveBackend>,
    pub(crate) enabled: Option<Arc<dyn EnabledBackends>>,
    pub(crate) gates: Vec<Arc<dyn Gate<U>>>,
    pub(crate) policy: Policy,
    /// The path under which clients reach the routes.
    pub(crate) base_path: BasePath,
    pub(crate) breached: Option<BreachCheck>,
    pub(crate) verification_on_register: bool,
    /// Whether hooks after a stored change run after the response.
    pub(crate) queued_hooks: bool,
    pub(crate) limits: Limits,
    pub(crate) counters: Arc<dyn Counters>,
    pub(crate) challenges: Option<Challenges>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) holding: Arc<Holding>,
    pub(crate) running_timer: RunningTimer,
    /// `None` if logins are not limited.
    pub(crate) devices: Option<Arc<dyn DeviceCookies>>,
    #[cfg(feature = "audit")]
    pub(crate) audit: Option<crate::background::AuditQueue>,
    /// `None` if second factors are off.
    #[cfg(feature = "totp")]
    pub(crate) mfa: Option<Arc<ActiveMfa<U>>>,
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl<U: AuthUser> Users<U> {
    pub(crate) fn assemble(inner: Inner<U>) -> Self {
        let store = Arc::clone(&inner.whole_store);
        let loader = BatchLoader::new(Arc::clone(&store));
        Self(Arc::new(View { store, loader, tenant: None, mounted_at: String::new(), inner: Arc::new(inner) }))
    }

    /// Returns the same handle for routes under a further path.
    pub(crate) fn mounted_under(&self, path: &str) -> Self {
        let View { store, loader, tenant, mounted_at, inner } = self.inner();
        Self(Arc::new(View {
            store: Arc::clone(store),
            loader: loader.clone(),
            tenant: tenant.clone(),
            mounted_at: format!("{mounted_at}{path}"),
            inner: Arc::clone(inner),
        }))
    }

    pub(crate) fn inner(&self) -> &View<U> {
        &self.0
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Returns the names of the backends, in the order of declaration.
    pub fn backends(&self) -> impl Iterator<Item = &str> {
        self.0.backends.iter().map(|backend| &*backend.name)
    }

    /// Returns the name of the backend with this index.
    pub(crate) fn backend_name(&self, index: usize) -> &str {
        self.0.backends.get(index).map_or("", |backend| &*backend.name)
    }

    /// Returns the backends at which users can log in.
    pub(crate) fn backends_with_logins(&self) -> impl Iterator<Item = &ActiveBackend> {
        self.0.backends.iter().filter(|backend| backend.strategy.issues_tokens())
    }

    /// Returns whether the service has limits at all.
    #[cfg(feature = "oauth")]
    pub(crate) fn is_limited(&self) -> bool {
        self.0.limits != Limits::off()
    }

    /// Returns whether users can have a second factor.
    pub(crate) fn has_second_factors(&self) -> bool {
        #[cfg(feature = "totp")]
        return self.0.mfa.is_some();
        #[cfg(not(feature = "totp"))]
        false
    }

    /// Returns whether users may have passkeys ([`UsersBuilder::passkeys`](crate::UsersBuilder)).
    #[must_use]
    pub fn has_passkeys(&self) -> bool {
        #[cfg(feature = "passkeys")]
        return self.0.passkeys.is_some();
        #[cfg(not(feature = "passkeys"))]
        false
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl<U: AuthUser> Clone for Users<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> fmt::Debug for Users<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("backends", &self.backends().collect::<Vec<_>>())
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}
