//! The keys of an issuer: found by discovery, cached, and fetched again when a token names an unknown one.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use http::{Request, StatusCode, header};
use serde_json::Value;
use tokio::{sync::Mutex, time::timeout};
use url::Url;

use crate::{
    adapter::{
        jwt::IssuerKeys,
        oauth::{
            http_client::{HttpClient, endpoint},
            limits::FetchBudget,
        },
    },
    domain::{Result, Timestamp},
    event::{self, operation},
    port::{Clock, ProviderError},
};

/// How long keys are used before they are fetched again.
const KEPT: Duration = Duration::from_secs(3600);
/// How long they are used while the issuer does not respond.
const KEPT_AT_MOST: Duration = Duration::from_secs(24 * 3600);
/// How long discovery and keys may take.
const FETCH_TIME: Duration = Duration::from_secs(5);
/// How long a request waits for keys that another one fetches, or for its own turn. A request is ended after ten seconds.
const WAIT_TIME: Duration = Duration::from_secs(6);
/// How long the issuer is not queried again after it did not respond.
const PAUSE: Duration = Duration::from_secs(5);
/// The same while known keys can still be used, although they are older than an hour.
const PAUSE_WITH_KEYS: Duration = Duration::from_secs(60);

/// The known metadata of an issuer.
pub(super) struct Known {
    pub(super) keys: IssuerKeys,
    pub(super) userinfo: Option<Url>,
    at: Timestamp,
}

/// The endpoints of an issuer.
pub(super) struct Endpoints {
    issuer: String,
    discovery: Url,
    http: HttpClient,
}

impl Endpoints {
    /// Describes an issuer. It is called at its own origin and at `origins`.
    pub(super) fn of(issuer: &str, origins: &[&str]) -> Result<Self> {
        let url = endpoint(issuer)?;
        // OpenID Connect Discovery 1.0 section 4: the path of the issuer comes first.
        let discovery = endpoint(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let mut urls = vec![url];
        for origin in origins {
            urls.push(endpoint(origin)?);
        }
        let http = HttpClient::new(&urls.iter().collect::<Vec<_>>())?;
        Ok(Self { issuer: issuer.to_owned(), discovery, http })
    }
}

/// An issuer, and its known metadata.
pub(super) struct KeySource(Arc<Source>);

struct Source {
    endpoints: Endpoints,
    clock: Arc<dyn Clock>,
    /// Whether the service has limits at all.
    limited: bool,
    known: RwLock<Option<Arc<Known>>>,
    /// When the issuer did not respond to the last request. Locked by the one task that queries it.
    failed_at: Mutex<Option<Timestamp>>,
    budget: FetchBudget,
}

impl KeySource {
    pub(super) fn new(endpoints: Endpoints, clock: Arc<dyn Clock>, limited: bool) -> Self {
        Self(Arc::new(Source {
            endpoints,
            clock,
            limited,
            known: RwLock::new(None),
            failed_at: Mutex::new(None),
            budget: FetchBudget::default(),
        }))
    }

    pub(super) fn http(&self) -> &HttpClient {
        &self.0.endpoints.http
    }

    pub(super) fn is_limited(&self) -> bool {
        self.0.limited
    }

    /// Returns the known keys, and queries the issuer if they are too old. If it does not respond, they are used
    /// longer, and requests do not wait for it again for a while.
    pub(super) async fn current(&self) -> Result<Arc<Known>, ProviderError> {
        if let Some(known) = self.0.kept(KEPT) {
            return Ok(known);
        }
        let Some(outdated) = self.0.kept(KEPT_AT_MOST) else { return self.ask(None, PAUSE).await };
        // Only one request waits for the issuer while there are keys.
        if self.0.failed_at.try_lock().is_err() {
            return Ok(outdated);
        }
        Ok(self.ask(Some(&outdated), PAUSE_WITH_KEYS).await.unwrap_or(outdated))
    }

    /// Queries the issuer again after a token named a key that is not among those of `before`. Returns `None` if this
    /// happened too often.
    pub(super) async fn newer(&self, before: &Arc<Known>) -> Result<Option<Arc<Known>>, ProviderError> {
        if let Some(known) = self.0.other_than(Some(before)) {
            return Ok(Some(known));
        }
        if self.0.limited && !self.0.budget.take(self.0.clock.now()) {
            return Ok(None);
        }
        self.ask(Some(before), PAUSE).await.map(Some)
    }

    /// Queries the issuer in a task, which continues if the client of this request disconnects.
    async fn ask(&self, before: Option<&Arc<Known>>, pause: Duration) -> Result<Arc<Known>, ProviderError> {
        let task = tokio::spawn(Arc::clone(&self.0).ask(before.cloned(), pause));
        match timeout(WAIT_TIME, task).await {
            Ok(Ok(asked)) => asked,
            _ => Err(ProviderError::failed("no answer in time")),
        }
    }
}

impl Source {
    /// Queries the issuer, unless another task has just done so.
    async fn ask(self: Arc<Self>, before: Option<Arc<Known>>, pause: Duration) -> Result<Arc<Known>, ProviderError> {
        let mut failed_at = self.failed_at.lock().await;
        if let Some(known) = self.other_than(before.as_ref()) {
            return Ok(known);
        }
        if failed_at.is_some_and(|at| age(at, self.clock.now()) < pause) {
            return Err(ProviderError::failed("the issuer did not respond a moment ago"));
        }
        let fetched = timeout(FETCH_TIME, self.fetch()).await;
        let fetched = fetched.unwrap_or_else(|_| Err(ProviderError::failed("no answer in time")));
        *failed_at = fetched.is_err().then(|| self.clock.now());
        if let Err(error) = &fetched {
            report(&self.endpoints.issuer, error);
        }
        fetched
    }

    async fn fetch(&self) -> Result<Arc<Known>, ProviderError> {
        let Endpoints { issuer, discovery, http } = &self.endpoints;
        let document = self.read(discovery).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("issuer") != Some(issuer) {
            return Err(ProviderError::failed("discovery names another issuer"));
        }
        let url = |name: &str| text(name).and_then(|url| Url::parse(url).ok());
        let jwks = url("jwks_uri").ok_or_else(|| ProviderError::failed("discovery names no keys"))?;
        let set = self.read(&jwks).await?;
        let keys = IssuerKeys::read(&set).ok_or_else(|| ProviderError::failed("there is no usable key"))?;
        let userinfo = url("userinfo_endpoint").filter(|url| http.may_call(url));
        let known = Arc::new(Known { keys, userinfo, at: self.clock.now() });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    async fn read(&self, url: &Url) -> Result<Value, ProviderError> {
        let request = Request::builder().uri(url.as_str()).header(header::ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|_| ProviderError::failed("an endpoint is not a URL"))?;
        let response = self.endpoints.http.send(request).await;
        let response = response.map_err(|error| ProviderError::failed(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(ProviderError::failed(format!("{} answers {}", url.path(), response.status().as_u16())));
        }
        serde_json::from_slice(response.body())
            .map_err(|_| ProviderError::failed(format!("the answer of {} is not valid", url.path())))
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn kept(&self, at_most: Duration) -> Option<Arc<Known>> {
        self.known().filter(|known| age(known.at, self.clock.now()) < at_most)
    }

    /// Returns the metadata that another caller has fetched since `before`.
    fn other_than(&self, before: Option<&Arc<Known>>) -> Option<Arc<Known>> {
        self.kept(KEPT).filter(|known| before.is_none_or(|before| !Arc::ptr_eq(known, before)))
    }
}

/// Logs that an issuer does not respond, or responds incorrectly.
pub(super) fn report(issuer: &str, error: &ProviderError) {
    let cause = event::cause(error);
    operation!(WARN, "oauth_provider_failed", "an OAuth provider failed", provider = issuer, cause);
}

/// Returns the time from `at` to `now`; zero if the clock was set back.
fn age(at: Timestamp, now: Timestamp) -> Duration {
    now.signed_duration_since(at).to_std().unwrap_or_default()
}
