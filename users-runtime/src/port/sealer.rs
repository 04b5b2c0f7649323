//! Encryption of stored values.

use zeroize::Zeroizing;

use super::{Random, RandomError};

/// Encrypts texts that are stored, each for one field.
pub(crate) trait Sealer: Send + Sync + 'static {
    /// Encrypts and authenticates bytes for a field.
    ///
    /// # Errors
    /// [`RandomError`] if there is no nonce.
    fn seal(&self, field: &SealedField<'_>, plain: &[u8], random: &dyn Random) -> Result<String, RandomError>;

    /// Returns whether a stored text was encrypted with the key that encrypts now.
    #[cfg(feature = "totp")]
    fn is_present(&self, stored: &str) -> bool;

    /// Decrypts a stored text that was encrypted for this field.
    fn open(&self, field: &SealedField<'_>, stored: &str) -> Opened;
}

/// Where an encrypted text is stored. A text that was moved to another field cannot be decrypted there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedField<'a> {
    /// The column.
    pub(crate) column: &'a str,
    /// The texts that identify the row and its owner. Their order and the boundaries between them matter.
    pub(crate) row: &'a [&'a str],
}

/// The content of a stored text.
pub(crate) enum Opened {
    /// An encrypted text, decrypted.
    Plain(Zeroizing<Vec<u8>>),
    /// Not an encrypted text of this library: empty, or written in clear by another program.
    Foreign,
    /// An encrypted text whose key is not known, or that was changed or moved.
    Unreadable(&'static str),
}
