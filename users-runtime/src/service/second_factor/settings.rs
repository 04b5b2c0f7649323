//! The settings of second factors.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    domain::{Error, Result, SecretKey, Setting},
    user::AuthUser,
};

/// The longest time for which a device may be remembered (NIST SP 800-63B-4 section 2.1.3).
const LONGEST_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// A rule of the application that decides which accounts need a second factor.
type Rule<U> = Arc<dyn Fn(&U) -> bool + Send + Sync>;

/// Second factors: a one-time code of an authenticator app beside the password, and recovery codes (OWASP ASVS 6.3.3). Pass it to
/// [`UsersBuilder::mfa`](crate::UsersBuilder::mfa). Default: [`Mfa::off`].
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{AuthUser, Mfa};
///
/// trait Staff { fn is_editor(&self) -> bool; }
///
/// fn settings<U: AuthUser + Staff>() -> Mfa<U> {
///     Mfa::optional().required_for(|user: &U| user.status().is_superuser || user.is_editor()).issuer("Camelot")
/// }
/// ```
#[must_use]
pub struct Mfa<U: AuthUser> {
    level: Level,
    required_for: Vec<Rule<U>>,
    issuer: Option<String>,
    strict: bool,
    previous: Vec<SecretKey>,
    remembers: Option<Duration>,
}

/// Which users may or must have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Off,
    Optional,
    Required,
}

impl<U: AuthUser> Mfa<U> {
    /// Turns second factors off: no user can enroll, and users who are enrolled need no code.
    pub fn off() -> Self {
        Self::at(Level::Off)
    }

    /// Lets users enroll. Enrolled users need a code at every login, except with a passkey, which comprises two factors.
    pub fn optional() -> Self {
        Self::at(Level::Optional)
    }

    /// Requires a second factor of every user: a code, or a passkey. A user without one can log in, enroll, read their
    /// own account and log out; every other route that needs a user responds with 403 `MFA_ENROLLMENT_REQUIRED`.
    pub fn required() -> Self {
        Self::at(Level::Required)
    }

    fn at(level: Level) -> Self {
        Self { level, required_for: Vec::new(), issuer: None, strict: false, previous: Vec::new(), remembers: None }
    }

    /// Requires it of the users for whom `rule` returns `true`, in addition to those of earlier calls: superusers, for
    /// example. Evaluated at every request, for the user as stored. Has no effect with [`Mfa::off`].
    pub fn required_for(mut self, rule: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        self.required_for.push(Arc::new(rule));
        self
    }

    /// Sets the name of the service in authenticator apps. Default: the host of the public URL, or `axum-users` without one.
    pub fn issuer(self, name: impl Into<String>) -> Self {
        Self { issuer: Some(name.into()), ..self }
    }

    /// Accepts only the code of the current 30 seconds. Default: also that of the previous 30 seconds, for users who
    /// type slowly and clocks that are behind (RFC 6238 section 5.2).
    pub fn strict_window(self) -> Self {
        Self { strict: true, ..self }
    }

    /// Lets users have a device remembered when they log in with a code (`remember_device=true` in the form): for this time, at most 30
    /// days, logins from it need no code. Default: never.
    ///
    /// # Security
    /// The device holds a cookie of 256 random bits, of which the SHA-256 is stored. It is useless without the first
    /// factor. It becomes invalid when the password is changed, the second factor is removed, or all sessions are
    /// ended. A session from such a device does not satisfy a route that requires a second factor.
    pub fn remember_devices(self, time: Duration) -> Self {
        Self { remembers: Some(time), ..self }
    }

    /// Also reads seeds that were encrypted with an earlier secret of the service. A seed is re-encrypted with the current secret
    /// when its next code is used. Keep the earlier secret until no row uses its key any more; the guide shows how to check this.
    pub fn previous_secret(mut self, secret: SecretKey) -> Self {
        self.previous.push(secret);
        self
    }

    pub(crate) fn is_off(&self) -> bool {
        self.level == Level::Off
    }

    /// Returns whether this user must have a second factor.
    pub(crate) fn requires(&self, user: &U) -> bool {
        match self.level {
            Level::Off => false,
            Level::Required => true,
            Level::Optional => self.required_for.iter().any(|rule| rule(user)),
        }
    }

    pub(crate) fn given_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns how many time steps before the current one are accepted.
    pub(crate) fn earlier_steps(&self) -> u8 {
        u8::from(!self.strict)
    }

    /// Returns for how long devices are remembered, if they are.
    pub(crate) fn remembers(&self) -> Result<Option<Duration>> {
        match self.remembers {
            Some(time) if time.as_secs() == 0 || time > LONGEST_REMEMBERED => Err(Error::setting(
                Setting::SecondFactor,
                "devices are remembered for at least a second and at most 30 days",
            )),
            time => Ok(time),
        }
    }

    pub(crate) fn previous_secrets(&self) -> impl Iterator<Item = &SecretKey> {
        self.previous.iter()
    }
}

impl<U: AuthUser> Clone for Mfa<U> {
    fn clone(&self) -> Self {
        Self {
            level: self.level,
            required_for: self.required_for.clone(),
            issuer: self.issuer.clone(),
            strict: self.strict,
            previous: self.previous.clone(),
            remembers: self.remembers,
        }
    }
}

impl<U: AuthUser> fmt::Debug for Mfa<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mfa")
            .field("level", &self.level)
            .field("rules", &self.required_for.len())
            .field("issuer", &self.issuer)
            .field("strict_window", &self.strict)
            .field("remembers", &self.remembers)
            .finish_non_exhaustive()
    }
}
