//! An OpenID Connect issuer: its endpoints and keys, found by discovery and kept for an hour.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use openidconnect::{
    AdditionalProviderMetadata, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
        CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use super::{
    exchange::ClientAuthentication,
    http_client::{CallFailed, HttpClient, endpoint},
    limits::FetchBudget,
};
use crate::{
    domain::{Result, Timestamp},
    port::ProviderError,
};

/// How long endpoints and keys are kept.
const KEPT: Duration = Duration::from_secs(3600);

/// The metadata field that RFC 9207 adds.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct IssuerParameter {
    #[serde(default)]
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for IssuerParameter {}

type Metadata = ProviderMetadata<
    IssuerParameter,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The result of discovery.
pub(super) struct Discovered {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) keys: CoreJsonWebKeySet,
    pub(super) authentication: ClientAuthentication,
    /// The scopes that the issuer lists, if any.
    pub(super) scopes: Option<Vec<String>>,
    /// Whether callbacks contain the issuer (`iss`).
    pub(super) names_issuer: bool,
    at: Timestamp,
}

/// An issuer.
pub(super) struct Issuer {
    pub(super) url: IssuerUrl,
    pub(super) http: HttpClient,
    known: RwLock<Option<Arc<Discovered>>>,
    /// Held by the one caller that queries the issuer; the others wait for its result.
    asking: Mutex<()>,
    budget: FetchBudget,
}

impl Issuer {
    /// Describes an issuer. It is called at its own origin and at `origins`.
    pub(super) fn new(issuer: &str, origins: &[&str]) -> Result<Self> {
        let mut urls = vec![endpoint(issuer)?];
        for origin in origins {
            urls.push(endpoint(origin)?);
        }
        Ok(Self {
            url: IssuerUrl::new(issuer.to_owned()).map_err(|error| crate::domain::Error::config(error.to_string()))?,
            http: HttpClient::new(&urls.iter().collect::<Vec<_>>())?,
            known: RwLock::new(None),
            asking: Mutex::new(()),
            budget: FetchBudget::default(),
        })
    }

    /// Returns the discovered metadata of the issuer, and queries it if there is none or it is too old.
    pub(super) async fn discovered(&self, now: Timestamp) -> Result<Arc<Discovered>, ProviderError> {
        if let Some(known) = self.kept(now) {
            return Ok(known);
        }
        let _asking = self.asking.lock().await;
        match self.kept(now) {
            Some(known) => Ok(known),
            None => self.ask(now).await,
        }
    }

    /// Queries the issuer again after a token named a key that is not among those of `before`. Returns `None` if this
    /// happened too often.
    pub(super) async fn with_new_keys(
        &self,
        before: &Arc<Discovered>,
        now: Timestamp,
        limited: bool,
    ) -> Result<Option<Arc<Discovered>>, ProviderError> {
        let _asking = self.asking.lock().await;
        if let Some(known) = self.kept(now).filter(|known| !Arc::ptr_eq(known, before)) {
            return Ok(Some(known));
        }
        if limited && !self.budget.take(now) {
            return Ok(None);
        }
        self.ask(now).await.map(Some)
    }

    fn kept(&self, now: Timestamp) -> Option<Arc<Discovered>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let age = now.signed_duration_since(known.at).to_std().unwrap_or_default();
        (age < KEPT).then_some(known)
    }

    async fn ask(&self, now: Timestamp) -> Result<Arc<Discovered>, ProviderError> {
        let metadata = Metadata::discover_async(self.url.clone(), &self.http).await.map_err(|error| {
            ProviderError::failed(match error {
                openidconnect::DiscoveryError::Request(CallFailed(reason)) => reason,
                openidconnect::DiscoveryError::Validation(_) => "discovery names another issuer".to_owned(),
                _ => "the discovery document or the keys are not valid".to_owned(),
            })
        })?;
        let discovered = Arc::new(self.checked(&metadata, now)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&discovered));
        Ok(discovered)
    }

    fn checked(&self, metadata: &Metadata, now: Timestamp) -> Result<Discovered, ProviderError> {
        let allowed = |url: &Url| {
            self.http.may_call(url).then(|| url.clone()).ok_or_else(|| {
                ProviderError::failed(format!(
                    "discovery names an endpoint at {}: allow it with endpoints_at(…)",
                    url.origin().ascii_serialization()
                ))
            })
        };
        let token_endpoint = metadata.token_endpoint().ok_or_else(|| ProviderError::failed("no token endpoint"))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        // Basic is the default of OpenID Connect (Discovery 1.0 section 3).
        let supports = |method| methods.is_none_or(|methods| methods.contains(&method));
        let authentication = match () {
            () if supports(CoreClientAuthMethod::ClientSecretBasic) => ClientAuthentication::Basic,
            () => ClientAuthentication::Post,
        };
        Ok(Discovered {
            authorization_endpoint: allowed(metadata.authorization_endpoint().url())?,
            token_endpoint: allowed(token_endpoint.url())?,
            // Many ID tokens contain everything that it would return.
            userinfo_endpoint: metadata
                .userinfo_endpoint()
                .map(|url| url.url().clone())
                .filter(|url| self.http.may_call(url)),
            keys: metadata.jwks().clone(),
            authentication,
            scopes: metadata.scopes_supported().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
            names_issuer: metadata
                .additional_metadata()
                .authorization_response_iss_parameter_supported
                .unwrap_or_default(),
            at: now,
        })
    }
}
