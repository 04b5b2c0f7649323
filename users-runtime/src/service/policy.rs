//! Which rules hold: the recommended ones, or upstream's, or the recommended ones less some named ones.

use std::{collections::BTreeSet, time::Duration};

use crate::domain::{EmailRules, PasswordPolicy, Relaxation, Timestamp};

/// Which rules hold.
///
/// [`Policy::recommended`] is what you get without asking. Each method that takes a rule away has a name that says what is
/// lost, and all that is taken away is logged once, as a warning, when the service starts.
#[derive(Debug, Clone)]
pub struct Policy {
    relaxed: BTreeSet<Relaxation>,
    passwords: PasswordPolicy,
    upstream_tokens_until: Option<Timestamp>,
    fresh_login: Duration,
    require_verification: bool,
    require_current_password: bool,
    require_origin: bool,
    private_registration: bool,
    admin_password_denied: bool,
    quirks: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self::recommended()
    }
}

impl Policy {
    /// The secure rules. The numbers and their sources are in `docs/contributing/security.md`.
    #[must_use]
    pub fn recommended() -> Self {
        Self {
            relaxed: BTreeSet::new(),
            passwords: PasswordPolicy::recommended(),
            upstream_tokens_until: None,
            fresh_login: Duration::from_secs(300),
            require_verification: false,
            require_current_password: false,
            require_origin: false,
            private_registration: false,
            admin_password_denied: false,
            quirks: false,
        }
    }

    fn relax(mut self, relaxation: Relaxation) -> Self {
        self.relaxed.insert(relaxation);
        self
    }

    /// A JWT works until it ends by itself, logged out or not (difference C1).
    #[must_use]
    pub fn without_revocation(self) -> Self {
        self.relax(Relaxation::WithoutRevocation)
    }

    /// Other sessions survive a change or reset of the password (C2): a thief stays in. So does whatever fastapi-users
    /// minted, even when all sessions of the user are ended here.
    #[must_use]
    pub fn keep_sessions(self) -> Self {
        self.relax(Relaxation::KeepSessions)
    }

    /// A session alone may change the password and the address (C3): a stolen session becomes a stolen account.
    #[must_use]
    pub fn allow_password_change_without_current(self) -> Self {
        self.relax(Relaxation::PasswordChangeWithoutCurrent)
    }

    /// Mail hooks run before the answer (C5): its time tells who has an account.
    #[must_use]
    pub fn inline_hooks(self) -> Self {
        self.relax(Relaxation::InlineHooks)
    }

    /// 401 answers carry no `WWW-Authenticate` (C11).
    #[must_use]
    pub fn without_challenge(self) -> Self {
        self.relax(Relaxation::WithoutChallenge)
    }

    /// New hashes have fastapi-users' parameters (C19: 64 MiB, t=3, p=4), and a stored hash with others is rewritten at
    /// login, so that both services can write one table.
    #[must_use]
    pub fn pwdlib_hashes(self) -> Self {
        self.relax(Relaxation::PwdlibHashes)
    }

    /// The secret itself signs the tokens of all purposes (C21), so that a Python service with the same secret reads them.
    #[must_use]
    pub fn raw_keys(self) -> Self {
        self.relax(Relaxation::RawKeys)
    }

    /// Tokens that fastapi-users minted are accepted until `until`, or for good (C21), and until then mailed tokens are
    /// minted so that it accepts ours; a form given to `UsersBuilder::mail_tokens` stays.
    /// Access tokens of its cannot be revoked one by one.
    #[must_use]
    pub fn accept_upstream_tokens(mut self, until: Option<Timestamp>) -> Self {
        self.upstream_tokens_until = until;
        self.relax(Relaxation::UpstreamTokens)
    }

    /// Stored sessions hold the token itself (C18), as fastapi-users writes and reads them, so that both services can share the
    /// sessions while they run side by side.
    #[must_use]
    pub fn plaintext_tokens(self) -> Self {
        self.relax(Relaxation::PlaintextTokens)
    }

    /// Accepts addresses with any Unicode local part, and `Name <address>` (C24).
    #[must_use]
    pub fn internationalized_email(self) -> Self {
        self.relax(Relaxation::InternationalizedEmail)
    }

    /// Redirects a path with a superfluous slash with 307 to a relative path (C25).
    #[must_use]
    pub fn slash_redirect(self) -> Self {
        self.relax(Relaxation::SlashRedirect)
    }

    /// Cookies count wherever a request comes from (C10): any web site can have a visitor's browser change the visitor's
    /// account here, or log the visitor in to the attacker's. Only the cookie's `SameSite` is left.
    #[must_use]
    pub fn without_origin_check(self) -> Self {
        self.relax(Relaxation::WithoutOriginCheck)
    }

    /// Cookies have fastapi-users' name `fastapiusersauth`, and of several with one name the last counts (C9): whoever has
    /// a page on a sibling subdomain can plant a session.
    #[must_use]
    pub fn plain_cookie_names(self) -> Self {
        self.relax(Relaxation::PlainCookieNames)
    }

    /// A logout leaves what the browser cached (C26): the next person at that screen may find it.
    #[must_use]
    pub fn keep_site_data(self) -> Self {
        self.relax(Relaxation::KeepSiteData)
    }

    /// Refuses requests with a cookie that say nothing about where they come from. Browsers always say it; other clients
    /// then need a bearer token, or an `Origin` header.
    #[must_use]
    pub fn require_origin(mut self) -> Self {
        self.require_origin = true;
        self
    }

    /// The rules for passwords.
    #[must_use]
    pub fn passwords(mut self, passwords: PasswordPolicy) -> Self {
        self.relaxed.remove(&Relaxation::NoPasswordPolicy);
        if passwords.is_relaxed() {
            self.relaxed.insert(Relaxation::NoPasswordPolicy);
        }
        self.passwords = passwords;
        self
    }

    /// Lets only verified users log in and use the users routes. Default: off, as on the wire.
    #[must_use]
    pub fn require_verification(mut self, required: bool) -> Self {
        self.require_verification = required;
        self
    }

    /// Always asks for `current_password` to change the password or the address, however fresh the login
    /// (OWASP ASVS 6.2.3, read literally).
    #[must_use]
    pub fn require_current_password(mut self) -> Self {
        self.require_current_password = true;
        self
    }

    /// How long after a login the password and the address may be changed without `current_password`: 60 to 900
    /// seconds, default 300.
    #[must_use]
    pub fn fresh_login(mut self, window: Duration) -> Self {
        self.fresh_login = window.clamp(Duration::from_secs(60), Duration::from_secs(900));
        self
    }

    /// Registering a taken address answers like any other registration, and its owner gets a mail. Needs
    /// [`Policy::require_verification`] and UUID ids.
    #[must_use]
    pub fn private_registration(mut self) -> Self {
        self.private_registration = true;
        self
    }

    /// Superusers cannot set other people's passwords (OWASP ASVS 6.4.6); they start a reset instead.
    #[must_use]
    pub fn deny_admin_password(mut self) -> Self {
        self.admin_password_denied = true;
        self
    }

    /// What is taken away, in order.
    pub fn relaxations(&self) -> impl Iterator<Item = Relaxation> + '_ {
        self.relaxed.iter().copied()
    }

    /// Whether a rule is taken away.
    #[must_use]
    pub fn allows(&self, relaxation: Relaxation) -> bool {
        self.relaxed.contains(&relaxation)
    }

    /// Keeps the harmless surprises of fastapi-users' wire.
    pub(crate) fn keep_quirks(self) -> Self {
        Self { quirks: true, ..self }
    }

    pub(crate) fn with(&mut self, relaxation: Relaxation) {
        self.relaxed.insert(relaxation);
    }

    pub(crate) fn email_rules(&self) -> EmailRules {
        if self.allows(Relaxation::InternationalizedEmail) { EmailRules::Internationalized } else { EmailRules::Ascii }
    }

    pub(crate) fn password_policy(&self) -> &PasswordPolicy {
        &self.passwords
    }

    pub(crate) fn upstream_tokens_until(&self) -> Option<Timestamp> {
        self.upstream_tokens_until
    }

    pub(crate) fn fresh_window(&self) -> Duration {
        self.fresh_login
    }

    pub(crate) fn requires_verification(&self) -> bool {
        self.require_verification
    }

    pub(crate) fn requires_current_password(&self) -> bool {
        self.require_current_password
    }

    pub(crate) fn requires_origin(&self) -> bool {
        self.require_origin
    }

    pub(crate) fn is_private(&self) -> bool {
        self.private_registration
    }

    /// Whether harmless surprises of the wire are kept (`[quirk]` in the wire contract).
    pub(crate) fn keeps_quirks(&self) -> bool {
        self.quirks
    }

    pub(crate) fn denies_admin_password(&self) -> bool {
        self.admin_password_denied
    }
}
