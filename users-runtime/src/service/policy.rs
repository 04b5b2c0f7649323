//! The security policy: recommended rules, each of which can be relaxed by name.

use std::{collections::BTreeSet, time::Duration};

use crate::domain::{
    EmailRules, PasswordPolicy, Relaxation, Timestamp,
    email::{AnyStored, EmailPolicy, OwnOrNew},
};

/// The security rules of a service.
///
/// [`Policy::recommended`] is the default. The name of each method that relaxes a rule states which protection is lost.
/// One warning at startup lists every relaxed rule. See
/// [Passwords](https://github.com/axum-users/axum-users/blob/main/docs/guide/passwords.md),
/// [Sessions](https://github.com/axum-users/axum-users/blob/main/docs/guide/sessions.md) and [Moving from
/// fastapi-users](https://github.com/axum-users/axum-users/blob/main/docs/guide/moving-from-fastapi-users.md).
#[derive(Debug, Clone)]
pub struct Policy {
    relaxed: BTreeSet<Relaxation>,
    passwords: PasswordPolicy,
    emails: EmailPolicy,
    upstream_tokens_until: Option<Timestamp>,
    fresh_login: Duration,
    require_verification: bool,
    require_current_password: bool,
    require_origin: bool,
    private_registration: bool,
    tell_suspended_users: bool,
    admin_password_denied: bool,
    quirks: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self::recommended()
    }
}

impl Policy {
    /// Returns the secure rules. Their numbers and sources are listed in the [security
    /// evidence](https://github.com/axum-users/axum-users/blob/main/docs/contributing/security.md).
    #[must_use]
    pub fn recommended() -> Self {
        Self {
            relaxed: BTreeSet::new(),
            passwords: PasswordPolicy::recommended(),
            emails: EmailPolicy::default(),
            upstream_tokens_until: None,
            fresh_login: Duration::from_secs(300),
            require_verification: false,
            require_current_password: false,
            require_origin: false,
            private_registration: false,
            tell_suspended_users: false,
            admin_password_denied: false,
            quirks: false,
        }
    }

    fn relax(mut self, relaxation: Relaxation) -> Self {
        self.relaxed.insert(relaxation);
        self
    }

    /// Keeps a JWT valid until it expires, even after a logout, as in fastapi-users.
    #[must_use]
    pub fn without_revocation(self) -> Self {
        self.relax(Relaxation::WithoutRevocation)
    }

    /// Keeps a user's other sessions valid after a change or reset of the password.
    ///
    /// # Security
    /// An attacker who holds a session stays logged in. Tokens that fastapi-users issued also stay valid when all
    /// sessions of the user are ended here.
    #[must_use]
    pub fn keep_sessions(self) -> Self {
        self.relax(Relaxation::KeepSessions)
    }

    /// Allows a session of any age to change the password and the address without re-authentication.
    ///
    /// # Security
    /// A stolen session is enough to take over the account.
    #[must_use]
    pub fn allow_password_change_without_current(self) -> Self {
        self.relax(Relaxation::PasswordChangeWithoutCurrent)
    }

    /// Stores a new address of a user (`PATCH /users/me`) at once, unverified, as fastapi-users does. Otherwise the account
    /// keeps its address until the owner of the new one confirms it with a mailed token, and the old address gets a token
    /// that undoes the change for a week.
    ///
    /// # Security
    /// An attacker who steals a session that may change the address takes over the account. The owner is notified but cannot undo
    /// the change.
    #[must_use]
    pub fn change_email_at_once(self) -> Self {
        self.relax(Relaxation::EmailChangeAtOnce)
    }

    /// Stores a new address of a user only when it is confirmed. This is the default, except under
    /// [`Policy::fastapi_users`], which changes the address at once.
    #[must_use]
    pub fn confirm_email_changes(mut self) -> Self {
        self.set(Relaxation::EmailChangeAtOnce, false);
        self
    }

    /// Runs mail hooks before the response.
    ///
    /// # Security
    /// The response time reveals whether an account exists (account enumeration).
    #[must_use]
    pub fn inline_hooks(self) -> Self {
        self.relax(Relaxation::InlineHooks)
    }

    /// Omits `WWW-Authenticate` from 401 responses.
    #[must_use]
    pub fn without_challenge(self) -> Self {
        self.relax(Relaxation::WithoutChallenge)
    }

    /// Hashes new passwords with the parameters of fastapi-users (Argon2id with 64 MiB, t=3, p=4) and replaces a hash
    /// with other parameters at login, so that both services can write one table.
    #[must_use]
    pub fn pwdlib_hashes(self) -> Self {
        self.relax(Relaxation::PwdlibHashes)
    }

    /// Signs the tokens of all purposes with the secret itself instead of a derived key for each, so that a Python
    /// service with the same secret can read them.
    #[must_use]
    pub fn raw_keys(self) -> Self {
        self.relax(Relaxation::RawKeys)
    }

    /// Accepts tokens that fastapi-users issued until `until`, or indefinitely for `None`. During that time mailed
    /// tokens are issued in its format, so that it accepts them too, unless `UsersBuilder::mail_tokens` sets a format.
    ///
    /// # Security
    /// An access token that fastapi-users issued cannot be revoked individually.
    #[must_use]
    pub fn accept_upstream_tokens(mut self, until: Option<Timestamp>) -> Self {
        self.upstream_tokens_until = until;
        self.relax(Relaxation::UpstreamTokens)
    }

    /// Stores session tokens in plain text, as fastapi-users does, so that both services can share sessions while they
    /// run in parallel.
    ///
    /// # Security
    /// A stolen session table gives access to every session. An operation that ends all sessions of a user here, such
    /// as a reset, does not end them at fastapi-users, which does not know the epoch that is raised.
    #[must_use]
    pub fn plaintext_tokens(self) -> Self {
        self.relax(Relaxation::PlaintextTokens)
    }

    /// Accepts addresses with any Unicode local part, and the form `Name <address>`.
    #[must_use]
    pub fn internationalized_email(mut self) -> Self {
        self.emails.rules = EmailRules::Internationalized;
        self.relax(Relaxation::InternationalizedEmail)
    }

    /// Accepts new addresses at these domains and below them, although no public mail server serves them: special-use
    /// names (`corp.local`, `home.arpa`, `test`) and names without a period (`intranet`, `localhost`). Building the
    /// service fails for a text that is not a domain name.
    ///
    /// A stored address always works for login, reset and verification, and may be sent unchanged in an update, without
    /// this setting.
    ///
    /// # Security
    /// Mailed tokens go to the host to which such a name resolves in the network of the mail server. Under `local`
    /// every device on the local link can claim a name (mDNS); a name without a period is completed by the resolver's
    /// search list. Allow only names that your own mail server delivers itself.
    #[must_use]
    pub fn internal_domains<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().for_each(|name| self.emails.allow_internal(name));
        self.relax(Relaxation::InternalDomains)
    }

    /// Redirects a path with a superfluous trailing slash, with status 307 and a relative path.
    #[must_use]
    pub fn slash_redirect(self) -> Self {
        self.relax(Relaxation::SlashRedirect)
    }

    /// Accepts requests with a cookie from any origin.
    ///
    /// # Security
    /// Any website can make a visitor's browser change the visitor's account, or log the visitor in to the attacker's
    /// account (CSRF). Only the `SameSite` attribute of the cookie remains as protection.
    #[must_use]
    pub fn without_origin_check(self) -> Self {
        self.relax(Relaxation::WithoutOriginCheck)
    }

    /// Names cookies `fastapiusersauth`, as fastapi-users does. Of several cookies with this name, the last one is used.
    ///
    /// # Security
    /// An attacker who controls a sibling subdomain can set the cookie (session fixation).
    #[must_use]
    pub fn plain_cookie_names(self) -> Self {
        self.relax(Relaxation::PlainCookieNames)
    }

    /// Sends no `Clear-Site-Data` at logout.
    ///
    /// # Security
    /// Later users of the same browser may see cached pages.
    #[must_use]
    pub fn keep_site_data(self) -> Self {
        self.relax(Relaxation::KeepSiteData)
    }

    /// Refuses requests with a cookie that do not state their origin. Browsers always state it; other clients need a
    /// bearer token or an `Origin` header.
    #[must_use]
    pub fn require_origin(mut self) -> Self {
        self.require_origin = true;
        self
    }

    /// Sets the rules for passwords.
    #[must_use]
    pub fn passwords(mut self, passwords: PasswordPolicy) -> Self {
        self.relaxed.remove(&Relaxation::NoPasswordPolicy);
        if passwords.is_relaxed() {
            self.relaxed.insert(Relaxation::NoPasswordPolicy);
        }
        self.passwords = passwords;
        self
    }

    /// Sets whether only verified users may log in and use the users routes. Default: `false`, as in fastapi-users.
    #[must_use]
    pub fn require_verification(mut self, required: bool) -> Self {
        self.require_verification = required;
        self
    }

    /// Requires `current_password` for every change of the password or the address, however recent the login (a strict
    /// reading of OWASP ASVS 6.2.3).
    #[must_use]
    pub fn require_current_password(mut self) -> Self {
        self.require_current_password = true;
        self
    }

    /// Sets how long after a login the password and the address may be changed without `current_password`. Clamped to
    /// 60 to 900 seconds; default 300.
    #[must_use]
    pub fn fresh_login(mut self, window: Duration) -> Self {
        self.fresh_login = window.clamp(Duration::from_secs(60), Duration::from_secs(900));
        self
    }

    /// Responds to a registration with a taken address as to any other, and notifies the owner of the address by mail,
    /// to prevent account enumeration. Requires [`Policy::require_verification`], ids that are not generated by the
    /// database, and a store with [`UserStore::check_insert`](crate::port::UserStore::check_insert).
    ///
    /// Every registration also tries an insert with a made-up address of the same domain and rolls it back. A constraint or
    /// a trigger that accepts only certain addresses before the at sign therefore refuses all of them. A login with a
    /// provider creates no account for an address that the provider has not verified.
    ///
    /// A change to a taken address also gets the same response as any other, and the owner of that address gets the same notice.
    /// With [`Policy::change_email_at_once`], however, a signed-in user learns whether another account has the address.
    #[must_use]
    pub fn private_registration(mut self) -> Self {
        self.private_registration = true;
        self
    }

    /// Informs suspended users at a login with the right password of the suspension, its end and its reason: 400
    /// `LOGIN_USER_SUSPENDED`. By default they get the same response as for a wrong password. A client that does not
    /// know the password learns nothing.
    #[must_use]
    pub fn tell_suspended_users(mut self) -> Self {
        self.tell_suspended_users = true;
        self
    }

    /// Forbids superusers to set other users' passwords (OWASP ASVS 6.4.6). They start a reset instead.
    #[must_use]
    pub fn deny_admin_password(mut self) -> Self {
        self.admin_password_denied = true;
        self
    }

    /// Returns the relaxed rules, in order.
    pub fn relaxations(&self) -> impl Iterator<Item = Relaxation> + '_ {
        self.relaxed.iter().copied()
    }

    /// Returns whether a rule is relaxed.
    #[must_use]
    pub fn allows(&self, relaxation: Relaxation) -> bool {
        self.relaxed.contains(&relaxation)
    }

    /// Applies no limits to logins, registrations or other requests, unless the builder sets limits.
    pub(crate) fn without_limits(self) -> Self {
        self.relax(Relaxation::NoLimits)
    }

    /// Keeps the harmless quirks of fastapi-users' HTTP interface.
    pub(crate) fn keep_quirks(self) -> Self {
        Self { quirks: true, ..self }
    }

    pub(crate) fn with(&mut self, relaxation: Relaxation) {
        self.set(relaxation, true);
    }

    pub(crate) fn set(&mut self, relaxation: Relaxation, is_relaxed: bool) {
        if is_relaxed {
            self.relaxed.insert(relaxation);
        } else {
            self.relaxed.remove(&relaxation);
        }
    }

    pub(crate) fn email_rules(&self) -> EmailRules {
        self.emails.rules
    }

    /// Returns the rules for the address of a new account.
    pub(crate) fn new_email(&self) -> &EmailPolicy {
        &self.emails
    }

    /// Returns the rules for the address in a change of an account that has the address `own`.
    pub(crate) fn own_or_new_email<'a>(&'a self, own: &'a str) -> OwnOrNew<'a> {
        OwnOrNew { policy: &self.emails, own }
    }

    /// Returns the rules for the address of an account that may be stored.
    pub(crate) fn stored_email(&self) -> AnyStored<'_> {
        AnyStored(&self.emails)
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

    /// Returns whether the harmless quirks of fastapi-users' HTTP interface are kept.
    pub(crate) fn keeps_quirks(&self) -> bool {
        self.quirks
    }

    pub(crate) fn tells_suspended_users(&self) -> bool {
        self.tell_suspended_users
    }

    pub(crate) fn denies_admin_password(&self) -> bool {
        self.admin_password_denied
    }
}
