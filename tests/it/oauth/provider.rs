//! The test provider: an OpenID Connect issuer, and a service like GitHub with recorded responses. It behaves correctly
//! until a test makes it lie.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_users::{env::Clock, testing::ManualClock};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{grants::Grants, keys::Key};

pub const CLIENT_ID: &str = "client/id";
pub const CLIENT_SECRET: &str = "client:secret+%";
/// The audience of the service under test in access tokens.
pub const AUDIENCE: &str = "https://api.camelot.bt";

/// The data of a person at the provider.
#[derive(Debug, Clone)]
pub struct Person {
    pub subject: Value,
    pub email: Value,
    pub verified: Value,
}

impl Person {
    /// A person whose address is verified.
    pub fn verified(subject: &str, email: &str) -> Self {
        Self { subject: json!(subject), email: json!(email), verified: json!(true) }
    }

    pub fn unverified(subject: &str, email: &str) -> Self {
        Self { verified: json!(false), ..Self::verified(subject, email) }
    }
}

/// The response of an endpoint instead of the correct one.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Status, content type and body.
    Plain(u16, &'static str, String),
    Redirect(String),
    /// More bytes than are accepted.
    Huge,
    /// Bytes without an end, with pauses.
    Endless,
    /// Nothing, for longer than a request may take.
    Silent,
}

type Patch = Arc<dyn Fn(&mut Map<String, Value>) + Send + Sync>;

/// How an ID token is signed.
#[derive(Clone)]
pub enum Signature {
    By(Key),
    /// Not at all (`alg: none`).
    None,
    /// With HS256 and the client secret.
    Hmac,
    /// By a key, with the header of another algorithm.
    As(Key, &'static str),
    /// By a key, and then changed.
    Changed(Key),
}

/// The lies of a provider.
#[derive(Default, Clone)]
pub struct Lies {
    pub discovery: Option<Patch>,
    pub claims: Option<Patch>,
    pub signature: Option<Signature>,
    /// Answers by path.
    pub answers: HashMap<&'static str, Answer>,
}

struct Granted {
    person: Person,
    challenge: String,
    redirect_uri: String,
    nonce: Option<String>,
}

pub struct Inner {
    pub grants: Grants,
    clock: Arc<ManualClock>,
    /// The published keys; the first one signs.
    keys: Vec<Key>,
    granted: HashMap<String, Granted>,
    people: HashMap<String, Person>,
    calls: Vec<String>,
    lies: Lies,
    /// Whether the claims of the person are in the ID token, or at the userinfo endpoint only.
    claims_in_token: bool,
    number: u64,
}

/// A running provider.
#[derive(Clone)]
pub struct Provider {
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Provider {
    pub async fn start(clock: Arc<ManualClock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Inner {
            grants: Grants::default(),
            clock,
            keys: vec![Key::eddsa("first")],
            granted: HashMap::new(),
            people: HashMap::new(),
            calls: Vec::new(),
            lies: Lies::default(),
            claims_in_token: true,
            number: 0,
        };
        let provider = Self { address, inner: Arc::new(Mutex::new(inner)) };
        let app = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        provider
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Makes it lie from now on, replacing earlier lies.
    pub fn lie(&self, lies: Lies) {
        self.inner().lies = lies;
    }

    pub fn keys(&self, keys: Vec<Key>) {
        self.inner().keys = keys;
    }

    pub fn claims_at_userinfo_only(&self) {
        self.inner().claims_in_token = false;
    }

    /// Returns the paths that were called, and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().calls)
    }

    /// Lets a person agree to an authorization request, and returns the code with which the browser is sent back.
    pub fn approve(&self, authorization_url: &str, person: Person) -> String {
        let parameters = query(authorization_url);
        let parameter = |name: &str| parameters.get(name).cloned();
        assert_eq!(parameter("response_type").as_deref(), Some("code"), "{authorization_url}");
        assert_eq!(parameter("client_id").as_deref(), Some(CLIENT_ID), "{authorization_url}");
        assert_eq!(parameter("code_challenge_method").as_deref(), Some("S256"), "{authorization_url}");
        let mut inner = self.inner();
        inner.number += 1;
        let code = format!("code-{}", inner.number);
        let granted = Granted {
            person,
            challenge: parameter("code_challenge").unwrap(),
            redirect_uri: parameter("redirect_uri").unwrap(),
            nonce: parameter("nonce"),
        };
        inner.granted.insert(code.clone(), granted);
        code
    }

    /// Returns an ID token as the provider's library on a device gets it.
    pub fn id_token(&self, person: Person, nonce: &str) -> String {
        let nonce = Some(nonce.to_owned());
        let granted = Granted { person, challenge: String::new(), redirect_uri: String::new(), nonce };
        self.inner().id_token(&self.issuer(), &granted)
    }

    /// Returns an access token (RFC 9068) for the service under test. The lies about claims and signatures also apply to it.
    pub fn access_token(&self, person: &Person) -> String {
        self.typed_token("at+jwt", person)
    }

    /// Returns such a token with another type in its header.
    pub fn typed_token(&self, kind: &str, person: &Person) -> String {
        let inner = self.inner();
        let now = inner.clock.now().timestamp();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(self.issuer())),
            ("aud".to_owned(), json!(AUDIENCE)),
            ("sub".to_owned(), person.subject.clone()),
            ("client_id".to_owned(), json!("some-client")),
            ("iat".to_owned(), json!(now)),
            ("exp".to_owned(), json!(now + 300)),
            ("jti".to_owned(), json!("token-1")),
        ]);
        if inner.claims_in_token {
            claims.extend(personal(person));
        }
        inner.signed(claims, kind)
    }

    /// Lets the userinfo endpoint respond for a token.
    pub fn knows(&self, token: &str, person: &Person) {
        self.inner().people.insert(token.to_owned(), person.clone());
    }

    fn discovery(&self) -> Response {
        let mut document = json!({
            "issuer": self.issuer(),
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"),
            "userinfo_endpoint": self.url("/userinfo"),
            "jwks_uri": self.url("/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        });
        if let Some(lie) = &self.inner().lies.discovery {
            lie(document.as_object_mut().unwrap());
        }
        axum::Json(document).into_response()
    }

    fn jwks(&self) -> Response {
        let keys: Vec<_> = self.inner().keys.iter().map(|key| key.public.clone()).collect();
        axum::Json(json!({ "keys": keys })).into_response()
    }

    fn token(&self, headers: &HeaderMap, body: &[u8], openid: bool) -> Response {
        let form = pairs(&String::from_utf8_lossy(body));
        let field = |name: &str| form.get(name).map(String::as_str);
        let refused = |error: &str| (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response();
        let is_client = match headers.get(header::AUTHORIZATION) {
            Some(basic) => {
                let text = basic.to_str().unwrap().strip_prefix("Basic ").unwrap();
                let text = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
                let (id, secret) = text.split_once(':').unwrap();
                decoded(id) == CLIENT_ID && decoded(secret) == CLIENT_SECRET
            }
            None => field("client_id") == Some(CLIENT_ID) && field("client_secret") == Some(CLIENT_SECRET),
        };
        if !is_client {
            return refused("invalid_client");
        }
        let mut inner = self.inner();
        if field("grant_type") == Some("refresh_token") {
            let Some((mut tokens, person)) = field("refresh_token").and_then(|token| inner.grants.refresh(token))
            else {
                // GitHub returns errors with status 200.
                return if openid {
                    refused("invalid_grant")
                } else {
                    axum::Json(json!({"error": "bad_refresh_token"})).into_response()
                };
            };
            inner.people.insert(tokens["access_token"].as_str().unwrap().to_owned(), person);
            tokens["token_type"] = "bearer".into();
            return axum::Json(tokens).into_response();
        }
        let Some(granted) = field("code").and_then(|code| inner.granted.remove(code)) else {
            return refused("invalid_grant");
        };
        let verifier = field("code_verifier").unwrap_or_default();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        if challenge != granted.challenge || field("redirect_uri") != Some(&granted.redirect_uri) {
            return refused("invalid_grant");
        }
        let mut response = inner.grants.start(&granted.person);
        inner.people.insert(response["access_token"].as_str().unwrap().to_owned(), granted.person.clone());
        response["token_type"] = "bearer".into();
        response["scope"] = "read:user,user:email".into();
        if openid {
            response["id_token"] = inner.id_token(&self.issuer(), &granted).into();
        }
        axum::Json(response).into_response()
    }

    fn person(&self, headers: &HeaderMap) -> Option<Person> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.inner().people.get(token).cloned()
    }
}

impl Inner {
    fn id_token(&self, issuer: &str, granted: &Granted) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(issuer)),
            ("aud".to_owned(), json!(CLIENT_ID)),
            ("sub".to_owned(), granted.person.subject.clone()),
            ("iat".to_owned(), json!(now)),
            ("exp".to_owned(), json!(now + 300)),
        ]);
        if let Some(nonce) = &granted.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        if self.claims_in_token {
            claims.extend(personal(&granted.person));
        }
        self.signed(claims, "JWT")
    }

    /// Signs the claims, or those that a lie changes.
    fn signed(&self, mut claims: Map<String, Value>, kind: &str) -> String {
        if let Some(lie) = &self.lies.claims {
            lie(&mut claims);
        }
        sign(&claims, kind, &self.lies.signature.clone().unwrap_or_else(|| Signature::By(self.keys[0].clone())))
    }
}

/// Returns the claims of the provider about a person; null is omitted.
fn personal(person: &Person) -> Map<String, Value> {
    let pairs = [("email", &person.email), ("email_verified", &person.verified)];
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

fn sign(claims: &Map<String, Value>, kind: &str, signature: &Signature) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let payload = encode(&Value::Object(claims.clone()));
    let by = |key: &Key, header: Value| {
        let message = format!("{}.{payload}", encode(&header));
        let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &key.private, key.algorithm).unwrap();
        format!("{message}.{signed}")
    };
    match signature {
        Signature::By(key) => by(key, json!({"alg": format!("{:?}", key.algorithm), "kid": key.kid, "typ": kind})),
        Signature::As(key, alg) => by(key, json!({"alg": alg, "kid": key.kid, "typ": kind})),
        Signature::None => format!("{}.{payload}.", encode(&json!({"alg": "none", "typ": kind}))),
        Signature::Hmac => {
            let key = jsonwebtoken::EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
            let message = format!("{}.{payload}", encode(&json!({"alg": "HS256", "typ": kind})));
            let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
            format!("{message}.{signed}")
        }
        Signature::Changed(key) => {
            let token = sign(claims, kind, &Signature::By(key.clone()));
            let (message, signature) = token.rsplit_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            bytes[7] ^= 1;
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes))
        }
    }
}

async fn answer(State(provider): State<Provider>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    provider.inner().calls.push(path.clone());
    let lie = provider.inner().lies.answers.get(path.as_str()).cloned();
    match lie {
        Some(Answer::Plain(status, content_type, body)) => {
            return (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body)
                .into_response();
        }
        Some(Answer::Redirect(to)) => return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Answer::Huge) => {
            let padding = "x".repeat(70_000);
            return ([(header::CONTENT_TYPE, "application/json")], format!("{{\"x\":\"{padding}\"}}")).into_response();
        }
        Some(Answer::Endless) => {
            let chunk = Bytes::from_static(&[b' '; 1024]);
            let chunks = futures_util::stream::unfold(chunk, |chunk| async move {
                // slow on purpose: an answer that never ends
                tokio::time::sleep(Duration::from_millis(1)).await;
                Some((Ok::<_, Infallible>(chunk.clone()), chunk))
            });
            return ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(chunks)).into_response();
        }
        Some(Answer::Silent) => std::future::pending().await,
        None => {}
    }
    match path.as_str() {
        "/.well-known/openid-configuration" => provider.discovery(),
        "/jwks" => provider.jwks(),
        "/token" | "/hub/token" => {
            let response = provider.token(&parts.headers, &body, path == "/token");
            if body.starts_with(b"grant_type=refresh_token") {
                provider.while_held().await;
            }
            response
        }
        "/userinfo" => match provider.person(&parts.headers) {
            Some(person) => {
                let mut claims = personal(&person);
                claims.insert("sub".to_owned(), person.subject);
                axum::Json(claims).into_response()
            }
            None => StatusCode::UNAUTHORIZED.into_response(),
        },
        "/hub/user" => match provider.person(&parts.headers) {
            Some(person) => axum::Json(hub_user(&person)).into_response(),
            None => StatusCode::UNAUTHORIZED.into_response(),
        },
        "/hub/emails" => match provider.person(&parts.headers) {
            Some(person) => axum::Json(json!([
                {"email": "12345+octocat@users.noreply.github.example", "primary": false, "verified": true, "visibility": null},
                {"email": person.email, "primary": true, "verified": person.verified, "visibility": "private"},
            ]))
            .into_response(),
            None => StatusCode::UNAUTHORIZED.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The response of GitHub's API about the person of a token, as recorded.
fn hub_user(person: &Person) -> Value {
    json!({
        "login": "octocat",
        "id": person.subject,
        "node_id": "MDQ6VXNlcjU4MzIzMQ==",
        "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
        "gravatar_id": "",
        "url": "https://api.github.com/users/octocat",
        "html_url": "https://github.com/octocat",
        "type": "User",
        "site_admin": false,
        "name": "The Octocat",
        "company": "@github",
        "blog": "https://github.blog",
        "location": "San Francisco",
        "email": null,
        "hireable": null,
        "bio": null,
        "public_repos": 8,
        "followers": 20_000,
        "created_at": "2011-01-25T18:44:36Z",
        "updated_at": "2026-11-22T11:24:26Z",
        "two_factor_authentication": true,
    })
}

/// Returns the parameters of a URL.
pub fn query(url: &str) -> HashMap<String, String> {
    pairs(url.split_once('?').map_or("", |(_, query)| query))
}

fn pairs(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Decodes a name or a value of a URL-encoded form.
pub fn decoded(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut plain = Vec::new();
    let mut rest = bytes.as_slice();
    while let [first, after @ ..] = rest {
        let hex = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap());
                rest = &after[2..];
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(plain).unwrap()
}
