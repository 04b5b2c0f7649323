//! Tokens, one type per purpose, so that one cannot be used for another.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// `Debug` prints no part of it, and it does not serialize.
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes over a token received from outside or just minted.
            #[must_use]
            pub fn new(token: impl Into<String>) -> Self {
                Self(SecretString::from(token.into()))
            }

            /// The token itself.
            ///
            /// # Security
            /// Whoever holds this text can use it. It belongs into the mail to the account's owner or the answer to
            /// the client, and into no log.
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
    /// What a login yields and a request carries.
    AccessToken
}
token! {
    /// What a password reset mail carries.
    ResetToken
}
token! {
    /// What a verification mail carries.
    VerifyToken
}
