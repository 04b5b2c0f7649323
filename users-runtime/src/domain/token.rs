//! Tokens, with one type per purpose so that they cannot be confused.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

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
    /// The token that gets the next access token, once. Not to be confused with that of an OAuth provider.
    RefreshToken
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
    /// The token in a mail that logs in (a magic link).
    MagicLinkToken
}
token! {
    /// The six digits in a mail that log in, together with the request they were asked for with.
    LoginCode
}
token! {
    /// The name of a request for a [`LoginCode`], which only the client that made the request knows.
    LoginCodeRequest
}
token! {
    /// The token that opens an invited account, in the mail to its address.
    InvitationToken
}
token! {
    /// The token that proves a new address, in the mail to that address.
    ConfirmEmailToken
}
token! {
    /// The token of a login whose first factor is proved and whose second one is not. It is no credential alone.
    MfaToken
}
token! {
    /// The token that undoes a change of the address, in the mail to the old address.
    UndoEmailToken
}
/// So that errors which carry one can be compared.
impl PartialEq for MfaToken {
    fn eq(&self, other: &Self) -> bool {
        self.secret().as_bytes().ct_eq(other.secret().as_bytes()).into()
    }
}
