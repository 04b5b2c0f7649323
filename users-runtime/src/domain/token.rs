//! Tokens, with one type per purpose so that they cannot be confused.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// `Debug` prints no part of it, and it does not implement `Serialize`.
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps a token that was received or just issued.
            #[must_use]
            pub fn new(token: impl Into<String>) -> Self {
                Self(SecretString::from(token.into()))
            }

            /// Returns the text of the token.
            ///
            /// # Security
            /// Anyone who has the text can use the token. Put it only into the mail to the owner of the account or the
            /// response to the client, and never into a log.
            #[must_use]
            pub fn secret(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

token! {
    /// The token that a login returns and that requests carry.
    AccessToken
}
token! {
    /// The token in a password reset mail.
    ResetToken
}
token! {
    /// The token in a verification mail.
    VerifyToken
}
token! {
    /// The token that proves a new address, in the mail to that address.
    ConfirmEmailToken
}
token! {
    /// The token that undoes a change of the address, in the mail to the old address.
    UndoEmailToken
}
