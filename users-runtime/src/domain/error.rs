//! What can go wrong outside a request: while a service is put together, started or stopped.

/// Shorthand for results of building and running a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a service could not be built, migrated or served.
///
/// No variant carries a secret, so printing one is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing, contradictory or too weak; the text says which and what to write instead.
    #[error("{0}")]
    Config(String),
    /// The database refused or could not be reached.
    #[error("database: {0}")]
    Store(#[from] super::StoreError),
    /// The listener or a file could not be opened.
    #[error("i/o: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// A refused setting, in words for the person who wrote it.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::Config(message.into())
    }
}
