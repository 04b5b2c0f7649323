//! The handle that an application holds, and what several flows share. It knows ports only.

mod authenticate;
mod backend;
mod gates;
mod hooks;
mod jobs;
mod limits;
mod loader;
mod origin;
mod passwords;
mod policy;
mod programmatic;
mod scope;
mod sessions;
mod update;

use std::{fmt, ops::Deref, sync::Arc};

pub(crate) use authenticate::{Authenticated, AuthenticationError, Identity};
pub(crate) use backend::ActiveBackend;
pub(crate) use gates::{ActiveGate, VerifiedGate};
pub(crate) use hooks::AfterAnswer;
pub(crate) use jobs::{Jobs, QueueFull, drain_all};
pub(crate) use loader::Loader;
pub(crate) use origin::OriginRule;

pub use limits::Limits;
pub use passwords::PasswordError;
pub use policy::Policy;
pub use programmatic::CreateError;
pub use sessions::{Sessions, SessionsError};
pub(crate) use update::Actor;
pub use update::UpdateError;

use crate::{
    domain::Timestamp,
    port::{
        BreachCheck, Clock, Counters, EnabledBackends, Gate, Hooks, MailTokens, PasswordHasher, Random, SessionStore,
        TenantOfRequest, UserStore,
    },
    user::{AuthUser, Scope},
};

/// Everything about users, cheap to clone. Put it in the router's state; routes and extractors find it there through
/// [`axum::extract::FromRef`].
///
/// The methods are the programmatic interface, for command lines, jobs and tests.
pub struct Users<U: AuthUser>(Arc<View<U>>);

/// What one handle works with: everything, and the users through one view of the store.
pub(crate) struct View<U: AuthUser> {
    /// The users of `scope`, if users have tenants. Held to no tenant it refuses everything about such users.
    pub(crate) store: Arc<dyn UserStore<U>>,
    pub(crate) loader: Loader<U>,
    /// The tenant that the handle is bound to.
    scope: Option<Scope<U>>,
    parts: Arc<Parts<U>>,
}

impl<U: AuthUser> Deref for View<U> {
    type Target = Parts<U>;

    fn deref(&self) -> &Parts<U> {
        &self.parts
    }
}

/// What a [`Users`] is made of. Filled by the builder.
pub(crate) struct Parts<U: AuthUser> {
    /// The store of all users. Flows use [`View::store`].
    pub(crate) whole_store: Arc<dyn UserStore<U>>,
    pub(crate) tenant: Option<Arc<dyn TenantOfRequest<U>>>,
    pub(crate) sessions: Option<Arc<dyn SessionStore>>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) hooks: Arc<dyn Hooks<U>>,
    pub(crate) mail_tokens: Arc<dyn MailTokens>,
    pub(crate) backends: Vec<ActiveBackend>,
    pub(crate) enabled: Option<Arc<dyn EnabledBackends>>,
    pub(crate) gates: Vec<Arc<dyn Gate<U>>>,
    pub(crate) policy: Policy,
    pub(crate) breached: Option<BreachCheck>,
    pub(crate) verification_on_register: bool,
    pub(crate) limits: Limits,
    pub(crate) counters: Arc<dyn Counters>,
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl<U: AuthUser> Users<U> {
    pub(crate) fn assemble(parts: Parts<U>) -> Self {
        let store = Arc::clone(&parts.whole_store);
        let loader = Loader::new(Arc::clone(&store));
        Self(Arc::new(View { store, loader, scope: None, parts: Arc::new(parts) }))
    }

    pub(crate) fn parts(&self) -> &View<U> {
        &self.0
    }

    /// The rules that hold.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The names of the backends, in the order of declaration.
    pub fn backends(&self) -> impl Iterator<Item = &str> {
        self.0.backends.iter().map(|backend| &*backend.name)
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
