//! The runtime of axum-users: flows, policy, hashing, tokens and storage. Applications use it through the crate
//! `axum-users`, which adds the derive.
//!
//! The root has what most applications need. Everything else is in modules named by purpose:
//!
//! | module | for |
//! |---|---|
//! | [`error`] | errors of operations and settings |
//! | [`extract`] | guards, sessions and requirements in a handler's signature |
//! | [`token`] | strategies, transports, signing keys and the settings of mailed tokens |
//! | [`store`] | databases, pools and custom stores |
//! | [`schema`] | what `#[derive(AuthUser)]` implements |
//! | [`password`] | hashing, hashes of other systems, breached passwords |
//! | [`mail`] | mail transports and templates |
//! | [`limits`] | quotas, counters and challenges |
//! | [`tenant`] | users that belong to tenants |
//! | `oauth` | OAuth providers (feature `oauth`) |
//! | `passkeys` | logins with passkeys (feature `passkeys`) |
//! | [`proxy`] | reverse proxies in front of the service |
//! | [`client`] | bodies of requests and responses for clients in Rust |
//! | [`routes`] | the routes as data, the session routes, error responses |
//! | [`event`] | security events |
//! | [`env`](mod@env) | the clock and the random number generator |
//! | `audit` | the audit log (feature `audit`) |
//! | `openapi` | the OpenAPI document (feature `openapi`) |
//! | `pages` | ready pages: sign up, log in, profile (feature `pages`) |
//! | `testing` | helpers for tests (feature `testing`) |
//!
//! | Cargo feature | default | what it adds |
//! |---|---|---|
//! | `sqlite` | yes | the SQL store on SQLite |
//! | `postgres` | no | the SQL store on PostgreSQL |
//! | `mysql` | no | the SQL store on MySQL and MariaDB |
//! | `tls` | no | TLS to PostgreSQL, MySQL and Redis, by rustls with ring |
//! | `openapi` | yes | the OpenAPI document |
//! | `docs-ui` | no | Swagger UI for the OpenAPI document |
//! | `smtp` | no | mail over SMTP |
//! | `breached` | no | sources of breached passwords |
//! | `foreign-hashes` | no | verifiers of hashes that Django, Flask, Devise and Firebase stored |
//! | `redis` | no | sessions, revoked JWTs and counters in Redis |
//! | `altcha` | no | proof-of-work challenges |
//! | `audit` | no | a table of security events in the users' database, and the route that reads it |
//! | `metrics` | no | metrics for monitoring, through the crate `metrics` |
//! | `oauth` | no | logins with OAuth 2.0 and OpenID Connect providers |
//! | `totp` | no | second factors: one-time codes of authenticator apps, and recovery codes |
//! | `passkeys` | no | logins with passkeys (WebAuthn) |
//! | `pages` | no | ready pages: sign up, log in, verify, reset, profile, sessions |
//! | `testing` | no | a clock to set, a mailbox to read, requests as a user, the conformance suite of stores |
#![forbid(unsafe_code)]

// Lets unit tests share the users of `tests/it/store`.
#[cfg(test)]
extern crate self as users_runtime;

mod account;
mod adapter;
mod background;
mod builder;
mod compat;
mod domain;
pub mod event;
mod flows;
mod http;
mod inventory;
#[cfg(feature = "openapi")]
pub mod openapi;
#[cfg(feature = "pages")]
pub mod pages;
mod port;
// The name contains the version, and the derive generates this name from its own version, so crates of different
// versions do not compile together.
#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private0_1_0;
mod service;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod user;

pub use account::SignedIn;
pub use adapter::{
    Bearer, Cookie,
    jwt::Jwt,
    mail::{MailHooks, Mailer},
    session_tokens::DatabaseSessions,
};
#[cfg(feature = "redis")]
pub use adapter::{redis::Redis, session_tokens::RedisSessions};
pub use builder::{Backend, UsersBuilder};
pub use domain::{
    AccessToken, Error, Password, PasswordHash, PasswordPolicy, ResetToken, Result, SecretKey, VerifyToken,
};
pub use flows::sessions::session_routes;
#[cfg(feature = "totp")]
pub use flows::totp::totp_routes;
pub use http::{ApiError, CurrentUser, FreshUser, Guard, Guarded, HasUsers, Superuser, VerifiedUser, not_found};
pub use port::{HookResult, InvalidPassword, RequestContext, UserManager};
#[cfg(feature = "totp")]
pub use service::Mfa;
pub use service::{Limits, Policy, Users};
pub use user::AuthUser;

/// Bodies of requests and responses, for clients in Rust.
///
/// With `#[auth(client)]` the derived schemas go both ways: `UserRead` is read from a response, `UserCreate`, `UserUpdate` and
/// `UserAdminUpdate` are sent by [`Exposed`](client::Exposed). `examples/client` is such a client.
pub mod client {
    pub use crate::user::client::{
        BearerResponse, ErrorDetail, ErrorResponse, Exposed, ForgotPassword, Login, RequestFields, RequestSchema,
        RequestVerifyToken, ResetPassword, ValidationProblem, Verify,
    };
}

/// Errors that code can distinguish.
pub mod error {
    #[cfg(feature = "totp")]
    pub use crate::account::FactorError;
    pub use crate::{
        account::{CreateError, PasswordError, SessionsError, SignInError, StandingError, UpdateError},
        domain::{ConfigError, Error, Setting, StoreError},
        flows::invitations::InviteError,
    };
}

/// The arguments and results of the hooks of [`UserManager`].
pub mod hooks {
    pub use crate::port::{
        EmailChange, FailedLogin, HookError, HookResult, InvalidPassword, NewDevice, PasskeyChange, PasskeyChangeKind,
        PasswordSubject, Registration, RequestContext, Updated, UserManager,
    };
}

/// Guards, sessions and requirements in a handler's signature.
pub mod extract {
    pub use crate::{
        http::{
            CurrentSession, CurrentUser, FreshSecondFactor, FreshUser, Guard, Guarded, HasUsers, Require, Requirements,
            SecondFactor, Superuser, VerifiedUser,
        },
        port::{EnabledBackends, Gate, Verdict},
    };
}

/// Tokens and sessions: strategies, transports, keys, and the settings of mailed tokens.
pub mod token {
    #[cfg(feature = "redis")]
    pub use crate::adapter::{
        redis::{Redis, RedisRevocations},
        session_tokens::{RedisSessions, RedisTokens},
    };
    pub use crate::{
        account::{Sessions, SessionsError},
        adapter::{
            Bearer, Cookie, SameSite,
            jwt::{
                HmacKey, Jwt, JwtMailTokens, JwtStrategy, KeyRing, MAX_TOKEN_BYTES, MailTokenSettings, Purpose,
                RotatingKeys, SigningKeyPair, VerifyingKey, ensure_distinct_audiences,
            },
            session_tokens::{DatabaseSessions, DatabaseTokens, StoredSessions},
        },
        builder::StrategySettings,
        domain::{
            AccessToken, AuthMethod, AuthMethods, ConfirmEmailToken, Device, Epoch, InvitationToken, ListedSession,
            Login, LoginCode, LoginCodeRequest, MagicLinkToken, MfaToken, Origin, PublicUrl, RefreshToken, ResetToken,
            SecretKey, Session, TokenId, TokenSeed, TrustedOrigins, UndoEmailToken, VerifyToken,
        },
        port::{
            Binding, MailToken, MailTokenError, MailTokens, RefreshContext, RefreshGrant, Resolved, RevocationStore,
            SecurityScheme, StoredSession, Strategy, StrategyError, TokenResponse, TokenSubject, Transport,
            TransportContext,
        },
        service::{EmailCode, Invitations, MagicLink, Refresh},
    };
}

/// Databases, connection pools, and the traits of a custom store.
pub mod store {
    pub use crate::{
        adapter::{
            MemoryStore,
            sql::{Database, PoolSettings, SqlStore, StoredUser},
        },
        domain::{
            AuthMethods, CanonicalEmail, Epoch, FactorChange, FamilySalt, IdValue, NewPasskey, Once, Passkey,
            PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed, Reauthentication, RefreshFamily,
            RememberedDevice, Rotated, Rotation, SecretDigest, SessionKey, Standing, StoreError, StoredFactor,
            Suspension, TokenId, UserHandle,
            oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword, StoredTokens},
        },
        port::{
            Change, Damaged, EndSessions, EndedSessions, Found, FoundSession, Lookup, NewSession, OAuthStore,
            PasskeyStore, RefreshStore, SchemaDrift, SecondFactorStore, SessionStore, TokenState, Unlinked, UserStore,
        },
        user::{Columns, NewAccount},
    };
}

/// What `#[derive(AuthUser)]` implements: the user type, its roles, and the schemas of requests and responses.
pub mod schema {
    pub use crate::{
        domain::{
            EmailAddress, EmailRefused, EmailRules, IdKind, IdSeed, LoginName, PasswordHash, Status, StoredId, UserId,
            field::{Field, FieldKind, FieldType, Rule, Shape},
            uuid_v7,
        },
        user::{
            Account, AccountMut, AccountUpdate, AuthUser, Changes, Columns, CustomField, Moment, NewAccount,
            NoImplicitDefault, OAuthAccountRead, SchemaKind, UntilStored,
        },
    };
}

/// Password hashing, hashes of other systems, and breached passwords.
pub mod password {
    #[cfg(feature = "breached")]
    pub use crate::adapter::breached::{HashFile, RangeQuery};
    #[cfg(feature = "foreign-hashes")]
    pub use crate::adapter::password::foreign::{Devise, Django, Firebase, Werkzeug};
    pub use crate::{
        adapter::password::{Argon2Params, Calibration, HashSettings, Hashing, RehashRule},
        domain::{Password, PasswordHash, PasswordPolicy, PasswordRefused},
        port::{
            BreachCheck, BreachSourceDown, BreachedPasswords, ForeignHash, HashCost, HashError, HashVerifier, HttpBody,
            HttpGet, HttpGetFailed, PasswordHasher, UnfitHash, Verification, WhenSourceDown, WorkSource,
        },
    };
}

/// Mail: messages, templates and transports.
pub mod mail {
    #[cfg(any(test, feature = "testing"))]
    pub use crate::adapter::mail::MemoryMails;
    #[cfg(feature = "smtp")]
    pub use crate::adapter::mail::Smtp;
    pub use crate::{
        adapter::mail::{
            CodeMail, EmailChanged, English, Letter, LinkMail, MailHooks, MailTemplates, Mailer, NewLogin, Notice,
            NoticeKind, PasskeyNotice, Terminal, escape_html,
        },
        domain::LinkKind,
        port::{Mail, MailError, MailTransport},
    };
}

/// Quotas, the storage of their counters, and challenges that apply before a quota is used up.
pub mod limits {
    #[cfg(feature = "altcha")]
    pub use crate::adapter::Altcha;
    #[cfg(feature = "redis")]
    pub use crate::adapter::redis::RedisCounters;
    pub use crate::{
        adapter::memory::MemoryCounters,
        domain::{Backoff, Limit, LimitReached, Quota, Rule},
        port::{
            Challenge, ChallengeUnavailable, CounterKey, Counters, CountersUnavailable, Decision, Draw, Settlement,
            SolvedChallenge,
        },
        service::{Challenges, Limits},
    };
}

/// Reverse proxies in front of the service.
pub mod proxy {
    pub use crate::domain::{ForwardedHeader, TrustedProxies};
}

/// Users that belong to tenants.
pub mod tenant {
    pub use crate::{
        port::TenantOfRequest,
        user::{HasTenant, Tenant},
    };
}

/// Logins with OAuth providers: Google, GitHub, any OpenID Connect issuer, and others.
#[cfg(feature = "oauth")]
pub mod oauth {
    pub use crate::{
        adapter::{
            oauth::{AppleKey, OAuth2, OAuth2Endpoints, OpenId, ResourceServer},
            sealing::TokenKeys,
        },
        domain::oauth::{
            AddressStatus, ExternalIdentity, PkceVerifier, ProviderAddress, ProviderToken, ProviderTokens,
            RefreshToken, ReturnTo, SameAddress, Subject,
        },
        flows::oauth::oauth_account_routes,
        port::{
            AuthorizationCode, AuthorizationRequest, CodeExchange, DeviceIdToken, ExternalSession, IdentityProvider,
            ProviderError, TokenRefresh,
        },
        service::{OAuthProvider, ProviderTokenError},
    };
}

/// Logins with passkeys (WebAuthn).
#[cfg(feature = "passkeys")]
pub mod passkeys {
    pub use crate::{
        domain::{Passkey, PasskeyId},
        flows::passkeys::{passkey_routes, passkey_sign_up_routes},
        service::Passkeys,
    };
}

/// The audit log: security events in the users' database.
#[cfg(feature = "audit")]
pub mod audit {
    pub use crate::{
        account::{Audit, AuditPage},
        flows::audit::audit_routes,
        port::{AuditEntry, AuditQuery, AuditStore, SessionChange},
    };
}

/// The routes as data, the access matrix, and the error responses.
pub mod routes {
    pub use crate::{
        flows::{
            account_status::account_status_routes, health::health_routes, invitations::invitation_routes,
            sessions::session_routes,
        },
        http::{ApiError, Caller, Endpoint, Loc, Problem, RouteGroup, SecurityHeaders, not_found, security_headers},
        inventory::{Prefixes, access_matrix, endpoints},
    };
}

/// The clock, the random number generator, and other things that tests replace.
pub mod env {
    pub use crate::{
        adapter::{OsRandom, SystemClock},
        domain::{Relaxation, Timestamp},
        port::{BoxFuture, Clock, Random, RandomError},
    };
}
