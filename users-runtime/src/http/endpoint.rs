//! The facts of a route as data. Each feature has its own table; the inventory, the access matrix and the OpenAPI
//! document are collected from these tables.

use std::fmt;

use http::Method;

use crate::domain::{Code, Limit, field::Field};

/// A route of this library and the facts about it.
#[non_exhaustive]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "partly read by the OpenAPI document only"))]
pub struct Endpoint {
    pub(crate) group: RouteGroup,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) caller: Caller,
    /// Whether the login must be recent.
    pub(crate) fresh: bool,
    pub(crate) summary: &'static str,
    pub(crate) body: Body,
    pub(crate) responses: &'static [Documented],
    /// The codes of its 400 responses.
    pub(crate) codes: &'static [Code],
    /// The limits beyond which the response is 429.
    pub(crate) limits: &'static [Limit],
}

impl Endpoint {
    /// Returns the group of routes that it is mounted with.
    #[must_use]
    pub fn group(&self) -> RouteGroup {
        self.group
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path, relative to the prefix of the group.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the route name of fastapi-users, from which operation ids are built. `{backend}` stands for the name of
    /// a backend.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns who may call it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// Returns whether the session must come from a recent login.
    #[must_use]
    pub fn requires_fresh_login(&self) -> bool {
        self.fresh
    }

    /// Returns the limits beyond which the response is 429.
    pub fn limits(&self) -> impl Iterator<Item = Limit> {
        self.limits.iter().copied()
    }

    /// Returns the codes of its 400 responses.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.codes.iter().map(|code| code.code)
    }
}

/// Shows the method, the path relative to the group, and the name.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.name)
    }
}

/// Routes that are mounted together, under one prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteGroup {
    /// Login with its second step, logout, re-authentication, refresh and mailed logins, once per backend.
    Auth,
    /// Registration.
    Register,
    /// Password reset.
    Reset,
    /// Verification of the e-mail address.
    Verify,
    /// The user's own account, and all accounts for superusers.
    Users,
    /// Logins with an OAuth provider, once per provider and backend.
    OAuth,
    /// Logins with an ID token that an application on a device got from the provider, once per provider and backend.
    OAuthIdTokens,
    /// Accounts at an OAuth provider for users who are signed in, once per provider.
    OAuthAssociate,
    /// The user's own accounts at OAuth providers. fastapi-users has no such routes.
    OAuthAccounts,
    /// Invitations. fastapi-users has no such routes, and `user_routes` does not mount them.
    Invitations,
    /// The user's own sessions. fastapi-users has no such routes, and `user_routes` does not mount them.
    Sessions,
    /// Suspensions, and passwords that must be changed, for superusers. fastapi-users has no such routes, and `user_routes` does
    /// not mount them.
    AccountStatus,
    /// Second factors, with the Cargo feature `totp`. fastapi-users has no such routes, and `user_routes` does not mount them.
    SecondFactor,
    /// The audit log, with the Cargo feature `audit`. fastapi-users has no such route, and `user_routes` does not mount it.
    Audit,
    /// Logins with passkeys, once per backend, with the Cargo feature `passkeys`. fastapi-users has no such routes, and
    /// `user_routes` does not mount them.
    PasskeyLogin,
    /// Registrations with a passkey instead of a password, as [`RouteGroup::PasskeyLogin`].
    PasskeySignUp,
    /// The user's own passkeys, as [`RouteGroup::PasskeyLogin`].
    Passkeys,
    /// Health checks. fastapi-users has no such routes, and `user_routes` does not mount them.
    Health,
}

impl RouteGroup {
    /// Returns whether its routes are mounted once for each backend.
    pub(crate) const fn is_of_each_backend(self) -> bool {
        matches!(self, Self::Auth | Self::PasskeyLogin)
    }

    /// All groups.
    pub const ALL: [Self; 18] = [
        Self::Auth,
        Self::Register,
        Self::Reset,
        Self::Verify,
        Self::Users,
        Self::OAuth,
        Self::OAuthIdTokens,
        Self::OAuthAssociate,
        Self::OAuthAccounts,
        Self::Invitations,
        Self::Sessions,
        Self::AccountStatus,
        Self::SecondFactor,
        Self::Audit,
        Self::PasskeyLogin,
        Self::PasskeySignUp,
        Self::Passkeys,
        Self::Health,
    ];

    /// The groups of [`passkey_routes`](https://docs.rs/axum-users/latest/axum_users/passkeys/fn.passkey_routes.html).
    pub const OF_PASSKEYS: [Self; 2] = [Self::PasskeyLogin, Self::Passkeys];

    /// The groups that the derived `user_routes` mounts.
    pub const OF_USER_ROUTES: [Self; 5] = [Self::Auth, Self::Register, Self::Reset, Self::Verify, Self::Users];

    /// Returns the prefix that front ends of fastapi-users expect. `{backend}` stands for the name of a backend, `{provider}`
    /// for that of an OAuth provider.
    #[must_use]
    pub const fn usual_prefix(self) -> &'static str {
        match self {
            Self::Auth => "/auth/{backend}",
            Self::Register | Self::Reset | Self::Verify | Self::SecondFactor => "/auth",
            Self::Users | Self::AccountStatus => "/users",
            Self::OAuth | Self::OAuthIdTokens => "/auth/{provider}",
            Self::OAuthAssociate => "/auth/associate/{provider}",
            Self::OAuthAccounts => "/users/me/oauth-accounts",
            Self::Invitations => "/auth/invitations",
            Self::Sessions => "/auth/sessions",
            Self::PasskeyLogin => "/auth/{backend}/passkey",
            Self::PasskeySignUp => "/auth/register/passkey",
            Self::Passkeys => "/auth/passkeys",
            Self::Audit => "/audit",
            Self::Health => "/health",
        }
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// Any client.
    Anyone,
    /// The holder of a token that was mailed to the account's address.
    MailedToken,
    /// The holder of a refresh token.
    RefreshToken,
    /// An active user, for their own account. Also a verified one where verification is required.
    Owner,
    /// An active superuser, for any account.
    Superuser,
}

/// The body that a route reads.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// The login form.
    LoginForm,
    /// Parameters in the query.
    #[cfg_attr(not(any(feature = "oauth", feature = "audit")), allow(dead_code, reason = "of these features only"))]
    Query(&'static [QueryParameter]),
    /// A JSON object with these fields, which belongs to this route.
    Object(&'static [Field]),
    /// Nothing or a JSON object with these fields, at a backend whose refresh tokens are in bodies. Elsewhere nothing.
    RefreshToken(&'static [Field]),
    /// The create schema.
    Create,
    /// The create schema without the password.
    Invitation,
    #[cfg_attr(not(feature = "passkeys"), allow(dead_code, reason = "of passkeys only"))]
    CreateWithoutPassword,
    /// The update schema.
    Update,
    /// The update schema of superusers.
    AdminUpdate,
}

/// A documented success, or a documented error without a code.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) struct Documented {
    pub(crate) status: u16,
    pub(crate) content: Content,
    pub(crate) description: &'static str,
}

/// The content of a documented response.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) enum Content {
    /// No body.
    Empty,
    /// JSON without a schema.
    Anything,
    /// The read schema.
    User,
    /// The token of a login: the transport decides on status and body.
    Token,
    /// An object.
    #[cfg_attr(
        not(any(feature = "oauth", feature = "passkeys")),
        allow(dead_code, reason = "of OAuth providers and passkeys only")
    )]
    Object(&'static ObjectSchema),
    /// An array of objects.
    List(&'static ObjectSchema),
}

/// A parameter in the query. All are optional.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) struct QueryParameter {
    pub(crate) name: &'static str,
    pub(crate) kind: QueryKind,
    /// A value for the documentation.
    pub(crate) example: &'static str,
}

/// The schema of a parameter in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "openapi", feature = "oauth")),
    allow(dead_code, reason = "only OAuth has all kinds, and only the OpenAPI document reads them")
)]
pub(crate) enum QueryKind {
    /// A string.
    Text,
    /// A string that fastapi-users documents as nullable.
    OptionalText,
    /// It may occur several times.
    List,
}

#[cfg(any(feature = "oauth", feature = "audit"))]
impl QueryParameter {
    pub(crate) const fn new(name: &'static str, kind: QueryKind, example: &'static str) -> Self {
        Self { name, kind, example }
    }
}

/// The schema of an object that a feature returns.
#[derive(Debug)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) struct ObjectSchema {
    pub(crate) name: &'static str,
    /// JSON key, type and description.
    pub(crate) fields: &'static [(&'static str, ReadType, &'static str)],
}

/// The type of a field that a feature returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadType {
    /// A string.
    Text,
    /// A string or null.
    OptionalText,
    /// A time as in RFC 3339, or null.
    OptionalTime,
    /// True or false.
    Flag,
    /// A list of strings.
    TextList,
    /// An integer that is not negative.
    #[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "of second factors only"))]
    Number,
    /// Any JSON.
    #[cfg_attr(
        not(any(feature = "oauth", feature = "passkeys")),
        allow(dead_code, reason = "of OAuth providers and passkeys only")
    )]
    Any,
}
