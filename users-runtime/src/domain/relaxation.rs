//! Rules that can be taken away.

/// A rule that was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Relaxation {
    /// A JWT works until it ends by itself, logged out or not.
    WithoutRevocation,
    /// Other sessions survive a change or reset of the password.
    KeepSessions,
    /// A session alone, however old, may change the password and the address.
    PasswordChangeWithoutCurrent,
    /// Any password is accepted, the empty one as well.
    NoPasswordPolicy,
    /// Mail hooks run before the answer, so its time tells who has an account.
    InlineHooks,
    /// Tokens never end by themselves.
    NeverExpires,
    /// JWTs live longer than a day, or stored sessions longer than 30 days.
    LongLifetime,
    /// 401 answers carry no challenge.
    WithoutChallenge,
    /// New hashes cost what fastapi-users' do (64 MiB each), and are rewritten when they differ.
    PwdlibHashes,
    /// One key signs tokens of all purposes; only the audience keeps them apart.
    RawKeys,
    /// The secret may be short enough to guess.
    ShortSecret,
    /// RS256 keys are configured, a signature scheme that OWASP ASVS 5.0 disallows.
    LegacyRs256,
    /// Tokens that fastapi-users minted are accepted; they cannot be revoked.
    UpstreamTokens,
    /// Addresses with any Unicode, and `Name <address>`.
    InternationalizedEmail,
    /// A superfluous slash is redirected.
    SlashRedirect,
    /// Stored sessions hold the token itself: a stolen table logs everybody in.
    PlaintextTokens,
    /// Any web site can make a person's browser send requests with the session cookie.
    WithoutOriginCheck,
    /// Cookies have names without a prefix, so a sibling subdomain can plant one.
    PlainCookieNames,
    /// Cookies travel without TLS, on this machine only.
    InsecureCookies,
    /// What the browser cached stays there after a logout.
    KeepSiteData,
    /// Anybody may ask for any number of mails to anybody.
    NoLimits,
}

impl Relaxation {
    /// All of them. `docs/contributing/security.md` lists the same.
    pub const ALL: [Self; 21] = [
        Self::WithoutRevocation,
        Self::KeepSessions,
        Self::PasswordChangeWithoutCurrent,
        Self::NoPasswordPolicy,
        Self::InlineHooks,
        Self::NeverExpires,
        Self::LongLifetime,
        Self::WithoutChallenge,
        Self::PwdlibHashes,
        Self::RawKeys,
        Self::ShortSecret,
        Self::LegacyRs256,
        Self::UpstreamTokens,
        Self::InternationalizedEmail,
        Self::SlashRedirect,
        Self::PlaintextTokens,
        Self::WithoutOriginCheck,
        Self::PlainCookieNames,
        Self::InsecureCookies,
        Self::KeepSiteData,
        Self::NoLimits,
    ];

    /// The call that takes the rule away, as written in an application.
    #[must_use]
    pub const fn call(self) -> &'static str {
        match self {
            Self::WithoutRevocation => "without_revocation()",
            Self::KeepSessions => "keep_sessions()",
            Self::PasswordChangeWithoutCurrent => "allow_password_change_without_current()",
            Self::NoPasswordPolicy => "PasswordPolicy::none()",
            Self::InlineHooks => "inline_hooks()",
            Self::NeverExpires => "never_expires()",
            Self::LongLifetime => "lifetime(more than a day)",
            Self::WithoutChallenge => "without_challenge()",
            Self::PwdlibHashes => "pwdlib_hashes()",
            Self::RawKeys => "raw_keys()",
            Self::ShortSecret => "allow_short_secret()",
            Self::LegacyRs256 => "legacy_rs256_pem(key)",
            Self::UpstreamTokens => "accept_upstream_tokens(until)",
            Self::InternationalizedEmail => "internationalized_email()",
            Self::SlashRedirect => "slash_redirect()",
            Self::PlaintextTokens => "plaintext_tokens()",
            Self::WithoutOriginCheck => "without_origin_check()",
            Self::PlainCookieNames => "plain_cookie_names()",
            Self::InsecureCookies => "insecure_for_localhost()",
            Self::KeepSiteData => "keep_site_data()",
            Self::NoLimits => "Limits::off()",
        }
    }
}
