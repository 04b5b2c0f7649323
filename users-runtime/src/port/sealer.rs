//! Encryption of what is stored.

use zeroize::Zeroizing;

use super::{Random, RandomError};

/// Encrypts texts that are stored, each for one place.
pub(crate) trait Sealer: Send + Sync + 'static {
    /// Encrypts and authenticates bytes for a place.
    ///
    /// # Errors
    /// [`RandomError`] if there is no nonce.
    fn seal(&self, place: &Place<'_>, plain: &[u8], random: &dyn Random) -> Result<String, RandomError>;

    /// Decrypts a stored text that was encrypted for this place.
    fn open(&self, place: &Place<'_>, stored: &str) -> Opened;
}

/// Where an encrypted text is stored. A text that was moved to another place cannot be decrypted there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The column.
    pub(crate) column: &'a str,
    /// What identifies the row and its owner. The order matters, and the borders between the texts.
    pub(crate) row: &'a [&'a str],
}

/// What a stored text is.
pub(crate) enum Opened {
    /// An encrypted text, decrypted.
    Plain(Zeroizing<Vec<u8>>),
    /// Not an encrypted text of this library: empty, or written in clear by another program.
    Foreign,
    /// An encrypted text whose key is not known, or that was changed or moved.
    Unreadable(&'static str),
}
