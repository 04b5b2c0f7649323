//! The name that distinguishes this service from others that share a Redis database.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::{Result, SecretKey};

/// Returns 16 characters that are derived from the secret and the name of the user type `U`. They reveal nothing about
/// the secret, and differ between services and between user types.
pub(super) fn of<U>(secret: &SecretKey) -> Result<String> {
    let user_type = std::any::type_name::<U>().rsplit("::").next().unwrap_or_default();
    let name = secret.derive(format!("axum-users/v1/redis-keys/{user_type}").as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(&name[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct User;
    struct Admin;

    #[test]
    fn services_and_user_types_have_different_names() {
        let secret = |text: &str| SecretKey::allow_short_secret(text);
        let names = [
            of::<User>(&secret("one")).unwrap(),
            of::<User>(&secret("two")).unwrap(),
            of::<Admin>(&secret("one")).unwrap(),
        ];
        assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2], "{names:?}");
        assert_eq!(names[0], of::<User>(&secret("one")).unwrap(), "the same in every process");
        assert!(names.iter().all(|name| name.len() == 16), "{names:?}");
    }
}
