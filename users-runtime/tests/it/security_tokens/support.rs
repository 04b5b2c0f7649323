//! The strategy under test with a manual clock, and helpers that forge tokens.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use users_runtime::{
    AccessToken, Jwt, Password, PasswordHash, Result, SecretKey,
    env::{BoxFuture, OsRandom, Timestamp},
    password::{HashError, PasswordHasher, Verification},
    store::{Epoch, TokenId},
    testing::ManualClock,
    token::{
        Device, JwtMailTokens, JwtStrategy, Login, MailTokenSettings, Purpose, Resolved, RevocationStore, Session,
        Strategy, StrategyError, TokenSubject,
    },
};

pub(crate) const SECRET: &str = "0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u";
pub(crate) const OTHER_SECRET: &str = "u1mJb6hGt4dNw8rLs2XpPf9qy3Vc7kZ0";
/// The secret and user of contract.md section 17.
pub(crate) const VECTOR_SECRET: &str = "SECRET-SECRET-SECRET-SECRET-SECRET-32";
pub(crate) const USER: &str = "bdfc2b97-4876-4210-9dba-158745062fcd";
pub(crate) const EMAIL: &str = "king.arthur@camelot.bt";
/// 2026-11-23 12:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_435_200;

pub(crate) fn secret(text: &str) -> SecretKey {
    SecretKey::allow_short_secret(text)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap()
}

/// A strategy with its clock and its store of revoked tokens.
pub(crate) struct Rig {
    pub(crate) jwt: JwtStrategy,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) revoked: Arc<Revoked>,
}

impl Rig {
    pub(crate) fn new(config: Jwt) -> Self {
        Self::try_new(config, SECRET).unwrap()
    }

    pub(crate) fn try_new(config: Jwt, master: &str) -> Result<Self> {
        let clock = Arc::new(ManualClock::at(at(NOW)));
        let revoked = Arc::new(Revoked::default());
        let jwt = config.build(&secret(master), clock.clone(), Arc::new(OsRandom), revoked.clone())?;
        Ok(Self { jwt, clock, revoked })
    }

    pub(crate) fn issue(&self) -> String {
        let login = Login::new(USER, Epoch(3), at(NOW), Device::default());
        let token = self.jwt.issue(&login).now_or_never().expect("ready").expect("a token");
        token.secret().to_owned()
    }

    pub(crate) fn resolve(&self, token: &str) -> Option<Session> {
        let token = AccessToken::new(token);
        match self.jwt.resolve(&token).now_or_never().expect("ready").expect("a result") {
            Some(Resolved::Session(session)) => Some(session),
            Some(other) => panic!("a JWT is a session: {other:?}"),
            None => None,
        }
    }

    pub(crate) fn revoke(&self, token: &str) {
        let token = AccessToken::new(token);
        self.jwt.revoke(&token).now_or_never().expect("ready").expect("revoked");
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.resolve(token).is_some()
    }
}

/// Records the revoked tokens with their expiry.
#[derive(Default)]
pub(crate) struct Revoked(pub(crate) Mutex<Vec<(TokenId, Timestamp)>>);

impl RevocationStore for Revoked {
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        self.0.lock().unwrap().push((token.clone(), until));
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_revoked<'a>(&'a self, token: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        let is_noted = self.0.lock().unwrap().iter().any(|(noted, _)| noted == token);
        Box::pin(std::future::ready(Ok(is_noted)))
    }
}

/// Derives the key of one purpose independently of the code under test.
pub(crate) fn derived_key(master: &str, purpose: Purpose) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, master.as_bytes()).expand(purpose.label().as_bytes(), &mut key).unwrap();
    key
}

pub(crate) fn access_key() -> [u8; 32] {
    derived_key(SECRET, Purpose::Access)
}

/// Returns claims that pass every check.
pub(crate) fn good_claims() -> Value {
    json!({
        "sub": USER, "aud": ["fastapi-users:auth"], "exp": NOW + 3600, "iat": NOW, "jti": "AAAAAAAAAAAAAAAAAAAAAA", "epoch": 0,
    })
}

/// Returns valid claims with one changed, or removed by null.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = good_claims();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
    claims
}

pub(crate) fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

pub(crate) fn header_with(name: &str, value: Value) -> Value {
    let mut header = header();
    header.as_object_mut().unwrap().insert(name.to_owned(), value);
    header
}

/// `header.payload`.
pub(crate) fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

/// Signs any texts with HMAC-SHA-256, independent of the header.
pub(crate) fn forge_text(header: &str, payload: &str, key: &[u8]) -> String {
    let message = unsigned(header, payload);
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))
}

pub(crate) fn forge(header: &Value, claims: &Value, key: &[u8]) -> String {
    forge_text(&header.to_string(), &claims.to_string(), key)
}

/// Signs claims with our own key, so that only the changed claim can be wrong.
pub(crate) fn forge_claims(claims: &Value) -> String {
    forge(&header(), claims, &access_key())
}

pub(crate) fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).expect("a part");
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("UTF-8")
}

pub(crate) fn payload(token: &str) -> Value {
    serde_json::from_str(&part(token, 1)).expect("JSON")
}

pub(crate) fn mail_tokens(config: MailTokenSettings, master: &str) -> (JwtMailTokens, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(at(NOW)));
    let tokens = config.build(&secret(master), clock.clone(), Arc::new(OsRandom), Arc::new(PhcArgon2)).unwrap();
    (tokens, clock)
}

pub(crate) fn subject<'a>(email: &'a str, hashed_password: &'a PasswordHash) -> TokenSubject<'a> {
    TokenSubject { subject: USER, email, hashed_password, epoch: Epoch(7) }
}

/// Argon2id directly from its crate, for the fingerprints of fastapi-users' reset tokens.
pub(crate) struct PhcArgon2;

impl PhcArgon2 {
    const COST: (u32, u32, u32) = (65_536, 3, 4);

    fn hash_with(password: &str, salt: &str) -> String {
        use argon2::{Algorithm, Argon2, Params, Version};
        use base64::engine::general_purpose::STANDARD_NO_PAD;

        let (memory, time, lanes) = Self::COST;
        let argon2 =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, time, lanes, Some(32)).unwrap());
        let mut tag = [0; 32];
        argon2.hash_password_into(password.as_bytes(), &STANDARD_NO_PAD.decode(salt).unwrap(), &mut tag).unwrap();
        format!("$argon2id$v=19$m={memory},t={time},p={lanes}${salt}${}", STANDARD_NO_PAD.encode(tag))
    }
}

impl PasswordHasher for PhcArgon2 {
    fn hash<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<PasswordHash, HashError>> {
        let hash = Self::hash_with(password.secret(), "MiLBbZJ7+olm6EP8QD0+gg");
        Box::pin(std::future::ready(Ok(PasswordHash::from_stored(hash))))
    }

    fn verify<'a>(
        &'a self,
        password: &'a Password,
        hash: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<Verification, HashError>> {
        let salt = hash.as_stored().split('$').nth(4).expect("a PHC string");
        let right = Self::hash_with(password.secret(), salt) == hash.as_stored();
        Box::pin(std::future::ready(Ok(if right { Verification::Right } else { Verification::Wrong })))
    }

    fn verify_dummy<'a>(&'a self, _: &'a Password) -> BoxFuture<'a, Result<(), HashError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
