//! The names of the limits.

use std::time::Duration;

use super::Rule;

/// A limit of [`Limits`](crate::Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Failed logins at one account from one address, or from one browser that has logged in to it before. A wrong
    /// `current_password` is counted as well. Whether the account exists makes no difference.
    LoginClient,
    /// Failed logins from one address at all accounts, except those to which this client has logged in before.
    LoginAddress,
    /// Failed logins at one account from all clients that have not logged in to it before.
    LoginAccount,
    /// Failed logins at one account from all clients that have logged in to it before. Beyond it, they are counted like
    /// unknown clients.
    LoginKnown,
    /// Registrations from one address. A refused password does not count.
    Register,
    /// Requests for a reset mail from one address.
    ForgotPassword,
    /// Requests for a verification mail from one address.
    RequestVerify,
    /// Requests for a mailed link or code to log in, from one address.
    MailedLogin,
    /// Mails of one kind that requests cause to be sent to one account.
    Mails,
    /// Refused tokens for a new password, from one address.
    ResetPassword,
    /// Refused tokens of verification and of mailed logins, from one address.
    Verify,
    /// Wrong mailed codes at one account, over all requests for codes: from all clients that have not logged in to it before,
    /// and separately from all that have. Whether the account exists makes no difference.
    EmailCode,
    /// Flows with OAuth providers that are started from one address and do not succeed.
    OAuthStart,
    /// Callbacks and ID tokens of OAuth providers from one address that do not succeed.
    OAuthCallback,
    /// Attempts of a user to change the address, which reveal whether the new address has an account.
    EmailChange,
    /// Refreshes by one user, of all the user's logins.
    Refresh,
    /// Wrong codes of one user's second factor at logins. Only clients that have passed the first factor are counted.
    SecondFactor,
    /// The same, over a long time.
    SecondFactorLongTerm,
    /// Wrong codes of one user's second factor in sessions: at re-authentication, for new recovery codes, and to enroll or disable.
    SecondFactorInSession,
    /// The same, over a long time.
    SecondFactorInSessionLongTerm,
}

impl Limit {
    /// All limits, in the order of the guide.
    pub const ALL: [Self; 20] = [
        Self::LoginClient,
        Self::LoginAddress,
        Self::LoginAccount,
        Self::LoginKnown,
        Self::Register,
        Self::ForgotPassword,
        Self::RequestVerify,
        Self::MailedLogin,
        Self::Mails,
        Self::ResetPassword,
        Self::Verify,
        Self::EmailCode,
        Self::OAuthStart,
        Self::OAuthCallback,
        Self::EmailChange,
        Self::Refresh,
        Self::SecondFactor,
        Self::SecondFactorLongTerm,
        Self::SecondFactorInSession,
        Self::SecondFactorInSessionLongTerm,
    ];

    /// The limits of a login with a password, and with the second factor.
    pub(crate) const OF_LOGIN: [Self; 5] =
        [Self::LoginClient, Self::LoginAddress, Self::LoginAccount, Self::SecondFactor, Self::SecondFactorLongTerm];
    /// The limits of a re-authentication in a session.
    pub(crate) const OF_REAUTHENTICATION: [Self; 5] = [
        Self::LoginClient,
        Self::LoginAddress,
        Self::LoginAccount,
        Self::SecondFactorInSession,
        Self::SecondFactorInSessionLongTerm,
    ];
    /// The limits of a second factor at logins.
    pub(crate) const OF_CODES_AT_LOGIN: [Self; 2] = [Self::SecondFactor, Self::SecondFactorLongTerm];
    /// The limits of a second factor in sessions. Separate from those at logins, so that an attacker with a stolen
    /// session cannot use up the attempts at logins, nor one with the password those in sessions.
    pub(crate) const OF_CODES_IN_SESSION: [Self; 2] =
        [Self::SecondFactorInSession, Self::SecondFactorInSessionLongTerm];
    /// The limits of a user's changes to their own account.
    pub(crate) const OF_CHANGES: [Self; 4] =
        [Self::LoginClient, Self::LoginAddress, Self::LoginAccount, Self::EmailChange];

    /// Returns the name, as in the field `RateLimit-Policy` of a response.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginClient => "login-client",
            Self::LoginAddress => "login-address",
            Self::LoginAccount => "login-account",
            Self::LoginKnown => "login-known",
            Self::Register => "register",
            Self::ForgotPassword => "forgot-password",
            Self::RequestVerify => "request-verify",
            Self::MailedLogin => "mailed-login",
            Self::Mails => "mails",
            Self::ResetPassword => "reset-password",
            Self::Verify => "verify",
            Self::EmailCode => "email-code",
            Self::OAuthStart => "oauth-start",
            Self::OAuthCallback => "oauth-callback",
            Self::EmailChange => "email-change",
            Self::Refresh => "refresh",
            Self::SecondFactor => "second-factor",
            Self::SecondFactorLongTerm => "second-factor-long-term",
            Self::SecondFactorInSession => "second-factor-in-session",
            Self::SecondFactorInSessionLongTerm => "second-factor-in-session-long-term",
        }
    }

    /// Returns the reason in the event of a refusal.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::LoginClient => "too many failures at this account from this client",
            Self::LoginAddress => "too many failures from this address",
            Self::LoginAccount => "too many failures at this account",
            Self::LoginKnown => "too many failures at this account from known clients",
            Self::Register => "too many registrations from this address",
            Self::ForgotPassword | Self::RequestVerify | Self::MailedLogin => {
                "too many requests for mails from this address"
            }
            Self::Mails => "too many mails to this account",
            Self::ResetPassword | Self::Verify => "too many wrong tokens from this address",
            Self::EmailCode => "too many wrong codes at this account",
            Self::OAuthStart | Self::OAuthCallback => "too many flows from this address",
            Self::EmailChange => "too many changes of the address",
            Self::Refresh => "too many refreshes by this user",
            Self::SecondFactor
            | Self::SecondFactorLongTerm
            | Self::SecondFactorInSession
            | Self::SecondFactorInSessionLongTerm => "too many wrong codes of this second factor",
        }
    }
}

/// A limit that a request has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReached {
    /// The limit.
    pub limit: Limit,
    /// What it allows.
    pub rule: Rule,
    /// How long the client must wait.
    pub wait: Duration,
}

impl LimitReached {
    /// The longest wait that is reported to a client: a day.
    const LONGEST_TOLD: u32 = 24 * 3600;

    /// Returns the wait in whole seconds, at least one and at most a day.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        let seconds = self.wait.as_millis().div_ceil(1000);
        u32::try_from(seconds).unwrap_or(u32::MAX).clamp(1, Self::LONGEST_TOLD)
    }
}
