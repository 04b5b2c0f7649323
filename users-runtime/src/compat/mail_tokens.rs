//! The bindings of mailed tokens that fastapi-users minted. A token minted here also carries the binding of axum-users,
//! which fastapi-users ignores and which takes precedence over these.

use crate::{
    domain::{Password, PasswordHash},
    port::{Binding, HashError, PasswordHasher, TokenSubject, Verification},
};

/// Mints the claim `password_fgpt`: a password hash of the stored hash.
pub(crate) async fn fingerprint(hasher: &dyn PasswordHasher, of: TokenSubject<'_>) -> Result<PasswordHash, HashError> {
    hasher.hash(&Password::new(of.hashed_password.as_stored())).await
}

/// Returns the binding of a reset token without that of axum-users: its fingerprint.
pub(crate) fn reset_binding(fingerprint: String) -> Binding {
    Binding::Fingerprint(PasswordHash::from_stored(fingerprint))
}

/// Returns whether the password is still the one of this fingerprint.
pub(crate) async fn is_bound_to_password(
    hasher: &dyn PasswordHasher,
    fingerprint: &PasswordHash,
    to: TokenSubject<'_>,
) -> Result<bool, HashError> {
    let stored = Password::new(to.hashed_password.as_stored());
    Ok(hasher.verify(&stored, fingerprint).await? != Verification::Wrong)
}

/// Returns whether the address is still the one of a verification token.
pub(crate) fn is_bound_to_address(email: Option<&str>, to: TokenSubject<'_>) -> bool {
    email == Some(to.email)
}
