//! Security rules that an application can relax.

/// A security rule that the application relaxed. Every one is logged at startup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Relaxation {
    /// A JWT stays valid until it expires, even after a logout.
    WithoutRevocation,
    /// Other sessions stay valid after a change or reset of the password.
    KeepSessions,
    /// A session of any age may change the password and the address without re-authentication.
    PasswordChangeWithoutCurrent,
    /// Users change their address at once, before the new one is verified, and the owner of the old one cannot undo the change.
    EmailChangeAtOnce,
    /// Any password is accepted, including the empty one.
    NoPasswordPolicy,
    /// Mail hooks run before the response, so its timing allows account enumeration.
    InlineHooks,
    /// Tokens never expire.
    NeverExpires,
    /// JWTs are valid for more than a day, or stored sessions for more than 30 days.
    LongLifetime,
    /// 401 responses carry no challenge.
    WithoutChallenge,
    /// New hashes have the cost of fastapi-users (64 MiB each), and hashes of another cost are replaced at login.
    PwdlibHashes,
    /// One key signs the tokens of all purposes, which only the audience distinguishes.
    RawKeys,
    /// The secret may be short enough for brute force.
    ShortSecret,
    /// RS256 keys are configured, a signature scheme that OWASP ASVS 5.0 disallows.
    LegacyRs256,
    /// Tokens issued by fastapi-users are accepted. They cannot be revoked.
    UpstreamTokens,
    /// Addresses may have any Unicode local part and a display name (`Name <address>`).
    InternationalizedEmail,
    /// Addresses at domains that are not public are accepted.
    InternalDomains,
    /// A path with a superfluous trailing slash is redirected.
    SlashRedirect,
    /// Stored sessions contain the token itself, so a stolen table gives access to every session.
    PlaintextTokens,
    /// Any website can make a user's browser send requests with the session cookie (CSRF).
    WithoutOriginCheck,
    /// Cookie names have no prefix, so a sibling subdomain can set the cookie.
    PlainCookieNames,
    /// Cookies are sent without TLS, on loopback hosts only.
    InsecureCookies,
    /// The service has no TLS: everyone in its private network can read passwords, sessions and mailed tokens.
    PlainHttp,
    /// The browser keeps its cache after a logout.
    KeepSiteData,
    /// Requests for mails and attempts to guess are not rate-limited.
    NoLimits,
}

impl Relaxation {
    /// Every relaxation. `docs/contributing/security.md` describes them.
    pub const ALL: [Self; 24] = [
        Self::WithoutRevocation,
        Self::KeepSessions,
        Self::PasswordChangeWithoutCurrent,
        Self::EmailChangeAtOnce,
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
        Self::InternalDomains,
        Self::SlashRedirect,
        Self::PlaintextTokens,
        Self::WithoutOriginCheck,
        Self::PlainCookieNames,
        Self::InsecureCookies,
        Self::PlainHttp,
        Self::KeepSiteData,
        Self::NoLimits,
    ];

    /// Returns the call that relaxes the rule, as written in an application.
    #[must_use]
    pub const fn call(self) -> &'static str {
        match self {
            Self::WithoutRevocation => "without_revocation()",
            Self::KeepSessions => "keep_sessions()",
            Self::PasswordChangeWithoutCurrent => "allow_password_change_without_current()",
            Self::EmailChangeAtOnce => "change_email_at_once()",
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
            Self::InternalDomains => "internal_domains(names)",
            Self::SlashRedirect => "slash_redirect()",
            Self::PlaintextTokens => "plaintext_tokens()",
            Self::WithoutOriginCheck => "without_origin_check()",
            Self::PlainCookieNames => "plain_cookie_names()",
            Self::InsecureCookies => "insecure_for_localhost()",
            Self::PlainHttp => "PublicUrl::in_private_network(url)",
            Self::KeepSiteData => "keep_site_data()",
            Self::NoLimits => "Limits::off()",
        }
    }
}
