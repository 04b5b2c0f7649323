//! Tokens: 32 random bytes in 43 URL-safe characters, the format of fastapi-users.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    domain::{AccessToken, Login, SessionKey, TokenId},
    port::{Random, RandomError},
};

/// Mints a token of 256 bits (OWASP ASVS 7.2.3 requires at least 128).
fn fresh_token(random: &dyn Random) -> Result<AccessToken, RandomError> {
    let mut bits = Zeroizing::new([0_u8; 32]);
    random.fill(bits.as_mut_slice())?;
    Ok(AccessToken::new(URL_SAFE_NO_PAD.encode(bits.as_slice())))
}

/// Returns the token of a login: a new one, or the one of its refresh.
pub(super) fn token_of(login: &Login, random: &dyn Random) -> Result<AccessToken, RandomError> {
    match &login.seed {
        Some(seed) => Ok(seed.token()),
        None => fresh_token(random),
    }
}

/// Returns the id of the session of a login: the given one, or a new one of 128 bits.
pub(super) fn name_of(login: &Login, random: &dyn Random) -> Result<TokenId, RandomError> {
    if let Some(id) = &login.session_id {
        return Ok(id.clone());
    }
    let mut bits = [0_u8; 16];
    random.fill(&mut bits)?;
    Ok(TokenId::from_random(bits))
}

/// Returns `true` if `token` has the form of a minted token. Others are never looked up.
pub(super) fn is_well_formed(token: &AccessToken) -> bool {
    let text = token.secret();
    text.len() == SessionKey::CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::OsRandom;

    #[test]
    fn a_minted_token_is_well_formed_and_others_are_not() {
        let token = fresh_token(&OsRandom).unwrap();
        assert!(is_well_formed(&token));
        let text = token.secret();
        for other in [&text[1..], &format!("{text}a"), &format!("{}=", &text[1..]), &format!("{}+", &text[1..]), ""] {
            assert!(!is_well_formed(&AccessToken::new(other)), "{other}");
        }
    }
}
