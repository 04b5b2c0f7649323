//! Errors of services and stores.

use std::{
    fmt::{self, Display},
    io,
    sync::Arc,
};

use super::redact;

/// The result of building or running a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a service could not be built, migrated or served.
///
/// No variant contains a secret, so errors are safe to print. `Display` and `Debug` print one line with the whole chain
/// of causes and, where possible, a remedy; `source` is therefore `None`. Match the variant to reach the cause.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing, contradictory or too weak.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database failed or could not be reached.
    #[error("{}", redact::chain(.0))]
    Store(StoreError),
    /// The listener or a file could not be opened; the text names the address or the file. Or Redis did not reply.
    #[error("{}", redact::chain(.0))]
    Io(io::Error),
}

/// The form that `fn main() -> axum_users::Result<()>` prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Error {
    /// Returns an error for an invalid setting of the application.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::setting(Setting::Application, message)
    }

    pub(crate) fn setting(setting: Setting, message: impl Into<String>) -> Self {
        Self::Config(ConfigError { setting, message: message.into() })
    }
}

/// For values that need no conversion, such as a [`PublicUrl`](super::PublicUrl) where text is also accepted.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Adds to an I/O error the address or the file, which the operating system's text does not contain.
pub(crate) fn io_error_at(place: impl Display, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}

/// An invalid setting. Its text names the setting and the remedy, and contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    setting: Setting,
    message: String,
}

impl ConfigError {
    /// Returns the subject of the error, so that code can distinguish errors without their text.
    #[must_use]
    pub fn setting(&self) -> Setting {
        self.setting
    }
}

/// The subject of a [`ConfigError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// A setting of the application itself ([`Error::config`]).
    Application,
    /// The backends: none, two of one name, an invalid name, or one that the store cannot serve.
    Backend,
    /// Cookies of a backend.
    Cookie,
    /// The URL of the database, or a database that is not built in.
    Database,
    /// A signing or verification key.
    Key,
    /// Quotas.
    Limits,
    /// Mail: the sender, the server, the templates.
    Mail,
    /// OAuth providers and their routes.
    OAuth,
    /// The ready pages: their languages and texts.
    Pages,
    /// Passkeys: the relying party and its origins.
    Passkeys,
    /// Hashing and breached passwords.
    Password,
    /// Rules of the policy that contradict each other.
    Policy,
    /// Reverse proxies in front of the service.
    Proxy,
    /// The system's source of random numbers.
    Random,
    /// Redis: the URL and the prefixes of keys.
    Redis,
    /// Second factors.
    SecondFactor,
    /// The master secret.
    Secret,
    /// Stored sessions.
    Session,
    /// Tenants.
    Tenant,
    /// Lifetimes and audiences of tokens.
    Token,
    /// The public URL and trusted origins.
    Url,
}

/// The reason why a store failed. Cheap to clone, because one query can serve many callers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another user has this address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// A unique constraint on a column of the application was violated. Clients receive 400 `{"detail":"CONFLICT"}`.
    #[error("a value that must be unique is taken")]
    Conflict,
    /// The database rejects a value: it is too long, out of range, or violates a `CHECK`, a domain or a trigger, or the encoding
    /// of the database lacks a character. Nothing is stored. Clients receive 422; a lookup with such a value finds no user.
    #[error("the database does not accept a value")]
    InvalidValue {
        /// The JSON key of the field, if the database names it and clients know it.
        field: Option<&'static str>,
        /// Names of columns and constraints and the code of the error, never a value.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A user is stored with a value that its field cannot hold, such as NULL in a flag. Another program wrote it. For logins,
    /// mails and sessions the user does not exist; `PATCH /users/{id}` of a superuser repairs the row, and `DELETE` removes it.
    #[error("the stored user {id} cannot be read: {column}")]
    Unreadable {
        /// The id of the user.
        id: String,
        /// The column, and what is wrong with its value. Never the value.
        column: String,
    },
    /// The database cannot be reached, has no free connection in time, or is busy or read-only. A later attempt may
    /// succeed.
    #[error("the database is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The existing schema or rows prevent a migration. The message contains the remedy.
    #[error("{0}")]
    Schema(String),
    /// Users belong to tenants (`#[auth(tenant)]`) and no tenant was selected: call `for_tenant` first. Or the store does not
    /// support tenants.
    #[error("users belong to tenants and no tenant was selected: call for_tenant first")]
    MissingTenant,
    /// Another failure. The cause is logged and not sent to clients.
    #[error("the database failed")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Returns [`StoreError::Unavailable`] with this cause.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// Returns [`StoreError::InvalidValue`] for the field with this JSON key, with this cause.
    ///
    /// # Security
    /// The cause is logged. It must not contain the value.
    #[must_use]
    pub fn invalid_value(
        field: Option<&'static str>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::InvalidValue { field, cause: Arc::from(cause.into()) }
    }

    /// Returns [`StoreError::Failed`] with this cause.
    #[must_use]
    pub fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(cause.into()))
    }
}
