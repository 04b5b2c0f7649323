//! The login name of a user: stored in its normal form.

use crate::{
    domain::{LoginName, StoreError},
    user::AuthUser,
};

/// Writes the login name in its normal form, unless it is that of `before`. Another program may have stored that one in any
/// form.
///
/// # Errors
/// [`StoreError::InvalidValue`] for a text that is not a login name. Requests are validated earlier, so it comes from code.
pub(super) fn normalize<U: AuthUser>(user: &mut U, before: Option<&U>) -> Result<(), StoreError> {
    if !U::HAS_LOGIN_NAME || before.is_some_and(|before| before.login_name() == user.login_name()) {
        return Ok(());
    }
    if let Some(name) = user.login_name_mut() {
        let parsed = LoginName::parse(name).ok_or_else(|| StoreError::invalid_value(None, "this is no login name"))?;
        *name = parsed.into_string();
    }
    Ok(())
}
