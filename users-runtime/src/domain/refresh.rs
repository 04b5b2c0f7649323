//! Refresh tokens: a family for each login, in which each token works once.
//!
//! A token is the id of its family, its number in it, and a MAC over both with a key of the service and a random salt
//! of the family. Every token of a family can therefore be recomputed, and none is stored: the storage contains only
//! the number of the newest one.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    AccessToken, AuthMethods, CLOCK_SKEW, Device, Epoch, Error, RefreshToken, Result, SecretKey, Setting, Timestamp,
    TokenId,
};

/// The bytes of a family's id.
const ID: usize = 16;
/// The bytes of a token's number.
const NUMBER: usize = 4;
/// The bytes of a MAC: HMAC-SHA-256.
const TAG: usize = 32;
/// The characters of a token.
const CHARS: usize = ((ID + NUMBER + TAG) * 4).div_ceil(3);

/// The refresh tokens of one login. It represents the session in the list of sessions, even where access tokens are not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshFamily {
    /// The id, which is that of the session: every access token of the family has it.
    pub id: TokenId,
    /// The user's id as text.
    pub subject: String,
    /// Makes its tokens unpredictable for anyone who knows only the key.
    pub salt: FamilySalt,
    /// The number of the newest token.
    pub generation: u32,
    /// The name of the backend.
    pub backend: String,
    /// The user's epoch when the newest token was issued.
    pub epoch: Epoch,
    /// The time of the login.
    pub logged_in_at: Timestamp,
    /// The time at which the newest token was issued, in whole milliseconds.
    pub rotated_at: Timestamp,
    /// The time at which the newest token expires: after the idle time, or with the family.
    pub expires_at: Timestamp,
    /// The time at which the family ends, however much it is used.
    pub ends_at: Timestamp,
    /// The device that logged in.
    pub device: Device,
    /// The authentication methods of the login.
    pub methods: AuthMethods,
}

/// 128 random bits of a family, in base64url. Its tokens are computed from these bits and the key.
#[derive(Clone, PartialEq, Eq)]
pub struct FamilySalt(pub String);

impl fmt::Debug for FamilySalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FamilySalt(***)")
    }
}

/// A request to replace the newest token of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The family.
    pub id: TokenId,
    /// The number of the presented token.
    pub generation: u32,
    /// The current time, in whole milliseconds.
    pub at: Timestamp,
    /// The time at which the next token expires.
    pub expires_at: Timestamp,
    /// The user's current epoch.
    pub epoch: Epoch,
    /// For how long the same response is repeated.
    pub grace: Duration,
}

/// The result of a request to replace a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// The token was the newest. The updated family has one more.
    Rotated(RefreshFamily),
    /// The token was replaced a moment ago, by the one that is the newest now: the same response is repeated.
    Replayed(RefreshFamily),
    /// The token was replaced earlier. Either the client that presented it or the one that holds the newest token has stolen it.
    Reused,
    /// The family has ended.
    Ended,
}

impl Rotation {
    /// Decides on a presented token by the stored family. [`Rotated::Rotated`] means that the presented token is the
    /// newest, and contains the updated family.
    #[must_use]
    pub fn decide(&self, stored: RefreshFamily) -> Rotated {
        if stored.expires_at <= self.at {
            return Rotated::Ended;
        }
        match stored.generation.checked_sub(self.generation) {
            Some(0) => Rotated::Rotated(RefreshFamily {
                generation: stored.generation.saturating_add(1),
                rotated_at: self.at,
                expires_at: self.expires_at,
                epoch: self.epoch,
                ..stored
            }),
            Some(1) if self.at.signed_duration_since(stored.rotated_at).to_std().is_ok_and(|age| age <= self.grace) => {
                Rotated::Replayed(stored)
            }
            // The clock of the node that replaced it is ahead, by no more than clocks may differ.
            Some(1) if stored.rotated_at.signed_duration_since(self.at).to_std().is_ok_and(|by| by <= CLOCK_SKEW) => {
                Rotated::Replayed(stored)
            }
            Some(_) => Rotated::Reused,
            // The store has lost its latest writes and does not know the newest token.
            None => Rotated::Ended,
        }
    }
}

/// 256 bits from which the access token of a refresh is derived, so that the same response can be repeated.
#[derive(Clone)]
pub struct TokenSeed(Zeroizing<[u8; TAG]>);

impl TokenSeed {
    /// Returns a random-looking token of 43 characters.
    #[must_use]
    pub fn token(&self) -> AccessToken {
        AccessToken::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// Returns a random-looking id.
    #[must_use]
    pub fn id(&self) -> TokenId {
        let mut bytes = [0; ID];
        bytes.copy_from_slice(&self.0[..ID]);
        TokenId::from_random(bytes)
    }
}

impl fmt::Debug for TokenSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSeed(***)")
    }
}

/// A presented token whose MAC has not been verified.
pub(crate) struct PresentedRefresh {
    pub(crate) id: TokenId,
    pub(crate) generation: u32,
    tag: [u8; TAG],
}

impl PresentedRefresh {
    /// Reads the form of a token.
    pub(crate) fn parse(token: &RefreshToken) -> Option<Self> {
        let text = token.secret();
        let bytes = (text.len() == CHARS).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        let (id, rest) = bytes.split_first_chunk::<ID>()?;
        let (number, rest) = rest.split_first_chunk::<NUMBER>()?;
        Some(Self {
            id: TokenId::from_random(*id),
            generation: u32::from_be_bytes(*number),
            tag: rest.try_into().ok()?,
        })
    }
}

/// The keys of refresh tokens: one that makes them, and earlier ones that are still accepted.
pub(crate) struct RefreshKeys(Vec<Hmac<Sha256>>);

impl RefreshKeys {
    /// Derives the keys. The first secret is that of the service.
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a SecretKey>) -> Result<Self> {
        let key = |secret: &SecretKey| {
            let mac = Hmac::new_from_slice(&*secret.derive(b"axum-users/v1/refresh-token")?).ok();
            mac.ok_or_else(|| Error::setting(Setting::Secret, "no key can be derived from the secret"))
        };
        secrets.map(key).collect::<Result<_>>().map(Self)
    }

    /// Returns the token of a family with this number.
    pub(crate) fn token(&self, family: &RefreshFamily, generation: u32) -> Option<RefreshToken> {
        let id = id_of(family)?;
        let tag = tag(self.0.first()?, b"token", family, generation);
        let bytes = Zeroizing::new([&id[..], &generation.to_be_bytes(), &tag].concat());
        Some(RefreshToken::new(URL_SAFE_NO_PAD.encode(&*bytes)))
    }

    /// Returns the seed of the access token that belongs to the refresh token with this number.
    pub(crate) fn seed(&self, family: &RefreshFamily, generation: u32) -> Option<TokenSeed> {
        Some(TokenSeed(Zeroizing::new(tag(self.0.first()?, b"access", family, generation))))
    }

    /// Returns whether a token of this family was presented.
    pub(crate) fn is_genuine(&self, presented: &PresentedRefresh, family: &RefreshFamily) -> bool {
        let matches = |key| bool::from(tag(key, b"token", family, presented.generation).ct_eq(&presented.tag));
        presented.id == family.id && self.0.iter().any(matches)
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKeys(***)")
    }
}

fn id_of(family: &RefreshFamily) -> Option<[u8; ID]> {
    URL_SAFE_NO_PAD.decode(&family.id.0).ok()?.try_into().ok()
}

/// Returns the MAC over a family and a number. Every part has a fixed length or is preceded by its length.
fn tag(key: &Hmac<Sha256>, purpose: &[u8], family: &RefreshFamily, generation: u32) -> [u8; TAG] {
    let mut mac = key.clone();
    for part in [purpose, family.id.0.as_bytes(), family.salt.0.as_bytes(), family.backend.as_bytes()] {
        mac.update(&part.len().to_be_bytes());
        mac.update(part);
    }
    mac.update(&generation.to_be_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + seconds, 0).unwrap()
    }

    fn family() -> RefreshFamily {
        RefreshFamily {
            id: TokenId::from_random([7; 16]),
            subject: "1".to_owned(),
            salt: FamilySalt(TokenId::from_random([9; 16]).0),
            generation: 3,
            backend: "web".to_owned(),
            epoch: Epoch(0),
            logged_in_at: at(0),
            rotated_at: at(100),
            expires_at: at(1000),
            ends_at: at(2000),
            device: Device::default(),
            methods: AuthMethods::NONE,
        }
    }

    fn keys(secrets: &[&str]) -> RefreshKeys {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|text| SecretKey::new(format!("q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E{text}")).unwrap())
            .collect();
        RefreshKeys::new(secrets.iter()).unwrap()
    }

    #[test]
    fn a_token_is_genuine_for_its_family_number_backend_and_key_only() {
        let (keys, family) = (keys(&["a"]), family());
        let token = keys.token(&family, 3).unwrap();
        assert_eq!(token.secret().len(), CHARS);
        let presented = PresentedRefresh::parse(&token).unwrap();
        assert!(presented.generation == 3 && keys.is_genuine(&presented, &family));
        let others = [
            RefreshFamily { salt: FamilySalt("x".to_owned()), ..family.clone() },
            RefreshFamily { backend: "other".to_owned(), ..family.clone() },
            RefreshFamily { id: TokenId::from_random([8; 16]), ..family.clone() },
        ];
        for other in &others {
            assert!(!keys.is_genuine(&presented, other));
        }
        assert!(!keys.is_genuine(&PresentedRefresh { generation: 4, ..presented }, &family));
    }

    #[test]
    fn a_changed_or_malformed_token_is_not_read_as_genuine() {
        let (keys, family) = (keys(&["a"]), family());
        let token = keys.token(&family, 3).unwrap();
        let text = token.secret();
        let flipped = |at: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        for text in (0..CHARS).map(flipped) {
            let presented = PresentedRefresh::parse(&RefreshToken::new(text));
            assert!(presented.is_none_or(|presented| !keys.is_genuine(&presented, &family)));
        }
        for text in ["", &text[1..], &format!("{text}A"), &"=".repeat(CHARS), &"A".repeat(CHARS)] {
            let presented = PresentedRefresh::parse(&RefreshToken::new(text));
            assert!(presented.is_none_or(|presented| !keys.is_genuine(&presented, &family)), "{text}");
        }
    }

    #[test]
    fn an_earlier_secret_is_accepted_while_it_is_configured() {
        let (old, family) = (keys(&["a"]), family());
        let presented = PresentedRefresh::parse(&old.token(&family, 3).unwrap()).unwrap();
        assert!(keys(&["b", "a"]).is_genuine(&presented, &family));
        assert!(!keys(&["b"]).is_genuine(&presented, &family));
    }

    #[test]
    fn the_number_and_the_time_decide() {
        let decide = |generation, seconds| {
            let rotation = Rotation {
                id: family().id,
                generation,
                at: at(seconds),
                expires_at: at(1500),
                epoch: Epoch(2),
                grace: Duration::from_secs(10),
            };
            rotation.decide(family())
        };
        let next =
            RefreshFamily { generation: 4, rotated_at: at(105), expires_at: at(1500), epoch: Epoch(2), ..family() };
        assert_eq!(decide(3, 105), Rotated::Rotated(next));
        for (generation, seconds, decided) in [
            (2, 110, Rotated::Replayed(family())),
            (2, 90, Rotated::Replayed(family())),
            (2, 89, Rotated::Reused),
            (2, 111, Rotated::Reused),
            (1, 101, Rotated::Reused),
            (0, 101, Rotated::Reused),
            (4, 101, Rotated::Ended),
            (3, 1000, Rotated::Ended),
            (2, 1000, Rotated::Ended),
        ] {
            assert_eq!(decide(generation, seconds), decided, "{generation} {seconds}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (keys, family) = (keys(&["a"]), family());
        let printed = format!("{family:?} {keys:?} {:?} {:?}", keys.seed(&family, 1), keys.token(&family, 1));
        assert!(!printed.contains(&family.salt.0), "{printed}");
    }
}
