//! The keys of an issuer: found by discovery, kept, and fetched again when a token names an unknown one.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use http::{Request, StatusCode, header};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::{
    adapter::{
        jwt::IssuerKeys,
        oauth::{
            http_client::{HttpClient, endpoint},
            limits::{FetchBudget, Limits},
        },
    },
    domain::{Result, Timestamp},
    port::ProviderError,
};

/// How long keys are used before they are fetched again.
const KEPT: Duration = Duration::from_secs(3600);
/// How long they are used while the issuer does not respond.
const KEPT_AT_MOST: Duration = Duration::from_secs(24 * 3600);
/// How long the issuer is not asked again after it did not respond, while no key is known.
const PAUSE_WITHOUT: Duration = Duration::from_secs(5);
/// The same while keys are known.
const PAUSE_WITH_KEYS: Duration = Duration::from_secs(60);

/// What is known about an issuer.
pub(super) struct Known {
    pub(super) keys: IssuerKeys,
    pub(super) userinfo: Option<Url>,
    at: Timestamp,
}

/// An issuer, and what is known about it.
pub(super) struct KeySource {
    issuer: String,
    discovery: Url,
    pub(super) http: HttpClient,
    pub(super) limits: Limits,
    /// Whether the service has limits at all.
    pub(super) limited: bool,
    known: RwLock<Option<Arc<Known>>>,
    /// When the issuer did not respond to the last request. Locked by the one caller that asks it.
    failed_at: Mutex<Option<Timestamp>>,
    budget: FetchBudget,
}

impl KeySource {
    /// Describes an issuer. It is called at its own origin and at `origins`.
    pub(super) fn new(issuer: &str, origins: &[&str], limited: bool) -> Result<Self> {
        let url = endpoint(issuer)?;
        // OpenID Connect Discovery 1.0 section 4: the path of the issuer comes first.
        let discovery = endpoint(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let mut urls = vec![url];
        for origin in origins {
            urls.push(endpoint(origin)?);
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            discovery,
            http: HttpClient::new(&urls.iter().collect::<Vec<_>>())?,
            limits: Limits::default(),
            limited,
            known: RwLock::new(None),
            failed_at: Mutex::new(None),
            budget: FetchBudget::default(),
        })
    }

    /// Returns the keys that are known, and asks the issuer if they are too old. If it does not respond, they are used longer,
    /// and requests do not wait for it again for a while.
    pub(super) async fn current(&self, now: Timestamp) -> Result<Arc<Known>, ProviderError> {
        if let Some(known) = self.kept(now, KEPT) {
            return Ok(known);
        }
        let outdated = self.kept(now, KEPT_AT_MOST);
        let mut failed_at = match (self.failed_at.try_lock(), &outdated) {
            (Ok(failed_at), _) => failed_at,
            (Err(_), Some(known)) => return Ok(Arc::clone(known)),
            (Err(_), None) => self.failed_at.lock().await,
        };
        if let Some(known) = self.kept(now, KEPT) {
            return Ok(known);
        }
        let pause = if outdated.is_some() { PAUSE_WITH_KEYS } else { PAUSE_WITHOUT };
        if failed_at.is_some_and(|at| age(at, now) < pause) {
            return outdated.ok_or_else(|| ProviderError::failed("the issuer did not respond a moment ago"));
        }
        let asked = self.limits.within(self.limited, self.ask(now)).await;
        *failed_at = asked.is_err().then_some(now);
        asked.or_else(|error| outdated.ok_or(error))
    }

    /// Asks the issuer again after a token named a key that is not among those of `before`. Returns `None` if that was done
    /// too often.
    pub(super) async fn newer(&self, before: &Arc<Known>, now: Timestamp) -> Result<Option<Arc<Known>>, ProviderError> {
        let _asking = self.failed_at.lock().await;
        if let Some(known) = self.kept(now, KEPT).filter(|known| !Arc::ptr_eq(known, before)) {
            return Ok(Some(known));
        }
        if self.limited && !self.budget.take(now) {
            return Ok(None);
        }
        self.limits.within(self.limited, self.ask(now)).await.map(Some)
    }

    fn kept(&self, now: Timestamp, at_most: Duration) -> Option<Arc<Known>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        (age(known.at, now) < at_most).then_some(known)
    }

    async fn ask(&self, now: Timestamp) -> Result<Arc<Known>, ProviderError> {
        let document = self.read(&self.discovery).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("issuer") != Some(&self.issuer) {
            return Err(ProviderError::failed("discovery names another issuer"));
        }
        let url = |name: &str| text(name).and_then(|url| Url::parse(url).ok());
        let jwks = url("jwks_uri").ok_or_else(|| ProviderError::failed("discovery names no keys"))?;
        let set = self.read(&jwks).await?;
        let keys = IssuerKeys::read(&set).ok_or_else(|| ProviderError::failed("the keys are not valid"))?;
        let userinfo = url("userinfo_endpoint").filter(|url| self.http.may_call(url));
        let known = Arc::new(Known { keys, userinfo, at: now });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    async fn read(&self, url: &Url) -> Result<Value, ProviderError> {
        let request = Request::builder().uri(url.as_str()).header(header::ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|_| ProviderError::failed("an endpoint is not a URL"))?;
        let response = self.http.send(request).await.map_err(|error| ProviderError::failed(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(ProviderError::failed(format!("{} answers {}", url.path(), response.status().as_u16())));
        }
        serde_json::from_slice(response.body())
            .map_err(|_| ProviderError::failed(format!("the answer of {} is not valid", url.path())))
    }
}

/// Returns the time from `at` to `now`; zero if the clock was set back.
fn age(at: Timestamp, now: Timestamp) -> Duration {
    now.signed_duration_since(at).to_std().unwrap_or_default()
}
