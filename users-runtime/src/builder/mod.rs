//! The composition root: the only module that depends on both the service and the adapters.

mod address;
#[cfg(feature = "audit")]
mod audit;
mod backend;
mod by_mail;
mod check;
mod creation;
mod limits;
mod mail_tokens;
mod no_hooks;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "passkeys")]
mod passkeys;
mod passwords;
mod refresh;
#[cfg(feature = "totp")]
mod second_factor;
mod serve;
mod service_name;
mod tenant;

use std::{sync::Arc, time::Duration};

use backend::Service;
pub use backend::{Backend, StrategySettings};
use no_hooks::NoHooks;

use crate::{
    adapter::{
        OsRandom, SystemClock,
        jwt::{JwtEmailChangeTokens, MailTokenSettings},
        mail::{MailHooks, Mailer},
        memory::MemoryCounters,
        password::{Argon2Params, HashSettings, Hashing, RehashRule},
    },
    background::{Jobs, RunningTimer},
    domain::{BasePath, Error, PublicUrl, Relaxation, Result, SecretKey, Setting, TrustedOrigins, TrustedProxies},
    event::operation,
    port::{
        BreachCheck, Clock, Counters, EnabledBackends, Gate, Hooks, Random, TenantOfRequest, UserManager, UserStore,
    },
    service::{ActiveGate, Challenges, Clients, Holding, Inner, Limits, Policy, Users, VerifiedGate},
    user::AuthUser,
};

/// Builds a [`Users`]. The secret, a store and at least one backend are required.
#[must_use]
pub struct UsersBuilder<U: AuthUser> {
    secret: SecretKey,
    store: Option<Box<dyn FnOnce() -> StoreFuture<U> + Send>>,
    backends: Vec<Backend>,
    hooks: Option<Arc<dyn Hooks<U>>>,
    verification_on_register: bool,
    queued_hooks: bool,
    enabled: Option<Arc<dyn EnabledBackends>>,
    tenant: Option<Arc<dyn TenantOfRequest<U>>>,
    gates: Vec<Arc<dyn Gate<U>>>,
    policy: Policy,
    public_url: Option<Result<PublicUrl>>,
    base_path: String,
    trusted_origins: TrustedOrigins,
    trusted_proxies: TrustedProxies,
    breached: Option<BreachCheck>,
    hashing: Option<HashSettings>,
    mail_tokens: Option<MailTokenSettings>,
    reset_lifetime: Option<Duration>,
    verify_lifetime: Option<Duration>,
    by_mail: by_mail::Settings,
    mail_queue: usize,
    limits: Option<Limits>,
    challenges: Option<Challenges>,
    refusal_delay: Duration,
    #[cfg(feature = "totp")]
    mfa: crate::service::Mfa<U>,
    counters: Option<MakeCounters<U>>,
    #[cfg(feature = "passkeys")]
    passkeys: Option<crate::service::Passkeys>,
    #[cfg(feature = "audit")]
    audit: audit::Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Creates the counters; receives the name that distinguishes the keys of this service in Redis, and the store.
type MakeCounters<U> = Box<dyn FnOnce(&str, &Arc<dyn UserStore<U>>) -> Result<Arc<dyn Counters>> + Send>;
type StoreFuture<U> = crate::port::BoxFuture<'static, Result<Arc<dyn UserStore<U>>>>;

impl<U: AuthUser> Users<U> {
    /// Returns a builder for a service.
    pub fn builder(secret: SecretKey) -> UsersBuilder<U> {
        UsersBuilder {
            secret,
            store: None,
            backends: Vec::new(),
            hooks: None,
            verification_on_register: false,
            queued_hooks: false,
            enabled: None,
            tenant: None,
            gates: Vec::new(),
            policy: Policy::recommended(),
            public_url: None,
            base_path: String::new(),
            trusted_origins: TrustedOrigins::default(),
            trusted_proxies: TrustedProxies::none(),
            breached: None,
            hashing: None,
            mail_tokens: None,
            reset_lifetime: None,
            verify_lifetime: None,
            by_mail: by_mail::Settings::default(),
            mail_queue: Jobs::CAPACITY,
            limits: None,
            challenges: None,
            refusal_delay: Holding::DELAY,
            #[cfg(feature = "totp")]
            mfa: crate::service::Mfa::off(),
            counters: None,
            #[cfg(feature = "passkeys")]
            passkeys: None,
            #[cfg(feature = "audit")]
            audit: audit::Settings::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
        }
    }
}

impl<U: AuthUser> UsersBuilder<U> {
    /// Stores users in the database at `url`, such as `sqlite://app.db?mode=rwc`, `postgres://…` or `mysql://…`. The
    /// scheme selects the database; each needs its Cargo feature.
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    pub fn database(mut self, url: impl Into<String>) -> Self
    where
        U: crate::adapter::sql::StoredUser,
    {
        let url = url.into();
        self.store = Some(Box::new(move || {
            Box::pin(async move {
                let store = crate::adapter::sql::SqlStore::<U>::connect(&url).await?;
                Ok(Arc::new(store) as Arc<dyn UserStore<U>>)
            })
        }));
        self
    }

    /// Stores users in the application's store, or in a store over a connection pool that the application shares.
    pub fn store(mut self, store: impl UserStore<U>) -> Self {
        self.store = Some(Box::new(move || Box::pin(async move { Ok(Arc::new(store) as Arc<dyn UserStore<U>>) })));
        self
    }

    /// Adds a backend. The first one, in the order of the calls, that accepts a token wins. Names must be unique.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Sets which backends are enabled for each request. Default: all.
    pub fn enabled_backends(mut self, enabled: impl EnabledBackends) -> Self {
        self.enabled = Some(Arc::new(enabled));
        self
    }

    /// Sets the application's hooks. Default: none.
    pub fn manager(mut self, manager: impl UserManager<U>) -> Self {
        self.hooks = Some(Arc::new(manager));
        self
    }

    /// Runs the hooks after a stored change (`on_after_register`, `on_after_update`, `on_after_verify`,
    /// `on_after_reset_password`, `on_after_logout`, `on_after_delete`) after the response, on the mail queue. A hook that fails
    /// is called again after one second and after five seconds; if it still fails, an event is logged. Default: once, before the
    /// response.
    ///
    /// A hook may then run twice for one change, so it must be idempotent. Queued hooks are lost in a crash. Calls from
    /// code run the hooks once, before they return.
    pub fn queued_hooks(mut self) -> Self {
        self.queued_hooks = true;
        self
    }

    /// Sends the mails of password reset and verification with `mailer`, and a verification mail after each
    /// registration. Replaces hooks set with [`UsersBuilder::manager`].
    pub fn mailer(self, mailer: Mailer) -> Self {
        self.manager(MailHooks::new(mailer)).verification_on_register(true)
    }

    /// Adds a condition for every login, checked after the gates for active and verified users.
    pub fn gate(mut self, gate: impl Gate<U>) -> Self {
        self.gates.push(Arc::new(gate));
        self
    }

    /// Sets the policy. Default: [`Policy::recommended`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the audiences, secrets and format of mailed tokens, for example for a Python service with a secret for each.
    pub fn mail_tokens(mut self, config: MailTokenSettings) -> Self {
        self.mail_tokens = Some(config);
        self
    }

    /// Sets the lifetime of reset tokens. Default 30 minutes (one hour under [`Policy::fastapi_users`]), at most a day.
    pub fn reset_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.reset_lifetime = Some(lifetime);
        self
    }

    /// Sets the lifetime of verification tokens. Default one hour, maximum one day.
    pub fn verify_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.verify_lifetime = Some(lifetime);
        self
    }

    /// Sends a verification mail after each registration. Default: off, as in fastapi-users; on with
    /// [`UsersBuilder::mailer`].
    pub fn verification_on_register(mut self, send: bool) -> Self {
        self.verification_on_register = send;
        self
    }

    /// Sets how many mails the queue holds. Default 1,024. While the queue is full, routes that send mail respond with 503.
    pub fn mail_queue(mut self, jobs: usize) -> Self {
        self.mail_queue = jobs;
        self
    }

    /// Sets how long responses with status 429 and 503 are delayed, so that a client that ignores `Retry-After` has to
    /// wait. Default 100 ms, at most a second; zero sends them at once. The more responses are being delayed, the
    /// longer the delay, up to a second; beyond 1,024 they are sent at once, and the connection is closed.
    pub fn refusal_delay(mut self, delay: Duration) -> Self {
        self.refusal_delay = delay;
        self
    }

    /// Sets the clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the source of randomness, for tests.
    ///
    /// # Security
    /// Tokens, session keys and password salts come from this source. Predictable output lets an attacker log in as any
    /// user.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Builds the service: connects to the database, starts the hashing threads, and logs one warning that lists every relaxed
    /// rule. If revocations of JWTs are stored in Redis, also checks for at most five seconds whether Redis may lose them.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that contradict each other or are too weak, [`Error::Store`] if the database is
    /// not available.
    pub async fn build(mut self) -> Result<Users<U>> {
        self.check()?;
        let holding = Holding::new(self.refusal_delay)?;
        let store = match self.store.take() {
            Some(connect) => connect().await?,
            None => {
                return Err(Error::setting(
                    Setting::Database,
                    "no database: call .database(\"sqlite://app.db?mode=rwc\") or .store(…)",
                ));
            }
        };
        let redis_service = service_name::of::<U>(&self.secret)?;
        let counters = match self.counters.take() {
            Some(make) => make(&redis_service, &store)?,
            None => Arc::new(MemoryCounters::new()),
        };
        #[cfg(feature = "audit")]
        let audit = self.audit_queue(&store)?;
        let hasher = Arc::new(Hashing::start(self.hash_settings(), Arc::clone(&self.random), Arc::clone(&self.clock))?);
        let mail_tokens = self.mail_token_settings();
        self.check_audiences(&mail_tokens)?;
        let mail_tokens = self.build_mail_tokens(mail_tokens, &hasher)?;
        let email_changes = JwtEmailChangeTokens::new(&self.secret, Arc::clone(&self.clock), Arc::clone(&self.random))?;
        let public_url = self.public_url.take().transpose()?;
        let base_path = BasePath::parse(&self.base_path)?;
        let limits = self.effective_limits();
        let challenges = self.configured_challenges(&limits)?;
        let devices = self.device_cookies(&limits, public_url.as_ref(), &base_path)?;
        let by_mail = self.ways_by_mail(public_url.as_ref(), &base_path)?;
        let mut policy = self.policy.clone();
        if public_url.as_ref().is_some_and(PublicUrl::is_http_in_private_network) {
            policy.with(Relaxation::PlainHttp);
        }
        #[cfg(feature = "totp")]
        let mfa = self.active_mfa(&store, public_url.as_ref(), &base_path)?;
        let sessions = Arc::clone(&store).session_store();
        let oauth_accounts = Arc::clone(&store).oauth_store();
        #[cfg(feature = "oauth")]
        let oauth = self.oauth_parts(public_url.as_ref(), &base_path)?;
        #[cfg(feature = "passkeys")]
        let passkeys = self.active_passkeys(public_url.as_ref(), &store, &redis_service)?;
        #[cfg(feature = "redis")]
        for redis in self.backends.iter().filter_map(Backend::revocations) {
            redis.warn_if_forgetful().await;
        }
        let mut backends = Vec::with_capacity(self.backends.len());
        for backend in std::mem::take(&mut self.backends) {
            let service = Service {
                secret: &self.secret,
                #[cfg(feature = "redis")]
                redis_service: &redis_service,
                policy: &self.policy,
                public_url: public_url.as_ref(),
                base_path: &base_path,
                trusted_origins: &self.trusted_origins,
                store: &store,
                sessions: sessions.as_ref(),
                #[cfg(feature = "oauth")]
                has_oauth_accounts: oauth_accounts.is_some(),
                #[cfg(feature = "oauth")]
                limited: limits != Limits::off(),
                clock: &self.clock,
                random: &self.random,
            };
            backends.push(backend.build(&service, &mut policy)?);
        }
        if self.secret.is_short() {
            policy.with(Relaxation::ShortSecret);
        }
        policy.set(Relaxation::NoLimits, !limits.limits_logins());
        let mut gates: Vec<Arc<dyn Gate<U>>> = vec![Arc::new(ActiveGate)];
        if policy.requires_verification() {
            gates.push(Arc::new(VerifiedGate { private: policy.is_private() }));
        }
        gates.append(&mut self.gates);
        warn_of_relaxations(&policy);
        let users = Users::assemble(Inner {
            oauth_accounts,
            whole_store: store,
            tenant_of_request: self.tenant,
            sessions,
            #[cfg(feature = "oauth")]
            oauth,
            #[cfg(feature = "passkeys")]
            passkeys,
            hasher,
            hooks: self.hooks.unwrap_or_else(|| Arc::new(NoHooks)),
            mail_tokens,
            email_changes: Arc::new(email_changes),
            by_mail,
            backends,
            enabled: self.enabled,
            gates,
            policy,
            base_path,
            breached: self.breached,
            verification_on_register: self.verification_on_register,
            queued_hooks: self.queued_hooks,
            limits,
            counters,
            challenges,
            clients: Arc::new(Clients::new(self.trusted_proxies)),
            holding: Arc::new(holding),
            running_timer: RunningTimer::default(),
            devices,
            #[cfg(feature = "audit")]
            audit,
            #[cfg(feature = "totp")]
            mfa,
            jobs: Jobs::with_capacity(self.mail_queue, Arc::clone(&self.clock)),
            clock: self.clock,
            random: self.random,
        });
        #[cfg(feature = "oauth")]
        oauth::check_new_users(&users)?;
        Ok(users)
    }

    fn hash_settings(&mut self) -> HashSettings {
        let mut settings = self.hashing.take().unwrap_or_default();
        if self.policy.allows(Relaxation::PwdlibHashes) && !settings.params.are_for_tests() {
            settings.params = Argon2Params::pwdlib();
            settings.rehash = RehashRule::WhenDifferent;
        }
        settings
    }
}

/// Logs one warning that lists every relaxed rule by the call that relaxed it.
fn warn_of_relaxations(policy: &Policy) {
    let relaxed: Vec<_> = policy.relaxations().map(Relaxation::call).collect();
    if !relaxed.is_empty() {
        operation!(WARN, "rules_relaxed", "rules are relaxed", relaxed = relaxed.join(", "));
    }
}
